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

BLOCK_ROWS = 256
"""Rows of the table that are computed at once, so that ten thousand places need no gigabytes on the way."""


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
        latitudes, longitudes = _radians(spots)
        minutes = np.empty((len(spots), len(spots)), dtype=np.int16)
        for first in range(0, len(spots), BLOCK_ROWS):
            rows = slice(first, first + BLOCK_ROWS)
            kilometres = _distance_km(latitudes[rows, None], longitudes[rows, None], latitudes, longitudes)
            minutes[rows] = self._minutes(kilometres)
        np.fill_diagonal(minutes, 0)
        return minutes

    def _minutes(self, kilometres: NDArray[np.float64]) -> NDArray[np.int16]:
        """Whole minutes for distances; NaN stands for an unknown place."""
        driving = self.fixed_minutes + kilometres * self.detour / self.kilometres_per_hour * 60.0
        driving = np.where(kilometres < SAME_PLACE_KM, 0.0, driving)
        driving = np.where(np.isnan(kilometres), float(self.unknown_minutes), driving)
        # A hair below a whole minute must not become a whole minute more by rounding noise.
        return np.minimum(np.ceil(driving - 1e-9), LONGEST_MINUTES).astype(np.int16)


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
    ends = np.radians([[origin.latitude, origin.longitude], [destination.latitude, destination.longitude]])
    return float(_distance_km(ends[0, 0], ends[0, 1], ends[1, 0], ends[1, 1]))


def _radians(spots: Sequence[Spot]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    degrees = np.array(
        [(s.place.latitude, s.place.longitude) if s.place else (np.nan, np.nan) for s in spots], dtype=np.float64
    ).reshape(-1, 2)
    radians = np.radians(degrees)
    return radians[:, 0], radians[:, 1]


def _distance_km(
    latitude: NDArray[np.float64],
    longitude: NDArray[np.float64],
    other_latitude: NDArray[np.float64],
    other_longitude: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Haversine formula; NaN in, NaN out."""
    half_chord = (
        np.sin((other_latitude - latitude) / 2) ** 2
        + np.cos(latitude) * np.cos(other_latitude) * np.sin((other_longitude - longitude) / 2) ** 2
    )
    return np.asarray(2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.clip(half_chord, 0.0, 1.0))))
