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
from scheduler.problem import AT_HOME, Demand, Problem
from scheduler.tries import Tries

Times = NDArray[np.float64]
Yes = NDArray[np.bool_]
Counts = NDArray[np.int64]

Teams = Mapping[VisitId, tuple[int, list[tuple[int, int]]]]
"""For each placed visit its planned start, and the day and the way of each of its people."""

MOST_OFFLINE = 10
FAILING, OFFLINE = 1, 2
"""Streams of random numbers."""

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
    for visit_id in sorted(teams, key=lambda v: (teams[v][0], v)):
        number = problem.demand_index[visit_id]
        visit = problem.demands[number].visit
        if visit.mode is not VisitMode.REMOTE or not visit.host_ids:
            continue
        many = np.where(lived.done[visit_id], len(visit.host_ids), 0)
        failing = _rounds(many, tries.failed, tries.most_failures, np.random.default_rng((seed, FAILING, number)))
        away = _rounds(many, tries.offline, MOST_OFFLINE, np.random.default_rng((seed, OFFLINE, number)))
        held = failing[tries.most_failures - 1] if len(failing) == tries.most_failures else np.zeros_like(many)
        gone = away[MOST_OFFLINE - 1] if len(away) == MOST_OFFLINE else np.zeros_like(many)
        again = _sums(failing[: tries.most_failures - 1], away[: MOST_OFFLINE - 1])
        late = _late(room, number, teams[visit_id][1][0][0], again, lived.durations[visit_id] / len(visit.host_ids))
        if failing:
            failed |= (held > 0) | ((late > 0) & (failing[0] > 0))
        if away:
            offline |= (gone > 0) | ((late > 0) & (away[0] > 0))
        hosts[visit_id] = np.minimum(many, held + gone + late)
    return Missed(hosts, failed, offline)


def _rounds(many: Counts, share: float, most: int, random: np.random.Generator) -> list[Counts]:
    """How many of the hosts go wrong at least once, twice and so on; as long as there are any, ``most`` times at most.

    Each is the inverse of the binomial distribution at a uniform number, so that more hosts or a larger share never
    give less.
    """
    found: list[Counts] = []
    left = many
    while share > 0 and len(found) < most and left.any():
        uniform, after = random.random(len(many)), np.zeros_like(left)
        for count in np.unique(left[left > 0]):
            here = left == count
            after[here] = np.minimum(count, np.searchsorted(_binomial(int(count), share), uniform[here], side="right"))
        left = after
        if left.any():
            found.append(left)
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

    def worked(self, number: int, day: int, later: int, work: Times) -> Times:
        """Work off these minutes in the days that may be used for a visit; gives what is over."""
        for one in self._days(number, day, later):
            if not work.any():
                break
            if self._used.get(one):
                continue
            left = self.left(one)
            taken = np.minimum(np.minimum(work, left), self._open(self.problem.demands[number], one))
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

    def _open(self, demand: Demand, day: int) -> Times:
        """Minutes at the end of the day that lie in the hours of the visit."""
        since, latest = self._since(day), self._latest(day)
        found = np.zeros_like(since)
        for span in demand.spans:
            if span.ends > self.problem.days[day].starts and span.starts < latest:
                found += np.maximum(0.0, min(span.ends, latest) - np.maximum(since, span.starts))
        return found

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
