"""Of a cheaper plan those changes are taken over that are worth their moves, and what comes out can always be kept."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from scheduler.problem import Cap, Problem
from scheduler.state import State
from scheduler.tour import Touring
from scheduler.worthwhile import worthwhile
from tests.scheduler.problems import day, demand, person, problem
from tests.scheduler.states import assert_can_be_kept, state_of, two_plans


def moved_from(kept: State, cents: int) -> Callable[[State, int], int]:
    """So many cents for every visit that is on another day than it was."""
    return lambda state, visit: 0 if state.days_of.get(visit) == kept.days_of.get(visit) else cents


def dear_and_cheap() -> Problem:
    """Gold is dear, Anna is not, Silver is between them: four visits, and a day of everybody's for each."""
    return problem(
        [demand(f"V-{n}") for n in range(4)],
        [person("Gold", rate=20_000), person("Anna", rate=6_000), person("Silver", rate=18_500)],
        [day(who, number=number) for number in range(4) for who in range(3)],
    )


def test_what_saves_more_than_its_moves_cost_is_taken_and_the_rest_stays() -> None:
    touring = Touring(dear_and_cheap())
    kept = state_of(touring, {0: (0,), 3: (1,)})  # two visits with Gold, on two days
    found = state_of(touring, {1: (0,), 5: (1,)})  # one goes to Anna and saves 140.00, one to Silver and saves 15.00
    mixed = worthwhile(kept, found, moved_from(kept, 2_000), 4)
    assert mixed.days_of == {0: (1,), 1: (3,)}
    assert mixed.objective() == state_of(touring, {1: (0,), 3: (1,)}).objective()
    assert worthwhile(kept, found, moved_from(kept, 1_000), 4).days_of == found.days_of
    assert kept.days_of == {0: (0,), 1: (3,)}


def test_with_few_moves_the_best_for_each_is_taken_first() -> None:
    touring = Touring(dear_and_cheap())
    kept = state_of(touring, {0: (0,), 3: (1,)})
    found = state_of(touring, {2: (0,), 4: (1,)})  # to Silver and to Anna
    assert worthwhile(kept, found, moved_from(kept, 1), 1).days_of == {0: (0,), 1: (4,)}
    assert worthwhile(kept, found, moved_from(kept, 1), 0).days_of == kept.days_of


def test_visits_that_change_places_move_together() -> None:
    """Each alone would stand on a full day."""
    spread = problem(
        [demand("A", effort=400, spot=1), demand("B", effort=400, spot=2)],
        [person("Anna"), person("Ben")],
        [day(0, home=1), day(1, home=2)],
    )
    touring = Touring(spread)
    kept, found = state_of(touring, {0: (1,), 1: (0,)}), state_of(touring, {0: (0,), 1: (1,)})
    assert worthwhile(kept, found, moved_from(kept, 100), 1).days_of == kept.days_of
    assert worthwhile(kept, found, moved_from(kept, 100), 2).days_of == found.days_of


def test_a_visit_that_waits_moves_with_the_one_it_waits_for() -> None:
    of = problem(
        [demand("A", delay=900), demand("B", delay=900, after=["A"])],
        [person("Gold", rate=20_000), person("Anna")],
        [day(0), day(1), day(0, number=1), day(1, number=1)],
    )
    touring = Touring(of)
    kept = state_of(touring, {2: (0,), 3: (1,)})
    kept.tours[3] = touring.tour(3, (1,), {1: 1440 + 600})
    found = state_of(touring, {0: (0,), 1: (1,)})
    found.tours[1] = touring.tour(1, (1,), {1: 600})
    mixed = worthwhile(kept, found, moved_from(kept, 1), 1)  # only one may move, and B alone would be before A
    assert mixed.days_of == kept.days_of
    assert worthwhile(kept, found, moved_from(kept, 1), 2).days_of == found.days_of


def capped(minutes: int) -> Problem:
    """Of Anna's days only so many minutes may be used."""
    return replace(dear_and_cheap(), caps=(Cap("anna", (1, 4, 7, 10), minutes),))


def test_a_cap_is_never_broken_and_what_makes_room_for_others_is_taken_with_them() -> None:
    touring = Touring(capped(60))
    kept = state_of(touring, {1: (0,), 3: (1,)})  # Anna has her hour; Gold has the other visit
    found = state_of(touring, {2: (0,), 4: (1,)})  # hers goes to Silver, for more money, and she takes Gold's
    priced = moved_from(kept, 0)
    swapped = state_of(touring, {2: (0,), 4: (1,)})
    assert swapped.objective() < kept.objective()
    mixed = worthwhile(kept, found, priced, 4)
    assert mixed.days_of == found.days_of
    assert mixed.cap_used == [60]
    dear = worthwhile(kept, found, moved_from(kept, 1_000), 4)  # together they save 15.00, for two moves
    assert dear.days_of == kept.days_of
    assert dear.cap_used == [60]


def test_a_visit_that_found_a_place_counts_for_what_leaving_it_out_costs() -> None:
    touring = Touring(dear_and_cheap())
    kept = state_of(touring, {0: (0,)})
    found = state_of(touring, {1: (0,), 4: (1, 2, 3)})
    mixed = worthwhile(kept, found, moved_from(kept, 50_000), 10)
    assert mixed.days_of == {0: (0,), 1: (4,), 2: (4,), 3: (4,)}


@pytest.mark.parametrize("seed", range(150))
def test_any_two_plans_of_a_spiteful_problem_mix_to_one_that_can_be_kept(seed: int) -> None:
    kept, found, random = two_plans(seed)
    price, most = moved_from(kept, random.choice([0, 100, 5_000])), random.choice([0, 1, 2, 9])
    mixed = worthwhile(kept, found, price, most)
    assert_can_be_kept(mixed)

    def priced(state: State) -> int:
        return state.objective() + sum(price(state, visit) for visit in {*kept.days_of, *found.days_of})

    assert priced(mixed) <= priced(kept)
    assert sum(price(mixed, visit) > 0 for visit in {*kept.days_of, *found.days_of}) <= most
