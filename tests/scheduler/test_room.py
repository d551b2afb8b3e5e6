"""Room for a visit that finds none: one goes elsewhere, or a whole day does, and nobody is left out for it."""

import pytest

from scheduler.insertion import Inserter
from scheduler.problem import Problem
from scheduler.room import make_room
from scheduler.tour import Touring
from tests.scheduler.problems import day, demand, person, problem
from tests.scheduler.states import state_of


def only_anna_can(*, others: int, effort: int) -> Problem:
    """Some visits that anybody can do, and one for a mac, which only Anna can do; Ben is dearer."""
    return problem(
        [*(demand(f"V-{n}", effort=effort) for n in range(others)), demand("mac", effort=400, skills=["mac"])],
        [person("Anna", skills=["linux", "mac"]), person("Ben", rate=9_000)],
        [day(0), day(1)],
    )


def test_whoever_stands_in_the_way_goes_to_somebody_else() -> None:
    of = only_anna_can(others=1, effort=400)
    touring = Touring(of)
    full = state_of(touring, {0: (0,)})
    roomy = make_room(Inserter(touring), full, [1], lambda _: 500, 9.0)
    assert roomy.days_of == {0: (1,), 1: (0,)}
    assert full.days_of == {0: (0,)}


def test_a_whole_day_is_cleared_where_one_visit_is_not_enough() -> None:
    of = only_anna_can(others=4, effort=60)
    touring = Touring(of)
    full = state_of(touring, {0: (0, 1, 2, 3)})
    roomy = make_room(Inserter(touring), full, [4], lambda _: 500, 9.0)
    assert roomy.days_of[4] == (0,)
    assert len(roomy.days_of) == 5


def test_nobody_is_left_out_for_another_and_what_stays_in_any_case_is_not_sent_away() -> None:
    touring = Touring(only_anna_can(others=2, effort=400))
    full = state_of(touring, {0: (0,), 1: (1,)})
    assert make_room(Inserter(touring), full, [2], lambda _: 500, 9.0).days_of == full.days_of
    touring = Touring(only_anna_can(others=1, effort=400))
    full = state_of(touring, {0: (0,)})
    assert make_room(Inserter(touring), full, [1], lambda _: -1, 9.0).days_of == full.days_of
    assert make_room(Inserter(touring), full, [1], lambda _: 500, -1.0).days_of == full.days_of


@pytest.mark.parametrize("free", [0, 1])
def test_rather_one_that_has_to_find_a_place_anyway(free: int) -> None:
    """Two visits stand with Anna and each could go to Ben."""
    touring = Touring(only_anna_can(others=2, effort=60))
    full = state_of(touring, {0: (0, 1)})
    roomy = make_room(Inserter(touring), full, [2], lambda visit: 0 if visit == free else 500, 9.0)
    assert roomy.days_of[2] == (0,)
    assert roomy.days_of[free] == (1,)
    assert roomy.days_of[1 - free] == (0,)
