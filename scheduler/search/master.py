"""The linear program over tours of single days: every visit on its number of tours or left out, one tour a day, caps.

Its dual values are what a visit is worth and what a cap's minute costs; its primal values say which tours go together.
Of the tours that are known only those are in the program that have been worth it at some prices: so it stays small, and
GLOP goes on from where its last solution was.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from ortools.linear_solver import pywraplp

from scheduler.search.columns import Column
from scheduler.search.pricing import UNITS
from scheduler.search.records import Ints
from scheduler.search.shelf import Shelf, caps_of
from scheduler.tour import Touring

Floats = NDArray[np.float64]

PRIMAL = "use_preprocessing: false use_scaling: false"
"""GLOP goes on from its last basis only where nothing changes the program on its way in."""

DUAL = f"{PRIMAL} use_dual_simplex: true"
"""For bounds that have changed; the last basis is of use to it then."""

MOST_ENTERING = 2
"""Tours of one day that come into the program at a time."""

PASSES = 3
"""Programs solved for one answer, each with more of the tours that are known."""


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
    """The program, grown tour by tour.

    Attributes:
        known: every tour that was ever added, and its number on the shelf; -1 where it cannot be kept.
        shelf: the tours that can be.
    """

    def __init__(self, touring: Touring) -> None:
        self.touring = touring
        self.solver = pywraplp.Solver.CreateSolver("GLOP")
        arrays = touring.arrays
        infinite = self.solver.infinity()
        self.visit = [self.solver.Constraint(float(count), infinite) for count in touring.people]
        self.day = [self.solver.Constraint(-infinite, 1.0) for _ in arrays.days.person]
        self.cap = [self.solver.Constraint(-infinite, float(minutes) / 60) for minutes in arrays.cap_minutes]
        self.objective = self.solver.Objective()
        self.objective.SetMinimization()
        self.out, self.more = [], []
        for number, price in enumerate(arrays.visits.unplaced_cents.tolist()):
            out, more = self.solver.NumVar(0.0, 1.0, ""), self.solver.NumVar(0.0, 0.0, "")
            self.objective.SetCoefficient(out, float(price))
            self.visit[number].SetCoefficient(out, float(touring.people[number]))
            self.visit[number].SetCoefficient(more, -1.0)
            self.out.append(out)
            self.more.append(more)
        self.boxed = False
        self.known: dict[Column, int] = {}
        self.shelf = Shelf(touring)
        self.inside: dict[Column, pywraplp.Variable] = {}
        self._algorithm(PRIMAL)

    def _algorithm(self, words: str) -> None:
        self.solver.SetSolverSpecificParametersAsString(words)

    def add(self, day: int, visits: tuple[int, ...]) -> bool:
        """Add a tour, if it is a new one and can be kept."""
        if (day, visits) in self.known:
            return False
        self.known[day, visits] = -1
        tour = self.touring.tour(day, visits) if visits else None
        if tour is not None:
            self.known[day, visits] = self.shelf.add(tour)
        return tour is not None

    def add_all(self, columns: Iterable[Column]) -> int:
        """Add tours; how many were new."""
        return sum(self.add(day, visits) for day, visits in columns)

    def bring_in(self, columns: Iterable[Column]) -> None:
        """Have tours in the program itself, whatever they are worth."""
        for column in columns:
            self.add(*column)
            if self.known[column] >= 0 and column not in self.inside:
                self._enter(column)

    def _enter(self, column: Column) -> None:
        day, visits = column
        number = self.known[column]
        variable = self.solver.NumVar(0.0, self.solver.infinity(), "")
        self.inside[column] = variable
        self.shelf.note_inside(number)
        self.objective.SetCoefficient(variable, float(self.shelf.cents(number)))
        for visit in visits:
            self.visit[visit].SetCoefficient(variable, 1.0)
        self.day[day].SetCoefficient(variable, 1.0)
        for c, minutes in self._caps(column):
            self.cap[c].SetCoefficient(variable, minutes / 60)

    def _caps(self, column: Column) -> list[tuple[int, int]]:
        effort, travel = self.shelf.minutes(self.known[column])
        return caps_of(self.touring, column[0], effort, travel)

    def keep_within(self, low: Ints, high: Ints) -> None:
        """Have visits worth between these prices (sixtieths of a cent): others are not to be trusted yet.

        For a price above it a visit may be left out, and at one below it there may be more of it than is wanted.
        """
        prices = self.touring.arrays.visits.unplaced_cents.tolist()
        for number, people in enumerate(self.touring.people):
            dearest = min(float(prices[number]), float(high[number]) * people / UNITS)
            self.objective.SetCoefficient(self.out[number], dearest)
            self.objective.SetCoefficient(self.more[number], -float(low[number]) / UNITS)
            if not self.boxed:
                self.more[number].SetUb(float(people))
        self.boxed = True

    def set_free(self) -> None:
        """Take back what ``keep_within`` said."""
        if self.boxed:
            for number, price in enumerate(self.touring.arrays.visits.unplaced_cents.tolist()):
                self.objective.SetCoefficient(self.out[number], float(price))
                self.more[number].SetUb(0.0)
        self.boxed = False

    def solve(self) -> Duals:
        """Solve it from where the last solution was, and again with the known tours that gain by its prices."""
        duals = self._solve()
        for _ in range(PASSES):
            numbers = self.shelf.best_outside(duals.worth, duals.day_price, duals.cap_price, MOST_ENTERING)
            if not numbers:
                break
            for number in numbers:
                self._enter(self.shelf.column(number))
            duals = self._solve()
        return duals

    def _solve(self) -> Duals:
        self.solver.Solve()
        return Duals(
            self.objective.Value(),
            np.maximum(0, np.floor(_duals(self.visit) * UNITS)).astype(np.int64),
            np.maximum(0, np.round(-_duals(self.day) * UNITS)).astype(np.int64),
            np.maximum(0, np.round(-_duals(self.cap))).astype(np.int64),  # of an hour: sixty times that of a minute
        )

    def shares(self) -> dict[Column, float]:
        """How much of each tour the last solution takes, of those that it takes."""
        taken = {column: variable.solution_value() for column, variable in self.inside.items()}
        return {column: share for column, share in taken.items() if share > 1e-6}

    def choices(self, duals: Duals, most_cents: float, most: int) -> list[Choice]:
        """The tours that could be in a plan ``most_cents`` dearer than the program's value, the cheapest first.

        Args:
            duals: of the last solution.
            most_cents: what a tour may cost at most above what its visits are worth by the last solution.
            most: how many.
        """
        gains = self.shelf.all_gains(duals.worth, duals.day_price, duals.cap_price)
        order = np.argsort(-gains, kind="stable")[:most]
        return [self._choice(self.shelf.column(n)) for n in order.tolist() if gains[n] >= -most_cents * UNITS]

    def _choice(self, column: Column) -> Choice:
        return Choice(*column, self.shelf.cents(self.known[column]), tuple(self._caps(column)))

    def hold(self, column: Column) -> None:
        """Take a tour for certain, until ``let_go``."""
        if column in self.inside:
            self.inside[column].SetLb(1.0)

    def bar(self, column: Column) -> None:
        """Do without a tour, until ``let_go``."""
        if column in self.inside:
            self.inside[column].SetUb(0.0)

    def again(self) -> None:
        """Solve it as it is after tours were held and barred."""
        self._algorithm(DUAL)
        self.solver.Solve()

    def let_go(self) -> None:
        """Take back every ``hold`` and ``bar``."""
        for variable in self.inside.values():
            variable.SetBounds(0.0, self.solver.infinity())
        self._algorithm(PRIMAL)


def _duals(rows: list[pywraplp.Constraint]) -> Floats:
    return np.array([row.dual_value() for row in rows], dtype=np.float64)
