"""Why a visit is as it is in a plan, and what would make it otherwise."""

from muster.errors import NotFound
from muster.ids import VisitId
from muster.plan import Plan, Reason
from muster.words import amount
from scheduler.assemble import solution_of, state_of
from scheduler.left_out import unplaced
from scheduler.next_best import NextBest, at_the_same_time, beside, in_place_of, nobody_else, same_person, told
from scheduler.problem import Problem
from scheduler.rules import Case
from scheduler.state import State
from scheduler.tour import Touring

MOST_WAITERS = 5
"""Visits that wait for one, as they are told by name."""


def explain(problem: Problem, plan: Plan, visit_id: VisitId) -> tuple[Reason, ...]:
    """The reasons of one visit, the most telling first.

    For a visit that is left out: every rule that stops it, those first that would be enough to lift, and the easiest
    changes that would place it. For one that is placed: why this person, why this hour, and what the next best would
    cost. Where the problem is newer than the plan, the answer is about the plan as it could be kept now.

    Raises:
        NotFound: the problem has no such visit.
    """
    if visit_id not in problem.demand_index:
        raise NotFound(f"there is no visit {visit_id} to explain", hint="It may be done; muster status tells.")
    return Explainer(problem, plan).reasons(visit_id)


class Explainer:
    """Explains visits of one plan, one after another: how the plan stands is worked out once."""

    def __init__(self, problem: Problem, plan: Plan) -> None:
        self._touring = Touring(problem)
        self._state = state_of(self._touring, solution_of(self._touring, plan))

    def reasons(self, visit_id: VisitId) -> tuple[Reason, ...]:
        """The reasons of one visit, as ``explain`` gives them.

        Raises:
            NotFound: the problem has no such visit.
        """
        touring, state = self._touring, self._state
        visit = touring.problem.demand_index.get(visit_id)
        if visit is None:
            raise NotFound(f"there is no visit {visit_id} to explain", hint="It may be done; muster status tells.")
        return _placed(touring, state, visit) if visit in state.days_of else unplaced(touring, state, visit)


def _placed(touring: Touring, state: State, visit: int) -> tuple[Reason, ...]:
    day_number = state.days_of[visit][0]
    case = Case(touring, visit, day_number)
    tour = state.tours[day_number]
    starts = tour.starts[tour.visits.index(visit)] if tour else 0
    without = state.copy()
    without.remove([visit])
    worth = _worth(touring, state, visit)
    alone = touring.people[visit] == 1 and visit not in touring.tied
    found = beside(touring, without, visit) if alone else []
    return (
        _why_person(touring, without, found, case, worth) if alone else _why_tied(state, case, worth),
        *_why_day(touring, found, visit, case, worth),
        _why_hour(case, state, starts),
        *_promised(case),
    )


def _worth(touring: Touring, state: State, visit: int) -> int:
    """What a visit adds to the cost of its days."""
    cents = 0
    for day in state.days_of[visit]:
        others = [v for v in state.visits_on(day) if v != visit]
        alone = touring.tour(day, others, state.fixed) if others else None
        tour = state.tours[day]
        cents += (tour.cents if tour else 0) - (alone.cents if alone else 0)
    if touring.people[visit] > 1:
        cents += touring.visit_cents(visit, min(touring.problem.days[d].ordinal for d in state.days_of[visit]))
    return cents


def _why_person(touring: Touring, without: State, found: list[NextBest], case: Case, cents: int) -> Reason:
    """What the visit adds to the plan with this person, and with the next best."""
    visit = case.visit
    here = f"{case.person.name} on {case.date} adds {amount(cents)} to the plan"
    person = case.day.person
    others = [one for one in found if touring.problem.days[one.day].person != person]
    best = others[0] if others else in_place_of(touring, without, visit, person)
    if best is None:
        return Reason("person", f"{here}; {nobody_else(touring, without, visit, person)}")
    return Reason("person", f"{here}; {told(touring, visit, best, cents)}")


def _why_tied(state: State, case: Case, cents: int) -> Reason:
    """The same of a visit that is tied to others: who comes along, and who could come instead at the same time."""
    touring, visit = case.touring, case.visit
    problem, days = touring.problem, state.days_of[visit]
    team = [problem.people[problem.days[day].person].name for day in days]
    here = f"{' and '.join(team)} on {case.date} {'add' if len(team) > 1 else 'adds'} {amount(cents)} to the plan"
    others = at_the_same_time(touring, state, visit)
    if not others:
        return Reason("person", f"{here}; nobody else can at that time, and what it is tied to keeps it there")
    best = Case(touring, visit, others[0].day).person
    more = others[0].cents - _share(state, visit)
    price = f"{amount(more)} more" if more >= 0 else f"{amount(-more)} less, which the search overlooked"
    instead = f" instead of {team[0]}" if len(team) > 1 else ""
    return Reason("person", f"{here}; the next best at the same time is {best.name}{instead}, for {price}")


def _share(state: State, visit: int) -> int:
    """What a tied visit adds to the day of its first person."""
    day = state.days_of[visit][0]
    tour = state.tours[day]
    others = [v for v in state.visits_on(day) if v != visit]
    alone = state.touring.tour(day, others, state.fixed) if others else None
    return (tour.cents if tour else 0) - (alone.cents if alone else 0)


def _ties(case: Case, state: State) -> list[str]:
    """What a visit is tied to, as sentences."""
    problem, touring = case.problem, case.touring
    told = []
    for before in case.demand.visit.after:
        number = problem.demand_index.get(before)
        if number is not None and number in state.days_of:
            told.append(f"it waits for {before}, which is over at {_over(touring, state, number)}")
    waiters = [str(problem.demands[w].visit.id) for w in touring.waiters.get(case.visit, ()) if w in state.days_of]
    if waiters:
        more = f" and {len(waiters) - MOST_WAITERS} more" if len(waiters) > MOST_WAITERS else ""
        told.append(f"{', '.join(waiters[:MOST_WAITERS])}{more} {'wait' if len(waiters) > 1 else 'waits'} for it")
    if len(state.days_of[case.visit]) > 1:
        told.append(f"its {len(state.days_of[case.visit])} people are free together then")
    return told


def _over(touring: Touring, state: State, visit: int) -> str:
    """When a placed visit ends, in its site's time."""
    day = state.days_of[visit][0]
    tour = state.tours[day]
    ends = tour.starts[tour.visits.index(visit)] + touring.effort[visit] if tour else 0
    return Case(touring, visit, day).local(ends, "%a %d %b %H:%M")


def _why_day(touring: Touring, found: list[NextBest], visit: int, case: Case, cents: int) -> tuple[Reason, ...]:
    """What the same person's next best day would cost."""
    best = same_person(touring, found, case.day)
    if best is None:
        return ()
    words = told(touring, visit, best, cents).replace("the next best is ", "")
    return (Reason("day", f"{case.date} is the cheapest day of {case.person.name} for it; the next is {words}"),)


def _why_hour(case: Case, state: State, starts: int) -> Reason:
    """What keeps it from being earlier on that day."""
    tour = state.tours[case.day_number]
    at = case.local(starts)
    if case.visit in case.touring.tied:
        ties = "; ".join(_ties(case, state))
        return Reason("hour", f"{at} is held by what it is tied to{': ' + ties if ties else ''}")
    if tour is None:
        return Reason("hour", f"{at}")
    place = tour.visits.index(case.visit)
    opens = [span.starts for span in case.demand.spans if span.starts <= starts < span.ends]
    if opens and opens[0] == starts:
        return Reason("hour", f"{at} is when it can first be done that day")
    if place == 0:
        travel = f" and {tour.legs[0]} minutes of travel" if tour.legs[0] else ""
        return Reason(
            "hour", f"{at} is the first after {case.person.name}'s day begins at {case.local(case.day.starts)}{travel}"
        )
    before = case.problem.demands[tour.visits[place - 1]].visit
    travel = f" and {tour.legs[place]} minutes of travel" if tour.legs[place] else ""
    return Reason("hour", f"{at} follows {before.id}{travel}")


def _promised(case: Case) -> tuple[Reason, ...]:
    pins = [pin for pin in case.problem.pins if pin.visit_id == case.demand.visit.id]
    return (Reason("promise", "it is promised and does not move", "give the promise up"),) if pins else ()
