"""What each visit of a plan costs, so that the sums over visits are the plan's own to the cent."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from muster.ids import ClientId, HostId, PartnerId, PersonId, VisitId
from muster.plan import Assignment, Plan
from scheduler.problem import Problem, money
from scheduler.tour import Touring


@dataclass(frozen=True, slots=True)
class Booked:
    """One assignment with its cost in cents.

    Attributes:
        week: ISO, such as ``2026-W43``, by the campaign's zone.
        leads: whether it stands for the visit: of several people the one who is named first.
        travel_cents: the way there, and for the last visit of a day also the way home.
        overtime_cents: of the day, with its last visit.
    """

    visit_id: VisitId
    client_id: ClientId
    person_id: PersonId
    partner_id: PartnerId | None
    host_ids: tuple[HostId, ...]
    starts_at: datetime
    ends_at: datetime
    week: str
    minutes: int
    leads: bool
    labour_cents: int
    travel_cents: int
    overtime_cents: int

    @property
    def cents(self) -> int:
        """All of it."""
        return self.labour_cents + self.travel_cents + self.overtime_cents


def week_of(at: datetime, zone: str) -> str:
    """The ISO week of an instant, such as ``2026-W43``."""
    year, week, _ = at.astimezone(ZoneInfo(zone)).isocalendar()
    return f"{year}-W{week:02}"


def booked(problem: Problem, plan: Plan, zone: str) -> tuple[Booked, ...]:
    """Every assignment of a plan with its cost, in order of time.

    Visits or people that the problem does not know are left out.
    """
    touring = Touring(problem)
    days: dict[int, list[Assignment]] = defaultdict(list)
    for one in plan.assignments:
        day = _day_of(problem, one)
        if day is not None and one.visit_id in problem.demand_index:
            days[day].append(one)
    first = {one.visit_id: one.person_id for one in sorted(plan.assignments, key=_order, reverse=True)}
    found = [one for day, made in days.items() for one in _of_day(touring, day, sorted(made, key=_order), zone, first)]
    return tuple(sorted(found, key=lambda one: (one.starts_at, one.visit_id, one.person_id)))


def _order(one: Assignment) -> tuple[datetime, str]:
    return one.starts_at, one.person_id


def _day_of(problem: Problem, one: Assignment) -> int | None:
    start = problem.minute(one.starts_at)
    numbers = problem.days_of.get(one.person_id, ())
    return next((n for n in numbers if problem.days[n].starts <= start < problem.days[n].latest_end), None)


def _of_day(
    touring: Touring, number: int, made: Sequence[Assignment], zone: str, first: dict[VisitId, PersonId]
) -> Iterable[Booked]:
    problem = touring.problem
    day = problem.days[number]
    person = problem.people[day.person]
    visits = [problem.demand_index[one.visit_id] for one in made]
    tour = touring.tour(number, visits, {v: problem.minute(o.starts_at) for v, o in zip(visits, made, strict=True)})
    legs = list(tour.legs) if tour else [*(one.travel_minutes for one in made), 0]
    late = max(0, tour.ends - day.ends) if tour else 0
    for place, (one, visit) in enumerate(zip(made, visits, strict=True)):
        demand = problem.demands[visit].visit
        last = place == len(made) - 1
        travel = money(legs[place], person.travel_cents_per_hour)
        yield Booked(
            visit_id=one.visit_id,
            client_id=demand.client_id,
            person_id=one.person_id,
            partner_id=person.partner_id,
            host_ids=demand.host_ids,
            starts_at=one.starts_at,
            ends_at=one.ends_at,
            week=week_of(one.starts_at, zone),
            minutes=demand.effort_minutes,
            leads=first[one.visit_id] == one.person_id,
            labour_cents=money(demand.effort_minutes, person.rate_cents_per_hour)
            + (day.fixed_cents if not place else 0),
            travel_cents=travel + (money(legs[-1], person.travel_cents_per_hour) if last else 0),
            overtime_cents=money(late, person.overtime_cents_per_hour) if last else 0,
        )
