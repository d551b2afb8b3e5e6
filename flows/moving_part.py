"""The part of a large problem that a moved visit is about: of 10,000 visits some hundreds; answers come at once.

Whatever the moved visit can break lies on the days of a few people: those who do it, the one who is to do it, and those
who could take what stands in its way. With them comes whatever is tied to their visits: people who come together,
visits that wait for each other, days that share a limit. Everything else stays as it is, and the answer is the same.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TypeVar

from muster.ids import PersonId, VisitId
from muster.plan import Plan, PlanCost
from scheduler.assemble import cost_of, solution_of
from scheduler.insertion import Inserter
from scheduler.problem import Problem
from scheduler.tour import Touring

WHOLE = 1_500
"""Problems that have no more visits are taken as a whole."""
CANDIDATES = 10
"""People who may take a visit that has to make way."""

K = TypeVar("K")
V = TypeVar("V")


def part_about(problem: Problem, plan: Plan, visits: Iterable[VisitId], people: Iterable[PersonId]) -> Problem:
    """The part of a problem that is about some visits and people, by the plan as it stands; small ones as a whole."""
    if len(problem.demands) <= WHOLE:
        return problem
    about = _Closure(problem, plan).of(set(visits), set(people))
    return cut(problem, about) if len(about) < len(problem.demands) else problem


def cut(problem: Problem, keep: Iterable[VisitId]) -> Problem:
    """The problem with these visits only; people and days are the same."""
    wanted = frozenset(keep)
    part = replace(
        problem,
        demands=tuple(one for one in problem.demands if one.visit.id in wanted),
        pins=tuple(one for one in problem.pins if one.visit_id in wanted),
        previous=tuple(one for one in problem.previous if one.visit_id in wanted),
    )
    return with_ways_of(problem, part)


def with_ways_of(problem: Problem, other: Problem) -> Problem:
    """The other one, of the same places: ways are worked out once."""
    vars(other)["travel_minutes"] = problem.travel_minutes
    return other


def who_could(problem: Problem, visits: Iterable[VisitId]) -> set[PersonId]:
    """People to whom these visits could be given at the least cost, some for each."""
    found: set[PersonId] = set()
    for visit_id in visits:
        alone = cut(problem, [visit_id])
        days = (alone.days[number] for *_, number in Inserter.for_visits(Touring(alone), [0]).days[0])
        found |= set(list(dict.fromkeys(alone.people[day.person].id for day in days))[:CANDIDATES])
    return found


def put_back(whole: Plan, part: Problem, before: Plan, after: Plan) -> Plan:
    """The whole plan with its part as it is afterwards; ``before`` is the part as it was."""
    known = part.demand_index
    assignments = [one for one in whole.assignments if one.visit_id not in known]
    unplaced = [one for one in whole.unplaced if one.visit_id not in known]
    touring = Touring(part)
    was, now = solution_of(touring, before), solution_of(touring, after)
    return replace(
        after,
        visits=whole.visits,
        assignments=tuple(sorted((*assignments, *after.assignments), key=lambda one: (one.starts_at, one.person_id))),
        unplaced=(*unplaced, *after.unplaced),
        cost=_moved(whole.cost, cost_of(part, was.tours), cost_of(part, now.tours)),
        objective=whole.objective + now.objective - was.objective,
        bound=None,
    )


def _moved(whole: PlanCost, was: PlanCost, now: PlanCost) -> PlanCost:
    return PlanCost(
        whole.labour_cents + now.labour_cents - was.labour_cents,
        whole.travel_cents + now.travel_cents - was.travel_cents,
        whole.overtime_cents + now.overtime_cents - was.overtime_cents,
        whole.partner_cents + now.partner_cents - was.partner_cents,
    )


class _Closure:
    """Which visits belong together."""

    def __init__(self, problem: Problem, plan: Plan) -> None:
        self.visits_of = _grouped((one.person_id, one.visit_id) for one in plan.assignments)
        self.people_of = _grouped((one.visit_id, one.person_id) for one in plan.assignments)
        links = [(one.visit.id, other) for one in problem.demands for other in one.visit.after]
        self.tied = _grouped([*links, *((other, one) for one, other in links)])
        capped = [{problem.people[problem.days[n].person].id for n in cap.days} for cap in problem.caps]
        self.capped = _grouped((one, other) for some in capped for one in some for other in some)
        self.known = problem.demand_index

    def of(self, visits: set[VisitId], people: set[PersonId]) -> set[VisitId]:
        """Some visits and people with all that is tied to them."""
        new_visits, new_people = set(visits), set(people)
        while new_visits or new_people:
            seen_visits = {v for person in new_people for v in self.visits_of.get(person, ())}
            seen_visits |= {v for one in new_visits for v in self.tied.get(one, ())}
            seen_people = {p for one in new_visits for p in self.people_of.get(one, ())}
            seen_people |= {p for one in new_people for p in self.capped.get(one, ())}
            new_visits, new_people = seen_visits - visits, seen_people - people
            visits |= new_visits
            people |= new_people
        return {one for one in visits if one in self.known}


def _grouped(pairs: Iterable[tuple[K, V]]) -> Mapping[K, set[V]]:
    found: dict[K, set[V]] = defaultdict(set)
    for one, other in pairs:
        found[one].add(other)
    return found
