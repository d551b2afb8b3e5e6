"""The compiled way through ``solve``: the same laws as for small problems, which here are sent that way, too."""

import threading
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.instances import Recipe, make
from scheduler import solve_large
from scheduler.exact import ExactLimits, solve_exactly
from scheduler.insertion import Inserter
from scheduler.search import first
from scheduler.search.ties import loosened, tightened
from scheduler.solve import Progress, solve, without_time
from scheduler.stop import AnyOf, Cancelled, MaxIterations, MaxSeconds
from scheduler.tour import Touring
from scheduler.validate import violations
from tests.scheduler.problems import Spiteful, random_problem

TIED = Recipe(80, 8, 3, team_share=0.1, order_share=0.3)


@pytest.fixture(autouse=True, scope="module")
def _everything_is_large() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("scheduler.solve.COMPILED_FROM", 0)
        patch.setattr("scheduler.solve_large.ROUNDS_TIMES_VISITS", 1)
        yield


@settings(max_examples=80)
@given(st.integers(0, 10**9))
def test_every_plan_of_a_random_problem_passes_the_second_opinion(seed: int) -> None:
    of = random_problem(seed)
    plan = solve(of, MaxIterations(200), seed % 7)
    assert violations(of, plan) == ()
    assert plan.bound is None or 0 <= plan.bound <= plan.objective


@settings(max_examples=15)
@given(st.integers(0, 10**9))
def test_larger_problems_pass_it_too(seed: int) -> None:
    of = random_problem(seed, visits=40, people=6, days=4)
    assert violations(of, solve(of, MaxIterations(300), seed % 7, with_reasons=False)) == ()


def agreement(seeds: range) -> tuple[int, int]:
    """How often the exact model proved the best plan of problems without tied visits, and how often it was found."""
    proved = reached = 0
    for seed in seeds:
        of = random_problem(seed, visits=5, people=2)
        touring = Touring(of)
        exact = solve_exactly(touring, Inserter(touring).possible_days(), limits=ExactLimits(work=10))
        found = solve(of, MaxIterations(3000), 1, with_reasons=False).objective
        assert exact.bound <= found
        if exact.proved and not touring.tied:
            proved, reached = proved + 1, reached + (found == exact.bound)
    return proved, reached


def test_the_exact_model_agrees_on_dozens_of_small_problems() -> None:
    proved, reached = agreement(range(40))
    assert proved > 15
    assert reached == proved


@pytest.mark.slow
def test_the_exact_model_agrees_on_hundreds_of_small_problems() -> None:
    proved, reached = agreement(range(40, 440))
    assert proved > 150
    assert reached == proved


def test_teams_and_orders_are_kept_and_still_searched() -> None:
    of = make(TIED)
    begun = solve(of, MaxIterations(0), 1, with_reasons=False)
    plan = solve(of, MaxIterations(20_000), 1, with_reasons=False)
    assert violations(of, begun) == violations(of, plan) == ()
    assert plan.objective < begun.objective
    tied = {of.demands[v].visit.id for v in Touring(of).tied}
    stood = {(a.visit_id, a.person_id, a.starts_at) for a in begun.assignments if a.visit_id in tied}
    stands = {(a.visit_id, a.person_id, a.starts_at) for a in plan.assignments if a.visit_id in tied}
    assert stood != stands


@settings(max_examples=25)
@given(st.integers(0, 10**9))
def test_loosening_and_tightening_a_plan_changes_nothing(seed: int) -> None:
    touring = Touring(random_problem(seed, visits=12))
    state = first(touring, 1)
    before = state.solution()
    again = tightened(loosened(state, Spiteful(seed)), touring)
    assert again.solution() == before
    assert again.fixed == state.fixed


def test_the_same_seed_gives_the_same_plan_however_many_cores_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    of = make(Recipe(80, 8, 3, order_share=0.2))
    plans = []
    for threads in (1, 1, 3):
        monkeypatch.setattr("scheduler.search.run.cores", lambda threads=threads: threads)
        plans.append(without_time(solve(of, MaxIterations(6000), 3, with_reasons=False)))
    assert plans[0] == plans[1] == plans[2]


def test_parts_give_the_same_plan_however_many_cores_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scheduler.search.run.PART_VISITS", 40)
    of = make(Recipe(150, 15, 2))
    plans = []
    for threads in (1, 3):
        monkeypatch.setattr("scheduler.search.run.cores", lambda threads=threads: threads)
        plans.append(without_time(solve(of, MaxIterations(8000), 3, with_reasons=False)))
    assert plans[0] == plans[1]
    assert violations(of, plans[0]) == ()


def test_several_threads_and_a_clock_give_a_plan_that_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scheduler.search.run.cores", lambda: 3)
    of = make(TIED)
    begun = solve(of, MaxIterations(0), 1, with_reasons=False)
    plan = solve(of, MaxSeconds(1.5), 1, with_reasons=False)
    assert violations(of, plan) == ()
    assert plan.objective <= begun.objective


def test_it_stops_when_it_is_told_and_returns_the_best_so_far() -> None:
    of = make(TIED)
    cancelled = threading.Event()
    told: list[Progress] = []

    def watch(standing: Progress) -> None:
        told.append(standing)
        cancelled.set()

    plan = solve(of, AnyOf(Cancelled(cancelled.is_set), MaxSeconds(600)), 0, progress=watch, with_reasons=False)
    assert violations(of, plan) == ()
    assert len(told) < 5
    assert plan.objective <= told[0].objective


def test_progress_tells_the_plan_and_the_bound() -> None:
    told: list[Progress] = []
    of = make(Recipe(60, 8, 1))
    plan = solve(of, MaxIterations(2000), 0, progress=told.append, with_reasons=False)
    assert [p.objective for p in told] == sorted((p.objective for p in told), reverse=True)
    assert told[-1].bound == plan.bound
    assert told[-1].placed <= told[-1].visits == 60


def test_a_search_from_a_plan_is_never_worse_than_the_plan() -> None:
    of = make(TIED)
    begun = solve(of, MaxIterations(2000), 0, with_reasons=False)
    again = solve(of, MaxIterations(0), 1, start=begun, with_reasons=False)
    assert again.objective <= begun.objective
    assert violations(of, again) == ()


def test_while_the_search_is_being_compiled_a_slower_one_plans(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scheduler.solve_large.is_warm", lambda: False)
    monkeypatch.setattr("scheduler.solve_large.warming", lambda: None)
    told: list[Progress] = []
    of = make(TIED)
    plan = solve(of, MaxSeconds(0.2), 0, progress=told.append, with_reasons=False)
    assert violations(of, plan) == ()
    assert told[0].note == solve_large.COMPILING
