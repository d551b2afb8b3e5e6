"""Somebody moves one visit of a plan by hand: what that breaks, and what else would move to make it right.

The plan is judged by ``scheduler.validate``, as dispatch judges it: against what is true now. A replan holds the moved
visit where it was put, keeps everything else to the minute where that is possible, and finds places for what stood in
its way.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from flows.moving_part import part_about, put_back, who_could, with_ways_of
from flows.planning import SUMS, first_start, problem_around
from flows.services import Services
from muster.errors import InputError
from muster.ids import PersonId, VisitId
from muster.plan import Assignment, Plan
from reports.notices.told import read_told
from scheduler.diff import Kind, Move, diff
from scheduler.problem import AT_HOME, Demand, Pin, Problem, Span
from scheduler.stop import MaxIterations
from scheduler.tour import Touring
from scheduler.validate import Violation, violations


@dataclass(frozen=True, slots=True)
class Wish:
    """A visit, who is to do it, and when it is to begin (aware); of a team everybody moves in time.

    Attributes:
        instead_of: whom the person replaces, where several people do the visit; None for the only one.
    """

    visit_id: VisitId
    person_id: PersonId
    starts_at: datetime
    instead_of: PersonId | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """What a wish breaks.

    Attributes:
        plan: with the visit moved and nothing else; it need not hold. Of a large plan the part that it is about.
        breaks: rules that did hold and do not any more.
        broken_before: rules that the plan breaks anyway, as things stand now.
    """

    plan: Plan
    breaks: tuple[Violation, ...]
    broken_before: tuple[Violation, ...]


@dataclass(frozen=True, slots=True)
class Moving:
    """What moves when a wish is held to.

    Attributes:
        plan: the proposal; nobody has kept it yet.
        moves: every visit that is not as it was; those that are done meanwhile are left out.
        told: visits that move although their clients were told when and who comes.
        cost_cents: how much dearer it is.
        granted: whether the visit stands where it was put; otherwise ``why_not`` says why it cannot.
    """

    plan: Plan
    moves: tuple[Move, ...]
    told: tuple[VisitId, ...]
    cost_cents: int
    granted: bool
    why_not: str = ""


def check(problem: Problem, plan: Plan, wish: Wish) -> Checked:
    """What breaks when a visit is moved; the problem is that of ``problem_around``.

    Raises:
        InputError: nothing is left to do at the visit, or the person cannot be sent anywhere.
    """
    _must_be_known(problem, wish)
    problem = part_about(problem, plan, [wish.visit_id], [wish.person_id])
    standing = within(problem, plan)
    moved = moved_to(problem, standing, wish)
    before = {str(one) for one in _judged(problem, standing)}
    after = _judged(problem, moved)
    return Checked(
        moved,
        tuple(one for one in after if str(one) not in before),
        tuple(one for one in after if str(one) in before),
    )


def make_way(services: Services, problem: Problem, plan: Plan, wish: Wish) -> Moving:
    """Hold a visit where it was put, and find places for what stood in its way.

    Raises:
        InputError: nothing is left to do at the visit, or the person cannot be sent anywhere.
    """
    from scheduler.replan import KEEPING, replan  # brings OR-Tools, which takes longer to load than most pages take

    _must_be_known(problem, wish)
    whole, parted = within(problem, plan), _part_with_room(problem, plan, wish)
    before = within(parted, plan)
    held = with_ways_of(parted, _held(parted, wish, services.ledger.revision()))
    standing = moved_to(held, before, wish)
    moved = _with_room(held, standing, wish)
    held = with_ways_of(held, _not_at_once(held, standing, wish, first_start(services.clock.now())))
    promised = frozenset(read_told(services.ledger, plan.campaign_id).announced(plan))
    others = promised & held.demand_index.keys() - {wish.visit_id}
    made = replan(held, moved, MaxIterations(0), 0, promised=others, freedoms=KEEPING).choices[-1].plan
    why_not = _why_not(made, wish)
    if parted is not problem:
        made = put_back(whole, parted, before, made)
    found = diff(plan, made)
    moves = tuple(one for one in found.changed if one.kind is not Kind.GONE)
    granted = any(one.visit_id == wish.visit_id and one.starts_at == wish.starts_at for one in made.assignments)
    return Moving(
        made,
        moves,
        tuple(one.visit_id for one in moves if one.visit_id in promised),
        found.cost_cents,
        granted,
        "" if granted else why_not,
    )


def _part_with_room(problem: Problem, plan: Plan, wish: Wish) -> Problem:
    """The part of the problem that a wish is about, with those who could take what stands in its way."""
    part = part_about(problem, plan, [wish.visit_id], [wish.person_id])
    if part is problem:
        return problem
    standing = moved_to(part, within(part, plan), wish)
    left = {one.visit_id for one in _with_room(part, standing, wish).assignments}
    in_the_way = {one.visit_id for one in standing.assignments} - left
    return part_about(problem, plan, [wish.visit_id, *in_the_way], {wish.person_id, *who_could(part, in_the_way)})


def around(services: Services, plan: Plan) -> Problem:
    """What a moved plan is judged by: the problem as it is now."""
    return problem_around(services, plan)


def within(problem: Problem, plan: Plan) -> Plan:
    """The part of a plan that is still to be done."""
    known = problem.demand_index
    return replace(
        plan,
        visits=tuple(demand.visit for demand in problem.demands),
        assignments=tuple(one for one in plan.assignments if one.visit_id in known),
        unplaced=tuple(one for one in plan.unplaced if one.visit_id in known),
    )


def moved_to(problem: Problem, plan: Plan, wish: Wish) -> Plan:
    """The plan with one visit moved; the ways of the days that it leaves and comes to are worked out anew."""
    visit = plan.visit[wish.visit_id]
    team = [one for one in plan.assignments if one.visit_id == wish.visit_id]
    people = [one.person_id for one in team]
    if len(people) > 1:
        if wish.instead_of not in people:
            raise InputError(f"{wish.visit_id} is done by {len(people)} people", hint="say whom the person replaces")
        people = [wish.person_id if one == wish.instead_of else one for one in people]
    else:
        people = [wish.person_id]
    length = problem.at(visit.effort_minutes) - problem.epoch
    new = [Assignment(visit.id, person, wish.starts_at, wish.starts_at + length) for person in people]
    rest = [one for one in plan.assignments if one.visit_id != wish.visit_id]
    days = {_day_of(problem, one) for one in (*team, *new)} - {None}
    assignments = _with_ways(problem, [*rest, *new], frozenset(day for day in days if day is not None))
    unplaced = tuple(one for one in plan.unplaced if one.visit_id != wish.visit_id)
    return replace(plan, assignments=assignments, unplaced=unplaced)


def _must_be_known(problem: Problem, wish: Wish) -> None:
    if wish.visit_id not in problem.demand_index:
        raise InputError(f"nothing is left to do at visit {wish.visit_id}", hint="its machines are done; look again")
    if wish.person_id not in problem.person_index:
        why = next(
            (one.reason for one in problem.left_out if one.person_id == wish.person_id), "they are not in the crew"
        )
        raise InputError(f"{wish.person_id} cannot be sent anywhere: {why}")


def _judged(problem: Problem, plan: Plan) -> tuple[Violation, ...]:
    """What a plan breaks; not its sums, which are those of the plan before the move."""
    return tuple(one for one in violations(problem, plan) if one.rule not in SUMS)


def _held(problem: Problem, wish: Wish, revision: int) -> Problem:
    pins = tuple(pin for pin in problem.pins if pin.visit_id != wish.visit_id)
    pin = Pin(wish.visit_id, wish.person_id, problem.minute(wish.starts_at))
    return replace(problem, pins=(*pins, pin), ledger_revision=revision)


def _not_at_once(problem: Problem, standing: Plan, wish: Wish, first: datetime) -> Problem:
    """The problem in which nothing that moves begins before an instant: people need to hear of it.

    What stands before it already stays there, and the wish is somebody's own word.
    """
    minute = problem.minute(first)
    sooner = {one.visit_id for one in standing.assignments if one.starts_at < first} | {wish.visit_id}

    def later(demand: Demand) -> Demand:
        if demand.visit.id in sooner or all(span.starts >= minute for span in demand.spans):
            return demand
        spans = (Span(max(span.starts, minute), span.ends) for span in demand.spans if span.ends > minute)
        return replace(demand, spans=tuple(spans))

    return replace(problem, demands=tuple(later(one) for one in problem.demands))


def _with_room(problem: Problem, plan: Plan, wish: Wish) -> Plan:
    """The plan without what cannot stay on the person's day beside the moved visit; the nearest in time go first."""
    target = next(one for one in plan.assignments if (one.visit_id, one.person_id) == (wish.visit_id, wish.person_id))
    day = _day_of(problem, target)
    if day is None:
        return plan
    touring = Touring(problem)
    starts = {problem.demand_index[target.visit_id]: problem.minute(target.starts_at)}
    dropped: set[VisitId] = set()
    others = [one for one in plan.assignments if one != target and _day_of(problem, one) == day]
    for one in sorted(others, key=lambda made: -abs((made.starts_at - target.starts_at).total_seconds())):
        trial = {**starts, problem.demand_index[one.visit_id]: problem.minute(one.starts_at)}
        order = tuple(sorted(trial, key=lambda visit: trial[visit]))
        if touring.tour(day, order, trial) is None:
            dropped.add(one.visit_id)
        else:
            starts = trial
    kept = tuple(one for one in plan.assignments if one.visit_id not in dropped)
    return replace(plan, assignments=kept)


def _with_ways(problem: Problem, assignments: Sequence[Assignment], days: frozenset[int]) -> tuple[Assignment, ...]:
    """Assignments in order of time, those of some days with the minutes of the way before each."""
    ordered = sorted(assignments, key=lambda one: (one.starts_at, one.person_id, one.visit_id))
    here = {day: problem.days[day].start_spot for day in days}
    found = []
    for one in ordered:
        day = _day_of(problem, one)
        if day not in days or day is None:
            found.append(one)
            continue
        spot = problem.demands[problem.demand_index[one.visit_id]].spot
        there = problem.days[day].start_spot if spot == AT_HOME else spot
        found.append(replace(one, travel_minutes=problem.minutes_between(here[day], there)))
        here[day] = there
    return tuple(found)


def _day_of(problem: Problem, one: Assignment) -> int | None:
    """The person-day that an assignment begins in; None outside everybody's hours."""
    minute = problem.minute(one.starts_at)
    days = problem.days_of.get(one.person_id, ())
    return next((day for day in days if problem.days[day].starts <= minute < problem.days[day].latest_end), None)


def _why_not(plan: Plan, wish: Wish) -> str:
    reasons = next((one.reasons for one in plan.unplaced if one.visit_id == wish.visit_id), ())
    return "; ".join(one.text for one in reasons)
