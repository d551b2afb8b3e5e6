"""When a search ends: small criteria that can be joined.

``solve`` asks after every step with the number of steps done and the best objective so far. With ``MaxIterations``
alone, the same problem and seed give the same plan on every machine; with a clock in it they need not.
"""

import time
from collections.abc import Callable
from typing import Protocol


class StopCriterion(Protocol):
    """Asked after every step of a search; once true it stays true."""

    def __call__(self, iterations: int, best: float) -> bool:
        """Whether the search should end now, with the best plan so far."""
        ...


class MaxSeconds:
    """Ends after so many seconds from its first question."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._started: float | None = None

    def __call__(self, iterations: int, best: float) -> bool:
        """Whether the time is up."""
        del iterations, best
        if self._started is None:
            self._started = time.monotonic()
        return time.monotonic() - self._started >= self.seconds

    def left(self) -> float:
        """Seconds that are left; all of them before the first question."""
        if self._started is None:
            return self.seconds
        return max(0.0, self.seconds - (time.monotonic() - self._started))


class MaxIterations:
    """Ends after so many steps; makes a search reproducible."""

    def __init__(self, iterations: int) -> None:
        self.iterations = iterations

    def __call__(self, iterations: int, best: float) -> bool:
        """Whether the steps are used up."""
        del best
        return iterations >= self.iterations


class NoImprovement:
    """Ends when so many steps in a row brought nothing better."""

    def __init__(self, iterations: int) -> None:
        self.iterations = iterations
        self._best: float | None = None
        self._since = 0

    def __call__(self, iterations: int, best: float) -> bool:
        """Whether the best plan has stood for long enough."""
        if self._best is None or best < self._best:
            self._best, self._since = best, iterations
        return iterations - self._since >= self.iterations


class Cancelled:
    """Ends when somebody says so: any function without arguments, such as ``threading.Event().is_set``."""

    def __init__(self, asked: Callable[[], bool]) -> None:
        self._asked = asked

    def __call__(self, iterations: int, best: float) -> bool:
        """Whether somebody has said so."""
        del iterations, best
        return self._asked()


class AnyOf:
    """Ends when the first of several criteria does; each is asked every time."""

    def __init__(self, *criteria: StopCriterion) -> None:
        self.criteria = criteria

    def __call__(self, iterations: int, best: float) -> bool:
        """Whether one of them holds."""
        said = [criterion(iterations, best) for criterion in self.criteria]
        return any(said)


def seconds_left(stop: StopCriterion) -> float:
    """The seconds that a criterion still allows, infinite where no clock is in it."""
    if isinstance(stop, MaxSeconds):
        return stop.left()
    if isinstance(stop, AnyOf):
        return min((seconds_left(criterion) for criterion in stop.criteria), default=float("inf"))
    return float("inf")


def iterations_left(stop: StopCriterion, done: int) -> float:
    """The steps that a criterion still allows after so many, infinite where it does not count them."""
    if isinstance(stop, MaxIterations):
        return max(0, stop.iterations - done)
    if isinstance(stop, AnyOf):
        return min((iterations_left(criterion, done) for criterion in stop.criteria), default=float("inf"))
    return float("inf")
