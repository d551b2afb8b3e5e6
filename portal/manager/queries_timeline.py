"""The timeline: who is where on one day, and what the days around it hold.

The axis is real time, told in the campaign's zone: on the day of a clock change it is an hour longer or shorter, and
an hour that exists twice stands there twice. What is promised to a client is told in its site's zone.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta

from flows.services import Services
from muster.crew import Crew, Engineer
from muster.fleet import Fleet
from muster.ids import PersonId, VisitId
from muster.outcomes import HostStatus
from muster.plan import Assignment, Plan, VisitMode
from portal.manager.common import Rows, rows_of
from portal.manager.kept import kept, kept_besides, kept_for_good
from portal.reading import CampaignNow, Reading
from portal.words import clock, day, moment, span, zone_name
from reports.notices.told import WAIVED, WRITTEN, read_told
from scheduler.localtime import Hours, expand, instant, zone

HOUR_WIDTH = 84
ROW_HEIGHT = 46
USUAL = (7, 18)
"""Hours of the day that are always drawn."""
STRIP_DAYS = 14
NARROW = 46
"""A bar that is narrower has no words in it."""


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of a row, in the units of the picture."""

    x: float
    width: float
    title: str = ""


@dataclass(frozen=True, slots=True)
class Bar:
    """A visit of somebody's day.

    Attributes:
        starts_at, ends_at: aware, UTC.
        when: in the site's zone, with its name where that is not the campaign's.
        way: the travel before it; None without.
        told: whether the client was told of just this time and person.
        title: all of it in a sentence, for whoever cannot see the picture.
    """

    visit_id: VisitId
    person_id: PersonId
    starts_at: datetime
    ends_at: datetime
    x: float
    width: float
    way: Block | None
    label: str
    site: str
    client: str
    when: str
    mode: str
    hosts: int
    protected: int
    tone: str
    told: bool
    title: str


@dataclass(frozen=True, slots=True)
class PersonRow:
    """One person's day."""

    person_id: PersonId
    name: str
    company: str
    shifts: tuple[Block, ...]
    busy: tuple[Block, ...]
    bars: tuple[Bar, ...]
    minutes: int


@dataclass(frozen=True, slots=True)
class Tick:
    """An hour of the axis; ``label`` names the zone too where the hour exists twice."""

    x: float
    label: str


@dataclass(frozen=True, slots=True)
class DayChip:
    """A day of the strip."""

    day: date
    label: str
    visits: int
    hours: float
    current: bool
    change: str


@dataclass(frozen=True, slots=True)
class Picture:
    """What all rows of a day have in common."""

    day: date
    width: float
    height: int
    ticks: tuple[Tick, ...]
    now_x: float | None


@dataclass(frozen=True, slots=True)
class Timeline:
    """One day of a plan.

    Attributes:
        starts_at: of the picture; a place x is ``starts_at`` plus ``x / HOUR_WIDTH`` hours.
        change: what the clocks do on this day; empty on most.
        now_x: where now is; None on other days.
        left_out: visits that nobody is given, with their sites.
    """

    plan_id: str
    binding: bool
    day: date
    title: str
    starts_at: datetime
    width: float
    height: int
    ticks: tuple[Tick, ...]
    now_x: float | None
    change: str
    strip: tuple[DayChip, ...]
    before: date | None
    after: date | None
    rows: Rows[PersonRow]
    visits: int
    left_out: tuple[tuple[VisitId, str], ...]
    all_left_out: int

    @property
    def picture(self) -> Picture:
        """What all rows of it have in common."""
        return Picture(self.day, self.width, self.height, self.ticks, self.now_x)


def shown_plan(reading: Reading, found: CampaignNow) -> Plan | None:
    """The plan that is drawn: the one that binds, else the newest."""
    if found.dispatched is not None:
        return reading.plan(found.dispatched.plan_id)
    return reading.plan(found.plan_ids[-1]) if found.plan_ids else None


def timeline_of(
    services: Services, reading: Reading, found: CampaignNow, plan: Plan, wanted: date | None, who: str, page: int
) -> Timeline:
    """One day of a plan; by default today, or the plan's first day where that is later."""
    home = found.campaign.timezone
    days = kept_for_good(reading, ("days", plan.id, home), lambda: _days(plan, home))
    shown = wanted or _usual_day(days, reading.now.astimezone(zone(home)).date())
    on_day = kept_for_good(reading, ("on day", plan.id, shown, home), lambda: _on_day(plan, shown, home))
    people = _people(reading.crew, on_day, who)
    some = rows_of(people, page)
    axis = kept_besides(
        reading, ("axis", plan.id, shown, home, who, some.page), lambda: _axis(shown, home, on_day, some.rows)
    )
    told = kept(reading, ("told", plan.id), lambda: _told_of(services, plan), at=reading.newest((WRITTEN, WAIVED)))
    known = kept_besides(reading, ("bars", plan.id, axis, home), _Known)
    by_person = kept_for_good(reading, ("by person", plan.id, shown, home), lambda: _by_person(on_day))
    rows = tuple(_row(reading, plan, one, axis, told, by_person.get(one.id, ()), known, home) for one in some.rows)
    fleet = reading.fleet
    out = tuple((one.visit_id, fleet.site[plan.visit[one.visit_id].site_id].name) for one in plan.unplaced[:20])
    return Timeline(
        plan_id=plan.id,
        binding=found.dispatched is not None and found.dispatched.plan_id == plan.id,
        day=shown,
        title=f"{shown:%A} {shown.day} {shown:%B %Y}",
        starts_at=axis.starts_at,
        width=axis.width,
        height=ROW_HEIGHT,
        ticks=tuple(_ticks(axis, home)),
        now_x=_now_x(axis, reading.now),
        change=clock_change(shown, home),
        strip=tuple(_strip(days, shown, home)),
        before=max((one for one in days if one < shown), default=None),
        after=min((one for one in days if one > shown), default=None),
        rows=Rows(rows, some.total, some.page, some.pages),
        visits=len({one.visit_id for one in on_day}),
        left_out=out,
        all_left_out=len(plan.unplaced),
    )


def crews(crew: Crew) -> tuple[tuple[str, str], ...]:
    """What the rows can be filtered by: everybody, our own people, each partner's."""
    return (("", "everybody"), ("own", "our own people"), *((one.id, one.name) for one in crew.partners))


@dataclass(frozen=True, slots=True)
class Axis:
    """Real time along a picture."""

    starts_at: datetime
    ends_at: datetime

    def x(self, at: datetime) -> float:
        """The place of an instant."""
        return round((at - self.starts_at) / timedelta(hours=1) * HOUR_WIDTH, 1)

    @property
    def width(self) -> float:
        """Of the whole picture."""
        return self.x(self.ends_at)

    def block(self, starts_at: datetime, ends_at: datetime, title: str = "") -> Block | None:
        """A stretch, cut to the picture; None outside it."""
        first, last = max(starts_at, self.starts_at), min(ends_at, self.ends_at)
        return Block(self.x(first), round(self.x(last) - self.x(first), 1), title) if first < last else None


def _now_x(axis: Axis, now: datetime) -> float | None:
    """Where now is, to the minute: a row is drawn anew when something in it is another."""
    return axis.x(now.replace(second=0, microsecond=0)) if axis.starts_at <= now <= axis.ends_at else None


def clock_change(shown: date, zone_: str) -> str:
    """What the clocks of a zone do on a day; empty where they do nothing."""
    here = zone(zone_)
    midnight = instant(shown, time(), here)
    length = instant(shown + timedelta(days=1), time(), here) - midnight
    if length == timedelta(days=1):
        return ""
    by = abs(length - timedelta(days=1))
    turn = "back" if length > timedelta(days=1) else "forward"
    return f"clocks go {turn} by {int(by.total_seconds() // 60)} minutes on this day"


def told_time(starts_at: datetime, ends_at: datetime, site_zone: str, home: str) -> str:
    """When a visit is on the clocks of its site; the zone is named where it is not that of the page."""
    words = span(starts_at, ends_at, site_zone)
    if site_zone == home:
        return words
    other_day = f"{day(starts_at, site_zone)} " if day(starts_at, site_zone) != day(starts_at, home) else ""
    return f"{other_day}{words} {zone_name(starts_at, site_zone)}"


@dataclass
class _Known:
    """What was drawn of a day already, rows without their visits, and visits by how they stand."""

    rows: dict[PersonId, PersonRow] = field(default_factory=dict)
    bars: dict[tuple[VisitId, PersonId, int, str, bool], Bar] = field(default_factory=dict)


def _by_person(on_day: Sequence[Assignment]) -> dict[PersonId, tuple[Assignment, ...]]:
    found: dict[PersonId, list[Assignment]] = defaultdict(list)
    for one in on_day:
        found[one.person_id].append(one)
    return {person_id: tuple(theirs) for person_id, theirs in found.items()}


def _told_of(services: Services, plan: Plan) -> frozenset[VisitId]:
    return frozenset(read_told(services.ledger, plan.campaign_id).announced(plan))


def _on_day(plan: Plan, shown: date, home: str) -> tuple[Assignment, ...]:
    here = zone(home)
    first, last = instant(shown, time(), here), instant(shown + timedelta(days=1), time(), here)
    return tuple(one for one in plan.assignments if first <= one.starts_at < last)


def _days(plan: Plan, home: str) -> dict[date, tuple[int, float]]:
    """The days that have visits: how many, and how many hours."""
    visits: dict[date, set[VisitId]] = defaultdict(set)
    hours: Counter[date] = Counter()
    minutes: dict[date, float] = defaultdict(float)
    here = zone(home)
    for one in plan.assignments:
        on = one.starts_at.astimezone(here).date()
        visits[on].add(one.visit_id)
        minutes[on] += (one.ends_at - one.starts_at) / timedelta(minutes=1)
        hours[on] += 1
    return {on: (len(visits[on]), minutes[on] / 60) for on in sorted(visits)}


def _usual_day(days: dict[date, tuple[int, float]], today: date) -> date:
    return next((one for one in days if one >= today), max(days, default=today))


def _strip(days: dict[date, tuple[int, float]], shown: date, home: str) -> Iterator[DayChip]:
    first = shown - timedelta(days=shown.weekday())
    for number in range(STRIP_DAYS):
        on = first + timedelta(days=number)
        visits, hours = days.get(on, (0, 0.0))
        yield DayChip(on, f"{on:%a} {on.day} {on:%b}", visits, hours, on == shown, clock_change(on, home))


def _people(crew: Crew, on_day: Sequence[Assignment], who: str) -> tuple[Engineer, ...]:
    """Everybody of the crew that is wanted: those with visits first, our own before partners', by name."""
    busy = {one.person_id for one in on_day}
    wanted = [one for one in crew.engineers if who in {"", one.partner_id or "own"}]
    return tuple(sorted(wanted, key=lambda one: (one.id not in busy, one.partner_id or "", one.name)))


def _axis(shown: date, home: str, on_day: Sequence[Assignment], people: Sequence[Engineer]) -> Axis:
    """From the first to the last hour that anything happens in."""
    here = zone(home)
    starts = [instant(shown, time(USUAL[0]), here)]
    ends = [instant(shown, time(USUAL[1]), here, second=True)]
    starts += [one.starts_at - timedelta(minutes=one.travel_minutes) for one in on_day]
    ends += [one.ends_at for one in on_day]
    first, last = instant(shown, time(), here), instant(shown + timedelta(days=1), time(), here)
    for person in people:
        for part in _shifts(person, first, last):
            starts.append(max(first, part[0]))
            ends.append(min(last, part[1]))
    begin = max(first, min(starts).replace(minute=0, second=0, microsecond=0))
    end = max(ends)
    whole = end.replace(minute=0, second=0, microsecond=0)
    return Axis(begin, whole if whole == end else whole + timedelta(hours=1))


def _ticks(axis: Axis, home: str) -> Iterator[Tick]:
    """Every full hour on the clocks of the zone; an hour that comes twice is told with the zone's name."""
    here, at = zone(home), axis.starts_at
    labels = []
    while at <= axis.ends_at:
        labels.append((at, clock(at, home)))
        at += timedelta(hours=1)
    twice = Counter(label for _, label in labels)
    for at, label in labels:
        yield Tick(axis.x(at), f"{label} {at.astimezone(here):%Z}" if twice[label] > 1 else label)


def _shifts(person: Engineer, first: datetime, last: datetime) -> Iterator[tuple[datetime, datetime]]:
    hours = [Hours(one.weekday, one.starts, one.ends) for one in person.shifts]
    for part in expand(hours, person.timezone, first, last):
        yield part.starts_at, part.ends_at


def _row(
    reading: Reading,
    plan: Plan,
    person: Engineer,
    axis: Axis,
    told: frozenset[VisitId],
    theirs: Sequence[Assignment],
    known: _Known,
    home: str,
) -> PersonRow:
    if (row := known.rows.get(person.id)) is None:
        row = known.rows[person.id] = _empty_row(reading, person, axis, theirs)
    bars = tuple(_bar(reading, plan, one, axis, told, known, home) for one in theirs)
    return replace(row, bars=bars) if bars else row


def _empty_row(reading: Reading, person: Engineer, axis: Axis, theirs: Sequence[Assignment]) -> PersonRow:
    """A person's day without its visits, which are all that changes while people work."""
    partner = reading.crew.partner.get(person.partner_id) if person.partner_id else None
    shifts = (axis.block(*part) for part in _shifts(person, axis.starts_at, axis.ends_at))
    busy = (axis.block(one.starts_at, one.ends_at, one.reason or "away") for one in (*person.absences, *person.busy))
    return PersonRow(
        person.id,
        person.name,
        partner.name if partner else "",
        tuple(one for one in shifts if one),
        tuple(one for one in busy if one),
        (),
        int(sum((one.ends_at - one.starts_at) / timedelta(minutes=1) + one.travel_minutes for one in theirs)),
    )


def _bar(
    reading: Reading,
    plan: Plan,
    made: Assignment,
    axis: Axis,
    told: frozenset[VisitId],
    known: _Known,
    home: str,
) -> Bar:
    visit = plan.visit[made.visit_id]
    counts = reading.counts_of_visit(plan.campaign_id, visit.id)
    protected = sum(number for status, number in counts.items() if status.protected)
    tone = _tone(counts, protected, len(visit.host_ids), made.ends_at < reading.now)
    key = made.visit_id, made.person_id, protected, tone, visit.id in told
    if (found := known.bars.get(key)) is None:
        found = known.bars[key] = _new_bar(reading.fleet, plan, made, axis, home, key[2:])
    return found


def _new_bar(fleet: Fleet, plan: Plan, made: Assignment, axis: Axis, home: str, stands: tuple[int, str, bool]) -> Bar:
    """A visit's bar; ``stands``: how many machines are protected, its tone, and whether the client was told."""
    protected, tone, told = stands
    visit = plan.visit[made.visit_id]
    site = fleet.site[visit.site_id]
    when = told_time(made.starts_at, made.ends_at, site.timezone, home)
    mode = "on site" if visit.mode is VisitMode.ONSITE else "remote"
    x = axis.x(made.starts_at)
    way = axis.block(made.starts_at - timedelta(minutes=made.travel_minutes), made.starts_at)
    hosts = len(visit.host_ids)
    return Bar(
        visit.id,
        made.person_id,
        made.starts_at,
        made.ends_at,
        x,
        max(6.0, round(axis.x(made.ends_at) - x, 1)),
        way if made.travel_minutes else None,
        site.name if axis.x(made.ends_at) - x >= NARROW else "",
        site.name,
        fleet.client[visit.client_id].name,
        when,
        mode,
        hosts,
        protected,
        tone,
        told,
        f"{site.name}, {when}, {mode}, {protected} of {hosts} machines protected",
    )


def _tone(counts: Counter[HostStatus], protected: int, hosts: int, over: bool) -> str:  # noqa: FBT001 - a state
    if hosts and protected == hosts:
        return "good"
    if counts[HostStatus.FAILED] + counts[HostStatus.UNKNOWN] + counts[HostStatus.UNTRUSTED]:
        return "bad"
    return "warn" if over else "busy"


def local_parts(at: datetime, zone_: str) -> tuple[str, str, bool]:
    """Date and time of an instant on the clocks of a zone, and whether it is the second time that they show it."""
    here = at.astimezone(zone(zone_))
    return f"{here:%Y-%m-%d}", f"{here:%H:%M}", here.fold == 1


def local_instant(day_: date, at: time, zone_: str, *, second: bool) -> tuple[datetime, str]:
    """The instant (UTC) of a promised local time, and what is to be said about it on the day of a clock change."""
    here = zone(zone_)
    found = instant(day_, at, here, second=second)
    told = found.astimezone(here)
    if told.replace(tzinfo=None) != datetime.combine(day_, at):
        return found, f"{at:%H:%M} does not exist on that day, as clocks go forward: {moment(found, zone_)} is meant"
    other = instant(day_, at, here, second=not second)
    if other != found:
        which = "second" if second else "first"
        return found, f"{at:%H:%M} comes twice on that day, as clocks go back: the {which} one ({told:%Z}) is meant"
    return found.astimezone(UTC), ""
