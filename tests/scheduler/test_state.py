"""A state of a search: days that visits make possible are free without them."""

from scheduler.search.part import apply_routes
from scheduler.state import State
from scheduler.tour import Touring
from tests.scheduler.problems import day, demand, problem


def test_a_day_whose_two_ends_lie_too_far_apart_is_left_free_when_its_visit_goes() -> None:
    """The ends are sixty minutes apart, and the visit lies half way."""
    days = [day(number=number, home=0, end=2, max_leg=40) for number in (0, 1)]
    touring = Touring(problem([demand("V", spot=1)], days=days))
    state = State.empty(touring)
    apply_routes(state, {0: (0,)})
    assert touring.tour(0, ()) is None
    apply_routes(state, {0: (), 1: (0,)})
    assert state.tours[0] is None
    assert state.days_of == {0: (1,)}
    assert state.visits_on(1) == (0,)
