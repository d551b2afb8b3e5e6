"""Labels find what going through every tour finds, and what they prove is never too low."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.instances import Recipe, make
from scheduler.search import ahead, behind, pricing, sieve
from scheduler.search.desk import FAR, Desk
from scheduler.search.detours import charges, without_shortcuts
from scheduler.search.labels import FOUND, LOST, best_by_labels
from scheduler.search.lower import Pricer
from scheduler.search.part import raw_of_everything
from scheduler.search.records import Ints
from scheduler.search.tracks import Crowd
from scheduler.tour import Touring
from scheduler.travel import SpeedTravel
from tests.scheduler.problems import random_problem

FLOOR, WIDTH = 0, 5


@dataclass
class Laid:
    """A day laid out on a desk, with so many rows to choose from."""

    pricer: Pricer
    desk: Desk
    day: int
    rows: int
    rate: int


def laid(touring: Touring, day: int, worth: Ints, *, through_the_sieve: bool = True) -> Laid:
    raw = raw_of_everything(touring)
    pricer = Pricer(raw, Crowd(1), without_shortcuts(raw.travel))
    desk, model = pricer.desks[0], pricer.model
    rate = int(model.day[day]["travel_rate"])
    rows = sieve.begin_rows(model, pricer.pairs, desk, day, worth, rate, 0)
    if through_the_sieve:
        rows = sieve.sift(model, desk, day, rows, rate, FLOOR)
    for row in range(rows):
        ahead.write_over(model, desk, day, row)
    sieve.link(model, desk, day, rows, rate, FLOOR if through_the_sieve else FAR)
    ahead.bound_ahead(model, desk, day, rows, rate, WIDTH)
    if through_the_sieve:
        behind.let_go(model, desk, day, rows, FLOOR)
    return Laid(pricer, desk, day, rows, rate)


def by_hand(on: Laid) -> int:
    """Every tour gone through."""
    return pricing.explore(on.pricer.model, on.desk, on.day, on.rows, on.rate, WIDTH, FLOOR, 10**7)


def by_labels(on: Laid, room: int = 10**6) -> int:
    most = pricing.explore(on.pricer.model, on.desk, on.day, on.rows, on.rate, WIDTH, FLOOR, 1)
    return best_by_labels(on.pricer.model, on.desk, on.day, on.rows, on.rate, WIDTH, FLOOR, most, room)


@pytest.mark.parametrize("seed", range(6))
def test_rows_and_arcs_that_are_let_go_are_of_no_tour_that_gains(seed: int) -> None:
    touring = Touring(make(Recipe(60, 8, seed)))
    efforts = touring.arrays.visits.effort
    worth = pricing.UNITS * (efforts * np.random.default_rng(seed).integers(100, 240, len(efforts))).astype(np.int64)
    fewer = 0
    for day in range(0, len(touring.problem.days), 4):
        whole = by_hand(every := laid(touring, day, worth, through_the_sieve=False))
        sifted = laid(touring, day, worth)
        assert (by_hand(sifted) if sifted.rows else FLOOR) == whole
        fewer += int(sifted.rows < every.rows)
    assert fewer > 3


def test_what_a_place_adds_to_a_way_is_the_same_by_the_model_and_by_looking() -> None:
    touring = Touring(make(Recipe(60, 8, 1)))
    raw = raw_of_everything(touring)
    travel = without_shortcuts(raw.travel, 0)
    by_speed, _ = charges(travel, raw.row["spot"], SpeedTravel())
    looked_at, share = charges(travel, raw.row["spot"], None)
    assert (by_speed <= looked_at).all()
    assert by_speed.max() == 11
    assert (share <= looked_at).all()


@settings(max_examples=60)
@given(st.integers(0, 10**9))
def test_on_spiteful_days_they_find_the_best_tour(seed: int) -> None:
    touring = Touring(random_problem(seed, visits=9))
    draw = np.random.default_rng(seed)
    worth = pricing.UNITS * draw.integers(0, 60_000, len(touring.problem.demands))
    for day in range(len(touring.problem.days)):
        on = laid(touring, day, worth)
        if on.rows:
            assert by_labels(on) == by_hand(on)


@pytest.mark.parametrize("seed", range(4))
def test_on_days_of_a_campaign_they_find_the_best_tour(seed: int) -> None:
    touring = Touring(make(Recipe(60, 8, seed)))
    draw = np.random.default_rng(seed)
    efforts = touring.arrays.visits.effort
    worth = pricing.UNITS * (efforts * draw.integers(100, 260, len(efforts))).astype(np.int64)
    compared = 0
    for day in range(0, len(touring.problem.days), 5):
        on = laid(touring, day, worth, through_the_sieve=False)
        if on.rows > 5:
            assert by_labels(on) == by_hand(on)
            compared += 1
    assert compared > 3


def test_without_room_what_they_prove_is_too_high_and_never_too_low() -> None:
    touring = Touring(make(Recipe(60, 8, 1)))
    worth = (pricing.UNITS * touring.arrays.visits.effort * 220).astype(np.int64)
    lost = 0
    for day in range(0, len(touring.problem.days), 5):
        on = laid(touring, day, worth, through_the_sieve=False)
        if on.rows:
            best = by_hand(on)
            assert by_labels(on, room=5) >= best
            assert on.desk.counts[FOUND] <= best
            lost += int(on.desk.counts[LOST] > 0)
    assert lost > 3
