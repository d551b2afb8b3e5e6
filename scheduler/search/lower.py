"""A proven lower bound by column generation over the tours of single days.

The master is a linear program (GLOP): every visit is on its number of tours or is left out, a day has one tour, caps
hold. Pricing finds the most gainful tour of every day for the master's dual prices. For any prices at all the sum of
what visits are worth, less what every day could gain at most, is a bound (Lagrange): it is computed in whole
sixtieths of a cent, holds before the master has converged, and does not depend on GLOP being exact.

What is relaxed: order between visits, that the people of a team come at the same time, the slack price of visits of
several people, and that tours cannot be cut into fractions.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from ortools.linear_solver import pywraplp

from scheduler.search.model import first_spans
from scheduler.search.part import raw_of_everything
from scheduler.search.pricing import UNITS, Pairs, desk_for, pairs_of, price_days, without_shortcuts
from scheduler.search.records import NEVER, Ints, Model
from scheduler.state import Solution
from scheduler.tour import Touring

SMOOTHING = 0.6
"""Share of the best prices so far in those that are tried next."""

ENOUGH = 2e-4
"""The master and the bound are as near as is worth while, as a share."""


FIRST_NODES = 250
MOST_NODES = 64_000
"""Beginnings of tours looked at for one day: few at first, more when few new tours are found."""


@dataclass(frozen=True, slots=True)
class Bounded:
    """What was proved, and how.

    Attributes:
        cents: no plan of the problem has a smaller objective.
        master_cents: the value of the last master: the bound that would be reached with all its tours.
        worth_cents: what a visit costs at the margin, by visit; the prices that gave the bound.
    """

    cents: int
    master_cents: float
    rounds: int
    seconds: float
    worth_cents: tuple[float, ...]


def prove(
    touring: Touring,
    known: Iterable[Solution],
    seconds: float,
    stopped: Callable[[], bool] | None = None,
) -> Bounded:
    """The best bound that is found within these seconds; the first one is finished in any case.

    Args:
        touring: of the problem.
        known: plans whose tours the master begins with; better ones make it quicker.
        seconds: on the clock.
        stopped: asked between rounds.
    """
    began = time.monotonic()
    bounding = _Bounding(touring, list(known))
    rounds = 0
    while True:
        rounds += 1
        converged = bounding.round()
        spent = time.monotonic() - began
        if converged or spent >= seconds or (stopped is not None and stopped()):
            break
    worth = tuple(float(w) / UNITS for w in bounding.centre)
    return Bounded(max(0, bounding.best // UNITS), bounding.value, rounds, spent, worth)


class _Master:
    """The linear program, grown tour by tour."""

    def __init__(self, touring: Touring) -> None:
        self.touring = touring
        self.solver = pywraplp.Solver.CreateSolver("GLOP")
        arrays = touring.arrays
        infinite = self.solver.infinity()
        self.visit = [self.solver.Constraint(float(count), infinite) for count in touring.people]
        self.day = [self.solver.Constraint(-infinite, 1.0) for _ in arrays.days.person]
        self.cap = [self.solver.Constraint(-infinite, float(minutes)) for minutes in arrays.cap_minutes]
        self.objective = self.solver.Objective()
        self.objective.SetMinimization()
        for number, price in enumerate(arrays.visits.unplaced_cents.tolist()):
            out = self.solver.NumVar(0.0, 1.0, "")
            self.objective.SetCoefficient(out, float(price))
            self.visit[number].SetCoefficient(out, float(touring.people[number]))
        self.known: set[tuple[int, tuple[int, ...]]] = set()

    def add(self, day: int, visits: tuple[int, ...]) -> bool:
        """Add a tour, if it is a new one and can be kept."""
        if (day, visits) in self.known:
            return False
        self.known.add((day, visits))
        tour = self.touring.tour(day, visits)
        if tour is None:
            return False
        arrays = self.touring.arrays
        column = self.solver.NumVar(0.0, self.solver.infinity(), "")
        self.objective.SetCoefficient(column, float(tour.cents))
        for visit in visits:
            self.visit[visit].SetCoefficient(column, 1.0)
        self.day[day].SetCoefficient(column, 1.0)
        for c in arrays.days.cap[arrays.days.cap_offsets[day] : arrays.days.cap_offsets[day + 1]]:
            minutes = tour.effort_minutes + (tour.travel_minutes if arrays.cap_counts_travel[c] else 0)
            self.cap[c].SetCoefficient(column, float(minutes))
        return True

    def solve(self) -> tuple[float, Ints, Ints]:
        """Value, worth of every visit and price of every cap's minute, in sixtieths of a cent."""
        self.solver.Solve()
        worth = np.array([row.dual_value() for row in self.visit])
        price = np.array([-row.dual_value() for row in self.cap])
        return (
            self.objective.Value(),
            np.maximum(0, np.floor(worth * UNITS)).astype(np.int64),
            np.maximum(0, np.round(price * UNITS)).astype(np.int64),
        )


class _Bounding:
    """Rounds of master and pricing, and the best bound so far (sixtieths of a cent)."""

    def __init__(self, touring: Touring, known: list[Solution]) -> None:
        self.touring = touring
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
        self.desk = desk_for(widest, longest + 1, raw.most_visits)
        self.gain = np.zeros(days, dtype=np.int64)
        self.most_nodes = FIRST_NODES
        self.tours = np.zeros((days, raw.most_visits + 2), dtype=np.int64)
        self.people = np.array(touring.people, dtype=np.int64)
        self.dearest = UNITS * raw.row["unplaced"] // np.maximum(1, self.people)
        self.limits = raw.cap["limit"].astype(np.int64)
        self.master = _Master(touring)
        self.centre = self.dearest.copy()
        self.cap_centre = np.zeros(len(raw.cap), dtype=np.int64)
        self.best, self.value = 0, float("inf")
        for solution in known:
            for tour in solution.tours:
                self.master.add(tour.day, tour.visits)
                self._savings(tour.day, tour.visits, tour.cents)

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
        self.value, worth, cap_price = self.master.solve()
        worth = np.minimum(worth, self.dearest)
        share = SMOOTHING
        while True:
            tried = (share * self.centre + (1 - share) * worth).astype(np.int64)
            tried_cap = (share * self.cap_centre + (1 - share) * cap_price).astype(np.int64)
            added = self._price(tried, tried_cap)
            if self._near_enough():
                return True
            if 20 * added > len(self.gain):
                return False
            if self.most_nodes < MOST_NODES:
                self.most_nodes *= 4
            elif added:
                return False
            elif share <= 0.0:
                return True
            if added:
                return False
            share = 0.0 if share < 0.2 else share / 2

    def _near_enough(self) -> bool:
        return self.value * UNITS - self.best <= ENOUGH * self.value * UNITS

    def _price(self, worth: Ints, cap_price: Ints) -> int:
        """Price every day, note the bound, add the tours; how many were new."""
        price_days(self.model, self.pairs, self.desk, worth, cap_price, self.gain, self.tours, self.most_nodes)
        bound = int((self.people * worth).sum() - self.gain.sum() - (cap_price * self.limits).sum())
        if bound > self.best:
            self.best, self.centre, self.cap_centre = bound, worth, cap_price
        added = 0
        for day in np.flatnonzero(self.tours[:, 0]).tolist():
            added += self.master.add(day, tuple(self.tours[day, 1 : 1 + self.tours[day, 0]].tolist()))
        return added
