"""What a search has shuffled within a day goes back to the minute at which it stood, where little stands against it."""

from dataclasses import replace

import pytest

from scheduler.problem import Cap
from scheduler.settle import settled
from scheduler.state import State
from scheduler.tour import Touring
from tests.scheduler.problems import EIGHT, day, demand, person, problem
from tests.scheduler.states import assert_can_be_kept, state_of, two_plans

HOUR = 200
"""Cents of another start on the same day."""


def starts_in(state: State) -> dict[int, int]:
    return {visit: state.start_of(visit) for visit in state.days_of}


def stood_in(state: State) -> dict[int, tuple[tuple[int, ...], int]]:
    return {visit: (state.days_of[visit], state.start_of(visit)) for visit in state.days_of}


def test_another_order_that_is_no_cheaper_goes_back() -> None:
    """Four visits from home: any order costs the same, and a search has turned it round."""
    touring = Touring(problem([demand(f"V-{n}") for n in range(4)]))
    before, after = state_of(touring, {0: (0, 1, 2, 3)}), state_of(touring, {0: (3, 2, 1, 0)})
    assert starts_in(settled(after, stood_in(before), 0)) == starts_in(before)
    assert starts_in(after) != starts_in(before)


def test_a_newcomer_goes_between_those_that_stand_and_one_that_left_leaves_a_gap() -> None:
    touring = Touring(problem([demand(f"V-{n}") for n in range(4)], days=[day(), day(number=1)]))
    before = state_of(touring, {0: (0, 1, 2)})
    after = state_of(touring, {0: (3, 2, 0), 1: (1,)})  # the second one left, and another one came
    back = starts_in(settled(after, stood_in(before), HOUR))
    assert (back[0], back[2]) == (EIGHT, EIGHT + 120)
    assert back[3] in (EIGHT + 60, EIGHT + 180)


@pytest.mark.parametrize(("hour_cents", "moved"), [(5_999, 1), (6_001, 0)])
def test_it_goes_back_for_its_price_and_not_for_more(hour_cents: int, moved: int) -> None:
    """Out and home is 60.00 cheaper than out, home and out again; one can wait for its hour on the way."""
    touring = Touring(problem([demand("far", spot=2), demand("near", spot=1), demand("new", spot=2)]))
    held = stood_in(state_of(touring, {0: (0, 1)}))
    found, as_it_stood = state_of(touring, {0: (1, 2, 0)}), state_of(touring, {0: (0, 1, 2)})
    assert as_it_stood.objective() == found.objective() + 6_000
    back = settled(found, held, hour_cents)
    assert sum(back.start_of(visit) != start for visit, (_, start) in held.items()) == moved


def test_who_stands_right_is_not_moved_for_two_that_do_not() -> None:
    """A client may have been told of the one in the middle: both others would be right if it came two hours later."""
    of = problem([demand("X", spot=1), demand("P", spot=2), demand("Y", spot=2)], days=[day(end=2)])
    found = state_of(Touring(of), {0: (0, 1, 2)})
    assert found.start_of(1) == 600
    held = {0: ((0,), 690), 1: ((0,), 600), 2: ((0,), 840)}
    assert starts_in(settled(found, held, 1_000)) == {0: found.start_of(0), 1: 600, 2: 840}


def test_a_cap_that_counts_travel_is_not_broken_by_going_back() -> None:
    of = problem([demand("far", spot=2), demand("near", spot=1), demand("new", spot=2)])
    touring = Touring(of)
    before, after = state_of(touring, {0: (0, 1)}), state_of(touring, {0: (1, 2, 0)})
    used = sum(tour.effort_minutes + tour.travel_minutes for tour in after.tours if tour is not None)
    tight = Touring(replace(of, caps=(Cap("anna", (0,), used, counts_travel=True),)))
    kept = settled(state_of(tight, {0: (1, 2, 0)}), stood_in(before), 90_000)
    assert kept.cap_used == [used]


@pytest.mark.parametrize("seed", range(150))
def test_a_settled_plan_of_a_spiteful_problem_can_be_kept_and_moves_no_more(seed: int) -> None:
    before, found, random = two_plans(seed)
    held = stood_in(before)
    cents = random.choice([0, 50, 5_000])
    back = settled(found, held, cents)
    assert_can_be_kept(back)
    assert back.days_of == found.days_of

    def moved(state: State) -> set[int]:
        placed = [visit for visit in held if state.days_of.get(visit) == held[visit][0]]
        return {visit for visit in placed if state.start_of(visit) != held[visit][1]}

    assert moved(back) <= moved(found)  # nobody who stands right makes room for another: some were promised
    assert back.objective() <= found.objective() + cents * len(moved(found) - moved(back))


def test_a_person_with_two_visits_at_one_time_before_keeps_what_can_stand() -> None:
    """Starts that cannot both be kept any more: the day stays as it was found."""
    touring = Touring(problem([demand("A"), demand("B")], [person("Anna")], [day()]))
    found = state_of(touring, {0: (0, 1)})
    back = settled(found, {0: ((0,), EIGHT + 30), 1: ((0,), EIGHT + 30)}, HOUR)
    assert sorted(back.days_of) == [0, 1]
    assert_can_be_kept(back)
