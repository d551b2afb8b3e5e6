import pytest

from benchmarks.instances import Recipe, make
from scheduler.assemble import plan_of
from scheduler.exact import ExactLimits, solve_exactly
from scheduler.insertion import Inserter
from scheduler.search import first, prove, search
from scheduler.stop import MaxIterations
from scheduler.tour import Touring
from scheduler.validate import violations
from tests.scheduler.problems import random_problem


def _against_the_exact_model(seed: int) -> None:
    """The bound is no larger than the best plan there is, and the search finds no better one."""
    touring = Touring(random_problem(seed))
    days_of = Inserter(touring).possible_days()
    begun = first(touring, seed)
    answer = solve_exactly(touring, days_of, hint=begun, limits=ExactLimits(seconds=20), seed=1)
    found = search(touring, begun, MaxIterations(20_000), seed)
    plan = plan_of(touring, found.solution(), bound=None, seed=1, seconds=0.0, with_reasons=False)
    assert not violations(touring.problem, plan)
    assert found.objective() >= answer.bound
    bounded = prove(touring, [found.solution()], seconds=5.0)
    assert bounded.cents <= found.objective()
    if answer.solution is not None:
        assert bounded.cents <= answer.solution.objective
        if answer.proved and not touring.tied:
            assert found.objective() == answer.solution.objective


@pytest.mark.parametrize("seed", range(30))
def test_the_bound_holds_and_the_search_is_right_on_spiteful_problems(seed: int) -> None:
    _against_the_exact_model(seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(30, 400))
def test_the_bound_holds_on_hundreds_of_spiteful_problems(seed: int) -> None:
    _against_the_exact_model(seed)


def test_the_bound_is_near_the_plan_of_a_campaign() -> None:
    touring = Touring(make(Recipe(60, 8, 1)))
    state = search(touring, first(touring, 1), MaxIterations(20_000), 1)
    bounded = prove(touring, [state.solution()], seconds=20.0)
    assert bounded.cents <= state.objective()
    assert bounded.cents >= 0.97 * state.objective()


def test_any_early_end_leaves_a_bound_that_holds() -> None:
    touring = Touring(make(Recipe(60, 8, 1)))
    begun = first(touring, 1)
    bounded = prove(touring, [begun.solution()], seconds=0.0)
    assert bounded.rounds == 1
    assert 0 <= bounded.cents <= begun.objective()
