"""How a problem of dozens to thousands of visits is solved: the compiled search, and then a bound.

Where the search has never been compiled on this machine, another process compiles it while the search in plain Python
goes on, so that a first plan is there at once all the same. Without a clock in the criterion the compiled search is
waited for: then the plan depends on problem and seed alone.
"""

import math
from random import Random
from typing import Protocol

from scheduler.assemble import state_of
from scheduler.insertion import Inserter
from scheduler.ruin import first_plan, improve
from scheduler.search import first, insert_left_out, is_warm, prove, search, warm_up, warming
from scheduler.search.columns import Columns
from scheduler.search.run import HOT_CENTS
from scheduler.state import Solution, State
from scheduler.stop import AnyOf, MaxSeconds, StopCriterion, seconds_left
from scheduler.tour import Touring

BOUND_SHARE = 0.25
"""Of the seconds, for the bound."""

BOUNDED_VISITS = 4_000
"""Above it there is no bound: column generation over everything would take a gigabyte and more than minutes."""

POLISH_SHARE = 0.1
"""Of the seconds, for a last search after the bound: a plan gets the whole of the time if it needs it."""

ROUNDS_TIMES_VISITS = 3_000
"""Rounds of the bound where no clock is in the criterion: fewer for larger problems."""

WARM_CENTS, COOL_CENTS = 600.0, 200.0
"""Temperatures at which a search begins from a plan that is known, and after a search."""

COLUMNS = 20_000
"""Tours that the search has met which the bound begins with."""

COMPILING = "the search is being compiled for this machine, once; until then a slower one works"


class Said(Protocol):
    """Hears how far the search is."""

    def __call__(self, steps: int, cents: int, placed: int, note: str = "") -> None:
        """Steps so far, cents of the best plan, visits that it places."""
        ...


class Large:
    """One large problem being solved.

    Attributes:
        bound: cents; None until one is proved.
        steps: of the search, so far.
    """

    def __init__(self, touring: Touring, stop: StopCriterion, seed: int, said: Said) -> None:
        self.touring, self.stop, self.seed, self.said = touring, stop, seed, said
        self.random = Random(seed)  # noqa: S311 - a search, not a secret
        self.bound: int | None = None
        self.steps = 0
        self.seconds = seconds_left(stop)
        self.columns = Columns()

    def solution(self, begun: Solution | None) -> Solution:
        """The best plan when the criterion says so, from nothing or from one that is known.

        A search from a known plan has all of the time, and no bound: such answers are wanted within seconds.
        """
        state = self._while_compiling(begun)
        if state is not None and (not is_warm() or self._enough(0, state.objective())):
            return state.solution()
        state = self._first(begun) if state is None else state
        self._tell(0, state)
        if begun is not None:
            return self._searched(state, math.inf, WARM_CENTS).solution()
        if len(self.touring.problem.demands) > BOUNDED_VISITS:
            return self._searched(state, math.inf, HOT_CENTS).solution()
        state = self._searched(state, self.seconds * (1 - BOUND_SHARE - POLISH_SHARE), HOT_CENTS)
        self._prove(state)
        return self._searched(state, math.inf, COOL_CENTS).solution()

    def _first(self, begun: Solution | None) -> State:
        if begun is None:
            return first(self.touring, self.seed)
        state = state_of(self.touring, begun)
        out = [v for v in sorted(self.touring.tied) if v not in state.days_of]
        if out:
            Inserter.for_visits(self.touring, out).insert(state, out, self.random)
        insert_left_out(self.touring, state, self.seed)
        return state

    def _searched(self, state: State, seconds: float, hot: float) -> State:
        """Search for so many seconds of what is left, all of it where there is no clock."""
        done = self.steps
        left = min(seconds, seconds_left(self.stop))

        def enough(iterations: int, best: float) -> bool:
            self.steps = done + iterations
            return self._enough(self.steps, best)

        def heard(steps: int, cents: int, placed: int) -> None:
            self.said(done + steps, cents, placed)

        stop: StopCriterion = enough if math.isinf(left) else AnyOf(MaxSeconds(left), enough)
        seed = self.random.getrandbits(30)
        return search(self.touring, state, stop, seed, heard, hot=hot, columns=self.columns)

    def _prove(self, state: State) -> None:
        """Bound what is left to gain, within its share of the seconds."""
        visits = max(1, len(self.touring.problem.demands))
        seconds = self.seconds * BOUND_SHARE
        rounds = 2**30 if math.isfinite(seconds) else max(1, ROUNDS_TIMES_VISITS // visits)

        def stopped() -> bool:
            return math.isfinite(seconds) and self.stop(self.steps, state.objective())

        def heard(cents: int) -> None:
            self.bound = cents
            self._tell(self.steps, state)

        known = self.columns.latest(COLUMNS)
        prove(self.touring, [state.solution()], seconds, stopped, columns=known, most_rounds=rounds, heard=heard)
        if state.objective() == 0:
            self.bound = 0

    def _while_compiling(self, begun: Solution | None) -> State | None:
        """The plan of the search in plain Python while there is no other; None where there is."""
        if is_warm():
            return None
        if math.isinf(self.seconds):
            warm_up()
            return None
        process = warming()
        inserter = Inserter(self.touring)
        if begun is None:
            state = first_plan(inserter, self.random)
        else:
            state = state_of(self.touring, begun)
            inserter.insert(state, range(len(self.touring.problem.demands)), self.random)

        def ready(iterations: int, best: float) -> bool:
            return (process is not None and not process.is_alive() and is_warm()) or self._enough(iterations, best)

        def heard(steps: int, found: State) -> None:
            self.said(steps, found.objective(), len(found.days_of), COMPILING)

        heard(0, state)
        return improve(inserter, state, ready, self.random, heard)

    def _enough(self, steps: int, best: float) -> bool:
        return self.stop(steps, best) or (self.bound is not None and best <= self.bound)

    def _tell(self, steps: int, state: State) -> None:
        self.said(steps, state.objective(), len(state.days_of))
