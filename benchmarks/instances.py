"""Seeded campaigns to measure the scheduler with: cities, clients, sites, own people and partners, four weeks.

``make(Recipe(...))`` gives a ``Problem``; the same recipe gives the same one on every machine. The figures below
describe an IT service company's campaign and were written down before there was a search to run on them: they are
not to be changed to suit one.

What is drawn
    * Cities lie in a box of 320 by 260 km; the k-th largest has a weight of ``k ** -0.9``. Nine sites in ten lie
      around a city (Gaussian, wider around larger ones), one anywhere.
    * Clients are of very different size. A client has a city where most of its sites are, a priority, a word on
      partners, the skills its machines ask for, access hours by weekday, perhaps people it knows.
    * Visits take a lognormal time (median 65 minutes on site, 40 remote), in steps of five. A quarter may only be
      done from, or until, some week.
    * Own people live where the cities are, work most weekdays, have meetings, leave, a break, some overtime and a
      weekly limit. Partners' people work two or three days a week, cost more and a call-out, and may only go to
      clients who allow it; their agreement caps their work.

``python -m benchmarks.instances --visits 500 --people 50 --seed 1 --picture FILE.svg`` draws one.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.random import Generator

from muster.fleet import Place
from muster.ids import CampaignId, ClientId, HostId, PartnerId, PersonId, SiteId, VisitId
from muster.plan import Visit, VisitMode
from scheduler.problem import AT_HOME, Cap, Demand, Person, PersonDay, Prices, Problem, Rest, Span
from scheduler.travel import SpeedTravel, Spot

EPOCH = datetime(2026, 10, 5, tzinfo=UTC)
"""A Monday."""

DAY_MINUTES = 1440
WORKDAYS_PER_WEEK = 5
BOX_KM = (320.0, 260.0)
SOUTH_WEST = Place(48.6, 7.2)
KM_PER_DEGREE = 111.2

SKILLS = ("windows", "linux", "workplace", "network", "database", "telephony")
SKILL_WEIGHTS = np.array([0.35, 0.22, 0.16, 0.14, 0.08, 0.05])

ACCESS_HOURS: tuple[tuple[float, tuple[tuple[int, int], ...]], ...] = (
    (0.32, ((8 * 60, 17 * 60),)),
    (0.28, ((8 * 60, 12 * 60), (13 * 60, 17 * 60))),
    (0.14, ((7 * 60, 11 * 60 + 30),)),
    (0.15, ((13 * 60, 18 * 60),)),
    (0.11, ((16 * 60, 21 * 60),)),
)
"""How often, and from when to when (minutes of the day) a client lets people in."""

SHIFTS = ((0.62, 8 * 60, 17 * 60), (0.26, 7 * 60, 16 * 60), (0.12, 12 * 60, 21 * 60))
"""How often, from, until."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """What is made; shares lie between 0 and 1.

    Attributes:
        days: working days, five a week from a Monday.
        team_share: visits that take two people at the same time.
        order_share: visits that must wait for another visit of the same client.
    """

    visits: int
    people: int
    seed: int = 1
    days: int = 20
    remote_share: float = 0.12
    team_share: float = 0.0
    order_share: float = 0.0


@dataclass(frozen=True)
class _Land:
    """Cities: kilometres from the south-west corner, and their weights, which sum to one."""

    east_km: np.ndarray[tuple[int], np.dtype[np.float64]]
    north_km: np.ndarray[tuple[int], np.dtype[np.float64]]
    weight: np.ndarray[tuple[int], np.dtype[np.float64]]

    def near(self, city: int, draw: Generator) -> Place:
        """A place around a city."""
        spread = 2.5 + 9.0 * float(np.sqrt(self.weight[city] / self.weight.max()))
        return _place(self.east_km[city] + draw.normal(0, spread), self.north_km[city] + draw.normal(0, spread))

    def some_city(self, draw: Generator) -> int:
        """A city, large ones more often."""
        return int(draw.choice(len(self.weight), p=self.weight))


@dataclass(frozen=True, slots=True)
class _Client:
    id: ClientId
    city: int
    weight: float
    priority: int
    partners_allowed: bool
    skills: tuple[str, ...]
    hours: tuple[tuple[int, int], ...]
    weekdays: tuple[int, ...]
    preferred: tuple[PersonId, ...]


@dataclass(frozen=True, slots=True)
class _Worker:
    """A person, where the day begins, and how the person works."""

    person: Person
    home: Place
    starts: int
    ends: int
    overtime: int
    call_out_cents: int
    max_leg: int | None
    max_travel: int | None
    days_per_week: float


def make(recipe: Recipe) -> Problem:
    """The campaign of a recipe."""
    streams = np.random.default_rng(recipe.seed).spawn(5)
    land = _land(recipe, streams[0])
    crew = _crew(recipe, land, streams[1])
    clients = _clients(recipe, land, crew, streams[2])
    crew = _with_agreements(crew, clients, streams[1])
    spots = [Spot(f"home:{w.person.id}", w.home, w.person.region) for w in crew]
    demands = _demands(recipe, land, crew, clients, spots, streams[3])
    days = _days(recipe, crew, streams[4])
    return Problem(
        campaign_id=CampaignId(f"generated-{recipe.visits}-{recipe.people}-{recipe.seed}"),
        epoch=EPOCH,
        deadline=_ordinal(recipe.days - 1) * DAY_MINUTES + DAY_MINUTES,
        demands=tuple(demands),
        people=tuple(w.person for w in crew),
        days=tuple(days),
        spots=tuple(spots),
        travel=SpeedTravel(),
        caps=tuple(_caps(crew, days, streams[4])),
        prices=Prices(continuity_cents=1500, change_person_cents=2000, change_day_cents=2500),
        created_at=EPOCH,
    )


def _ordinal(workday: int) -> int:
    return workday // WORKDAYS_PER_WEEK * 7 + workday % WORKDAYS_PER_WEEK


def _place(east_km: float, north_km: float) -> Place:
    latitude = SOUTH_WEST.latitude + north_km / KM_PER_DEGREE
    east_per_degree = KM_PER_DEGREE * np.cos(np.radians(SOUTH_WEST.latitude))
    return Place(round(float(latitude), 5), round(float(SOUTH_WEST.longitude + east_km / east_per_degree), 5))


def _region(place: Place) -> str:
    north = place.latitude > SOUTH_WEST.latitude + BOX_KM[1] / 2 / KM_PER_DEGREE
    east = place.longitude > _place(BOX_KM[0] / 2, 0).longitude
    return f"{'north' if north else 'south'}-{'east' if east else 'west'}"


def _land(recipe: Recipe, draw: Generator) -> _Land:
    cities = max(4, round(recipe.visits**0.4))
    weight = np.arange(1, cities + 1) ** -0.9
    return _Land(draw.uniform(0, BOX_KM[0], cities), draw.uniform(0, BOX_KM[1], cities), weight / weight.sum())


def _crew(recipe: Recipe, land: _Land, draw: Generator) -> list[_Worker]:
    own = round(recipe.people * 0.65)
    partner_cities = [land.some_city(draw) for _ in range(max(1, round((recipe.people - own) / 8)))]
    crew = [_own_person(number, land, draw) for number in range(own)]
    for number in range(own, recipe.people):
        company = number % len(partner_cities)
        crew.append(_partner_person(number, company, land.near(partner_cities[company], draw), draw))
    return crew


def _skills(draw: Generator) -> frozenset[str]:
    count = int(draw.choice([2, 3, 4], p=[0.4, 0.4, 0.2]))
    return frozenset(str(s) for s in draw.choice(SKILLS, size=count, replace=False, p=SKILL_WEIGHTS))


def _own_person(number: int, land: _Land, draw: Generator) -> _Worker:
    home = land.near(land.some_city(draw), draw)
    rate = int(draw.integers(80, 131)) * 60
    _, starts, ends = SHIFTS[int(draw.choice(len(SHIFTS), p=[share for share, _, _ in SHIFTS]))]
    return _Worker(
        Person(
            id=PersonId(f"own-{number:03}"),
            name=f"Own {number:03}",
            skills=_skills(draw),
            rate_cents_per_hour=rate,
            travel_cents_per_hour=rate + 1800,
            overtime_cents_per_hour=rate // 2,
            region=_region(home),
        ),
        home,
        starts,
        ends,
        overtime=int(draw.choice([0, 60, 120], p=[0.4, 0.5, 0.1])),
        call_out_cents=0,
        max_leg=int(draw.choice([75, 90, 120])) if draw.random() < 0.2 else None,
        max_travel=int(draw.choice([150, 180, 240])) if draw.random() < 0.15 else None,
        days_per_week=float(draw.uniform(3.0, 5.0)),
    )


def _partner_person(number: int, company: int, home: Place, draw: Generator) -> _Worker:
    rate = int(draw.integers(125, 184)) * 60
    return _Worker(
        Person(
            id=PersonId(f"partner-{number:03}"),
            name=f"Partner {number:03}",
            skills=_skills(draw),
            partner_id=PartnerId(f"company-{company}"),
            rate_cents_per_hour=rate,
            travel_cents_per_hour=rate // 2 + 1800,
            overtime_cents_per_hour=0,
            region=_region(home),
        ),
        home,
        starts=8 * 60,
        ends=17 * 60,
        overtime=0,
        call_out_cents=int(draw.integers(40, 121)) * 100,
        max_leg=None,
        max_travel=None,
        days_per_week=float(draw.uniform(2.0, 3.0)),
    )


def _clients(recipe: Recipe, land: _Land, crew: Sequence[_Worker], draw: Generator) -> list[_Client]:
    clients = []
    for number in range(max(3, recipe.visits // 8)):
        hours = ACCESS_HOURS[int(draw.choice(len(ACCESS_HOURS), p=[share for share, _ in ACCESS_HOURS]))][1]
        every_day = draw.random() < 0.7
        weekdays = range(5) if every_day else draw.choice(5, size=int(draw.integers(2, 4)), replace=False)
        knows = draw.choice(len(crew), size=min(len(crew), int(draw.integers(1, 4))), replace=False)
        clients.append(
            _Client(
                ClientId(f"client-{number:04}"),
                city=land.some_city(draw),
                weight=(number + 1) ** -0.6,
                priority=int(draw.choice([1, 2, 3, 4, 5], p=[0.08, 0.17, 0.45, 0.2, 0.1])),
                partners_allowed=bool(draw.random() < 0.75),
                skills=tuple(str(s) for s in draw.choice(SKILLS, size=3, replace=False, p=SKILL_WEIGHTS)),
                hours=hours,
                weekdays=tuple(sorted(int(day) for day in weekdays)),
                preferred=tuple(crew[k].person.id for k in sorted(knows)) if draw.random() < 0.3 else (),
            )
        )
    return clients


def _with_agreements(crew: Sequence[_Worker], clients: Sequence[_Client], draw: Generator) -> list[_Worker]:
    """Some agreements cover only some of the clients."""
    allowed: dict[PartnerId, frozenset[ClientId] | None] = {}
    for company in sorted({w.person.partner_id for w in crew if w.person.partner_id is not None}):
        some = frozenset(client.id for client in clients if draw.random() < 0.6)
        allowed[company] = some if draw.random() < 0.25 else None
    return [_replace_clients(w, allowed[w.person.partner_id]) if w.person.partner_id is not None else w for w in crew]


def _replace_clients(worker: _Worker, clients: frozenset[ClientId] | None) -> _Worker:
    return replace(worker, person=replace(worker.person, clients=clients))


def _demands(
    recipe: Recipe,
    land: _Land,
    crew: Sequence[_Worker],
    clients: Sequence[_Client],
    spots: list[Spot],
    draw: Generator,
) -> list[Demand]:
    """Visits; a new site is appended to ``spots``."""
    weights = np.array([client.weight for client in clients])
    sites: dict[ClientId, list[int]] = {client.id: [] for client in clients}
    demands: list[Demand] = []
    last_of: dict[ClientId, VisitId] = {}
    for number in range(recipe.visits):
        client = clients[int(draw.choice(len(clients), p=weights / weights.sum()))]
        spot = _site(client, sites[client.id], land, spots, draw)
        remote = bool(draw.random() < recipe.remote_share)
        after = (last_of[client.id],) if client.id in last_of and draw.random() < recipe.order_share else ()
        people = 2 if draw.random() < recipe.team_share else 1
        visit = _visit(number, client, _skills_asked(client, crew, draw), remote, people, after, spots[spot], draw)
        spans = _spans(recipe, client, visit.effort_minutes, draw)
        demands.append(
            Demand(
                visit,
                AT_HOME if remote else spot,
                spans,
                unplaced_cents=150_000 + 50_000 * (5 - client.priority),
                delay_cents_per_day=40 + 30 * (5 - client.priority),
                partners_allowed=client.partners_allowed,
                region=spots[spot].region,
            )
        )
        last_of[client.id] = visit.id
    return demands


def _site(client: _Client, known: list[int], land: _Land, spots: list[Spot], draw: Generator) -> int:
    if known and draw.random() < 0.25:
        return known[int(draw.integers(len(known)))]
    if draw.random() < 0.1:
        place = _place(draw.uniform(0, BOX_KM[0]), draw.uniform(0, BOX_KM[1]))
    else:
        place = land.near(client.city if draw.random() < 0.6 else land.some_city(draw), draw)
    spots.append(Spot(f"site:{client.id}-{len(known)}", place, _region(place)))
    known.append(len(spots) - 1)
    return len(spots) - 1


def _skills_asked(client: _Client, crew: Sequence[_Worker], draw: Generator) -> frozenset[str]:
    """One skill or two of the client's, if three people have them together: else the commonest one."""
    asked = frozenset(str(s) for s in draw.choice(client.skills, size=1 + int(draw.random() < 0.22), replace=False))
    return asked if sum(asked <= w.person.skills for w in crew) >= 3 else frozenset(SKILLS[:1])


def _visit(
    number: int,
    client: _Client,
    skills: frozenset[str],
    remote: bool,  # noqa: FBT001 -- private, and named at its only call
    people: int,
    after: tuple[VisitId, ...],
    spot: Spot,
    draw: Generator,
) -> Visit:
    effort = draw.lognormal(np.log(40.0 if remote else 65.0), 0.55)
    return Visit(
        id=VisitId(f"visit-{number:05}"),
        client_id=client.id,
        site_id=SiteId(spot.key.removeprefix("site:")),
        mode=VisitMode.REMOTE if remote else VisitMode.ONSITE,
        host_ids=(HostId(f"host-{number:05}"),),
        effort_minutes=int(np.clip(5 * round(effort / 5), 15, 240)),
        skills=skills,
        priority=client.priority,
        earliest=EPOCH,
        latest=EPOCH + timedelta(days=400),
        after=after,
        preferred=client.preferred,
        people=people,
    )


def _spans(recipe: Recipe, client: _Client, effort: int, draw: Generator) -> tuple[Span, ...]:
    """Access hours of the days on which the client lets people in; the whole day where an access is too short."""
    weeks = -(-recipe.days // WORKDAYS_PER_WEEK)
    first, last = 0, recipe.days
    if weeks > 1 and draw.random() < 0.25:
        cut = int(draw.integers(1, weeks)) * WORKDAYS_PER_WEEK
        first, last = (cut, last) if draw.random() < 0.5 else (first, cut)
    hours = client.hours if max(ends - starts for starts, ends in client.hours) >= effort + 30 else ((480, 1080),)
    return tuple(
        Span(_ordinal(day) * DAY_MINUTES + starts, _ordinal(day) * DAY_MINUTES + ends)
        for day in range(first, last)
        if day % WORKDAYS_PER_WEEK in client.weekdays
        for starts, ends in hours
    )


def _days(recipe: Recipe, crew: Sequence[_Worker], draw: Generator) -> list[PersonDay]:
    days = []
    for number, worker in enumerate(crew):
        leave = int(draw.integers(recipe.days)) if draw.random() < 0.15 else recipe.days
        for workday in range(recipe.days):
            here = draw.random() < worker.days_per_week / WORKDAYS_PER_WEEK
            if here and not leave <= workday < leave + WORKDAYS_PER_WEEK:
                days.append(_day(number, worker, workday, draw))
    return days


def _day(number: int, worker: _Worker, workday: int, draw: Generator) -> PersonDay:
    midnight = _ordinal(workday) * DAY_MINUTES
    starts, ends = midnight + worker.starts, midnight + worker.ends
    meeting = starts + int(draw.integers(0, 15)) * 30
    busy = worker.person.partner_id is None and draw.random() < 0.2
    noon = starts + (ends - starts) // 2
    return PersonDay(
        person=number,
        day=date(2026, 10, 5) + timedelta(days=_ordinal(workday)),
        ordinal=_ordinal(workday),
        starts=starts,
        ends=ends,
        start_spot=number,
        end_spot=number,
        overtime_minutes=worker.overtime,
        blocked=(Span(meeting, meeting + int(draw.choice([30, 60, 90, 120]))),) if busy else (),
        rest=Rest(30, noon - 120, noon + 120) if worker.person.partner_id is None else None,
        max_leg_minutes=worker.max_leg,
        max_travel_minutes=worker.max_travel,
        fixed_cents=worker.call_out_cents,
    )


def _caps(crew: Sequence[_Worker], days: Sequence[PersonDay], draw: Generator) -> list[Cap]:
    """Partners' agreements (effort), and 36 hours a week (effort and travel) for every third of the own people."""
    caps = []
    for company in sorted({w.person.partner_id for w in crew if w.person.partner_id is not None}):
        theirs = tuple(n for n, day in enumerate(days) if crew[day.person].person.partner_id == company)
        minutes = int(sum(days[n].ends - days[n].starts for n in theirs) * draw.uniform(0.15, 0.5))
        caps.append(Cap(f"partner {company}", theirs, minutes, partner_id=company))
    for number, worker in enumerate(crew):
        if worker.person.partner_id is None and draw.random() < 1 / 3:
            for week in sorted({day.ordinal // 7 for day in days if day.person == number}):
                theirs = tuple(n for n, day in enumerate(days) if day.person == number and day.ordinal // 7 == week)
                caps.append(Cap(f"{worker.person.id}, week {week}", theirs, 36 * 60, counts_travel=True))
    return caps


def main(arguments: Sequence[str] | None = None) -> None:
    """Make one, say what it holds, and draw it where a file is named."""
    from benchmarks.pictures import draw_problem

    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    for name, value in (("visits", 500), ("people", 50), ("seed", 1)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--picture", type=Path)
    options = parser.parse_args(arguments)
    problem = make(Recipe(options.visits, options.people, options.seed))
    work = sum(demand.visit.effort_minutes for demand in problem.demands)
    hours = sum(day.ends - day.starts for day in problem.days)
    print(f"{len(problem.demands)} visits, {work // 60} h of work; {len(problem.people)} people")
    print(f"{len(problem.days)} person-days, {hours // 60} h; {len(problem.spots)} places, {len(problem.caps)} caps")
    if options.picture:
        options.picture.write_text(draw_problem(problem), encoding="utf-8")


if __name__ == "__main__":
    main()
