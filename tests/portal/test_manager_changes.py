"""Somebody cannot come: what would move is shown with one click, binds with another, and nothing is lost in between."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import httpx
from playwright.sync_api import Page, expect

from muster.plan import Assignment, Plan
from partners.papers import change
from portal.access import Role
from portal.manager.search_record import SEARCHES, Search, SearchKind
from tests.portal.conftest import RunningPortal, Screens
from tests.portal.test_manager_board import BOARD, words
from tests.portal.waiting import found_by
from tests.portal.world import CAMPAIGN

JSON = {"accept": "application/json"}
CAR = "The car broke down"


def first_of(running: RunningPortal, person: str) -> Assignment:
    """Somebody's next visit by the plan that binds."""
    binding = running.world.ledger.dispatched(CAMPAIGN)
    assert binding is not None
    plan = running.world.ledger.plan(binding.plan_id)
    return min((one for one in plan.assignments if one.person_id == person), key=lambda one: one.starts_at)


def cannot_come(running: RunningPortal, person: str = "kim") -> Assignment:
    """The engineer says it on the telephone."""
    one = first_of(running, person)
    with running.client(person) as client:
        said = {"kind": "cannot come", "text": CAR, "key": "cannot-come-1"}
        done = client.post(f"/engineer/visits/{CAMPAIGN}/{one.visit_id}/say", data=said, headers=JSON)
        assert done.status_code == 200
    return one


def test_who_cannot_come_is_on_the_board_and_one_click_shows_who_can(own_planned: tuple[RunningPortal, Plan]) -> None:
    running, plan = own_planned
    visit = cannot_come(running)
    with running.client(Role.MANAGER) as ana, running.client(Role.AUDITOR) as vera:
        for place in (BOARD, f"{BOARD}/changes", "/inbox"):
            assert CAR in words(ana.get(place).text), place
            assert "Show who can go instead" in ana.get(place).text, place
            assert "Show who can go instead" not in vera.get(place).text, place
        asked = {"happened": "away", "visit": visit.visit_id, "person": "kim", "span": "day", "reason": CAR}
        assert vera.post(f"{BOARD}/changes", data=asked).status_code == 404
        there = found_by(ana, ana.post(f"{BOARD}/changes", data=asked))
        seen = words(ana.get(there).text)
        assert "Visits that move" in seen
        assert "Kim Lee does not work then any more" in seen
        assert first_of(running, "kim") == visit, "nothing moves before somebody says yes"
        assert vera.post(f"{there}/accept").status_code == 404
        assert ana.post(f"{there}/accept", data={"why": "our engineer cannot come"}).status_code == 303
        after = words(ana.get(there).text)
        board = words(ana.get(BOARD).text)
        again = ana.post(f"{there}/accept")
    binding = running.world.ledger.dispatched(CAMPAIGN)
    assert binding is not None
    assert binding.plan_id != plan.id
    assert f"Plan {binding.plan_id} binds" in after
    moved = [one for one in running.world.ledger.plan(binding.plan_id).assignments if one.visit_id == visit.visit_id]
    assert moved, "somebody else or another day was found"
    assert all(one.person_id != "kim" or one.starts_at.date() > visit.starts_at.date() for one in moved)
    assert CAR not in board, "it is answered"
    assert again.status_code == 409, "it binds once"


def test_a_partner_that_declines_is_not_given_the_visit_again(own_planned: tuple[RunningPortal, Plan]) -> None:
    running, _ = own_planned
    visit = first_of(running, "cole")
    with running.client("cora") as cora:
        said = {"answer": "declined", "text": "Cole is away"}
        done = cora.post(f"/partner/visits/{CAMPAIGN}/{visit.visit_id}/answer", data=said)
        assert done.status_code == 303
    with running.client(Role.MANAGER) as ana:
        assert "Coast Systems gives back" in words(ana.get(BOARD).text)
        asked = {"happened": "declined", "visit": visit.visit_id, "person": "cole", "reason": "Cole is away"}
        there = found_by(ana, ana.post(f"{BOARD}/changes", data=asked))
        assert ana.post(f"{there}/accept").status_code == 303
        assert "gives back" not in words(ana.get(BOARD).text)
    binding = running.world.ledger.dispatched(CAMPAIGN)
    assert binding is not None
    made = [one for one in running.world.ledger.plan(binding.plan_id).assignments if one.visit_id == visit.visit_id]
    crew = running.world.ledger.crew().engineer
    assert made, "somebody else was found"
    assert all(crew[one.person_id].partner_id != "coast" for one in made)


def test_what_cannot_be_is_said_in_the_form(planned: tuple[RunningPortal, Plan]) -> None:
    running, plan = planned
    with running.client(Role.MANAGER) as ana:
        for asked, sentence in (
            ({"happened": "flood"}, "what happened"),
            ({"happened": "away"}, "nobody of that id"),
            ({"happened": "away", "person": "kim", "span": "until", "until": "soon"}, "cannot be read"),
            ({"happened": "no-show", "visit": "v99"}, "no such visit" if "v99" in plan.visit else "v99"),
        ):
            answer = ana.post(f"{BOARD}/changes", data=asked)
            assert answer.status_code == 400, asked
            assert sentence in words(answer.text).casefold(), asked


def test_a_search_whose_portal_is_gone_is_taken_up_again_by_the_next_look(planned: tuple[RunningPortal, Plan]) -> None:
    running, _ = planned
    services = running.world.services
    gone = Search(
        "0123abcd", CAMPAIGN, SearchKind.WORLDS, 0.2, "Ana Silva (ana)", services.clock.now(), ("overtime 60",)
    )  # fmt: skip
    services.book.write([change(SEARCHES, gone, "search asked: what-if")], by=gone.by)
    with running.client(Role.MANAGER) as ana:
        there = f"{BOARD}/searches/0123abcd"
        assert "Planning other worlds" in ana.get(there).text
        found = found_by(ana, _as_asked(ana.get(f"{there}/progress").status_code, there))
        assert "overtime 60" in words(ana.get(found).text)
    kept = services.book.find(SEARCHES, gone.id)
    assert kept is not None
    assert kept.value.ended_at is not None
    assert len(kept.value.worlds) == 2
    assert kept.value == replace(gone, ended_at=kept.value.ended_at, worlds=kept.value.worlds)


def test_a_proposal_that_was_worked_out_by_a_portal_that_is_gone_is_worked_out_anew(
    own_planned: tuple[RunningPortal, Plan],
) -> None:
    running, _ = own_planned
    visit = first_of(running, "kim")
    services = running.world.services
    about = {"happened": "away", "visit": str(visit.visit_id), "person": "kim", "span": "visit"}
    now = services.clock.now()
    ended = Search(
        "4567cdef", CAMPAIGN, SearchKind.CHANGE, 1.0, "Ana Silva (ana)", now - timedelta(minutes=5), (), about, now
    )  # fmt: skip
    services.book.write([change(SEARCHES, ended, "search asked: change")], by=ended.by)
    with running.client(Role.MANAGER) as ana:
        asked = ana.get(f"{BOARD}/changes/4567cdef")
        seen = words(ana.get(found_by(ana, asked)).text)
    assert "Kim Lee is away" in seen


def _as_asked(status: int, address: str) -> httpx.Response:
    assert status == 200
    return httpx.Response(303, headers={"location": address})


def test_by_keyboard_from_the_inbox_to_a_plan_that_binds(
    own_planned: tuple[RunningPortal, Plan], screens_of: Callable[[RunningPortal], Screens]
) -> None:
    running, plan = own_planned
    cannot_come(running)
    screens = screens_of(running)
    page: Page = screens.page(Role.MANAGER)
    page.goto(BOARD)
    screens.keep(page, "manager-board-wanted-desk-light")
    page.goto("/inbox")
    button = page.get_by_role("button", name="Show who can go instead")
    button.focus()
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Kim Lee is away").wait_for()
    screens.keep(page, "manager-change-desk-light")
    page.get_by_label("Why, in the clients' words").fill("our engineer cannot come")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Decided")).to_be_visible()
    screens.keep(page, "manager-change-decided-desk-light")
    binding = running.world.ledger.dispatched(CAMPAIGN)
    assert binding is not None
    assert binding.plan_id != plan.id
