"""How far a plan can be from the best possible, proved when somebody asks: quick searches of thousands do not."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from muster.plan import Plan
from scheduler.assemble import solution_of, state_of
from scheduler.bound import lower_bound
from scheduler.exact import ExactLimits, size, solve_exactly
from scheduler.insertion import Inserter
from scheduler.problem import Problem
from scheduler.search import is_warm, prove, warm_up
from scheduler.search.lower import can_be_bounded
from scheduler.solve import MODEL_SHARE, MODEL_WORK_WITH_CLOCK, SMALL_MODEL
from scheduler.state import Solution
from scheduler.tour import Touring

ASKED_PAIRS = 5_000_000
"""Pairs of visit and day of which it is asked, within a second, which are possible."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A plan beside the least that any plan of its problem costs.

    Attributes:
        cents: what it costs in the problem, the price of visits that it leaves out included.
        bound_cents: no plan costs less; None where nothing was proved in the time.
        provable: whether more time could prove something.
    """

    cents: int
    bound_cents: int | None
    provable: bool = True

    @property
    def share(self) -> float | None:
        """How much of the plan's cost the best one could save at most; None where nothing was proved."""
        if self.bound_cents is None:
            return None
        return 0.0 if self.cents <= 0 else max(0.0, (self.cents - self.bound_cents) / self.cents)


def gap_of(
    problem: Problem,
    plan: Plan,
    seconds: float,
    *,
    stopped: Callable[[], bool] | None = None,
    heard: Callable[[Gap], None] | None = None,
) -> Gap:
    """Prove how far a plan is from the best one of a problem at most.

    Args:
        problem: that the plan is of; what it does not allow any more counts as left out.
        plan: to be judged. The bound that it carries does not count: somebody who came since may make all cheaper.
        seconds: for the proof. Where the search was never compiled on this machine that comes on top.
        stopped: asked often; True ends it with what is proved by then.
        heard: told the gap whenever it has become smaller.
    """
    touring, began = Touring(problem), time.monotonic()
    known = solution_of(touring, plan)
    best: int | None = None

    def told(cents: int) -> None:
        nonlocal best
        if cents > (best or 0):
            best = cents
            if heard is not None:
                heard(Gap(known.objective, cents))

    if known.objective <= 0:  # nothing costs less than nothing
        return Gap(known.objective, 0)
    if len(problem.demands) * len(problem.days) <= ASKED_PAIRS:
        told(_simply(touring, known, seconds))
    if best is None or best < known.objective:
        if not is_warm():
            warm_up()
        left = max(0.0, seconds - (time.monotonic() - began))
        told(prove(touring, [known], left, stopped, heard=told).cents)
    return Gap(known.objective, best, can_be_bounded(touring))


def _simply(touring: Touring, known: Solution, seconds: float) -> int:
    """What the relaxation proves, which is nearly all where visits are remote; of few visits the exact model, too."""
    began, days_of = time.monotonic(), Inserter(touring).possible_days()
    bound = lower_bound(touring, days_of, seconds / 4)
    if bound >= known.objective or size(days_of.values()) > SMALL_MODEL:
        return bound
    limits = ExactLimits((seconds - (time.monotonic() - began)) * MODEL_SHARE, work=MODEL_WORK_WITH_CLOCK)
    return max(bound, solve_exactly(touring, days_of, hint=state_of(touring, known), limits=limits).bound)
