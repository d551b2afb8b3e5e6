"""``solve(problem, stop, seed) -> Plan``: the one door to the searches.

What happens inside, in order, for small problems: a first plan by insertion; the exact model, which may prove its plan
the best; else ruin and recreate until the stop criterion holds; a bound. Larger ones are for the compiled search of
``scheduler/search`` (``scheduler/solve_large.py``). Nothing is written and nothing is read but the problem; with a
criterion that has no clock in it the plan depends on problem and seed alone.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
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

SMALL_MODEL = 6_000
"""Arcs up to which the exact model is tried: a dozen visits on thirty person-days, mostly proved within seconds."""

WARM_UP = 100
"""Search steps before the exact model, so that it begins from a good plan."""

COMPILED_FROM = 50
"""Visits from which on the compiled search is worth its loading."""

MODEL_WORK, MODEL_WORK_WITH_CLOCK = 1.5, 60.0
"""The most that the exact model may work, in CP-SAT's own measure; without a clock it must not take for ever."""

MODEL_SHARE = 0.7
"""The share of the seconds that are left which the exact model may take."""

BOUND_SECONDS = 10.0
"""The longest that the relaxation may take."""


@dataclass(frozen=True, slots=True)
class Progress:
    """What is known in the middle of a search.

    Attributes:
        bound: None until one is proved.
        placed: visits placed, of ``visits``.
        note: what is going on besides, in words; mostly empty.
    """

    iterations: int
    seconds: float
    objective: float
    bound: float | None
    placed: int
    visits: int
    note: str = ""


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
        self.stop(0, math.inf)
        self.touring = Touring(problem)
        self.bound: int | None = None

    @cached_property
    def inserter(self) -> Inserter:
        """Insertion in plain Python, which large problems do without."""
        return Inserter(self.touring)

    def plan(self, start: Plan | None, *, with_reasons: bool) -> Plan:
        """From nothing, or from a plan, to the best plan."""
        if len(self.touring.problem.demands) < COMPILED_FROM:
            state = self._first(start)
            self._tell(0, state)
            solution = self._search(state)
        else:
            solution = self._large(start)
        return plan_of(
            self.touring,
            solution,
            bound=self.bound,
            seed=self.seed,
            seconds=time.monotonic() - self.began,
            with_reasons=with_reasons,
        )

    def _large(self, start: Plan | None) -> Solution:
        from scheduler.solve_large import Large  # brings numba, which small problems do without

        def said(steps: int, cents: int, placed: int, note: str = "") -> None:
            if self.progress is not None:
                seconds, visits = time.monotonic() - self.began, len(self.touring.problem.demands)
                self.progress(Progress(steps, seconds, float(cents), large.bound, placed, visits, note))

        large = Large(self.touring, self.stop, self.seed, said)
        begun = None if start is None else solution_of(self.touring, start)
        solution = large.solution(begun)
        self.bound = large.bound
        return solution

    def _first(self, start: Plan | None) -> State:
        if start is None:
            return first_plan(self.inserter, self.random)
        state = state_of(self.touring, solution_of(self.touring, start))
        self.inserter.insert(state, range(len(self.touring.problem.demands)), self.random)
        return state

    def _search(self, state: State) -> Solution:
        days_of = self.inserter.possible_days()
        self.bound = lower_bound(self.touring, days_of, min(BOUND_SECONDS, seconds_left(self.stop) / 4))
        arcs = size(days_of.values())
        if arcs > SMALL_MODEL:
            return self._improved(state, 0).solution()
        state = self._improved(state, 0, most=WARM_UP)
        best = state.solution()
        if self._until_proved(WARM_UP, best.objective):
            return best
        best = self._exact(days_of, state, best)
        if self._until_proved(WARM_UP, best.objective):
            return best
        found = self._improved(state_of(self.touring, best), WARM_UP).solution()
        return min(best, found, key=lambda solution: solution.objective)

    def _improved(self, state: State, done: int, most: int | None = None) -> State:
        """Ruin and recreate, ``done`` steps having been made before; at most so many more."""

        def stop(iterations: int, best: float) -> bool:
            return (most is not None and iterations >= most) or self._until_proved(iterations + done, best)

        return improve(self.inserter, state, stop, self.random, lambda n, found: self._tell(n + done, found))

    def _exact(self, days_of: dict[int, list[int]], state: State, best: Solution) -> Solution:
        """The exact model's plan where it is better; its bound in any case."""
        left = seconds_left(self.stop)
        work = MODEL_WORK if math.isinf(left) else MODEL_WORK_WITH_CLOCK
        limits = ExactLimits(seconds=left * MODEL_SHARE, work=work)
        answer = solve_exactly(self.touring, days_of, hint=state, limits=limits, seed=self.seed)
        self.bound = max(self.bound or 0, answer.bound)
        return min([best, *([answer.solution] if answer.solution else [])], key=lambda s: s.objective)

    def _until_proved(self, iterations: int, best: float) -> bool:
        return self.stop(iterations, best) or (self.bound is not None and best <= self.bound)

    def _tell(self, iterations: int, state: State) -> None:
        if self.progress is not None:
            seconds = time.monotonic() - self.began
            visits = len(self.touring.problem.demands)
            objective = float(state.objective())
            self.progress(Progress(iterations, seconds, objective, self.bound, len(state.days_of), visits))


def without_time(plan: Plan) -> Plan:
    """The plan without what the clock left in it, for comparing two runs."""
    return replace(plan, solve_seconds=0.0)
