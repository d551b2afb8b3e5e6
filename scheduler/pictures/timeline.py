"""Who is where when: a row for each person, a column for each day, in the person's local time."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from muster.plan import Assignment, Plan, VisitMode
from scheduler.localtime import zone
from scheduler.pictures.svg import ALARM, COLOURS, GRID, INK, PALE, box, document, line, shorter, text
from scheduler.problem import Person, Problem

NAME_WIDTH, DAY_WIDTH, ROW_HEIGHT, TOP = 150, 130, 26, 66
NOON = 12
REMOTE_OPACITY = 0.6
MOST_IN_LEGEND = 8
MOST_PEOPLE = 200
"""Rows that are drawn; a line below says how many more there are."""


@dataclass(frozen=True, slots=True)
class _Bar:
    person: int
    day: date
    starts: float
    ends: float
    travel: float
    waits: float
    label: str
    title: str
    colour: str
    remote: bool
    people: int


def timeline(problem: Problem, plan: Plan) -> str:
    """The plan as a picture: shifts pale, visits in their client's colour, travel thin before them."""
    bars = list(_bars(problem, plan))
    used = sorted({bar.person for bar in bars} or set(range(len(problem.people))))
    people, days = used[:MOST_PEOPLE], sorted({day.day for day in problem.days} | {bar.day for bar in bars})
    rows = {person: TOP + number * ROW_HEIGHT for number, person in enumerate(people)}
    columns = {day: NAME_WIDTH + number * DAY_WIDTH for number, day in enumerate(days)}
    first, last = _hours(problem, bars)
    width, height = NAME_WIDTH + len(days) * DAY_WIDTH + 10, TOP + len(people) * ROW_HEIGHT + 60
    parts = [
        text(10, 22, f"Plan {plan.id}: who is where when", size=16, bold=True),
        *_heads(columns, first, last, height),
    ]
    scale = DAY_WIDTH / (last - first)
    for person, y in rows.items():
        parts += [*_name(problem.people[person], y), line(0, y + 24, width, y + 24)]
    parts += _shifts(problem, rows, columns, first, scale)
    for bar in bars:
        if bar.person in rows:
            parts += _drawn(bar, columns[bar.day] + (bar.starts - first) * scale, rows[bar.person], scale)
    parts += _legend(plan, height)
    parts += _foot(plan, len(used) - len(people), len(problem.people) - len(used), height)
    return document(width, height, f"Plan {plan.id} by person and day", parts)


def _bars(problem: Problem, plan: Plan) -> Iterator[_Bar]:
    clients = sorted({visit.client_id for visit in plan.visits})
    for made in plan.assignments:
        if made.person_id not in problem.person_index:
            continue
        person = problem.person_index[made.person_id]
        visit, home = plan.visit[made.visit_id], zone(problem.people[person].timezone)
        starts, ends = made.starts_at.astimezone(home), made.ends_at.astimezone(home)
        begins = _hour(starts)
        title = f"{visit.id}: {starts:%H:%M}-{ends:%H:%M}, {len(visit.host_ids)} machines, {visit.mode.value}"
        yield _Bar(
            person,
            starts.date(),
            begins,
            begins + (ends - starts) / timedelta(hours=1),
            made.travel_minutes / 60,
            _travel_ends(problem, made) / 60,
            str(visit.site_id) if visit.mode is VisitMode.ONSITE else "remote",
            title,
            COLOURS[clients.index(visit.client_id) % len(COLOURS)],
            visit.mode is VisitMode.REMOTE,
            visit.people,
        )


def _travel_ends(problem: Problem, made: Assignment) -> int:
    """How many minutes before the visit its way ends at the latest: a way does not lead through a busy time."""
    days = problem.days_of.get(made.person_id, ())
    start = problem.minute(made.starts_at)
    ends = start
    for span in sorted((s for n in days for s in problem.days[n].blocked), reverse=True):
        if span.starts < ends and ends - made.travel_minutes < span.ends <= start:
            ends = span.starts
    return start - ends


def _hour(at: datetime) -> float:
    return at.hour + at.minute / 60


def _hours(problem: Problem, bars: list[_Bar]) -> tuple[int, int]:
    """The hours of the day that are drawn."""
    starts, ends = [bar.starts - bar.travel for bar in bars], [bar.ends for bar in bars]
    for day in problem.days:
        begins = _hour(problem.at(day.starts).astimezone(zone(problem.people[day.person].timezone)))
        starts.append(begins)
        ends.append(begins + (day.ends - day.starts) / 60)
    first, last = int(max(0, min(starts, default=8))), int(max(ends, default=17)) + 1
    return first, max(last, first + 1)


def _heads(columns: dict[date, int], first: int, last: int, height: int) -> Iterator[str]:
    for day, x in columns.items():
        colour = PALE if day.weekday() < 5 else ALARM
        yield text(x + DAY_WIDTH / 2, 44, f"{day:%a %d %b}", anchor="middle", colour=colour)
        yield text(x + 2, 58, f"{first}:00", size=8, colour=PALE)
        yield text(x + DAY_WIDTH - 2, 58, f"{last}:00", size=8, anchor="end", colour=PALE)
        if first + 2 < NOON < last - 2:
            noon = x + (NOON - first) * DAY_WIDTH / (last - first)
            yield text(noon, 58, "12:00", size=8, anchor="middle", colour=PALE)
            yield line(noon, 61, noon, 64)
        yield line(x, 48, x, height - 56)


def _shifts(
    problem: Problem, rows: dict[int, int], columns: dict[date, int], first: int, scale: float
) -> Iterator[str]:
    for day in problem.days:
        if day.person in rows and day.day in columns:
            begins = _hour(problem.at(day.starts).astimezone(zone(problem.people[day.person].timezone)))
            x, y = columns[day.day] + (begins - first) * scale, rows[day.person]
            yield box(x, y + 2, (day.ends - day.starts) / 60 * scale, ROW_HEIGHT - 6, GRID, opacity=0.5)
            for span in day.blocked:
                at = x + (span.starts - day.starts) / 60 * scale
                yield box(
                    at, y + 2, (span.ends - span.starts) / 60 * scale, ROW_HEIGHT - 6, PALE, title="busy", opacity=0.35
                )


def _drawn(bar: _Bar, x: float, y: float, scale: float) -> Iterator[str]:
    if bar.travel:
        way, before = bar.travel * scale, (bar.travel + bar.waits) * scale
        yield box(x - before, y + 11, way, 3, bar.colour, title=f"{bar.travel * 60:.0f} min travel")
    width = (bar.ends - bar.starts) * scale
    if bar.people > 1:
        yield box(x - 1, y + 3, width + 2, ROW_HEIGHT - 8, INK)
    opacity = REMOTE_OPACITY if bar.remote else 1.0
    yield box(x, y + 4, width, ROW_HEIGHT - 10, bar.colour, title=bar.title, opacity=opacity)
    if width > 34:
        yield text(x + 3, y + 16, shorter(bar.label, int(width / 6)), size=10, colour="white")


def _name(person: Person, y: float) -> Iterator[str]:
    """Who it is, and of which partner."""
    partner = shorter(str(person.partner_id), 9) if person.partner_id else ""
    yield text(10, y + 16, shorter(person.name, 20 - len(partner)))
    if partner:
        yield text(NAME_WIDTH - 6, y + 16, partner, size=9, anchor="end", colour=PALE)


def _legend(plan: Plan, height: int) -> Iterator[str]:
    """What is drawn how; the clients by name where there are no more of them than colours."""
    clients = sorted({visit.client_id for visit in plan.visits})
    turn = "" if len(clients) <= MOST_IN_LEGEND else " (colours in turn)"
    words = f"pale: shift, grey: busy, thin: travel, in colour: visits by client{turn}, lighter: remote"
    yield text(10, height - 34, f"{words}, black edge: several people together", colour=PALE)
    for number, client in enumerate(clients if len(clients) <= MOST_IN_LEGEND else ()):
        x = 620 + number * 130
        yield box(x, height - 44, 10, 10, COLOURS[number])
        yield text(x + 14, height - 34, shorter(str(client), 16), size=11)


def _foot(plan: Plan, more: int, idle: int, height: int) -> Iterator[str]:
    placed = len({made.visit_id for made in plan.assignments})
    words = f"{placed} of {len(plan.visits)} visits placed"
    if plan.unplaced:
        words += f", {len(plan.unplaced)} left out: {', '.join(str(u.visit_id) for u in plan.unplaced[:5])}"
        words += " …" if len(plan.unplaced) > 5 else ""
    if more > 0:
        words += f"; {more} more people are not drawn"
    if idle > 0:
        words += f"; {idle} {'person has' if idle == 1 else 'people have'} no visit"
    yield text(10, height - 14, words, colour=ALARM if plan.unplaced else PALE)
