"""Other worlds, plans as files, and tight resources."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.instances import Recipe, make
from muster.errors import InputError
from muster.ids import PartnerId, PersonId
from scheduler.codec import plan_from_json, plan_to_json
from scheduler.diff import Kind
from scheduler.problem import Cap, Problem
from scheduler.solve import solve, without_time
from scheduler.stop import MaxIterations
from scheduler.validate import violations
from scheduler.whatif import what_if, with_capacity, with_overtime, without_partner, without_person
from tests.scheduler.problems import day, demand, person, problem, random_problem


def busy() -> Problem:
    """Two days' work for one own person and one of a partner, whose agreement covers a part of it."""
    return problem(
        [demand(f"V-{n}", effort=120) for n in range(8)],
        [person("Anna"), person("Pia", partner="north", rate=9_000)],
        [day(0), day(1)],
        caps=[Cap("agreement of North", (1,), 240, partner_id=PartnerId("north"))],
    )


def test_worlds_are_planned_and_compared_with_today() -> None:
    of = busy()
    plan = solve(of, MaxIterations(30), 0)
    assert len(plan.unplaced) == 2
    worlds = {
        "Anna is ill": without_person(of, PersonId("anna")),
        "North is suspended": without_partner(of, PartnerId("north")),
        "four hours more of North": with_capacity(of, PartnerId("north"), 240),
        "two hours of overtime": with_overtime(of, 120),
    }
    outcomes = what_if(plan, worlds, lambda: MaxIterations(30), 0)
    assert {o.name: o.placed for o in outcomes} == {
        "Anna is ill": 2,
        "North is suspended": 4,
        "four hours more of North": 8,
        "two hours of overtime": 7,
    }
    for outcome in outcomes:
        assert violations(worlds[outcome.name], outcome.plan) == ()
    assert outcomes[2].difference.cost_cents == 2 * 2 * 9_000


def test_worlds_that_are_planned_side_by_side_are_those_planned_alone() -> None:
    of = make(Recipe(60, 8, 1))
    plan = solve(of, MaxIterations(200), 0, with_reasons=False)
    worlds = {str(person.id): without_person(of, person.id) for person in of.people[:3]}
    together = what_if(plan, worlds, lambda: MaxIterations(500), 1)
    for outcome in together:
        (alone,) = what_if(plan, {outcome.name: worlds[outcome.name]}, lambda: MaxIterations(500), 1)
        assert without_time(outcome.plan) == without_time(alone.plan)


@settings(max_examples=40)
@given(st.integers(0, 10**9))
def test_a_plan_that_is_written_is_read_the_same(seed: int) -> None:
    plan = solve(random_problem(seed), MaxIterations(5), 0)
    assert plan_from_json(plan_to_json(plan)) == plan


def test_the_same_plan_is_the_same_text() -> None:
    plan = solve(problem([demand("A", skills=["linux"])]), MaxIterations(5), 0)
    assert plan_to_json(plan) == plan_to_json(plan_from_json(plan_to_json(plan)))
    assert json.loads(plan_to_json(plan))["format"] == "muster-plan-1"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "not a plan"),
        ("[]", "but 'list'"),
        ('{"format": "muster-plan-9"}', "but 'muster-plan-9'"),
        ('{"format": "muster-plan-1"}', "id: "),
    ],
)
def test_what_is_no_plan_is_refused_with_the_first_thing_that_is_wrong(text: str, why: str) -> None:
    with pytest.raises(InputError, match=why):
        plan_from_json(text)


def test_a_visit_moves_when_somebody_else_does_it_or_on_another_day() -> None:
    of = busy()
    plan = solve(of, MaxIterations(30), 0)
    same, ill = what_if(plan, {"same": of, "ill": without_person(of, PersonId("anna"))}, lambda: MaxIterations(5), 0)
    assert same.moved == 0
    assert ill.moved == sum(move.kind is Kind.PERSON for move in ill.difference.changed)
