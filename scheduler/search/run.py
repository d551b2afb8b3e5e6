"""``search``: a plan improved until told to stop, by cycles of cooling over the whole problem or over parts of it."""

import math
import time
from collections.abc import Callable
from random import Random

from scheduler.insertion import Inserter
from scheduler.search.part import Part
from scheduler.search.regions import Share, parts_of
from scheduler.state import State
from scheduler.stop import MaxSeconds, StopCriterion, seconds_left
from scheduler.tour import Touring

Report = Callable[[int, State], None]

HOT_CENTS = 3_000.0
"""Temperature at which a search begins: about what half an hour of somebody's travel costs."""

COLD_CENTS = 30.0

WHOLE_VISITS = 2_500
"""Larger problems are searched in parts."""

PART_VISITS = 800

CHUNK_SECONDS = 0.05
"""About how long compiled code runs before the criterion is asked again."""

STEPS_PER_VISIT = 400
"""Length of one cooling where no clock is in the criterion."""

REPORTS_EVERY_S = 0.5


def first(touring: Touring, seed: int, inserter: Inserter | None = None) -> State:
    """A first plan by insertion: tied visits one by one, all others compiled; a large problem part by part."""
    state = State.empty(touring)
    _place_tied(state, touring, seed, inserter)
    shares: list[Share | tuple[None, None]] = [(None, None)]
    if len(touring.problem.demands) > WHOLE_VISITS:
        shares = list(parts_of(touring, state, PART_VISITS, Random(seed)))  # noqa: S311 - a search, not a secret
    for visits, days in shares:
        part = Part(touring, state, seed, visits, days)
        part.search.insert(part.search.by_difficulty())
        part.write()
    insert_left_out(touring, state, seed)
    return state


def insert_left_out(touring: Touring, state: State, seed: int) -> None:
    """Offer every visit that is out to every day, those of other parts, too; the others keep their places."""
    out = [v for v in range(len(touring.problem.demands)) if v not in state.days_of and v not in touring.tied]
    if out:
        part = Part(touring, state, seed, out)
        part.search.insert(part.search.by_difficulty())
        part.write()


def search(touring: Touring, start: State, stop: StopCriterion, seed: int, report: Report | None = None) -> State:
    """The best plan found from ``start`` until ``stop`` says so; never dearer than ``start``, which is left as it is.

    Args:
        touring: of the problem.
        start: where to begin; its tied visits keep their people and starts.
        stop: asked between chunks of steps, with the number of steps so far. Without a clock in it, the same start
            and seed give the same plan.
        seed: of every random choice.
        report: called with the steps so far and the best plan, now and then.
    """
    return _Run(touring, start.copy(), stop, seed, report).to_the_end()


class _Run:
    """One search: the state that is improved, the steps so far, and when the outside was told last."""

    def __init__(self, touring: Touring, state: State, stop: StopCriterion, seed: int, report: Report | None) -> None:
        self.touring, self.state, self.stop, self.report = touring, state, stop, report
        self.random = Random(seed)  # noqa: S311 - a search, not a secret
        self.steps = 0
        self.told = time.monotonic()
        self.objective = state.objective()

    def to_the_end(self) -> State:
        """Cycles of cooling, the first the hottest, until it is time to stop."""
        visits = len(self.touring.problem.demands)
        hot, cycle = HOT_CENTS, 0
        while not self.stop(self.steps, self.objective):
            if visits <= WHOLE_VISITS:
                part = Part(self.touring, self.state, self.random.getrandbits(30))
                self._cool([part], hot, self._share(cycle, 1))
            else:
                self._cool_parts(hot, cycle)
            hot, cycle = max(hot / 3, 10 * COLD_CENTS), cycle + 1
        return self.state

    def _share(self, cycle: int, parts: int) -> float:
        """Seconds of cooling for each part: half of what is left at first, then more; infinite without a clock."""
        left = seconds_left(self.stop)
        return left * (0.55 if cycle < 2 else 1.0) / parts

    def _cool_parts(self, hot: float, cycle: int) -> None:
        insert_left_out(self.touring, self.state, self.random.getrandbits(30))
        self.objective = self.state.objective()
        split = parts_of(self.touring, self.state, PART_VISITS, self.random)
        for number, (visits, days) in enumerate(split):
            if self.stop(self.steps, self.objective):
                return
            part = Part(self.touring, self.state, self.random.getrandbits(30), visits, days)
            rounds_left = 0.4 if cycle < 2 else 1.0
            self._cool([part], hot, seconds_left(self.stop) * rounds_left / max(1, len(split) - number))

    def _cool(self, parts: list[Part], hot: float, seconds: float) -> None:
        """Cool one search from hot to cold within these seconds, or a number of steps where there is no clock."""
        for part in parts:
            before = part.search.best
            rows = len(part.numbering.visits)
            begun, done, chunk = time.monotonic(), 0, 200
            wanted = STEPS_PER_VISIT * max(1, rows)
            share = 0.0
            while share < 1.0 and not self.stop(self.steps, self.objective - before + part.search.best):
                spent = time.monotonic()
                ahead = min(
                    1.0, share + (chunk / wanted if math.isinf(seconds) else CHUNK_SECONDS / max(seconds, 0.01))
                )
                part.search.anneal(chunk, _warmth(hot, share), _warmth(hot, ahead))
                self.steps, done = self.steps + chunk, done + chunk
                now = time.monotonic()
                if math.isinf(seconds):
                    share = done / wanted
                else:
                    share = (now - begun) / max(seconds, 0.01)
                    chunk = max(20, min(20_000, int(chunk * min(2.0, CHUNK_SECONDS / max(now - spent, 1e-4)))))
                self._tell(part, before)
            part.write()
            self.objective += part.search.best - before

    def _tell(self, part: Part, before: int) -> None:
        now = time.monotonic()
        if self.report is None or now - self.told < REPORTS_EVERY_S or part.search.best >= before:
            return
        self.told = now
        part.write()
        self.report(self.steps, self.state)


def _warmth(hot: float, share: float) -> float:
    """The temperature after a share of the cooling."""
    return max(COLD_CENTS, hot * math.pow(COLD_CENTS / hot, min(1.0, share)))


def _place_tied(state: State, touring: Touring, seed: int, inserter: Inserter | None) -> None:
    """Visits of several people and visits of an order, by the insertion that looks at every start."""
    tied = [v for v in range(len(touring.problem.demands)) if v in touring.tied]
    if tied:
        found = inserter if inserter is not None else Inserter.for_visits(touring, tied)
        found.insert(state, tied, Random(seed))  # noqa: S311 - a search, not a secret


def warm_up(touring: Touring, state: State) -> None:
    """Run every compiled function once, so that what is measured afterwards holds no compilation."""
    search(touring, state, MaxSeconds(0.05), 0)
