"""Fairness: work is spread where it costs next to nothing, never against a rule, and never for more than its price."""

from statistics import pstdev

from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.fairness import evened, shares
from scheduler.problem import Cap, Prices, Problem
from scheduler.solve import solve
from scheduler.stop import MaxIterations
from scheduler.validate import violations
from tests.scheduler.problems import day, demand, person, problem, random_problem


def lopsided(**second: object) -> Problem:
    """Four days' work that is for whoever is first: leaving it with Anna costs nothing."""
    crew = [person("Anna"), person("Ben", **second)]  # type: ignore[arg-type]
    days = [day(who, number=number) for who in range(2) for number in range(4)]
    spans = [[(n * 1440, (n + 1) * 1440)] for n in range(4)]
    visits = [demand(f"V-{n}", effort=120, spans=spans[n], preferred=["anna"]) for n in range(4)]
    return problem(visits, crew, days, prices=Prices(continuity_cents=50))


def test_work_goes_to_who_has_less_where_that_costs_next_to_nothing() -> None:
    of = lopsided()
    plan = solve(of, MaxIterations(20), 0)
    assert shares(of, plan) == {0: 0.25, 1: 0.0}
    even = evened(of, plan, 25)
    assert violations(of, even) == ()
    assert shares(of, even) == {0: 0.125, 1: 0.125}
    assert even.objective - plan.objective == 2 * 50, "two visits of two hours, 0.25 an hour"
    assert even.cost == plan.cost


def test_it_never_costs_more_than_its_price() -> None:
    of = lopsided()
    plan = solve(of, MaxIterations(20), 0)
    assert evened(of, plan, 24) == plan
    dear = lopsided(rate=6_100)
    made = solve(dear, MaxIterations(20), 0)
    assert evened(dear, made, 100) == made


def test_partners_are_no_part_of_it() -> None:
    of = lopsided(partner="north")
    plan = solve(of, MaxIterations(20), 0)
    assert evened(of, plan, 1_000) == plan
    assert shares(of, plan) == {0: 0.25}


def test_who_may_not_do_it_is_not_given_it() -> None:
    of = lopsided(skills=[])
    linux = problem([demand("V", skills=["linux"])], of.people, of.days)
    plan = solve(linux, MaxIterations(20), 0)
    assert evened(linux, plan, 1_000) == plan


def test_a_cap_is_kept() -> None:
    of = lopsided()
    plan = solve(of, MaxIterations(20), 0)
    capped = problem(of.demands, of.people, of.days, caps=[Cap("Ben", (4, 5, 6, 7), 130)], prices=of.prices)
    even = evened(capped, plan, 25)
    assert violations(capped, even) == ()
    assert shares(capped, even) == {0: 360 / 1920, 1: 120 / 1920}


@settings(max_examples=60)
@given(st.integers(0, 10**9))
def test_an_evened_plan_passes_and_is_more_even(seed: int) -> None:
    of = random_problem(seed, visits=10, people=4, days=3)
    plan = solve(of, MaxIterations(10), 0)
    even = evened(of, plan, 500)
    assert violations(of, even) == ()
    before, after = shares(of, plan).values(), shares(of, even).values()
    if even.assignments != plan.assignments:
        assert max(after) <= max(before) + 1e-9
        assert pstdev(after) <= pstdev(before) + 0.05
    assert {a.visit_id for a in even.assignments} == {a.visit_id for a in plan.assignments}
