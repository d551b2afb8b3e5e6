"""What pricing says that a day gains is what the best of all its tours gains; where it gives up, it is no less."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.instances import Recipe, make
from scheduler.search.lower import Pricer, closed_travel, speed_of
from scheduler.search.part import raw_of_everything
from scheduler.search.pricing import UNITS
from scheduler.search.records import Ints
from scheduler.search.tracks import Crowd
from scheduler.tour import Touring
from tests.scheduler.problems import random_problem


def gain_of(touring: Touring, day: int, visits: tuple[int, ...], worth: Ints, cap_price: Ints) -> int | None:
    """What a tour truly gains, in sixtieths of a cent; None where it cannot be kept."""
    tour = touring.tour(day, visits)
    if tour is None:
        return None
    gained = int(worth[list(visits)].sum()) - UNITS * tour.cents
    for number, cap in enumerate(touring.problem.caps):
        if day in cap.days:
            minutes = tour.effort_minutes + (tour.travel_minutes if cap.counts_travel else 0)
            gained -= minutes * int(cap_price[number])
    return gained


def most_by_any_order(touring: Touring, day: int, worth: Ints, cap_price: Ints) -> int:
    """The gain of the best of all tours of a day, 0 for none: every order of all visits, and no model of the day."""
    best, person = 0, touring.problem.days[day].person
    begun: list[tuple[int, ...]] = [()]
    while begun:
        visits = begun.pop()
        for visit in range(len(worth)):
            if visit in visits or not touring.arrays.visits.allowed[person, visit]:
                continue
            gained = gain_of(touring, day, (*visits, visit), worth, cap_price)
            if gained is not None:
                best = max(best, gained)
                begun.append((*visits, visit))
    return best


def priced(touring: Touring, worth: Ints, cap_price: Ints, nodes: int, known: Ints | None = None) -> Pricer:
    raw = raw_of_everything(touring)
    pricer = Pricer(raw, Crowd(1), closed_travel(touring, raw), speed_of(touring))
    pricer.nodes[:] = nodes
    pricer.price(worth, cap_price, lambda: False, np.arange(len(raw.day), dtype=np.int64), known)
    return pricer


def drawn_prices(touring: Touring, seed: int) -> tuple[Ints, Ints]:
    draw = np.random.default_rng(seed)
    dearest = touring.arrays.visits.unplaced_cents // np.array(touring.people)
    worth = UNITS * np.minimum(draw.integers(0, 60_000, len(dearest)), dearest)
    return worth, draw.integers(0, 50 * UNITS, len(touring.problem.caps))


@pytest.mark.parametrize("number", [0, 5, 33])
def test_ways_over_a_spot_whose_place_nobody_has_told_are_no_shortcuts_any_more(
    number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    problem = make(Recipe(60, 8, 1))
    spots = tuple(replace(spot, place=None) if n == number else spot for n, spot in enumerate(problem.spots))
    touring = Touring(replace(problem, spots=spots))
    raw = raw_of_everything(touring)
    every_way = closed_travel(touring, raw)
    monkeypatch.setattr("scheduler.search.lower.MOST_SPOTS", 5)
    np.testing.assert_array_equal(closed_travel(touring, raw), every_way)
    assert (every_way < raw.travel).any()


@pytest.mark.parametrize("seed", range(80))
def test_the_gain_of_a_spiteful_day_is_that_of_its_best_tour(seed: int) -> None:
    touring = Touring(random_problem(seed, visits=6))
    worth, cap_price = drawn_prices(touring, seed)
    pricer = priced(touring, worth, cap_price, 10**6)
    rounding = UNITS * (pricer.tours.shape[1] + 2)  # each leg is rounded by a cent at most
    for day in range(len(touring.problem.days)):
        truly = most_by_any_order(touring, day, worth, cap_price)
        assert pricer.gain[day] >= truly
        assert pricer.tours[day, -1] == 0
        if not touring.has_shortcuts:
            assert pricer.gain[day] <= truly + rounding


@pytest.mark.parametrize("seed", range(20))
def test_a_known_gain_changes_nothing_but_that_no_lesser_tour_is_looked_for(seed: int) -> None:
    touring = Touring(random_problem(1000 + seed, visits=6))
    worth, cap_price = drawn_prices(touring, seed)
    gain = priced(touring, worth, cap_price, 10**6).gain
    for share in (0.0, 0.9, 1.0):
        assert (priced(touring, worth, cap_price, 10**6, (share * gain).astype(np.int64)).gain == gain).all()


@pytest.mark.parametrize("seed", range(3))
def test_tours_that_are_found_gain_what_is_told_and_few_beginnings_never_tell_less(seed: int) -> None:
    touring = Touring(make(Recipe(80, 8, seed)))
    draw = np.random.default_rng(seed)
    efforts = touring.arrays.visits.effort
    worth = UNITS * (efforts * draw.integers(100, 240, len(efforts))).astype(np.int64)
    cap_price = draw.integers(0, 20 * UNITS, len(touring.problem.caps))
    whole, few = priced(touring, worth, cap_price, 10**6), priced(touring, worth, cap_price, 3)
    assert (few.gain >= whole.gain).all()
    found = dict(whole.found())
    for day, visits in found.items():
        gained = gain_of(touring, day, visits, worth, cap_price)
        assert gained is not None
        assert whole.gain[day] - UNITS * (len(visits) + 3) - 30 * whole.tours.shape[1] <= gained <= whole.gain[day]
    assert len(found) > 10
