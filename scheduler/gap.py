"""How far a plan can be from the best possible, proved when somebody asks: quick searches of thousands do not."""

from collections.abc import Callable
from dataclasses import dataclass

from muster.plan import Plan
from scheduler.assemble import solution_of
from scheduler.problem import Problem
from scheduler.search import is_warm, prove, warm_up
from scheduler.search.lower import can_be_bounded
from scheduler.tour import Touring


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
        plan: to be judged. Its own bound counts, where it costs in the problem what it says.
        seconds: for the proof. Where the search was never compiled on this machine that comes on top.
        stopped: asked often; True ends it with what is proved by then.
        heard: told the gap whenever it has become smaller.
    """
    touring = Touring(problem)
    known = solution_of(touring, plan)
    own = plan.bound if plan.bound is not None and round(plan.objective) == known.objective else None
    best = None if own is None else int(own)

    def told(cents: int) -> None:
        if heard is not None and (best is None or cents > best):
            heard(Gap(known.objective, cents))

    if known.objective <= 0:  # nothing costs less than nothing
        best = 0
    elif best is None or best < known.objective:
        if not is_warm():
            warm_up()
        proved = prove(touring, [known], seconds, stopped, heard=told).cents
        best = max(best or 0, proved) or None
    return Gap(known.objective, best, can_be_bounded(touring))
