"""Passwords, second factors, sessions, tries that are counted, and links for one device."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from sqlalchemy import select

from ledger.portal_store import SWEPT_AFTER
from ledger.portal_tables import tries
from muster.clock import ManualClock
from muster.errors import InputError
from portal.access import Role
from portal.accounts import Accounts, Whom, checked, whom_of
from portal.factors import STEP_S, code_of, new_secret, step_of
from portal.keys import Keys, hashed
from portal.limits import PER_ADDRESS, PER_NAME
from portal.links import Links
from portal.passwords import hash_password, is_password
from portal.services import Portal
from tests.portal.conftest import RunningPortal
from tests.portal.waiting import LIMIT_S
from tests.portal.world import PASSWORD

NEW = "another horse, another battery"


@contextmanager
def visitor(running: RunningPortal) -> Iterator[httpx.Client]:
    """A browser that nobody is logged in with."""
    with httpx.Client(base_url=running.url, timeout=60) as client:
        yield client


def log_in(client: httpx.Client, name: str, password: str = PASSWORD) -> httpx.Response:
    return client.post("/login", data={"name": name, "password": password})


def token_of(client: httpx.Client, path: str = "/account") -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', client.get(path).text)
    assert found
    return found[1]


def accounts_of(running: RunningPortal) -> Accounts:
    portal = running.portal
    return Accounts(running.world.ledger, portal.store, portal.keys, "test")


@contextmanager
def clock_of(portal: Portal) -> Iterator[ManualClock]:
    """The portal's clock in the test's hand."""
    clock, before = ManualClock(datetime.now(UTC)), portal.clock
    object.__setattr__(portal, "clock", clock)
    yield clock
    object.__setattr__(portal, "clock", before)


def test_a_wrong_password_and_an_unknown_name_are_told_the_same(fresh_portal: RunningPortal) -> None:
    with visitor(fresh_portal) as client:
        wrong, unknown = log_in(client, "ana", "x" * 14), log_in(client, "nobody-at-all", "x" * 14)
    assert (wrong.status_code, unknown.status_code) == (401, 401)
    assert wrong.text.replace("ana", "") == unknown.text.replace("nobody-at-all", "")


def test_the_tries_of_a_name_are_counted_and_the_right_password_waits_with_the_others(
    fresh_portal: RunningPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert PER_NAME[0] <= 10
    monkeypatch.setattr("portal.limits.PER_NAME", (3.0, PER_NAME[1]))  # each try is a slow hash
    with visitor(fresh_portal) as client, clock_of(fresh_portal.portal) as clock:
        for _ in range(3):
            assert log_in(client, "kim", "wrong password").status_code == 401
        late = log_in(client, "kim")
        assert (late.status_code, "try again in 1 minute" in late.text) == (429, True)
        assert log_in(client, "ana").status_code == 303, "another name is not held up"
        clock.advance(timedelta(seconds=61))
        assert log_in(client, "kim").status_code == 303
        for _ in range(3):
            assert log_in(client, "kim", "wrong password").status_code == 401, "who came in has all tries again"


def test_buckets_that_nobody_tries_for_a_day_are_swept_away_and_were_full_by_then(fresh_portal: RunningPortal) -> None:
    store, now = fresh_portal.portal.store, fresh_portal.portal.clock.now()
    bucket = (1.0, 1 / 600)
    assert store.take_try({"name old": bucket}, now) == 0
    assert store.take_try({"name new": bucket}, now + SWEPT_AFTER - timedelta(seconds=1)) == 0
    assert store.take_try({"name third": bucket}, now + SWEPT_AFTER + timedelta(seconds=1)) == 0
    with store._database.reading() as connection:
        assert set(connection.scalars(select(tries.c.key))) == {"name new", "name third"}
    for size, per_s in (PER_NAME, PER_ADDRESS):
        assert size / per_s < SWEPT_AFTER.total_seconds(), "a bucket that is swept away is a full one"


def test_tries_are_kept_over_a_restart_and_shared_by_all_portals(fresh_portal: RunningPortal) -> None:
    store, now = fresh_portal.portal.store, datetime.now(UTC)
    assert store.take_try({"name x": (1.0, 0.01)}, now) == 0
    assert store.take_try({"name x": (1.0, 0.01), "address y": (5.0, 1.0)}, now) == pytest.approx(100.0)
    assert store.take_try({"address y": (1.0, 1.0)}, now) == 0, "what was refused has used nothing up"


def test_a_second_factor_is_set_up_asked_for_and_taken_once(fresh_portal: RunningPortal) -> None:
    with visitor(fresh_portal) as client:
        log_in(client, "ana")
        page = client.get("/account/second-factor").text
        secret = re.findall(r'<code class="secret">([A-Z2-7]+)</code>', page)[0]
        signed = re.findall(r'name="signed" value="([^"]+)"', page)[0]
        assert client.get("/account/second-factor/code.svg", params={"signed": signed}).text.startswith("<svg")
        code = code_of(secret, int(time.time() // STEP_S))
        fields = {"csrf": token_of(client), "signed": signed, "code": code, "password": PASSWORD}
        assert client.post("/account/second-factor", data=fields | {"code": "000000"}).status_code == 400
        done = client.post("/account/second-factor", data=fields)
        recovery = re.findall(r"<code>([a-z0-9-]+)</code>", done.text)
        assert (done.status_code, len(recovery)) == (200, 10)
    kept = fresh_portal.portal.store.account("ana")
    assert kept is not None
    assert kept.factor is not None
    assert secret not in kept.factor, "the secret is encrypted"
    with visitor(fresh_portal) as client:
        assert log_in(client, "ana").headers["location"] == "/login/code"
        assert client.get("/manager").status_code == 303, "the password alone is not enough"
        assert client.post("/login/code", data={"code": code}).status_code == 401, "the code was used already"
        assert client.post("/login/code", data={"code": recovery[3]}).status_code == 303
        assert client.get("/manager").status_code == 200
    with visitor(fresh_portal) as client:
        log_in(client, "ana")
        assert client.post("/login/code", data={"code": recovery[3]}).status_code == 401, "it was used up"
        following = code_of(secret, int(time.time() // STEP_S) + 1)
        assert client.post("/login/code", data={"code": following}).status_code == 303, "a telephone may be fast"


def test_the_second_step_is_not_reached_without_the_first(fresh_portal: RunningPortal) -> None:
    with visitor(fresh_portal) as client:
        client.cookies.set("muster-half", "WyJhbmEiLCIiLCJ4Il0.aaaa.bbbb")
        assert client.post("/login/code", data={"code": "123456"}).headers["location"] == "/login"


def test_where_a_second_factor_is_asked_for_nothing_else_is_shown_before(fresh_portal: RunningPortal) -> None:
    strict = fresh_portal.portal.settings.model_copy(update={"portal_second_factor": "managers"})
    object.__setattr__(fresh_portal.portal, "settings", strict)
    with visitor(fresh_portal) as client:
        log_in(client, "ana")
        assert client.get("/manager").headers["location"] == "/account/second-factor"
        assert client.get("/account/second-factor").status_code == 200
    with visitor(fresh_portal) as client:
        log_in(client, "kim")
        assert client.get("/engineer").status_code == 200


def test_a_new_password_ends_every_other_session(fresh_portal: RunningPortal) -> None:
    with visitor(fresh_portal) as here, visitor(fresh_portal) as there:
        log_in(here, "ana")
        log_in(there, "ana")
        fields = {"csrf": token_of(here), "old": PASSWORD, "new": NEW, "again": NEW}
        assert here.post("/account/password", data=fields | {"old": "wrong password"}).status_code == 400
        assert here.post("/account/password", data=fields | {"new": "short", "again": "short"}).status_code == 400
        assert here.post("/account/password", data=fields).status_code == 303
        assert here.get("/manager").status_code == 200
        assert there.get("/manager").status_code == 303
        assert log_in(there, "ana").status_code == 401
        assert log_in(there, "ana", NEW).status_code == 303
    notes = [one for one in fresh_portal.world.ledger.events(limit=100_000) if one.kind == "portal: password changed"]
    assert [one.by for one in notes] == ["Ana Silva (ana)"]
    assert NEW not in str([one.data for one in fresh_portal.world.ledger.events(limit=100_000)])


def test_a_session_ends_when_it_is_idle_and_in_any_case(
    fresh_portal: RunningPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.seen.TOGETHER_S", 0.01)  # not a second for each of the requests below
    settings = fresh_portal.portal.settings
    with visitor(fresh_portal) as client, clock_of(fresh_portal.portal) as clock:
        log_in(client, "ana")
        clock.advance(timedelta(minutes=settings.portal_idle_min - 1))
        assert client.get("/manager").status_code == 200
        clock.advance(timedelta(minutes=settings.portal_idle_min + 1))
        assert client.get("/manager").status_code == 303
        log_in(client, "ana")
        for _ in range(int(settings.portal_session_h * 2) - 1):
            clock.advance(timedelta(minutes=29))
            assert client.get("/account").status_code == 200
            wait_until_seen(fresh_portal, "ana", clock.now())
        clock.advance(timedelta(minutes=59))
        assert client.get("/account").status_code == 303


def wait_until_seen(portal: RunningPortal, account: str, at: datetime) -> None:
    """Until it is written down, which happens beside the requests."""
    give_up = time.monotonic() + LIMIT_S
    while max(one.seen_at for one in portal.portal.store.sessions(account)) < at:
        assert time.monotonic() < give_up, "it was not written that the session was used"
        time.sleep(0.01)


def test_the_session_is_not_in_the_database_as_the_browser_has_it(fresh_portal: RunningPortal) -> None:
    with visitor(fresh_portal) as client:
        answer = log_in(client, "ana")
        word = client.cookies["muster"]
        assert "HttpOnly" in answer.headers["set-cookie"]
        assert "SameSite=lax" in answer.headers["set-cookie"]
        found = fresh_portal.portal.store.sessions("ana")
        assert [one.id_hash for one in found] == [hashed(word)]
        log_in(client, "ana")
        assert client.cookies["muster"] != word, "a login makes a new session"
        assert fresh_portal.portal.store.session(hashed(word)) is None, "and leaves the old one behind"


def test_a_disabled_account_is_out_at_once(fresh_portal: RunningPortal) -> None:
    with visitor(fresh_portal) as client:
        log_in(client, "kim")
        accounts_of(fresh_portal).disable("kim")
        assert client.get("/engineer").status_code == 303
        assert log_in(client, "kim").status_code == 401
        accounts_of(fresh_portal).disable("kim", disabled=False)
        assert log_in(client, "kim").status_code == 303


def test_a_login_leads_only_to_our_own_pages(fresh_portal: RunningPortal) -> None:
    for path in ("//evil.example/", "https://evil.example/", "/\\evil.example", "javascript:alert(1)"):
        with visitor(fresh_portal) as client:
            fields = {"name": "ana", "password": PASSWORD, "next": path}
            assert client.post("/login", data=fields).headers["location"] == "/", path


def _link(running: RunningPortal, whom: str = "partner-technician north pat", days: float = 3) -> tuple[str, str]:
    links = Links(running.world.ledger, running.portal.store, "test", running.portal.clock)
    link, word = links.add(replace(whom_of(whom), name="Pat Roy"), lasts=timedelta(days=days))
    return link.id, word


def test_a_link_lets_one_device_in_and_no_other(fresh_portal: RunningPortal) -> None:
    _, word = _link(fresh_portal)
    with visitor(fresh_portal) as scanner:
        assert scanner.get(f"/enter/{word}").status_code == 200, "a letter's scanner does not use it up"
    with visitor(fresh_portal) as pat, visitor(fresh_portal) as other:
        assert pat.post("/enter", data={"word": word}).status_code == 303
        assert pat.get("/").headers["location"].startswith("/partner")
        assert pat.get("/partner").status_code == 200
        assert pat.get("/account").status_code == 404, "there is no account behind a link"
        refused = other.post("/enter", data={"word": word})
        assert (refused.status_code, "another device" in refused.text) == (403, True)
        assert other.get("/partner").status_code == 303
        pat.post("/logout", data={"csrf": token_of(pat, "/partner")})
        assert pat.get("/partner").status_code == 303
        assert pat.post("/enter", data={"word": word}).status_code == 303, "the same device may come again"


def test_a_link_expires_and_can_be_taken_back(fresh_portal: RunningPortal) -> None:
    with clock_of(fresh_portal.portal) as clock, visitor(fresh_portal) as one, visitor(fresh_portal) as two:
        link_id, word = _link(fresh_portal)
        one.post("/enter", data={"word": word})
        assert one.get("/partner").status_code == 200
        Links(fresh_portal.world.ledger, fresh_portal.portal.store, "test").revoke(link_id)
        assert one.get("/partner").status_code == 303
        assert one.get(f"/enter/{word}").status_code == 404
        _, later = _link(fresh_portal, "client acme")
        two.post("/enter", data={"word": later})
        clock.advance(timedelta(days=2, hours=23))
        assert two.get("/client").status_code == 200
        clock.advance(timedelta(hours=2))
        assert two.get("/client").status_code == 303
        assert two.post("/enter", data={"word": later}).status_code == 404


def test_only_partners_and_clients_come_by_links(portal: RunningPortal) -> None:
    links = Links(portal.world.ledger, portal.portal.store, "test")
    with pytest.raises(InputError, match="needs an account"):
        links.add(Whom("Eve", Role.MANAGER), lasts=timedelta(days=1))
    with pytest.raises(InputError, match="lasts up to 120 days"):
        links.add(replace(whom_of("client acme"), name="Eve"), lasts=timedelta(days=500))


@pytest.mark.parametrize(
    ("words", "wrong"),
    [
        ("client nobody", "no client nobody"),
        ("partner-manager nobody", "no partner nobody"),
        ("engineer nobody", "no person nobody"),
        ("engineer pat", "is not of our own people"),
        ("partner-technician coast pat", "is not of coast"),
        ("engineer", "needs more"),
    ],
)
def test_who_somebody_is_must_be_in_the_ledger(portal: RunningPortal, words: str, wrong: str) -> None:
    with pytest.raises(InputError, match=wrong):
        checked(whom_of(words), portal.world.ledger)


def test_a_password_is_what_was_hashed_and_nothing_else() -> None:
    kept = hash_password(PASSWORD)
    assert is_password(kept, PASSWORD)
    assert not is_password(kept, PASSWORD + " ")
    assert not is_password(None, PASSWORD)
    assert "argon2id" in kept
    with pytest.raises(InputError, match="fewer than 12"):
        hash_password("x" * 11)


def test_codes_are_those_of_the_standard() -> None:
    """RFC 6238, appendix B, SHA-1, cut to six digits."""
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    for second, code in ((59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")):
        assert step_of(secret, code, now_s=second) == second // STEP_S
    assert step_of(secret, "287082", now_s=59 + 3 * STEP_S) is None
    assert step_of(new_secret(), "28708", now_s=59) is None


def test_what_one_key_has_sealed_another_cannot_read() -> None:
    from muster.errors import SecretError

    sealed = Keys(b"x" * 40).seal("word")
    assert Keys(b"x" * 40).unseal(sealed) == "word"
    with pytest.raises(SecretError, match="another key"):
        Keys(b"y" * 40).unseal(sealed)
