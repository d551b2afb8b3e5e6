"""Tours that are taken into a plan one by one, as far as days, visits and caps are free."""

from scheduler.search.columns import Column
from scheduler.search.part import apply_routes
from scheduler.search.shelf import caps_of
from scheduler.state import State
from scheduler.tour import Touring


class Taken:
    """The tours so far, with what is left of the caps.

    Attributes:
        begun: the days with tied visits (teams, orders), which keep their tours.
        days: that have a tour.
        visits: that are on a tour, and all that are tied.
        used: minutes of each cap.
    """

    def __init__(self, touring: Touring, best: State) -> None:
        self.touring = touring
        self.begun = untied(touring, best)
        self.used = list(self.begun.cap_used)
        self.routes: dict[int, tuple[int, ...]] = {}
        self.days = {tour.day for tour in self.begun.tours if tour is not None}
        self.visits = set(self.begun.days_of) | touring.tied

    def has(self, column: Column) -> bool:
        """Whether that tour is one of them."""
        return self.routes.get(column[0]) == column[1]

    def conflicts(self, column: Column) -> bool:
        """Whether a tour cannot be taken any more."""
        return not self.has(column) and (column[0] in self.days or not self.visits.isdisjoint(column[1]))

    def take(self, column: Column, least: float = 1.0) -> bool:
        """Take a tour with those of its visits that are free, a share of ``least`` or more, if day and caps allow."""
        day, visits = column
        free = tuple(visit for visit in visits if visit not in self.visits)
        if day in self.days or not free or len(free) < least * len(visits):
            return False
        tour = self.touring.tour(day, free)
        if tour is None:
            return False
        caps = caps_of(self.touring, day, tour.effort_minutes, tour.travel_minutes)
        if any(self.used[c] + minutes > self.touring.problem.caps[c].minutes for c, minutes in caps):
            return False
        self.routes[day] = free
        self.days.add(day)
        self.visits.update(free)
        for c, minutes in caps:
            self.used[c] += minutes
        return True

    def state(self) -> State:
        """A plan of what has been taken."""
        state = self.begun.copy()
        apply_routes(state, self.routes)
        return state


def untied(touring: Touring, state: State) -> State:
    """Only the days that hold tied visits, as they are."""
    kept = State.empty(touring)
    for tour in state.tours:
        if tour is not None and not touring.tied.isdisjoint(tour.visits):
            kept.put(tour)
            for visit in tour.visits:
                kept.days_of[visit] = state.days_of[visit]
    kept.fixed = dict(state.fixed)
    return kept
