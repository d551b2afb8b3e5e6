"""Minutes between places: the speed model, tables, unknown places."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from muster.fleet import Place
from scheduler.tour import Touring
from scheduler.travel import EARTH_RADIUS_KM, LONGEST_MINUTES, SpeedTravel, Spot, TableTravel, distance_km
from tests.scheduler.problems import demand, problem

BERLIN, HAMBURG = Place(52.52, 13.405), Place(53.5511, 9.9937)
PLACES = st.builds(Place, st.floats(-89, 89), st.floats(-179, 179))


def test_the_distance_of_two_cities_is_right() -> None:
    assert distance_km(BERLIN, HAMBURG) == pytest.approx(255.5, abs=1.0)


def test_the_model_is_fixed_minutes_and_detour_over_speed() -> None:
    table = SpeedTravel().matrix([Spot("a", BERLIN), Spot("b", HAMBURG)])
    expected = 12 + distance_km(BERLIN, HAMBURG) * 1.3 / 50 * 60
    assert table[0, 1] == int(np.ceil(expected))
    assert table[0, 0] == 0


def test_one_building_needs_no_travel_and_an_unknown_place_the_usual_minutes() -> None:
    next_door = Place(52.5204, 13.4052)
    table = SpeedTravel().matrix([Spot("a", BERLIN), Spot("b", next_door), Spot("c")])
    assert (table[0, 1], table[0, 2], table[2, 0], table[2, 2]) == (0, 30, 30, 0)


def test_no_leg_is_longer_than_a_day() -> None:
    table = SpeedTravel().matrix([Spot("a", BERLIN), Spot("b", Place(-33.9, 151.2))])
    assert table[0, 1] == LONGEST_MINUTES


@given(PLACES, PLACES)
def test_distances_are_those_of_the_haversine_formula(one: Place, other: Place) -> None:
    latitude, other_latitude = np.radians(one.latitude), np.radians(other.latitude)
    apart = np.radians(other.longitude - one.longitude)
    half_chord = (
        np.sin((other_latitude - latitude) / 2) ** 2
        + np.cos(latitude) * np.cos(other_latitude) * np.sin(apart / 2) ** 2
    )
    expected = 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(min(1.0, half_chord)))
    # Near the other side of the globe the chord hardly grows any more; nobody drives there.
    assert distance_km(one, other) == pytest.approx(expected, abs=0.001 if expected < 19_000 else 1.0)


def test_a_table_wins_over_the_model_in_its_own_direction_only() -> None:
    spots = [Spot("a", BERLIN), Spot("b", HAMBURG)]
    table = TableTravel({("a", "b"): 7, ("a", "elsewhere"): 1}).matrix(spots)
    assert table[0, 1] == 7
    assert table[1, 0] == SpeedTravel().matrix(spots)[1, 0]


def test_many_places_are_worked_out_in_blocks_with_the_same_result() -> None:
    spots = [Spot(str(n), Place(50 + n / 100, n / 90)) for n in range(1100)]
    table = SpeedTravel().matrix(spots)
    for one, other in ((1099, 3), (3, 1099), (511, 512), (255, 256), (256, 768), (1098, 1099), (700, 700)):
        assert table[one, other] == SpeedTravel().matrix([spots[one], spots[other]])[0, 1]


@given(st.lists(PLACES, min_size=2, max_size=6))
def test_the_way_back_takes_as_long(places: list[Place]) -> None:
    table = SpeedTravel().matrix([Spot(str(n), place) for n, place in enumerate(places)])
    assert (abs(table - table.T) <= 1).all()
    assert (table >= 0).all()


def test_shortcuts_are_known_of_tables_and_never_looked_for_in_the_speed_model() -> None:
    spots = tuple(Spot(f"spot:{n}", Place(50.0, 8.0 + n / 10)) for n in range(3))
    of = problem([demand("V", spot=2)])
    assert not Touring(of).has_shortcuts
    ways = {("spot:0", "spot:1"): 10, ("spot:1", "spot:2"): 10, ("spot:0", "spot:2"): 60}
    both = {**ways, **{(b, a): minutes for (a, b), minutes in ways.items()}}
    short = Touring(replace(of, spots=spots, travel=TableTravel(both)))
    assert short.has_shortcuts
    assert short.shortest is not None
    assert short.shortest[0, 2] == 20
    rounded = {**both, ("spot:0", "spot:2"): 21, ("spot:2", "spot:0"): 21}
    assert not Touring(replace(of, spots=spots, travel=TableTravel(rounded))).has_shortcuts, "that is rounding"
    assert not Touring(replace(of, spots=spots, travel=SpeedTravel())).has_shortcuts
