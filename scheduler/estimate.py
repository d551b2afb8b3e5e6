"""How long visits take: priors from the campaign, moved by what was measured, with an honest spread.

The model. Minutes per host are lognormal: their logarithm is normal with unknown mean and variance. The prior is
conjugate (normal, inverse gamma) and counts as much as ``PRIOR_WEIGHT`` measured hosts: its mean is the campaign's
minutes per host, its spread ``PRIOR_SPREAD`` on the logarithm (two hosts in three within a factor of about 1.8). A
visit is the setup plus the sum of its hosts. The sum is matched by a lognormal of the same mean and variance (Fenton
and Wilkinson); the variance has a part that averages out over hosts and a part that does not, because every host of
the visit shares the same unknown mean. So a large visit is relatively surer than a small one, but never surer than
what has been learned. See Gelman et al., Bayesian Data Analysis, section 3.3, for the posterior.

Limits: hosts of one visit are independent given the mean, a visit's setup is never measured, and the mode and family
alone decide: a slow site is not told from a slow family.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import ceil, exp, log, sqrt
from statistics import NormalDist
from types import MappingProxyType

from muster.campaign import EffortPolicy
from muster.fleet import OsFamily
from muster.plan import VisitMode

PRIOR_WEIGHT = 5.0
"""The prior counts like so many measured hosts."""

PRIOR_SPREAD = 0.6
"""Standard deviation of the logarithm of minutes per host before anything is measured."""

SETUP_SPREAD = 0.3
"""Standard deviation of a visit's setup, as a share of it."""

SHORTEST_MINUTES = 0.05
"""Three seconds: a measurement below is counted as this."""


@dataclass(frozen=True, slots=True)
class Observation:
    """The person's minutes that one host took.

    Attributes:
        family: None where it is not known; it then counts for every family.
    """

    mode: VisitMode
    minutes: float
    family: OsFamily | None = None


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
        measured: how many hosts it was learned from.
    """

    mean: float
    own_deviation: float
    shared_deviation: float
    measured: int


@dataclass(frozen=True, slots=True)
class EffortModel:
    """Answers how long a visit takes; made by ``effort_model``."""

    policy: EffortPolicy
    per_host: Mapping[tuple[VisitMode, OsFamily], PerHost] = field(default_factory=lambda: MappingProxyType({}))

    def visit(self, mode: VisitMode, hosts: Mapping[OsFamily, int]) -> Effort:
        """The effort of one visit with so many hosts of each family."""
        setup = self.policy.setup_minutes
        mean, variance = setup, (SETUP_SPREAD * setup) ** 2
        for family, count in hosts.items():
            kind = self.per_host[mode, family]
            mean += count * kind.mean
            variance += count * kind.own_deviation**2 + (count * kind.shared_deviation) ** 2
        return Effort(mean, sqrt(variance))

    def total(self, mode: VisitMode, visits: int, hosts: Mapping[OsFamily, int]) -> Effort:
        """The effort of many visits together: what is not known of the mean is the same for all of them."""
        one = self.visit(mode, hosts)
        setup, setup_variance = self.policy.setup_minutes, (SETUP_SPREAD * self.policy.setup_minutes) ** 2
        variance = one.deviation**2 + (visits - 1) * setup_variance
        return Effort(one.mean + (visits - 1) * setup, sqrt(max(0.0, variance)))

    def minutes(self, mode: VisitMode, hosts: Mapping[OsFamily, int]) -> int:
        """Whole minutes of one visit at the campaign's percentile."""
        return self.visit(mode, hosts).minutes_at(self.policy.percentile)


def effort_model(policy: EffortPolicy, observations: Iterable[Observation] = ()) -> EffortModel:
    """Learn from what was measured; with nothing measured every answer has the prior's mean."""
    measured = tuple(observations)
    priors = {VisitMode.REMOTE: policy.remote_minutes_per_host, VisitMode.ONSITE: policy.onsite_minutes_per_host}
    learned = {}
    for mode, prior in priors.items():
        for family in OsFamily:
            seen = [o.minutes for o in measured if o.mode is mode and o.family in {family, None}]
            learned[mode, family] = learn(prior, seen)
    return EffortModel(policy, MappingProxyType(learned))


def learn(prior_minutes: float, measured_minutes: Iterable[float]) -> PerHost:
    """The posterior of one kind of host, from its prior mean and measured minutes."""
    logs = [log(max(minutes, SHORTEST_MINUTES)) for minutes in measured_minutes]
    count, spread = len(logs), PRIOR_SPREAD**2
    prior_log = log(max(prior_minutes, SHORTEST_MINUTES)) - spread * (1 + 1 / PRIOR_WEIGHT) / 2
    weight = PRIOR_WEIGHT + count
    average = sum(logs) / count if logs else prior_log
    centre = (PRIOR_WEIGHT * prior_log + count * average) / weight
    scatter = sum((value - average) ** 2 for value in logs)
    apart = PRIOR_WEIGHT * count / weight * (average - prior_log) ** 2
    own = (PRIOR_WEIGHT * spread + scatter + apart) / weight
    shared = own / weight
    mean = exp(centre + (own + shared) / 2)
    return PerHost(mean, mean * sqrt(exp(shared) * (exp(own) - 1)), mean * sqrt(exp(shared) - 1), count)
