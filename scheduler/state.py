"""The plan while it is being searched: tours by day, what is left out, and the use of every cap."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from scheduler.problem import Problem
from scheduler.tour import Tour, Touring


@dataclass(frozen=True, slots=True)
class Solution:
    """Who does what and when, in the problem's indices: what every search hands back.

    Attributes:
        tours: one for each day that has a visit, by day.
        objective: in cents, as ``scheduler/problem.py`` defines it.
    """

    tours: tuple[Tour, ...]
    objective: int


@dataclass(slots=True)
class State:
    """A solution that can be changed. Visits that wait for others or take several people have a fixed start.

    Attributes:
        tours: by day; None where the day is not used.
        days_of: the days of each placed visit.
        fixed: starts that must not move while the visit is placed.
        cap_used: minutes, by cap.
    """

    touring: Touring
    tours: list[Tour | None]
    days_of: dict[int, tuple[int, ...]] = field(default_factory=dict)
    fixed: dict[int, int] = field(default_factory=dict)
    cap_used: list[int] = field(default_factory=list)

    @classmethod
    def empty(cls, touring: Touring) -> "State":
        """Nothing is placed."""
        problem = touring.problem
        return cls(touring, [None] * len(problem.days), cap_used=[0] * len(problem.caps))

    @property
    def problem(self) -> Problem:
        """The problem it belongs to."""
        return self.touring.problem

    def copy(self) -> "State":
        """Another state that can be changed by itself."""
        return State(self.touring, list(self.tours), dict(self.days_of), dict(self.fixed), list(self.cap_used))

    def objective(self) -> int:
        """In cents."""
        demands, pinned = self.problem.demands, self.touring.arrays.visits.unplaced_cents
        cents = sum(tour.cents for tour in self.tours if tour is not None)
        cents += sum(int(pinned[v]) for v in range(len(demands)) if v not in self.days_of)
        for visit, days in self.days_of.items():
            if self.touring.people[visit] > 1:
                cents += self.touring.visit_cents(visit, min(self.problem.days[d].ordinal for d in days))
        return cents

    def visits_on(self, day: int) -> tuple[int, ...]:
        """The visits of a day, in its order."""
        tour = self.tours[day]
        return () if tour is None else tour.visits

    def start_of(self, visit: int) -> int:
        """When a visit that is placed begins."""
        tour = self.tours[self.days_of[visit][0]]
        return 0 if tour is None else tour.starts[tour.visits.index(visit)]

    def put(self, tour: Tour) -> None:
        """Set a day's tour, and count its caps."""
        self._count(self.tours[tour.day], -1)
        self.tours[tour.day] = tour if tour.visits else None
        self._count(self.tours[tour.day], +1)

    def clear(self, day: int) -> None:
        """Leave a day free, also where the way from its first place to its last one could not be gone at once."""
        self._count(self.tours[day], -1)
        self.tours[day] = None

    def place(self, visit: int, tours: Sequence[Tour], start: int | None = None) -> None:
        """Put a visit on these days; ``start`` where it must not move."""
        for tour in tours:
            self.put(tour)
        self.days_of[visit] = tuple(tour.day for tour in tours)
        if start is not None:
            self.fixed[visit] = start

    def remove(self, visits: Iterable[int]) -> None:
        """Take visits out, and with them those that wait for them."""
        leaving = [v for v in visits if v in self.days_of]
        touched: set[int] = set()
        while leaving:
            visit = leaving.pop()
            touched.update(self.days_of.pop(visit, ()))
            self.fixed.pop(visit, None)
            leaving += [w for w in self.touring.waiters.get(visit, ()) if w in self.days_of]
        for day in sorted(touched):
            rest = [v for v in self.visits_on(day) if v in self.days_of and day in self.days_of[v]]
            self._retour(day, rest)

    def fits_caps(self, day: int, effort: int, travel: int) -> bool:
        """Whether so much more work on a day stays within every cap."""
        arrays = self.touring.arrays
        first, last = arrays.days.cap_offsets[day], arrays.days.cap_offsets[day + 1]
        for cap_number in arrays.days.cap[first:last]:
            cap = self.problem.caps[cap_number]
            if self.cap_used[cap_number] + effort + (travel if cap.counts_travel else 0) > cap.minutes:
                return False
        return True

    def solution(self) -> Solution:
        """What was found."""
        return Solution(tuple(tour for tour in self.tours if tour is not None), self.objective())

    def _retour(self, day: int, visits: Sequence[int]) -> None:
        """Set a day to what is left of it; where a travel table makes even that impossible, to nothing."""
        tour = self.touring.tour(day, visits, self.fixed) if visits else None
        if tour is not None:
            self.put(tour)
            return
        self.clear(day)
        self.remove(visits)

    def _count(self, tour: Tour | None, sign: int) -> None:
        if tour is None:
            return
        arrays = self.touring.arrays
        first, last = arrays.days.cap_offsets[tour.day], arrays.days.cap_offsets[tour.day + 1]
        for cap_number in arrays.days.cap[first:last]:
            counts_travel = self.problem.caps[cap_number].counts_travel
            minutes = tour.effort_minutes + (tour.travel_minutes if counts_travel else 0)
            self.cap_used[cap_number] += sign * minutes
