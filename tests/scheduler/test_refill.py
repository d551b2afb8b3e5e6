"""Visits without a place around a plan that stands still: few of them, and so many that compiled code places them."""

from dataclasses import replace
from random import Random

import pytest

from scheduler import refill as refilling
from scheduler.assemble import plan_of
from scheduler.insertion import Inserter
from scheduler.problem import Cap, Problem
from scheduler.refill import refill
from scheduler.replan import KEEPING, replan
from scheduler.solve import solve
from scheduler.state import State
from scheduler.stop import MaxIterations
from scheduler.tour import Touring
from scheduler.validate import violations
from tests.scheduler.problems import day, demand, person, problem, random_problem


def crowded(visits: int) -> Problem:
    """Three people, five days, room for sixty visits or so, and a cap that is reached."""
    of = problem(
        [demand(f"V-{n}", effort=60, spot=n % 3) for n in range(visits)],
        [person("Anna"), person("Ben"), person("Cleo")],
        [day(who, number=number) for who in range(3) for number in range(5)],
    )
    return replace(of, caps=(Cap("ben", tuple(range(5, 10)), 300),))


def dice() -> Random:
    """Random numbers, the same each time."""
    return Random(1)  # noqa: S311 - a search, not a secret


@pytest.fixture
def always_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also a few visits are placed by compiled code, and hardly any day is offered at first."""
    monkeypatch.setattr(refilling, "MOST_BY_HAND", 0)
    monkeypatch.setattr(refilling, "CANDIDATES", 2)
    monkeypatch.setattr(refilling, "MOST_REMEMBERED", 40)


@pytest.mark.usefixtures("always_compiled")
def test_compiled_and_plain_insertion_leave_out_as_many_and_none_that_would_fit() -> None:
    touring = Touring(crowded(90))
    state = State.empty(touring)
    assert refill(state, range(90), dice()) == ()
    other = State.empty(touring)
    Inserter(touring).insert(other, range(90), dice())
    assert 0 < len(state.days_of) < 90
    assert len(state.days_of) >= len(other.days_of) - 1
    inserter = Inserter(touring)
    assert not any(inserter.best(state, visit) for visit in range(90) if visit not in state.days_of)


@pytest.mark.usefixtures("always_compiled")
def test_what_stands_stays_to_the_minute_when_compiled_code_places_the_rest() -> None:
    of = crowded(30)
    plan = solve(of, MaxIterations(60), 0)
    late = replace(of, demands=(*of.demands, *(demand(f"late-{n}", effort=60) for n in range(20))))
    for choice in replan(late, plan, MaxIterations(30), 0, freedoms=KEEPING[:1]).choices:
        assert violations(late, choice.plan) == ()
        assert choice.kept_share == 1.0
        assert {str(one.move.visit_id) for one in choice.moves} == {f"late-{n}" for n in range(20)}
        assert len(choice.plan.unplaced) < 20


@pytest.mark.usefixtures("always_compiled")
@pytest.mark.parametrize("seed", range(20))
def test_spiteful_problems_are_refilled_by_the_rules(seed: int) -> None:
    of = random_problem(seed, visits=8, people=3, days=3)
    plan = solve(of, MaxIterations(20), seed)
    gone = replace(of, days=tuple(one for one in of.days if one.person != 0), caps=())
    choice = replan(gone, plan, MaxIterations(10), seed).least
    assert violations(gone, choice.plan) == ()


def test_visits_that_no_day_could_take_are_named() -> None:
    of = crowded(3)
    lonely = replace(of, demands=(*of.demands, demand("nobody", skills={"mainframe"})))
    state = State.empty(Touring(lonely))
    assert refill(state, range(4), dice()) == (3,)
    assert sorted(state.days_of) == [0, 1, 2]


def test_promises_made_afterwards_are_those_of_a_touring_that_was_made_with_them() -> None:
    for seed in range(30):
        of = random_problem(seed)
        pins = random_problem(seed + 100).pins
        known = tuple(pin for pin in pins if pin.visit_id in of.demand_index)
        late, made = Touring(of).with_pins(known), Touring(replace(of, pins=known))
        for name in ("allowed", "pinned_people", "unplaced_cents", "span_starts", "span_ends", "placing_cents"):
            assert (getattr(late.arrays.visits, name) == getattr(made.arrays.visits, name)).all(), (seed, name)
        assert (late.spans, late.pins) == (made.spans, made.pins)


def test_a_replan_says_how_far_it_is() -> None:
    of = crowded(6)
    plan = solve(of, MaxIterations(20), 0)
    heard: list[str] = []
    replan(of, plan, MaxIterations(10), 0, told=heard.append)
    assert heard == [
        "6 visits stay where they are; the others find new places",
        "6 visits stay where they are; room is made for what found none",
    ]


@pytest.mark.parametrize("most_by_hand", [200, 0])
def test_what_is_too_far_for_one_leg_is_placed_beside_a_visit_on_the_way(
    most_by_hand: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ninety minutes from home, where no leg takes more than an hour; another one is not reached over anything."""
    monkeypatch.setattr(refilling, "MOST_BY_HAND", most_by_hand)
    of = problem(
        [demand("way", spot=2), demand("far", spot=3), demand("farther", spot=7), demand("home")],
        days=[day(number=number, end=2, max_leg=60) for number in range(2)],
        spots=8,
    )
    touring = Touring(of)
    assert [len(days) for days in Inserter(touring).days] == [2, 0, 0, 2]
    state = State.empty(touring)
    assert refill(state, range(4), dice()) == (2,)
    assert state.days_of[1] == state.days_of[0]
    assert violations(of, plan_of(touring, state.solution(), bound=None, seed=0, seconds=0.0)) == ()
