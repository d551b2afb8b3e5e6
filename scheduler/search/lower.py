"""A proven lower bound by column generation over the tours of single days.

The master is a linear program (``master.py``). Pricing finds the most gainful tour of every day for the master's dual
prices. For any prices at all the sum of what visits are worth, less what every day could gain at most, is a bound
(Lagrange): it is computed in whole sixtieths of a cent, holds before the master has converged, and does not depend on
GLOP being exact.

What is relaxed: order between visits, that the people of a team come at the same time, the slack price of visits of
several people, and that tours cannot be cut into fractions.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from scheduler.search.columns import Column
from scheduler.search.master import Duals, Master
from scheduler.search.model import first_spans
from scheduler.search.part import raw_of_everything
from scheduler.search.pricing import UNITS, Desk, Pairs, desk_for, pairs_of, price_days, without_shortcuts
from scheduler.search.records import NEVER, Ints, Model
from scheduler.search.tracks import Crowd, cores
from scheduler.state import Solution
from scheduler.tour import Touring

SMOOTHING = 0.6
"""Share of the best prices so far in those that are tried next."""

ENOUGH = 2e-4
"""The master and the bound are as near as is worth while, as a share."""

FIRST_NODES = 250
MOST_NODES = 64_000
"""Beginnings of tours looked at for one day: few at first, more where they did not do."""

PATIENCE = ((0.3, 250), (0.15, 1000), (0.05, 4000), (0.02, 16_000))
"""The most beginnings while so large a share of the days has a new tour."""

BLOCK_DAYS = 16
"""Days that are priced before the clock is looked at again."""


NOTHING = -(2**62)
"""A bound that is none."""


@dataclass(frozen=True, slots=True)
class Bounded:
    """What was proved, and how.

    Attributes:
        cents: no plan of the problem has a smaller objective; 0 where there was no time for anything.
        master_cents: the value of the last master: the bound that would be reached with all its tours.
        worth_cents: what a visit costs at the margin, by visit; the prices that gave the bound.
        day_cents: what a second day like each would save at most, by day, at these prices.
        cap_cents_per_minute: what a minute more of each cap would save, at these prices.
    """

    cents: int
    master_cents: float
    rounds: int
    seconds: float
    worth_cents: tuple[float, ...]
    day_cents: tuple[float, ...] = ()
    cap_cents_per_minute: tuple[float, ...] = ()


def prove(
    touring: Touring,
    known: Iterable[Solution],
    seconds: float,
    stopped: Callable[[], bool] | None = None,
    *,
    columns: Iterable[Column] = (),
    most_rounds: int = 2**30,
    threads: int | None = None,
    heard: Callable[[int], None] | None = None,
) -> Bounded:
    """The best bound that is found within these seconds.

    Args:
        touring: of the problem.
        known: plans whose tours the master begins with; better ones make it quicker.
        seconds: on the clock.
        stopped: asked between rounds, and now and then in them.
        columns: more tours for the master to begin with.
        most_rounds: of master and pricing; with infinite ``seconds`` the bound depends on nothing else.
        threads: that compute at the same time; as many as there are cores where it is not said.
        heard: told every better bound.
    """
    began = time.monotonic()
    crowd = Crowd(cores() if threads is None else threads)

    def over() -> bool:
        return time.monotonic() - began >= seconds or (stopped is not None and stopped())

    try:
        bounding = _Bounding(touring, list(known), columns, crowd, over)
        rounds, converged = 0, False
        while not converged and rounds < most_rounds and not (rounds and over()):
            rounds += 1
            before = bounding.best
            converged = bounding.round()
            if heard is not None and bounding.best > max(0, before):
                heard(bounding.best // UNITS)
    finally:
        crowd.close()
    worth = tuple(float(w) / UNITS for w in bounding.centre)
    days = tuple(float(gain) / UNITS for gain in bounding.day_gain)
    caps = tuple(float(price) / UNITS for price in bounding.cap_centre)
    seconds_taken = time.monotonic() - began
    return Bounded(max(0, bounding.best // UNITS), bounding.value, rounds, seconds_taken, worth, days, caps)


class _Bounding:
    """Rounds of master and pricing, and the best bound so far (sixtieths of a cent)."""

    def __init__(
        self,
        touring: Touring,
        known: list[Solution],
        columns: Iterable[Column],
        crowd: Crowd,
        over: Callable[[], bool],
    ) -> None:
        self.touring, self.over = touring, over
        raw = raw_of_everything(touring)
        self.pricer = _Pricer(touring, crowd)
        self.people = np.array(touring.people, dtype=np.int64)
        self.dearest = UNITS * raw.row["unplaced"] // np.maximum(1, self.people)
        self.limits = raw.cap["limit"].astype(np.int64)
        self.master = Master(touring)
        self.centre = self.dearest.copy()
        self.cap_centre = np.zeros(len(raw.cap), dtype=np.int64)
        self.best, self.value = NOTHING, float("inf")
        self.day_gain = np.zeros(len(touring.problem.days), dtype=np.int64)
        self.last: Duals | None = None
        self.harder = True
        self.days_of: dict[int, list[int]] = {}
        for number, spell in enumerate(touring.problem.days):
            self.days_of.setdefault(spell.person, []).append(number)
        for solution in known:
            for tour in solution.tours:
                self.master.add(tour.day, tour.visits)
                self._savings(tour.day, tour.visits, tour.cents)
        self.master.add_all(columns)

    def _savings(self, day: int, visits: tuple[int, ...], cents: int) -> None:
        """The first prices: what a tour would save without the visit."""
        for place, visit in enumerate(visits):
            rest = self.touring.tour(day, (*visits[:place], *visits[place + 1 :]))
            if rest is not None:
                self.master.add(day, rest.visits)
                saved = UNITS * max(0, cents - rest.cents)
                self.centre[visit] = min(saved, int(self.dearest[visit]))

    def round(self) -> bool:
        """Solve the master, try prices near its own, add tours; whether nothing more is to be gained."""
        duals = self.last = self.master.solve()
        self.value = duals.value
        worth = np.minimum(duals.worth, self.dearest)
        share = SMOOTHING if self.best > NOTHING else 0.0
        while True:
            tried = (share * self.centre + (1 - share) * worth).astype(np.int64)
            tried_cap = (share * self.cap_centre + (1 - share) * duals.cap_price).astype(np.int64)
            added = self._price(tried, tried_cap)
            if self._near_enough() or self.over():
                return self._near_enough()
            if 20 * added > len(self.pricer.gain):
                return False
            if added:
                return False
            if share <= 0.0 and not self.harder:
                return True
            share = 0.0 if share < 0.2 else share / 2

    def _near_enough(self) -> bool:
        return self.value * UNITS - self.best <= ENOUGH * self.value * UNITS

    def _price(self, worth: Ints, cap_price: Ints) -> int:
        """Price every day, note the bound, add the tours; how many were new."""
        if self.pricer.price(worth, cap_price, self.over):
            bound = int((self.people * worth).sum() - self.pricer.gain.sum() - (cap_price * self.limits).sum())
            if bound > self.best:
                self.best, self.centre, self.cap_centre = bound, worth, cap_price
                self.day_gain = self.pricer.gain.copy()
        found = list(self.pricer.found())
        added = self.master.add_all(found)
        self.harder = self.pricer.looks_harder(added)
        if self.last is not None:
            self.master.add_all(self._on_other_days(found, self.last))
        return added

    def _on_other_days(self, found: Iterable[Column], duals: Duals) -> Iterable[Column]:
        """The same tours on other days of the same people, where they gain by the master's own prices."""
        for day, visits in found:
            worth = int(duals.worth[list(visits)].sum())
            for other in self.days_of[self.touring.problem.days[day].person]:
                if other != day and self._gains(other, visits, worth, duals):
                    yield other, visits

    def _gains(self, day: int, visits: tuple[int, ...], worth: int, duals: Duals) -> bool:
        """Whether a tour can be kept on a day, and costs less than what its visits are worth."""
        if (day, visits) in self.master.known or worth <= duals.day_price[day]:
            return False
        tour = self.touring.tour(day, visits)
        if tour is None:
            return False
        price = UNITS * tour.cents + int(duals.day_price[day])
        price += sum(minutes * int(duals.cap_price[c]) for c, minutes in self.master.cap_minutes(tour))
        return price < worth


class _Pricer:
    """The model and the desks of pricing, one for each thread."""

    def __init__(self, touring: Touring, crowd: Crowd) -> None:
        raw = raw_of_everything(touring)
        slots, slot = np.unique(raw.ordinal, return_inverse=True)
        raw.day["slot"] = slot
        raw.row["span_end"] = raw.span_offsets[1:]
        first_day = np.full(len(slots), NEVER, dtype=np.int64)
        np.minimum.at(first_day, slot, raw.day["start"])
        self.model = Model(
            row=raw.row,
            day=raw.day,
            span=raw.span,
            first_span=first_spans(raw.span, raw.span_offsets, first_day),
            travel=without_shortcuts(raw.travel),
            blocked=raw.blocked,
            cap=raw.cap,
            day_cap=raw.day_cap,
            near=np.zeros((0, 0), dtype=np.int64),
        )
        self.pairs = Pairs(
            *pairs_of(self.model, raw.group, raw.placing, raw.ordinal, raw.delay, raw.previous, raw.change_cents)
        )
        days = len(raw.day)
        widest = int(np.diff(self.pairs.offsets).max()) if days else 0
        longest = int((raw.day["latest"] - raw.day["start"]).max()) if days else 0
        self.crowd = crowd
        self.desks: list[Desk] = [desk_for(widest, longest + 1, raw.most_visits) for _ in range(crowd.threads)]
        self.gain = np.zeros(days, dtype=np.int64)
        self.nodes = np.full(days, FIRST_NODES, dtype=np.int64)
        self.tours = np.zeros((days, raw.most_visits + 2), dtype=np.int64)

    def looks_harder(self, added: int) -> bool:
        """Look at more beginnings next time on days that had too many; whether there are such days.

        While many tours are new the prices are far from right, and not worth much looking.
        """
        days = len(self.nodes)
        most = next((nodes for share, nodes in PATIENCE if added > share * days), MOST_NODES)
        harder = (self.tours[:, -1] > 0) & (self.nodes < most)
        self.nodes[harder] *= 4
        np.minimum(self.nodes, most, out=self.nodes)
        return bool(harder.any())

    def price(self, worth: Ints, cap_price: Ints, over: Callable[[], bool]) -> bool:
        """Fill in ``gain`` and ``tours`` for every day; False where it was broken off."""
        days = np.arange(len(self.gain), dtype=np.int64)
        self.tours[:, (0, -1)] = 0
        blocks = [days[k : k + BLOCK_DAYS] for k in range(0, len(days), BLOCK_DAYS)]
        wide = len(self.desks)
        for number in range(0, len(blocks), wide):
            if number and over():
                return False
            self.crowd.each(
                [
                    self._block(block, desk, worth, cap_price)
                    for block, desk in zip(blocks[number : number + wide], self.desks, strict=False)
                ]
            )
        return True

    def _block(self, block: Ints, desk: Desk, worth: Ints, cap_price: Ints) -> Callable[[], None]:
        def work() -> None:
            price_days(self.model, self.pairs, desk, worth, cap_price, self.gain, self.tours, self.nodes, block)

        return work

    def found(self) -> Iterable[Column]:
        """The tours of the last pricing."""
        for day in np.flatnonzero(self.tours[:, 0]).tolist():
            yield day, tuple(self.tours[day, 1 : 1 + self.tours[day, 0]].tolist())
