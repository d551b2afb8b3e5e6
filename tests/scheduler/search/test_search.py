from dataclasses import replace
from random import Random

import pytest

from benchmarks.instances import Recipe, make
from scheduler.assemble import plan_of
from scheduler.problem import Cap
from scheduler.search import first, search
from scheduler.search.part import Part
from scheduler.search.regions import parts_of
from scheduler.stop import Cancelled, MaxIterations
from scheduler.tour import Touring
from scheduler.validate import violations

RECIPES = [
    Recipe(60, 8, 1),
    Recipe(60, 5, 2, team_share=0.1, order_share=0.2),
    Recipe(120, 10, 3, remote_share=0.5),
    Recipe(90, 4, 4),
]


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda r: f"{r.visits}-{r.people}-{r.seed}")
def test_the_validator_accepts_the_plan_and_agrees_with_its_price(recipe: Recipe) -> None:
    touring = Touring(make(recipe))
    begun = first(touring, 7)
    state = search(touring, begun, MaxIterations(3000), 7)
    assert state.objective() <= begun.objective()
    plan = plan_of(touring, state.solution(), bound=None, seed=7, seconds=0.0, with_reasons=False)
    assert not violations(touring.problem, plan)


def test_the_same_seed_gives_the_same_plan() -> None:
    touring = Touring(make(RECIPES[0]))
    begun = first(touring, 1)
    one, same, other = (search(touring, begun, MaxIterations(2000), seed).solution() for seed in (1, 1, 2))
    assert one == same
    assert one.objective <= begun.objective()
    assert other != one


def test_a_search_that_is_stopped_at_once_gives_back_its_start() -> None:
    touring = Touring(make(RECIPES[0]))
    begun = first(touring, 1)
    assert search(touring, begun, Cancelled(lambda: True), 1).solution() == begun.solution()


def test_the_search_can_be_stopped_in_the_middle_and_then_gives_what_it_has() -> None:
    touring = Touring(make(RECIPES[0]))
    begun = first(touring, 1)
    asked = []

    def enough() -> bool:
        asked.append(1)
        return len(asked) > 4

    state = search(touring, begun, Cancelled(enough), 1)
    assert len(asked) < 8
    assert state.objective() <= begun.objective()


def test_parts_hold_every_visit_and_every_day_once() -> None:
    touring = Touring(make(Recipe(200, 20, 3)))
    state = first(touring, 1)
    split = parts_of(touring, state, 50, Random(1))  # noqa: S311 - no secret
    assert len(split) > 2
    assert sorted(visit for visits, _ in split for visit in visits) == list(range(200))
    assert sorted(day for _, days in split for day in days) == list(range(len(touring.problem.days)))


def test_searching_in_parts_gives_a_plan_that_the_validator_accepts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scheduler.search.run.PART_VISITS", 60)
    touring = Touring(make(Recipe(200, 20, 3, team_share=0.05)))
    begun = first(touring, 1)
    state = search(touring, begun, MaxIterations(8000), 1)
    plan = plan_of(touring, state.solution(), bound=None, seed=1, seconds=0.0, with_reasons=False)
    assert not violations(touring.problem, plan)
    assert state.objective() < begun.objective()


def test_visits_that_share_a_day_with_the_part_are_not_moved() -> None:
    touring = Touring(make(Recipe(60, 6, 2)))
    state = first(touring, 1)
    placed = sorted(state.days_of)
    before = {visit: state.days_of[visit] for visit in placed[10:]}
    part = Part(touring, state, 1, placed[:10])
    part.search.anneal(500, 1000.0, 100.0)
    part.write()
    assert {visit: state.days_of[visit] for visit in placed[10:]} == before


def test_parts_that_are_searched_at_once_share_what_is_left_of_a_cap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scheduler.search.run.PART_VISITS", 50)
    free = make(Recipe(160, 16, 3))
    everything = tuple(range(len(free.days)))
    worked = first(Touring(free), 1)
    minutes = sum(tour.effort_minutes for tour in worked.tours if tour is not None)
    touring = Touring(replace(free, caps=(*free.caps, Cap("all together", everything, minutes // 2))))
    state = search(touring, first(touring, 1), MaxIterations(8000), 1)
    plan = plan_of(touring, state.solution(), bound=None, seed=1, seconds=0.0, with_reasons=False)
    assert not violations(touring.problem, plan)
    assert state.cap_used[-1] > 0.45 * minutes
