"""What measurements of some kinds of host say about each kind: partial pooling over a tree, robust against outliers.

The logarithm of minutes is normal around the mean of the host's kind. Kinds stand in a tree: all hosts of a mode, a
family of systems, a role in it, a version in that. Each node's mean is normal around its parent's, the root's around
the campaign's guess; how far apart they lie beforehand is a share (``LEVEL_SHARES``) of the spread of single hosts. So
what is measured of Windows servers says much about Windows servers, something about Windows, and a little about Linux.
See Gelman and Hill, Data Analysis Using Regression and Multilevel Models, chapter 12.

Two things are robust. A measurement further than ``CLIP`` deviations from its kind counts as if it lay there
(winsorised; Huber's pseudo-values). And a node that its own measurements pull far from its parent is held the less the
further it is pulled, as if Student's t with ``FREEDOM`` degrees stood there: a guess that is wrong tenfold is given up
after a handful of hosts, and not after hundreds.

Limits: role and version are crossed in life and nested here (roles first); ``LEVEL_SHARES`` are chosen and not learned;
measurements are independent given their kind.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import expm1, log1p

Path = tuple[str, ...]
"""A node: () is all hosts of a mode, then family, role and version."""

LEVEL_SHARES = (0.05, 0.05, 0.06, 0.04)
"""Variance of a node's mean around its parent's, as a share of the variance of single hosts, by depth."""

PRIOR_WEIGHT = 1 / sum(LEVEL_SHARES)
"""The prior counts like so many measured hosts: five."""

PRIOR_SPREAD = 0.6
"""Standard deviation of the logarithm of minutes per host before anything is measured: two in three within 1.8 fold."""

MOST_SPREAD = 1.5
"""Hosts of one kind are never thought to differ more: two in three within 4.5 fold."""

CLIP = 2.5
FREEDOM = 4.0
ROUNDS = 12
SETTLED = 1e-3
"""A round that moves no mean by more than a tenth of a percent is the last one."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One measurement.

    Attributes:
        log_minutes: logarithm of the minutes a host.
        hosts: how many hosts it is the average of: those of one visit have only been measured together.
        part: what share of a measurement it is: kinds of one visit have only been measured together.
    """

    log_minutes: float
    hosts: int = 1
    part: float = 1.0


@dataclass(frozen=True, slots=True)
class Learned:
    """What is known of one kind, on the logarithm of minutes.

    Attributes:
        own, shared: variances: of single hosts around the mean, and of the mean around the truth.
        measured: measurements of exactly this kind and of the kinds below it.
    """

    centre: float
    own: float
    shared: float
    measured: int


@dataclass
class _Fit:
    """The tree while it is fitted. Variances of means are in units of the variance of single hosts."""

    guess: float
    values: Mapping[Path, Sequence[Measured]]
    nodes: list[Path]
    centre: dict[Path, float] = field(default_factory=dict)
    variance: dict[Path, float] = field(default_factory=dict)
    hold: dict[Path, float] = field(default_factory=dict)
    own: dict[Path, float] = field(default_factory=dict)

    def own_of(self, node: Path) -> float:
        return self.own.get(node[:1], self.own.get((), PRIOR_SPREAD**2))

    def clipped(self, node: Path) -> list[tuple[float, float, float]]:
        """Values within reach of the mean, like how many single hosts each counts, and which part of one it is.

        An average over hosts scatters less than they do, and its logarithm lies above their average logarithm; both as
        a lognormal of the same mean and variance has it.
        """
        own, found = self.own_of(node), []
        for one in self.values.get(node, ()):
            scatter = log1p(expm1(own) / one.hosts)
            value, reach = one.log_minutes - (own - scatter) / 2, CLIP * scatter**0.5
            if node in self.centre:
                value = min(max(value, self.centre[node] - reach), self.centre[node] + reach)
            found.append((value, one.part * own / scatter, one.part))
        return found

    def settle(self) -> None:
        """The means and their variances, given how firmly each is held and where measurements are clipped."""
        import numpy as np  # a tenth of a second that most commands need not wait for

        place = {node: number for number, node in enumerate(self.nodes)}
        precision, pull = np.zeros((len(place), len(place))), np.zeros(len(place))
        for node, at in place.items():
            firm = self.hold.get(node, 1.0) / LEVEL_SHARES[len(node)]
            precision[at, at] += firm
            if node:
                above = place[node[:-1]]
                precision[above, above] += firm
                precision[at, above] -= firm
                precision[above, at] -= firm
            else:
                pull[at] += firm * self.guess
            seen = self.clipped(node)
            precision[at, at] += sum(weight for _, weight, _ in seen)
            pull[at] += sum(value * weight for value, weight, _ in seen)
        covariance = np.linalg.inv(precision)
        means = covariance @ pull
        self.centre = {node: float(means[at]) for node, at in place.items()}
        self.variance = {node: float(covariance[at, at]) for node, at in place.items()}

    def spread(self) -> None:
        """The variance of single hosts: of all together, and of each family, held by the one of all."""
        squares: dict[Path, float] = defaultdict(float)
        counts: dict[Path, float] = defaultdict(float)
        for node in self.nodes:
            seen = self.clipped(node)
            apart = sum(weight * (value - self.centre[node]) ** 2 for value, weight, _ in seen)
            unsure = sum(weight * part for _, weight, part in seen) * self.variance[node] * self.own_of(node)
            for group in {(), node[:1]}:
                squares[group] += apart + unsure
                counts[group] += sum(part for _, _, part in seen)
        pooled = (PRIOR_WEIGHT * PRIOR_SPREAD**2 + squares[()]) / (PRIOR_WEIGHT + counts[()])
        own = {
            group: (PRIOR_WEIGHT * pooled + squares[group]) / (PRIOR_WEIGHT + counts[group])
            for group in counts
            if group
        }
        self.own = {group: min(variance, MOST_SPREAD**2) for group, variance in {**own, (): pooled}.items()}

    def loosen(self) -> None:
        """Hold the less what is pulled far from its parent."""
        for node in self.nodes:
            apart = self.centre[node] - (self.centre[node[:-1]] if node else self.guess)
            expected = LEVEL_SHARES[len(node)] * self.own_of(node)
            self.hold[node] = min(1.0, (FREEDOM + 1) / (FREEDOM + apart**2 / expected))


@dataclass(frozen=True, slots=True)
class Pooled:
    """The tree after it has been fitted; made by ``pool``."""

    _fit: _Fit
    _counts: Mapping[Path, int]

    def of(self, path: Path) -> Learned:
        """What is known of a kind; one that nobody has measured takes after its nearest measured relative above."""
        node = path
        while node not in self._fit.centre:
            node = node[:-1]
        own = self._fit.own_of(path)
        unseen = sum(LEVEL_SHARES[len(node) + 1 : len(path) + 1])
        variance = self._fit.variance[node] + unseen
        return Learned(self._fit.centre[node], own, variance * own, self._counts.get(path, 0))

    def measured_below(self, path: Path) -> dict[Path, int]:
        """The kinds at and below a node that were measured themselves, and how often."""
        return {node: len(seen) for node, seen in self._fit.values.items() if seen and node[: len(path)] == path}


def pool(guess: float, values: Mapping[Path, Sequence[Measured]]) -> Pooled:
    """Fit the tree to logarithms of minutes, by kind; ``guess`` is the logarithm that the root lies around."""
    nodes = sorted({(), *(path[:cut] for path in values for cut in range(len(path) + 1))})
    fit = _Fit(guess, values, nodes)
    for _ in range(ROUNDS if any(values.values()) else 1):
        before = fit.centre
        fit.settle()
        fit.spread()
        fit.loosen()
        if before and all(abs(before[node] - centre) < SETTLED for node, centre in fit.centre.items()):
            break
    counts = {node: sum(len(seen) for path, seen in values.items() if path[: len(node)] == node) for node in nodes}
    return Pooled(fit, counts)
