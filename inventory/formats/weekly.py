"""Weekly spans such as ``Mon-Fri 08:00-17:00; Sat 09:00-12:00``: access windows and shifts."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import time
from itertools import pairwise

from inventory.formats import BadValue

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SHORT = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_PART = re.compile(r"(?P<days>[A-Za-z][A-Za-z ,-]*?)\s+(?P<spans>\d.*)", re.ASCII)
_SPAN = re.compile(r"(\d{1,2})(?:[:.h](\d{2}))?\s*-\s*(\d{1,2})(?:[:.h](\d{2}))?", re.ASCII)
_EXAMPLE = "write days and times such as Mon-Fri 08:00-17:00; Sat 09:00-12:00"
_LAST_MINUTE = time(23, 59)


@dataclass(frozen=True, slots=True, order=True)
class WeeklySpan:
    """A span of local time on one weekday (0 is Monday); ``ends`` is later than ``starts``."""

    weekday: int
    starts: time
    ends: time


def parse_weekly(text: str) -> tuple[WeeklySpan, ...]:
    """Read weekly spans, sorted by day and time.

    Parts are separated by ``;``. A part names days (``Mon``, ``Mon-Fri``, ``Mon,Wed``, ``daily``; English, two
    letters are enough) and one or more times (``08:00-12:00, 13:00-17:00``; ``8-17`` will do). ``24:00`` is read as
    23:59, the last minute there is in a day.

    Raises:
        BadValue: it cannot be read, a span runs over midnight, or two spans of a day overlap.
    """
    tidy = re.sub(r"\s*[\u2010-\u2014]\s*", "-", text)
    spans = sorted(span for part in tidy.split(";") if part.strip() for span in _part(part.strip()))
    if not spans:
        raise BadValue("holds no days and times", _EXAMPLE)
    for one, following in pairwise(spans):
        if one.weekday == following.weekday and following.starts < one.ends:
            day = _SHORT[one.weekday]
            raise BadValue(f"has two spans that overlap on {day}", "write each hour of a day once")
    return tuple(spans)


def format_weekly(spans: Iterable[WeeklySpan]) -> str:
    """The spans as ``parse_weekly`` reads them: equal times are drawn together, the earliest day first."""
    days_of: dict[tuple[time, time], list[int]] = {}
    for span in sorted(spans):
        days_of.setdefault((span.starts, span.ends), []).append(span.weekday)
    return "; ".join(f"{_days_text(days)} {_clock(a)}-{_clock(b)}" for (a, b), days in days_of.items())


def _part(part: str) -> list[WeeklySpan]:
    match = _PART.fullmatch(part)
    if not match:
        raise BadValue(f"cannot be read at {part!r}", _EXAMPLE)
    days = _days(match["days"])
    times = [_span(text.strip()) for text in match["spans"].split(",")]
    return [WeeklySpan(day, starts, ends) for day in days for starts, ends in times]


def _days(text: str) -> list[int]:
    if text.strip().lower() in {"daily", "every day"}:
        return list(range(7))
    days: list[int] = []
    for name in text.split(","):
        first, _, last = name.partition("-")
        start = _day(first)
        days += [(start + step) % 7 for step in range((_day(last) - start) % 7 + 1)] if last else [start]
    return sorted(set(days))


def _day(name: str) -> int:
    word = name.strip().lower().removesuffix(".")
    found = [index for index, day in enumerate(_DAYS) if len(word) >= 2 and day.startswith(word)]
    if len(found) != 1:
        raise BadValue(f"names no day with {name.strip()!r}", "the days are Mon, Tue, Wed, Thu, Fri, Sat, Sun")
    return found[0]


def _span(text: str) -> tuple[time, time]:
    match = _SPAN.fullmatch(text)
    if not match:
        raise BadValue(f"cannot be read at {text!r}", _EXAMPLE)
    starts, ends = _time(match[1], match[2]), _time(match[3], match[4], end=True)
    if starts >= ends:
        raise BadValue(
            f"has a span that does not end after it starts: {text!r}",
            "hours over midnight are two spans, such as Mon 22:00-24:00; Tue 00:00-06:00",
        )
    return starts, ends


def _time(hour: str, minute: str | None, *, end: bool = False) -> time:
    if end and int(hour) == 24 and int(minute or 0) == 0:
        return _LAST_MINUTE
    try:
        return time(int(hour), int(minute or 0))
    except ValueError:
        raise BadValue(f"holds no time of day at '{hour}:{minute or '00'}'", "times run from 00:00 to 24:00") from None


def _days_text(days: Sequence[int]) -> str:
    groups: list[list[int]] = []
    for day in days:
        if groups and groups[-1][-1] == day - 1:
            groups[-1].append(day)
        else:
            groups.append([day])
    return ",".join(
        _SHORT[group[0]] if len(group) == 1 else f"{_SHORT[group[0]]}-{_SHORT[group[-1]]}" for group in groups
    )


def _clock(at: time) -> str:
    return f"{at:%H:%M}"
