"""From a ``Problem`` to what make or buy asks: which party may do which client, with what work, room and cost.

Rules are looked at as the planner does: a party may do a client when for every visit enough of its people have a day
that could take it. Ways are the shortest that could lead to a visit, so what does not fit here fits in no plan, and
what fits here must still be planned. Rooms are regular hours; overtime is not counted on.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import mean

from muster.ids import ClientId, PartnerId, PersonId
from scheduler.insertion import Inserter
from scheduler.make_or_buy import Load
from scheduler.problem import AT_HOME, Cap, Demand, Problem, money
from scheduler.tour import Touring

Pair = tuple[ClientId, PartnerId | None]


@dataclass(frozen=True, slots=True)
class PartyShare:
    """A client's work, done by one party.

    Attributes:
        cents: labour and the shortest ways, at the mean rate of the people who may; the planner's price.
    """

    loads: tuple[Load, ...]
    cents: int


def demands_by_client(problem: Problem) -> dict[ClientId, tuple[Demand, ...]]:
    """The visits of each client, in order of the clients' ids."""
    found: dict[ClientId, list[Demand]] = defaultdict(list)
    for demand in problem.demands:
        found[demand.visit.client_id].append(demand)
    return {client_id: tuple(found[client_id]) for client_id in sorted(found)}


def shares(problem: Problem) -> dict[Pair, PartyShare]:
    """What each client's work is for each party that may do all of it."""
    days_of = Inserter(Touring(problem)).possible_days()
    parties = sorted({one.partner_id for one in problem.people}, key=lambda one: one or "")
    found = {}
    for client_id, demands in demands_by_client(problem).items():
        for partner_id in parties:
            teams = [_team(problem, days_of[problem.demand_index[one.visit.id]], partner_id) for one in demands]
            if all(len(team) >= one.visit.people for team, one in zip(teams, demands, strict=True)):
                found[client_id, partner_id] = _share(problem, demands, teams)
    return found


def rooms(problem: Problem) -> dict[PartnerId | None, tuple[Load, ...]]:
    """The regular minutes of each party's people by their skills, within their limits of days and weeks."""
    minutes = _minutes(problem)
    total: dict[tuple[PartnerId | None, frozenset[str]], int] = defaultdict(int)
    for number, person in enumerate(problem.people):
        total[person.partner_id, person.skills] += minutes[number]
    found: dict[PartnerId | None, list[Load]] = defaultdict(list)
    for (partner_id, skills), free in sorted(total.items(), key=lambda item: (item[0][0] or "", sorted(item[0][1]))):
        found[partner_id].append(Load(skills, free))
    return {partner_id: tuple(loads) for partner_id, loads in found.items()}


def only_as_given(problem: Problem, choice: Mapping[ClientId, PartnerId | None]) -> Problem:
    """The problem in which each client is done by whom it is given to, and by nobody where it is given to nobody.

    Promises and the plan before are forgotten: they are of another division of work.
    """
    people = {party: {p.id for p in problem.people if p.partner_id == party} for party in set(choice.values())}
    everybody = {person.id for person in problem.people}
    demands = []
    for demand in problem.demands:
        client_id = demand.visit.client_id
        others = everybody - people[choice[client_id]] if client_id in choice else everybody
        kept_out: tuple[PersonId, ...] = (*demand.visit.excluded, *sorted(others - set(demand.visit.excluded)))
        demands.append(replace(demand, visit=replace(demand.visit, excluded=kept_out)))
    return replace(problem, demands=tuple(demands), pins=(), previous=())


def _team(problem: Problem, days: Sequence[int], partner_id: PartnerId | None) -> list[int]:
    """The people of a party who have a day that could take a visit."""
    people = {problem.days[number].person for number in days}
    return sorted(one for one in people if problem.people[one].partner_id == partner_id)


def _share(problem: Problem, demands: Sequence[Demand], teams: Sequence[list[int]]) -> PartyShare:
    minutes: dict[frozenset[str], int] = defaultdict(int)
    cents = 0
    for demand, team in zip(demands, teams, strict=True):
        visit, leg = demand.visit, _leg(problem, demand, team)
        minutes[visit.skills] += visit.people * (visit.effort_minutes + leg)
        people = [problem.people[number] for number in team]
        work = money(visit.effort_minutes, round(mean(one.rate_cents_per_hour for one in people)))
        cents += visit.people * (work + money(leg, round(mean(one.travel_cents_per_hour for one in people))))
    ordered = sorted(minutes.items(), key=lambda item: sorted(item[0]))
    return PartyShare(tuple(Load(skills, count) for skills, count in ordered), cents)


def _leg(problem: Problem, demand: Demand, team: Sequence[int]) -> int:
    """The shortest way to a visit: from a home of the team, or from another site; none where a site has several."""
    if demand.spot == AT_HOME:
        return 0
    spots = [one.spot for one in problem.demands if one.spot != AT_HOME]
    if spots.count(demand.spot) > 1:
        return 0
    homes = {day.start_spot for day in problem.days if day.person in team}
    origins = homes | (set(spots) - {demand.spot})
    return min(problem.minutes_between(origin, demand.spot) for origin in sorted(origins))


def _minutes(problem: Problem) -> list[int]:
    """The regular minutes of every person."""
    free = [
        max(
            0,
            day.ends - day.starts - sum(s.ends - s.starts for s in day.blocked) - (day.rest.minutes if day.rest else 0),
        )
        for day in problem.days
    ]
    caps = [cap for cap in problem.caps if cap.partner_id is None]
    for cap in caps:
        if len(cap.days) == 1:
            free[cap.days[0]] = min(free[cap.days[0]], cap.minutes)
    total = [0] * len(problem.people)
    for number, day in enumerate(problem.days):
        total[day.person] += free[number]
    for cap in caps:
        if len(cap.days) > 1:
            total[problem.days[cap.days[0]].person] -= _over(cap, free)
    return total


def _over(cap: Cap, free: Sequence[int]) -> int:
    return max(0, sum(free[number] for number in cap.days) - cap.minutes)
