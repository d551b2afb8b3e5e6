"""The burn-down: how many hosts were not yet protected at each moment, drawn as SVG with words beside the colours."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from muster.ids import HostId
from muster.records import HostState
from reports.record import CampaignRecord

WIDTH, HEIGHT = 720, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 20, 34, 44
_MOST_TICKS = 7
_FEW_TICKS = 4
_TICK_MINUTES = (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440)
_BEGINNING = 0.15
"""Below this share (of the time from start to deadline) the time so far is too narrow to read, and drawn larger."""

Points = tuple[tuple[datetime, int], ...]


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on an axis, in the units of the picture."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Scale:
    """Where moments and numbers lie in the picture."""

    start: datetime
    end: datetime
    most: int
    width: int = WIDTH
    height: int = HEIGHT

    def x(self, at: datetime) -> float:
        """The place of a moment."""
        return round(_LEFT + (self.width - _LEFT - _RIGHT) * ((at - self.start) / (self.end - self.start)), 1)

    def y(self, count: float) -> float:
        """The place of a number of hosts."""
        return round(self.height - _BOTTOM - (self.height - _TOP - _BOTTOM) * count / self.most, 1)


@dataclass(frozen=True, slots=True)
class BurnDown:
    """What the template draws; all positions in the units of the picture.

    Attributes:
        points: when (aware), and how many were not protected from then on; the first at the start, the last now.
        line: the points as a staircase, ready for ``polyline``.
        area: what lies below the line, ready for ``polygon``.
        pace: from now to nothing at the deadline; empty where nothing is open or the deadline is over.
        deadline_x: None where the picture ends before the deadline.
        scale: for whatever else is drawn into the picture, such as a forecast.
    """

    points: Points
    line: str
    area: str
    pace: str
    now_x: float
    now_y: float
    deadline_x: float | None
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    open_now: int
    scale: "Scale"
    left: float = _LEFT
    right: float = WIDTH - _RIGHT
    top: float = _TOP
    bottom: float = HEIGHT - _BOTTOM


def series(record: CampaignRecord) -> Points:
    """How many hosts were not protected, from the first thing that happened until now.

    Taken from the ends of attempts and from where each host stands now, so the last figure is the ledger's own.
    """
    begun = [attempt.begun_at for attempt in record.attempts] + [state.changed_at for state in record.hosts]
    points = [(min([*begun, record.now]), len(record.hosts))]
    for at, change in sorted(change for state in record.hosts for change in _changes(record, state)):
        if points[-1][0] == at and len(points) > 1:
            points[-1] = (at, points[-1][1] + change)
        else:
            points.append((at, points[-1][1] + change))
    if points[-1][0] < record.now:
        points.append((record.now, points[-1][1]))
    return tuple(points)


def burn_down(record: CampaignRecord) -> BurnDown:
    """From the beginning to the deadline, with the pace that is needed from now on."""
    points = series(record)
    start, now, deadline = points[0][0], points[-1][0], record.campaign.deadline
    return draw(points, max(deadline, now, start + timedelta(hours=1)), deadline, ZoneInfo(record.campaign.timezone))


def beginning(record: CampaignRecord) -> BurnDown | None:
    """The time so far by itself, where it is too short to be seen in the whole picture."""
    points = series(record)
    start, now, deadline = points[0][0], points[-1][0], record.campaign.deadline
    if len(points) < 3 or not start < now < start + (deadline - start) * _BEGINNING:
        return None
    return draw(points, now, None, ZoneInfo(record.campaign.timezone))


def _changes(record: CampaignRecord, state: HostState) -> Iterator[tuple[datetime, int]]:
    """When a host became protected (-1 of those that are open) or was so no more (+1)."""
    safe = False
    for at, protected in [*_ends(record, state.host_id, state.changed_at), (state.changed_at, state.status.protected)]:
        if protected != safe:
            yield at, -1 if protected else 1
            safe = protected


def _ends(record: CampaignRecord, host_id: HostId, before: datetime) -> list[tuple[datetime, bool]]:
    outcomes = [attempt.outcome for attempt in record.attempts_of.get(host_id, ()) if attempt.outcome]
    return [(outcome.at, outcome.status.protected) for outcome in outcomes if outcome.at < before]


def draw(
    points: Points,
    end: datetime,
    deadline: datetime | None,
    zone: ZoneInfo,
    *,
    width: int = WIDTH,
    height: int = HEIGHT,
) -> BurnDown:
    """The picture of a series, of that size.

    Args:
        points: when (aware), and how many were open from then on; the first at the start, the last now.
        end: where the picture ends; later than its start.
        deadline: None where it lies outside the picture.
        zone: in which the axis is told.
        width: in the units of the picture.
        height: the same.
    """
    start, (now, still_open) = points[0][0], points[-1]
    steps = _steps(max(1, *(count for _, count in points)))
    scale = Scale(start, end, steps[-1], width, height)
    x, y = scale.x, scale.y
    line = _staircase([(x(at), y(count)) for at, count in points])
    needed = deadline is not None and still_open and now < deadline
    ticks = _moments(start.astimezone(zone), end.astimezone(zone), _MOST_TICKS if width >= WIDTH else _FEW_TICKS)
    return BurnDown(
        points=points,
        line=line,
        area=f"{x(start)},{y(0)} {line} {x(now)},{y(0)}",
        pace=f"{x(now)},{y(still_open)} {x(deadline)},{y(0)}" if deadline and needed else "",
        now_x=x(now),
        now_y=y(still_open),
        deadline_x=x(deadline) if deadline else None,
        x_ticks=tuple(Tick(x(at), label) for at, label in ticks),
        y_ticks=tuple(Tick(y(count), f"{count:,}") for count in steps),
        open_now=still_open,
        scale=scale,
        right=width - _RIGHT,
        bottom=height - _BOTTOM,
    )


def _staircase(points: list[tuple[float, float]]) -> str:
    """Flat to the next moment, then up or down; of the moments that fall on one place only the last is drawn."""
    last_at = dict(points)
    drawn: list[tuple[float, float]] = [points[0]]
    for x, y in last_at.items():
        drawn += [point for point in ((x, drawn[-1][1]), (x, y)) if point != drawn[-1]]
    return " ".join(f"{x},{y}" for x, y in drawn)


def _moments(start: datetime, end: datetime, most: int) -> list[tuple[datetime, str]]:
    """Round moments between two, in their own zone, about ``most``: days where the span is long, else times of day."""
    minutes = (end - start) / timedelta(minutes=1)
    step = next((step for step in _TICK_MINUTES if minutes / step <= most), 0)
    step = step or 1440 * -(-int(minutes) // (1440 * most))
    midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
    passed = -(-int((start - midnight).total_seconds()) // (60 * step))
    found = [midnight + timedelta(minutes=step * (passed + index)) for index in range(most + 1)]
    return [(at, f"{at.day} {at:%b}" if step >= 1440 else f"{at:%H:%M}") for at in found if start <= at <= end]


def _steps(top_value: int) -> list[int]:
    """Round figures from nothing to the highest one or just above: at most seven."""
    size = next(base * 10**power for power in range(12) for base in (1, 2, 5) if top_value / (base * 10**power) <= 5)
    return list(range(0, top_value + size, size))
