"""How long visits take: priors from the campaign, moved by what was measured, with an honest spread.

The model. Minutes per host are lognormal, with a mean of their own for every kind of host, by mode, family, role and
version; kinds learn from each other (``scheduler/pooling.py`` has the tree, the prior's weight and what is done about
outliers). A visit is a setup and the sum of its hosts. The sum is matched by a lognormal of the same mean and variance
(Fenton and Wilkinson); the variance has a part that averages out over hosts and a part that does not, because every
host of a kind shares the same unknown mean. So a large visit is relatively surer than a small one, but never surer than
what has been learned.

Two things are measured. A push is the machine's minutes of one host. A finished visit is a person's minutes for all its
hosts; it is divided into setup and hosts by alternately fitting both. A person's day is what plans are made of, so
pushes do not count for a mode and family of which visits have been finished.

Limits: hosts of one visit are independent given the means of their kinds, so that a slow site is not told from a slow
kind; where all finished visits are of one size, only the guess divides setup from hosts.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from math import ceil, exp, log, sqrt
from statistics import NormalDist, median
from types import MappingProxyType

from muster.campaign import EffortPolicy
from muster.fleet import OsFamily
from muster.plan import VisitMode
from scheduler.kinds import HostKind
from scheduler.pooling import PRIOR_SPREAD, PRIOR_WEIGHT, Learned, Measured, Path, Pooled, pool

SETUP_SPREAD = 0.3
"""Standard deviation of a visit's setup before anything is measured, as a share of it."""

SHORTEST_MINUTES = 0.001
"""Sixty milliseconds: a measurement below is counted as this."""

LEAST_HOSTS_SHARE = 0.1
"""However long the setup is thought to be, this share of a finished visit was its hosts."""

SETTLED = 0.005
"""A division that moves the setup by less, as a share of it, is the last one."""

DIVISIONS = 20
"""How often setup and hosts of finished visits are fitted in turn."""

GUESSED_SETUP = 0.6
"""How far the guess of the setup may be wrong, as a share of it, once visits were finished."""

NORMAL_OF_MEDIAN = 1.4826
"""Times the median distance: the standard deviation of what is normal. A line's beginning is about twice as unsure."""

MOST_PAIRED = 150
"""Of more finished visits so many are paired."""

ALIKE = 0.1
"""Visits whose hosts are expected to take the same within this share say nothing about the setup."""


@dataclass(frozen=True, slots=True)
class Observation:
    """The minutes that one host took.

    Attributes:
        family: None where it is not known; it then counts for every family.
    """

    mode: VisitMode
    minutes: float
    family: OsFamily | None = None
    role: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class FinishedVisit:
    """The minutes that a person took for one visit, travel apart."""

    mode: VisitMode
    minutes: float
    hosts: Mapping[HostKind, int]


@dataclass(frozen=True, slots=True)
class Effort:
    """An amount of work that is not surely known, in minutes."""

    mean: float
    deviation: float

    def at(self, percentile: float) -> float:
        """The minutes that are not exceeded in this share (0 to 1, both excluded) of cases.

        Raises:
            ValueError: for a share outside 0 to 1.
        """
        if not 0.0 < percentile < 1.0:
            raise ValueError(f"a percentile lies between 0 and 1, such as 0.8, and is not {percentile}")
        if self.mean <= 0.0:
            return 0.0
        variance = log(1.0 + (self.deviation / self.mean) ** 2)
        return exp(log(self.mean) - variance / 2 + sqrt(variance) * NormalDist().inv_cdf(percentile))

    def minutes_at(self, percentile: float) -> int:
        """The same in whole minutes, rounded up, at least one."""
        return max(1, ceil(self.at(percentile) - 1e-9))


@dataclass(frozen=True, slots=True)
class PerHost:
    """What is known about the minutes of one host of one kind.

    Attributes:
        mean: expected minutes.
        own_deviation: how far single hosts lie from the mean; averages out over many.
        shared_deviation: how far the mean itself may lie from the truth; does not average out.
        measured: how many pushes and visits of this kind it was learned from.
        weight: like so many measured hosts the mean is known, with what other kinds and the guess say.
    """

    mean: float
    own_deviation: float
    shared_deviation: float
    measured: int
    weight: float = PRIOR_WEIGHT

    @property
    def one(self) -> Effort:
        """The effort of the next host of this kind."""
        return Effort(self.mean, sqrt(self.own_deviation**2 + self.shared_deviation**2))


@dataclass(frozen=True, slots=True)
class Setup:
    """A visit's minutes whatever its size; ``measured`` finished visits it was learned from."""

    mean: float
    deviation: float
    measured: int = 0


@dataclass(frozen=True, slots=True)
class EffortModel:
    """Answers how long a visit takes; made by ``effort_model``.

    Attributes:
        by_people: families of which visits were finished, so that pushes do not count.
    """

    policy: EffortPolicy
    pooled: Mapping[VisitMode, Pooled]
    setup: Mapping[VisitMode, Setup]
    per_host: Mapping[tuple[VisitMode, OsFamily], PerHost]
    by_people: Mapping[VisitMode, frozenset[OsFamily]]
    _known: dict[tuple[VisitMode, HostKind], PerHost] = field(default_factory=dict, compare=False)

    def of(self, mode: VisitMode, kind: HostKind | OsFamily) -> PerHost:
        """What is known of one kind; of a family: of its hosts in the shares in which they were measured."""
        if isinstance(kind, OsFamily):
            return self.per_host[mode, kind]
        if (mode, kind) not in self._known:
            self._known[mode, kind] = _per_host(self.pooled[mode].of(_path(kind)))
        return self._known[mode, kind]

    def visit(self, mode: VisitMode, hosts: Mapping[HostKind, int] | Mapping[OsFamily, int]) -> Effort:
        """The effort of one visit with so many hosts of each kind, or of each family.

        The means of a family's kinds err as one, which is a little too careful: they have only their parents in common.
        """
        setup = self.setup[mode]
        mean, variance = setup.mean, setup.deviation**2
        unsure: dict[OsFamily, float] = defaultdict(float)
        for key, count in hosts.items():
            kind = self.of(mode, key)
            mean += count * kind.mean
            variance += count * kind.own_deviation**2
            unsure[key if isinstance(key, OsFamily) else key.family] += count * kind.shared_deviation
        return Effort(mean, sqrt(variance + sum(minutes**2 for minutes in unsure.values())))

    def total(self, mode: VisitMode, visits: int, hosts: Mapping[HostKind, int] | Mapping[OsFamily, int]) -> Effort:
        """The effort of many visits together: what is not known of the mean is the same for all of them."""
        one, setup = self.visit(mode, hosts), self.setup[mode]
        variance = one.deviation**2 + (visits - 1) * setup.deviation**2
        return Effort(one.mean + (visits - 1) * setup.mean, sqrt(max(0.0, variance)))

    def minutes(self, mode: VisitMode, hosts: Mapping[HostKind, int] | Mapping[OsFamily, int]) -> int:
        """Whole minutes of one visit at the campaign's percentile."""
        return self.visit(mode, hosts).minutes_at(self.policy.percentile)

    def shared(self, mode: VisitMode, hosts: Mapping[HostKind, int]) -> float:
        """How many minutes of a visit's deviation every other visit of these kinds has, too."""
        return sum(count * self.of(mode, kind).shared_deviation for kind, count in hosts.items())


def effort_model(
    policy: EffortPolicy, observations: Iterable[Observation] = (), visits: Iterable[FinishedVisit] = ()
) -> EffortModel:
    """Learn from what was measured; with nothing measured every answer has the prior's mean."""
    measured, finished = tuple(observations), tuple(visits)
    guesses = {VisitMode.REMOTE: policy.remote_minutes_per_host, VisitMode.ONSITE: policy.onsite_minutes_per_host}
    pooled, setups, per_host, people = {}, {}, {}, {}
    for mode, guess in guesses.items():
        done = [one for one in finished if one.mode is mode and one.hosts]
        by_people = people[mode] = frozenset(kind.family for one in done for kind in one.hosts)
        pushed = [one for one in measured if one.mode is mode and one.family not in by_people]
        pooled[mode], setups[mode] = _learned(guess, policy.setup_minutes, pushed, done)
        for family in OsFamily:
            per_host[mode, family] = _of_family(pooled[mode], family)
    frozen = MappingProxyType
    return EffortModel(policy, frozen(pooled), frozen(setups), frozen(per_host), frozen(people))


def learn(prior_minutes: float, measured_minutes: Iterable[float]) -> PerHost:
    """The posterior of one kind of host, from its prior mean and measured minutes."""
    kind = _path(HostKind(OsFamily.LINUX))
    values = {kind: [Measured(_log(minutes)) for minutes in measured_minutes]}
    return _per_host(pool(_centre(prior_minutes), values).of(kind))


def _learned(
    guess: float, setup_guess: float, pushed: Sequence[Observation], done: Sequence[FinishedVisit]
) -> tuple[Pooled, Setup]:
    """The tree of one mode and the setup of its visits, fitted in turn."""
    values: dict[Path, list[Measured]] = defaultdict(list)
    for one in pushed:
        path = _path(HostKind(one.family, one.role, one.version)) if one.family else ()
        values[path].append(Measured(_log(one.minutes)))
    found, setup = pool(_centre(guess), values), Setup(setup_guess, SETUP_SPREAD * setup_guess)
    for _ in range(DIVISIONS if done else 0):
        together = {path: list(seen) for path, seen in values.items()}
        for visit in done:
            for path, part in _divided(visit, found, setup.mean):
                together.setdefault(path, []).append(part)
        found = pool(_centre(guess), together)
        before, setup = setup, _setup(setup_guess, [(_hosts_middle(visit, found), visit.minutes) for visit in done])
        if abs(before.mean - setup.mean) < SETTLED * setup.mean:
            break
    return found, setup


def _divided(visit: FinishedVisit, found: Pooled, setup: float) -> Iterable[tuple[Path, Measured]]:
    """A visit's minutes without the setup, given to its kinds in the shares in which they are expected."""
    total = sum(visit.hosts.values())
    factor = max(visit.minutes - setup, LEAST_HOSTS_SHARE * visit.minutes) / _hosts_mean(visit, found)
    for kind, count in visit.hosts.items():
        mean = _per_host(found.of(_path(kind))).mean
        yield _path(kind), Measured(_log(factor * mean), total, count / total)


def _hosts_mean(visit: FinishedVisit, found: Pooled) -> float:
    return sum(count * _per_host(found.of(_path(kind))).mean for kind, count in visit.hosts.items())


def _hosts_middle(visit: FinishedVisit, found: Pooled) -> float:
    """What the hosts take in half of all cases: less than the mean, and the fewer they are, the more so."""
    kinds = [(count, _per_host(found.of(_path(kind)))) for kind, count in visit.hosts.items()]
    mean = sum(count * one.mean for count, one in kinds)
    return Effort(mean, sqrt(sum(count * one.own_deviation**2 for count, one in kinds))).at(0.5)


def _setup(guess: float, points: Sequence[tuple[float, float]]) -> Setup:
    """Where the line through finished visits begins, with expected minutes of hosts against minutes in all.

    The line is Theil and Sen's: the median of the slopes of all pairs, which no outlier moves, and which does not ask
    whether hosts are expected rightly on the whole. The guess and what the line says count by how sure they are: where
    hosts take hours and the setup minutes, visits say little about it. How far setups differ is not measured: what
    visits scatter is all put down to their hosts.
    """
    some = points[:: ceil(len(points) / MOST_PAIRED)]
    slopes = [(y - v) / (x - u) for (x, y), (u, v) in combinations(some, 2) if abs(x - u) > ALIKE * max(x, u)]
    if not slopes:
        return Setup(guess, SETUP_SPREAD * guess)
    slope = max(0.0, median(slopes))
    begins = max(0.0, median(y - slope * x for x, y in some))
    scatter = median(abs(y - slope * x - begins) for x, y in some)
    unsure = 2 * NORMAL_OF_MEDIAN * scatter / sqrt(len(points)) + 1e-3
    held, told = (GUESSED_SETUP * guess) ** -2 if guess > 0 else 1.0, unsure**-2
    mean = (held * guess + told * begins) / (held + told)
    return Setup(mean, sqrt((SETUP_SPREAD * mean) ** 2 + 1 / (held + told)), len(points))


def _of_family(pooled: Pooled, family: OsFamily) -> PerHost:
    """Any host of a family: its kinds in the shares in which they were measured, as sure as if all erred together."""
    below = pooled.measured_below((family.value,))
    if not below:
        return _per_host(pooled.of(_path(HostKind(family))))
    total = sum(below.values())
    kinds = [(count / total, _per_host(pooled.of(path))) for path, count in below.items()]
    mean = sum(share * one.mean for share, one in kinds)
    own = sum(share * (one.own_deviation**2 + (one.mean - mean) ** 2) for share, one in kinds)
    shared = sum(share * one.shared_deviation for share, one in kinds)
    return PerHost(mean, sqrt(own), shared, total, 1 / sum(share / one.weight for share, one in kinds))


def _per_host(known: Learned) -> PerHost:
    own, shared = known.own, known.shared
    mean = exp(known.centre + (own + shared) / 2)
    deviation, unsure = mean * sqrt(exp(shared) * (exp(own) - 1)), mean * sqrt(exp(shared) - 1)
    return PerHost(mean, deviation, unsure, known.measured, own / shared)


def _path(kind: HostKind) -> Path:
    return (kind.family.value, kind.role, kind.version)


def _log(minutes: float) -> float:
    return log(max(minutes, SHORTEST_MINUTES))


def _centre(minutes: float) -> float:
    """The logarithm around which kinds lie whose mean is so many minutes."""
    return _log(minutes) - PRIOR_SPREAD**2 * (1 + 1 / PRIOR_WEIGHT) / 2
