"""``search``: a plan improved until told to stop, by cycles of cooling over the whole problem or over parts of it."""

import math
import time
from collections.abc import Callable
from random import Random

from scheduler.insertion import Inserter
from scheduler.search.columns import Columns
from scheduler.search.part import Part
from scheduler.search.regions import Share, parts_of
from scheduler.search.ties import loosened, moved, tightened
from scheduler.search.tracks import COLD_CENTS, Crowd, Track, cores
from scheduler.state import State
from scheduler.stop import MaxIterations, StopCriterion, seconds_left
from scheduler.tour import Touring

Report = Callable[[int, int, int], None]
"""Told the steps so far, the cents of the best plan, and how many visits it places."""

HOT_CENTS = 3_000.0
"""Temperature at which a search begins: about what half an hour of somebody's travel costs."""

WHOLE_VISITS = 2_500
"""Larger problems are searched in parts."""

PART_VISITS = 800

TIED_STEPS = 60
"""Steps in which tied visits alone are moved, after each cooling, where no clock is in the criterion."""

TIED_SHARE = 0.1
"""Share of the seconds of a cycle for the same."""

REPORTS_EVERY_S = 0.5


def first(touring: Touring, seed: int, inserter: Inserter | None = None) -> State:
    """A first plan by insertion: tied visits one by one, all others compiled; a large problem part by part."""
    state = State.empty(touring)
    _place_tied(state, touring, seed, inserter)
    shares: list[Share | tuple[None, None]] = [(None, None)]
    if len(touring.problem.demands) > WHOLE_VISITS:
        shares = list(parts_of(touring, state, PART_VISITS, Random(seed)))  # noqa: S311 - a search, not a secret
    for visits, days in shares:
        part = Part(touring, state, seed, visits, days, only_insert=True)
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


def search(
    touring: Touring,
    start: State,
    stop: StopCriterion,
    seed: int,
    report: Report | None = None,
    *,
    hot: float = HOT_CENTS,
    threads: int | None = None,
    columns: Columns | None = None,
) -> State:
    """The best plan found from ``start`` until ``stop`` says so; never dearer than ``start``, which is left as it is.

    Args:
        touring: of the problem.
        start: where to begin.
        stop: asked between chunks of steps, with the number of steps so far. Without a clock in it, the same start
            and seed give the same plan on every machine, however many threads there are.
        seed: of every random choice.
        report: called with the steps so far, the cents and the visits placed, now and then.
        hot: temperature of the first cooling, in cents; a low one stays near ``start``.
        threads: that compute at the same time; as many as there are cores where it is not said.
        columns: is filled with the tours that were met on the way.
    """
    crowd = Crowd(cores() if threads is None else threads)
    try:
        return _Run(touring, start.copy(), stop, seed, report, crowd, columns).to_the_end(hot)
    finally:
        crowd.close()


class _Run:
    """One search: the state that is improved, the steps so far, and when the outside was told last."""

    def __init__(
        self,
        touring: Touring,
        state: State,
        stop: StopCriterion,
        seed: int,
        report: Report | None,
        crowd: Crowd,
        columns: Columns | None,
    ) -> None:
        self.touring, self.state, self.stop, self.report = touring, state, stop, report
        self.crowd, self.columns = crowd, columns
        self.random = Random(seed)  # noqa: S311 - a search, not a secret
        self.steps = 0
        self.told = time.monotonic()
        self.objective = state.objective()
        self.tied = sorted(touring.tied)
        self._inserter: Inserter | None = None

    def to_the_end(self, hot: float) -> State:
        """Cycles of cooling, the first the hottest, until it is time to stop."""
        cycle = 0
        while not self._enough([]):
            seconds = seconds_left(self.stop) * (0.55 if cycle < 2 else 1.0)
            loose = loosened(self.state, self.random)
            self._cycle(loose, hot, seconds * (1.0 - TIED_SHARE if self.tied else 1.0))
            self.state = tightened(loose, self.touring)
            self.objective = self.state.objective()
            self._move_tied(seconds)
            hot, cycle = max(hot / 3, min(hot, 10 * COLD_CENTS)), cycle + 1
        return self.state

    def _cycle(self, loose: State, hot: float, seconds: float) -> None:
        """One cooling of everything, and the best of it written to the state."""
        if len(self.touring.problem.demands) > WHOLE_VISITS:
            self._cool_parts(loose, hot, seconds)
            return
        count = 1 if math.isinf(seconds) else self.crowd.threads
        tracks = self._tracks([(None, None)] * count, loose, hot, seconds)
        self._cool(tracks)
        max(tracks, key=lambda track: track.gain).part.write()

    def _cool_parts(self, loose: State, hot: float, seconds: float) -> None:
        """Parts side by side, as many at a time as there are threads."""
        insert_left_out(loose.touring, loose, self.random.getrandbits(30))
        self.objective = loose.objective()
        split = parts_of(loose.touring, loose, PART_VISITS, self.random)
        width = len(split) if math.isinf(seconds) else self.crowd.threads
        ends = time.monotonic() + seconds
        waves = [split[k : k + width] for k in range(0, len(split), width)]
        for number, wave in enumerate(waves):
            if self._enough([]):
                return
            left = math.inf if math.isinf(seconds) else ends - time.monotonic()
            tracks = self._tracks(list(wave), loose, hot, left / (len(waves) - number))
            self._cool(tracks)
            for track in tracks:
                track.part.write()
            self.objective -= sum(track.gain for track in tracks)

    def _tracks(
        self, shares: list[Share] | list[tuple[None, None]], loose: State, hot: float, seconds: float
    ) -> list[Track]:
        """Make the parts, at the same time where there are threads."""
        seeds = [self.random.getrandbits(30) for _ in shares]
        found: dict[int, Part] = {}

        def make(number: int) -> Callable[[], None]:
            visits, days = shares[number]

            def made() -> None:
                at_once = 1 if visits is None else len(shares)
                found[number] = Part(loose.touring, loose, seeds[number], visits, days, at_once=at_once)

            return made

        began = time.monotonic()
        self.crowd.each([make(number) for number in range(len(shares))])
        left = max(0.0, seconds - (time.monotonic() - began))
        keep = self.columns is not None
        return [Track(found[number], hot, left, keep=keep) for number in range(len(shares))]

    def _cool(self, tracks: list[Track]) -> None:
        self.crowd.run(tracks, lambda: self._enough(tracks))
        self.steps += sum(track.steps for track in tracks)

    def _enough(self, tracks: list[Track]) -> bool:
        """Ask the criterion, tell the outside, and keep what tours there are."""
        gains = [track.gain for track in tracks]
        whole = len(tracks) > 0 and len(self.touring.problem.demands) <= WHOLE_VISITS
        objective = self.objective - (max(gains) if whole else sum(gains))
        steps = self.steps + sum(track.steps for track in tracks)
        if self.columns is not None:
            for track in tracks:
                self.columns.add(track.met)
                track.met.clear()
        self._tell(steps, objective)
        return self.stop(steps, objective)

    def _tell(self, steps: int, objective: int) -> None:
        now = time.monotonic()
        if self.report is not None and now - self.told >= REPORTS_EVERY_S:
            self.told = now
            self.report(steps, objective, len(self.state.days_of))

    def _move_tied(self, seconds: float) -> None:
        """Put visits of teams and orders elsewhere, as far as the others leave room."""
        if not self.tied:
            return
        if self._inserter is None:
            self._inserter = Inserter.for_visits(self.touring, self.tied)
        done, until = self.steps, time.monotonic() + TIED_SHARE * seconds
        enough = MaxIterations(TIED_STEPS)

        def stop(iterations: int, best: float) -> bool:
            self.steps = done + iterations
            over = enough(iterations, best) if math.isinf(seconds) else time.monotonic() >= until
            return self.stop(self.steps, best) or over

        self.state = moved(self.state, self._inserter, self.tied, stop, self.random)
        self.objective = self.state.objective()


def _place_tied(state: State, touring: Touring, seed: int, inserter: Inserter | None) -> None:
    """Visits of several people and visits of an order, by the insertion that looks at every start."""
    tied = [v for v in range(len(touring.problem.demands)) if v in touring.tied]
    if tied:
        found = inserter if inserter is not None else Inserter.for_visits(touring, tied)
        found.insert(state, tied, Random(seed))  # noqa: S311 - a search, not a secret
