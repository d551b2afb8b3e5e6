"""The ascent's prices are better than those it begins with, and every day's share of its tours is as it should be."""

from itertools import pairwise

import numpy as np
import pytest

from benchmarks.instances import Recipe, make
from scheduler.search import first, search
from scheduler.search.ascent import Tours, _falling
from scheduler.search.lower import Bounding
from scheduler.state import State
from scheduler.stop import MaxIterations
from scheduler.tour import Touring


@pytest.fixture(scope="module")
def planned() -> State:
    touring = Touring(make(Recipe(60, 8, 1)))
    return search(touring, first(touring, 1), MaxIterations(5_000), 1)


def test_a_few_steps_bring_the_bound_near_the_plan_without_any_linear_program(planned: State) -> None:
    bounds: list[int] = []
    with Bounding(planned.touring, [planned.solution()], (), 1) as bounding:
        bounding.go_on(lambda: False, 12, bounds.append)
        assert not bounding.master.boxed
    assert all(one < other for one, other in pairwise(bounds))
    assert len(bounds) > 3
    assert 0.9 * planned.objective() <= bounds[-1] <= planned.objective()


def test_the_bound_is_the_same_however_many_threads_there_are(planned: State) -> None:
    found = []
    for threads in (1, 3):
        with Bounding(planned.touring, [planned.solution()], (), threads) as bounding:
            bounding.go_on(lambda: False, 6)
            found.append(bounding.bounded())
    assert (found[0].cents, found[0].worth_cents) == (found[1].cents, found[1].worth_cents)


def test_pricing_that_is_broken_off_proves_nothing(planned: State) -> None:
    with Bounding(planned.touring, [planned.solution()], (), 1) as bounding:
        everyone, zero = bounding.everyone, np.zeros(len(bounding.limits), dtype=np.int64)
        assert len(everyone) > 8
        assert not bounding.pricer.price(bounding.centre, zero, lambda: True, everyone)
        assert bounding.pricer.price(bounding.centre, zero, lambda: False, everyone)


def test_a_day_takes_its_best_tour_where_the_maximum_is_hardly_soft(planned: State) -> None:
    with Bounding(planned.touring, [planned.solution()], (), 1) as bounding:
        bounding.go_on(lambda: False, 2)
        shelf = bounding.master.shelf
        worth = 2 * bounding.centre + np.arange(len(bounding.centre))
        none = np.zeros(len(bounding.limits), dtype=np.int64)
        used, _ = Tours.of(shelf, worth, none).used(worth.astype(np.float64), none.astype(np.float64), 1e-3)
        gains = shelf.all_gains(worth, np.zeros(shelf.days, dtype=np.int64), none)
    best: dict[int, int] = {}
    for number, gain in enumerate(gains.tolist()):
        day = shelf.column(number)[0]
        if gain > gains[best[day]] if day in best else gain > 0:
            best[day] = number
    wanted = np.bincount([v for number in best.values() for v in shelf.column(number)[1]], minlength=len(worth))
    assert best
    np.testing.assert_allclose(used, wanted, atol=1e-6)


def test_a_soft_maximum_falls_about_as_the_exponential_function() -> None:
    powers = np.array([0.0, -0.5, -2.0, -5.0, -2000.0])
    np.testing.assert_allclose(_falling(powers), np.exp(powers), rtol=0.02)
