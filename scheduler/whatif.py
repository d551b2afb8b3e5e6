"""What if: other worlds beside today's, each planned from today's plan and compared with it."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from muster.ids import PartnerId, PersonId
from muster.plan import Plan
from scheduler.diff import PlanDiff, diff
from scheduler.problem import Problem
from scheduler.search import is_warm, warm_up
from scheduler.search.tracks import cores, cores_at_most
from scheduler.solve import COMPILED_FROM, solve
from scheduler.stop import StopCriterion


@dataclass(frozen=True, slots=True)
class Outcome:
    """What would become of the plan in one other world."""

    name: str
    plan: Plan
    difference: PlanDiff

    @property
    def placed(self) -> int:
        """Visits that are placed there."""
        return len(self.plan.visits) - len(self.plan.unplaced)

    @property
    def moved(self) -> int:
        """Visits of both plans that somebody else does, or that are on another day."""
        return self.difference.elsewhere


def what_if(
    plan: Plan, worlds: Mapping[str, Problem], stop: Callable[[], StopCriterion], seed: int = 0
) -> tuple[Outcome, ...]:
    """Plan each world, beginning from today's plan.

    Where the compiled search plans them, as many worlds at a time as there are cores, each with its share of these:
    compiled code lets go of Python's lock. Smaller ones are planned one after the other.

    Args:
        plan: today's.
        worlds: by name; such as ``{"Ben is ill": without_person(problem, ben)}``.
        stop: makes a criterion for each world, because criteria remember.
        seed: of every random choice; the same in every world.
    """
    at_once = 1
    if is_warm() and any(len(problem.demands) >= COMPILED_FROM for problem in worlds.values()):
        warm_up()  # or the first world would pay for the loading of compiled code
        at_once = max(1, min(len(worlds), cores()))

    def lived(problem: Problem) -> Plan:
        with cores_at_most(max(1, cores() // at_once)):
            return solve(problem, stop(), seed, start=plan)

    if at_once == 1:
        made = [lived(problem) for problem in worlds.values()]
    else:
        with ThreadPoolExecutor(at_once, "muster-what-if") as pool:
            made = list(pool.map(lived, worlds.values()))
    return tuple(Outcome(name, one, diff(plan, one)) for name, one in zip(worlds, made, strict=True))


def without_person(problem: Problem, person_id: PersonId) -> Problem:
    """The world without somebody: the days are gone."""
    return _with_days(problem, {n for n, d in enumerate(problem.days) if problem.people[d.person].id != person_id})


def without_partner(problem: Problem, partner_id: PartnerId) -> Problem:
    """The world without a partner: the days of its people are gone."""
    return _with_days(
        problem, {n for n, d in enumerate(problem.days) if problem.people[d.person].partner_id != partner_id}
    )


def with_overtime(problem: Problem, minutes: int) -> Problem:
    """The world in which everybody of the company itself may be asked for so much more overtime a day."""
    days = tuple(
        replace(day, overtime_minutes=day.overtime_minutes + minutes)
        if problem.people[day.person].partner_id is None
        else day
        for day in problem.days
    )
    return replace(problem, days=days)


def with_capacity(problem: Problem, partner_id: PartnerId, minutes: int) -> Problem:
    """The world in which a partner's agreement covers so many minutes more."""
    caps = tuple(
        replace(cap, minutes=cap.minutes + minutes) if cap.partner_id == partner_id else cap for cap in problem.caps
    )
    return replace(problem, caps=caps)


def _with_days(problem: Problem, kept: set[int]) -> Problem:
    """Some of the days only; caps count what is left of theirs."""
    numbers = sorted(kept)
    new = {old: number for number, old in enumerate(numbers)}
    caps = tuple(replace(cap, days=tuple(new[d] for d in cap.days if d in new)) for cap in problem.caps)
    return replace(problem, days=tuple(problem.days[n] for n in numbers), caps=caps)
