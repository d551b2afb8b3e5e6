"""A proven bound for thousands of visits: prices from the tours that are known, and every day priced for all visits.

The linear program over everything would take gigabytes. But any prices of visits and caps prove a bound, if every
single day is priced for every visit. So the ascent over known tours (``ascent.py``) makes the prices, and days are
*skimmed* for more tours between one whole pricing, which takes minutes, and the next.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from scheduler.search.ascent import Ascent, Found
from scheduler.search.columns import Column
from scheduler.search.everyday import MOST_SEEDS, Everyday
from scheduler.search.first_prices import first_prices
from scheduler.search.lower import NOTHING, Bounded, dearest_of
from scheduler.search.other_days import OtherDays
from scheduler.search.pricing import UNITS
from scheduler.search.records import Ints
from scheduler.search.shelf import Shelf
from scheduler.search.tracks import Crowd, cores
from scheduler.state import State
from scheduler.tour import Touring

FIRST_SEEDS = 2
"""Rows of a day around which it is skimmed: few while prices are far from right."""

FEW_NEW, SETTLED = 0.3, 0.03
"""New tours by day of a skimming: fewer, and it is done around more rows; so few, and all days had better be priced."""

FIRST_SKIMS = 0.35
"""Of the seconds, for skimming before all days are priced for the first time, at most."""

LITTLE, MOST_IDLE = 1e-3, 3
"""Before that, skimmings in a row whose prices promise hardly more, as a share, after which all days are priced."""

FIRST_NODES, MOST_NODES = 16_000, 64_000
"""Beginnings of tours that are looked at for one day when all are priced, the first time and later."""

CLOSE_NODES = 300_000
"""The same at the end, for the days that were too hard at the best prices."""

LONGEST_DAYS = 3
"""A day may take so many times as long as the middle one."""

SLOWER = 1.15
"""By how much a pricing may take longer than the one before, or than a part of it tells."""

FOREVER = 1e9
"""Seconds, where there is no clock."""

Over = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Prices:
    """What visits and minutes of caps are worth, in sixtieths of a cent."""

    worth: Ints
    cap: Ints


def prove_wide(
    touring: Touring,
    state: State,
    seconds: float,
    over: Over,
    threads: int | None = None,
    heard: Callable[[int], None] | None = None,
    columns: Iterable[Column] = (),
    most_rounds: int = 2**30,
) -> Bounded:
    """The best bound that is found within these seconds; 0 where there is no time to price all days once.

    Args:
        touring: of the problem.
        state: a plan, the better the sooner there is a good bound.
        seconds: on the clock.
        over: asked now and then.
        threads: that compute at the same time; as many as there are cores where it is not said.
        heard: told every better bound.
        columns: tours that are known beside the plan's.
        most_rounds: pricings of all days.
    """
    wide = Wide(touring, state, columns, threads)
    try:
        wide.go_on(min(seconds, FOREVER), over, heard, most_rounds)
        return wide.bounded()
    finally:
        wide.crowd.close()


class Wide:
    """Skimmings and pricings, and the best bound so far.

    Attributes:
        best: the bound, in sixtieths of a cent.
        centre: the prices near which the next ones are looked for.
        hard: days of which more than the true gain may be counted at the prices of the bound.
        rounds: pricings of all days so far.
        skims: skimmings so far.
    """

    def __init__(
        self, touring: Touring, state: State, columns: Iterable[Column] = (), threads: int | None = None
    ) -> None:
        self.began = time.monotonic()
        self.touring, self.crowd = touring, Crowd(cores() if threads is None else threads)
        self.everyday = Everyday(touring, self.crowd)
        self.people = np.array(touring.people, dtype=np.int64)
        self.limits = np.array([cap.minutes for cap in touring.problem.caps], dtype=np.int64)
        self.plan_cents = state.objective()
        self.shelf, self.known, self.others = Shelf(touring), set[int](), OtherDays(touring)
        self._stock(state, columns)
        dearest = dearest_of(touring)
        self.ascent = Ascent(self.shelf, self.people, dearest, self.limits)
        no_caps = np.zeros(len(self.limits), dtype=np.int64)
        self.centre = Prices(np.minimum(first_prices(touring, state.solution()), dearest), no_caps)
        self.promised = NOTHING
        self.best, self.kept = NOTHING, self.centre
        self.gain = np.zeros(len(touring.problem.days), dtype=np.int64)
        self.hard = np.zeros(0, dtype=np.int64)
        self.rounds = self.skims = 0
        self.seeds, self.nodes, self.pricing_seconds = FIRST_SEEDS, FIRST_NODES, 0.0

    def _stock(self, state: State, columns: Iterable[Column]) -> None:
        """The plan's tours, the same without each of their visits, and what else is known."""
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

    def go_on(
        self, seconds: float, over: Over, heard: Callable[[int], None] | None = None, most_rounds: int = 2**30
    ) -> None:
        """Skim, then price all days, again and again until the seconds since the beginning are over.

        What is left of them when there is no time for all days any more goes to those that were hard.
        """
        ends = self.began + seconds

        def ended() -> bool:
            return over() or time.monotonic() >= ends

        while self.rounds < most_rounds and not ended():
            settled = self._skim_for(self._skim_seconds(ends - time.monotonic(), seconds), ended)
            before = self.best
            if not self._price(ends, over):
                if self.nodes <= FIRST_NODES or ended():
                    break
                self.nodes //= 4
                continue
            self._tell(before, heard)
            if settled and self.best <= before and self.nodes >= MOST_NODES:
                break
            self.nodes = min(MOST_NODES, 4 * self.nodes)
        if self.rounds < most_rounds and not ended():
            before = self.best
            self._price_hard_days(ends, over)
            self._tell(before, heard)

    def _tell(self, before: int, heard: Callable[[int], None] | None) -> None:
        if heard is not None and self.best > max(0, before):
            heard(self.best // UNITS)

    def _skim_seconds(self, left: float, seconds: float) -> float:
        """Before the next pricing: so much that with all further ones, as long as the last one, the time is filled."""
        if not self.rounds:
            return FIRST_SKIMS * seconds
        pricing = SLOWER * self.pricing_seconds
        times = max(1, int(left / max(1e-3, 1.5 * pricing)))
        return left / times - pricing

    def _skim_for(self, seconds: float, ended: Over) -> bool:
        """Skim until the seconds are over or there is little left to be found so; whether that was so."""
        until, idle = time.monotonic() + seconds, 0
        while time.monotonic() < until and not ended() and (self.rounds or idle < MOST_IDLE):
            before = self.promised
            new = self._skim(ended)
            idle = idle + 1 if self.promised - before < LITTLE * self.promised else 0
            if new < SETTLED * len(self.gain) and self.seeds >= MOST_SEEDS:
                return True
            if new < FEW_NEW * len(self.gain):
                self.seeds = min(MOST_SEEDS, self.seeds + 1)
        return False

    def _next_prices(self) -> Found:
        """The best ones near the centre for the tours that are known."""
        if not len(self.shelf):
            return Found(self.centre.worth, np.zeros_like(self.gain), self.centre.cap)
        return self.ascent.prices(self.centre.worth, self.centre.cap)

    def _skim(self, ended: Over) -> int:
        """The best prices for the known tours, and more tours for them; how many were new."""
        ahead = self._next_prices()
        prices = Prices(ahead.worth, ahead.cap_price)
        self.skims += 1
        known = self.shelf.gains(prices.worth, prices.cap)
        if not self.everyday.skim(prices.worth, prices.cap, known, self.seeds, self.skims, ended):
            return 0
        promised = self._value(prices, self.everyday.gain)
        better = promised > self.promised
        self.ascent.note(better=better)
        if better:
            self.promised, self.centre = promised, prices
        return self._add_found(ahead)

    def _price(self, ends: float, over: Over) -> bool:
        """Price all days, if there is time for it, and note the bound; False where there was none."""
        ahead = self._next_prices()
        prices = Prices(ahead.worth, ahead.cap_price)
        known = self.shelf.gains(prices.worth, prices.cap)
        began = time.monotonic()

        def late(more: float) -> bool:
            """Whether there is no time for that; where nothing is proved yet, it is tried all the same."""
            return over() or time.monotonic() + (more if self.rounds else 0.0) >= ends

        if late(SLOWER * self.pricing_seconds):
            return False
        if not self.everyday.skim(prices.worth, prices.cap, known, self.seeds, self.skims, lambda: late(0.0)):
            return False
        self.skims += 1
        known = self.everyday.gain.copy()
        self._add_found(ahead)
        if not self.everyday.price(prices.worth, prices.cap, known, self.nodes, late):
            self._add_found(ahead)
            return False
        self.rounds += 1
        self.pricing_seconds = time.monotonic() - began
        bound = self._value(prices, self.everyday.gain)
        self.ascent.note(better=bound > self.best)
        if bound > self.best:
            self.best, self.kept, self.gain = bound, prices, self.everyday.gain.copy()
            self.hard = np.flatnonzero(self.everyday.tours[::MOST_SEEDS, -1])
        self.promised = max(bound, self.best)
        self.centre = self.kept
        self._add_found(ahead)
        return True

    def _price_hard_days(self, ends: float, over: Over) -> None:
        """Look more closely at the days that were too hard at the best prices, those with most to gain first."""
        known = self.shelf.gains(self.kept.worth, self.kept.cap)
        doubt = self.gain[self.hard] - known[self.hard]
        days = self.hard[np.argsort(-doubt, kind="stable")]

        def late(day_seconds: float) -> bool:
            return over() or time.monotonic() + LONGEST_DAYS * day_seconds >= ends

        exact = self.everyday.price_again(days, self.kept.worth, self.kept.cap, known, self.gain, CLOSE_NODES, late)
        self.hard, self.gain = days[~exact], self.everyday.gain.copy()
        self.best = self._value(self.kept, self.gain)

    def _value(self, prices: Prices, gain: Ints) -> int:
        """What is proved where days gain no more than that, in sixtieths of a cent."""
        return int((self.people * prices.worth).sum() - gain.sum() - (prices.cap * self.limits).sum())

    def _add_found(self, ahead: Found) -> int:
        """Keep the tours that were found, also on other days of the same people; how many of the former were new."""
        new = 0
        for column in self.everyday.found():
            if self.add(column):
                new += 1
                cents = self.shelf.cents(len(self.shelf) - 1)
                for other in self.others.of(column, cents, ahead.worth, ahead.day_price):
                    self.add(other)
        return new

    def bounded(self) -> Bounded:
        """What has been proved so far."""
        return Bounded(
            max(0, self.best // UNITS),
            float(self.plan_cents),
            self.rounds,
            time.monotonic() - self.began,
            tuple(float(w) / UNITS for w in self.kept.worth),
            tuple(float(gain) / UNITS for gain in self.gain),
            tuple(float(price) / UNITS for price in self.kept.cap),
        )
