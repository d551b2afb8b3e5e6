"""A proven bound for thousands of visits: prices from the tours that are known, and every day priced for all visits.

The linear program over everything would take gigabytes. But any prices of visits and caps prove a bound, if every
single day is priced for every visit. So the ascent over known tours (``ascent.py``) makes the prices, and days are
*skimmed* for more tours between one whole pricing, which takes minutes, and the next.
"""

import time
from collections.abc import Callable, Iterable

import numpy as np

from scheduler.search.columns import Column
from scheduler.search.everyday import MOST_SEEDS
from scheduler.search.gathering import FEW_NEW, Gathering, Over, Prices
from scheduler.search.lower import NOTHING, Bounded
from scheduler.search.pricing import UNITS
from scheduler.state import State
from scheduler.tour import Touring

SETTLED = 0.03
"""New tours by day of a skimming: so few, and all days had better be priced."""

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
    with Wide(touring, state, columns, threads) as wide:
        wide.go_on(min(seconds, FOREVER), over, heard, most_rounds)
        return wide.bounded()


class Wide(Gathering):
    """Skimmings and pricings, and the best bound so far.

    Attributes:
        best: the bound, in sixtieths of a cent.
        hard: days of which more than the true gain may be counted at the prices of the bound.
        rounds: pricings of all days so far.
    """

    def __init__(
        self, touring: Touring, state: State, columns: Iterable[Column] = (), threads: int | None = None
    ) -> None:
        super().__init__(touring, state, columns, threads, proves=True)
        self.best, self.kept = NOTHING, self.centre
        self.gain = np.zeros(len(touring.problem.days), dtype=np.int64)
        self.hard = np.zeros(0, dtype=np.int64)
        self.rounds, self.nodes, self.pricing_seconds = 0, FIRST_NODES, 0.0

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
            new = self.skim(ended)
            idle = idle + 1 if self.promised - before < LITTLE * self.promised else 0
            if new < SETTLED * len(self.gain) and self.seeds >= MOST_SEEDS:
                return True
            if new < FEW_NEW * len(self.gain):
                self.seeds = min(MOST_SEEDS, self.seeds + 1)
        return False

    def _price(self, ends: float, over: Over) -> bool:
        """Price all days, if there is time for it, and note the bound; False where there was none."""
        ahead = self.next_prices()
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
        self.add_found(ahead)
        if not self.everyday.price(prices.worth, prices.cap, known, self.nodes, late):
            self.add_found(ahead)
            return False
        self.rounds += 1
        self.pricing_seconds = time.monotonic() - began
        bound = self.value(prices, self.everyday.gain)
        self.ascent.note(better=bound > self.best)
        if bound > self.best:
            self.best, self.kept, self.gain = bound, prices, self.everyday.gain.copy()
            self.hard = np.flatnonzero(self.everyday.tours[::MOST_SEEDS, -1])
        self.promised = max(bound, self.best)
        self.centre = self.kept
        self.add_found(ahead)
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
        self.best = self.value(self.kept, self.gain)

    def bounded(self) -> Bounded:
        """What has been proved so far."""
        seconds, prices = time.monotonic() - self.began, (self.kept.worth, self.gain, self.kept.cap)
        return Bounded.at(self.best, float(self.plan_cents), self.rounds, seconds, prices)
