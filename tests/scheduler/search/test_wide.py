"""The bound of thousands of visits holds, is near that of the linear program, and ends in time."""

import tracemalloc
from dataclasses import replace
from itertools import count

import numpy as np
import pytest

from benchmarks.instances import Recipe, make
from scheduler.exact import ExactLimits, solve_exactly
from scheduler.insertion import Inserter
from scheduler.search import first, search
from scheduler.search.everyday import MOST_SEEDS, Everyday
from scheduler.search.lower import Bounding
from scheduler.search.proving import prove
from scheduler.search.records import Ints
from scheduler.search.shelf import FIRST_ROOM, Shelf
from scheduler.search.tracks import Crowd
from scheduler.search.wide import Wide, prove_wide
from scheduler.state import State
from scheduler.stop import MaxIterations
from scheduler.tour import Tour, Touring
from tests.scheduler.problems import demand, person, problem, random_problem
from tests.scheduler.search.test_pricing import drawn_prices, gain_of, most_by_any_order, priced


@pytest.fixture(scope="module")
def planned() -> State:
    touring = Touring(make(Recipe(60, 8, 1)))
    return search(touring, first(touring, 1), MaxIterations(5_000), 1)


def everyday_of(touring: Touring, threads: int = 1) -> Everyday:
    return Everyday(touring, Crowd(threads))


def generated(recipe: Recipe, least: int, most: int) -> tuple[Touring, Ints, Ints]:
    """A campaign, what its visits are worth, at random so many cents by the minute, and caps that cost nothing."""
    touring = Touring(make(recipe))
    efforts = touring.arrays.visits.effort
    worth = (60 * efforts * np.random.default_rng(recipe.seed).integers(least, most, len(efforts))).astype(np.int64)
    return touring, worth, np.zeros(len(touring.problem.caps), dtype=np.int64)


@pytest.mark.parametrize("seed", range(25))
def test_no_tour_gains_more_than_a_day_that_is_laid_out_by_itself(seed: int) -> None:
    touring = Touring(random_problem(seed, visits=6))
    worth, cap_price = drawn_prices(touring, seed)
    everyday = everyday_of(touring)
    none = np.zeros(len(everyday.gain), dtype=np.int64)
    assert everyday.price(worth, cap_price, none, 10**6, lambda _: False)
    for day, gain in enumerate(everyday.gain.tolist()):
        assert gain >= most_by_any_order(touring, day, worth, cap_price)


@pytest.mark.parametrize("seed", range(4))
def test_days_laid_out_one_by_one_gain_what_they_gain_all_together(seed: int) -> None:
    touring, worth, cap_price = generated(Recipe(60, 8, seed), 100, 240)
    whole = priced(touring, worth, cap_price, 10**6)
    everyday = everyday_of(touring, 2)
    assert everyday.price(worth, cap_price, np.zeros_like(whole.gain), 10**6, lambda _: False)
    np.testing.assert_array_equal(everyday.gain, whole.gain)
    assert (whole.gain > 0).sum() > 10


@pytest.mark.parametrize("seed", range(4))
def test_a_day_with_more_rows_than_there_is_room_for_is_told_too_high_and_never_too_low(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    touring, worth, cap_price = generated(Recipe(60, 8, seed), 100, 240)
    whole = priced(touring, worth, cap_price, 10**6)
    monkeypatch.setattr("scheduler.search.everyday.MOST_ROWS", 6)
    everyday = everyday_of(touring)
    assert everyday.price(worth, cap_price, np.zeros_like(whole.gain), 10**6, lambda _: False)
    assert (everyday.gain >= whole.gain).all()
    assert (everyday.gain > whole.gain).any()


@pytest.mark.parametrize("seed", range(4))
def test_a_day_with_more_arcs_than_there_is_room_for_is_told_too_high_and_never_too_low(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    touring, worth, cap_price = generated(Recipe(60, 8, seed), 100, 240)
    monkeypatch.setattr("scheduler.search.everyday.MOST_ROWS", 30)
    roomy = everyday_of(touring)
    monkeypatch.setattr("scheduler.search.desk.MOST_ARCS", 6)
    narrow = everyday_of(touring)
    for everyday in (roomy, narrow):
        assert everyday.price(worth, cap_price, np.zeros_like(everyday.gain), 10**6, lambda _: False)
    assert not roomy.tours[:, -1].any()
    assert (narrow.gain >= roomy.gain).all()
    higher = narrow.gain > roomy.gain
    assert higher.any()
    assert narrow.tours[::MOST_SEEDS, -1][higher].all()


def test_skimming_finds_tours_that_can_be_kept_and_most_of_what_there_is_to_find() -> None:
    touring, worth, cap_price = generated(Recipe(150, 12, 1), 120, 200)
    everyday = everyday_of(touring, 2)
    none = np.zeros(len(everyday.gain), dtype=np.int64)
    assert everyday.skim(worth, cap_price, none, 3, 1, lambda: False)
    skimmed, found = everyday.gain.copy(), list(everyday.found())
    for day, visits in found:
        assert len(set(visits)) == len(visits)
        gained = gain_of(touring, day, visits, worth, cap_price)
        assert gained is not None
        assert 0 < gained <= skimmed[day]
    assert everyday.price(worth, cap_price, none, 1000, lambda _: False)
    assert (skimmed <= everyday.gain).all()
    assert skimmed.sum() > 0.5 * everyday.gain.sum() > 0


def _against_the_exact_model(seed: int) -> None:
    touring = Touring(random_problem(seed))
    begun = first(touring, seed)
    answer = solve_exactly(
        touring, Inserter(touring).possible_days(), hint=begun, limits=ExactLimits(seconds=20), seed=1
    )
    bounded = prove_wide(touring, begun, 3.0, lambda: False, 1)
    assert bounded.rounds > 0
    assert bounded.cents <= begun.objective()
    if answer.solution is not None:
        assert bounded.cents <= answer.solution.objective


def test_where_nobody_works_on_any_day_the_bound_is_the_price_of_what_nobody_can_do() -> None:
    touring = Touring(replace(problem([demand("V-1"), demand("V-2")], [person("Anna")]), days=()))
    empty = State.empty(touring)
    bounded = prove_wide(touring, empty, 3.0, lambda: False, 1)
    assert bounded.cents == empty.objective() > 0


@pytest.mark.parametrize("seed", range(12))
def test_the_bound_holds_on_spiteful_problems(seed: int) -> None:
    _against_the_exact_model(seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12, 300))
def test_the_bound_holds_on_hundreds_of_spiteful_problems(seed: int) -> None:
    _against_the_exact_model(seed)


def test_the_bound_is_near_that_of_the_linear_program(planned: State) -> None:
    with Bounding(planned.touring, [planned.solution()], (), 2) as bounding:
        bounding.go_on(lambda: False, 30)
    told: list[int] = []
    wide = prove_wide(planned.touring, planned, 1e9, lambda: False, 2, told.append, most_rounds=6)
    assert wide.cents <= planned.objective()
    assert wide.cents >= 0.995 * bounding.bounded().cents
    assert told == sorted(told)
    assert told[-1] == wide.cents


def test_the_bound_is_the_same_however_many_threads_there_are(planned: State) -> None:
    one, three = (
        prove_wide(planned.touring, planned, 1e9, lambda: False, threads, most_rounds=2) for threads in (1, 3)
    )
    assert (one.cents, one.worth_cents) == (three.cents, three.worth_cents)


def test_without_time_to_price_all_days_there_is_no_bound(planned: State) -> None:
    bounded = prove_wide(planned.touring, planned, 0.0, lambda: False, 1)
    assert (bounded.cents, bounded.rounds) == (0, 0)


def test_a_pricing_that_would_take_too_long_is_broken_off_after_a_few_days(
    planned: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scheduler.search.everyday.SAMPLE", 10)
    everyday = everyday_of(planned.touring)
    worth = np.full(len(planned.touring.problem.demands), 60 * 20_000, dtype=np.int64)
    none, caps = np.zeros_like(everyday.gain), np.zeros(len(planned.touring.problem.caps), dtype=np.int64)
    assert not everyday.price(worth, caps, none, 1000, lambda more: more > 0)
    assert 0 < np.count_nonzero(everyday.gain) < 0.9 * np.count_nonzero(priced(planned.touring, worth, caps, 1000).gain)


def test_the_last_bound_stands_where_the_next_one_is_broken_off(planned: State) -> None:
    told: list[int] = []
    bounded = prove_wide(planned.touring, planned, 1e9, lambda: bool(told), 1, told.append)
    assert bounded.rounds == 1
    assert [bounded.cents] == told
    assert 0 < bounded.cents <= planned.objective()


def test_hard_days_are_looked_at_more_closely_as_far_as_the_time_goes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("scheduler.search.wide.FIRST_NODES", 3)
    monkeypatch.setattr("scheduler.search.everyday.MOST_ROWS", 60)
    touring = Touring(make(Recipe(120, 6, 2)))
    plan = search(touring, first(touring, 1), MaxIterations(5_000), 1)
    wide = Wide(touring, plan, (), 2)
    try:
        wide.go_on(1e9, lambda: False, None, 1)
        bound, hard, gain = wide.best, wide.hard, wide.gain
        true = priced(touring, wide.kept.worth, wide.kept.cap, 10**6).gain
        asked = count()
        wide._price_hard_days(float("inf"), lambda: next(asked) > len(hard) // 2)
        halfway = wide.best
        assert 0 < len(wide.hard) < len(hard)
        wide._price_hard_days(float("inf"), lambda: False)
    finally:
        wide.crowd.close()
    assert len(hard) > 10
    assert bound < halfway < wide.best <= 60 * plan.objective()
    assert (wide.gain <= gain).all()
    assert (wide.gain >= true).all()


def test_an_empty_plan_is_no_obstacle() -> None:
    touring = Touring(make(Recipe(30, 4, 1)))
    bounded = prove_wide(touring, State.empty(touring), 1e9, lambda: False, 1, most_rounds=1)
    assert 0 <= bounded.cents <= first(touring, 1).objective()


def test_large_problems_are_bounded_so(planned: State, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scheduler.search.proving.WHOLE_VISITS", 10)
    monkeypatch.setattr("scheduler.search.proving.Bounding", None)
    bounded = prove(planned.touring, [planned.solution()], 600.0, most_rounds=1)
    assert bounded.rounds == 1
    assert 0 < bounded.cents <= planned.objective()


def test_a_tour_is_known_once(planned: State) -> None:
    wide = Wide(planned.touring, planned, (), 1)
    try:
        before = len(wide.shelf)
        assert before > 0
        day, visits = wide.shelf.column(0)
        assert not wide.add((day, visits))
        assert len(wide.shelf) == before
    finally:
        wide.crowd.close()


def test_hundreds_of_thousands_of_tours_fit_on_a_shelf() -> None:
    touring = Touring(make(Recipe(30, 4, 1)))
    shelf, count = Shelf(touring), 40 * FIRST_ROOM
    days = len(touring.problem.days)
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    for number in range(count):
        visits = tuple((number + k) % 30 for k in range(1 + number % 5))
        shelf.add(Tour(number % days, visits, (), (number, 1), 0, 100 * number, 7))
    taken = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert len(shelf) == count
    assert taken < 200 * count
    for number in (0, FIRST_ROOM - 1, FIRST_ROOM, count - 1):
        assert shelf.column(number) == (number % days, tuple((number + k) % 30 for k in range(1 + number % 5)))
        assert (shelf.cents(number), shelf.minutes(number)) == (100 * number, (7, number + 1))
