"""Hosts that fail or are offline in a life of a plan, and whether they can be tried again before the deadline.

In each life every host of a remote visit that takes place is offline in a try with one probability, and, where it is
there, fails with another. It is tried again: first at the end of the same day, then on a later day each time. A repeat
costs the host's share of the visit's minutes, its setup included. The repeats are a queue in the order of the visits,
which is worked off in what is left at the end of the person's days, this day and later, and where that does not do, of
the days of anybody else who may do the visit. They keep the site's hours. A host that failed as often as the campaign
lets it waits for a person, and is missed; so is one whose repeats found no time, and one that was offline
``MOST_OFFLINE`` times.

Simple on purpose. Work flows: a repeat may be begun on one day and ended on another. Only the time after a day's last
visit is used. Once a host that failed was there, it is there again. A limit of the week or of an agreement leaves a day
no more than the plan leaves of it, but several days together are not held against it. What waits for a visit does not
wait for its repeats. The draws are coupled: with the same seed, more failures never give better odds.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from muster.ids import VisitId
from muster.plan import VisitMode
from scheduler.problem import AT_HOME, Demand, Problem, Span
from scheduler.tries import Tries

Times = NDArray[np.float64]
Yes = NDArray[np.bool_]
Counts = NDArray[np.int64]

Teams = Mapping[VisitId, tuple[int, list[tuple[int, int]]]]
"""For each placed visit its planned start, and the day and the way of each of its people."""

MOST_OFFLINE = 10
FAILING, OFFLINE = 1, 2
"""Streams of random numbers."""

DRAWS_AT_ONCE = 500_000
"""Random numbers of so many visits and lives are held at a time."""

NEARLY = 1e-9


@dataclass(frozen=True, slots=True)
class Lived:
    """The plan as it was lived, before any host goes wrong.

    Attributes:
        done: whether each placed visit took place in its time, in each life.
        free: by day, since when its person has nothing more to do.
        spots: by day, where its last visit is.
        comes: whether the person comes, by day and life.
        durations: of every visit.
    """

    done: Mapping[VisitId, Yes]
    free: Mapping[int, Times]
    spots: Mapping[int, int]
    comes: Yes
    durations: Mapping[VisitId, Times]


@dataclass(frozen=True, slots=True)
class Missed:
    """What is not right at the deadline though its visit took place.

    Attributes:
        hosts: how many of each visit, in each life; a visit that is not in it has none.
        failed, offline: in which lives one is missed because it failed, or because it was offline; it may be both.
    """

    hosts: Mapping[VisitId, Counts]
    failed: Yes
    offline: Yes


def missed(problem: Problem, teams: Teams, lived: Lived, tries: Tries, seed: int) -> Missed:
    """Try the hosts of every remote visit, and those that go wrong again as long as there is time."""
    lives = lived.comes.shape[1]
    failed, offline = np.zeros(lives, dtype=np.bool_), np.zeros(lives, dtype=np.bool_)
    hosts: dict[VisitId, Counts] = {}
    room = _Room(problem, teams, lived)
    pushed = [visit for visit in sorted(teams, key=lambda v: (teams[v][0], v)) if _pushed(problem, visit)]
    at_once = max(1, DRAWS_AT_ONCE // lives)
    for first in range(0, len(pushed), at_once):
        visits = pushed[first : first + at_once]
        sizes = [len(_demand(problem, one).visit.host_ids) for one in visits]
        many = np.array([np.where(lived.done[one], size, 0) for one, size in zip(visits, sizes, strict=True)])
        failing = _rounds(many, tries.failed, tries.most_failures, (seed, FAILING, first))
        away = _rounds(many, tries.offline, MOST_OFFLINE, (seed, OFFLINE, first))
        lost = _last(failing, tries.most_failures, many) + _last(away, MOST_OFFLINE, many)
        again = _sums(failing[: tries.most_failures - 1], away[: MOST_OFFLINE - 1])
        late = np.zeros_like(many)
        for row, one in enumerate(visits):
            day, minutes = teams[one][1][0][0], lived.durations[one] / sizes[row]
            late[row] = _late(room, problem.demand_index[one], day, [level[row] for level in again], minutes)
            hosts[one] = np.minimum(many[row], lost[row] + late[row])
        failed |= _because(failing, tries.most_failures, late)
        offline |= _because(away, MOST_OFFLINE, late)
    return Missed(hosts, failed, offline)


def _demand(problem: Problem, visit_id: VisitId) -> Demand:
    return problem.demands[problem.demand_index[visit_id]]


def _pushed(problem: Problem, visit_id: VisitId) -> bool:
    visit = _demand(problem, visit_id).visit
    return visit.mode is VisitMode.REMOTE and bool(visit.host_ids)


def _last(rounds: list[Counts], most: int, like: Counts) -> Counts:
    """The hosts that went wrong as often as they may."""
    return rounds[most - 1] if len(rounds) == most else np.zeros_like(like)


def _because(rounds: list[Counts], most: int, late: Counts) -> Yes:
    """In which lives a host is missed for what these rounds are of."""
    if not rounds:
        return np.zeros(late.shape[1], dtype=np.bool_)
    by_visit = (_last(rounds, most, late) > 0) | ((late > 0) & (rounds[0] > 0))
    return np.asarray(by_visit.any(axis=0), dtype=np.bool_)


def _rounds(many: Counts, share: float, most: int, seed: tuple[int, int, int]) -> list[Counts]:
    """How many hosts of each visit go wrong at least once, twice and so on, in each life; ``most`` times at most.

    Each is the inverse of the binomial distribution at a uniform number, so that more hosts or a larger share never
    give less. Ends where none is left.
    """
    found: list[Counts] = []
    left = many.ravel()
    while share > 0 and len(found) < most:
        where = np.flatnonzero(left)
        uniform = np.random.default_rng((*seed, len(found))).random(left.size)[where]
        left = _wrong(left, where, uniform, share)
        if not left.any():
            break
        found.append(left.reshape(many.shape))
    return found


def _wrong(many: Counts, where: Counts, uniform: Times, share: float) -> Counts:
    """How many of the hosts go wrong, ``where`` there are any; equal numbers are looked up together."""
    some = many[where]
    order = np.argsort(some, kind="stable")
    counts, begins = np.unique(some[order], return_index=True)
    found = np.zeros_like(many)
    for count, group in zip(counts, np.split(order, begins[1:]), strict=False):
        bad = np.searchsorted(_binomial(int(count), share), uniform[group], side="right")
        found[where[group]] = np.minimum(count, bad)
    return found


@lru_cache(maxsize=4096)
def _binomial(count: int, share: float) -> Times:
    """The distribution function at 0 to ``count``."""
    if share >= 1:
        return np.append(np.zeros(count), 1.0)
    logs = np.append(0.0, np.cumsum(np.log(np.arange(1, count + 1))))
    some = np.arange(count + 1)
    chosen = logs[count] - logs - logs[::-1]
    return np.cumsum(np.exp(chosen + some * np.log(share) + (count - some) * np.log1p(-share)))


def _sums(ones: list[Counts], others: list[Counts]) -> list[Counts]:
    longest, shorter = (ones, others) if len(ones) >= len(others) else (others, ones)
    return [a + shorter[n] if n < len(shorter) else a for n, a in enumerate(longest)]


def _late(room: "_Room", number: int, day: int, again: list[Counts], minutes: Times) -> Counts:
    """How many hosts find no time for one of their repeats; the first is on ``day``, each further one a day later."""
    most = np.zeros(len(minutes), dtype=np.int64)
    for later, hosts in enumerate(again):
        work = room.worked(number, day, later, hosts * minutes)
        most = np.maximum(most, np.ceil(work / minutes - NEARLY).astype(np.int64))
    return most


@dataclass
class _Room:
    """What is left of everybody's days, in each life; repeats use it up."""

    problem: Problem
    teams: Teams
    lived: Lived
    _left: dict[int, Times] = field(default_factory=dict)
    _used: dict[int, bool] = field(default_factory=dict)
    _most: dict[int, int] | None = None
    _order: list[int] = field(default_factory=list)
    _opens: dict[tuple[int, tuple[Span, ...]], Times] = field(default_factory=dict)

    def worked(self, number: int, day: int, later: int, work: Times) -> Times:
        """Work off these minutes in the days that may be used for a visit; gives what is over."""
        for one in self._days(number, day, later):
            if not work.any():
                break
            if self._used.get(one):
                continue
            left = self.left(one)
            taken = np.minimum(np.minimum(work, left), self._open(self.problem.demands[number].spans, one))
            left -= taken
            work = work - taken
            self._used[one] = not left.any()
        return work

    def left(self, day: int) -> Times:
        """Minutes between the day's last visit and when its person must be done."""
        if day not in self._left:
            one = self.problem.days[day]
            since = self._since(day)
            minutes = np.maximum(0.0, self._latest(day) - since)
            for span in one.blocked:
                minutes -= np.maximum(0.0, min(span.ends, self._latest(day)) - np.maximum(since, span.starts))
            if one.rest is not None and day not in self.lived.free:
                minutes -= one.rest.minutes
            self._left[day] = np.clip(minutes, 0.0, self._within_caps(day)) * self.lived.comes[day]
        return self._left[day]

    def _days(self, number: int, day: int, later: int) -> Iterator[int]:
        """The person's own days from this one on, then those of everybody else who may do the visit, earliest first."""
        days, problem = self.problem.days, self.problem
        first, own = days[day].ordinal + later, days[day].person
        mine = problem.days_of[problem.people[own].id]
        yield from (one for one in mine if days[one].ordinal >= first and days[one].starts >= days[day].starts)
        if not self._order:
            self._order.extend(sorted(range(len(days)), key=lambda one: (days[one].starts, one)))
        may: dict[int, bool] = {own: False}
        for one in self._order:
            who = days[one].person
            if days[one].ordinal < first or days[one].starts < days[day].starts:
                continue
            if who not in may:
                may[who] = _may(problem, problem.demands[number], who)
            if may[who]:
                yield one

    def _open(self, spans: tuple[Span, ...], day: int) -> Times:
        """Minutes at the end of the day that lie in the hours of the visit."""
        if (day, spans) not in self._opens:
            since, latest = self._since(day), self._latest(day)
            found = np.zeros_like(since)
            for span in spans:
                if span.ends > self.problem.days[day].starts and span.starts < latest:
                    found += np.maximum(0.0, min(span.ends, latest) - np.maximum(since, span.starts))
            self._opens[day, spans] = found
        return self._opens[day, spans]

    def _since(self, day: int) -> Times:
        starts = float(self.problem.days[day].starts)
        found = self.lived.free.get(day)
        return np.full(self.lived.comes.shape[1], starts) if found is None else found

    def _latest(self, day: int) -> int:
        one = self.problem.days[day]
        spot = self.lived.spots.get(day, AT_HOME)
        here = one.start_spot if spot == AT_HOME else spot
        return min(self.problem.deadline, one.latest_end - self.problem.minutes_between(here, one.end_spot))

    def _within_caps(self, day: int) -> float:
        """What the plan leaves of every limit that the day counts for; without one, any time."""
        if self._most is None:
            self._most = self._leftovers()
        return self._most.get(day, self.problem.deadline)

    def _leftovers(self) -> dict[int, int]:
        work: dict[int, int] = {}
        ways: dict[int, int] = {}
        for visit_id, (_, members) in self.teams.items():
            effort = self.problem.demands[self.problem.demand_index[visit_id]].visit.effort_minutes
            for day, leg in members:
                work[day] = work.get(day, 0) + effort
                ways[day] = ways.get(day, 0) + leg
        found: dict[int, int] = {}
        for cap in self.problem.caps:
            used = sum(work.get(day, 0) + cap.counts_travel * ways.get(day, 0) for day in cap.days)
            for day in cap.days:
                found[day] = min(found.get(day, self.problem.deadline), max(0, cap.minutes - used))
        return found


def _may(problem: Problem, demand: Demand, who: int) -> bool:
    """Whether somebody may do a visit, wherever and whenever; promises of a person do not bind its repeats."""
    visit, person = demand.visit, problem.people[who]
    if not visit.skills <= person.skills or person.id in visit.excluded:
        return False
    if person.partner_id is None:
        return True
    covered = person.clients is None or visit.client_id in person.clients
    return demand.partners_allowed and covered and not any(b.bars(person.partner_id, person.id) for b in demand.barred)
