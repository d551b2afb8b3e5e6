"""The estimate's percentiles hold for what it has not seen, in worlds that are not its own model; pooling is sane."""

import math
from statistics import mean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.campaign import NATURES, Nature, Nurture, pushes_judged, under, visits_judged
from scheduler.pooling import LEVEL_SHARES, Measured, pool

WORLDS = range(16)
KIND = ("windows", "server", "windows 2022")


@pytest.mark.parametrize("nature", NATURES, ids=lambda nature: nature.name)
def test_of_hosts_that_were_not_seen_about_80_percent_stay_under_p80(nature: Nature) -> None:
    shares = [under(pushes_judged(Nurture(nature, seed), 40, 60), 0.8) for seed in WORLDS]
    assert 0.72 < mean(shares) < 0.88


@pytest.mark.parametrize("nature", NATURES[:2], ids=lambda nature: nature.name)
def test_of_visits_that_were_not_seen_about_80_percent_stay_under_p80(nature: Nature) -> None:
    shares = [under(visits_judged(Nurture(nature, seed), 12, 40), 0.8) for seed in WORLDS[:10]]
    assert 0.68 < mean(shares) < 0.92


@settings(max_examples=60)
@given(st.floats(-1, 6), st.lists(st.floats(-3, 8), min_size=1, max_size=12), st.integers(1, 12))
def test_a_mean_lies_between_the_guess_and_what_was_measured(guess: float, logs: list[float], times: int) -> None:
    learned = pool(guess, {KIND: [Measured(value) for value in logs] * times}).of(KIND)
    assert min(guess, *logs) - 1e-6 <= learned.centre <= max(guess, *logs) + 1e-6
    assert 0 < learned.shared < learned.own * sum(LEVEL_SHARES) * 8
    assert learned.measured == len(logs) * times


@settings(max_examples=40)
@given(st.lists(st.floats(1, 4), min_size=1, max_size=20))
def test_what_is_nearer_in_the_tree_is_never_less_sure(logs: list[float]) -> None:
    tree = pool(2.0, {KIND: [Measured(value) for value in logs]})
    near = [tree.of(path).shared / tree.of(path).own for path in (KIND, (*KIND[:2], "other"), ("windows", "till", ""))]
    assert near == sorted(near)


def test_the_hosts_of_one_visit_are_one_measurement_of_their_spread() -> None:
    alone = pool(2.0, {KIND: [Measured(2.0 + 0.1 * (-1) ** n) for n in range(40)]}).of(KIND)
    together = pool(2.0, {KIND: [Measured(2.0 + 0.1 * (-1) ** n, hosts=9) for n in range(40)]}).of(KIND)
    assert math.sqrt(together.own) > 2 * math.sqrt(alone.own)
