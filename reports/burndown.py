"""The burn-down: how many hosts were not yet protected at each moment, drawn as SVG with words beside the colours."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from reports.record import CampaignRecord

WIDTH, HEIGHT = 720, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 20, 34, 44


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on an axis, in the units of the picture."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class BurnDown:
    """What the template draws; all positions in the units of the picture.

    Attributes:
        points: when (aware), and how many were not protected from then on; the first at the start, the last now.
        line: the points as a staircase, ready for ``polyline``.
        pace: from now to the deadline at nothing, empty where nothing is open or the deadline is over.
        before_deadline: whether the report was made before the deadline.
    """

    points: tuple[tuple[datetime, int], ...]
    line: str
    area: str
    pace: str
    now_x: float
    now_y: float
    deadline_x: float
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    before_deadline: bool
    open_now: int
    left: float = _LEFT
    right: float = WIDTH - _RIGHT
    top: float = _TOP
    bottom: float = HEIGHT - _BOTTOM


def series(record: CampaignRecord) -> tuple[tuple[datetime, int], ...]:
    """How many hosts were not protected, from the first thing that happened until now.

    Taken from the ends of attempts and from where each host stands now, so the last figure is the ledger's own.
    """
    changes: list[tuple[datetime, int]] = []
    starts = [attempt.begun_at for attempt in record.attempts] + [state.changed_at for state in record.hosts]
    for state in record.hosts:
        ends = [
            (a.outcome.at, a.outcome.status.protected) for a in record.attempts_of.get(state.host_id, ()) if a.outcome
        ]
        ends = [end for end in ends if end[0] < state.changed_at]
        safe = False
        for at, protected in [*ends, (state.changed_at, state.status.protected)]:
            if protected != safe:
                changes.append((at, -1 if protected else 1))
                safe = protected
    start = min([*starts, record.now])
    points = [(start, len(record.hosts))]
    for at, change in sorted(changes):
        if points[-1][0] == at and len(points) > 1:
            points[-1] = (at, points[-1][1] + change)
        else:
            points.append((at, points[-1][1] + change))
    if points[-1][0] < record.now:
        points.append((record.now, points[-1][1]))
    return tuple(points)


def burn_down(record: CampaignRecord) -> BurnDown:
    """The picture of a campaign."""
    points = series(record)
    start, now, deadline = points[0][0], points[-1][0], record.campaign.deadline
    end = max(deadline, now, start + timedelta(hours=1))
    top_value = max(1, *(count for _, count in points))

    def x(at: datetime) -> float:
        return round(_LEFT + (WIDTH - _LEFT - _RIGHT) * ((at - start) / (end - start)), 1)

    def y(count: float) -> float:
        return round(HEIGHT - _BOTTOM - (HEIGHT - _TOP - _BOTTOM) * count / top_value, 1)

    line = _staircase([(x(at), y(count)) for at, count in points])
    still_open = points[-1][1]
    needed = f"{x(now)},{y(still_open)} {x(deadline)},{y(0)}" if still_open and now < deadline else ""
    return BurnDown(
        points=points,
        line=line,
        area=f"{x(start)},{y(0)} {line} {x(now)},{y(0)}",
        pace=needed,
        now_x=x(now),
        now_y=y(still_open),
        deadline_x=x(deadline),
        x_ticks=tuple(Tick(x(at), f"{at.day} {at:%b}") for at in _days(start, end)),
        y_ticks=tuple(Tick(y(count), f"{count:,}") for count in _steps(top_value)),
        before_deadline=now < deadline,
        open_now=still_open,
    )


def _staircase(points: list[tuple[float, float]]) -> str:
    """Flat to the next moment, then up or down; of the moments that fall on one place only the last is drawn."""
    last_at = dict(points)
    drawn: list[tuple[float, float]] = [points[0]]
    for x, y in last_at.items():
        drawn += [point for point in ((x, drawn[-1][1]), (x, y)) if point != drawn[-1]]
    return " ".join(f"{x},{y}" for x, y in drawn)


def _days(start: datetime, end: datetime) -> list[datetime]:
    """At most seven midnights (UTC), evenly spread."""
    first = start.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    step = max(1, -(-(end - start).days // 7))
    days = [first + timedelta(days=step * index) for index in range(8)]
    return [day for day in days if day < end]


def _steps(top_value: int) -> list[int]:
    """Round figures up to the highest one: at most six."""
    size = next(base * 10**power for power in range(12) for base in (1, 2, 5) if top_value / (base * 10**power) <= 5)
    return list(range(0, top_value + 1, size))
