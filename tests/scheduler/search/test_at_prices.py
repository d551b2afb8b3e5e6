"""A bound at given prices is what they prove, whatever the days were thought to gain."""

from collections.abc import Callable

import numpy as np
import pytest

from benchmarks.instances import Recipe, make
from scheduler.exact import ExactLimits, solve_exactly
from scheduler.insertion import Inserter
from scheduler.search import first, prove, search
from scheduler.search.at_prices import prove_at
from scheduler.search.gathering import Prices
from scheduler.search.lower import Bounded
from scheduler.search.pricing import UNITS
from scheduler.search.records import Ints
from scheduler.state import State
from scheduler.stop import MaxIterations
from scheduler.tour import Touring
from tests.scheduler.problems import random_problem
from tests.scheduler.search.test_pricing import drawn_prices, priced


@pytest.fixture(scope="module")
def planned() -> State:
    touring = Touring(make(Recipe(60, 8, 1)))
    return search(touring, first(touring, 1), MaxIterations(5_000), 1)


@pytest.fixture(scope="module")
def proved(planned: State) -> Bounded:
    return prove(planned.touring, [planned.solution()], 60.0, most_rounds=10, threads=2)


def prices_of(proved: Bounded) -> tuple[Prices, Ints]:
    worth, cap, gain = (
        np.rint(UNITS * np.array(cents)).astype(np.int64)
        for cents in (proved.worth_cents, proved.cap_cents_per_minute, proved.day_cents)
    )
    return Prices(worth, cap), gain


def test_prices_prove_their_bound_again(planned: State, proved: Bounded) -> None:
    prices, gain = prices_of(proved)
    told: list[tuple[int, int]] = []
    again = prove_at(planned.touring, prices, gain, 2, lambda cents, hard: told.append((cents, hard)))
    assert again.cents == proved.cents > 0
    assert (again.worth_cents, again.day_cents) == (proved.worth_cents, proved.day_cents)
    assert told[-1] == (again.cents, 0)


def test_what_days_are_thought_to_gain_is_not_believed(planned: State, proved: Bounded) -> None:
    prices, gain = prices_of(proved)
    nothing = prove_at(planned.touring, prices, np.zeros_like(gain), 1)
    assert nothing.cents == proved.cents, "found again without being told"
    too_much = prove_at(planned.touring, prices, gain + 60 * UNITS, 1)
    assert too_much.cents == proved.cents - 60 * len(gain), "lower by just that"


def test_days_that_are_too_hard_are_looked_at_again(
    planned: State, proved: Bounded, monkeypatch: pytest.MonkeyPatch
) -> None:
    prices, gain = prices_of(proved)
    monkeypatch.setattr("scheduler.search.at_prices.NODES", (1, 1, 16_000))
    told: list[tuple[int, int]] = []
    made = prove_at(planned.touring, prices, np.zeros_like(gain), 2, lambda cents, hard: told.append((cents, hard)))
    bounds, hard = zip(*told, strict=True)
    assert made.cents == proved.cents
    assert bounds[0] == bounds[1] < bounds[2]
    assert hard[0] == hard[1] > hard[2] == 0


@pytest.mark.parametrize("seed", range(20))
def test_any_prices_prove_a_bound(seed: int) -> None:
    touring = Touring(random_problem(seed))
    worth, cap_price = drawn_prices(touring, seed)
    exact = solve_exactly(touring, Inserter(touring).possible_days(), limits=ExactLimits(seconds=20), seed=1)
    nothing = np.zeros(len(touring.problem.days), dtype=np.int64)
    bounded = prove_at(touring, Prices(worth, cap_price), nothing, 1)
    assert bounded.cents <= first(touring, seed).objective()
    if exact.solution is not None:
        assert bounded.cents <= exact.solution.objective


def test_gains_are_those_of_the_other_pricing(planned: State, proved: Bounded) -> None:
    prices, gain = prices_of(proved)
    np.testing.assert_array_equal(priced(planned.touring, prices.worth, prices.cap, 10**6).gain, gain)


@pytest.mark.parametrize(
    ("spoiled", "said"),
    [
        (lambda worth, cap, gain: (worth[1:], cap, gain), r"prices of 59 visits, \d+ caps and \d+ days do not fit 60"),
        (lambda worth, cap, gain: (worth, cap[1:], gain), r"caps and \d+ days do not fit 60 visits"),
        (lambda worth, cap, gain: (worth, cap, gain[:0]), r"caps and 0 days do not fit 60 visits"),
        (lambda worth, cap, gain: (worth + 10**9, cap, gain), r"visit-00000 is worth more than what leaving it out"),
        (lambda worth, cap, gain: (worth, cap - 1, gain), r"a minute of cap \d+ has a price below 0"),
    ],
)
def test_prices_that_prove_nothing_are_refused(
    planned: State, proved: Bounded, spoiled: Callable[[Ints, Ints, Ints], tuple[Ints, Ints, Ints]], said: str
) -> None:
    prices, gain = prices_of(proved)
    worth, cap, gain = spoiled(prices.worth, prices.cap, gain)
    with pytest.raises(ValueError, match=said):
        prove_at(planned.touring, Prices(worth, cap), gain, 1)
