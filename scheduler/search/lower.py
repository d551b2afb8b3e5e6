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
from threading import Lock
from typing import Self

import numpy as np
from numpy.typing import NDArray

from scheduler.arrays import NOBODY
from scheduler.search.ascent import Ascent
from scheduler.search.columns import Column
from scheduler.search.desk import Desk, desk_for
from scheduler.search.detours import MOST_SPOTS, charges, without_shortcuts
from scheduler.search.first_prices import first_prices
from scheduler.search.master import Duals, Master
from scheduler.search.model import Raw, bare_model
from scheduler.search.other_days import OtherDays
from scheduler.search.part import raw_of_everything
from scheduler.search.pricing import UNITS, pairs_of, price_days
from scheduler.search.records import Ints, Pairs
from scheduler.search.tracks import Crowd, cores
from scheduler.state import Solution
from scheduler.tour import Touring
from scheduler.travel import SpeedTravel

SMOOTHING = 0.3
"""Share of the best prices so far in those that are tried next."""

ENOUGH = 2e-4
"""The master and the bound are as near as is worth while, as a share."""

FIRST_WIDTH = 0.1
"""How far from the best prices, as a share of them, the master's may lie at first."""

CLOSE = 6000
"""So far they may lie in any case (sixtieths of a cent)."""

LITTLE, MOST_IDLE = 1e-4, 6
"""Steps of the ascent in a row whose bound is hardly better, as a share, after which the linear program takes over."""

NEARLY, MOST_FILLED = 0.1, 12
"""Tours that the program begins with then: by how much they may miss being worth it, as a share of the middle price of
a visit, and how many of a day."""

FIRST_NODES = 4000
MOST_NODES = 64_000
"""Beginnings of tours looked at for one day: more where they did not do. With 250 at first a pricing takes nine tenths
of the time, and the bound of 2,000 visits is 1.2 % lower at prices of the fifth round."""

PATIENCE = ((0.1, 4000), (0.01, 16_000))
"""The most beginnings while so large a share of the days has a new tour."""

BLOCK_DAYS = 8
"""Days that are priced before the clock is looked at again."""


NOTHING = -(2**62)
"""A bound that is none."""


def never() -> bool:
    """Whether it is over: no."""
    return False


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

    @classmethod
    def at(cls, best: int, master_cents: float, rounds: int, seconds: float, prices: tuple[Ints, Ints, Ints]) -> Self:
        """From sixtieths of a cent: the bound, and the prices of visits, days and caps that gave it."""
        cents = (tuple(float(price) / UNITS for price in some) for some in prices)
        return cls(max(0, best // UNITS), master_cents, rounds, seconds, *cents)


def lagrangian(people: Ints, limits: Ints, worth: Ints, cap_price: Ints, gain: Ints) -> int:
    """What prices prove where days gain no more than that, in sixtieths of a cent.

    Args:
        people: that each visit takes.
        limits: of caps, in minutes.
        worth: of each visit, for each of its people.
        cap_price: of a minute of each cap.
        gain: of the best tour of each day at these prices, or more.
    """
    return int((people * worth).sum() - gain.sum() - (cap_price * limits).sum())


def can_be_bounded(touring: Touring) -> bool:
    """Whether shortcuts can be taken out of the travel: of the speed model always, of a table where it is not large."""
    problem = touring.problem
    return len(problem.spots) <= MOST_SPOTS or isinstance(problem.travel, SpeedTravel)


def speed_of(touring: Touring) -> SpeedTravel | None:
    """The speed model, where all travel is by it and every place is known."""
    travel = touring.problem.travel
    return travel if isinstance(travel, SpeedTravel) and unknown_spot(touring) < 0 else None


def closed_travel(touring: Touring, raw: Raw) -> NDArray[np.int16]:
    """Travel without shortcuts between the spots of a model of everything."""
    unknown = np.array([spot.place is None for spot in touring.problem.spots], dtype=np.bool_)
    visits, days = touring.arrays.visits, touring.arrays.days
    over = np.concatenate(
        (
            raw.row["spot"][(visits.spot != NOBODY) & unknown[visits.spot]],
            raw.day["start_spot"][unknown[days.start_spot]],
            raw.day["end_spot"][unknown[days.end_spot]],
        )
    )
    limit = MOST_SPOTS if speed_of(touring) is None else 0
    return without_shortcuts(raw.travel, limit, int(over[0]) if len(over) else -1)


def unknown_spot(touring: Touring) -> int:
    """A spot whose place is not known, -1 where all are: over it the speed model has shortcuts."""
    return next((n for n, spot in enumerate(touring.problem.spots) if spot.place is None), -1)


def dearest_of(touring: Touring) -> Ints:
    """What a visit can be worth at most for each of its people, in sixtieths of a cent: then it is left out."""
    people = np.array(touring.people, dtype=np.int64)
    return np.asarray(UNITS * touring.arrays.visits.unplaced_cents // np.maximum(1, people), dtype=np.int64)


class Bounding:
    """Rounds of master and pricing, and the best bound so far (sixtieths of a cent).

    Attributes:
        master: the linear program, which others may add tours to between rounds.
        converged: whether nothing more is to be gained.
        rounds: so far.
        seconds: that they took.
        climbing: whether the ascent still goes on, and the linear program has not been begun with.
        idle: steps of the ascent in a row whose bound was hardly better.
    """

    def __init__(
        self, touring: Touring, known: list[Solution], columns: Iterable[Column] = (), threads: int | None = None
    ) -> None:
        self.touring, self.over = touring, never
        self.crowd = Crowd(cores() if threads is None else threads)
        raw = raw_of_everything(touring)
        self.pricer = Pricer(raw, self.crowd, closed_travel(touring, raw), speed_of(touring))
        self.people = np.array(touring.people, dtype=np.int64)
        self.dearest = dearest_of(touring)
        self.limits = raw.cap["limit"].astype(np.int64)
        self.master = Master(touring)
        self.centre = np.minimum(first_prices(touring, known[-1]), self.dearest) if known else self.dearest.copy()
        self.cap_centre = np.zeros(len(raw.cap), dtype=np.int64)
        self.best, self.value = NOTHING, float(known[-1].objective if known else "inf")
        self.ascent = Ascent(self.master.shelf, self.people, self.dearest, self.limits)
        self.climbing, self.idle = True, 0
        self.day_gain = np.zeros(len(touring.problem.days), dtype=np.int64)
        self.last: Duals | None = None
        self.harder, self.free, self.width = True, bool(known), FIRST_WIDTH
        self.everyone = np.arange(len(touring.problem.days), dtype=np.int64)
        self.converged, self.rounds, self.seconds = False, 0, 0.0
        self.others = OtherDays(touring)
        for solution in known:
            for tour in solution.tours:
                self.master.bring_in([(tour.day, tour.visits)])
                self.master.add_all((tour.day, tour.visits[:k] + tour.visits[k + 1 :]) for k in range(len(tour.visits)))
        self.master.add_all(columns)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.crowd.close()

    def go_on(
        self, over: Callable[[], bool], most_rounds: int = 2**30, heard: Callable[[int], None] | None = None
    ) -> None:
        """Rounds until it is over, which is asked between them and now and then in them; at least the very first."""
        began, until = time.monotonic(), self.rounds + most_rounds
        self.over = over
        while not self.converged and self.rounds < until and not (self.rounds and over()):
            self.rounds += 1
            before = self.best
            self.converged = self._round()
            if heard is not None and self.best > max(0, before):
                heard(self.best // UNITS)
        self.over = never
        self.seconds += time.monotonic() - began

    def bounded(self) -> Bounded:
        """What has been proved so far."""
        prices = (self.centre, self.day_gain, self.cap_centre)
        return Bounded.at(self.best, self.value, self.rounds, self.seconds, prices)

    def _round(self) -> bool:
        """One step of the ascent, and later of the linear program; whether nothing more is to be gained."""
        if self.climbing:
            self._climb()
            return self._near_enough()
        return self._converge()

    def _climb(self) -> None:
        """Price the first prices, then those that the known tours like best, until that brings nothing any more."""
        before = self.best
        if before == NOTHING or not len(self.master.shelf):
            self.climbing = self._price(self.centre, self.cap_centre) > 0 or len(self.master.shelf) > 0
            return
        found = self.ascent.prices(self.centre, self.cap_centre)
        self.last = Duals(self.value, found.worth, found.day_price, found.cap_price)
        added = self._price(found.worth, found.cap_price)
        if not self.over():
            self.ascent.note(better=self.best > before)
            self.idle = 0 if self.best - before > LITTLE * before else self.idle + 1
            self.climbing = self.idle < MOST_IDLE and added > 0
            if not self.climbing:
                self.fill_program()

    def fill_program(self) -> None:
        """Have the tours in the linear program that are worth it, or nearly so, at the best prices so far."""
        shelf = self.master.shelf
        day_price = shelf.gains(self.centre, self.cap_centre)
        least = -int(NEARLY * float(np.median(self.centre)))
        chosen = shelf.best_outside(self.centre, np.maximum(0, day_price), self.cap_centre, MOST_FILLED, least)
        self.master.bring_in([shelf.column(number) for number in chosen])

    def _converge(self) -> bool:
        """Solve the master, try prices near its own, add tours; whether nothing more is to be gained."""
        duals = self.last = self._duals()
        share = SMOOTHING if self.best > NOTHING else 1.0
        while True:
            tried, tried_cap = self._between(self.centre, self.cap_centre, duals, share)
            before = self.best
            added = self._price(tried, tried_cap)
            self.width = min(1.0, self.width * (1.2 if self.best > before else 0.7))
            if self._near_enough() or self.over() or 50 * added > len(self.everyone):
                return self._near_enough()
            if added or (share <= 0.0 and self.best > before):
                return False
            if share <= 0.0 and not self.harder:
                return True
            share = 0.0 if share < 0.2 else share / 2

    def _duals(self) -> Duals:
        """The master's prices, kept near the best ones; only where that holds none of them is its value one."""
        if self.best <= NOTHING:
            duals = self.master.solve()
            self.value = duals.value
            return duals
        reach = (self.width * self.centre).astype(np.int64) + CLOSE
        low, high = np.maximum(0, self.centre - reach), np.minimum(self.dearest, self.centre + reach)
        self.master.keep_within(low, high)
        duals = self.master.solve()
        held = (duals.worth <= low + 1) & (low > 0) | (duals.worth >= high - 1) & (high < self.dearest)
        self.free = not held.any()
        if self.free:
            self.value = duals.value
        return duals

    def _between(self, worth: Ints, cap_price: Ints, duals: Duals, share: float) -> tuple[Ints, Ints]:
        """Prices between some that are known and the master's own; ``share`` of the former."""
        own = np.minimum(duals.worth, self.dearest)
        tried = (share * worth + (1 - share) * own).astype(np.int64)
        return tried, (share * cap_price + (1 - share) * duals.cap_price).astype(np.int64)

    def _near_enough(self) -> bool:
        return self.free and self.value * UNITS - self.best <= ENOUGH * self.value * UNITS

    def _price(self, worth: Ints, cap_price: Ints) -> int:
        """Price every day, note the bound, add the tours; how many were new."""
        known = self.master.shelf.gains(worth, cap_price)
        whole = self.pricer.price(worth, cap_price, self.over, self.everyone, known)
        if whole:
            bound = lagrangian(self.people, self.limits, worth, cap_price, self.pricer.gain)
            if bound > self.best:
                self.best, self.centre, self.cap_centre = bound, worth, cap_price
                self.day_gain = self.pricer.gain.copy()
        found = list(self.pricer.found())
        added = sum(self.master.add(day, visits) for day, visits in found)
        self.harder = self.pricer.looks_harder(added)
        if self.last is not None:
            self.master.add_all(self._on_other_days(found, self.last))
        return added

    def _on_other_days(self, found: Iterable[Column], duals: Duals) -> Iterable[Column]:
        """The same tours on other days of the same people, where they gain by the master's own prices."""
        for column in found:
            number = self.master.known[column]
            if number >= 0:
                yield from self.others.of(column, self.master.shelf.cents(number), duals.worth, duals.day_price)


class Pricer:
    """The model and the desks of pricing, one for each thread.

    Attributes:
        gain: by day, what the best tour gains at the prices that were tried last (sixtieths of a cent).
    """

    def __init__(self, raw: Raw, crowd: Crowd, travel: NDArray[np.int16], speed: SpeedTravel | None = None) -> None:
        self.model = bare_model(raw, travel)
        self.pairs = Pairs(
            *pairs_of(self.model, raw.group, raw.placing, raw.ordinal, raw.delay, raw.previous, raw.change_cents),
            *charges(travel, raw.row["spot"], speed),
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

    def price(
        self,
        worth: Ints,
        cap_price: Ints,
        over: Callable[[], bool],
        days: Ints,
        known: Ints | None = None,
    ) -> bool:
        """Fill in ``gain`` and ``tours`` for these days; False where it was broken off."""
        self.tours[:, (0, -1)] = 0
        known = np.zeros(len(self.gain), dtype=np.int64) if known is None else known
        queue = DayQueue([days[k : k + BLOCK_DAYS] for k in range(0, len(days), BLOCK_DAYS)], over)
        self.crowd.each([self._worker(queue, desk, worth, cap_price, known) for desk in self.desks])
        return not queue.broken

    def _worker(self, queue: "DayQueue", desk: Desk, worth: Ints, cap_price: Ints, known: Ints) -> Callable[[], None]:
        """Block after block on one desk: days take very different times."""

        def work() -> None:
            block = queue.taken(first=True)
            while block is not None:
                price_days(
                    self.model,
                    self.pairs,
                    desk,
                    worth,
                    cap_price,
                    known,
                    self.gain,
                    self.tours,
                    self.nodes,
                    block,
                )
                block = queue.taken()

        return work

    def found(self) -> Iterable[Column]:
        """The tours of the last pricing."""
        for day in np.flatnonzero(self.tours[:, 0]).tolist():
            yield day, tuple(self.tours[day, 1 : 1 + self.tours[day, 0]].tolist())


class DayQueue:
    """Blocks of days, from which threads take one after the other until it is over.

    Attributes:
        broken: whether it was over before all were taken.
    """

    def __init__(self, blocks: list[Ints], over: Callable[[], bool]) -> None:
        self.blocks, self.over, self.broken = blocks[::-1], over, False
        self.lock = Lock()

    def taken(self, *, first: bool = False) -> Ints | None:
        """The next block, None where there is none any more; before the ``first`` nobody asks whether it is over."""
        with self.lock:
            if self.blocks and not first and not self.broken:
                self.broken = self.over()
            return self.blocks.pop() if self.blocks and not self.broken else None
