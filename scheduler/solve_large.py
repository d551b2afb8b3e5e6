"""How a problem of dozens to thousands of visits is solved: the compiled search, and then a bound.

Where the search has never been compiled on this machine, another process compiles it while the search in plain Python
goes on, so that a first plan is there at once all the same. Without a clock in the criterion the compiled search is
waited for: then the plan depends on problem and seed alone.
"""

import math
import time
from dataclasses import dataclass
from functools import partial
from random import Random
from statistics import median
from typing import Protocol

from scheduler.assemble import state_of
from scheduler.insertion import Inserter
from scheduler.ruin import first_plan, improve
from scheduler.search import first, insert_left_out, is_warm, prove, search, warm_up, warming
from scheduler.search.columns import Columns
from scheduler.search.gathering import Gathering
from scheduler.search.lower import Bounding
from scheduler.search.memory import give_back
from scheduler.search.proving import WHOLE_VISITS
from scheduler.search.recombine import dive, recombine
from scheduler.search.rounding import rounded
from scheduler.search.run import HOT_CENTS
from scheduler.search.shares import shares_of
from scheduler.state import Solution, State
from scheduler.stop import AnyOf, MaxSeconds, StopCriterion, iterations_left, seconds_left
from scheduler.tour import Touring

SEARCH_SHARE, BOUND_SHARE = 0.2, 0.45
"""Of the seconds, for the first search and for the bound; what is left is spent on cycles."""

DIVE_SHARE, RECOMBINE_SHARE, POLISH_SHARE, PROVE_SHARE = 0.4, 0.35, 0.15, 0.1
"""Of a cycle's seconds."""

CYCLE_SECONDS_PER_VISIT = 0.03
"""Length of a cycle; what is left is one where it is less than two."""

MOST_IDLE = 2
"""Steps of the bound in a row that hardly raise it, after which time is better spent on the plan."""

MOST_CHOICES = 10_000
"""Tours among which CP-SAT chooses."""

WIDE_FROM = 1_000
"""Visits from which on, with a clock, tours are gathered by skimming."""

WIDE_SEARCH_SHARE, GATHER_SHARE, BOUND_LAST_SHARE = 0.25, 0.42, 0.25
"""Of the seconds, for the first search; of a cycle's, for gathering; of all, for the bound at the end."""

MOST_ON_A_TOUR = 15
"""Visits on the middle tour of a first plan: where they are more, skimming finds too few of a day's best tours."""

ROUNDING_SECONDS_PER_VISIT, WIDE_CYCLE_SECONDS_PER_VISIT = 0.006, 0.06
"""With fewer seconds the search has all of them; length of a cycle of gathering, rounding and searching on."""

WIDE_SEARCH_SECONDS_PER_VISIT, GATHER_SECONDS_PER_VISIT = 0.003, 0.016
"""Longest first search, and gathering of a cycle: more of them brings less than to search on from the rounded plan."""

WIDE_BOUND_SECONDS_PER_VISIT, HUGE_BOUND_SECONDS_PER_VISIT = 0.05, 0.3
"""From so many seconds on a part of them goes into a bound; the second is of problems above ``WHOLE_VISITS``.

Of 10,000 visits the first bound takes ten minutes of two cores, and a part of it would prove nothing."""

ROUNDS_TIMES_VISITS = 3_000
"""Rounds of the bound where no clock is in the criterion: fewer for larger problems."""

HUGE_HOT_CENTS = 8_000.0
"""Temperature at which a search of more than ``WHOLE_VISITS`` begins.

A first plan that is made part by part keeps people near their homes, and only heat changes who works where.
"""

WARM_CENTS, COOL_CENTS = 600.0, 200.0
"""Temperatures at which a search begins from a plan that is known, and after a search."""

LONG_COOL_CENTS, LONG_SECONDS_PER_VISIT = 400.0, 0.02
"""The same of a search from a rounded plan that has so many seconds and more."""

COLUMNS, HUGE_COLUMNS = 20_000, 50_000
"""Tours that the search has met which the bound begins with, and gathering; the second of problems above
``WHOLE_VISITS``."""

COMPILING = "compiling the search for this machine, once"
GATHERING = "gathering tours for a better plan"
BOUNDING = "proving how far it can be from the best"


@dataclass(frozen=True, slots=True)
class Allowance:
    """How long a part of the work may take, at most."""

    seconds: float = math.inf
    steps: float = math.inf


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
            return self._searched(state, Allowance(), WARM_CENTS).solution()
        if self._is_wide():
            return self._by_rounding(state).solution()
        state = self._searched(state, self._allowed(self.seconds * SEARCH_SHARE, 0.5), HOT_CENTS)
        return self._put_together(state).solution()

    def _allowed(self, seconds: float, of_steps: float = 1.0) -> Allowance:
        """So many seconds, or a share of the steps that are left where the criterion has no clock."""
        left = iterations_left(self.stop, self.steps)
        if math.isfinite(seconds) or math.isinf(left):
            return Allowance(seconds)
        return Allowance(math.inf, math.ceil(of_steps * left))

    def _first(self, begun: Solution | None) -> State:
        if begun is None:
            return first(self.touring, self.seed)
        state = state_of(self.touring, begun)
        out = [v for v in sorted(self.touring.tied) if v not in state.days_of]
        if out:
            Inserter.for_visits(self.touring, out).insert(state, out, self.random)
        insert_left_out(self.touring, state, self.seed)
        return state

    def _searched(self, state: State, allowed: Allowance, hot: float) -> State:
        """Search for so long."""
        done = self.steps
        left = min(allowed.seconds, seconds_left(self.stop))

        def enough(iterations: int, best: float) -> bool:
            self.steps = done + iterations
            return iterations >= allowed.steps or self._enough(self.steps, best)

        def heard(steps: int, cents: int, placed: int) -> None:
            self.said(done + steps, cents, placed)

        stop: StopCriterion = enough if math.isinf(left) else AnyOf(MaxSeconds(left), enough)
        seed = self.random.getrandbits(30)
        columns = self.columns if self._wants_columns(state) else None
        found = search(self.touring, state, stop, seed, heard, hot=hot, columns=columns)
        give_back()
        return found

    def _wants_columns(self, state: State) -> bool:
        """Whether anything will be made of the tours that a search meets; to keep them costs it some of its steps."""
        return not self._is_wide() or self._wide_cycles(state) > 0 or self._worth_bounding()

    def _put_together(self, state: State) -> State:
        """Bound what is left to gain, and make better plans of the tours that came to light, until it is time to stop.

        Each cycle follows the linear program down to a plan, searches on from there, has CP-SAT choose among all
        tours, and goes on with the bound where it has not converged.
        """
        with Bounding(self.touring, [state.solution()], self.columns.latest(COLUMNS)) as bounding:
            seconds, rounds = self.seconds * BOUND_SHARE, self._rounds()
            while True:
                self._prove(bounding, state, seconds, rounds)
                if self._over(state):
                    return state
                cycle = self._cycle_seconds()
                state = self._dived(bounding, state, self._allowed(cycle * DIVE_SHARE, 0.5))
                state = self._recombined(bounding, state, cycle * RECOMBINE_SHARE)
                state = self._searched(state, self._allowed(cycle * POLISH_SHARE), COOL_CENTS)
                bounding.master.add_all(self.columns.latest(COLUMNS))
                bounding.converged = False
                seconds, rounds = cycle * PROVE_SHARE, 1

    def _is_wide(self) -> bool:
        """Whether the linear program over everything would take too long to be solved again and again."""
        visits = len(self.touring.problem.demands)
        return self._is_huge() or (math.isfinite(self.seconds) and visits >= WIDE_FROM)

    def _is_huge(self) -> bool:
        return len(self.touring.problem.demands) > WHOLE_VISITS

    def _wide_cycles(self, state: State) -> int:
        """How often plans are made of gathered tours; never where tours are long or seconds are few."""
        each = self.seconds / max(1, len(self.touring.problem.demands))
        lengths = [len(tour.visits) for tour in state.tours if tour is not None]
        if math.isinf(each) or each < ROUNDING_SECONDS_PER_VISIT or not lengths or median(lengths) > MOST_ON_A_TOUR:
            return 0
        return max(1, round(each * (1 - WIDE_SEARCH_SHARE) / WIDE_CYCLE_SECONDS_PER_VISIT))

    def _by_rounding(self, state: State) -> State:
        """Search, then make plans of gathered tours, cycle after cycle; then, where there is time, a bound."""
        keep = BOUND_LAST_SHARE * self.seconds if self._worth_bounding() else 0.0
        cycles, hot = self._wide_cycles(state), HUGE_HOT_CENTS if self._is_huge() else HOT_CENTS
        seconds = self.seconds - keep
        if cycles:
            most = WIDE_SEARCH_SECONDS_PER_VISIT * len(self.touring.problem.demands)
            seconds = min(WIDE_SEARCH_SHARE * seconds, most)
        state = self._searched(state, self._allowed(seconds), hot)
        if cycles and not self._over(state):
            state = self._gathered(state, cycles, keep)
        if keep:
            self._prove_wide(state)
        return state

    def _gathered(self, state: State, cycles: int, keep: float) -> State:
        """So many plans, each rounded from the linear program over all tours so far and searched on from; the best.

        What the searches meet is gathered, too. Before the last one everything but its plan is let go of.
        """
        visits = len(self.touring.problem.demands)
        most = GATHER_SECONDS_PER_VISIT * visits
        with Gathering(self.touring, state, self.columns.latest(self._columns())) as gathering:
            for more in range(cycles - 1, -1, -1):
                self._tell(self.steps, state, GATHERING)
                began, seconds = time.monotonic(), (seconds_left(self.stop) - keep) / (more + 1)
                gathering.gather(min(GATHER_SHARE * seconds, most), partial(self._over, state))
                if not more:
                    gathering.close()
                made = self._rounded(gathering, state, seconds - (time.monotonic() - began))
                left = seconds - (time.monotonic() - began)
                is_long = left >= LONG_SECONDS_PER_VISIT * visits
                hot = LONG_COOL_CENTS if is_long else COOL_CENTS
                state = min(state, self._searched(made or state, Allowance(left), hot), key=State.objective)
                self._tell(self.steps, state)
                if more:
                    gathering.stock(state, self.columns.latest(self._columns()))
        return state

    def _rounded(self, gathering: Gathering, best: State, seconds: float) -> State | None:
        """The plan that the linear program over the tours so far is rounded to; None where there was no time for it."""
        worth, cap_price, threads = gathering.centre.worth, gathering.centre.cap, gathering.crowd.threads
        shares = shares_of(gathering.shelf, worth, cap_price, best, seconds, threads, partial(self._over, best))
        give_back()
        return None if shares is None else rounded(gathering.shelf, shares, best, self.random.getrandbits(30))

    def _columns(self) -> int:
        return HUGE_COLUMNS if self._is_huge() else COLUMNS

    def _worth_bounding(self) -> bool:
        """Whether there is a clock, and time enough for a part of it to go into a bound."""
        each = HUGE_BOUND_SECONDS_PER_VISIT if self._is_huge() else WIDE_BOUND_SECONDS_PER_VISIT
        return math.isfinite(self.seconds) and self.seconds >= each * len(self.touring.problem.demands)

    def _prove_wide(self, state: State) -> None:
        """Bound the plan, as far as the seconds go."""
        self._tell(self.steps, state, BOUNDING)

        def heard(cents: int) -> None:
            self.bound = cents
            self._tell(self.steps, state, BOUNDING)

        prove(
            self.touring,
            [state.solution()],
            seconds_left(self.stop),
            lambda: self._over(state),
            columns=self.columns.latest(self._columns()),
            heard=heard,
        )

    def _rounds(self) -> int:
        """Rounds of the bound where no clock is in the criterion."""
        return max(1, ROUNDS_TIMES_VISITS // max(1, len(self.touring.problem.demands)))

    def _cycle_seconds(self) -> float:
        """For the next cycle; infinite where there is no clock."""
        left = seconds_left(self.stop)
        cycle = CYCLE_SECONDS_PER_VISIT * len(self.touring.problem.demands)
        return left if math.isinf(left) or left < 2 * cycle else cycle

    def _over(self, state: State) -> bool:
        return self._enough(self.steps, state.objective())

    def _prove(self, bounding: Bounding, state: State, seconds: float, rounds: int) -> None:
        """Go on with the bound for so many seconds, or rounds where there is no clock."""
        until, timed = time.monotonic() + seconds, math.isfinite(seconds)

        def over() -> bool:
            enough = time.monotonic() >= until or bounding.idle >= MOST_IDLE
            return timed and (enough or self._over(state))

        def heard(cents: int) -> None:
            self.bound = cents
            self._tell(self.steps, state, BOUNDING)

        self._tell(self.steps, state, BOUNDING)
        bounding.go_on(over, 2**30 if timed else rounds, heard)
        if state.objective() == 0:
            self.bound = 0

    def _dived(self, bounding: Bounding, best: State, allowed: Allowance) -> State:
        """Follow the linear program to a plan and search on from there; the better of that and the best one."""
        began, timed = time.monotonic(), math.isfinite(allowed.seconds)
        seed = self.random.getrandbits(30)
        if bounding.climbing:
            bounding.fill_program()
        state = dive(self.touring, bounding.master, best, seed, lambda: timed and self._over(best))
        left = Allowance(max(0.0, allowed.seconds - (time.monotonic() - began)), allowed.steps)
        return min(self._searched(state, left, WARM_CENTS), best, key=State.objective)

    def _recombined(self, bounding: Bounding, best: State, seconds: float) -> State:
        """The best plan of all known tours that CP-SAT finds within the seconds."""
        bounding.master.add_all(self.columns.latest(COLUMNS))
        bounding.master.set_free()
        duals = bounding.master.solve()
        choices = bounding.master.choices(duals, best.objective() - duals.value, MOST_CHOICES)
        seed, timed = self.random.getrandbits(30), math.isfinite(seconds)
        left = min(seconds, seconds_left(self.stop))
        return recombine(self.touring, choices, best, left, seed, lambda: timed and self._over(best))

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

    def _tell(self, steps: int, state: State, note: str = "") -> None:
        self.said(steps, state.objective(), len(state.days_of), note)
