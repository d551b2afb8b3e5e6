"""Several searches side by side: compiled code lets go of Python's lock, so that threads use every core."""

import math
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from scheduler.search.columns import Column
from scheduler.search.part import Part

ROUND_SECONDS = 0.1
"""About how long compiled code runs before the criterion is asked again."""

CHUNK_SECONDS = 0.03

CHUNK_STEPS = 500
"""Steps between two questions where no clock is in the criterion."""

MOST_THREADS = 8


_share: ContextVar[int] = ContextVar("cores", default=MOST_THREADS)


def cores() -> int:
    """How many threads are worth while here."""
    return max(1, min(_share.get(), len(os.sched_getaffinity(0))))


@contextmanager
def cores_at_most(count: int) -> Iterator[None]:
    """Inside of it a search uses no more cores than that: for searches that go on side by side."""
    before = _share.set(count)
    try:
        yield
    finally:
        _share.reset(before)


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a cooling: from hot to cold (cents), in so many seconds; in steps where those are infinite."""

    hot: float
    cold: float
    seconds: float
    steps_per_visit: float

    def warmth(self, share: float) -> float:
        """The temperature after a share of it."""
        return self.hot * math.pow(self.cold / self.hot, min(1.0, share))

    def between(self, one: float, other: float, seconds: float) -> "Span":
        """The stretch from one share of it to another."""
        return Span(self.warmth(one), self.warmth(other), seconds, (other - one) * self.steps_per_visit)


class Track:
    """One part that is cooled from hot to cold (cents), within some seconds of computing or in a number of steps.

    Attributes:
        before: cents of the part's tours before.
        steps: made so far.
        met: the tours that it has had between two chunks of steps, where ``keep`` asks for them.
    """

    def __init__(self, part: Part, span: Span, *, keep: bool = False) -> None:
        self.part, self.span, self.keep = part, span, keep
        self.met: dict[Column, None] = {}
        self.before = part.search.best
        self.steps, self.share = 0, 0.0
        self._wanted = max(1, round(span.steps_per_visit * len(part.numbering.visits)))
        self._chunk, self._spent = 50, 0.0

    @property
    def gain(self) -> int:
        """Cents saved so far."""
        return self.before - self.part.search.best

    def advance(self) -> None:
        """Go on for a moment: by the clock, or by a fixed number of steps where there is none."""
        seconds = self.span.seconds
        if math.isinf(seconds):
            count = min(CHUNK_STEPS, self._wanted - self.steps)
            self._anneal(count, (self.steps + count) / self._wanted)
            return
        until = time.monotonic() + min(ROUND_SECONDS, seconds - self._spent)
        while self.share < 1.0 and (now := time.monotonic()) < until:
            ahead = min(1.0, self.share + CHUNK_SECONDS / seconds)
            self._anneal(self._chunk, ahead)
            took = time.monotonic() - now
            self._spent += took
            self.share = min(1.0, self._spent / seconds)
            self._chunk = max(10, min(20_000, int(self._chunk * min(2.0, CHUNK_SECONDS / max(took, 1e-4)))))

    def _anneal(self, count: int, ahead: float) -> None:
        self.part.search.anneal(count, self.span.warmth(self.share), self.span.warmth(ahead))
        self.steps, self.share = self.steps + count, ahead
        if self.keep:
            self.met.update(dict.fromkeys(self.part.changed_routes().items()))


class Crowd:
    """Threads that advance tracks together."""

    def __init__(self, threads: int) -> None:
        self.threads = max(1, threads)
        self._pool = ThreadPoolExecutor(self.threads, "muster-search") if self.threads > 1 else None

    def run(self, tracks: Sequence[Track], between: Callable[[], bool]) -> None:
        """Cool all of them to the end, or until ``between``, which is asked again and again, says so."""
        while going := [track for track in tracks if track.share < 1.0]:
            if between():
                return
            if self._pool is None or len(going) == 1:
                for track in going:
                    track.advance()
            else:
                list(self._pool.map(Track.advance, going))

    def each(self, work: Sequence[Callable[[], None]]) -> None:
        """Do several things at once."""
        if self._pool is None or len(work) < 2:
            for one in work:
                one()
        else:
            list(self._pool.map(lambda one: one(), work))

    def close(self) -> None:
        """End the threads."""
        if self._pool is not None:
            self._pool.shutdown()
