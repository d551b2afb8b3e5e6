"""A proven bound for thousands of visits: prices from pieces, and every day priced for all visits, block by block.

The bound's linear program over everything would take gigabytes. But any prices of visits and caps prove a bound, if
every single day is priced for every visit. So the prices come from the linear programs of pieces, each some hundred
visits with the days around them, and are then corrected by what the days of all pieces would do at them: a visit that
several days want is worth less, one that none wants is worth more (a subgradient step).
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

import numpy as np

from scheduler.arrays import NO_LIMIT, NOBODY, Bools
from scheduler.search.detours import without_shortcuts
from scheduler.search.first_prices import alone, first_prices
from scheduler.search.lower import NOTHING, Bounded, Bounding, Pricer, speed_of, unknown_spot
from scheduler.search.part import raw_of_some
from scheduler.search.pieces import pieces_of
from scheduler.search.pricing import UNITS
from scheduler.search.records import Ints
from scheduler.search.regions import parts_of
from scheduler.search.tracks import Crowd, cores
from scheduler.state import State
from scheduler.tour import Touring

PIECE_VISITS = 500
BLOCK_VISITS = 200

PIECES_SHARE = 0.6
"""Of the seconds, for the linear programs of the pieces."""

NODES = 4000
"""Labels for one day; where there are more, its gain is a little too high."""

STEP = 0.5
"""Share of a whole subgradient step."""

MOST_ROUNDINGS = 64
"""Legs of a tour, each of which may be rounded by a cent."""

SAME_PLACE_MINUTES = 4
"""By which a way there and back may be shorter over spots in the same building."""

Over = Callable[[], bool]


@dataclass
class Prices:
    """What visits and minutes of caps are worth, in sixtieths of a cent."""

    worth: Ints
    cap: Ints


def prices_by_pieces(touring: Touring, state: State, seconds: float, over: Over, threads: int | None) -> Prices:
    """The prices that bound the pieces of a plan best, found within so many seconds."""
    pieces = pieces_of(touring, state, PIECE_VISITS, Random(0))  # noqa: S311 - a search, not a secret
    found = Prices(first_prices(touring, state.solution()), np.zeros(len(touring.problem.caps), dtype=np.int64))
    times = np.zeros(len(found.cap), dtype=np.int64)
    ends = time.monotonic() + seconds
    for number, piece in enumerate(pieces):
        until = time.monotonic() + (ends - time.monotonic()) / (len(pieces) - number)
        with Bounding(piece.touring, [piece.state.solution()], (), threads) as bounding:
            bounding.go_on(lambda until=until: time.monotonic() >= until or over())  # type: ignore[misc]
            found.worth[list(piece.visits)] = bounding.centre
            found.cap[list(piece.caps)] += bounding.cap_centre
            times[list(piece.caps)] += 1
        if over():
            break
    found.cap //= np.maximum(1, times)
    return Prices(np.minimum(found.worth, alone(touring, state.solution())), found.cap)


def prove_wide(
    touring: Touring,
    state: State,
    seconds: float,
    over: Over,
    threads: int | None = None,
    heard: Callable[[int], None] | None = None,
) -> Bounded:
    """The best bound that is found within these seconds, and a little more: all days are priced once in any case."""
    began = time.monotonic()
    prices = prices_by_pieces(touring, state, PIECES_SHARE * seconds, over, threads)
    crowd = Crowd(cores() if threads is None else threads)
    best, kept, gains, rounds = NOTHING, prices, np.zeros(0, dtype=np.int64), 0
    try:
        blocks = Blocks(touring, state, crowd)
        while not rounds or not (over() or time.monotonic() - began >= seconds):
            rounds += 1
            if not blocks.price(prices, over if rounds > 1 else lambda: False):
                break
            bound = blocks.bound(prices)
            if bound > best:
                best, kept, gains = bound, prices, blocks.gain.copy()
                if heard is not None:
                    heard(max(0, best // UNITS))
            prices = blocks.corrected(kept if bound < best else prices, UNITS * state.objective() - bound)
    finally:
        crowd.close()
    return Bounded(
        max(0, best // UNITS),
        float(state.objective()),
        rounds,
        time.monotonic() - began,
        tuple(float(w) / UNITS for w in kept.worth),
        tuple(float(gain) / UNITS for gain in gains),
        tuple(float(price) / UNITS for price in kept.cap),
    )


class Blocks:
    """Every day priced for all visits, those of some people who live near each other at a time.

    Attributes:
        gain: of each day.
        wanted: how many days would take each visit.
    """

    def __init__(self, touring: Touring, state: State, crowd: Crowd) -> None:
        self.touring, self.crowd = touring, crowd
        self.unknown = unknown_spot(touring)
        parts = parts_of(touring, state, BLOCK_VISITS, Random(1))  # noqa: S311 - a search, not a secret
        in_parts = {day for _, days in parts for day in days}
        rest = [day for day in range(len(touring.problem.days)) if day not in in_parts]
        self.blocks = [days for _, days in parts] + ([rest] if rest else [])
        self.people = np.array(touring.people, dtype=np.int64)
        self.limits = np.array([cap.minutes for cap in touring.problem.caps], dtype=np.int64)
        self.gain = np.zeros(len(touring.problem.days), dtype=np.int64)
        self.wanted = np.zeros(len(touring.problem.demands), dtype=np.int64)
        self.used = np.zeros(len(touring.problem.caps), dtype=np.int64)

    def bound(self, prices: Prices) -> int:
        """What the last pricing proves, in sixtieths of a cent."""
        return int((self.people * prices.worth).sum() - self.gain.sum() - (prices.cap * self.limits).sum())

    def price(self, prices: Prices, over: Over) -> bool:
        """Price every day; False where it was broken off."""
        self.wanted[:], self.used[:] = 0, 0
        for days in self.blocks:
            visits = self._hopeful(days, prices)
            if over():
                return False
            self._block(days, visits, prices)
        return True

    def _block(self, days: list[int], visits: Ints, prices: Prices) -> None:
        self.gain[days] = 0
        if not len(visits):
            return
        raw = raw_of_some(self.touring, visits.tolist(), days)
        travel = without_shortcuts(raw.travel, 0, self._unknown(visits, days))
        pricer = Pricer(raw, self.crowd, travel, speed_of(self.touring))
        pricer.nodes[:] = NODES
        pricer.price(prices.worth[visits], prices.cap, lambda: False, np.arange(len(days), dtype=np.int64))
        self.gain[days] = pricer.gain
        for number, rows in pricer.found():
            tour = self.touring.tour(days[number], tuple(int(visits[r]) for r in rows))
            self.wanted[visits[list(rows)]] += 1
            if tour is not None:
                for c, with_travel in self._caps(days[number]):
                    self.used[c] += tour.effort_minutes + (tour.travel_minutes if with_travel else 0)

    def _caps(self, day: int) -> Iterator[tuple[int, bool]]:
        arrays = self.touring.arrays
        for c in arrays.days.cap[arrays.days.cap_offsets[day] : arrays.days.cap_offsets[day + 1]]:
            yield int(c), bool(arrays.cap_counts_travel[c])

    def _unknown(self, visits: Ints, days: list[int]) -> int:
        """Which of a block's spots has no known place, -1 for none."""
        arrays = self.touring.arrays
        ends = (arrays.days.start_spot[days], arrays.days.end_spot[days])
        used = np.unique(np.concatenate((arrays.visits.spot[visits], *ends)))
        spots = self.touring.problem.spots
        return next((n for n, s in enumerate(used[used != NOBODY].tolist()) if spots[s].place is None), -1)

    def _hopeful(self, days: list[int], prices: Prices) -> Ints:
        """The visits that could be part of a gainful tour of one of these days."""
        of_day = self.touring.arrays.days
        hopeful = np.zeros(len(prices.worth), dtype=np.bool_)
        kinds = {(int(of_day.person[d]), int(of_day.start_spot[d]), int(of_day.end_spot[d])) for d in days}
        for person, start, end in kinds:
            theirs = [
                d for d in days if (of_day.person[d], of_day.start_spot[d], of_day.end_spot[d]) == (person, start, end)
            ]
            length = int((of_day.latest_end[theirs] - of_day.starts[theirs]).max())
            limited = bool((of_day.max_leg[theirs] < NO_LIMIT).any())
            rate = int(of_day.travel_cents_per_hour[theirs[0]])
            hopeful |= self._hopeful_for(person, (start, end), length, rate, prices, limited=limited)
        return np.flatnonzero(hopeful)

    def _hopeful_for(
        self, person: int, ends: tuple[int, int], length: int, rate: int, prices: Prices, *, limited: bool
    ) -> Bools:
        """The same for somebody: with the rest of the day filled by what pays best by the minute, without any way."""
        visits, travel = self.touring.arrays.visits, self.touring.arrays.travel
        spot = np.where(visits.spot == NOBODY, ends[0], visits.spot)
        there, back = travel[ends[0], spot].astype(np.int64), travel[spot, ends[1]].astype(np.int64)
        if self.unknown >= 0:
            there = np.minimum(there, int(travel[ends[0], self.unknown]) + travel[self.unknown, spot])
            back = np.minimum(back, int(travel[self.unknown, ends[1]]) + travel[spot, self.unknown])
        way = np.maximum(0, there + back - SAME_PLACE_MINUTES)
        way[visits.spot == NOBODY] = 0
        profit = prices.worth - UNITS * visits.placing_cents[person].astype(np.int64)
        able = visits.allowed[person] & (way + visits.effort <= length)
        dear = np.flatnonzero(able & (profit > 0))
        order = dear[np.argsort(-profit[dear] / visits.effort[dear], kind="stable")]
        minutes = np.concatenate(([0], np.cumsum(visits.effort[order])))
        gained = np.concatenate(([0], np.cumsum(profit[order])))
        filled = np.interp(np.maximum(0, length - way - visits.effort), minutes, gained)
        hopeful = able & (profit + filled - way * rate > -UNITS * MOST_ROUNDINGS)
        return np.asarray(hopeful if limited else hopeful & (profit > -UNITS), dtype=np.bool_)

    def corrected(self, prices: Prices, distance: int) -> Prices:
        """Prices a step further: dearer where too few days want a visit, cheaper where too many do."""
        lacking = self.people - self.wanted
        lacking[(lacking > 0) & (prices.worth >= self._dearest())] = 0
        short = self.used - self.limits
        short[(short < 0) & (prices.cap <= 0)] = 0
        length = max(1.0, float((lacking**2).sum()) + float((short.astype(np.float64) ** 2).sum()) / 3600)
        step = STEP * distance / length
        worth = np.clip(prices.worth + np.round(step * lacking).astype(np.int64), 0, self._dearest())
        cap = np.maximum(0, prices.cap + np.round(step / 3600 * short).astype(np.int64))
        return Prices(worth, cap)

    def _dearest(self) -> Ints:
        return UNITS * self.touring.arrays.visits.unplaced_cents // np.maximum(1, self.people)
