"""The linear program over gathered tours, solved roughly, and the plans that it is rounded to."""

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.instances import Recipe, make
from scheduler.assemble import plan_of
from scheduler.search import first, search, warm_up
from scheduler.search.gathering import Gathering
from scheduler.search.lower import never
from scheduler.search.master import Master
from scheduler.search.rounding import rounded
from scheduler.search.shares import Shares, shares_of
from scheduler.search.taken import Taken
from scheduler.solve import Progress, solve
from scheduler.solve_large import BOUNDING, GATHERING
from scheduler.state import State
from scheduler.stop import MaxIterations, MaxSeconds
from scheduler.tour import Touring
from scheduler.validate import violations
from tests.scheduler.problems import random_problem

FREE = Recipe(60, 8, 1)
TIED = Recipe(120, 20, 3, team_share=0.03, order_share=0.05)
RECIPES = [FREE, TIED]


def holds(state: State) -> bool:
    plan = plan_of(state.touring, state.solution(), bound=None, seed=1, seconds=0.0, with_reasons=False)
    return not violations(state.touring.problem, plan)


def gathered(touring: Touring, state: State, skims: int) -> Gathering:
    """So many skimmings, the last of which is broken off."""
    gathering = Gathering(touring, state, (), 1)
    gathering.gather(1e9, lambda: gathering.skims >= skims)
    return gathering


def shares_from(gathering: Gathering, state: State) -> Shares:
    found = shares_of(gathering.shelf, gathering.centre.worth, gathering.centre.cap, state, 60.0, 1, never)
    assert found is not None
    return found


@pytest.mark.parametrize("seed", [1, 2])
def test_the_program_is_solved_nearly_and_its_rules_are_kept_nearly(seed: int) -> None:
    touring = Touring(make(replace(FREE, seed=seed)))
    state = search(touring, first(touring, 1), MaxIterations(2_000), 1)
    gathering = gathered(touring, state, 20)
    shares = shares_from(gathering, state)
    master = Master(touring)
    master.add_all(gathering.shelf.column(number) for number in range(len(gathering.shelf)))
    for _ in range(30):
        duals = master.solve()
    table, visits, begins, lengths = gathering.shelf.laid_out()
    unplaced = touring.arrays.visits.unplaced_cents
    value = shares.share @ table[shares.tours, 1] + shares.left_out @ unplaced
    assert 0.99 * duals.value < value < 1.01 * duals.value
    done, days, caps = shares.left_out.copy(), np.zeros(gathering.shelf.days), np.zeros(len(touring.problem.caps))
    for number, share in zip(shares.tours.tolist(), shares.share.tolist(), strict=True):
        day, _, effort, travel = table[number]
        done[visits[begins[number] : begins[number] + lengths[number]]] += share
        days[day] += share
        for c in touring.caps_of(day):
            caps[c] += share * (effort + (travel if touring.arrays.cap_counts_travel[c] else 0))
    assert done.min() > 0.95
    assert days.max() < 1.05
    assert (caps < 1.02 * np.array([cap.minutes for cap in touring.problem.caps]) + 30).all()


@pytest.mark.parametrize("recipe", RECIPES, ids=["free", "tied"])
def test_a_poor_plan_becomes_a_better_one_that_holds(recipe: Recipe) -> None:
    touring = Touring(make(recipe))
    state = first(touring, 1)
    with gathered(touring, state, 40) as gathering:
        made = rounded(gathering.shelf, shares_from(gathering, state), state, 1)
    assert holds(made)
    assert made.objective() < state.objective()
    assert bool(touring.tied) == (recipe is TIED)
    for visit in touring.tied:
        assert made.days_of.get(visit) == state.days_of.get(visit)
        assert made.fixed.get(visit) == state.fixed.get(visit)


@pytest.mark.parametrize("recipe", RECIPES, ids=["free", "tied"])
def test_a_plan_whose_tours_are_taken_whole_is_that_plan(recipe: Recipe) -> None:
    touring = Touring(make(recipe))
    state = search(touring, first(touring, 1), MaxIterations(2_000), 1)
    with gathered(touring, state, 3) as gathering:
        shelf = gathering.shelf
        known = {shelf.column(number): number for number in range(len(shelf))}
    tours = np.array([known[tour.day, tour.visits] for tour in state.tours if tour is not None])
    shares = Shares(tours, np.ones(len(tours)), np.zeros(len(touring.problem.demands)))
    assert rounded(shelf, shares, state, 1).solution() == state.solution()


@pytest.mark.parametrize("seed", range(40))
def test_plans_of_spiteful_problems_hold(seed: int) -> None:
    touring = Touring(random_problem(seed, visits=12))
    state = first(touring, 1)
    with gathered(touring, state, 6) as gathering:
        shares = shares_of(gathering.shelf, gathering.centre.worth, gathering.centre.cap, state, 60.0, 1, never)
        made = state if shares is None else rounded(gathering.shelf, shares, state, 1)
    assert holds(made)


def test_a_tour_is_taken_without_the_visits_that_are_on_another() -> None:
    touring = Touring(make(FREE))
    state = first(touring, 1)
    tours = [tour for tour in state.tours if tour is not None and len(tour.visits) >= 4]
    whole = tours[0]
    taken = Taken(touring, State.empty(touring))
    assert taken.take((whole.day, whole.visits[:1]))
    assert not taken.take((whole.day, whole.visits[1:]))
    other = next(
        day
        for day in range(len(touring.problem.days))
        if day != whole.day and touring.tour(day, whole.visits) and touring.tour(day, whole.visits[1:])
    )
    assert taken.conflicts((other, whole.visits))
    assert not taken.take((other, whole.visits))
    assert not taken.take((other, whole.visits), 1 - 0.9 / len(whole.visits))
    assert taken.take((other, whole.visits), 1 - 1.1 / len(whole.visits))
    assert taken.routes == {whole.day: whole.visits[:1], other: whole.visits[1:]}
    assert holds(taken.state())


def test_a_cap_that_is_used_up_is_kept() -> None:
    problem = make(FREE)
    capped = replace(problem, caps=tuple(replace(cap, minutes=0) for cap in problem.caps))
    touring = Touring(capped)
    under = {day for cap in capped.caps for day in cap.days}
    taken = Taken(touring, State.empty(touring))
    tours = [tour for tour in first(Touring(problem), 1).tours if tour is not None]
    assert {tour.day for tour in tours} & under
    for tour in tours:
        taken.take((tour.day, tour.visits))
    assert not under.intersection(taken.routes)
    assert holds(taken.state())


@pytest.mark.parametrize(("seconds", "over"), [(0.2, never), (600.0, lambda: True)], ids=["clock", "told"])
def test_a_program_that_is_broken_off_is_no_solution(
    seconds: float, over: Callable[[], bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scheduler.search.shares.EXACT", 0.0)  # so exactly it is never solved
    touring = Touring(make(FREE))
    state = first(touring, 1)
    began = time.monotonic()
    with gathered(touring, state, 20) as gathering:
        worth, cap_price = gathering.centre.worth, gathering.centre.cap
        assert shares_of(gathering.shelf, worth, cap_price, state, seconds, 1, over) is None
    assert time.monotonic() - began < 300


def test_only_some_of_the_days_are_skimmed_at_a_time() -> None:
    touring = Touring(make(FREE))
    state = first(touring, 1)
    with Gathering(touring, state, (), 1) as gathering:
        seen = []
        for _ in range(3):
            gathering.skim(never, 3)
            seen.append({day for day, _ in gathering.everyday.found()})
        assert all(seen)
        assert seen[0].isdisjoint(seen[1])
        assert not (seen[0] | seen[1]) & seen[2]
        gathering.close()
        assert not gathering.everyday.places


def test_many_visits_are_planned_so(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []

    def noting(*args: object) -> State:
        state = rounded(*args)  # type: ignore[arg-type]
        made.append(state.objective())
        return state

    for name, value in (("WIDE_FROM", 60), ("WIDE_BOUND_SECONDS_PER_VISIT", 0.01), ("rounded", noting)):
        monkeypatch.setattr(f"scheduler.solve_large.{name}", value)
    of = make(Recipe(150, 15, 2, order_share=0.1))
    warm_up()  # to load the machine code takes most of the seconds where much else is going on
    told: list[Progress] = []
    plan = solve(of, MaxSeconds(6.0), 1, progress=told.append, with_reasons=False)
    assert violations(of, plan) == ()
    assert len(made) > 0
    assert {GATHERING, BOUNDING} <= {standing.note for standing in told}
    assert plan.bound is not None
    assert 0 < plan.bound <= plan.objective
