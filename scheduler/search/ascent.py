"""Prices for which the tours that are known prove as much as they can, not far from prices that are good already.

The linear program's own prices are a corner among many that are as good for it, and the next one's another corner. Here
the gain of each day's best tour is a soft maximum (Nesterov 2005), and prices far from the centre cost by the square of
the way (a proximal bundle method); that is maximised by accelerated steps with restarts (O'Donoghue and Candes 2015).
Half as many pricings do, and thousands of visits take a second of sums instead of ten of the simplex method.

Any prices prove a bound, so nothing depends on how exact this is. Sums, products and square roots alone make the
answer the same on every processor.
"""

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from scheduler.search.records import Ints
from scheduler.search.shelf import Shelf, spread

Floats = NDArray[np.float64]

MOST_TOURS, MOST_OF_A_DAY = 60_000, 30
"""Tours that are looked at, those that gain most at the centre; where there are thousands of days, so many for each."""

STEPS, FEWER_STEPS = 200, 80
"""From the centre to the prices; the second where nothing is proved by them."""

FIRST_REACH, FARTHER, NEARER = 0.4, 1.3, 0.6
"""How far a price may go, as a share of it, while nobody does the visit; and by how much more after a better bound."""

CLOSE = 6000
"""Prices may go farther by that, for those of nothing (sixtieths of a cent)."""

FIRST_SOFTNESS, FINER, LEAST_SOFTNESS = 0.016, 0.85, 0.0008
"""The soft maximum's temperature, as a share of the middle price; how it cools after a better bound; the lowest."""

LEAST_VISITS = 6
"""On a tour, for the length of a step."""

CAP_PRICE, CAP_MINUTES = 600, 300
"""A usual price of a cap's minute, in sixtieths of a cent, and usual minutes of a tour."""

SQUARINGS = 10


@dataclass(frozen=True, slots=True)
class Found:
    """The prices of visits, days and caps' minutes, in sixtieths of a cent."""

    worth: Ints
    day_price: Ints
    cap_price: Ints


class Ascent:
    """The way to the best prices.

    Attributes:
        reach: how far the next prices may be from the centre, as a share of it.
    """

    def __init__(self, shelf: Shelf, people: Ints, dearest: Ints, limits: Ints, steps: int = STEPS) -> None:
        self.shelf, self.people, self.dearest, self.limits, self.steps = shelf, people, dearest, limits, steps
        self.reach, self.softness = FIRST_REACH, FIRST_SOFTNESS

    def note(self, *, better: bool) -> None:
        """Go farther and finer after a better bound, less far after another one."""
        self.reach *= FARTHER if better else NEARER
        if better:
            self.softness = max(LEAST_SOFTNESS, FINER * self.softness)

    def prices(self, centre: Ints, cap_centre: Ints) -> Found:
        """The best prices near the centre for the tours on the shelf."""
        tours = Tours.of(self.shelf, centre, cap_centre)
        soft = max(CLOSE / 10, self.softness * float(np.median(centre)))
        middle, cap_middle = centre.astype(np.float64), cap_centre.astype(np.float64)
        far = self.reach * (middle + CLOSE)
        cap_far = self.reach * CAP_PRICE / np.maximum(60, self.limits)
        bend = max(LEAST_VISITS, tours.mean_visits + 1) / soft
        step, cap_step = 1 / (bend + 1 / far), 1 / (bend * CAP_MINUTES**2 + 1 / cap_far)
        here, cap_here = middle, cap_middle
        ahead, cap_ahead, speed = here, cap_here, 1.0
        for _ in range(self.steps):
            used, cap_used = tours.used(ahead, cap_ahead, soft)
            up = self.people - used - (ahead - middle) / far
            cap_up = cap_used - self.limits - (cap_ahead - cap_middle) / cap_far
            there = np.clip(ahead + step * up, 0, self.dearest)
            cap_there = np.maximum(0, cap_ahead + cap_step * cap_up)
            if float(((ahead - there) * (there - here)).sum()) > 0:
                speed = 1.0
            faster = (1 + sqrt(1 + 4 * speed * speed)) / 2
            swing = (speed - 1) / faster
            ahead = np.clip(there + swing * (there - here), 0, self.dearest)
            cap_ahead = np.maximum(0, cap_there + swing * (cap_there - cap_here))
            here, cap_here, speed = there, cap_there, faster
        return Found(here.astype(np.int64), tours.day_price(here, cap_here), cap_here.astype(np.int64))


@dataclass(frozen=True, slots=True)
class Tours:
    """Tours by day: T of them on L days, with V visits and C shares in caps.

    Attributes:
        cost: [T] in sixtieths of a cent.
        visit, on: [V] the visits of all tours, and which tour each is on; ``begins`` where each tour's begin.
        line, first, day: [T] which of the L days; [L] where its tours begin, and its number.
        cap, counted, minutes: [C] the caps, the tours that count for them, and their minutes.
        visits, caps, days: how many there are in all.
    """

    cost: Floats
    visit: Ints
    on: Ints
    begins: Ints
    line: Ints
    first: Ints
    day: Ints
    cap: Ints
    counted: Ints
    minutes: Floats
    visits: int
    caps: int
    days: int

    @classmethod
    def of(cls, shelf: Shelf, worth: Ints, cap_price: Ints) -> "Tours":
        """The most gainful tours of a shelf at these prices."""
        gains = shelf.all_gains(worth, np.zeros(shelf.days, dtype=np.int64), cap_price)
        table, visits, begins, lengths = shelf.laid_out()
        chosen = np.sort(np.argsort(-gains, kind="stable")[: max(MOST_TOURS, MOST_OF_A_DAY * shelf.days)])
        chosen = chosen[np.argsort(table[chosen, 0], kind="stable")]
        day, cents, effort, travel = table[chosen].T
        first = np.flatnonzero(np.diff(day, prepend=-1))
        offsets = shelf.cap_offsets
        counted, share = spread(offsets[day], offsets[day + 1] - offsets[day])
        on, visit = spread(begins[chosen], lengths[chosen])
        cap = shelf.cap_of[share].astype(np.int64)
        return cls(
            cost=60.0 * cents,
            visit=visits[visit],
            on=on,
            begins=np.cumsum(lengths[chosen]) - lengths[chosen],
            line=np.repeat(np.arange(len(first)), np.diff(first, append=len(day))),
            first=first,
            day=day[first],
            cap=cap,
            counted=counted,
            minutes=(effort[counted] + travel[counted] * shelf.counts_travel[cap]).astype(np.float64),
            visits=len(worth),
            caps=len(cap_price),
            days=shelf.days,
        )

    @property
    def mean_visits(self) -> float:
        """On one tour."""
        return len(self.visit) / max(1, len(self.cost))

    def gains(self, worth: Floats, cap_price: Floats) -> Floats:
        """[T] what each tour gains."""
        gains = np.add.reduceat(worth[self.visit], self.begins) - self.cost
        if len(self.cap):
            gains -= np.bincount(self.counted, cap_price[self.cap] * self.minutes, minlength=len(gains))
        return np.asarray(gains, dtype=np.float64)

    def used(self, worth: Floats, cap_price: Floats, soft: float) -> tuple[Floats, Floats]:
        """How much of each visit and of each cap's minutes the days take, each shared out among its best tours."""
        gains = self.gains(worth, cap_price)
        most = np.maximum(0, np.maximum.reduceat(gains, self.first))
        weight = _falling((gains - most[self.line]) / soft)
        whole = np.add.reduceat(weight, self.first) + _falling(-most / soft)
        weight /= whole[self.line]
        used = np.bincount(self.visit, weight[self.on], minlength=self.visits)
        cap_used = np.bincount(self.cap, weight[self.counted] * self.minutes, minlength=self.caps)
        return used.astype(np.float64), cap_used.astype(np.float64)

    def day_price(self, worth: Floats, cap_price: Floats) -> Ints:
        """By day, what its best known tour gains, 0 for none."""
        price = np.zeros(self.days, dtype=np.int64)
        price[self.day] = np.maximum(0, np.maximum.reduceat(self.gains(worth, cap_price), self.first))
        return price


def _falling(power: Floats) -> Floats:
    """About e to a power that is not above zero."""
    value = np.maximum(0.0, 1 + power / 2**SQUARINGS)
    for _ in range(SQUARINGS):
        value *= value
    return np.asarray(value, dtype=np.float64)
