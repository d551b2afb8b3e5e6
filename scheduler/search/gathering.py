"""Tours gathered for prices that get better: what a plan may be made of, and what a bound begins with.

The ascent over the tours that are known (``ascent.py``) makes the prices, and for these prices days are *skimmed* for
more tours: a few of those that gain most, as far as a short look finds them.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np

from scheduler.search.ascent import FEWER_STEPS, STEPS, Ascent, Found
from scheduler.search.columns import Column
from scheduler.search.everyday import MOST_SEEDS, Everyday
from scheduler.search.first_prices import first_prices
from scheduler.search.lower import NOTHING, dearest_of, lagrangian
from scheduler.search.other_days import OtherDays
from scheduler.search.records import Ints
from scheduler.search.shelf import Shelf
from scheduler.search.tracks import Crowd, cores
from scheduler.state import State
from scheduler.tour import Touring

FIRST_SEEDS = 2
"""Rows of a day around which it is skimmed: few while prices are far from right."""

FEW_NEW = 0.3
"""New tours by day of a skimming: fewer, and it is done around more rows."""

GATHERED_EVERY = 4
"""Where tours are gathered for a plan, one day of so many is skimmed at a time: prices move on the sooner."""

Over = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Prices:
    """What visits and minutes of caps are worth, in sixtieths of a cent."""

    worth: Ints
    cap: Ints


class Gathering:
    """Tours, and the prices at which they are looked for.

    Attributes:
        shelf: the tours.
        centre: the prices near which the next ones are looked for.
        promised: what the centre would prove if skimming found the best tour of every day, in sixtieths of a cent.
        skims: skimmings so far.
    """

    def __init__(
        self,
        touring: Touring,
        state: State,
        columns: Iterable[Column] = (),
        threads: int | None = None,
        *,
        proves: bool = False,
    ) -> None:
        self.began = time.monotonic()
        self.touring, self.crowd = touring, Crowd(cores() if threads is None else threads)
        self.everyday = Everyday(touring, self.crowd, proves=proves)
        self.people = np.array(touring.people, dtype=np.int64)
        self.limits = np.array([cap.minutes for cap in touring.problem.caps], dtype=np.int64)
        self.shelf, self.known, self.others = Shelf(touring), set[int](), OtherDays(touring)
        self.stock(state, columns)
        dearest = dearest_of(touring)
        steps = STEPS if proves else FEWER_STEPS
        self.ascent = Ascent(self.shelf, self.people, dearest, self.limits, steps)
        no_caps = np.zeros(len(self.limits), dtype=np.int64)
        self.centre = Prices(np.minimum(first_prices(touring, state.solution()), dearest), no_caps)
        self.promised = NOTHING
        self.seeds, self.skims = FIRST_SEEDS, 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the threads, and let go of all but tours and prices; nothing is skimmed any more."""
        self.crowd.close()
        self.everyday.close()

    def stock(self, state: State, columns: Iterable[Column]) -> None:
        """Have a plan to bound, and the plan's tours, the same without each of their visits, and what else is known."""
        self.plan_cents = state.objective()
        for tour in state.tours:
            if tour is not None:
                self.add((tour.day, tour.visits))
                for place in range(len(tour.visits)):
                    self.add((tour.day, tour.visits[:place] + tour.visits[place + 1 :]))
        for column in columns:
            self.add(column)

    def add(self, column: Column) -> bool:
        """Keep a tour, if it is a new one and can be kept.

        That it is new is told by a number of 64 bits: one in billions of tours is taken for another.
        """
        number, (day, visits) = hash(column), column
        if number in self.known or not visits:
            return False
        self.known.add(number)
        tour = self.touring.tour(day, visits)
        if tour is not None:
            self.shelf.add(tour)
        return tour is not None

    def gather(self, seconds: float, over: Over) -> None:
        """Skim for so many seconds, for tours that a plan may be made of."""
        until = time.monotonic() + seconds

        def ended() -> bool:
            return over() or time.monotonic() >= until

        while not ended():
            if self.skim(ended, GATHERED_EVERY) < FEW_NEW * self.shelf.days / GATHERED_EVERY:
                self.seeds = min(MOST_SEEDS, self.seeds + 1)

    def next_prices(self) -> Found:
        """The best ones near the centre for the tours that are known."""
        if not len(self.shelf):
            return Found(self.centre.worth, np.zeros(self.shelf.days, dtype=np.int64), self.centre.cap)
        return self.ascent.prices(self.centre.worth, self.centre.cap)

    def skim(self, ended: Over, every: int = 1) -> int:
        """The best prices for the known tours, and more tours for them on one day of so many; how many were new.

        What the other days would gain more than is known is told from those that are skimmed.
        """
        ahead = self.next_prices()
        prices = Prices(ahead.worth, ahead.cap_price)
        self.skims += 1
        known = self.shelf.gains(prices.worth, prices.cap)
        if not self.everyday.skim(prices.worth, prices.cap, known, self.seeds, self.skims, ended, every):
            return 0
        promised = self.value(prices, known + every * (self.everyday.gain - known))
        better = promised > self.promised
        self.ascent.note(better=better)
        if better:
            self.promised, self.centre = promised, prices
        elif every > 1:  # the best of many guesses was a lucky one
            self.promised = (self.promised + promised) // 2
        return self.add_found(ahead)

    def value(self, prices: Prices, gain: Ints) -> int:
        """What is proved where days gain no more than that, in sixtieths of a cent."""
        return lagrangian(self.people, self.limits, prices.worth, prices.cap, gain)

    def add_found(self, ahead: Found) -> int:
        """Keep the tours that were found, also on other days of the same people; how many of the former were new."""
        new = 0
        for column in self.everyday.found():
            if self.add(column):
                new += 1
                cents = self.shelf.cents(len(self.shelf) - 1)
                for other in self.others.of(column, cents, ahead.worth, ahead.day_price):
                    self.add(other)
        return new
