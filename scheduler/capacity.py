"""Hours needed against hours at hand before the deadline: how many are short, and where.

A linear model (GLOP) hands every person's hours of every week to the work that the person may do, each hour once, so
that somebody with two skills is not counted twice, and leaves as little work undone as it can. It knows skills,
regions only by name, partners' rules, agreements' capacity and weekly limits; it does not know in which order sites
lie, so travel is counted as the shortest way that could lead to each visit. What it calls short is therefore short
in any plan; a plan may be shorter still.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np
from ortools.linear_solver import pywraplp

from muster.crew import Engineer
from muster.fleet import Fleet
from muster.ids import ClientId, PartnerId
from muster.plan import VisitMode
from muster.records import HostState
from scheduler.build import World, build
from scheduler.estimate import EffortModel
from scheduler.kinds import HostKind, kind_of
from scheduler.problem import AT_HOME, Barred, Demand, PersonDay, Problem
from scheduler.skills import SPEAKS

SHARES = (0.5, 0.8, 0.95)
"""How sure the hours needed are: in this share of cases they are not exceeded."""

Week = tuple[int, int]
"""ISO year and week."""


@dataclass(frozen=True, slots=True)
class Need:
    """Work of one kind in one region.

    Attributes:
        needed: minutes by share, travel included.
        travel_minutes: the shortest ways to its visits.
        short: minutes by share that no one is there for in regular hours.
        short_with_overtime: the same when everybody's overtime is used too.
        tight_weeks: weeks in which everybody who may do it is fully used, at the share of the campaign's percentile.
    """

    skills: frozenset[str]
    region: str
    visits: int
    hosts: int
    needed: Mapping[float, float]
    travel_minutes: int
    short: Mapping[float, float]
    short_with_overtime: Mapping[float, float]
    tight_weeks: tuple[Week, ...] = ()

    @property
    def skills_in_words(self) -> str:
        """Skills, then languages: ``linux windows, speaks fr``; empty where none is asked for."""
        skills = sorted(skill for skill in self.skills if not skill.startswith(SPEAKS))
        spoken = sorted(skill for skill in self.skills if skill.startswith(SPEAKS))
        return ", ".join([*([" ".join(skills)] if skills else []), *spoken])


@dataclass(frozen=True, slots=True)
class WeekHours:
    """Minutes at hand in one ISO week, and how many of them are used at each share."""

    week: Week
    monday: date
    own_minutes: int
    partner_minutes: int
    overtime_minutes: int
    used: Mapping[float, float]

    @property
    def at_hand_minutes(self) -> int:
        """Regular hours of everybody."""
        return self.own_minutes + self.partner_minutes


@dataclass(frozen=True, slots=True)
class Capacity:
    """The answer, ready to be shown: rows of work and rows of weeks."""

    shares: tuple[float, ...]
    needs: tuple[Need, ...]
    weeks: tuple[WeekHours, ...]

    def needed_minutes(self, share: float) -> float:
        """All work, travel included."""
        return sum(need.needed[share] for need in self.needs)

    @property
    def at_hand_minutes(self) -> int:
        """Regular hours of everybody before the deadline."""
        return sum(week.at_hand_minutes for week in self.weeks)

    def short_minutes(self, share: float, *, overtime: bool = False) -> float:
        """What no one is there for."""
        return sum((need.short_with_overtime if overtime else need.short)[share] for need in self.needs)


def capacity(world: World, states: Iterable[HostState], shares: Sequence[float] = SHARES) -> Capacity:
    """Hours needed and at hand for everything the hosts still need.

    Raises:
        NothingToPlan: no host needs a visit.
    """
    problem = build(world, states)
    return capacity_of(problem, world.fleet, world.effort, shares)


def capacity_of(problem: Problem, fleet: Fleet, effort: EffortModel, shares: Sequence[float] = SHARES) -> Capacity:
    """The same for a problem that is built already."""
    groups = _groups(problem, fleet)
    supplies = _supplies(problem)
    minutes = {share: [group.minutes(effort, share) for group in groups] for share in shares}
    regular = {s: _serve(problem, groups, supplies, minutes[s], overtime=False) for s in shares}
    extended = {s: _serve(problem, groups, supplies, minutes[s], overtime=True) for s in shares}
    nearest = min(shares, key=lambda share: abs(share - effort.policy.percentile))
    return Capacity(
        tuple(shares),
        _needs(problem, groups, supplies, minutes, regular, extended, nearest),
        _weeks(problem, supplies, regular),
    )


def with_people(world: World, people: Iterable[Engineer]) -> World:
    """What if these people were there too?"""
    return replace(world, crew=replace(world.crew, engineers=(*world.crew.engineers, *people)))


def with_overtime(world: World, minutes_per_day: int) -> World:
    """What if all own people could be asked for so much overtime a day?"""
    engineers = tuple(
        replace(person, overtime_minutes_per_day=minutes_per_day) if person.partner_id is None else person
        for person in world.crew.engineers
    )
    return replace(world, crew=replace(world.crew, engineers=engineers))


def without_partner(world: World, partner_id: PartnerId, reason: str = "left out to see what then") -> World:
    """What if a partner fell out?"""
    return replace(world, objections={**world.objections, partner_id: reason})


@dataclass(slots=True)
class _Group:
    """Visits that the same people may do in the same weeks."""

    skills: frozenset[str]
    region: str
    mode: VisitMode
    partners_allowed: bool
    client_id: ClientId | None
    weeks: frozenset[Week]
    barred: frozenset[Barred]
    visits: int = 0
    hosts: Counter[HostKind] = field(default_factory=Counter)
    travel: int = 0

    def minutes(self, effort: EffortModel, share: float) -> float:
        """What it takes, travel included."""
        return effort.total(self.mode, self.visits, self.hosts).at(share) + self.travel

    def work_share(self, minutes: float) -> float:
        """How much of so many minutes is work and not travel: an agreement counts work only."""
        return max(0.0, minutes - self.travel) / minutes if minutes > 0 else 1.0


@dataclass(frozen=True, slots=True)
class _Supply:
    """One person in one week."""

    person: int
    week: Week
    minutes: int
    overtime: int


@dataclass(frozen=True, slots=True)
class _Served:
    """What the model found: work left undone by group, hours used by supply."""

    short: list[float]
    used: list[float]


def _groups(problem: Problem, fleet: Fleet) -> list[_Group]:
    by_client = any(person.clients is not None for person in problem.people)
    days_by_week = _days_by_week(problem)
    travel = _shortest_ways(problem)
    groups: dict[tuple[object, ...], _Group] = {}
    for number, demand in enumerate(problem.demands):
        visit = demand.visit
        client = visit.client_id if by_client else None
        weeks = frozenset(w for w, days in days_by_week.items() if any(_meets(demand, day) for day in days))
        barred = frozenset(replace(one, text="") for one in demand.barred)
        key = (visit.skills, demand.region, visit.mode, demand.partners_allowed, client, weeks, barred)
        if key not in groups:
            groups[key] = _Group(*key)
        group = groups[key]
        group.visits += visit.people
        group.hosts.update(kind_of(fleet.host[host_id]) for host_id in visit.host_ids)
        group.travel += travel[number] * visit.people
    return list(groups.values())


def _meets(demand: Demand, day: PersonDay) -> bool:
    return any(span.starts < day.latest_end and day.starts < span.ends for span in demand.spans)


def _days_by_week(problem: Problem) -> dict[Week, list[PersonDay]]:
    found: dict[Week, list[PersonDay]] = {}
    for day in problem.days:
        year, week, _ = day.day.isocalendar()
        found.setdefault((year, week), []).append(day)
    return found


def _shortest_ways(problem: Problem) -> list[int]:
    """For each visit the shortest way that could lead to it: from a home, or from another visit's site."""
    origins = {day.start_spot for day in problem.days} | {d.spot for d in problem.demands if d.spot != AT_HOME}
    counts = Counter(demand.spot for demand in problem.demands)
    rows = np.array(sorted(origins), dtype=np.int64)
    ways = []
    for demand in problem.demands:
        if demand.spot == AT_HOME or counts[demand.spot] > 1 or len(rows) < 2:
            ways.append(0)
            continue
        legs = problem.travel_minutes[rows[rows != demand.spot], demand.spot]
        ways.append(int(legs.min()))
    return ways


def _supplies(problem: Problem) -> list[_Supply]:
    totals: dict[tuple[int, Week], list[int]] = {}
    daily = {cap.days[0]: cap.minutes for cap in problem.caps if len(cap.days) == 1 and cap.partner_id is None}
    for number, day in enumerate(problem.days):
        year, week, _ = day.day.isocalendar()
        rest = day.rest.minutes if day.rest else 0
        minutes = max(0, day.ends - day.starts - sum(s.ends - s.starts for s in day.blocked) - rest)
        most = daily.get(number, minutes + day.overtime_minutes)
        total = totals.setdefault((day.person, (year, week)), [0, 0])
        total[0] += min(minutes, most)
        total[1] += min(day.overtime_minutes, max(0, most - minutes))
    return [_Supply(person, week, *minutes) for (person, week), minutes in sorted(totals.items())]


def _may(problem: Problem, group: _Group, supply: _Supply) -> bool:
    person = problem.people[supply.person]
    if supply.week not in group.weeks or not group.skills <= person.skills:
        return False
    if person.partner_id is None:
        return True
    covered = person.clients is None or group.client_id in person.clients
    return (
        group.partners_allowed and covered and not any(bar.bars(person.partner_id, person.id) for bar in group.barred)
    )


def _serve(
    problem: Problem, groups: Sequence[_Group], supplies: Sequence[_Supply], needed: Sequence[float], *, overtime: bool
) -> _Served:
    """Serve as much work as can be served; where it makes no difference, early, and own people before partners."""
    solver = pywraplp.Solver.CreateSolver("GLOP")
    objective = solver.Objective()
    objective.SetMinimization()
    short, rooms = [], _rooms(problem, supplies, overtime=overtime)
    limits = [solver.RowConstraint(0, room, "") for room in rooms]
    agreements = _agreements(problem, supplies, solver)
    weeks = sorted({supply.week for supply in supplies})
    for number, group in enumerate(groups):
        row = solver.RowConstraint(needed[number], needed[number], "")
        missing = solver.NumVar(0, solver.infinity(), "")
        row.SetCoefficient(missing, 1)
        objective.SetCoefficient(missing, 1000)
        short.append(missing)
        for index, supply in enumerate(supplies):
            if _may(problem, group, supply):
                given = solver.NumVar(0, solver.infinity(), "")
                row.SetCoefficient(given, 1)
                limits[index].SetCoefficient(given, 1)
                own = problem.people[supply.person].partner_id is None
                objective.SetCoefficient(given, weeks.index(supply.week) / len(weeks) + (0 if own else 1))
                for agreement in agreements.get(index, ()):
                    agreement.SetCoefficient(given, group.work_share(needed[number]))
    solver.Solve()
    used = [_activity(limit, solver) for limit in limits]
    return _Served([variable.solution_value() for variable in short], used)


def _activity(constraint: pywraplp.Constraint, solver: pywraplp.Solver) -> float:
    return float(solver.ComputeConstraintActivities()[constraint.index()])


def _rooms(problem: Problem, supplies: Sequence[_Supply], *, overtime: bool) -> list[int]:
    """Minutes of each person's week, cut to the weekly limit."""
    weekly: dict[tuple[int, Week], int] = {}
    for cap in problem.caps:
        days = [problem.days[number] for number in cap.days]
        weeks = {(day.day.isocalendar().year, day.day.isocalendar().week) for day in days}
        if cap.partner_id is None and len(days) > 1 and len(weeks) == 1 and len({day.person for day in days}) == 1:
            weekly[days[0].person, weeks.pop()] = cap.minutes
    return [min(s.minutes + (s.overtime if overtime else 0), weekly.get((s.person, s.week), 10**9)) for s in supplies]


def _agreements(
    problem: Problem, supplies: Sequence[_Supply], solver: pywraplp.Solver
) -> dict[int, list[pywraplp.Constraint]]:
    """The limits of agreements, by supply."""
    found: dict[int, list[pywraplp.Constraint]] = {}
    for cap in problem.caps:
        if cap.partner_id is None:
            continue
        row = solver.RowConstraint(0, cap.minutes, "")
        for index, supply in enumerate(supplies):
            if problem.people[supply.person].partner_id == cap.partner_id:
                found.setdefault(index, []).append(row)
    return found


def _needs(
    problem: Problem,
    groups: Sequence[_Group],
    supplies: Sequence[_Supply],
    minutes: Mapping[float, Sequence[float]],
    regular: Mapping[float, _Served],
    extended: Mapping[float, _Served],
    share: float,
) -> tuple[Need, ...]:
    """Groups of the same skills and region as one row, the shortest first."""
    rows: dict[tuple[tuple[str, ...], str], list[int]] = {}
    for number, group in enumerate(groups):
        rows.setdefault((tuple(sorted(group.skills)), group.region), []).append(number)
    needs = [
        Need(
            skills=frozenset(skills),
            region=region,
            visits=sum(groups[n].visits for n in numbers),
            hosts=sum(groups[n].hosts.total() for n in numbers),
            needed={s: sum(minutes[s][n] for n in numbers) for s in minutes},
            travel_minutes=sum(groups[n].travel for n in numbers),
            short={s: _sum(regular[s].short, numbers) for s in minutes},
            short_with_overtime={s: _sum(extended[s].short, numbers) for s in minutes},
            tight_weeks=_tight(problem, [groups[n] for n in numbers], supplies, regular[share])
            if _sum(regular[share].short, numbers) > 0
            else (),
        )
        for (skills, region), numbers in rows.items()
    ]
    return tuple(sorted(needs, key=lambda need: (-need.short[share], sorted(need.skills), need.region)))


def _sum(values: Sequence[float], numbers: Iterable[int]) -> float:
    """Half a minute is rounding."""
    total = sum(values[n] for n in numbers)
    return total if total > 0.5 else 0.0


def _tight(
    problem: Problem, groups: Sequence[_Group], supplies: Sequence[_Supply], served: _Served
) -> tuple[Week, ...]:
    """Weeks in which work of these groups could be done, and everybody who may do it is used to the full."""
    weeks = sorted({week for group in groups for week in group.weeks})
    tight = []
    for week in weeks:
        there = [
            (supply.minutes, served.used[number])
            for number, supply in enumerate(supplies)
            if supply.week == week and supply.minutes and any(_may(problem, group, supply) for group in groups)
        ]
        if there and all(used >= minutes - 0.5 for minutes, used in there):
            tight.append(week)
    return tuple(tight)


def _weeks(problem: Problem, supplies: Sequence[_Supply], regular: Mapping[float, _Served]) -> tuple[WeekHours, ...]:
    rows = []
    for week in sorted({supply.week for supply in supplies}):
        numbers = [n for n, supply in enumerate(supplies) if supply.week == week]
        own = [n for n in numbers if problem.people[supplies[n].person].partner_id is None]
        rows.append(
            WeekHours(
                week=week,
                monday=date.fromisocalendar(*week, 1),
                own_minutes=sum(supplies[n].minutes for n in own),
                partner_minutes=sum(supplies[n].minutes for n in numbers if n not in set(own)),
                overtime_minutes=sum(supplies[n].overtime for n in numbers),
                used={share: sum(served.used[n] for n in numbers) for share, served in regular.items()},
            )
        )
    return tuple(rows)
