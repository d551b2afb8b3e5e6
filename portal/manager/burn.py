"""The burn-down of a campaign with its forecast: how many machines are open, and how many will be.

What was: from the instants at which the machines that are protected now became so. What will be: the *course* of the
plan that binds, visit by visit as it ends; and the *band* of the newest forecast, in which eight of ten lives lie. The
band begins when the forecast was made, so that one sees whether what came after it was like it.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from flows.forecast import Forecast
from muster.ids import VisitId
from muster.plan import Plan
from portal.manager.following import OpenByEnd
from portal.reading import Reading
from reports.burndown import HEIGHT, WIDTH, BurnDown, Points, draw

NARROW = 360
FINE = timedelta(days=3)
"""Campaigns that are no older are counted by the minute, others by the hour."""
LARGE = 500
"""Visits of a plan, above which their ends are drawn to the quarter of an hour."""
BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
"""Quarters of an hour are counted from here."""


@dataclass(frozen=True, slots=True)
class Burn:
    """One picture.

    Attributes:
        picture: the series, the axes, the deadline.
        course: a polyline of the plan's course from now on; empty where no plan binds or nothing is open.
        band: a polygon between the worst and the best tenth of the forecast's lives; empty without a forecast.
    """

    picture: BurnDown
    width: int
    height: int
    course: str
    band: str


@dataclass(frozen=True, slots=True)
class Ahead:
    """What lies ahead: the plan's course, and what is forecast.

    Attributes:
        worst, best: how many are open in the worst and in the best tenth of the forecast's lives; empty without one.
        last_visit: when the last visit ends at which anything is left to do; None where there is none.
    """

    course: Points
    worst: Points
    best: Points
    last_visit: datetime | None = None


def series(hosts: int, became: Counter[datetime], begun: datetime, now: datetime) -> Points:
    """How many of so many hosts were open, from the beginning until now.

    ``became`` says how many became protected in each minute or hour (``FINE``), by its beginning.
    """
    step = timedelta(minutes=1) if now - begun <= FINE else timedelta(hours=1)
    ends: Counter[datetime] = Counter()
    for at, number in became.items():
        ends[min(now, max(begun, at + step))] += number
    points, still = [(begun, hosts)], hosts
    for at in sorted(ends):
        still -= ends[at]
        points.append((at, still))
    if points[-1][0] < now:
        points.append((now, still))
    return tuple(points)


def ahead_of(
    reading: Reading, plan: Plan | None, deadline: datetime, still_open: int, forecast: Forecast | None
) -> Ahead:
    """The course of a plan from now on until the deadline, and the band of the newest forecast."""
    now = reading.now
    points = [(now, still_open)]
    for at, hosts in _ends(reading, plan, now) if plan is not None else ():
        points.append((at, max(0, points[-1][1] - hosts)))
    last = points[-1][0] if len(points) > 1 else None
    if last is not None and last < deadline:
        points.append((deadline, points[-1][1]))
    if forecast is None or not forecast.band:
        return Ahead(tuple(points), (), (), last)
    begins = (forecast.at, forecast.hosts - forecast.protected)
    worst = (begins, *((one.at, one.worst) for one in forecast.band))
    best = (begins, *((one.at, one.best) for one in forecast.band))
    return Ahead(tuple(points), _until(worst, deadline), _until(best, deadline), last)


def _until(points: Points, deadline: datetime) -> Points:
    """Led on to the deadline, where it ends before it."""
    return (*points, (deadline, points[-1][1])) if points[-1][0] < deadline else points


def burns(points: Points, ahead: Ahead, deadline: datetime, zone: str) -> tuple[Burn, Burn]:
    """The picture for a wide screen, and the one for a phone."""
    start, now = points[0][0], points[-1][0]
    last = max((at for line in (ahead.course, ahead.worst, ahead.best) for at, _ in line[-1:]), default=now)
    end = max(deadline, now, start + timedelta(hours=1), last)
    shown = deadline if deadline >= start else None
    return (
        _burn(draw(points, end, shown, ZoneInfo(zone)), ahead, WIDTH, HEIGHT),
        _burn(draw(points, end, shown, ZoneInfo(zone), width=NARROW, height=HEIGHT - 40), ahead, NARROW, HEIGHT - 40),
    )


def _burn(picture: BurnDown, ahead: Ahead, width: int, height: int) -> Burn:
    if len(ahead.course) < 2:
        return Burn(picture, width, height, "", "")
    course = _line(picture, ahead.course)
    band = ""
    if ahead.worst and ahead.best:
        outline = (*_line(picture, ahead.worst), *reversed(_line(picture, ahead.best)))
        band = " ".join(f"{x},{y}" for x, y in outline)
    return Burn(picture, width, height, " ".join(f"{x},{y}" for x, y in course), band)


def _line(picture: BurnDown, points: Points) -> Sequence[tuple[float, float]]:
    """A staircase in the units of the picture; few points however long it is."""
    by_x = {picture.scale.x(at): picture.scale.y(still) for at, still in points}
    steps: list[tuple[float, float]] = []
    for x, y in by_x.items():
        steps += [(x, steps[-1][1]), (x, y)] if steps else [(x, y)]
    return steps


def _ends(reading: Reading, plan: Plan, now: datetime) -> tuple[tuple[datetime, int], ...]:
    """When visits end from now on, and how many machines that are open now are for those that end then."""
    key = ("open by end", plan.id)
    return reading.followed(plan.campaign_id, key, lambda: OpenByEnd(_ends_of(plan)), lambda one: one.after(now))


def _ends_of(plan: Plan) -> dict[VisitId, datetime]:
    """When each visit of a plan ends; of a large plan to the quarter of an hour, as no picture is finer."""
    quarter = timedelta(minutes=15)
    found = {one.visit_id: one.ends_at for one in reversed(plan.assignments)}
    if len(plan.visits) <= LARGE:
        return found
    return {visit_id: at + (BEGINNING - at) % quarter for visit_id, at in found.items()}
