"""How likely a plan is to come true: the plan is lived through many times, with other durations and no-shows.

Durations are lognormal with the mean and spread of the estimate. A part of the spread is common to all visits of one
mode (what is not known of the mean), the rest is each visit's own. People go on in the plan's order: a visit begins at
its planned start, or when everybody of it is there. It is done where it ends inside its hours and inside the day of
everybody of it, and where what it waits for is done. Somebody who does not come loses the whole day. A break that is
due is taken before a visit after which it could not be taken any more. Nobody replans: the odds are those of the plan
as it stands. Hosts that fail or are offline in a try are tried again (``scheduler/repeats.py``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from math import log, sqrt

import numpy as np

from muster.fleet import Fleet
from muster.ids import ClientId, VisitId
from muster.plan import Plan, VisitMode
from scheduler.estimate import Effort, EffortModel
from scheduler.kinds import kinds_of
from scheduler.problem import AT_HOME, PersonDay, Problem, Rest
from scheduler.repeats import Lived, Missed, Teams, Times, Yes, missed
from scheduler.tries import Tries

COURSE_POINTS = 60
TENTHS = (0.1, 0.9)
SURE = Tries()
"""Nothing fails, and nothing is offline."""


@dataclass(frozen=True, slots=True)
class Uncertain:
    """The effort of one visit; ``common`` is the share (0 to 1) of its variance that all visits of the mode share."""

    effort: Effort
    common: float = 0.0


@dataclass(frozen=True, slots=True)
class ClientOdds:
    """One client.

    Attributes:
        all_done: the share of lives in which every visit of the client is done, those left out of the plan included.
        done_share: the expected share of its machines that are done.
    """

    client_id: ClientId
    visits: int
    hosts: int
    all_done: float
    done_share: float


@dataclass(frozen=True, slots=True)
class Course:
    """How many machines are right by an instant (aware, UTC): in the worst and in the best tenth of lives, at least."""

    at: datetime
    worst: int
    best: int


@dataclass(frozen=True, slots=True)
class Odds:
    """The answer: how often things come out well, of so many lives.

    Attributes:
        visits: the share of lives in which the visit takes place in time and all of its machines come right.
        failed, offline: the share of lives in which a machine is not right at the deadline because it failed, or was
            offline, though its visit took place.
        course: as the visits end one after the other; at most ``COURSE_POINTS`` of it.
    """

    lives: int
    all_done: float
    done_share: float
    clients: tuple[ClientOdds, ...]
    visits: Mapping[VisitId, float]
    failed: float = 0.0
    offline: float = 0.0
    course: tuple[Course, ...] = ()


def uncertain(model: EffortModel, fleet: Fleet, plan: Plan) -> dict[VisitId, Uncertain]:
    """What the estimate says about each visit of a plan."""
    found = {}
    for visit in plan.visits:
        counts = kinds_of(fleet.host[host_id] for host_id in visit.host_ids)
        effort, shared = model.visit(visit.mode, counts), model.shared(visit.mode, counts)
        found[visit.id] = Uncertain(effort, min(1.0, (shared / effort.deviation) ** 2) if effort.deviation else 0.0)
    return found


def simulate(
    problem: Problem,
    plan: Plan,
    efforts: Mapping[VisitId, Uncertain],
    *,
    lives: int = 1000,
    no_show: float = 0.01,
    tries: Tries = SURE,
    seed: int = 0,
) -> Odds:
    """Live a plan through many times.

    Args:
        problem: that the plan is of.
        plan: to be judged.
        efforts: by visit; what is not in it takes exactly its planned minutes.
        lives: how many times.
        no_show: the share of person-days on which somebody does not come.
        tries: how often hosts of remote visits fail or are offline.
        seed: of the random numbers.
    """
    random = np.random.default_rng(seed)
    durations = _durations(problem, efforts, lives, random)
    comes = random.random((len(problem.days), lives)) >= no_show
    teams = _teams(problem, plan)
    lived = _live(problem, teams, durations, comes)
    lost = missed(problem, teams, lived, tries, seed) if not tries.sure else None
    return replace(_odds(problem, lived.done, lost, lives), course=_course(problem, teams, lived.done, lost, lives))


def _course(
    problem: Problem, teams: Teams, took_place: Mapping[VisitId, Yes], lost: Missed | None, lives: int
) -> tuple[Course, ...]:
    """What is done by when; a visit counts from its planned end on."""
    ends = {visit_id: planned + _effort(problem, visit_id) for visit_id, (planned, _) in teams.items()}
    order = sorted(ends, key=lambda visit_id: (ends[visit_id], visit_id))
    step = max(1, -(-len(order) // COURSE_POINTS))
    right, found = np.zeros(lives), []
    for number, visit_id in enumerate(order, start=1):
        hosts = len(problem.demands[problem.demand_index[visit_id]].visit.host_ids)
        done = took_place[visit_id] * float(hosts)
        right += done - lost.hosts[visit_id] if lost is not None and visit_id in lost.hosts else done
        if number % step == 0 or number == len(order):
            worst, best = np.quantile(right, TENTHS)
            found.append(Course(problem.at(ends[visit_id]), int(worst), int(best)))
    return tuple(found)


def _effort(problem: Problem, visit_id: VisitId) -> int:
    return problem.demands[problem.demand_index[visit_id]].visit.effort_minutes


def _durations(
    problem: Problem, efforts: Mapping[VisitId, Uncertain], lives: int, random: np.random.Generator
) -> dict[VisitId, Times]:
    common = {mode: random.standard_normal(lives) for mode in VisitMode}
    drawn = {}
    for demand in problem.demands:
        visit, known = demand.visit, efforts.get(demand.visit.id)
        own = random.standard_normal(lives)
        if known is None or known.effort.mean <= 0:
            drawn[visit.id] = np.full(lives, float(visit.effort_minutes))
            continue
        variance = log(1 + (known.effort.deviation / known.effort.mean) ** 2)
        z = sqrt(known.common) * common[visit.mode] + sqrt(1 - known.common) * own
        drawn[visit.id] = np.exp(log(known.effort.mean) - variance / 2 + sqrt(variance) * z)
    return drawn


def _live(problem: Problem, teams: Teams, durations: Mapping[VisitId, Times], comes: Yes) -> Lived:
    """Whether each placed visit is done, in each life, and how long everybody is busy."""
    lives = comes.shape[1]
    free: dict[int, Times] = {}
    over: dict[VisitId, Times] = {}
    done: dict[VisitId, Yes] = {}
    rested: dict[int, Yes] = {}
    spots: dict[int, int] = {}
    for visit_id in sorted(teams, key=lambda v: (teams[v][0], v)):
        planned, members = teams[visit_id]
        demand = problem.demands[problem.demand_index[visit_id]]
        starts, there = np.full(lives, float(planned)), np.ones(lives, dtype=np.bool_)
        for day, leg in members:
            since = free.get(day, np.full(lives, float(problem.days[day].starts)))
            rested[day], begins = _rested(
                problem.days[day].rest, rested.get(day), since, leg, starts, durations[visit_id]
            )
            starts = np.maximum(starts, begins)
            there &= comes[day]
        for before in demand.visit.after:
            if before in problem.demand_index:
                there &= done.get(before, np.zeros(lives, dtype=np.bool_))
                starts = np.maximum(starts, over.get(before, starts))
        ends = starts + durations[visit_id]
        closes = next((span.ends for span in demand.spans if span.starts <= planned < span.ends), problem.deadline)
        until = min([closes, *(_latest(problem, problem.days[day], demand.spot) for day, _ in members)])
        done[visit_id] = there & (ends <= until)
        over[visit_id] = np.where(there, np.minimum(ends, until), planned)
        for day, _ in members:
            free[day] = np.where(there, np.minimum(ends, until), free.get(day, np.full(lives, float(planned))))
            spots[day] = demand.spot
    return Lived(done, free, spots, comes, durations)


def _rested(
    rest: Rest | None, before: Yes | None, free: Times, leg: int, planned: Times, duration: Times
) -> tuple[Yes, Times]:
    """In which lives somebody has had the break by the beginning of a visit, and when that can be at the earliest.

    A break is had where one fits into the time before the visit, before or after the way there. Where none has and the
    visit would last until none can be had any more, it is taken first.
    """
    there = free + leg
    if rest is None:
        return np.ones(len(free), dtype=np.bool_), there
    starts = np.maximum(planned, there)
    ends_before = np.maximum(free, rest.earliest) + rest.minutes
    ends_after = np.maximum(there, rest.earliest) + rest.minutes
    fits = (ends_before <= rest.latest) & (ends_before + leg <= starts)
    fits |= (ends_after <= rest.latest) & (ends_after <= starts)
    had = fits if before is None else before | fits
    must = ~had & (starts + duration > rest.latest - rest.minutes)
    return had | must, np.where(must, np.minimum(ends_before + leg, ends_after), there)


def _latest(problem: Problem, day: PersonDay, spot: int) -> int:
    """When a visit must be over so that the person is home in time."""
    here = day.start_spot if spot == AT_HOME else spot
    return day.latest_end - problem.minutes_between(here, day.end_spot)


def _teams(problem: Problem, plan: Plan) -> dict[VisitId, tuple[int, list[tuple[int, int]]]]:
    """For each placed visit its planned start, and the day and the way of each of its people."""
    found: dict[VisitId, tuple[int, list[tuple[int, int]]]] = {}
    for made in plan.assignments:
        starts = problem.minute(made.starts_at)
        days = problem.days_of.get(made.person_id, ())
        day = next((d for d in days if problem.days[d].starts <= starts < problem.days[d].latest_end), None)
        if day is not None and made.visit_id in problem.demand_index:
            found.setdefault(made.visit_id, (starts, []))[1].append((day, made.travel_minutes))
    return found


def _odds(problem: Problem, took_place: Mapping[VisitId, Yes], lost: Missed | None, lives: int) -> Odds:
    never = np.zeros(lives, dtype=np.bool_)
    by_client: dict[ClientId, list[VisitId]] = {}
    hosts = {demand.visit.id: max(1, len(demand.visit.host_ids)) for demand in problem.demands}
    right = {v: hosts[v] * float(took_place.get(v, never).mean()) for v in hosts}
    done = dict(took_place)
    for visit_id, number in lost.hosts.items() if lost else ():
        right[visit_id] -= float(number.mean())
        done[visit_id] = took_place[visit_id] & (number == 0)
    for demand in problem.demands:
        by_client.setdefault(demand.visit.client_id, []).append(demand.visit.id)
    clients = []
    for client_id, visits in sorted(by_client.items()):
        every = np.logical_and.reduce([done.get(v, never) for v in visits])
        total = sum(hosts[v] for v in visits)
        clients.append(ClientOdds(client_id, len(visits), total, float(every.mean()), _share(visits, hosts, right)))
    everything = [done.get(demand.visit.id, never) for demand in problem.demands]
    return Odds(
        lives=lives,
        all_done=float(np.logical_and.reduce(everything).mean()) if everything else 1.0,
        done_share=_share(list(hosts), hosts, right),
        clients=tuple(clients),
        visits={v: float(done.get(v, never).mean()) for v in hosts},
        failed=float(lost.failed.mean()) if lost else 0.0,
        offline=float(lost.offline.mean()) if lost else 0.0,
    )


def _share(visits: Sequence[VisitId], hosts: Mapping[VisitId, int], right: Mapping[VisitId, float]) -> float:
    """The expected share of machines that are done."""
    total = sum(hosts[v] for v in visits)
    return sum(right[v] for v in visits) / total if total else 1.0
