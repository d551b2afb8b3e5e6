"""Worlds that change at random: every choice can be kept, places no less than the least, and keeps what was told."""

from collections.abc import Mapping
from dataclasses import replace
from random import Random

import pytest

from muster.ids import VisitId
from muster.plan import Plan
from scheduler.problem import Demand, Problem, Span
from scheduler.replan import Freedom, replan
from scheduler.solve import COMPILED_FROM, solve
from scheduler.stop import MaxIterations
from scheduler.validate import violations
from tests.scheduler.problems import random_problem

SHIFT_SHARE = 0.1
"""Of the visits: that may begin later only; as many take longer."""
SMALL_STEPS = 30
COMPILED_STEPS = 3_000
"""Of a search: a step of the small one takes a hundred times as long."""


def places(plan: Plan) -> Mapping[VisitId, list[tuple[str, object]]]:
    """Who is where and when."""
    found: dict[VisitId, list[tuple[str, object]]] = {}
    for made in plan.assignments:
        found.setdefault(made.visit_id, []).append((str(made.person_id), made.starts_at))
    return {visit_id: sorted(team, key=str) for visit_id, team in found.items()}


def with_visits(of: Problem, demands: list[Demand]) -> Problem:
    """Only these visits, and no rule about others."""
    there = {demand.visit.id for demand in demands}
    cut = (replace(d, visit=replace(d.visit, after=tuple(v for v in d.visit.after if v in there))) for d in demands)
    return replace(
        of,
        demands=tuple(cut),
        pins=tuple(pin for pin in of.pins if pin.visit_id in there),
        previous=tuple(one for one in of.previous if one.visit_id in there),
    )


def without_days_of(of: Problem, person: int) -> Problem:
    """Somebody is away all the time."""
    left = [number for number, day in enumerate(of.days) if day.person != person]
    new = {number: turn for turn, number in enumerate(left)}
    caps = (replace(cap, days=tuple(new[n] for n in cap.days if n in new)) for cap in of.caps)
    return replace(of, days=tuple(of.days[n] for n in left), caps=tuple(cap for cap in caps if cap.days))


def changed(of: Problem, random: Random) -> Problem:
    """Some visits are gone, later or longer; somebody is away; agreements cover less."""
    demands = []
    for demand in of.demands:
        drawn = random.random()
        if drawn < SHIFT_SHARE:
            later = tuple(
                Span(s.starts + random.randint(0, 300), s.ends) for s in demand.spans if s.ends > s.starts + 400
            )
            demands.append(replace(demand, spans=later or demand.spans))
        elif drawn < 2 * SHIFT_SHARE:
            longer = demand.visit.effort_minutes + random.randint(1, 60)
            demands.append(replace(demand, visit=replace(demand.visit, effort_minutes=longer)))
        elif drawn < 1 - SHIFT_SHARE / 2:
            demands.append(demand)
    world = with_visits(of, demands)
    if world.days and random.random() < 0.6:
        world = without_days_of(world, random.choice(world.days).person)
    if random.random() < 0.3:
        world = replace(world, caps=tuple(replace(c, minutes=int(c.minutes * 0.7)) for c in world.caps))
    return world


def judge(seed: int, *, visits: int, people: int, days: int) -> None:
    """Plan, change the world, replan in every way, and look at every choice."""
    random = Random(seed)  # noqa: S311 - a drawing
    of = random_problem(seed, visits=visits, people=people, days=days)
    known = with_visits(of, list(of.demands[: max(1, len(of.demands) - random.randint(0, 3))]))
    stop = MaxIterations(COMPILED_STEPS if len(known.demands) >= COMPILED_FROM else SMALL_STEPS)
    plan = solve(known, stop, seed, with_reasons=False)
    world = changed(of, random)
    share = random.choice([0.0, 0.3, 1.0])
    told = [visit_id for visit_id in sorted(places(plan)) if random.random() < share]
    choices = replan(world, plan, stop, seed, promised=told, freedoms=tuple(Freedom)).choices
    assert choices[0].stayed_share == 1.0
    before, least = places(plan), places(choices[0].plan)
    kept = [visit_id for visit_id in told if least.get(visit_id) == before[visit_id]]
    for choice in choices:
        assert violations(world, choice.plan) == (), choice.freedom
        assert len(choice.plan.unplaced) <= len(choices[0].plan.unplaced), choice.freedom
        now = places(choice.plan)
        assert [visit_id for visit_id in kept if now.get(visit_id) != before[visit_id]] == [], choice.freedom


# The last seeds, here and below: where a replan without one of its guards moves or drops what was told.
@pytest.mark.parametrize("seed", [*range(30), 175])
def test_small_worlds(seed: int) -> None:
    judge(seed, visits=12, people=4, days=3)


@pytest.mark.parametrize("seed", [*range(7), 178, 183])
def test_worlds_for_the_compiled_search(seed: int) -> None:
    judge(seed, visits=160, people=8, days=4)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(30, 330))
def test_hundreds_of_small_worlds(seed: int) -> None:
    judge(seed, visits=12, people=4, days=3)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(7, 210))
def test_hundreds_of_worlds_for_the_compiled_search(seed: int) -> None:
    judge(seed, visits=160, people=8, days=4)
