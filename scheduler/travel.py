"""How long it takes from one place to another: the documented speed model, or a table from elsewhere.

Everything here is pure. A routing service (OSRM, Valhalla) is asked by a package above, which hands its answer
in as a ``TableTravel``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from muster.fleet import Place

EARTH_RADIUS_KM = 6371.0088
"""Mean radius (IUGG)."""

LONGEST_MINUTES = 1440
"""No leg is counted as longer than a day: it fits no shift anyway."""

SAME_PLACE_KM = 0.1
"""Two sites nearer than this are one building: no travel."""

FAR_CHORD = 0.095
"""Half a chord of the unit globe above which the arcsine itself is needed: about 1,200 km."""

BLOCK = 256, 512
"""Rows and columns of the table computed at once: what a core's own memory holds, which is four times quicker."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A place of the problem: a site or somebody's home.

    Attributes:
        key: ``site:ID`` or ``home:ID``; what a travel table calls it.
        place: None where nobody has said where it is.
    """

    key: str
    place: Place | None = None
    region: str = ""


class Travel(Protocol):
    """Tells the minutes between all spots at once."""

    def matrix(self, spots: Sequence[Spot]) -> NDArray[np.int16]:
        """Minutes from row to column; zero on the diagonal."""
        ...


@dataclass(frozen=True, slots=True)
class SpeedTravel:
    """Minutes from the distance on the globe: ``fixed + distance * detour / speed``, rounded up, at most a day.

    The defaults describe mixed town and country driving: roads are about 1.3 times as long as the line between
    two places (circuity in the literature: 1.2 to 1.4), 50 km/h door to door, and 12 minutes go for parking,
    walking and signing in. Where either place is unknown, the leg counts ``unknown_minutes``.
    """

    fixed_minutes: float = 12.0
    kilometres_per_hour: float = 50.0
    detour: float = 1.3
    unknown_minutes: int = 30

    def matrix(self, spots: Sequence[Spot]) -> NDArray[np.int16]:
        """Minutes from row to column; zero on the diagonal."""
        points = _on_unit_globe(spots)
        minutes = np.empty((len(spots), len(spots)), dtype=np.int16)
        for first in range(0, len(spots), BLOCK[0]):
            for other in range(first, len(spots), BLOCK[1]):  # as far there as back: half is enough
                rows, columns = slice(first, first + BLOCK[0]), slice(other, other + BLOCK[1])
                block = self._minutes(_chord_km(points[rows], points[columns]))
                minutes[rows, columns] = block
                minutes[columns, rows] = block.T
        np.fill_diagonal(minutes, 0)
        return minutes

    def _minutes(self, kilometres: NDArray[np.float64]) -> NDArray[np.int16]:
        """Whole minutes for distances; NaN stands for an unknown place. The array is used up."""
        here, unknown = kilometres < SAME_PLACE_KM, np.isnan(kilometres)
        kilometres *= self.detour / self.kilometres_per_hour * 60.0
        kilometres += self.fixed_minutes - 1e-9  # a hair too much must not become a whole minute more
        np.ceil(kilometres, out=kilometres)
        np.minimum(kilometres, LONGEST_MINUTES, out=kilometres)
        kilometres[here] = 0.0
        kilometres[unknown] = float(self.unknown_minutes)
        return kilometres.astype(np.int16)


@dataclass(frozen=True, slots=True)
class TableTravel:
    """Minutes from a table of pairs of spot keys; ``otherwise`` answers for pairs that are not in it."""

    minutes: Mapping[tuple[str, str], int] = field(default_factory=lambda: MappingProxyType({}))
    otherwise: Travel = field(default_factory=SpeedTravel)

    def matrix(self, spots: Sequence[Spot]) -> NDArray[np.int16]:
        """Minutes from row to column; zero on the diagonal."""
        table = self.otherwise.matrix(spots)
        index = {spot.key: number for number, spot in enumerate(spots)}
        for (origin, destination), minutes in self.minutes.items():
            if origin in index and destination in index and origin != destination:
                table[index[origin], index[destination]] = min(max(minutes, 0), LONGEST_MINUTES)
        return table


def distance_km(origin: Place, destination: Place) -> float:
    """Great-circle distance of two places in kilometres."""
    points = _on_unit_globe([Spot("origin", origin), Spot("destination", destination)])
    return float(_chord_km(points[:1], points[1:])[0, 0])


def _on_unit_globe(spots: Sequence[Spot]) -> NDArray[np.float64]:
    """[S, 3]; NaN for an unknown place."""
    degrees = np.array(
        [(s.place.latitude, s.place.longitude) if s.place else (np.nan, np.nan) for s in spots], dtype=np.float64
    ).reshape(-1, 2)
    latitude, longitude = np.radians(degrees).T
    flat = np.cos(latitude)
    return np.stack((flat * np.cos(longitude), flat * np.sin(longitude), np.sin(latitude)), axis=1)


def _chord_km(points: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float64]:
    """Great-circle distances from the chords between points of the unit globe; NaN in, NaN out.

    The arc is worked out by the first terms of the arcsine's series, which are enough below 1,200 km (to a tenth of
    a metre); what is farther is worked out by the arcsine itself.
    """
    half = np.clip(2.0 - 2.0 * (points @ others.T), 0.0, 4.0)
    np.sqrt(half, out=half)
    half *= 0.5
    square = half * half
    arc = square * (15 / 336)
    for term in (3 / 40, 1 / 6):
        arc += term
        arc *= square
    arc += 1.0
    arc *= half
    far = half > FAR_CHORD
    if far.any():
        arc[far] = np.arcsin(half[far])
    arc *= 2 * EARTH_RADIUS_KM
    return np.asarray(arc)
