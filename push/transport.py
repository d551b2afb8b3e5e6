"""The thin contract below the pusher: a transport carries one step to one target under the eye of a guard.

A transport knows a protocol and nothing else. Threads, deadlines, stops, site caps, retries, reports and the mapping
of errors are the pool's (``push/pool.py``). To add a transport, write one class with ``door`` and ``carry``, and give
``tests/push/conformance.py`` a world of it.
"""

import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from muster.outcomes import Stage
from muster.ports import Order, Target
from push.caps import Pace

SLICE_S = 0.2
"""The longest nap inside a wait; after each, the guard is asked."""
STOP_GRACE_S = 3.0
"""How long a step that has begun may go on after a stop, to end by itself."""


class TimeUp(Exception):
    """The order's deadline has passed."""


class Stopped(Exception):
    """The stop is set, and this step is not to go on."""


@dataclass(frozen=True, slots=True)
class Door:
    """Where a host is knocked at before a thread is spent on it.

    Attributes:
        greets: whether the server speaks first with a line that begins with ``SSH-``.
    """

    address: str
    port: int
    greets: bool


@dataclass(frozen=True, slots=True)
class RawResult:
    """What came back from a host, before anybody judges it.

    Attributes:
        exit_code: None where the host named none, such as after a signal.
        began: whether the step's first line was reached; a transport that cannot know says True.
        dropped_bytes: output beyond what is kept.
    """

    exit_code: int | None
    stdout: str
    stderr: str
    began: bool = True
    dropped_bytes: int = 0


class StopFlag(Protocol):
    """The stop as the pool sees it: cheap to ask, and with its time."""

    @property
    def since(self) -> float | None:
        """When it was first seen (``time.monotonic``); None while it is not set."""
        ...


class Guard:
    """Watches over one order: its deadline, the stop, how far it came, and how it is cut off.

    A transport calls ``reached`` as it goes, ``check`` inside every wait, ``begin`` right before the step may begin,
    sets ``step_began`` to False where it knows that the step did not, leaves the output in ``stdout`` and ``stderr``,
    and hands in by ``on_cut`` what ends its connection from another thread. A library call that cannot be asked to
    wait in slices is ended by the pool through that, shortly after the deadline.
    """

    def __init__(self, order: Order, stop: StopFlag, *, grace_s: float = STOP_GRACE_S) -> None:
        self.order = order
        self.stage = Stage.NOT_STARTED
        self.touched = False
        self.step_began = True
        self.stdout = ""
        self.stderr = ""
        self.began_at = time.monotonic()
        self._ends_at = self.began_at + order.deadline_s
        self._stop = stop
        self._grace_s = grace_s
        self._cutters: list[Callable[[], None]] = []
        self.cut_by: type[TimeUp | Stopped] | None = None
        self.pace: Pace | None = None
        """How fast the upload may go; None where the site's line has no cap."""

    @property
    def remaining_s(self) -> float:
        """Seconds until the deadline, never negative."""
        return max(0.0, self._ends_at - time.monotonic())

    def reached(self, stage: Stage) -> None:
        """The step has come this far."""
        self.stage = stage

    def begin(self) -> None:
        """From here on the step may have begun at the host."""
        self.touched = True

    def extend(self, seconds: float) -> None:
        """Time that the order spent waiting for us is not the host's."""
        self._ends_at += seconds

    def slice_s(self, limit_s: float = SLICE_S) -> float:
        """How long to wait at once.

        Raises:
            TimeUp, Stopped: when there is nothing to wait for any more.
        """
        self.check()
        return min(limit_s, max(self.remaining_s, 0.001))

    def check(self) -> None:
        """Go on, or not.

        Raises:
            TimeUp: the deadline has passed.
            Stopped: the stop is set, and the step has not begun or has used up its grace.
        """
        if self.is_over(leeway_s=0.0):
            raise self.cut_by or TimeUp

    def is_over(self, *, leeway_s: float) -> bool:
        """Whether the deadline (or the stop's grace) passed more than ``leeway_s`` ago; remembers which."""
        now = time.monotonic()
        since = self._stop.since
        if since is not None and now >= since + (self._grace_s if self.touched else 0.0) + leeway_s:
            self.cut_by = self.cut_by or Stopped
        elif now >= self._ends_at + leeway_s:
            self.cut_by = self.cut_by or TimeUp
        return self.cut_by is not None

    def on_cut(self, cutter: Callable[[], None]) -> None:
        """What ends the connection; called from another thread, perhaps never, perhaps after the end."""
        self._cutters.append(cutter)

    def cut(self) -> None:
        """End whatever the transport is waiting for."""
        for cutter in self._cutters:
            try:
                cutter()
            except OSError:  # the connection was gone already
                continue


class Transport(Protocol):
    """Carries a step to a target."""

    def door(self, target: Target) -> Door | None:
        """Where to knock first; None when there is no such place, and ``carry`` connects by itself."""
        ...

    def carry(self, order: Order, guard: Guard, connection: socket.socket | None) -> RawResult:
        """Carry the step; ``connection`` is an open socket to the door, which now belongs to the transport.

        Raises:
            PushError: a trouble of which the transport knows what it means.
            Exception: any other; ``push/failures.py`` knows what it means at the stage that was reached.
        """
        ...
