"""A client's pages: its own visits and nothing else, in its language; another time, feedback, the certificate."""

import io
import json
import zipfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from string import Formatter

import pytest

from flows.measured import finish_visit
from flows.notices import scene_of
from muster.errors import Conflict
from muster.fleet import Fleet
from muster.ids import SiteId, VisitId
from muster.plan import Assignment
from partners.papers import FEEDBACK
from playbooks.catalog import fix_spec
from portal.access import Role
from portal.accounts import Whom
from portal.client.records import OWN_FEEDBACK, SLOT_REQUESTS
from portal.client.sentences import SENTENCES
from portal.client.slots import decide_request, waiting_requests
from portal.links import Links
from portal.manager.common import ROWS
from reports.bundle import verify
from reports.notices.languages import LANGUAGES
from reports.signing import create_key
from tests.portal.conftest import RunningPortal
from tests.portal.field import PNG, silent
from tests.portal.world import CAMPAIGN, hosts_of

V1, V2, V4 = (f"/client/visits/vancouver/{one}" for one in ("v1", "v2", "v4"))
OTHERS = ("Harbour", "harbour", "Omar", "Cole", "Coast", "Port terminal", "Edmonton")


def test_every_language_says_everything_with_the_same_values() -> None:
    def places(text: str) -> set[str]:
        return {name for _, name, _, _ in Formatter().parse(text) if name}

    assert set(SENTENCES) == set(LANGUAGES)
    english = SENTENCES["en"]
    for own in SENTENCES.values():
        assert list(own) == list(english)
        assert all(places(own[name]) == places(english[name]) and own[name].strip() for name in english)


def test_a_contact_sees_what_comes_and_what_was_and_nothing_of_another_client(portal: RunningPortal) -> None:
    with portal.client(Role.CLIENT_CONTACT) as dora:
        pages = [
            dora.get(path).text
            for path in ("/client", V1, V4, "/client/certificate", "/client/certificate/vancouver/acme")
        ]
        assert not [one for one in OTHERS for page in pages if one in page]
        assert all(one in pages[0] for one in ("Pat Roy", "North IT", "Kim Lee", "Clockworks IT", "11 of 16 computers"))
        assert all(one in pages[2] for one in ("What you will notice", "services such as cron", "planned prevention"))
        assert all(one not in page for one in ("10.0.0.", "HOSTS_KEY", "EUR") for page in pages)
        for path in (V2, V2 + "/times", V2 + "/photo", "/client/visits/x/v1", "/client/certificate/vancouver/harbour"):
            assert dora.get(path).status_code == 404
        for path in (V2 + "/times", V2 + "/contact", V2 + "/feedback", "/client/certificate/vancouver/harbour"):
            sent = {"starts": "2026-10-22T17:00:00+00:00", "name": "x", "points": "1"}
            assert dora.post(path, data=sent).status_code == 404


def test_a_page_is_in_the_language_of_the_site_until_another_one_is_asked_for(fresh_portal: RunningPortal) -> None:
    ledger = fresh_portal.world.ledger
    site = replace(ledger.fleet().site[SiteId("acme-hq")], language="fr-CA")
    ledger.save_inventory(Fleet(sites=(site,)), ledger.crew(), by="test")
    with fresh_portal.client(Role.CLIENT_CONTACT) as dora:
        assert all(
            one in dora.get("/client").text for one in ('<html lang="fr">', "Prochaine intervention", "Certificat")
        )
        assert "Nächster Termin" in dora.get("/client?lang=de").text
        assert "Was getan wurde" in dora.get("/client").text  # kept on this device
        assert dora.get("/client?lang=xx").status_code == 200


@pytest.mark.parametrize(
    ("code", "hello", "notice"),
    [
        ("fr", "Bonjour Hugo", "Rien, en règle générale"),
        ("de", "Guten Tag, Hugo", "In der Regel nichts"),
        ("es", "Hola, Hugo", "Por lo general, nada"),
        ("en", "Hello Hugo", "Nothing, as a rule"),
    ],
)
def test_a_link_and_what_the_fix_does_are_told_in_the_contacts_language(
    portal: RunningPortal, code: str, hello: str, notice: str
) -> None:
    links = Links(portal.world.ledger, portal.portal.store, "test")
    whom = Whom("Hugo", Role.CLIENT_CONTACT, client_ids=("harbour",))
    _, word = links.add(whom, lasts=timedelta(days=1), language=code)
    with portal.client() as hugo:
        assert hello in hugo.get(f"/enter/{word}").text
        assert hugo.post("/enter", data={"word": word}).status_code == 303
        page = hugo.get(V2).text
        assert f'<html lang="{code}">' in page
        assert notice in page
        assert code == "en" or "Log out" not in page


def test_letters_and_pages_have_what_the_fix_says_from_one_place(portal: RunningPortal) -> None:
    services = portal.world.services
    campaign = services.ledger.campaign(CAMPAIGN)
    scene = scene_of(services, campaign, services.ledger.plan(services.ledger.plans(CAMPAIGN)[0]))
    assert {code: fix_spec(campaign.fix).notice(code) for code in ("en", "fr", "de", "es")} == scene.notice


def test_another_time_that_fits_is_asked_for_granted_and_nobody_else_moves(fresh_portal: RunningPortal) -> None:
    world = fresh_portal.world
    silent(world, hosts_of("harbour-port")[:-1])
    with fresh_portal.client("hugo") as hugo:
        page = hugo.get(V2 + "/times").text
        offered = [part.split('"')[0] for part in page.split('name="starts" value="')[1:]]
        assert 2 <= len(offered) <= 10
        assert (
            hugo.post(V2 + "/times", data={"starts": "2026-10-22T03:00:00-07:00"})
            .headers["location"]
            .endswith("/times")
        )
        assert hugo.post(V2 + "/times", data={"starts": "soon"}).status_code == 400
        assert world.services.book.papers(SLOT_REQUESTS) == ()
        assert hugo.post(V2 + "/times", data={"starts": offered[0]}).headers["location"] == V2
        assert "We confirm it by mail" in hugo.get(V2).text
    request = waiting_requests(world.services, CAMPAIGN)[0]
    assert (request.visit_id, request.wanted, request.plan_id is not None) == (
        "v2",
        datetime.fromisoformat(offered[0]),
        True,
    )
    before = {one.visit_id: one for one in _binding(fresh_portal)}
    decide_request(world.services, request.id, granted=True, by="Ana Silva (ana)", note="you asked for it")
    after = {one.visit_id: one for one in _binding(fresh_portal)}
    assert after[VisitId("v2")].starts_at == request.wanted
    assert after[VisitId("v3")].starts_at == before[VisitId("v3")].starts_at
    assert after[VisitId("v3")].person_id == before[VisitId("v3")].person_id
    with pytest.raises(Conflict):
        decide_request(world.services, request.id, granted=False, by="Ana Silva (ana)")
    assert waiting_requests(world.services, CAMPAIGN) == ()


def _binding(portal: RunningPortal) -> list[Assignment]:
    ledger = portal.world.ledger
    dispatched = ledger.dispatched(CAMPAIGN)
    assert dispatched is not None
    return list(ledger.plan(dispatched.plan_id).assignments)


def test_how_it_was_is_one_question_and_counts_for_the_partner_who_came(fresh_portal: RunningPortal) -> None:
    world = fresh_portal.world
    _finish(fresh_portal, "v4")
    with fresh_portal.client(Role.CLIENT_CONTACT) as dora:
        assert "you said" not in dora.get(V4).text.lower()
        assert dora.post(V4 + "/feedback", data={"points": "6"}).status_code == 400
        assert dora.post(V4 + "/feedback", data={"points": "2"}).status_code == 303
        assert dora.post(V4 + "/feedback", data={"points": "4", "text": "quick"}).status_code == 303
        assert "You said: 4 of 5." in dora.get(V4).text
        assert dora.post(V1 + "/feedback", data={"points": "5"}).status_code == 303
    with fresh_portal.client("nils") as nils:
        assert "4.0 of 5" in nils.get("/partner/work").text
    of_partner = [(one.value.partner_id, one.value.points) for one in world.services.book.papers(FEEDBACK)]
    assert of_partner == [("north", 4)]
    assert [(one.value.person_id, one.value.points) for one in world.services.book.papers(OWN_FEEDBACK)] == [("kim", 5)]


def _finish(portal: RunningPortal, visit: str) -> None:
    services = portal.world.services
    finish_visit(services, CAMPAIGN, VisitId(visit), minutes=60, travel_minutes=None, by="Pat Roy (pat)", note="")


def test_whom_to_ask_for_is_told_to_who_comes(fresh_portal: RunningPortal) -> None:
    with fresh_portal.client("hugo") as hugo, fresh_portal.client(Role.ENGINEER) as kim:
        sent = {"name": "Hugo at the gate", "phone": "604 555 0100", "arriving": "Gate 3, ring twice"}
        assert hugo.post(V2 + "/contact", data=sent).status_code == 303
        assert all(one in kim.get("/engineer").text for one in sent.values())


def test_the_photo_of_who_comes_is_shown_to_those_they_come_to(fresh_portal: RunningPortal) -> None:
    folder = fresh_portal.world.settings.workspace / "people"
    folder.mkdir()
    (folder / "kim.png").write_bytes(PNG)
    with fresh_portal.client(Role.CLIENT_CONTACT) as dora:
        assert f'src="{V1}/photo"' in dora.get(V1).text
        assert dora.get(V1 + "/photo").content == PNG
        assert dora.get(V4 + "/photo").status_code == 404


def test_the_certificate_is_downloaded_signed_and_holds_nothing_of_others(
    fresh_portal: RunningPortal, tmp_path: Path
) -> None:
    with fresh_portal.client(Role.CLIENT_CONTACT) as dora:
        assert dora.post("/client/certificate/vancouver/acme", data={}).status_code == 400  # nothing to sign with
        assert "Download" not in dora.get("/client/certificate").text
        create_key(fresh_portal.world.settings.workspace)
        assert "Download" in dora.get("/client/certificate").text
        got = dora.post("/client/certificate/vancouver/acme", data={})
        assert got.headers["content-type"] == "application/zip"
        page = dora.get("/client/certificate/vancouver/acme")
        assert "unsafe-inline" in page.headers["content-security-policy"]
        assert "script" not in page.headers["content-security-policy"]
    folder = tmp_path / "certificate"
    with zipfile.ZipFile(io.BytesIO(got.content)) as archive:
        archive.extractall(folder)
        names = archive.namelist()
    evidence = next(folder / name for name in names if name.endswith("-evidence.json"))
    assert verify(evidence).wrong == ()
    text = evidence.read_text()
    assert not [one for one in OTHERS if one in text]
    assert text.count('"host_id"') >= 16
    pushed = [row["pushed_by"] for row in json.loads(text)["hosts"] if row["process"]]
    assert set(pushed) == {"Ana Silva (ana)"}, "a person, not a process"


def test_coming_back_to_what_was_left_is_a_repair_and_everything_else_prevention(fresh_portal: RunningPortal) -> None:
    world = fresh_portal.world
    _finish(fresh_portal, "v4")
    with fresh_portal.client(Role.CLIENT_CONTACT) as dora:
        text = dora.get("/client").text
        assert (text.count("planned prevention"), text.count(">repair<")) == (2, 0)
        assert "we come back to it" in dora.get(V4).text
    plan = world.ledger.plan(world.ledger.plans(CAMPAIGN)[-1])
    again = replace(
        plan.visit[VisitId("v6")], host_ids=(*plan.visit[VisitId("v6")].host_ids, hosts_of("acme-north")[5])
    )
    visits = tuple(again if one.id == "v6" else one for one in plan.visits)
    later = replace(plan, id=type(plan.id)("plan-2"), visits=visits, created_at=datetime(2026, 10, 20, 16, tzinfo=UTC))
    world.ledger.save_plan(later, by="test")
    world.ledger.dispatch(later.id, by="test", expected_revision=world.ledger.revision())
    with fresh_portal.client(Role.CLIENT_CONTACT) as dora:
        assert "We came back to computers" in dora.get("/client/visits/vancouver/v6").text


@pytest.mark.parametrize(("hour", "name"), [(-24 * 9, "page"), (24 * 9, "later")])
def test_more_visits_than_a_page_holds_are_shown_page_by_page(
    fresh_portal: RunningPortal, hour: int, name: str
) -> None:
    world = fresh_portal.world
    plan = world.ledger.plan(world.ledger.plans(CAMPAIGN)[-1])
    first = next(one for one in plan.assignments if one.visit_id == "v1")
    now, number = world.services.clock.now(), ROWS + 5
    ids = [VisitId(f"w{n:02}") for n in range(number)]
    visits = tuple(replace(plan.visit[VisitId("v1")], id=one) for one in ids)
    starts = [now + timedelta(hours=hour, minutes=2 * n) for n in range(number)]
    span = first.ends_at - first.starts_at
    placed = tuple(
        replace(first, visit_id=one, starts_at=at, ends_at=at + span) for one, at in zip(ids, starts, strict=True)
    )
    more = replace(
        plan, id=type(plan.id)("plan-9"), visits=(*plan.visits, *visits), assignments=(*plan.assignments, *placed)
    )
    world.ledger.save_plan(more, by="test")
    world.ledger.dispatch(more.id, by="test", expected_revision=world.ledger.revision())
    with fresh_portal.client(Role.CLIENT_CONTACT) as dora, fresh_portal.client("hugo") as hugo:
        pages = [dora.get(f"/client/visits?{name}={one}").text for one in (1, 2, 99)]
        others = [hugo.get("/client/visits").text, hugo.get(f"/client/visits?{name}=2").text]
    shown = [{one for one in ids if f'/{one}"' in page} for page in pages]
    assert shown[0] | shown[1] == set(ids)
    assert not shown[0] & shown[1]
    assert len(shown[0]) in range(ROWS - 4, ROWS + 1)
    assert shown[2] == shown[1]
    assert "1 / 2" in pages[0]
    assert f"?lang=de&amp;page={2 if name == 'page' else 1}" in pages[1]
    assert not [one for page in others for one in (*ids, 'class="pager"') if one in page]
