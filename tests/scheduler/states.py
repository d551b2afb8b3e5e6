"""States for tests: these visits on these days, and two plans of one spiteful problem."""

from random import Random

from scheduler.assemble import plan_of
from scheduler.insertion import Inserter
from scheduler.ruin import first_plan, improve
from scheduler.state import State
from scheduler.stop import MaxIterations
from scheduler.tour import Touring
from scheduler.validate import violations
from tests.scheduler.problems import random_problem


def state_of(touring: Touring, tours: dict[int, tuple[int, ...]]) -> State:
    """These visits on these days, as early as may be."""
    state = State.empty(touring)
    for number, visits in tours.items():
        tour = touring.tour(number, visits)
        assert tour is not None
        state.put(tour)
        for visit in visits:
            state.days_of[visit] = (*state.days_of.get(visit, ()), number)
    return state


def two_plans(seed: int) -> tuple[State, State, Random]:
    """A first plan, one that was searched from it, and the dice that are left."""
    inserter = Inserter(Touring(random_problem(seed, visits=9, people=4, days=3)))
    random = Random(seed)  # noqa: S311 - a search
    before = first_plan(inserter, random)
    return before, improve(inserter, before.copy(), MaxIterations(30), random), random


def assert_can_be_kept(state: State) -> None:
    """The judge that shares no code with the solver finds nothing wrong."""
    plan = plan_of(state.touring, state.solution(), bound=None, seed=0, seconds=0.0, with_reasons=False)
    assert violations(state.problem, plan) == ()
