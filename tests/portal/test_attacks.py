"""What somebody tries who means harm: floods, forged requests, files that are none, words that no database keeps."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from partners.file import Suspension, suspended
from partners.papers import DISCLOSURES, FILES, change
from portal.access import Role
from portal.accounts import Accounts
from portal.bounds import FEW_BYTES
from portal.factors import STEP_S, code_of, new_secret
from portal.forms import MOST_BYTES
from portal.links import Links
from portal.tokens import Scope, Tokens
from tests.portal.conftest import RunningPortal
from tests.portal.field import PNG
from tests.portal.test_coming_in import _link, clock_of, visitor
from tests.portal.world import CAMPAIGN, NOW, PASSWORD, log_in

V2, V4 = "/engineer/visits/vancouver/v2", "/partner/visits/vancouver/v4"
JSON = {"accept": "application/json"}


def test_who_floods_the_links_holds_up_only_their_own_address(
    fresh_portal: RunningPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.limits.PER_ADDRESS", (5.0, 1 / 5))
    word = _link(fresh_portal)[1]
    with visitor(fresh_portal) as other, clock_of(fresh_portal.portal) as clock:
        tries = [other.post("/enter", data={"word": f"guess {number}"}).status_code for number in range(7)]
        assert tries == [404] * 5 + [429] * 2
        assert other.post("/login", data={"name": "ana", "password": PASSWORD}).status_code == 303
        clock.advance(timedelta(seconds=6))
        assert other.post("/enter", data={"word": word}).status_code == 303


def test_what_a_frame_in_a_box_sends_comes_from_nobody(portal: RunningPortal) -> None:
    with visitor(portal) as client:
        for origin in ("null", "https://evil.example", "http://127.0.0.1.evil.example"):
            sent = {"name": "ana", "password": PASSWORD}
            assert client.post("/login", data=sent, headers={"origin": origin}).status_code == 400, origin
        assert client.post("/login", data=sent, headers={"sec-fetch-site": "cross-site"}).status_code == 400


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "application/json; charset=utf-7"])
def test_a_change_in_json_needs_the_sessions_token_too(portal: RunningPortal, kind: str) -> None:
    with portal.client(Role.ENGINEER) as client:
        del client.headers["x-csrf-token"]
        sent = '{"kind": "note", "text": "forged", "key": "forged-key-1", "csrf": "%s"}' % ("a" * 64)
        answer = client.post(V2 + "/say", content=sent, headers={"content-type": kind, **JSON})
        assert answer.status_code == 400
        assert "forged" not in client.get(V2).text


def test_a_session_that_somebody_else_chose_is_not_the_one_that_is_logged_in(fresh_portal: RunningPortal) -> None:
    """Fixation: the word in the cookie before the login lets nobody in after it."""
    with visitor(fresh_portal) as client, visitor(fresh_portal) as thief:
        client.cookies.set("muster", "chosen-by-the-thief")
        client.post("/login", data={"name": "ana", "password": PASSWORD})
        thief.cookies.set("muster", "chosen-by-the-thief")
        assert client.get("/manager").status_code == 200
        assert thief.get("/manager").status_code == 303


def test_no_answer_leads_where_the_request_says_that_we_are(portal: RunningPortal) -> None:
    evil = {"host": "evil.example"}
    with portal.client(Role.ENGINEER) as kim, visitor(portal) as nobody:
        for client in (kim, nobody):
            for path in ("/", "/login/", "/engineer/", "//evil.example/", "/login", "/static", "/api/v1/me/"):
                answer = client.get(path, headers=evil)
                assert "evil.example" not in answer.headers.get("location", ""), path
                assert "evil.example" not in answer.text, path
        made = kim.post("/calendar", data={}, headers=evil)
        assert "evil.example" not in made.text
        assert portal.url in made.text


@pytest.mark.parametrize("path", ["/login", "/enter", "/api/v1/campaigns/vancouver/stop"])
def test_nobody_sends_much_before_they_are_known(portal: RunningPortal, path: str) -> None:
    """Counted as it comes: a request in pieces does not say how long it is."""
    sent = 0

    def pieces() -> Iterator[bytes]:
        nonlocal sent
        for _ in range(1024):
            sent += 65536
            yield b"a" * 65536

    kind = "application/json" if path.startswith("/api") else "application/x-www-form-urlencoded"
    with visitor(portal) as client:
        try:
            status = client.post(path, content=pieces(), headers={"content-type": kind}).status_code
        except httpx.TransportError:  # hung up on while sending
            status = 413
    assert status == 413
    assert FEW_BYTES < sent < 1024 * 65536, "the rest was not waited for"


def test_a_file_in_pieces_is_counted_too(portal: RunningPortal) -> None:
    head = b'--x\r\nContent-Disposition: form-data; name="photo"; filename="a.png"\r\n\r\n'

    def pieces() -> Iterator[bytes]:
        yield head + PNG
        for _ in range(MOST_BYTES // 1_048_576 + 2):
            yield b"\0" * 1_048_576

    with portal.client(Role.ENGINEER) as client:
        headers = {"content-type": "multipart/form-data; boundary=x", **JSON}
        try:
            answer = client.post(V2 + "/say", content=pieces(), headers=headers)
        except httpx.TransportError:
            return
        assert answer.status_code == 413, answer.text


@pytest.mark.parametrize(
    "content",
    [
        b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
        b"<!doctype html><script>alert(1)</script>",
        b"GIF89a<script>alert(1)</script>",
        b"%PDF-1.7",
        b"",
    ],
)
def test_what_is_no_photo_is_not_kept_whatever_it_calls_itself(portal: RunningPortal, content: bytes) -> None:
    said = {"kind": "problem", "text": "", "key": "attack-photo-1", "csrf": ""}
    with portal.client(Role.ENGINEER) as client:
        files = {"photo": ("../../../people/kim.png", content, "image/png")}
        assert client.post(V2 + "/say", data=said, files=files, headers=JSON).status_code == 400
    folder = portal.world.settings.workspace
    assert not (folder / "people" / "kim.png").exists()
    assert not any(content and file.read_bytes() == content for file in folder.rglob("*.png"))


def test_a_photo_s_name_is_its_content_and_nothing_that_was_sent(fresh_portal: RunningPortal) -> None:
    said = {"kind": "problem", "text": "", "key": "attack-photo-2"}
    with fresh_portal.client(Role.ENGINEER) as client:
        files = {"photo": ("../../x.html", PNG + b"<script>alert(1)</script>", "text/html")}
        assert client.post(V2 + "/say", data=said, files=files, headers=JSON).status_code == 200
        (file,) = [one for one in fresh_portal.world.settings.workspace.rglob("*") if one.suffix == ".html"] or [
            *(fresh_portal.world.settings.workspace / "evidence").rglob("*.png")
        ]
        shown = client.get(f"{V2}/photos/{file.stem}")
        assert (shown.headers["content-type"], shown.headers["x-content-type-options"]) == ("image/png", "nosniff")
        for path in ("../../portal.key", "..%2f..%2fportal.key", "....//portal.key", f"{file.stem}%00.html"):
            answer = client.get(f"{V2}/photos/{path}")
            assert answer.status_code in {303, 404}, path
            assert (fresh_portal.world.settings.workspace / "portal.key").read_text() not in answer.text


HOSTILE = ("\x00", "a\x00b", "\ud800", "=1+1", "<img src=x onerror=alert(1)>", "{{ 7 * 7 }}")


def test_words_that_mean_something_elsewhere_are_words_here(portal: RunningPortal) -> None:
    with portal.client("omar") as client:
        path = "/engineer/visits/vancouver/v3"
        for number, text in enumerate(HOSTILE):
            sent = {"kind": "note", "text": f"said {text} said", "key": f"attack-words-{number}"}
            headers = {"content-type": "application/json", **JSON}  # half a character as backslash, u, d800
            assert client.post(path + "/say", content=json.dumps(sent), headers=headers).status_code == 200, text
        page = client.get(path).text
    assert page.count("said ") >= len(HOSTILE)
    assert "<img src=x" not in page
    assert "said 49" not in page


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01", "2026-02-30", "today"])
def test_days_at_the_ends_of_the_calendar_are_no_days(portal: RunningPortal, day: str) -> None:
    with portal.client(Role.ENGINEER) as client:
        for tail in ("", "/sheet"):
            assert client.get(f"/engineer/day/{day}{tail}").status_code == 404


@pytest.mark.parametrize("at", ["9999-12-31T23:59", "0001-01-01T00:00", "2026-10-21", "soon", "2026-10-21T10:00+99:00"])
def test_times_at_the_ends_of_the_calendar_are_no_times(portal: RunningPortal, at: str) -> None:
    with portal.client("cora") as coast, portal.client("hugo") as hugo, portal.client(Role.ENGINEER) as kim:
        offer = {"answer": "counter-offer", "starts": at, "price": "1e-320"}
        assert coast.post("/partner/visits/vancouver/v5/answer", data=offer, headers=JSON).status_code in {200, 400}
        wish = hugo.post("/client/visits/vancouver/v2/times", data={"starts": at}, headers=JSON)
        assert wish.status_code in {303, 400}
        said = {"kind": "note", "text": "x", "key": "attack-times-1", "said_at": at, "minutes": "1e300"}
        assert kim.post(V2 + "/say", data=said, headers=JSON).status_code in {200, 400}


def test_a_code_of_the_second_factor_that_was_seen_over_a_shoulder_is_worth_nothing(
    fresh_portal: RunningPortal,
) -> None:
    secret, store = new_secret(), fresh_portal.portal.store
    Accounts(fresh_portal.world.ledger, store, fresh_portal.portal.keys, "test").set_factor("ana", secret, 0)
    with visitor(fresh_portal) as ana, visitor(fresh_portal) as thief:
        for client in (ana, thief):
            assert client.post("/login", data={"name": "ana", "password": PASSWORD}).status_code == 303
        code = code_of(secret, int(time.time() // STEP_S))
        assert ana.post("/login/code", data={"code": code}).status_code == 303
        assert thief.post("/login/code", data={"code": code}).status_code == 401
        assert thief.get("/manager").status_code == 303


def test_a_calendar_ends_with_the_account_or_link_that_made_it(fresh_portal: RunningPortal) -> None:
    portal = fresh_portal.portal
    accounts = Accounts(fresh_portal.world.ledger, portal.store, portal.keys, "test")
    link_id, word = _link(fresh_portal)
    with fresh_portal.client(Role.ENGINEER) as kim, visitor(fresh_portal) as pat, visitor(fresh_portal) as calendar:
        pat.post("/enter", data={"word": word})
        csrf = pat.get("/calendar").text.split('name="csrf" content="')[1].split('"')[0]
        pages = (kim.post("/calendar", data={}).text, pat.post("/calendar", data={"csrf": csrf}).text)
        mine, theirs = ("/calendar/" + one.split("/calendar/")[1].split('"')[0] for one in pages)
        assert [calendar.get(one).status_code for one in (mine, theirs)] == [200, 200]
        accounts.disable("kim")
        Links(fresh_portal.world.ledger, portal.store, "test").revoke(link_id)
        assert [calendar.get(one).status_code for one in (mine, theirs)] == [404, 404]


@contextmanager
def token_of(running: RunningPortal, account: str) -> Iterator[httpx.Client]:
    """The API for an account."""
    tokens = Tokens(running.world.ledger, running.portal.store, "test")
    word = tokens.add(account, "test", (Scope.READ,), lasts=timedelta(days=1))[1]
    with httpx.Client(
        base_url=f"{running.url}/api/v1", timeout=60, headers={"authorization": f"Bearer {word}"}
    ) as made:
        yield made


def test_the_api_is_no_way_around_what_a_partner_is_not_shown(fresh_portal: RunningPortal) -> None:
    """What its pages refuse, and what they write down before they show it, holds for its tokens, too."""
    book = fresh_portal.world.services.book
    with token_of(fresh_portal, "nils") as api, fresh_portal.client("nils") as nils:
        assert book.papers(DISCLOSURES) == ()
        assert api.get("/visits/vancouver/v4").status_code == 200
        assert [one.value.id for one in book.papers(DISCLOSURES)] == ["vancouver/v4/pat"]
        kept = book.find(FILES, "north")
        assert kept is not None
        out = suspended(kept.value, Suspension("Ana Silva", "a complaint", NOW.date() - timedelta(days=1)))
        book.write([change(FILES, out, "partner suspended", kept)], by="test")
        assert api.get("/visits").json()["total"] == 0
        assert api.get("/campaigns").json() == {"campaigns": []}
        assert api.get("/visits/vancouver/v4").status_code == 404
        assert api.get("/visits", params={"campaign": "vancouver"}).status_code == 404
        assert nils.get("/live/vancouver/v4").status_code == 404


@pytest.mark.parametrize("account", ["kim", "cora", "dora"])
def test_no_filter_of_the_api_reaches_further_than_the_account(portal: RunningPortal, account: str) -> None:
    with token_of(portal, account) as api:
        mine = {one["visit_id"] for one in api.get("/visits", params={"limit": 1000}).json()["visits"]}
        for params in ({"skip": 0}, {"campaign": str(CAMPAIGN)}, {"skip": "0", "client_id": "harbour", "all": "true"}):
            found = {one["visit_id"] for one in api.get("/visits", params=params).json()["visits"]}
            assert found <= mine
        reached = {f"v{n}" for n in range(1, 8) if api.get(f"/visits/vancouver/v{n}").status_code == 200}
        assert reached == mine
        for path in ("", "/hosts?site=acme-hq", "/hosts/acme-hq-01", "/failures", "/plans/plan-1", "/waves"):
            assert api.get(f"/campaigns/vancouver{path}").status_code == 404, path


def test_numbers_that_move_all_the_time_end_with_the_session(
    fresh_portal: RunningPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.live.HEART_S", 0.05)
    word = log_in(fresh_portal.world, "ana")
    with visitor(fresh_portal) as client:
        client.cookies.set("muster", word)
        with client.stream("GET", "/live/vancouver", timeout=60) as answer:
            lines = answer.iter_lines()
            assert next(lines).startswith("retry")
            fresh_portal.portal.store.change_account("ana", end_sessions=True, disabled=True)
            assert sum(1 for _ in lines) < 10_000  # it comes to an end by itself


def test_a_request_that_is_none_ends_nothing(portal: RunningPortal) -> None:
    host, port = portal.url.removeprefix("http://").split(":")
    for words in (
        b"GET /%00%ff HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01",
        b"POST /login HTTP/1.1\r\n\r\n",
    ):
        with socket.create_connection((host, int(port)), timeout=10) as line:
            line.sendall(words)
            line.shutdown(socket.SHUT_WR)
            while line.recv(65536):
                pass
    with portal.client(Role.MANAGER) as client:
        for path in (
            "/enter/%00",
            "/calendar/%00.ics",
            "/engineer/visits/%00/%ff",
            "/client/visits/a%2Fb/..%2f..",
            "/%2e%2e/",
        ):
            assert client.get(path).status_code in {303, 404}, path
        assert client.get("/static/..%2f..%2faccess.py").status_code == 404
        assert client.get("/static/../access.py?1").headers["cache-control"] == "no-store"
    assert Path("portal/access.py").exists()
