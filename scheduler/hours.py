"""When machines of a site may be touched: hours of the week and blackouts in local time, as instants. Pure functions.

On a day on which clocks go forward, a time that does not exist stands for the instant of the change. On a day on which
they go back, a time that exists twice is taken so that nobody is touched whichever was meant: hours open at its second
and close at its first occurrence, a blackout begins at the first and ends at the second.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from muster.hours import WeekSpan
from scheduler.localtime import instant, zone

LOOK_AHEAD_DAYS = 8
"""Hours of the week come again after seven days; one more, because a span may begin on the day before."""


@dataclass(frozen=True, slots=True)
class Span:
    """From one instant to another (aware, UTC)."""

    starts_at: datetime
    ends_at: datetime

    def holds(self, at: datetime) -> bool:
        """Whether an instant lies in it."""
        return self.starts_at <= at < self.ends_at


@lru_cache(maxsize=4096)
def open_spans(hours: tuple[WeekSpan, ...], zone_name: str, now: datetime) -> tuple[Span, ...]:
    """The spans that are open now or open within the next week, in order; those that touch or overlap are one."""
    today = now.astimezone(zone(zone_name)).date()
    last = today + timedelta(days=LOOK_AHEAD_DAYS)
    return spans_until(hours, zone_name, now, last)


def spans_until(hours: tuple[WeekSpan, ...], zone_name: str, now: datetime, last: date) -> tuple[Span, ...]:
    """The same for every span that begins on a local day up to ``last``."""
    local = zone(zone_name)
    day = now.astimezone(local).date() - timedelta(days=1)
    found: list[Span] = []
    while day <= last:
        for span in hours:
            if span.weekday == day.weekday():
                opened = _span(day, span, local)
                if opened.starts_at < opened.ends_at and opened.ends_at > now:
                    found.append(opened)
        day += timedelta(days=1)
    return tuple(_joined(found))


@lru_cache(maxsize=4096)
def local_span(starts: datetime, ends: datetime, zone_name: str) -> Span:
    """A span of local times, which have no zone of their own, as instants; an end that exists twice is its second."""
    local = zone(zone_name)
    return Span(instant(starts.date(), starts.time(), local), instant(ends.date(), ends.time(), local, second=True))


def local_instant(at: datetime, zone_name: str) -> datetime:
    """A local time, which has no zone of its own, as an instant."""
    return instant(at.date(), at.time(), zone(zone_name))


def told(at: datetime, zone_name: str) -> str:
    """An instant in local words, such as ``Sat 24 Oct 22:00 PDT``."""
    return f"{at.astimezone(zone(zone_name)):%a %d %b %H:%M %Z}"


def first_open(hours: tuple[WeekSpan, ...], closed: Iterable[Span], zone_name: str, now: datetime) -> datetime | None:
    """The first instant, now or later, that lies in the hours and in no closed span.

    Returns:
        None when there is none within a year; without hours every hour is open.
    """
    spans, at, last = tuple(closed), now.astimezone(UTC), now.astimezone(UTC) + timedelta(days=366)
    while at < last:
        later = _hours_open(hours, zone_name, at)
        if later is None:
            return None
        ends = [span.ends_at for span in spans if span.holds(later)]
        if not ends:
            return later
        at = max(ends)
    return None


def _span(day: date, span: WeekSpan, local: ZoneInfo) -> Span:
    opens = instant(day, span.opens, local, second=True)
    closes = instant(day + timedelta(days=span.past_midnight), span.closes, local)
    # hours that lie wholly inside the doubled hour are taken at the first
    return Span(opens if opens < closes else instant(day, span.opens, local), closes)


def _hours_open(hours: tuple[WeekSpan, ...], zone_name: str, at: datetime) -> datetime | None:
    if not hours:
        return at
    spans = open_spans(hours, zone_name, at)
    return max(at, spans[0].starts_at) if spans else None


def _joined(spans: list[Span]) -> list[Span]:
    joined: list[Span] = []
    for span in sorted(spans, key=lambda one: (one.starts_at, one.ends_at)):
        if joined and span.starts_at <= joined[-1].ends_at:
            joined[-1] = Span(joined[-1].starts_at, max(joined[-1].ends_at, span.ends_at))
        else:
            joined.append(span)
    return joined
