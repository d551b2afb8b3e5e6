"""How far a plan can be from the best one is proved afterwards, and told as long as it gets smaller."""

from dataclasses import replace
from functools import cache

import pytest

from benchmarks.instances import Recipe, make
from muster.plan import Plan
from scheduler.exact import ExactLimits, solve_exactly
from scheduler.gap import Gap, gap_of
from scheduler.insertion import Inserter
from scheduler.problem import Problem
from scheduler.solve import solve
from scheduler.stop import MaxIterations
from scheduler.tour import Touring
from tests.scheduler.problems import day, demand, person, problem, random_problem


@cache
def planned() -> tuple[Problem, Plan]:
    of = make(Recipe(60, 8, 1))
    return of, replace(solve(of, MaxIterations(3_000), 1, with_reasons=False), bound=None)


def test_a_plan_without_a_bound_gets_one() -> None:
    of, plan = planned()
    told: list[Gap] = []
    gap = gap_of(of, plan, 20.0, heard=told.append)
    assert gap.cents == plan.objective
    assert gap.bound_cents is not None
    assert 0.9 * gap.cents < gap.bound_cents <= gap.cents
    assert gap.share == (gap.cents - gap.bound_cents) / gap.cents
    assert told[-1] == gap
    bounds = [one.bound_cents for one in told if one.bound_cents is not None]
    assert bounds == sorted(bounds)
    assert gap.provable


def test_a_bound_from_before_somebody_came_does_not_count() -> None:
    """The plan costs what it did, and a cheaper colleague could make all cheaper."""
    visits, dear = [demand("V-1"), demand("V-2")], person("Anna", rate=9000)
    alone = problem(visits, [dear])
    plan = solve(alone, MaxIterations(500), 1)
    assert plan.bound == plan.objective == 18_000
    told: list[Gap] = []
    assert gap_of(alone, plan, 20.0, heard=told.append) == told[-1] == Gap(18_000, 18_000)
    both = problem(visits, [dear, person("Ben", rate=6000)], [day(0), day(1)])
    assert gap_of(both, plan, 20.0) == Gap(18_000, 12_000)


def test_what_the_problem_does_not_allow_any_more_counts_as_left_out() -> None:
    of, plan = planned()
    first = plan.assignments[0].person_id
    gone = next(number for number, who in enumerate(of.people) if who.id == first)
    kept = [number for number, day in enumerate(of.days) if day.person != gone]
    new = {number: turn for turn, number in enumerate(kept)}
    caps = (replace(cap, days=tuple(new[n] for n in cap.days if n in new)) for cap in of.caps)
    without = replace(of, days=tuple(of.days[n] for n in kept), caps=tuple(cap for cap in caps if cap.days))
    gap = gap_of(without, plan, 5.0)
    assert gap.cents > plan.objective
    assert gap.bound_cents is not None
    assert gap.bound_cents <= gap.cents


def test_who_stops_it_gets_what_is_proved_by_then() -> None:
    of, plan = planned()
    asked = []

    def stopped() -> bool:
        asked.append(True)
        return True

    gap = gap_of(of, plan, 1e9, stopped=stopped)
    assert asked
    assert gap.bound_cents is None or gap.bound_cents <= gap.cents


def test_a_plan_of_nothing_is_the_best_there_is() -> None:
    of = problem([], [person("Anna")])
    assert gap_of(of, solve(of, MaxIterations(1), 0), 1.0).share == 0.0
    nobody = replace(problem([demand("V-1")], [person("Anna")]), days=())
    gap = gap_of(nobody, solve(nobody, MaxIterations(1), 0), 1.0)
    assert gap.share == 0.0
    assert gap.cents > 0


@pytest.mark.parametrize("seed", range(12))
def test_no_plan_is_better_than_is_said(seed: int) -> None:
    of = random_problem(seed)
    plan = replace(solve(of, MaxIterations(1), seed), bound=None)
    touring = Touring(of)
    exact = solve_exactly(touring, Inserter(touring).possible_days(), limits=ExactLimits(seconds=20), seed=1)
    gap = gap_of(of, plan, 3.0)
    if exact.solution is not None and gap.bound_cents is not None:
        assert gap.bound_cents <= exact.solution.objective <= gap.cents


def test_of_visits_at_home_nearly_everything_is_proved_at_once() -> None:
    """Days hold dozens of them, and to tell their tours apart takes long; the relaxation needs no tours."""
    people = [person(name, rate=rate) for name, rate in (("Anna", 5_000), ("Ben", 6_000), ("Cleo", 9_000))]
    visits = [demand(f"V-{n}", effort=10 + n % 7) for n in range(120)]
    of = problem(visits, people, [day(who, number=n) for who in range(3) for n in range(2)])
    plan = solve(of, MaxIterations(300), 1, with_reasons=False)
    gap = gap_of(of, plan, 0.5)
    assert gap.share is not None
    assert gap.share < 0.01
