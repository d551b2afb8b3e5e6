"""Who may take a visit that is out: in whose parts of a large problem it is tried."""

from random import Random

import numpy as np
from numpy.typing import NDArray

from scheduler.arrays import NOBODY, Ints
from scheduler.tour import Touring

Positions = NDArray[np.intp]

MOST_TAKERS = 4
"""People who live nearest, in whose parts a visit that is out is tried, in one cut or another."""

ALONE_SHARE = 0.75
"""Share of draws in which only those count who could do it on a day by itself: others come there at best by way of
other visits, and only where a part holds those visits, too."""


class Takers:
    """The people of a problem who may do its visits, by how far they live from them."""

    def __init__(self, touring: Touring) -> None:
        self.touring = touring
        self._home = {day.person: day.start_spot for day in touring.problem.days}
        self.people = np.array(sorted(self._home), dtype=np.int32)
        self._homes = np.array([self._home[person] for person in self.people.tolist()], dtype=np.int32)
        self._known: dict[int, tuple[list[int], list[int]]] = {}

    def nearest(self, visit: int) -> int:
        """Who lives nearest of those who may do it; anybody where nobody may."""
        able = self._able(visit)
        if not len(able):
            return int(self.people[0])
        spot = self.touring.spot[visit]
        return int(self.people[able[0 if spot == NOBODY else self._way(spot, able).argmin()]])

    def draw(self, visit: int, random: Random) -> int:
        """One of those who live nearest; for a visit from home anybody who may do it."""
        able, alone = self.of(visit)
        if not able:
            return int(self.people[0])
        if self.touring.spot[visit] == NOBODY:
            return random.choice(able)
        return random.choice((alone if alone and random.random() < ALONE_SHARE else able)[:MOST_TAKERS])

    def of(self, visit: int) -> tuple[list[int], list[int]]:
        """Those who may do it, the nearest first, and those of them who can on a day by itself."""
        if visit not in self._known:
            able = self._able(visit)
            spot = self.touring.spot[visit]
            if spot != NOBODY:
                able = able[np.argsort(self._way(spot, able), kind="stable")]
            nearest = self.people[able]
            alone = nearest[np.isin(nearest, self._able_alone(visit))]
            self._known[visit] = nearest.tolist(), alone.tolist()
        return self._known[visit]

    def _able(self, visit: int) -> Positions:
        """Places among ``people`` of those who may do it."""
        return np.flatnonzero(self.touring.arrays.visits.allowed[self.people, visit])

    def _way(self, spot: int, able: Positions) -> Ints:
        """From a visit's spot to where each of them lives, in minutes."""
        way: Ints = self.touring.arrays.travel[spot, self._homes[able]]
        return way

    def _able_alone(self, visit: int) -> Ints:
        """Who has a day that is long enough for the way there, the visit in one of its spans, and the way back.

        Blocked times and rests are not looked at.
        """
        days, travel = self.touring.arrays.days, self.touring.arrays.travel
        spot, effort = self.touring.spot[visit], self.touring.effort[visit]
        if spot == NOBODY:
            return self.people
        there = travel[days.start_spot, spot].astype(np.int64)
        back = travel[spot, days.end_spot].astype(np.int64)
        short = (there <= days.max_leg) & (back <= days.max_leg) & (there + back <= days.max_travel)
        fits = np.zeros(len(short), dtype=np.bool_)
        for opens, closes in self.touring.spans[visit]:
            begins = np.maximum(days.starts + there, opens)
            fits |= (begins + effort <= closes) & (begins + effort + back <= days.latest_end)
        return np.unique(days.person[short & fits])
