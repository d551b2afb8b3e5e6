"""The linear program over tours of single days: every visit on its number of tours or left out, one tour a day, caps.

Its dual values are what a visit is worth and what a cap's minute costs; its primal values say which tours go together.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from ortools.linear_solver import pywraplp

from scheduler.search.columns import Column
from scheduler.search.pricing import UNITS
from scheduler.search.records import Ints
from scheduler.tour import Tour, Touring

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Duals:
    """The value of the program in cents, and its dual values in sixtieths of a cent."""

    value: float
    worth: Ints
    day_price: Ints
    cap_price: Ints


@dataclass(frozen=True, slots=True)
class Choice:
    """A tour of the program: its day, its visits, what it costs, and the minutes that it counts for each cap."""

    day: int
    visits: tuple[int, ...]
    cents: int
    caps: tuple[tuple[int, int], ...]


class Master:
    """The program, grown tour by tour."""

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
        self.known: dict[Column, pywraplp.Variable | None] = {}

    def add(self, day: int, visits: tuple[int, ...]) -> bool:
        """Add a tour, if it is a new one and can be kept."""
        if (day, visits) in self.known:
            return False
        self.known[day, visits] = None
        tour = self.touring.tour(day, visits)
        if tour is not None:
            self._add(tour)
        return tour is not None

    def add_all(self, columns: Iterable[Column]) -> int:
        """Add tours; how many were new."""
        return sum(self.add(day, visits) for day, visits in columns)

    def _add(self, tour: Tour) -> None:
        day = tour.day
        column = self.solver.NumVar(0.0, self.solver.infinity(), "")
        self.known[day, tour.visits] = column
        self.objective.SetCoefficient(column, float(tour.cents))
        for visit in tour.visits:
            self.visit[visit].SetCoefficient(column, 1.0)
        self.day[day].SetCoefficient(column, 1.0)
        for c, minutes in self.cap_minutes(tour):
            self.cap[c].SetCoefficient(column, float(minutes))

    def cap_minutes(self, tour: Tour) -> list[tuple[int, int]]:
        """The caps that a tour counts for, and how much."""
        arrays = self.touring.arrays
        first, last = arrays.days.cap_offsets[tour.day], arrays.days.cap_offsets[tour.day + 1]
        return [
            (int(c), tour.effort_minutes + (tour.travel_minutes if arrays.cap_counts_travel[c] else 0))
            for c in arrays.days.cap[first:last]
        ]

    def solve(self) -> Duals:
        """Solve it from where the last solution was."""
        self.solver.Solve()
        return Duals(
            self.objective.Value(),
            np.maximum(0, np.floor(_duals(self.visit) * UNITS)).astype(np.int64),
            np.maximum(0, np.round(-_duals(self.day) * UNITS)).astype(np.int64),
            np.maximum(0, np.round(-_duals(self.cap) * UNITS)).astype(np.int64),
        )

    def shares(self) -> dict[Column, float]:
        """How much of each tour the last solution takes, of those that it takes."""
        taken = {column: v.solution_value() for column, v in self.known.items() if v is not None}
        return {column: share for column, share in taken.items() if share > 1e-6}

    def choices(self, most_cents: float, most: int) -> list[Choice]:
        """The tours that could be in a plan ``most_cents`` dearer than the program's value, the cheapest first.

        Args:
            most_cents: what a tour may cost at most above what its visits are worth by the last solution.
            most: how many.
        """
        found = [
            (v.reduced_cost(), number, column)
            for number, (column, v) in enumerate(self.known.items())
            if v is not None and v.reduced_cost() <= most_cents
        ]
        return [self._choice(column) for *_, column in sorted(found)[:most]]

    def _choice(self, column: Column) -> Choice:
        day, visits = column
        variable = self.known[column]
        first, last = self.touring.arrays.days.cap_offsets[day], self.touring.arrays.days.cap_offsets[day + 1]
        caps = [int(c) for c in self.touring.arrays.days.cap[first:last]]
        minutes = tuple((c, round(self.cap[c].GetCoefficient(variable))) for c in caps)
        return Choice(day, visits, round(self.objective.GetCoefficient(variable)), minutes)

    def hold(self, column: Column) -> None:
        """Take a tour for certain, until ``let_go``."""
        variable = self.known[column]
        if variable is not None:
            variable.SetLb(1.0)

    def bar(self, column: Column) -> None:
        """Do without a tour, until ``let_go``."""
        variable = self.known[column]
        if variable is not None:
            variable.SetUb(0.0)

    def let_go(self) -> None:
        """Take back every ``hold`` and ``bar``."""
        for variable in self.known.values():
            if variable is not None:
                variable.SetBounds(0.0, self.solver.infinity())


def _duals(rows: list[pywraplp.Constraint]) -> Floats:
    return np.array([row.dual_value() for row in rows], dtype=np.float64)
