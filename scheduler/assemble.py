"""From a solution in indices to the ``Plan`` that people read, and back."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from importlib import metadata

import muster
from muster.ids import PlanId, VisitId
from muster.plan import Assignment, Plan, PlanCost, Reason, Unplaced
from scheduler.left_out import unplaced
from scheduler.problem import Problem, money
from scheduler.state import Solution, State
from scheduler.tour import Tour, Touring

MOST_EXPLAINED = 25
"""Visits left out whose reasons are worked out with the plan; ``explain`` tells those of the others when asked."""


def plan_of(
    touring: Touring,
    solution: Solution,
    *,
    bound: int | None,
    seed: int,
    seconds: float,
    with_reasons: bool = True,
    explained: int = MOST_EXPLAINED,
) -> Plan:
    """The plan of a solution, with reasons for what is left out, for so many of it."""
    problem = touring.problem
    assignments = tuple(sorted(_assignments(problem, solution.tours), key=lambda a: (a.starts_at, a.person_id)))
    placed = {assignment.visit_id for assignment in assignments}
    out = [number for number, demand in enumerate(problem.demands) if demand.visit.id not in placed]
    state = state_of(touring, solution) if out and with_reasons else None
    return Plan(
        id=_plan_id(problem, assignments, seed),
        campaign_id=problem.campaign_id,
        created_at=problem.created_at,
        visits=tuple(demand.visit for demand in problem.demands),
        assignments=assignments,
        unplaced=tuple(
            Unplaced(problem.demands[v].visit.id, _reasons(touring, state if n < explained else None, v))
            for n, v in enumerate(out)
        ),
        cost=cost_of(problem, solution.tours),
        objective=float(solution.objective),
        bound=None if bound is None else float(min(bound, solution.objective)),
        seed=seed,
        ledger_revision=problem.ledger_revision,
        solver=f"muster {muster.__version__}, OR-Tools {metadata.version('ortools')}",
        solve_seconds=seconds,
    )


def cost_of(problem: Problem, tours: Iterable[Tour]) -> PlanCost:
    """What the tours cost, by part; everything of a partner's people is partner cost."""
    labour = travel = overtime = partner = 0
    for tour in tours:
        day = problem.days[tour.day]
        person = problem.people[day.person]
        work = day.fixed_cents + sum(
            money(problem.demands[v].visit.effort_minutes, person.rate_cents_per_hour) for v in tour.visits
        )
        way = sum(money(leg, person.travel_cents_per_hour) for leg in tour.legs)
        late = money(max(0, tour.ends - day.ends), person.overtime_cents_per_hour)
        if person.partner_id is None:
            labour, travel, overtime = labour + work, travel + way, overtime + late
        else:
            partner += work + way + late
    return PlanCost(labour, travel, overtime, partner)


def state_of(touring: Touring, solution: Solution) -> State:
    """A state that can be searched on from a solution; starts of tied visits stay."""
    state = State.empty(touring)
    days: dict[int, list[int]] = {}
    for tour in solution.tours:
        state.put(tour)
        for visit, start in zip(tour.visits, tour.starts, strict=True):
            days.setdefault(visit, []).append(tour.day)
            if visit in touring.tied:
                state.fixed[visit] = start
    state.days_of = {visit: tuple(numbers) for visit, numbers in days.items()}
    return state


def solution_of(touring: Touring, plan: Plan) -> Solution:
    """A plan read back into the indices of a problem; what the problem does not know or allow any more is left out.

    Starts are made as early as the order of each day allows, but for visits that are tied to others.
    """
    problem = touring.problem
    state = State.empty(touring)
    by_day: dict[int, list[tuple[int, int]]] = {}
    for assignment in plan.assignments:
        visit = problem.demand_index.get(assignment.visit_id)
        start = problem.minute(assignment.starts_at)
        day = next((d for d in problem.days_of.get(assignment.person_id, ()) if _within(problem, d, start)), None)
        if visit is not None and day is not None and touring.arrays.visits.allowed[problem.days[day].person, visit]:
            by_day.setdefault(day, []).append((start, visit))
    for day, entries in sorted(by_day.items()):
        _put_back(touring, state, day, sorted(entries))
    _drop_incomplete(touring, state)
    return state.solution()


def _put_back(touring: Touring, state: State, day: int, entries: list[tuple[int, int]]) -> None:
    """Put a day's visits back in their order, leaving out those that it cannot hold any more."""
    fixed = {**state.fixed, **{visit: start for start, visit in entries if visit in touring.tied}}
    for visit in stand(state, day, [visit for _, visit in entries], fixed):
        if visit in touring.tied:
            state.fixed[visit] = fixed[visit]


def stand(state: State, day: int, order: Sequence[int], fixed: Mapping[int, int]) -> list[int]:
    """Put visits on an empty day in their order: all of them, else, one after the other, those that fit.

    Returns:
        The visits that stand there now; the state's ``days_of`` has the day added for each.
    """
    kept: list[int] = []
    for trial in (list(order), *([visit] for visit in order)):
        tour = state.touring.tour(day, (*kept, *trial), fixed) if trial else None
        old = state.tours[day]
        effort = sum(state.touring.effort[v] for v in trial)
        more = tour.travel_minutes - (old.travel_minutes if old else 0) if tour else 0
        if tour is not None and state.fits_caps(day, effort, more):
            kept += trial
            state.put(tour)
            if len(kept) == len(order):
                break
    for visit in kept:
        state.days_of[visit] = tuple(sorted({*state.days_of.get(visit, ()), day}))
    return kept


def _drop_incomplete(touring: Touring, state: State) -> None:
    """Take out visits that lack people or what they wait for."""
    problem = touring.problem
    incomplete = []
    for visit, days in state.days_of.items():
        waits = [problem.demand_index[v] for v in problem.demands[visit].visit.after if v in problem.demand_index]
        starts = state.fixed.get(visit, 0)
        late = any(w not in state.days_of or state.fixed[w] + touring.effort[w] > starts for w in waits)
        if len(days) != touring.people[visit] or late:
            incomplete.append(visit)
    state.remove(incomplete)


def _within(problem: Problem, day: int, minute: int) -> bool:
    return problem.days[day].starts <= minute < problem.days[day].latest_end


def _assignments(problem: Problem, tours: Iterable[Tour]) -> Iterable[Assignment]:
    for tour in tours:
        person = problem.people[problem.days[tour.day].person]
        for visit, start, leg in zip(tour.visits, tour.starts, tour.legs, strict=False):
            demand = problem.demands[visit]
            ends = start + demand.visit.effort_minutes
            yield Assignment(demand.visit.id, person.id, problem.at(start), problem.at(ends), leg)


def _reasons(touring: Touring, state: State | None, visit: int) -> tuple[Reason, ...]:
    if state is None:
        return (Reason("not examined", "many visits are left out; ask for this one's reasons by name"),)
    return unplaced(touring, state, visit)


def _plan_id(problem: Problem, assignments: Iterable[Assignment], seed: int) -> PlanId:
    """From what the plan is made of: the same plan has the same id."""
    digest = hashlib.sha256(
        f"{problem.campaign_id} {problem.created_at.isoformat()} {problem.ledger_revision} {seed}".encode()
    )
    for assignment in assignments:
        digest.update(f"{assignment.visit_id} {assignment.person_id} {assignment.starts_at.isoformat()}\n".encode())
    return PlanId(f"P-{digest.hexdigest()[:10]}")


def by_visit(plan: Plan) -> Mapping[VisitId, tuple[Assignment, ...]]:
    """The assignments of each placed visit."""
    found: dict[VisitId, tuple[Assignment, ...]] = {}
    for assignment in plan.assignments:
        found[assignment.visit_id] = (*found.get(assignment.visit_id, ()), assignment)
    return found
