"""The clock port: what time a campaign believes it is.

The real clock is the default. The demo and the tests stand at a chosen instant, because a campaign about
2026-11-01 must be playable on any day.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells an aware time in UTC."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        ...


@dataclass(frozen=True, slots=True)
class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class ShiftedClock:
    """A clock that runs at the usual speed from another start: ``system time + shift``."""

    shift: timedelta

    @classmethod
    def standing_at(cls, start: datetime) -> "ShiftedClock":
        """The clock that shows ``start`` (aware) now, and runs on from there.

        Raises:
            ValueError: when ``start`` is naive.
        """
        if start.tzinfo is None:
            raise ValueError("a clock needs an aware start, such as 2026-10-19T08:00:00-07:00")
        return cls(start.astimezone(UTC) - datetime.now(UTC))

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        return datetime.now(UTC) + self.shift


@dataclass(slots=True)
class ManualClock:
    """A clock that moves only when it is told to; for tests and what-if."""

    at: datetime

    def now(self) -> datetime:
        """The instant it was set to."""
        return self.at

    def advance(self, step: timedelta) -> None:
        """Move on by ``step``."""
        self.at += step
