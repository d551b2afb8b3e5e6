"""Visits that two people do together, on the timeline: both are drawn, they move in time together, one is replaced."""

from collections.abc import Callable, Iterator

import pytest

from flows.moving import Wish, around, check, make_way
from flows.planning import dispatch_plan
from muster.ids import PersonId
from muster.plan import Assignment, Plan
from portal.access import Role
from scheduler.localtime import zone
from tests.portal.conftest import RunningPortal, Screens, start_portal, stop_portal
from tests.portal.planned import make_planned
from tests.portal.test_manager_board import BOARD, words
from tests.portal.test_manager_timeline import settled
from tests.portal.world import CAMPAIGN, VANCOUVER


@pytest.fixture(scope="module")
def paired(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningPortal, Plan]]:
    """A portal whose plan sends two people to the port terminal; tests may keep proposals in it."""
    world, plan = make_planned(tmp_path_factory.mktemp("paired"), in_pairs=("harbour-port",))
    running = start_portal(world)
    yield running, plan
    stop_portal(running)


def team_of(plan: Plan) -> list[Assignment]:
    """The two who do the visit together."""
    visit = next(one for one in plan.visits if one.people == 2)
    team = [one for one in plan.assignments if one.visit_id == visit.id]
    assert len(team) == 2, "the plan places it"
    return team


def test_both_are_drawn_and_the_form_asks_whom_the_new_one_replaces(paired: tuple[RunningPortal, Plan]) -> None:
    running, plan = paired
    first, second = team_of(plan)
    local = first.starts_at.astimezone(zone(VANCOUVER))
    with running.client(Role.MANAGER) as client:
        page = client.get(f"{BOARD}/timeline?day={local:%Y-%m-%d}&visit={first.visit_id}").text
    assert page.count(f'data-visit="{first.visit_id}"') == 2
    names = running.world.ledger.crew().engineer
    assert f"{names[first.person_id].name} and {names[second.person_id].name}" in words(page)
    assert "Instead of" in words(page)


def test_one_of_two_is_replaced_and_the_other_stays(paired: tuple[RunningPortal, Plan]) -> None:
    running, plan = paired
    services = running.world.services
    first, second = team_of(plan)
    problem = around(services, plan)
    others = [one.id for one in services.ledger.crew().engineers if one.id not in {first.person_id, second.person_id}]
    ways = [
        make_way(services, problem, plan, Wish(first.visit_id, PersonId(one), first.starts_at, first.person_id))
        for one in others
    ]
    granted = [(one, way) for one, way in zip(others, ways, strict=True) if way.granted]
    assert granted, [way.why_not for way in ways]
    person, way = granted[0]
    team = {one.person_id for one in way.plan.assignments if one.visit_id == first.visit_id}
    assert team == {person, second.person_id}
    wish = Wish(first.visit_id, PersonId(person), first.starts_at, PersonId(person))
    assert check(around(services, way.plan), way.plan, wish).breaks == ()


def test_both_move_in_time_and_the_proposal_can_be_dispatched(
    paired: tuple[RunningPortal, Plan], screens_of: Callable[[RunningPortal], Screens]
) -> None:
    running, plan = paired
    first, second = team_of(plan)
    local = first.starts_at.astimezone(zone(VANCOUVER))
    page = screens_of(running).page(Role.MANAGER)
    page.goto(f"{BOARD}/timeline?day={local:%Y-%m-%d}")
    bar = page.locator(f'[data-visit="{first.visit_id}"][data-person="{first.person_id}"]')
    other = page.locator(f'[data-visit="{first.visit_id}"][data-person="{second.person_id}"]')
    bar.focus()
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    assert (other.get_attribute("transform") or "").startswith("translate(84 "), "it goes along: an hour to the right"
    page.keyboard.press("Enter")
    assert f"{local.hour + 1:02}:{local:%M}" in settled(page)
    page.get_by_role("button", name="What else moves?").click()
    page.get_by_role("button", name="Propose this").click()
    page.wait_for_url("**/plan/P-*")
    ledger = running.world.ledger
    made = ledger.plan(ledger.plans(CAMPAIGN)[-1])
    moved = [one for one in made.assignments if one.visit_id == first.visit_id]
    assert {one.person_id for one in moved} == {first.person_id, second.person_id}
    assert {(one.starts_at - first.starts_at).total_seconds() for one in moved} == {3600.0}
    assert dispatch_plan(running.world.services, made.id, by="Ana Silva (ana)").id == made.id
