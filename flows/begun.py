"""Visits that are under way, or about to begin, when a new plan is made: they stay to the minute and are not cut off.

A plan is made from some time ahead on (``flows.planning.first_start``). What the plan that binds has before that is
promised, and its people are there or on their way. The problem therefore begins early enough to hold it: such visits
are pinned, with the minutes that they were planned for, and nothing else may start before the plan's own beginning;
nor does anybody set out before it who has none of them, so that the plan still holds when it is dispatched.
A visit whose person may not or cannot be there any more is not held: it is open like any other.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from muster.ids import PersonId, VisitId
from muster.plan import Assignment, Plan
from scheduler.problem import AT_HOME, Demand, PersonDay, Pin, Problem, Span
from scheduler.spans import cut


def sets_out(one: Assignment) -> datetime:
    """When the person leaves for a visit."""
    return one.starts_at - timedelta(minutes=one.travel_minutes)


def begun(assignments: Iterable[Assignment], now: datetime, first: datetime) -> tuple[Assignment, ...]:
    """Those whose people are there, or set out before ``first``, and that are not over by ``now``."""
    return tuple(one for one in assignments if sets_out(one) < first and one.ends_at > now)


def carried(plan: Plan, binding: Plan, now: datetime) -> tuple[Assignment, ...]:
    """What a plan that is to be judged has begun by now, or sets out for: only what the plan that binds has just so.

    With the way that the plan that binds had to it: that is the way by which its people come.
    """
    ways = {(one.visit_id, one.person_id, one.starts_at): one.travel_minutes for one in binding.assignments}
    same = (
        replace(one, travel_minutes=ways[one.visit_id, one.person_id, one.starts_at])
        for one in plan.assignments
        if (one.visit_id, one.person_id, one.starts_at) in ways
    )
    return tuple(one for one in same if sets_out(one) < now)


def departure(assignments: Iterable[Assignment], first: datetime) -> datetime:
    """When the first of them sets out; ``first`` where that is sooner."""
    return min((*map(sets_out, assignments), first))


def held_in(problem: Problem, assignments: Sequence[Assignment], first: datetime) -> Problem:
    """The problem in which these stay where they are; nothing else starts and nobody else sets out before ``first``.

    ``created_at`` of what is planned from it is ``first``, as though the problem had begun there.
    """
    held = _holding(problem, assignments)
    minute = problem.minute(first)
    demands = tuple(
        _pinned(problem, one, held[one.visit.id]) if one.visit.id in held else _later(problem, one, minute, first)
        for one in problem.demands
    )
    pins = tuple(
        Pin(visit_id, one.person_id, problem.minute(one.starts_at)) for visit_id, team in held.items() for one in team
    )
    others = (pin for pin in problem.pins if pin.visit_id not in held)
    days = _from(problem, minute, [one for team in held.values() for one in team])
    return replace(problem, demands=demands, pins=(*others, *pins), days=days, created_at=first)


def _from(problem: Problem, minute: int, held: Iterable[Assignment]) -> tuple[PersonDay, ...]:
    """The days, those cut off before a minute on which nothing is held."""
    theirs: dict[PersonId, list[Assignment]] = {}
    for one in sorted(held, key=lambda made: made.starts_at):
        theirs.setdefault(one.person_id, []).append(one)
    found = []
    for day in problem.days:
        held_then = theirs.get(problem.people[day.person].id, ()) if day.starts < minute else ()
        first = next((one for one in held_then if day.starts <= problem.minute(one.starts_at) < day.latest_end), None)
        if first is not None:
            found.append(_under_way(problem, day, first))
        else:
            found.append(day if day.starts >= minute else _later_day(day, minute))
    return tuple(found)


def _under_way(problem: Problem, day: PersonDay, first: Assignment) -> PersonDay:
    """A day on which somebody is at a visit or on the way, perhaps from elsewhere than home: then it begins there."""
    spot = problem.demands[problem.demand_index[first.visit_id]].spot
    if spot == AT_HOME or problem.minutes_between(day.start_spot, spot) <= first.travel_minutes:
        return day
    return replace(day, start_spot=spot, starts=problem.minute(first.starts_at))


def _later_day(day: PersonDay, minute: int) -> PersonDay:
    """A day that begins at a minute; one that is over by then keeps its hours, none of which is free."""
    if minute >= day.ends:
        return replace(day, blocked=(Span(day.starts, day.latest_end),), rest=None)
    rest = day.rest
    due = rest is not None and rest.latest - max(rest.earliest, minute) >= rest.minutes
    blocked = tuple(Span(max(one.starts, minute), one.ends) for one in day.blocked if one.ends > minute)
    return replace(day, starts=minute, blocked=blocked, rest=rest if due else None)


def _holding(problem: Problem, assignments: Sequence[Assignment]) -> dict[VisitId, tuple[Assignment, ...]]:
    """By visit, those that can stay: everybody of it may come and is there, and nobody is at two places."""
    teams: dict[VisitId, list[Assignment]] = {}
    for one in sorted(assignments, key=lambda made: (made.starts_at, made.visit_id)):
        if one.visit_id in problem.demand_index:
            teams.setdefault(one.visit_id, []).append(one)
    held: dict[VisitId, tuple[Assignment, ...]] = {}
    free: dict[PersonId, datetime] = {}
    for visit_id, team in teams.items():
        demand = problem.demands[problem.demand_index[visit_id]]
        if len(team) != demand.visit.people or not all(_may(problem, demand, one) for one in team):
            continue
        if any(free.get(one.person_id, one.starts_at) > one.starts_at for one in team):
            continue
        held[visit_id] = tuple(team)
        free |= {one.person_id: one.ends_at for one in team}
    return held


def _may(problem: Problem, demand: Demand, one: Assignment) -> bool:
    """Whether the person may be sent there and works then; not whether it fits beside anything else."""
    if one.person_id not in problem.person_index or one.person_id in demand.visit.excluded:
        return False
    person = problem.people[problem.person_index[one.person_id]]
    partner_id = person.partner_id
    if partner_id is not None and not demand.partners_allowed:
        return False
    if person.clients is not None and demand.visit.client_id not in person.clients:
        return False
    if any(bar.bars(partner_id, person.id) for bar in demand.barred):
        return False
    starts, ends = problem.minute(one.starts_at), problem.minute(one.ends_at)
    days = (problem.days[number] for number in problem.days_of.get(one.person_id, ()))
    return any(
        day.starts <= starts
        and ends <= min(day.latest_end, problem.deadline)
        and not any(away.starts < ends and starts < away.ends for away in day.blocked)
        for day in days
    )


def _pinned(problem: Problem, demand: Demand, team: Sequence[Assignment]) -> Demand:
    """As long as it was planned for; where it takes longer than the site is open, that is how it is."""
    starts, ends = problem.minute(team[0].starts_at), problem.minute(max(one.ends_at for one in team))
    visit = replace(
        demand.visit,
        effort_minutes=ends - starts,
        after=(),
        earliest=min(demand.visit.earliest, team[0].starts_at),
        latest=max(demand.visit.latest, team[0].ends_at),
    )
    return replace(demand, visit=visit, spans=(Span(starts, ends),))


def _later(problem: Problem, demand: Demand, minute: int, first: datetime) -> Demand:
    spans = cut(demand.spans, Span(minute, max(minute, problem.deadline)))
    return replace(demand, spans=spans, visit=replace(demand.visit, earliest=max(demand.visit.earliest, first)))
