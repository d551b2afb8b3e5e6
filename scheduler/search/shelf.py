"""The tours that the linear program could take, as arrays: what each of them gains at any prices."""

import numpy as np

from scheduler.search.columns import Column
from scheduler.search.pricing import UNITS
from scheduler.search.records import Ints
from scheduler.tour import Tour, Touring


class Shelf:
    """Tours, one after the other.

    Attributes:
        inside: of each tour, whether it is in the program.
        days: how many there are.
    """

    def __init__(self, touring: Touring) -> None:
        self.touring = touring
        days, arrays = len(touring.problem.days), touring.arrays
        self.days, self.cap_offsets = days, arrays.days.cap_offsets
        self.cap_of, self.cap_day = arrays.days.cap, np.repeat(np.arange(days), np.diff(arrays.days.cap_offsets))
        self.counts_travel = np.asarray(arrays.cap_counts_travel, dtype=np.int64)
        self.columns: list[Column] = []
        self.figures: list[tuple[int, int, int, int]] = []
        self.inside: list[bool] = []
        self._table = np.zeros((0, 4), dtype=np.int64)
        self._visits = np.zeros(0, dtype=np.int64)
        self._begins = np.zeros(0, dtype=np.int64)

    def add(self, tour: Tour) -> int:
        """Keep a tour; its number."""
        self.figures.append((tour.day, tour.cents, tour.effort_minutes, tour.travel_minutes))
        self.columns.append((tour.day, tour.visits))
        self.inside.append(False)
        return len(self.columns) - 1

    def column(self, number: int) -> Column:
        """A tour's day and visits."""
        return self.columns[number]

    def cents(self, number: int) -> int:
        """What a tour costs."""
        return self.figures[number][1]

    def minutes(self, number: int) -> tuple[int, int]:
        """Effort and travel of a tour."""
        return self.figures[number][2:]

    def gains(self, worth: Ints, cap_price: Ints) -> Ints:
        """By day, what its best tour truly gains in sixtieths of a cent; 0 for none."""
        days = len(self.touring.problem.days)
        known = np.zeros(days, dtype=np.int64)
        gained = self.all_gains(worth, np.zeros(days, dtype=np.int64), cap_price)
        np.maximum.at(known, self._table[:, 0], gained)
        return known

    def best_outside(
        self, worth: Ints, day_price: Ints, cap_price: Ints, most: int, least: int = UNITS + 1
    ) -> list[int]:
        """Of each day the tours that gain most by these prices and are not in the program, so many at most.

        Each gains at least ``least``.
        """
        gained = self.all_gains(worth, day_price, cap_price)
        outside = np.flatnonzero((gained >= least) & ~np.array(self.inside, dtype=np.bool_))
        order = outside[np.argsort(-gained[outside], kind="stable")]
        so_far: dict[int, int] = {}
        chosen = []
        for number in order.tolist():
            day = self.columns[number][0]
            so_far[day] = so_far.get(day, 0) + 1
            if so_far[day] <= most:
                chosen.append(number)
        return chosen

    def all_gains(self, worth: Ints, day_price: Ints, cap_price: Ints) -> Ints:
        """What every tour truly gains beyond its day's price, in sixtieths of a cent."""
        self._keep()
        if not len(self._table):
            return np.zeros(0, dtype=np.int64)
        days = len(self.touring.problem.days)
        per_minute, per_leg = np.zeros(days, dtype=np.int64), np.zeros(days, dtype=np.int64)
        np.add.at(per_minute, self.cap_day, cap_price[self.cap_of])
        np.add.at(per_leg, self.cap_day, (cap_price * self.counts_travel)[self.cap_of])
        day, cents, effort, travel = self._table.T
        gained = np.add.reduceat(worth[self._visits], self._begins) - UNITS * cents - day_price[day]
        gained -= effort * per_minute[day] + travel * per_leg[day]
        return np.asarray(gained, dtype=np.int64)

    def laid_out(self) -> tuple[Ints, Ints, Ints, Ints]:
        """By tour its day, cents, effort and travel; the visits of all tours; by tour where its own begin; how many.

        The visits of one tour stand next to each other.
        """
        self._keep()
        return self._table, self._visits, self._begins, np.diff(self._begins, append=len(self._visits))

    def _keep(self) -> None:
        """Bring what was added last into the arrays."""
        done = len(self._table)
        if done == len(self.columns):
            return
        new = [visits for _, visits in self.columns[done:]]
        lengths = np.array([len(visits) for visits in new], dtype=np.int64)
        begins = len(self._visits) + np.cumsum(lengths) - lengths
        flat = np.fromiter((visit for visits in new for visit in visits), dtype=np.int64)
        self._table = np.concatenate((self._table, np.array(self.figures[done:], dtype=np.int64)))
        self._visits = np.concatenate((self._visits, flat))
        self._begins = np.concatenate((self._begins, begins))
