"""How a plan, what it leaves out, and what is different between two plans read on a terminal."""

from dataclasses import replace
from datetime import timedelta

import pytest

from muster.cli.plan_pages import SHOWN_LEFT_OUT, say_plan
from muster.cli.replanning import _say_choice, say_moves
from muster.outcomes import HostStatus
from muster.plan import Plan, Reason, Unplaced
from scheduler.build import build
from scheduler.diff import Move, diff
from scheduler.replan import Choice, Freedom
from scheduler.solve import solve
from scheduler.stop import MaxIterations
from tests.scheduler.world import VANCOUVER, states, world

WORLD = world()
WAY_OUT = "it fits if Lin could do windows (Lin, 5.00 more); or if Max might be sent there (Max, 6.00 more)"


@pytest.fixture(scope="module")
def plan() -> Plan:
    return solve(build(WORLD, states(WORLD.fleet, HostStatus.UNREACHABLE)), MaxIterations(5), 0)


def without(plan: Plan, number: int) -> Plan:
    """The plan with its first visits left out, for a reason and two ways out."""
    out = [assignment.visit_id for assignment in plan.assignments[:number]]
    reasons = (Reason("skills", "Lin has no windows", WAY_OUT), Reason("cap", "no hours are left"))
    return replace(
        plan,
        assignments=tuple(a for a in plan.assignments if a.visit_id not in out),
        unplaced=tuple(Unplaced(visit_id, reasons) for visit_id in out),
    )


def test_what_is_left_out_is_told_with_its_place_what_is_first_in_the_way_and_one_way_out(
    plan: Plan, capfd: pytest.CaptureFixture[str]
) -> None:
    say_plan(without(plan, 1), WORLD.fleet, WORLD.crew, everything=False)
    said = capfd.readouterr().out
    visit = plan.visit[plan.assignments[0].visit_id]
    assert f"{visit.id}: {WORLD.fleet.site[visit.site_id].name}, " in said
    assert "Lin has no windows" in said
    assert "it fits if Lin could do windows" in said
    assert "or if Max" not in said, "the others are told by explain"
    assert "no hours are left" not in said
    assert "muster plan explain tells everything" in said


def test_a_long_list_of_what_is_left_out_ends_with_how_many_more(plan: Plan, capfd: pytest.CaptureFixture[str]) -> None:
    many = replace(without(plan, 1), unplaced=without(plan, 1).unplaced * (SHOWN_LEFT_OUT + 3))
    say_plan(many, WORLD.fleet, WORLD.crew, everything=False)
    said = capfd.readouterr().out
    assert "and 3 more; muster plan explain" in said
    assert said.count("Lin has no windows") == SHOWN_LEFT_OUT


def moved(plan: Plan, by: timedelta) -> Move:
    first = plan.assignments[0]
    later = replace(first, starts_at=first.starts_at + by, ends_at=first.ends_at + by)
    return diff(plan, replace(plan, assignments=(later, *plan.assignments[1:]))).changed[0]


def test_moves_name_people_and_tell_another_day_from_another_hour(
    plan: Plan, capfd: pytest.CaptureFixture[str]
) -> None:
    moves = [(moved(plan, timedelta(days=1)), ""), (moved(plan, timedelta(hours=1)), "")]
    say_moves(moves, VANCOUVER, WORLD.crew)
    said = capfd.readouterr().out
    assert "other day" in said
    assert "other time" in said
    assert WORLD.crew.engineer[plan.assignments[0].person_id].name in said
    assert "why" not in said, "a column for causes stands only where there are some"
    say_moves([(move, "Lin is ill") for move, _ in moves], VANCOUVER)
    assert "Lin is ill" in capfd.readouterr().out


def test_only_the_first_moves_are_shown_unless_all_are_wanted(plan: Plan, capfd: pytest.CaptureFixture[str]) -> None:
    moves = [(moved(plan, timedelta(days=1)), "")] * 50
    say_moves(moves, VANCOUVER)
    assert "and 10 more (--all shows all)" in capfd.readouterr().out
    say_moves(moves, VANCOUVER, most=None)
    assert "more (" not in capfd.readouterr().out


def test_a_choice_says_what_it_costs_against_the_plan_that_binds(plan: Plan, capfd: pytest.CaptureFixture[str]) -> None:
    dear = replace(plan, cost=replace(plan.cost, travel_cents=plan.cost.travel_cents + 12_345))
    for after, words in ((plan, "at the same cost"), (dear, "123.45 dearer")):
        _say_choice(Choice(Freedom.LEAST, after, diff(plan, after), (), (), 1.0), VANCOUVER, WORLD.crew)
        said = capfd.readouterr().out
        assert f"({words})" in said
        assert "nothing moves" in said
