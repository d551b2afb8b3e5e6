"""``solve(problem, stop, seed) -> Plan``: the one door to the searches.

What happens inside, in order: a first plan by insertion; for small problems the exact model, which may prove its
plan the best; else ruin and recreate until the stop criterion holds; at last a bound. Nothing is written and nothing
is read but the problem; with a criterion that has no clock in it the plan depends on problem and seed alone.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

from muster.plan import Plan
from scheduler.assemble import plan_of, solution_of, state_of
from scheduler.bound import lower_bound
from scheduler.exact import ExactLimits, size, solve_exactly
from scheduler.insertion import Inserter
from scheduler.problem import Problem
from scheduler.ruin import first_plan, improve
from scheduler.state import Solution, State
from scheduler.stop import StopCriterion, seconds_left
from scheduler.tour import Touring

SMALL_MODEL = 1_500
"""Arcs up to which the exact model is tried: a few dozen visits on few days, proved within a second or two."""

BOUND_SECONDS = 10.0
"""The longest that the relaxation may take."""


@dataclass(frozen=True, slots=True)
class Progress:
    """What is known in the middle of a search.

    Attributes:
        bound: None until one is proved.
        placed: visits placed, of ``visits``.
    """

    iterations: int
    seconds: float
    objective: float
    bound: float | None
    placed: int
    visits: int


Watcher = Callable[[Progress], None]


def solve(
    problem: Problem,
    stop: StopCriterion,
    seed: int = 0,
    *,
    progress: Watcher | None = None,
    start: Plan | None = None,
    with_reasons: bool = True,
) -> Plan:
    """The best plan that was found when the criterion said stop.

    Args:
        problem: what is to be planned.
        stop: asked after every step; the first plan is finished in any case.
        seed: of every random choice.
        progress: called now and then with how far it is.
        start: a plan to begin from, such as the one that binds; what does not hold any more falls out of it.
        with_reasons: whether the reasons of visits that are left out are worked out; takes time where there are many.
    """
    return Solving(problem, stop, seed, progress).plan(start, with_reasons=with_reasons)


class Solving:
    """One call of ``solve``: its random numbers, its clock, and the best bound so far."""

    def __init__(self, problem: Problem, stop: StopCriterion, seed: int, progress: Watcher | None) -> None:
        self.stop, self.seed, self.progress = stop, seed, progress
        self.random = Random(seed)  # noqa: S311 - a search, not a secret
        self.began = time.monotonic()
        self.touring = Touring(problem)
        self.inserter = Inserter(self.touring)
        self.bound: int | None = None

    def plan(self, start: Plan | None, *, with_reasons: bool) -> Plan:
        """From nothing, or from a plan, to the best plan."""
        self.stop(0, math.inf)
        state = self._first(start)
        self._tell(0, state)
        solution = self._search(state)
        return plan_of(
            self.touring,
            solution,
            bound=self.bound,
            seed=self.seed,
            seconds=time.monotonic() - self.began,
            with_reasons=with_reasons,
        )

    def _first(self, start: Plan | None) -> State:
        if start is None:
            return first_plan(self.inserter, self.random)
        state = state_of(self.touring, solution_of(self.touring, start))
        self.inserter.insert(state, range(len(self.touring.problem.demands)), self.random)
        return state

    def _search(self, state: State) -> Solution:
        days_of = self.inserter.possible_days()
        self.bound = lower_bound(self.touring, days_of, min(BOUND_SECONDS, seconds_left(self.stop) / 4))
        best = state.solution()
        if size(days_of.values()) <= SMALL_MODEL and not self._done(0, best):
            limits = ExactLimits(seconds=seconds_left(self.stop))
            answer = solve_exactly(self.touring, days_of, hint=state, limits=limits, seed=self.seed)
            self.bound = max(self.bound, answer.bound)
            if answer.solution is not None and answer.solution.objective < best.objective:
                best = answer.solution
                state = state_of(self.touring, best)
        if self._done(0, best):
            return best
        found = improve(self.inserter, state, self._until_proved, self.random, self._tell)
        return min(best, found.solution(), key=lambda solution: solution.objective)

    def _until_proved(self, iterations: int, best: float) -> bool:
        return self.stop(iterations, best) or (self.bound is not None and best <= self.bound)

    def _done(self, iterations: int, best: Solution) -> bool:
        return self._until_proved(iterations, best.objective)

    def _tell(self, iterations: int, state: State) -> None:
        if self.progress is not None:
            seconds = time.monotonic() - self.began
            visits = len(self.touring.problem.demands)
            objective = float(state.objective())
            self.progress(Progress(iterations, seconds, objective, self.bound, len(state.days_of), visits))


def without_time(plan: Plan) -> Plan:
    """The plan without what the clock left in it, for comparing two runs."""
    return replace(plan, solve_seconds=0.0)
