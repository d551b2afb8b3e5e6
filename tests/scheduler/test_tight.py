"""Tight resources: what the prices say is what really comes of a little more, in cases worked out by hand."""

from dataclasses import replace

import pytest

from muster.ids import PartnerId
from scheduler.problem import Cap, Problem
from scheduler.solve import solve
from scheduler.stop import MaxIterations
from scheduler.tight import Scarce, Tight, _of_hours, tight
from scheduler.tour import Touring
from tests.scheduler.problems import day, demand, person, problem


def found(of: Problem) -> dict[Scarce, list[Tight]]:
    told: dict[Scarce, list[Tight]] = {kind: [] for kind in Scarce}
    for one in tight(of, solve(of, MaxIterations(30), 0), 20.0):
        told[one.kind].append(one)
    return told


def short(days: int = 1) -> Problem:
    """Six visits of four hours, and days for two each: with one day four visits are left out, at 10,000.00 each."""
    return problem([demand(f"V-{n}", effort=240) for n in range(6)], days=[day(number=n) for n in range(days)])


def test_one_more_day_is_worth_the_visits_that_it_would_place() -> None:
    """A day more places two visits: 20,000.00 less 480.00 of labour."""
    told = found(short())
    (anna,) = told[Scarce.PERSON]
    assert (anna.person_id, anna.year, anna.week) == ("anna", 2026, 43)
    assert anna.cents == pytest.approx(2 * 1_000_000 - 2 * 24_000, abs=200)
    before, after = (solve(short(days), MaxIterations(30), 0).objective for days in (1, 2))
    assert before - after == pytest.approx(anna.cents, abs=200)
    assert anna.text == "one more day like Anna's in week 43 would save about 19,520.00"


def test_nothing_is_tight_where_there_is_time() -> None:
    assert tight(problem([demand("A")]), solve(problem([demand("A")]), MaxIterations(5), 0)) == ()


def test_an_agreement_that_is_used_up_has_a_price_an_hour() -> None:
    """Pia has the time, her partner's agreement covers one visit of the two hours each."""
    of = problem(
        [demand(f"V-{n}", effort=60, unplaced_cents=50_000) for n in range(4)],
        [person("Pia", partner="north")],
        caps=[Cap("agreement of North", (0,), 60, partner_id=PartnerId("north"))],
    )
    (limit,) = found(of)[Scarce.LIMIT]
    assert limit.cents == pytest.approx(50_000 - 6_000, abs=100)
    assert limit.text == "an hour more of the agreement of North would save about 440.00"


def test_a_skill_is_told_with_its_region_and_what_is_left_out() -> None:
    of = short()
    of = replace(
        of,
        demands=tuple(
            replace(d, region="north", visit=replace(d.visit, skills=frozenset({"linux"}))) for d in of.demands
        ),
        people=tuple(replace(p, region="north") for p in of.people),
    )
    (skill,) = found(of)[Scarce.SKILL]
    assert skill.text == (
        "one more day of linux in north in week 43 would save about 19,520.00, 4 of its 6 visits are left out"
    )


def test_a_skill_that_nobody_has_is_told() -> None:
    (skill,) = found(problem([demand("A", skills=["mac"]), demand("B", skills=["mac"])]))[Scarce.SKILL]
    assert skill.text == "nobody has mac: 2 visits are left out"


def test_a_visit_that_pushes_others_aside_is_told() -> None:
    told = found(short())[Scarce.VISIT]
    placed = {a.visit_id for a in solve(short(), MaxIterations(30), 0).assignments}
    assert {one.visit_id for one in told} == placed
    assert all(one.cents == pytest.approx(1_000_000, abs=200) for one in told)


def test_where_tours_cannot_be_gone_through_hours_have_prices_instead() -> None:
    """Two visits of four hours fit, four are left out: an hour is a quarter of one."""
    prices = _of_hours(Touring(short()), 5.0)
    assert prices.unit == "hour of"
    assert prices.day_cents[0] == pytest.approx((1_000_000 - 24_000) / 4, rel=0.01)
    assert _of_hours(Touring(problem([demand("A")])), 5.0).day_cents == (0.0,)


def test_without_days_there_is_nothing_to_price() -> None:
    of = problem([demand("A")])
    empty = replace(of, days=())
    assert tight(empty, solve(empty, MaxIterations(1), 0)) == ()
