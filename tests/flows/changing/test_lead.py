"""A plan still holds when somebody has looked at it: nobody sets out before it can be dispatched."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from flows.begun import sets_out
from flows.planning import LEAD, dispatch_plan, first_start, keep_plan, make_plan, problem_of
from muster.errors import Conflict
from muster.ids import PlanId
from scheduler.validate import violations
from tests.flows.changing.bound import NOW, binding, placed
from tests.flows.changing.conftest import Within
from tests.muster.worlds import SPRING, standing_at


@pytest.mark.parametrize("minutes_before", [5, 20, 45, 90])
def test_a_plan_made_while_people_are_on_their_way_holds_until_its_lead_is_over(
    within: Within, workspace: Path, minutes_before: int
) -> None:
    before = binding(within())
    soonest = min(before.assignments, key=sets_out)
    standing_at(workspace, soonest.starts_at - timedelta(minutes=minutes_before))
    services = within()
    made = make_plan(services, SPRING, seconds=0.2, seed=1)
    kept = placed(before)
    new = [one for one in made.assignments if placed(made)[one.visit_id] != kept.get(one.visit_id)]
    assert all(sets_out(one) >= made.created_at for one in new)
    assert made.created_at - services.clock.now() >= LEAD - timedelta(minutes=1), "a minute for the test itself"
    standing_at(workspace, made.created_at - timedelta(minutes=3))
    dispatch_plan(within(), made.id, by="mia")
    assert binding(within()).id == made.id


def test_people_who_are_on_their_way_are_not_sent_elsewhere(within: Within, workspace: Path) -> None:
    before = binding(within())
    first = max(before.assignments, key=lambda one: one.travel_minutes)
    assert first.travel_minutes > 1, "or nobody travels"
    beginning = first_start(sets_out(first))
    standing_at(workspace, beginning - LEAD - timedelta(minutes=2))
    services = within()
    assert sets_out(first) < first_start(services.clock.now())
    made = make_plan(services, SPRING, seconds=0.2, seed=3)
    assert placed(made)[first.visit_id] == placed(before)[first.visit_id]


def test_days_without_anything_that_is_held_begin_with_the_plan(within: Within, workspace: Path) -> None:
    before = binding(within())
    first = min(before.assignments, key=lambda one: one.starts_at)
    standing_at(workspace, first.starts_at + timedelta(minutes=10))
    services = within()
    problem = problem_of(services, SPRING)
    beginning = problem.minute(problem.created_at)
    held = {pin.person_id for pin in problem.pins}
    assert held, "a visit is under way"
    free = [one for one in problem.days if problem.people[one.person].id not in held]
    assert free
    assert min(one.starts for one in free) == beginning
    assert all(one.starts < one.ends for one in problem.days)
    assert violations(problem, make_plan(services, SPRING, seconds=0.2, seed=0)) == ()


def test_a_longer_search_leaves_the_same_time_for_reading_its_plan() -> None:
    for minute in range(60):
        now = NOW + timedelta(minutes=minute, seconds=7)
        for seconds in (0, 20, 176, 600, 3600):
            lead = first_start(now, seconds) - now - timedelta(seconds=seconds)
            assert LEAD <= lead < LEAD + timedelta(minutes=15)


def test_the_same_plan_found_twice_is_kept_once_and_another_of_its_name_is_refused(within: Within) -> None:
    services = within()
    made = make_plan(services, SPRING, seconds=0.2, seed=5)
    revision = services.ledger.revision()
    assert keep_plan(services, replace(made, solve_seconds=made.solve_seconds + 60)) == made
    assert services.ledger.revision() == revision
    with pytest.raises(Conflict, match="another plan"):
        keep_plan(services, replace(made, assignments=made.assignments[1:]))


def test_who_comes_from_elsewhere_than_home_is_where_they_are(within: Within, workspace: Path) -> None:
    """The visit before is done and nobody plans it any more: the way from home to the next one would be too long."""
    services = within()
    before = binding(services)
    first = max(before.assignments, key=lambda one: one.travel_minutes)
    assert first.travel_minutes > 1
    near = replace(first, travel_minutes=1)
    moved = replace(
        before,
        id=PlanId("near"),
        assignments=tuple(near if one is first else one for one in before.assignments),
    )
    services.ledger.save_plan(moved, by="test")
    services.ledger.dispatch(moved.id, by="test", expected_revision=services.ledger.revision())
    standing_at(workspace, first.starts_at + timedelta(minutes=10))
    services = within()
    made = make_plan(services, SPRING, seconds=0.2, seed=2)
    assert placed(made)[first.visit_id] == placed(before)[first.visit_id], "it is under way"
    standing_at(workspace, made.created_at - timedelta(minutes=5))
    dispatch_plan(within(), made.id, by="mia")
