"""Where everybody stands in a plan that binds, in the numbers of the problem as it is now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from muster.ids import PersonId
from muster.plan import Assignment, Plan
from scheduler.assemble import stand
from scheduler.problem import Problem
from scheduler.state import State
from scheduler.tour import Touring


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody stands: the day in the numbers of the problem, None where there is none any more."""

    name: str
    day: int | None
    start: int


def places_in(problem: Problem, plan: Plan) -> dict[int, list[Place]]:
    """The places of each visit that the problem still has."""
    found: dict[int, list[Place]] = {}
    for made in plan.assignments:
        visit = problem.demand_index.get(made.visit_id)
        if visit is not None:
            found.setdefault(visit, []).append(_place(problem, made))
    return found


def put(state: State, day: int, entries: Sequence[tuple[int, int]], starts: Mapping[int, int]) -> None:
    """Put visits on a day in their order at their starts; those that do not fit stay out.

    Args:
        state: is changed; the day is empty.
        day: by its number.
        entries: starts and visits, in order.
        starts: by visit.
    """
    for visit in stand(state, day, [visit for _, visit in entries], starts):
        if visit in state.touring.tied:
            state.fixed[visit] = starts[visit]


def state_at(touring: Touring, plan: Plan) -> State:
    """A plan's tours in a problem's numbers, each visit at the start that the plan gives it."""
    state = State.empty(touring)
    by_day: dict[int, list[tuple[int, int]]] = {}
    starts: dict[int, int] = {}
    for visit, places in places_in(touring.problem, plan).items():
        for place in places:
            if place.day is not None:
                by_day.setdefault(place.day, []).append((place.start, visit))
                starts[visit] = place.start
    for day, entries in by_day.items():
        put(state, day, sorted(entries), starts)
    return state


def _place(problem: Problem, made: Assignment) -> Place:
    start = problem.minute(made.starts_at)
    days = problem.days_of.get(made.person_id, ())
    day = next((d for d in days if problem.days[d].starts <= start < problem.days[d].latest_end), None)
    return Place(_name(problem, made.person_id), day, start)


def _name(problem: Problem, person_id: PersonId) -> str:
    if person_id in problem.person_index:
        return problem.people[problem.person_index[person_id]].name
    return next((out.name for out in problem.left_out if out.person_id == person_id), str(person_id))
