"""Hours of the week in local time, such as ``Mon-Fri 22:00-04:00; Sat,Sun 00:00-24:00``: when machines may be touched.

Unlike the hours of people, these may run past midnight: ``Fri 22:00-04:00`` ends on Saturday morning.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import time

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
EXAMPLE = "write days and times such as Mon-Fri 22:00-04:00; Sat,Sun 00:00-24:00"

_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_PART = re.compile(r"(?P<days>[a-z][a-z ,-]*?)\s+(?P<times>\d.*)", re.ASCII | re.IGNORECASE)
_TIMES = re.compile(r"(\d{1,2})(?::(\d{2}))?\s*-\s*(\d{1,2})(?::(\d{2}))?", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class WeekSpan:
    """A span of local time that begins on one weekday (0 is Monday).

    Attributes:
        closes: local time; one that is not later than ``opens`` is on the next day, so that equal ones are 24 hours.
    """

    weekday: int
    opens: time
    closes: time

    @property
    def past_midnight(self) -> bool:
        """Whether it ends on the next day."""
        return self.closes <= self.opens


def parse_hours(text: str) -> tuple[WeekSpan, ...]:
    """Read hours of the week, sorted by day and time.

    Raises:
        ValueError: they cannot be read; the message says at which word, and what would be right.
    """
    tidy = re.sub(r"\s*[\u2010-\u2014]\s*", "-", text)
    spans = {span for part in tidy.split(";") if part.strip() for span in _part(part.strip())}
    if not spans:
        raise ValueError(f"holds no days and times; {EXAMPLE}")
    return tuple(sorted(spans))


def hours_text(spans: Iterable[WeekSpan]) -> str:
    """The hours as ``parse_hours`` reads them: days with equal times are drawn together."""
    days_of: dict[tuple[time, time], list[int]] = {}
    for span in sorted(spans):
        days_of.setdefault((span.opens, span.closes), []).append(span.weekday)
    return "; ".join(f"{_runs(days)} {_clock(a)}-{_closing(b)}" for (a, b), days in days_of.items())


def _part(part: str) -> list[WeekSpan]:
    match = _PART.fullmatch(part)
    if not match:
        raise ValueError(f"cannot be read at {part!r}; {EXAMPLE}")
    times = [_times(one.strip()) for one in match["times"].split(",")]
    return [WeekSpan(day, opens, closes) for day in _days(match["days"]) for opens, closes in times]


def _days(text: str) -> list[int]:
    if text.strip().lower() in {"daily", "every day"}:
        return list(range(7))
    days: list[int] = []
    for name in text.split(","):
        first, dash, last = name.partition("-")
        start = _day(first)
        days += [(start + step) % 7 for step in range((_day(last) - start) % 7 + 1)] if dash else [start]
    return sorted(set(days))


def _day(name: str) -> int:
    word = name.strip().lower()
    found = [index for index, day in enumerate(_NAMES) if len(word) >= 2 and day.startswith(word)]
    if len(found) != 1:
        raise ValueError(f"names no day with {name.strip()!r}; the days are {', '.join(DAYS)}, or daily")
    return found[0]


def _times(text: str) -> tuple[time, time]:
    match = _TIMES.fullmatch(text)
    if not match:
        raise ValueError(f"cannot be read at {text!r}; {EXAMPLE}")
    return _time(match[1], match[2], last=23), _time(match[3], match[4], last=24)


def _time(hour: str, minute: str | None, *, last: int) -> time:
    h, m = int(hour), int(minute or 0)
    if h > last or m > 59 or (h == 24 and m):
        raise ValueError(f"holds no time of day at '{hour}:{minute or '00'}'; times run from 00:00 to 24:00")
    return time(h % 24, m)  # 24:00 is the midnight that ends the day: see WeekSpan.closes


def _runs(days: list[int]) -> str:
    runs: list[list[int]] = []
    for day in days:
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    return ",".join(DAYS[run[0]] if len(run) == 1 else f"{DAYS[run[0]]}-{DAYS[run[-1]]}" for run in runs)


def _clock(at: time) -> str:
    return f"{at:%H:%M}"


def _closing(at: time) -> str:
    return _clock(at) if at != time(0) else "24:00"
