"""Each rule holds where it should, and is broken where it should be; broken rules say so with names and figures."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from muster.ids import PartnerId, PersonId
from scheduler.problem import Barred, Cap, Demand, Pin, Problem, Rest
from scheduler.rules import DAY_RULES, PLAN_RULES, Case, broken
from scheduler.state import State
from scheduler.tour import Touring
from tests.scheduler.problems import EIGHT, FOUR, NOON, day, demand, person, problem


def of_partner(**more: object) -> Problem:
    return problem([demand("V", **more)], [person("Pia", partner="north", clients=["acme"])])  # type: ignore[arg-type]


def with_day(one: Demand, **more: object) -> Problem:
    return problem([one], days=[day(**more)])  # type: ignore[arg-type]


def of_barred(partner: str, person_id: str | None = None) -> Problem:
    one = Barred(
        PartnerId(partner), "competitor", "North competes with acme", PersonId(person_id) if person_id else None
    )
    return problem([replace(demand("V"), barred=(one,))], [person("Pia", partner="north")])


SIMPLE: dict[str, tuple[Problem, Problem, str]] = {
    # rule: (a problem in which it holds for the first visit and day, one in which it does not, words of its sentence)
    "skills": (
        problem([demand("V", skills=["linux"])]),
        problem([demand("V", skills=["linux", "mac"])]),
        "Anna has no mac",
    ),
    "excluded": (
        problem([demand("V", excluded=["ben"])]),
        problem([demand("V", excluded=["anna"])]),
        "Anna must not be sent",
    ),
    "partner allowed": (of_partner(), of_partner(partners_allowed=False), "does not allow partners"),
    "agreement": (of_partner(), of_partner(client="borg"), "does not cover client borg"),
    "barred": (of_barred("south"), of_barred("north"), "competitor: North competes with acme"),
    "promised person": (
        problem([demand("V")], pins=[Pin(demand("V").visit.id, person("Anna").id)]),
        problem([demand("V")], [person("Ben")], pins=[Pin(demand("V").visit.id, person("Anna").id)]),
        "anna is promised",
    ),
    "promised start": (
        problem([demand("V")], pins=[Pin(demand("V").visit.id, None, NOON)]),
        problem([demand("V")], pins=[Pin(demand("V").visit.id, None, FOUR - 30)]),
        "promised for Mon 19 Oct 15:30, when Anna does not work",
    ),
    "deadline": (
        problem([demand("V", spans=[(0, 60)])]),
        problem([demand("V", spans=[(0, 59)])]),
        "takes 60 minutes, and the longest time in which it can be done",
    ),
    "language": (
        problem([demand("V", skills=["speaks fr"])], [person("Anna", skills=["speaks fr"])]),
        problem([demand("V", skills=["speaks fr"])]),
        "Anna does not speak fr",
    ),
    "length": (
        problem([demand("V", effort=420, spot=1)]),
        problem([demand("V", effort=421, spot=1)]),
        "takes 421 minutes and 60 minutes of travel, and Anna's Mon 19 Oct has 480",
    ),
    "travel limit": (
        with_day(demand("V", spot=2), max_leg=60, max_travel=120),
        with_day(demand("V", spot=2), max_leg=59),
        "takes 60 minutes, and Anna goes 59 at most",
    ),
    "access": (
        problem([demand("V", spans=[(EIGHT - 60, EIGHT + 60)])]),
        problem([demand("V", spans=[(EIGHT - 60, EIGHT + 59)])]),
        "can be done 07:00-08:59, and Anna works 08:00-16:00",
    ),
    "busy": (
        with_day(demand("V", effort=240), blocked=[(NOON, NOON + 1)]),
        with_day(demand("V", effort=241), blocked=[(NOON, NOON + 1)]),
        "Anna is busy 12:00-12:01",
    ),
    "rest": (
        with_day(demand("V", effort=180), rest=Rest(30, EIGHT, EIGHT + 210)),
        with_day(demand("V", effort=181, spans=[(EIGHT, EIGHT + 181)]), rest=Rest(30, EIGHT, EIGHT + 210)),
        "no break of 30 minutes",
    ),
    "reach": (
        problem([demand("V", spot=1, spans=[(EIGHT, EIGHT + 90)])]),
        problem([demand("V", spot=1, spans=[(EIGHT, EIGHT + 89)])]),
        "with 30 minutes there and 30 back Anna cannot be there in time",
    ),
}


@pytest.mark.parametrize("rule", DAY_RULES)
def test_every_rule_of_a_day_is_tried_both_ways(rule: str) -> None:
    assert rule in SIMPLE


@pytest.mark.parametrize("rule", SIMPLE)
def test_the_rule_holds(rule: str) -> None:
    assert DAY_RULES[rule](Case(Touring(SIMPLE[rule][0]), 0, 0)) is None


@pytest.mark.parametrize("rule", sorted(set(SIMPLE) - {"rest"}))
def test_the_rule_is_broken_and_says_so(rule: str) -> None:
    _, wrong, words = SIMPLE[rule]
    assert words in (DAY_RULES[rule](Case(Touring(wrong), 0, 0)) or "")


def test_a_break_that_does_not_fit_is_told() -> None:
    """The visit fills the only hours in which the break may be."""
    tight = with_day(demand("V", effort=200), starts=EIGHT, ends=EIGHT + 200, rest=Rest(30, EIGHT, EIGHT + 210))
    assert "no break of 30 minutes" in (DAY_RULES["rest"](Case(Touring(tight), 0, 0)) or "")
    shorter = with_day(demand("V", effort=170), starts=EIGHT, ends=EIGHT + 200, rest=Rest(30, EIGHT, EIGHT + 210))
    assert DAY_RULES["rest"](Case(Touring(shorter), 0, 0)) is None


def placed(of: Problem, *visits: int) -> tuple[Touring, State]:
    """The first day with these visits on it."""
    touring = Touring(of)
    state = State.empty(touring)
    tour = touring.tour(0, visits)
    assert tour is not None
    state.put(tour)
    for visit in visits:
        state.days_of[visit] = (0,)
        if visit in touring.tied:
            state.fixed[visit] = tour.starts[tour.visits.index(visit)]
    return touring, state


def told(rule: str, of: Problem, *visits: int, about: int = 1) -> str | None:
    touring, state = placed(of, *visits)
    return PLAN_RULES[rule](Case(touring, about, 0), state)


def capped(minutes: int) -> Problem:
    return problem([demand("A"), demand("B")], caps=[Cap("agreement of North", (0,), minutes)])


def test_a_cap_with_room_holds() -> None:
    assert told("cap", capped(120), 0) is None


def test_a_cap_without_room_says_how_much_is_left() -> None:
    assert told("cap", capped(119), 0) == "agreement of North has 59 of 119 minutes left, and it takes 60"


def ordered(closes: int) -> Problem:
    return problem([demand("A"), demand("B", after=["A"], spans=[(0, closes)])])


def test_an_order_that_can_be_kept_holds() -> None:
    assert told("order", ordered(EIGHT + 120), 0) is None


def test_an_order_that_cannot_be_kept_names_what_it_waits_for() -> None:
    assert "waits for A, which is not placed" in (told("order", ordered(EIGHT + 120)) or "")
    assert "waits for A, which ends Mon 19 Oct 09:00" in (told("order", ordered(EIGHT + 119), 0) or "")


def test_a_day_with_room_holds() -> None:
    assert told("room", problem([demand("A", effort=420), demand("B")]), 0) is None


def test_a_full_day_says_so() -> None:
    said = told("room", problem([demand("A", effort=421), demand("B")]), 0)
    assert said == "Anna is full on Mon 19 Oct (1 visit)"


def test_all_broken_rules_are_told_and_not_the_first_only() -> None:
    wrong = problem([demand("V", skills=["mac"], excluded=["anna"], spans=[(0, 10)])])
    assert set(broken(Case(Touring(wrong), 0, 0))) == {"skills", "excluded", "deadline", "access"}


Rule = Callable[[Case], str | None]


def test_every_rule_says_what_it_is() -> None:
    assert all(rule.__doc__ for rule in [*DAY_RULES.values(), *PLAN_RULES.values()])


def test_one_person_of_a_partner_is_barred_and_the_others_are_not() -> None:
    assert broken(Case(Touring(of_barred("north", "pia")), 0, 0))
    assert not broken(Case(Touring(of_barred("north", "ben")), 0, 0))
