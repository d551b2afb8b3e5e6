"""Two plans compared: every kind of move, and the share that stayed."""

from scheduler.diff import Kind, diff
from scheduler.problem import Problem
from scheduler.solve import solve
from scheduler.stop import MaxIterations
from tests.scheduler.problems import EIGHT, NOON, day, demand, person, problem


def kinds(before: Problem, after: Problem) -> dict[str, Kind]:
    one, other = (solve(of, MaxIterations(20), 0) for of in (before, after))
    return {str(move.visit_id): move.kind for move in diff(one, other).moves}


def test_a_plan_is_the_same_as_itself() -> None:
    plan = solve(problem([demand("A"), demand("B", skills=["mac"])]), MaxIterations(5))
    same = diff(plan, plan)
    assert same.changed == ()
    assert (same.kept_share, same.cost_cents, same.objective) == (1.0, 0, 0.0)


def test_every_kind_of_move_is_told_apart() -> None:
    at = [(EIGHT, EIGHT + 60)]
    crew, days = [person("Anna"), person("Ben", rate=7_000)], [day(0), day(1)]
    before = problem(
        [
            demand("gone", effort=5),
            demand("time", spans=at),
            demand("person"),
            demand("lost"),
            demand("won", skills=["mac"]),
        ],
        crew,
        days,
    )
    after = problem(
        [
            demand("time", spans=[(NOON, NOON + 60)]),
            demand("person", excluded=["anna"]),
            demand("lost", skills=["mac"]),
            demand("won"),
            demand("new"),
        ],
        crew,
        days,
    )
    assert kinds(before, after) == {
        "gone": Kind.GONE,
        "time": Kind.TIME,
        "person": Kind.PERSON,
        "lost": Kind.LEFT_OUT,
        "won": Kind.PLACED,
        "new": Kind.NEW,
    }


def test_the_kept_share_counts_what_was_placed_and_is_still_needed() -> None:
    one = solve(problem([demand("A"), demand("B"), demand("C")]), MaxIterations(5))
    other = solve(problem([demand("A"), demand("B", excluded=["anna"])]), MaxIterations(5))
    assert diff(one, other).kept_share in {0.0, 0.5}
