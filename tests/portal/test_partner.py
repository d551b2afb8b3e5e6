"""A partner's pages: its own visits in their window and nothing else, and what it says of them."""

from datetime import UTC, datetime

from icalendar import Calendar

from muster.ids import VisitId
from partners.file import Suspension, suspended
from partners.papers import DISCLOSURES, FILES, MATTERS, SWAPS, WORK, change
from portal.access import Role
from portal.partner.records import ANSWERS
from tests.portal.conftest import RunningPortal
from tests.portal.field import PNG, lives_in_edmonton, may_start_early, notes, silent
from tests.portal.world import CAMPAIGN, hosts_of

V4 = "/partner/visits/vancouver/v4"
V5 = "/partner/visits/vancouver/v5"
JSON = {"accept": "application/json"}


def test_a_partner_sees_its_own_visits_in_their_window_and_that_it_did_is_written_down(
    fresh_portal: RunningPortal,
) -> None:
    book = fresh_portal.world.services.book
    with fresh_portal.client(Role.PARTNER_MANAGER) as north, fresh_portal.client("cora") as coast:
        assert book.papers(DISCLOSURES) == ()
        text = north.get("/partner/visits").text
        assert ("Acme Dental" in text, "Harbour" in text) == (True, False)
        assert [one.value.id for one in book.papers(DISCLOSURES)] == ["vancouver/v4/pat"]  # v6 is in a week
        theirs = coast.get("/partner/visits").text
        assert ("Harbour" in theirs, "Acme" in theirs) == (True, False)
        for path in (V5, "/partner/visits/vancouver/v6", "/partner/visits/vancouver/v2", "/partner/visits/x/v4"):
            for tail in ("", "/progress"):
                assert north.get(path + tail).status_code == 404
            for act in ("answer", "technician", "matter"):
                sent = {"answer": "accepted", "comes": "nia", "reason": "x", "matter": "incident", "text": "x"}
                assert north.post(f"{path}/{act}", data=sent).status_code == 404
        page = north.get(V4).text
        assert all(one not in page for one in ("10.1.0.", "HOSTS_KEY", "env:", "Kim Lee"))
    shown = {one.value.id: one.value for one in book.papers(DISCLOSURES)}
    assert shown["vancouver/v4/pat"].by == "Nils of North (nils)"
    assert "6 machines by name" in shown["vancouver/v4/pat"].shown


def test_a_partner_that_is_suspended_is_shown_nothing(fresh_portal: RunningPortal) -> None:
    book = fresh_portal.world.services.book
    kept = book.find(FILES, "north")
    assert kept is not None
    day = datetime(2026, 10, 19, tzinfo=UTC).date()
    out = suspended(kept.value, Suspension("Ana Silva", "a complaint", day))
    book.write([change(FILES, out, "partner suspended", kept)], by="test")
    with fresh_portal.client(Role.PARTNER_MANAGER) as north:
        text = north.get("/partner/visits").text
        assert ("cannot give you visits" in text, "Acme" in text, "complaint" in text) == (True, False, False)
        assert north.get(V4).status_code == 404
        assert "Acme" not in north.get("/partner/people").text


def test_a_partner_s_manager_accepts_declines_offers_another_time_and_names_another(
    fresh_portal: RunningPortal,
) -> None:
    book = fresh_portal.world.services.book

    def answers() -> list[tuple[str, str]]:
        return [(one.value.visit_id, one.value.state.value) for one in book.papers(ANSWERS)]

    with fresh_portal.client("cora") as coast:
        assert "wants an answer" in coast.get("/partner/visits").text
        assert coast.post(V5 + "/answer", data={"answer": "accepted"}, headers=JSON).status_code == 200
        assert answers() == [("v5", "accepted")]
        assert coast.post(V5 + "/answer", data={"answer": "declined"}, headers=JSON).status_code == 400  # no reason
        assert coast.post(V5 + "/answer", data={"answer": "counter-offer"}, headers=JSON).status_code == 400
        offer = {"answer": "counter-offer", "price": "120,50", "text": "it is far"}
        assert coast.post(V5 + "/answer", data=offer, headers=JSON).status_code == 200
        kept = book.find(ANSWERS, "vancouver/v5")
        assert kept is not None
        assert (str(kept.value.price), kept.value.fits) == ("120.50 EUR", None)
        no = {"answer": "declined", "text": "Cole is away"}
        assert coast.post(V5 + "/answer", data=no, headers=JSON).status_code == 200
        assert list(notes(fresh_portal.world, "replan wanted")) == [("Cora of Coast (cora)", "v5")]
        assert coast.post(V5 + "/technician", data={"comes": "kim", "reason": "x"}, headers=JSON).status_code == 400
        swap = {"comes": "cyd", "reason": "Cole is away"}
        assert coast.post(V5 + "/technician", data=swap, headers=JSON).status_code == 200
        assert "waits for the office" in coast.get(V5).text
    asked = [(one.value.comes, one.value.state.value) for one in book.papers(SWAPS)]
    assert asked == [("cyd", "asked")]


def test_another_time_is_tried_at_once_and_kept_as_a_proposal_that_binds_nobody(fresh_portal: RunningPortal) -> None:
    world = fresh_portal.world
    lives_in_edmonton(world, "cole")
    silent(world, hosts_of("harbour-yard")[4:7])
    before = world.ledger.dispatched(CAMPAIGN)
    with fresh_portal.client("cora") as coast:
        offer = {"answer": "counter-offer", "starts": "2026-10-22T11:00"}
        assert "fits" in coast.post(V5 + "/answer", data=offer, headers=JSON).json()["said"]
        kept = world.services.book.find(ANSWERS, "vancouver/v5")
        assert kept is not None
        assert (kept.value.fits, kept.value.finding) == (True, "it fits, and nothing else moves")
        assert kept.value.plan_id is not None
        moved = {one.visit_id: one for one in world.ledger.plan(kept.value.plan_id).assignments}[VisitId("v5")]
        assert moved.starts_at == datetime(2026, 10, 22, 17, tzinfo=UTC)  # eleven in Edmonton
        night = {"answer": "counter-offer", "starts": "2026-10-22T03:00"}
        assert "does not fit" in coast.post(V5 + "/answer", data=night, headers=JSON).json()["said"]
    assert world.ledger.dispatched(CAMPAIGN) == before


def test_a_technician_confirms_the_rules_starts_and_finishes_and_the_visit_is_claimed(
    fresh_portal: RunningPortal,
) -> None:
    world, book = fresh_portal.world, fresh_portal.world.services.book
    may_start_early(world)
    with fresh_portal.client(Role.PARTNER_TECHNICIAN) as pat, fresh_portal.client(Role.PARTNER_MANAGER) as nils:
        assert pat.post(V4 + "/start", data={}, headers=JSON).json()["error"].startswith("the rules of conduct")
        assert "to be confirmed" in pat.get(V4).text
        assert pat.post(V4 + "/conduct", data={}, headers=JSON).status_code == 200
        assert pat.post(V4 + "/start", data={}, headers=JSON).status_code == 200
        said = {"kind": "note", "text": "the dog is kind", "key": "abcdefgh-9"}
        photo = {"photo": ("a.png", PNG, "image/png")}
        assert pat.post(V4 + "/say", data=said, files=photo, headers=JSON).status_code == 400
        assert pat.post(V4 + "/say", data=said, headers=JSON).status_code == 200
        assert "the dog is kind" in nils.get(V4).text
        for kind in ("incident", "referral"):
            assert pat.post(V4 + "/matter", data={"matter": kind, "text": "a printer"}, headers=JSON).status_code == 200
        assert pat.post(V4 + "/finish", data={"minutes": "60"}, headers=JSON).status_code == 200
        work = [one.value for one in book.papers(WORK)]
        assert [(one.visit_id, one.state.value, one.minutes) for one in work] == [("v4", "claimed", 60)]
        text = nils.get("/partner/work").text
        assert all(one in text for one in ("Acme Dental", "3 of 6", "waits for a fresh probe"))
    matters = {(one.value.kind.value, one.value.owner) for one in book.papers(MATTERS)}
    assert matters == {(kind, "the dispatcher of Clockworks IT") for kind in ("incident", "referral")}


def test_a_technician_sees_their_own_day_and_not_what_the_manager_does(portal: RunningPortal) -> None:
    with portal.client(Role.PARTNER_TECHNICIAN) as pat:
        assert "Acme Dental" in pat.get("/partner/visits").text
        for path in ("/partner/work", "/partner/people"):
            assert pat.get(path).status_code == 404
        assert pat.post(V4 + "/answer", data={"answer": "accepted"}).status_code == 404


def test_a_technician_s_calendar_holds_what_may_be_seen_and_is_a_disclosure_too(fresh_portal: RunningPortal) -> None:
    book = fresh_portal.world.services.book
    with fresh_portal.client(Role.PARTNER_TECHNICIAN) as pat, fresh_portal.client() as stranger:
        word = pat.post("/calendar", data={}).text.split("/calendar/")[1].split(".ics")[0]
        assert book.papers(DISCLOSURES) == ()
        made = Calendar.from_ical(stranger.get(f"/calendar/{word}.ics").content)
        assert [str(one["SUMMARY"]) for one in made.walk("VEVENT")] == ["Acme Dental, Prince George clinic"]
        assert "On the way" not in str(made.to_ical())
    assert [one.value.by for one in book.papers(DISCLOSURES)] == ["Pat Roy (pat, calendar)"]


def test_the_people_page_names_the_partner_s_own_people(portal: RunningPortal) -> None:
    with portal.client(Role.PARTNER_MANAGER) as nils:
        text = nils.get("/partner/people").text
    assert all(one in text for one in ("Pat Roy", "Nia Bell", "may be sent"))
    assert all(one not in text for one in ("Cole", "Kim Lee", "Omar"))
