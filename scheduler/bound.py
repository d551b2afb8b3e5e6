"""A bound for any size: no plan can have a smaller objective than this.

A linear relaxation, solved with GLOP: each visit may be cut into fractions over the days that can take it, a day holds
only so many minutes, and a visit costs at least its labour, its place in the calendar and the cheapest leg that leads
to it. Travel between visits, access hours inside a day, breaks and order are left out, so the bound is honest but not
tight. What is returned is computed from the dual prices by weak duality, in whole numbers rounded down: it holds
even where GLOP stops early or is a little wrong.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from ortools.linear_solver import pywraplp

from scheduler.problem import AT_HOME, money
from scheduler.tour import Touring
from scheduler.travel import LONGEST_MINUTES

MOST_PAIRS = 400_000
"""Above so many pairs of visit and day the days are not looked at one by one: the bound is then the sum over visits."""


@dataclass(frozen=True, slots=True)
class _Pairs:
    """The pairs of visit and day that are possible, and what each needs and costs at least."""

    visit: NDArray[np.int64]
    day: NDArray[np.int64]
    minutes: NDArray[np.int64]
    cents: NDArray[np.int64]


def lower_bound(touring: Touring, days_of: Mapping[int, Sequence[int]], seconds: float = 5.0) -> int:
    """A number of cents that no plan of the problem stays below.

    Args:
        touring: of the problem.
        days_of: for each visit the days that can take it at all.
        seconds: for GLOP; when they are over, the prices that it has got to are used.
    """
    pairs = _pairs(touring, days_of)
    prices = touring.arrays.visits.unplaced_cents
    simple = _dual_bound(touring, pairs, np.zeros(len(touring.problem.days)))
    if not len(pairs.visit) or len(pairs.visit) > MOST_PAIRS:
        return simple
    return max(simple, _dual_bound(touring, pairs, _day_prices(touring, pairs, prices, seconds)))


def day_prices(touring: Touring, days_of: Mapping[int, Sequence[int]], seconds: float = 5.0) -> NDArray[np.float64]:
    """What one more minute of each day is worth in cents by the relaxation; zeros where that is too large."""
    pairs = _pairs(touring, days_of)
    if not len(pairs.visit) or len(pairs.visit) > MOST_PAIRS:
        return np.zeros(len(touring.problem.days))
    return _day_prices(touring, pairs, touring.arrays.visits.unplaced_cents, seconds)


def _pairs(touring: Touring, days_of: Mapping[int, Sequence[int]]) -> _Pairs:
    rows = []
    nearest = _nearest(touring)
    for visit, days in days_of.items():
        for number in days:
            day = touring.problem.days[number]
            person = touring.problem.people[day.person]
            spot = touring.spot[visit]
            leg = 0 if spot == AT_HOME else min(nearest[spot], int(touring.travel[day.start_spot][spot]))
            cents = touring.placing[day.person][visit] + money(leg, person.travel_cents_per_hour)
            if touring.people[visit] == 1:
                cents += touring.visit_cents(visit, day.ordinal)
            rows.append((visit, number, touring.effort[visit] + leg, cents))
    table = np.array(rows, dtype=np.int64).reshape(-1, 4)
    return _Pairs(table[:, 0], table[:, 1], table[:, 2], table[:, 3])


def _nearest(touring: Touring) -> dict[int, int]:
    """For each spot the shortest leg that can lead to it from another visit; 0 where two visits share it."""
    visits_at = Counter(spot for spot in touring.spot if spot != AT_HOME)
    origins = np.array(sorted(visits_at), dtype=np.int64)
    nearest = {}
    for spot, count in visits_at.items():
        legs = touring.arrays.travel[origins[origins != spot], spot]
        nearest[spot] = 0 if count > 1 else int(legs.min(initial=LONGEST_MINUTES))
    return nearest


def _day_prices(touring: Touring, pairs: _Pairs, unplaced: NDArray[np.int64], seconds: float) -> NDArray[np.float64]:
    """What a minute of each day is worth, by GLOP's dual values."""
    solver = pywraplp.Solver.CreateSolver("GLOP")
    if solver is None:
        return np.zeros(len(touring.problem.days))
    solver.SetTimeLimit(int(max(0.05, seconds) * 1000))
    one = {v: solver.RowConstraint(-solver.infinity(), touring.people[v], "") for v in set(pairs.visit.tolist())}
    room = {d: solver.RowConstraint(-solver.infinity(), _room(touring, d), "") for d in set(pairs.day.tolist())}
    objective = solver.Objective()
    objective.SetMinimization()
    rows = zip(pairs.visit.tolist(), pairs.day.tolist(), pairs.minutes.tolist(), pairs.cents.tolist(), strict=True)
    for visit, day, minutes, cents in rows:
        share = solver.NumVar(0, 1, "")
        one[visit].SetCoefficient(share, 1)
        room[day].SetCoefficient(share, minutes)
        objective.SetCoefficient(share, cents - float(unplaced[visit]) / touring.people[visit])
    solver.Solve()
    prices = np.zeros(len(touring.problem.days))
    for day, constraint in room.items():
        prices[day] = max(0.0, -constraint.dual_value())
    return prices


def _dual_bound(touring: Touring, pairs: _Pairs, prices: NDArray[np.float64]) -> int:
    """Weak duality: with any prices for minutes, each visit by itself takes its cheapest days or is left out."""
    unplaced = touring.arrays.visits.unplaced_cents
    priced = pairs.cents + prices[pairs.day] * pairs.minutes
    least = np.full(len(unplaced), np.inf)
    if len(pairs.visit):
        np.minimum.at(least, pairs.visit, priced)
    people = np.array(touring.people, dtype=np.float64)
    best = np.minimum(unplaced.astype(np.float64), least * people)
    rooms = sum(float(prices[d]) * _room(touring, d) for d in np.flatnonzero(prices).tolist())
    return max(0, int(np.floor(float(best.sum()) - rooms - 1e-6)))


def _room(touring: Touring, number: int) -> int:
    """The most minutes that a day can hold."""
    day = touring.problem.days[number]
    blocked = sum(min(s.ends, day.latest_end) - max(s.starts, day.starts) for s in day.blocked)
    return day.latest_end - day.starts - max(0, blocked)
