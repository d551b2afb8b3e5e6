"""The burn-down of a campaign with its forecast: how many machines are open, and how many will be.

What was: from the instants at which the machines that are protected now became so. What will be: the *course* of the
plan that binds, visit by visit as it ends, and above it what is *expected* of it by the newest forecast; the pale band
lies between the two.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from flows.forecast import Forecast
from muster.plan import Plan
from muster.records import HostState
from portal.reading import Reading
from reports.burndown import HEIGHT, WIDTH, BurnDown, Points, draw

NARROW = 360
FINE = timedelta(days=3)
"""Campaigns that are no older are counted by the minute, others by the hour."""


@dataclass(frozen=True, slots=True)
class Burn:
    """One picture.

    Attributes:
        picture: the series, the axes, the deadline.
        course: a polyline of the plan's course from now on; empty where no plan binds or nothing is open.
        band: a polygon between the course and what is expected; empty without a forecast.
    """

    picture: BurnDown
    width: int
    height: int
    course: str
    band: str


@dataclass(frozen=True, slots=True)
class Ahead:
    """What lies ahead: the plan's course, and the share of it (0 to 1) that is expected to come true.

    Attributes:
        last_visit: when the last visit ends at which anything is left to do; None where there is none.
    """

    course: Points
    expected: float | None
    last_visit: datetime | None = None


def series(states: Iterable[HostState], begun: datetime, now: datetime) -> Points:
    """How many of the hosts were open, from the beginning until now."""
    total, step = 0, timedelta(minutes=1) if now - begun <= FINE else timedelta(hours=1)
    ends: Counter[datetime] = Counter()
    for state in states:
        total += 1
        if state.status.protected:
            ends[min(now, max(begun, _rounded(state.changed_at, step)))] += 1
    points, still = [(begun, total)], total
    for at in sorted(ends):
        still -= ends[at]
        points.append((at, still))
    if points[-1][0] < now:
        points.append((now, still))
    return tuple(points)


def ahead_of(
    reading: Reading, plan: Plan | None, deadline: datetime, still_open: int, forecast: Forecast | None
) -> Ahead:
    """The course of a plan from now on until the deadline, and how much of it is expected."""
    now = reading.now
    points = [(now, still_open)]
    for at, hosts in _ends(reading, plan, now) if plan is not None else ():
        points.append((at, max(0, points[-1][1] - hosts)))
    planned = still_open - points[-1][1]
    last = points[-1][0] if len(points) > 1 else None
    if last is not None and last < deadline:
        points.append((deadline, points[-1][1]))
    if forecast is None or not planned:
        return Ahead(tuple(points), None, last)
    left = forecast.hosts * (1 - forecast.done_share)
    return Ahead(tuple(points), min(1.0, max(0.0, (still_open - left) / planned)), last)


def burns(points: Points, ahead: Ahead, deadline: datetime, zone: str) -> tuple[Burn, Burn]:
    """The picture for a wide screen, and the one for a phone."""
    start, now = points[0][0], points[-1][0]
    end = max(deadline, now, start + timedelta(hours=1), ahead.course[-1][0])
    shown = deadline if deadline >= start else None
    return (
        _burn(draw(points, end, shown, ZoneInfo(zone)), ahead, WIDTH, HEIGHT),
        _burn(draw(points, end, shown, ZoneInfo(zone), width=NARROW, height=HEIGHT - 40), ahead, NARROW, HEIGHT - 40),
    )


def _burn(picture: BurnDown, ahead: Ahead, width: int, height: int) -> Burn:
    if len(ahead.course) < 2:
        return Burn(picture, width, height, "", "")
    course = _line(picture, ahead.course, 1.0)
    band = ""
    if ahead.expected is not None:
        upper = _line(picture, ahead.course, ahead.expected)
        band = " ".join(f"{x},{y}" for x, y in (*course, *reversed(upper)))
    return Burn(picture, width, height, " ".join(f"{x},{y}" for x, y in course), band)


def _line(picture: BurnDown, course: Points, share: float) -> Sequence[tuple[float, float]]:
    """The course in the units of the picture, where only a share of it comes true; few points however long it is."""
    first = course[0][1]
    by_x = {picture.scale.x(at): picture.scale.y(first - share * (first - still)) for at, still in course}
    steps: list[tuple[float, float]] = []
    for x, y in by_x.items():
        steps += [(x, steps[-1][1]), (x, y)] if steps else [(x, y)]
    return steps


def _ends(reading: Reading, plan: Plan, now: datetime) -> list[tuple[datetime, int]]:
    """When visits end from now on, and how many machines that are open now each is for."""
    found: dict[str, tuple[datetime, int]] = {}
    for one in plan.assignments:
        if one.ends_at > now and one.visit_id not in found:
            counts = reading.counts_of_visit(plan.campaign_id, one.visit_id)
            still = sum(number for status, number in counts.items() if not status.protected)
            found[one.visit_id] = (one.ends_at, still)
    return sorted((at, hosts) for at, hosts in found.values() if hosts)


def _rounded(at: datetime, step: timedelta) -> datetime:
    if step >= timedelta(hours=1):
        return at.replace(minute=0, second=0, microsecond=0) + step
    return at.replace(second=0, microsecond=0) + step
