"""The tours that are known, as arrays: what each of them gains at any prices."""

import numpy as np
from numpy.typing import NDArray

from scheduler.search.columns import Column
from scheduler.search.pricing import UNITS
from scheduler.search.records import Ints
from scheduler.tour import Tour, Touring

FIRST_ROOM = 1024
"""Tours, and visits on them, for which there is room at first; the room doubles when it is full."""


class Shelf:
    """Tours, one after the other: some eighty bytes each, so that there may be hundreds of thousands.

    Attributes:
        days: how many there are.
    """

    def __init__(self, touring: Touring) -> None:
        self.touring = touring
        days, arrays = len(touring.problem.days), touring.arrays
        self.days, self.cap_offsets = days, arrays.days.cap_offsets
        self.cap_of, self.cap_day = arrays.days.cap, np.repeat(np.arange(days), np.diff(arrays.days.cap_offsets))
        self.counts_travel = np.asarray(arrays.cap_counts_travel, dtype=np.int64)
        self._count = self._used = 0
        self._table = np.zeros((FIRST_ROOM, 4), dtype=np.int64)
        self._begins = np.zeros(FIRST_ROOM + 1, dtype=np.int64)
        self._visits = np.zeros(FIRST_ROOM, dtype=np.int64)
        self._inside = np.zeros(FIRST_ROOM, dtype=np.bool_)

    def __len__(self) -> int:
        return self._count

    def add(self, tour: Tour) -> int:
        """Keep a tour; its number."""
        number, used = self._count, self._used + len(tour.visits)
        if number == len(self._table):
            self._table = np.concatenate((self._table, np.zeros_like(self._table)))
            self._begins = np.concatenate((self._begins, np.zeros(number, dtype=np.int64)))
            self._inside = np.concatenate((self._inside, np.zeros(number, dtype=np.bool_)))
        while used > len(self._visits):
            self._visits = np.concatenate((self._visits, np.zeros_like(self._visits)))
        self._table[number] = (tour.day, tour.cents, tour.effort_minutes, tour.travel_minutes)
        self._visits[self._used : used] = tour.visits
        self._begins[number + 1] = used
        self._count, self._used = number + 1, used
        return number

    def note_inside(self, number: int) -> None:
        """A tour is in the linear program now."""
        self._inside[number] = True

    def column(self, number: int) -> Column:
        """A tour's day and visits."""
        visits = self._visits[self._begins[number] : self._begins[number + 1]]
        return int(self._table[number, 0]), tuple(visits.tolist())

    def cents(self, number: int) -> int:
        """What a tour costs."""
        return int(self._table[number, 1])

    def minutes(self, number: int) -> tuple[int, int]:
        """Effort and travel of a tour."""
        return int(self._table[number, 2]), int(self._table[number, 3])

    def gains(self, worth: Ints, cap_price: Ints) -> Ints:
        """By day, what its best tour truly gains in sixtieths of a cent; 0 for none."""
        known = np.zeros(self.days, dtype=np.int64)
        gained = self.all_gains(worth, np.zeros(self.days, dtype=np.int64), cap_price)
        np.maximum.at(known, self._table[: self._count, 0], gained)
        return known

    def best_outside(
        self, worth: Ints, day_price: Ints, cap_price: Ints, most: int, least: int = UNITS + 1
    ) -> list[int]:
        """Of each day the tours that gain most by these prices and are not in the program, so many at most.

        Each gains at least ``least``.
        """
        gained = self.all_gains(worth, day_price, cap_price)
        outside = np.flatnonzero((gained >= least) & ~self._inside[: self._count])
        order = outside[np.argsort(-gained[outside], kind="stable")]
        so_far: dict[int, int] = {}
        chosen = []
        for number, day in zip(order.tolist(), self._table[order, 0].tolist(), strict=True):
            so_far[day] = so_far.get(day, 0) + 1
            if so_far[day] <= most:
                chosen.append(number)
        return chosen

    def all_gains(self, worth: Ints, day_price: Ints, cap_price: Ints) -> Ints:
        """What every tour truly gains beyond its day's price, in sixtieths of a cent."""
        if not self._count:
            return np.zeros(0, dtype=np.int64)
        per_minute, per_leg = np.zeros(self.days, dtype=np.int64), np.zeros(self.days, dtype=np.int64)
        np.add.at(per_minute, self.cap_day, cap_price[self.cap_of])
        np.add.at(per_leg, self.cap_day, (cap_price * self.counts_travel)[self.cap_of])
        table, visits, begins, _ = self.laid_out()
        day, cents, effort, travel = table.T
        gained = np.add.reduceat(worth[visits], begins) - UNITS * cents - day_price[day]
        gained -= effort * per_minute[day] + travel * per_leg[day]
        return np.asarray(gained, dtype=np.int64)

    def laid_out(self) -> tuple[NDArray[np.int64], Ints, Ints, Ints]:
        """By tour its day, cents, effort and travel; the visits of all tours; by tour where its own begin; how many.

        The visits of one tour stand next to each other.
        """
        count = self._count
        begins = self._begins[: count + 1]
        return self._table[:count], self._visits[: self._used], begins[:count], np.diff(begins)


def caps_of(touring: Touring, day: int, effort: int, travel: int) -> list[tuple[int, int]]:
    """The caps that a tour counts for, and its minutes for each."""
    arrays = touring.arrays
    first, last = arrays.days.cap_offsets[day], arrays.days.cap_offsets[day + 1]
    return [(int(c), effort + (travel if arrays.cap_counts_travel[c] else 0)) for c in arrays.days.cap[first:last]]


def spread(begins: Ints, lengths: Ints) -> tuple[Ints, Ints]:
    """For stretches of an array: which stretch each place is of, and the place."""
    which = np.repeat(np.arange(len(lengths)), lengths)
    before = np.cumsum(lengths) - lengths
    return which, np.arange(len(which)) + np.repeat(begins - before, lengths)
