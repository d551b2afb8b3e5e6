"""``search``: a plan improved until told to stop, by cycles of cooling over the whole problem or over parts of it."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random

from scheduler.insertion import Inserter
from scheduler.search.columns import Columns
from scheduler.search.part import MOST_CANDIDATES, Part, apply_routes
from scheduler.search.regions import Share, parts_of
from scheduler.search.takers import Takers
from scheduler.search.ties import loosened, moved, tightened
from scheduler.search.tracks import Crowd, Span, Track, cores
from scheduler.state import State
from scheduler.stop import MaxIterations, StopCriterion, seconds_left
from scheduler.tour import Touring

Routes = dict[int, tuple[int, ...]]
"""The visits of days, in order."""

Report = Callable[[int, int, int], None]
"""Told the steps so far, the cents of the best plan, and how many visits it places."""

HOT_CENTS = 3_000.0
"""Temperature at which a search begins: about what half an hour of somebody's travel costs."""

COLD_CENTS = 30.0
"""Temperature at which a cooling ends."""

SHARES, SHARES_OF_PARTS = (0.55, 0.55, 1.0), (1.0,)
"""Of the seconds that are left, for one cooling after the other; the second where everything is cut into parts."""

STEPS_PER_VISIT = 400
"""Length of one cooling where no clock is in the criterion."""

FIRST_WHOLE_VISITS, FIRST_PART_VISITS = 2_500, 800
"""The first plan of larger problems is made part by part; visits of such a part."""

PART_VISITS, LEAST_PART_VISITS, MOST_PART_VISITS = 500, 200, 2_000
"""Visits of a part in a search: a quarter of all within the first and the last.

Many small parts of a large problem would hold too few people of a city. Where there are threads for more parts they may
be as small as the second.
"""

CUT_SECONDS, CUT_SECONDS_PER_VISIT = 0.3, 0.0006
"""Length of a cut: the making of its parts takes about a tenth of that."""

FEWEST_CUTS = 4
"""In one cooling."""

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
    if len(touring.problem.demands) > FIRST_WHOLE_VISITS:
        shares = list(parts_of(touring, state, FIRST_PART_VISITS, Random(seed)))  # noqa: S311 - a search, not a secret
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
        part = Part(touring, state, seed, out, only_insert=True, candidates=MOST_CANDIDATES)
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
        self.takers = Takers(touring)
        self.steps = 0
        self.told = time.monotonic()
        self.objective = self.base = state.objective()
        self.gained = 0
        self.tied = sorted(touring.tied)
        self._inserter: Inserter | None = None

    def to_the_end(self, hot: float) -> State:
        """Cycles of cooling, the first the hottest, until it is time to stop."""
        cycle = 0
        while not self._enough([]):
            seconds = seconds_left(self.stop) * self._share(cycle)
            loose = loosened(self.state, self.random)
            cooled = self._cycle(loose, hot, seconds * (1.0 - TIED_SHARE if self.tied else 1.0))
            self.state = tightened(cooled, self.touring)
            self.objective = self.state.objective()
            self._move_tied(seconds)
            hot, cycle = max(hot / 3, min(hot, 10 * COLD_CENTS)), cycle + 1
        return self.state

    def _share(self, cycle: int) -> float:
        """Of the seconds that are left, for a cycle: all where nothing is to be done between two."""
        shares = SHARES if self.tied or self._parts(seconds_left(self.stop)) == 1 else SHARES_OF_PARTS
        return shares[min(cycle, len(shares) - 1)]

    def _parts(self, seconds: float) -> int:
        """How many parts are searched: those that are enough by themselves, and as many as keep every thread busy."""
        visits, threads = len(self.touring.problem.demands), self.crowd.threads
        count = max(1, round(visits / min(MOST_PART_VISITS, max(PART_VISITS, visits // 4))))
        even = math.ceil(count / threads) * threads
        return even if math.isfinite(seconds) and visits >= even * LEAST_PART_VISITS else count

    def _cycle(self, loose: State, hot: float, seconds: float) -> State:
        """The best of one cooling of everything."""
        count = self._parts(seconds)
        span = Span(hot, COLD_CENTS, seconds, STEPS_PER_VISIT)
        return self._cool_whole(loose, span) if count == 1 else self._cool_parts(loose, span, count)

    def _cool_whole(self, state: State, span: Span) -> State:
        """As many tries as there are threads; the best of them."""
        count = 1 if math.isinf(span.seconds) else self.crowd.threads
        tracks = self._tracks(state, [(None, None)] * count, span)
        self._cool(tracks)
        max(tracks, key=lambda track: track.gain).part.write()
        return state

    def _cool_parts(self, state: State, span: Span, count: int) -> State:
        """One cooling of parts, which are cut anew before the temperature has fallen far; its best plan.

        What no part can do, such as move a visit to a day of another one, is left to the next cut. So each goes on from
        the tours as they are, and not from the best ones, which are kept beside.
        """
        insert_left_out(state.touring, state, self.random.getrandbits(30))
        best, began, cuts = state.copy(), time.monotonic(), self._cuts(span.seconds)
        self.objective = best.objective()
        for cut in range(cuts):
            if self._enough([]):
                break
            left = began + span.seconds * (cut + 1) / cuts - time.monotonic()
            found, now = self._cool_cut(state, span.between(cut / cuts, (cut + 1) / cuts, max(0.0, left)), count)
            if self.base - self.gained < self.objective:
                best = state.copy()
                apply_routes(best, found)
                self.objective = best.objective()
            apply_routes(state, now)
        return best

    def _cuts(self, seconds: float) -> int:
        """How often everything is cut anew in one cooling."""
        if math.isinf(seconds):
            return FEWEST_CUTS
        each = CUT_SECONDS + CUT_SECONDS_PER_VISIT * len(self.touring.problem.demands)
        return max(FEWEST_CUTS, round(seconds / each))

    def _cool_cut(self, state: State, span: Span, count: int) -> tuple[Routes, Routes]:
        """Every part for a moment, as many at a time as there are threads: the best tours, and those as they are."""
        visits_each = math.ceil(len(self.touring.problem.demands) / count)
        split = parts_of(state.touring, state, visits_each, self.random, self.takers)
        width = len(split) if math.isinf(span.seconds) else self.crowd.threads
        waves = [split[k : k + width] for k in range(0, len(split), width)]
        ends = time.monotonic() + span.seconds
        self.base, self.gained = state.objective(), 0
        found: Routes = {}
        now: Routes = {}
        for number, wave in enumerate(waves):
            if self._enough([]):
                break
            left = max(0.0, ends - time.monotonic()) / (len(waves) - number)
            tracks = self._tracks(state, wave, replace(span, seconds=left), len(split))
            self._cool(tracks)
            self.gained += sum(track.gain for track in tracks)
            for track in tracks:
                found.update(track.part.routes())
                now.update(track.part.routes_now())
        return found, now

    def _tracks(
        self, state: State, shares: Sequence[Share] | Sequence[tuple[None, None]], span: Span, at_once: int = 1
    ) -> list[Track]:
        """Make parts, at the same time where there are threads, of which so many go on before they are written back."""
        seeds = [self.random.getrandbits(30) for _ in shares]
        found: dict[int, Part] = {}

        def make(number: int) -> Callable[[], None]:
            visits, days = shares[number]

            def made() -> None:
                found[number] = Part(state.touring, state, seeds[number], visits, days, at_once=at_once)

            return made

        began = time.monotonic()
        self.crowd.each([make(number) for number in range(len(shares))])
        left = replace(span, seconds=max(0.0, span.seconds - (time.monotonic() - began)))
        return [Track(found[number], left, keep=self.columns is not None) for number in range(len(shares))]

    def _cool(self, tracks: list[Track]) -> None:
        self.crowd.run(tracks, lambda: self._enough(tracks))
        self.steps += sum(track.steps for track in tracks)

    def _enough(self, tracks: list[Track]) -> bool:
        """Ask the criterion, tell the outside, and keep what tours there are."""
        objective = self.objective
        if tracks:
            gains = [track.gain for track in tracks]
            whole = tracks[0].part.is_whole
            now = objective - max(gains) if whole else self.base - self.gained - sum(gains)
            objective = min(objective, now)
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
