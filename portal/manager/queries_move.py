"""Moving one visit by hand: what is asked, what breaks, what else moves; every time in the zone of its site."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from itertools import islice

from flows.moving import Checked, Moving, Wish, around, check, make_way
from flows.services import Services
from muster.errors import InputError, NotFound
from muster.ids import PersonId, PlanId, VisitId
from muster.plan import Assignment, Plan, VisitMode
from portal.beside import Sum
from portal.forms import Posted
from portal.manager.kept import SMALL_HOSTS, kept, kept_for_good, worked_out, worked_out_now
from portal.manager.queries_timeline import local_instant, local_parts
from portal.reading import Reading
from portal.words import moment, zone_name
from scheduler.diff import Kind, Move, Placing
from scheduler.localtime import zone as zone_of
from scheduler.problem import Problem

SHOWN_MOVES = 30
SHOWN_BREAKS = 12
SHOWN_VISITS = 200
FRESH_MINUTES = 15
"""How old the instant may be from which a problem is built that is used again; dispatch looks anew in any case."""


@dataclass(frozen=True, slots=True)
class Panel:
    """One visit, and the form that moves it.

    Attributes:
        team: everybody who does it; more than one where it takes several.
        date, time, second: where the form stands; ``second`` where the clocks show that time twice.
        people: who could be chosen: id and name.
        reasons: why nobody is given it; empty where somebody is.
    """

    visit_id: VisitId
    site: str
    client: str
    zone: str
    mode: str
    hosts: int
    minutes: int
    team: tuple[tuple[PersonId, str], ...]
    when: str
    person_id: str
    date: str
    time: str
    second: bool
    people: tuple[tuple[str, str], ...]
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MoveLine:
    """A visit that is not as it was."""

    site: str
    client: str
    what: str
    before: str
    after: str
    told: bool
    wished: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """What comes of a wish.

    Attributes:
        who, when: what was wished for.
        note: what the clocks do to that time; empty on most days.
        breaks: rules that would be broken, in sentences.
        moves: None where only the rules were asked for.
        proposal: whether there is something to propose.
    """

    who: str
    when: str
    note: str
    breaks: tuple[str, ...]
    more_breaks: int
    broken_before: int
    moves: tuple[MoveLine, ...] | None = None
    all_moves: int = 0
    cost_cents: int = 0
    told: int = 0
    proposal: bool = False
    why_not: str = ""


def problem_kept(services: Services, reading: Reading, plan: Plan) -> Problem:
    """The problem around a plan, as of about now."""
    return kept(reading, _problem_key(reading, plan), lambda: around(services, plan))


def get_ready(services: Services, reading: Reading, plan: Plan) -> None:
    """Begin to build the problem of a large plan: somebody looks at the timeline, and may drag a visit in a moment."""
    hosts = reading.counts(plan.campaign_id).total()
    if hosts > SMALL_HOSTS:
        worked_out(services, reading, Sum(_ready, (plan.id,)), hosts, wait=False)


def _ready(services: Services, reading: Reading, plan_id: PlanId) -> bool:
    problem_kept(services, reading, reading.plan(plan_id))
    return True


def _problem_key(reading: Reading, plan: Plan) -> tuple[str, str, int]:
    return "around", plan.id, int(reading.now.timestamp() // (60 * FRESH_MINUTES))


def panel_of(reading: Reading, plan: Plan, visit_id: str, wish: Wish | None = None) -> Panel:
    """A visit and where the form stands: at the wish, else where the visit is.

    Raises:
        NotFound: the plan has no such visit.
    """
    visit = plan.visit.get(VisitId(visit_id))
    if visit is None:
        raise NotFound("the plan has no such visit", hint="look at the timeline again")
    fleet, crew = reading.fleet, reading.crew
    site = fleet.site[visit.site_id]
    placed = reading.assignments(plan).get(visit.id, ())
    at = wish.starts_at if wish else placed[0].starts_at if placed else max(visit.earliest, reading.now)
    day, clock, second = local_parts(at, site.timezone)
    out = next((one.reasons for one in plan.unplaced if one.visit_id == visit.id), ())
    names = {one.id: one.name for one in crew.engineers}
    return Panel(
        visit.id,
        site.name,
        fleet.client[visit.client_id].name,
        site.timezone,
        "on site" if visit.mode is VisitMode.ONSITE else "remote",
        len(visit.host_ids),
        visit.effort_minutes,
        tuple((one.person_id, names.get(one.person_id, str(one.person_id))) for one in placed),
        f"{moment(placed[0].starts_at, site.timezone)} {zone_name(placed[0].starts_at, site.timezone)}"
        if placed
        else "",
        wish.person_id if wish else placed[0].person_id if placed else "",
        day,
        clock,
        second,
        people_of(reading),
        tuple(one.text for one in out),
    )


def wish_of(reading: Reading, plan: Plan, form: Posted) -> tuple[Wish, str]:
    """What a form asks for, and what is to be said about its time.

    The instant itself may be given (``starts_at``), as a picture has it; else date and time on the site's clocks.

    Raises:
        InputError: a date or a time cannot be read, or the visit or the person is not there.
    """
    visit = plan.visit.get(VisitId(form.text("visit")))
    if visit is None:
        raise InputError("the plan has no such visit", hint="look at the timeline again")
    zone = reading.fleet.site[visit.site_id].timezone
    starts_at, note = _starts_at(form, zone)
    replaced = form.text("instead_of", "")
    placed = reading.assignments(plan).get(visit.id, ())
    usual = placed[0].person_id if len(placed) > 1 else ""
    person = PersonId(form.text("person"))
    if person not in reading.crew.engineer:
        raise InputError("there is no such person", hint="choose somebody of the crew")
    return Wish(visit.id, person, starts_at, PersonId(replaced or usual) if len(placed) > 1 else None), note


def checked(services: Services, reading: Reading, plan: Plan, wish: Wish, note: str) -> Answer:
    """What would break."""
    hosts = reading.counts(plan.campaign_id).total()
    return worked_out_now(services, reading, Sum(_checked, (plan.id, wish, note)), hosts)


def _checked(services: Services, reading: Reading, plan_id: PlanId, wish: Wish, note: str) -> Answer:
    plan = reading.plan(plan_id)
    found = check(problem_kept(services, reading, plan), plan, wish)
    return _answer(reading, plan, wish, note, found)


def moved(services: Services, reading: Reading, plan: Plan, wish: Wish, note: str) -> tuple[Answer, Moving]:
    """What else would move, and the proposal itself."""
    hosts = reading.counts(plan.campaign_id).total()
    return worked_out_now(services, reading, Sum(_moved, (plan.id, wish, note)), hosts)


def _moved(services: Services, reading: Reading, plan_id: PlanId, wish: Wish, note: str) -> tuple[Answer, Moving]:
    plan = reading.plan(plan_id)
    problem = problem_kept(services, reading, plan)
    found, way = check(problem, plan, wish), make_way(services, problem, plan, wish)
    asked = _answer(reading, plan, wish, note, found)
    told = set(way.told)
    lines = [_line(reading, plan, one, wish, told=one.visit_id in told) for one in way.moves]
    return (
        Answer(
            asked.who,
            asked.when,
            note,
            asked.breaks,
            asked.more_breaks,
            asked.broken_before,
            moves=tuple(sorted(lines, key=lambda one: (not one.wished, one.client, one.site)))[:SHOWN_MOVES],
            all_moves=len(way.moves),
            cost_cents=way.cost_cents,
            told=len(told),
            proposal=way.granted and bool(way.moves),
            why_not="" if way.granted else way.why_not or "no day of that person can hold it there",
        ),
        way,
    )


def moves_between(reading: Reading, plan: Plan, moves: Sequence[Move]) -> tuple[MoveLine, ...]:
    """The differences of two plans as lines."""
    return tuple(_line(reading, plan, one, None, told=False) for one in moves)


def people_of(reading: Reading) -> tuple[tuple[str, str], ...]:
    """Who could be chosen: id and name with the company, our own first."""
    crew = reading.crew
    return tuple((str(one.id), _with_company(reading, one.id)) for one in sorted(crew.engineers, key=_order))


def visits_to_come(reading: Reading, plan: Plan) -> tuple[tuple[str, str], ...]:
    """The visits of a plan that are not over, the next first: id and what it is."""
    fleet, people, now = reading.fleet, reading.crew.engineer, reading.now
    by_start = kept_for_good(reading, ("by start", plan.id), lambda: sorted(plan.assignments, key=_start))
    found: dict[str, str] = {}
    for one in islice((each for each in by_start if each.ends_at > now), SHOWN_VISITS):
        site = fleet.site[plan.visit[one.visit_id].site_id]
        name = people[one.person_id].name if one.person_id in people else str(one.person_id)
        found.setdefault(str(one.visit_id), f"{moment(one.starts_at, site.timezone)} {site.name}, {name}")
    return tuple(found.items())


def _start(one: Assignment) -> datetime:
    return one.starts_at


def move_line(reading: Reading, plan: Plan, move: Move) -> MoveLine:
    """One difference of two plans, of which ``plan`` knows the visit."""
    return _line(reading, plan, move, None, told=False)


def _starts_at(form: Posted, zone: str) -> tuple[datetime, str]:
    """When a visit is to begin; ``onto_day`` takes the local time of ``starts_at`` to another day."""
    given, onto = form.text("starts_at", ""), form.text("onto_day", "")
    try:
        if given:
            at = datetime.fromisoformat(given).replace(second=0, microsecond=0)
            if not onto:
                return at.astimezone(UTC), ""
            there = at.astimezone(zone_of(zone))
            return local_instant(date.fromisoformat(onto), there.time(), zone, second=there.fold == 1)
        on, at_time = date.fromisoformat(form.text("date")), time.fromisoformat(form.text("time"))
        clock = at_time.replace(second=0, microsecond=0, tzinfo=None)
        return local_instant(on, clock, zone, second=form.ticked("second"))
    except (ValueError, OverflowError):
        raise InputError("the time cannot be read", hint="a date such as 2026-10-26 and a time such as 08:30") from None


def _answer(reading: Reading, plan: Plan, wish: Wish, note: str, found: Checked) -> Answer:
    visit = plan.visit[wish.visit_id]
    zone = reading.fleet.site[visit.site_id].timezone
    sentences = list(dict.fromkeys(one.text for one in found.breaks))
    return Answer(
        reading.crew.engineer[wish.person_id].name,
        _told_at(wish.starts_at, zone),
        note,
        tuple(_sentence(reading, plan, one) for one in sentences[:SHOWN_BREAKS]),
        max(0, len(sentences) - SHOWN_BREAKS),
        len(found.broken_before),
    )


def _sentence(reading: Reading, plan: Plan, text: str) -> str:
    """A sentence of the validator with sites' names behind visits' ids."""
    for visit in plan.visits:
        if visit.id in text.replace("(", " ").replace(")", " ").replace(",", " ").split():
            text = text.replace(visit.id, f"{visit.id} ({reading.fleet.site[visit.site_id].name})", 1)
    return text[:1].upper() + text[1:]


def _line(reading: Reading, plan: Plan, one: Move, wish: Wish | None, *, told: bool) -> MoveLine:
    visit = plan.visit.get(one.visit_id)
    fleet = reading.fleet
    site = fleet.site[visit.site_id] if visit else None
    zone = site.timezone if site else "UTC"
    return MoveLine(
        site.name if site else str(one.visit_id),
        fleet.client[visit.client_id].name if visit else "",
        "left out" if one.kind is Kind.LEFT_OUT else one.kind.value,
        _placing(reading, one.before, zone),
        _placing(reading, one.after, zone),
        told,
        wish is not None and one.visit_id == wish.visit_id,
    )


def _placing(reading: Reading, placing: Placing | None, zone: str) -> str:
    if placing is None:
        return "nobody"
    crew = reading.crew.engineer
    names = ", ".join(crew[one].name if one in crew else str(one) for one in placing.person_ids)
    return f"{names}, {_told_at(placing.starts_at, zone)}"


def _told_at(at: datetime, zone: str) -> str:
    return f"{moment(at, zone)} {zone_name(at, zone)}"


def _with_company(reading: Reading, person_id: PersonId) -> str:
    person = reading.crew.engineer[person_id]
    partner = reading.crew.partner.get(person.partner_id) if person.partner_id else None
    return f"{person.name} ({partner.name})" if partner else person.name


def _order(person: object) -> tuple[str, str]:
    return str(getattr(person, "partner_id", None) or ""), str(getattr(person, "name", ""))
