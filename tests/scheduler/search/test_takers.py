from dataclasses import replace
from random import Random

import pytest

from benchmarks.instances import Recipe, make
from scheduler.arrays import NOBODY
from scheduler.problem import Problem
from scheduler.search.regions import parts_of
from scheduler.search.takers import MOST_TAKERS, Takers
from scheduler.state import State
from scheduler.tour import Touring


def short(problem: Problem) -> Problem:
    """The same with so short days without a rest that far visits are out of reach, and legs limited for half."""
    return replace(
        problem,
        days=tuple(
            replace(
                day,
                ends=day.starts + 150,
                overtime_minutes=50,
                rest=None,
                blocked=(),
                max_leg_minutes=40 if day.person % 2 else None,
            )
            for day in problem.days
        ),
    )


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_who_may_do_a_visit_alone_is_told_as_by_every_tour_with_that_visit_alone(seed: int) -> None:
    problem = short(make(Recipe(80, 10, seed)))
    touring = Touring(problem)
    takers = Takers(touring)
    differing = 0
    for visit in range(len(problem.demands)):
        if touring.people[visit] > 1 or touring.spot[visit] == NOBODY:
            continue
        able = {p for p in takers.people.tolist() if touring.arrays.visits.allowed[p, visit]}
        alone = {
            day.person
            for number, day in enumerate(problem.days)
            if day.person in able and touring.tour(number, (visit,)) is not None
        }
        nearest, by_themselves = takers.of(visit)
        assert set(nearest) == able
        assert set(by_themselves) == alone
        differing += bool(alone) and alone != able
    assert differing > 3


def test_a_visit_that_is_out_is_tried_in_the_parts_of_several_who_could_come() -> None:
    problem = short(make(Recipe(160, 16, 3)))
    touring = Touring(problem)
    takers = Takers(touring)
    tried: dict[int, set[int]] = {}
    for seed in range(12):
        for visits, of_part in parts_of(touring, State.empty(touring), 10, Random(seed), takers):  # noqa: S311 - no secret
            people = {problem.days[day].person for day in of_part}
            for visit in visits:
                tried.setdefault(visit, set()).update(people)
    chosen = [visit for visit in tried if touring.spot[visit] >= 0 and takers.of(visit)[1]]
    assert len(chosen) > 30
    assert all(tried[visit] & set(takers.of(visit)[1][:MOST_TAKERS]) for visit in chosen)
    several = [visit for visit in chosen if len(takers.of(visit)[1]) > 1]
    assert len(several) > 10
    assert sum(len(tried[visit] & set(takers.of(visit)[1])) > 1 for visit in several) > len(several) // 2


def test_a_visit_that_nobody_may_do_is_in_some_part_and_the_first_plan_has_it_with_who_lives_nearest() -> None:
    problem = make(Recipe(40, 6, 2))
    touring = Touring(problem)
    touring.arrays.visits.allowed[:, 7] = False
    takers = Takers(touring)
    assert takers.of(7) == ([], [])
    assert takers.draw(7, Random(1)) == takers.nearest(7) == int(takers.people[0])  # noqa: S311 - no secret
    homes = {day.person: day.start_spot for day in problem.days}
    for visit in (v for v in range(40) if touring.spot[v] >= 0 and takers.of(v)[0]):
        away = {p: int(touring.arrays.travel[touring.spot[visit], homes[p]]) for p in takers.of(visit)[0]}
        assert away[takers.nearest(visit)] == min(away.values())
