"""How a problem of dozens to thousands of visits is solved: the compiled search, and then a bound.

Where the search has never been compiled on this machine, another process compiles it while the search in plain Python
goes on, so that a first plan is there at once all the same. Without a clock in the criterion the compiled search is
waited for: then the plan depends on problem and seed alone.
"""

import math
import time
from dataclasses import dataclass
from random import Random
from typing import Protocol

from scheduler.assemble import state_of
from scheduler.insertion import Inserter
from scheduler.ruin import first_plan, improve
from scheduler.search import first, insert_left_out, is_warm, prove, search, warm_up, warming
from scheduler.search.columns import Columns
from scheduler.search.lower import Bounding
from scheduler.search.pieces import Piece, pieces_of
from scheduler.search.proving import WHOLE_VISITS
from scheduler.search.recombine import dive, recombine
from scheduler.search.run import HOT_CENTS
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

PIECES_FROM = 1_000
"""Visits from which on, with a clock, the linear program is set up for pieces."""

PIECE_VISITS = 500

WIDE_SEARCH_SHARE, PIECES_SHARE, BOUND_LAST_SHARE = 0.35, 0.8, 0.25
"""Of the seconds, for the first search; of what is left then, for the pieces of one cut; of all, for the bound."""

SEARCH_SECONDS_PER_VISIT = 0.05
"""Before pieces are cut: what the search gains until then it gains quicker than they do."""

LEAST_PIECE_SECONDS, MOST_PIECE_SECONDS = 15.0, 30.0
"""For one piece: less does not pay, more brings little."""

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

COLUMNS, HUGE_COLUMNS = 20_000, 100_000
"""Tours that the search has met which the bound begins with; the second of problems above ``WHOLE_VISITS``."""

COMPILING = "the search is being compiled for this machine, once; until then a slower one works"


@dataclass(frozen=True, slots=True)
class Allowance:
    """How long a part of the work may take, at most."""

    seconds: float = math.inf
    steps: float = math.inf


def _unheard(steps: int, cents: int, placed: int, note: str = "") -> None:
    """How far a piece is, which nobody asks."""
    del steps, cents, placed, note


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
            hot = HUGE_HOT_CENTS if self._is_huge() else HOT_CENTS
            state = self._searched(state, self._allowed(self.seconds * self._wide_share()), hot)
            return self._by_pieces(state).solution()
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
        columns = self.columns if self._wants_columns() else None
        return search(self.touring, state, stop, seed, heard, hot=hot, columns=columns)

    def _wants_columns(self) -> bool:
        """Whether anything will be made of the tours that a search meets; to keep them costs it some of its steps."""
        return not self._is_wide() or self._pieces_pay() or self.seconds >= self._worth_bounding()

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
        """Whether the linear program over everything would take too long: then it is set up for pieces."""
        visits = len(self.touring.problem.demands)
        return self._is_huge() or (math.isfinite(self.seconds) and visits >= PIECES_FROM)

    def _is_huge(self) -> bool:
        return len(self.touring.problem.demands) > WHOLE_VISITS

    def _wide_share(self) -> float:
        """The share of the seconds for the first search: nearly all of them where there is no time for pieces."""
        if self._pieces_pay():
            return WIDE_SEARCH_SHARE
        return 1 - BOUND_LAST_SHARE if self.seconds >= self._worth_bounding() else 1.0

    def _pieces_pay(self) -> bool:
        """Whether there is time to search for long before, and then for the linear program of every piece."""
        visits, left = len(self.touring.problem.demands), (1 - WIDE_SEARCH_SHARE) * self.seconds
        searched = WIDE_SEARCH_SHARE * self.seconds >= SEARCH_SECONDS_PER_VISIT * visits
        each = PIECES_SHARE * left / max(1.0, visits / PIECE_VISITS)
        return math.isfinite(left) and searched and each >= LEAST_PIECE_SECONDS

    def _by_pieces(self, state: State) -> State:
        """Cut after cut, each piece made better by its own linear program; then, where there is time, a bound."""
        keep = self.seconds * BOUND_LAST_SHARE if self.seconds >= self._worth_bounding() else 0.0
        while self._pieces_pay():
            left = seconds_left(self.stop) - keep
            pieces = pieces_of(self.touring, state, PIECE_VISITS, self.random)
            each = min(MOST_PIECE_SECONDS, PIECES_SHARE * left / max(1, len(pieces)))
            if not pieces or each < LEAST_PIECE_SECONDS:
                break
            state = self._pieced(state, pieces, each)
            state = self._searched(state, self._allowed((1 - PIECES_SHARE) / 2 * left), COOL_CENTS)
        state = self._searched(state, self._allowed(seconds_left(self.stop) - keep), COOL_CENTS)
        if keep:
            self._prove_wide(state)
        return state

    def _worth_bounding(self) -> float:
        """Seconds from which on a part of them goes into a bound."""
        visits = len(self.touring.problem.demands)
        return visits * (HUGE_BOUND_SECONDS_PER_VISIT if self._is_huge() else WIDE_BOUND_SECONDS_PER_VISIT)

    def _pieced(self, state: State, pieces: list[Piece], each: float) -> State:
        """Every piece made better in so many seconds; the plan that was given where none could be."""
        better = state.copy()
        for piece in pieces:
            if self._over(better):
                break
            stop = AnyOf(MaxSeconds(each), lambda _steps, _best: self._over(better))
            inner = Large(piece.touring, stop, self.random.getrandbits(30), _unheard)
            piece.put_back(better, inner.made_better(piece.state))
            self._tell(self.steps, better)
        return min(better, state, key=State.objective)

    def made_better(self, state: State) -> State:
        """A plan put together from tours, beginning with a plan that has been searched for long."""
        return self._put_together(state)

    def _prove_wide(self, state: State) -> None:
        """Bound the plan, as far as the seconds go."""

        def heard(cents: int) -> None:
            self.bound = cents
            self._tell(self.steps, state)

        known = self.columns.latest(HUGE_COLUMNS if self._is_huge() else COLUMNS)
        prove(
            self.touring,
            [state.solution()],
            seconds_left(self.stop),
            lambda: self._over(state),
            columns=known,
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
            self._tell(self.steps, state)

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

    def _tell(self, steps: int, state: State) -> None:
        self.said(steps, state.objective(), len(state.days_of))
