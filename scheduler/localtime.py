"""Local times of weekly hours, turned into instants, correct on the days on which clocks change.

Zones are read from the ``tzdata`` package that Muster pins, not from the machine: this machine may be one of those
whose zone data is stale.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from importlib import resources
from zoneinfo import ZoneInfo

from muster.errors import InputError


@dataclass(frozen=True, slots=True)
class Hours:
    """A weekly span in local time; ``ends`` is later than ``starts``."""

    weekday: int
    starts: time
    ends: time


@dataclass(frozen=True, slots=True)
class LocalSpan:
    """A span of one local date, as instants (aware, UTC)."""

    day: date
    starts_at: datetime
    ends_at: datetime


@lru_cache(maxsize=1024)
def zone(name: str) -> ZoneInfo:
    """The zone of that IANA name, from the pinned data.

    Raises:
        InputError: there is no such zone.
    """
    area, _, rest = name.partition("/")
    parts = (area, *rest.split("/")) if rest else (area,)
    try:
        if not all(part.strip(".") for part in parts):
            raise FileNotFoundError(name)
        with resources.files("tzdata").joinpath("zoneinfo", *parts).open("rb") as file:
            return ZoneInfo.from_file(file, key=name)
    except (OSError, ValueError):
        raise InputError(
            f"there is no time zone {name!r}", hint="Zones have IANA names, such as America/Vancouver."
        ) from None


def expand(hours: Iterable[Hours], zone_name: str, first: datetime, last: datetime) -> Iterator[LocalSpan]:
    """The spans of weekly hours that touch ``first .. last`` (aware), in order of their days.

    On a day on which clocks go forward, a time that does not exist stands for the instant of the change. On a day
    on which they go back, a time that exists twice opens at its second and closes at its first occurrence, so that
    the span holds whichever was meant; hours that lie wholly inside the doubled hour are taken at the first.
    """
    by_weekday: dict[int, list[Hours]] = {}
    for span in hours:
        by_weekday.setdefault(span.weekday, []).append(span)
    local = zone(zone_name)
    day = first.astimezone(local).date() - timedelta(days=1)
    while day <= last.astimezone(local).date():
        for span in sorted(by_weekday.get(day.weekday(), []), key=lambda s: s.starts):
            starts_at, ends_at = _instants(day, span, local)
            if starts_at < ends_at and ends_at > first and starts_at < last:
                yield LocalSpan(day, starts_at, ends_at)
        day += timedelta(days=1)


def _instants(day: date, span: Hours, local: ZoneInfo) -> tuple[datetime, datetime]:
    opens = instant(day, span.starts, local, second=True)
    closes = instant(day, span.ends, local, second=False)
    if opens >= closes:
        opens = instant(day, span.starts, local, second=False)
    return opens, closes


def instant(day: date, at: time, local: ZoneInfo, *, second: bool = False) -> datetime:
    """The instant (UTC) of a local time.

    A time that exists twice is its first occurrence, or its second where ``second`` is set; one that does not exist
    is the instant at which the clocks jump over it.
    """
    naive = datetime.combine(day, at.replace(tzinfo=None, fold=0))
    early = naive.replace(tzinfo=local, fold=0).astimezone(UTC)
    late = naive.replace(tzinfo=local, fold=1).astimezone(UTC)
    if early.astimezone(local).replace(tzinfo=None) != naive:
        return _jump(late, early, local)
    return late if second else early


def _jump(before: datetime, after: datetime, local: ZoneInfo) -> datetime:
    """The first instant, to the second, at which the offset of ``after`` holds."""
    offset = after.astimezone(local).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) // 2
        if middle.astimezone(local).utcoffset() == offset:
            after = middle
        else:
            before = middle
    return after.replace(microsecond=0)
