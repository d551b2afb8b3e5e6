"""Which resources are tight: what more of each would save, by the dual prices of the bound's linear program.

The program sees tours of whole days with every rule of a day (``search/lower.py``), and lets them be cut into shares.
Its prices say where to look and about how much is in it; they are not what is saved to the cent, and they hold for a
little more, not for a lot. Where days hold dozens of short visits, their tours cannot be gone through: then the plain
relaxation of ``bound.py`` gives prices of hours.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from muster.ids import PersonId, VisitId
from muster.plan import Plan
from muster.words import amount
from scheduler.assemble import solution_of
from scheduler.bound import day_prices
from scheduler.insertion import Inserter
from scheduler.problem import Problem
from scheduler.search import Bounded, is_warm, prove, warm_up
from scheduler.skills import SPEAKS
from scheduler.tour import Touring

WORTH_TELLING_CENTS = 100
"""Prices below this are noise."""


class Scarce(StrEnum):
    """What can be tight."""

    PERSON = "person"
    LIMIT = "limit"
    SKILL = "skill"
    VISIT = "visit"


@dataclass(frozen=True, slots=True)
class Tight:
    """One thing of which more would save something.

    Attributes:
        cents: what one more would save: a day of a person, an hour of a limit, a day of a skill; for a visit what it
            costs to serve it at the margin. An hour of a person or skill where there are no prices of days.
        text: the sentence for the manager.
    """

    kind: Scarce
    name: str
    cents: int
    text: str
    person_id: PersonId | None = None
    visit_id: VisitId | None = None
    year: int = 0
    week: int = 0


@dataclass(frozen=True, slots=True)
class _Prices:
    """Of more of each thing, in cents; ``unit`` is what more of a person is."""

    unit: str
    day_cents: tuple[float, ...]
    cap_cents_per_minute: tuple[float, ...]
    worth_cents: tuple[float, ...]


def tight(problem: Problem, plan: Plan, seconds: float = 5.0) -> tuple[Tight, ...]:
    """What more would save, the dearest first within each kind; empty where nothing is short.

    Args:
        problem: that the plan is of.
        plan: whose tours the program begins with.
        seconds: for its prices; a better plan and more seconds make them better. The first call on a machine
            compiles for two minutes of one core besides.
    """
    touring = Touring(problem)
    if not problem.days:
        return ()
    if not is_warm():
        warm_up()
    cheapest = _cheapest_labour(touring)
    spare = max(0.0, plan.objective - sum(cheapest))
    proved = prove(touring, [solution_of(touring, plan)], seconds)
    found = _of_days(proved) if proved.cents > 0 or not sum(cheapest) else _of_hours(touring, seconds)
    found = _at_most(found, spare, cheapest)
    told = [
        *_people(problem, found),
        *_skills(problem, plan, found),
        *_limits(problem, found),
        *_visits(problem, plan, found),
    ]
    kinds = list(Scarce)
    worth = [one for one in told if one.cents >= WORTH_TELLING_CENTS]
    return tuple(sorted(worth, key=lambda one: (kinds.index(one.kind), -one.cents, one.year, one.week, one.name)))


def _cheapest_labour(touring: Touring) -> list[int]:
    """What each visit costs at least, or what leaving it out costs where that is less."""
    unplaced = touring.arrays.visits.unplaced_cents.tolist()
    labour = [sorted(int(row[visit]) for row in touring.placing) for visit in range(len(unplaced))]
    return [min(sum(labour[v][:people]), unplaced[v]) for v, people in enumerate(touring.people)]


def _of_days(proved: Bounded) -> _Prices:
    return _Prices("day like", proved.day_cents, proved.cap_cents_per_minute, proved.worth_cents)


def _of_hours(touring: Touring, seconds: float) -> _Prices:
    """Prices of the plain relaxation: of an hour on each day, and none of limits and visits.

    For plans whose days hold so many short visits that their tours cannot be gone through in the time.
    """
    minutes = day_prices(touring, Inserter(touring).possible_days(), seconds)
    caps, visits = len(touring.problem.caps), len(touring.problem.demands)
    return _Prices("hour of", tuple(60 * float(one) for one in minutes), (0.0,) * caps, (0.0,) * visits)


def _at_most(found: _Prices, spare: float, cheapest: list[int]) -> _Prices:
    """Prices cut to what can be saved at all: what the plan costs above the cheapest labour of every visit.

    Where a plan just fits, the program's prices say what it would lose with less, not what it would gain with more.
    """
    return replace(
        found,
        day_cents=tuple(min(one, spare) for one in found.day_cents),
        cap_cents_per_minute=tuple(min(one, spare / 60) for one in found.cap_cents_per_minute),
        worth_cents=tuple(min(one, spare + least) for one, least in zip(found.worth_cents, cheapest, strict=True)),
    )


def _people(problem: Problem, found: _Prices) -> Iterator[Tight]:
    """Each person's week, by its best day."""
    best: dict[tuple[int, int, int], float] = {}
    for number, day in enumerate(problem.days):
        year, week, _ = day.day.isocalendar()
        key = (day.person, year, week)
        best[key] = max(best.get(key, 0.0), found.day_cents[number])
    for (person, year, week), cents in best.items():
        who = problem.people[person]
        name = who.name if found.unit == "hour of" else f"{who.name}'s"
        text = f"one more {found.unit} {name} in week {week} would save about {amount(round(cents))}"
        yield Tight(Scarce.PERSON, who.name, round(cents), text, who.id, year=year, week=week)


def _skills(problem: Problem, plan: Plan, found: _Prices) -> Iterator[Tight]:
    """Each skill in each region, by the best day of anybody who has it, where visits of the plan ask for it."""
    wanted = Counter(
        (skill, demand.region) for demand in problem.demands for skill in demand.visit.skills or frozenset({""})
    )
    out = {one.visit_id for one in plan.unplaced}
    lost = Counter((s, d.region) for d in problem.demands if d.visit.id in out for s in d.visit.skills or {""})
    for (skill, region), visits in wanted.items():
        days = [
            (found.day_cents[number], day.day.isocalendar())
            for number, day in enumerate(problem.days)
            if not skill or skill in problem.people[day.person].skills
            if not region or problem.people[day.person].region == region
        ]
        cents, week = max(days, default=(0.0, None))
        where = f" in {region}" if region else ""
        if week is None:
            price = sum(
                d.unplaced_cents
                for d in problem.demands
                if d.visit.id in out and d.region == region and skill in d.visit.skills
            )
            text = f"{_nobody_has(problem, skill, region)}: {_left_out_of(lost[skill, region], visits)}"
            yield Tight(Scarce.SKILL, f"{skill}{where}", price, text)
            continue
        left = f", {lost[skill, region]} of its {visits} visits are left out" if lost[skill, region] else ""
        what = f"somebody who {skill}" if skill.startswith(SPEAKS) else skill or "any"
        more = f"one more {found.unit.split()[0]} of {what}{where} in week {week.week}"
        text = f"{more} would save about {amount(round(cents))}{left}"
        yield Tight(Scarce.SKILL, f"{what}{where}", round(cents), text, year=week.year, week=week.week)


def _nobody_has(problem: Problem, skill: str, region: str) -> str:
    """A skill or language that is missing: everywhere, or only among those who live in a region."""
    anywhere = any(skill in person.skills for person in problem.people)
    who = f"nobody who lives in {region}" if region and anywhere else "nobody"
    if skill.startswith(SPEAKS):
        return f"{who} speaks {skill.removeprefix(SPEAKS)}"
    return f"{who} has {skill}"


def _left_out_of(lost: int, visits: int) -> str:
    """Of the visits that ask for it, how many are left out."""
    if lost == visits:
        return f"{visits} {'visit is' if visits == 1 else 'visits are'} left out"
    return f"{lost} of {visits} visits {'is' if lost == 1 else 'are'} left out"


def _limits(problem: Problem, found: _Prices) -> Iterator[Tight]:
    """Agreements and hours a day or week."""
    for cap, price in zip(problem.caps, found.cap_cents_per_minute, strict=True):
        cents = round(60 * price)
        text = f"an hour more of the limit of {cap.name} would save about {amount(cents)}"
        yield Tight(Scarce.LIMIT, cap.name, cents, text.replace("the limit of agreement", "the agreement"))


def _visits(problem: Problem, plan: Plan, found: _Prices) -> Iterator[Tight]:
    """The visits that cost far more than their work: what they push aside is in it."""
    placed = {one.visit_id for one in plan.assignments}
    for number, demand in enumerate(problem.demands):
        if demand.visit.id not in placed:
            continue
        cents = round(found.worth_cents[number]) * demand.visit.people
        rates = [person.rate_cents_per_hour for person in problem.people] or [0]
        if cents > 3 * demand.visit.effort_minutes * demand.visit.people * max(rates) / 60:
            text = f"{demand.visit.id} costs about {amount(cents)} to serve, with what it pushes aside"
            yield Tight(Scarce.VISIT, str(demand.visit.id), cents, text, visit_id=demand.visit.id)
