"""What if: other worlds beside today's, each planned from today's plan, with its odds, its margin and its risks."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from flows.planning import first_start, world_of
from flows.profit import margin_of
from flows.services import Services
from flows.tries import tries_of
from muster.errors import InputError
from muster.plan import Plan
from partners.money import Money

if TYPE_CHECKING:  # it brings OR-Tools, which other commands need not wait for
    from scheduler.build import World
    from scheduler.problem import Problem
    from scheduler.robust import Odds
    from scheduler.whatif import Outcome

AS_IT_IS = "as it is"
LIVES = 300
"""How often each plan is lived through for its odds; ``muster odds`` does it more often."""

NO_SHOW = 0.01


@dataclass(frozen=True, slots=True)
class Row:
    """One scenario against today's world, searched for just as long.

    Attributes:
        done_by: when the last visit ends, aware; None where machines are left out, so that it is never done.
        margin: revenue of signed quotes less all costs; None where no quote is signed.
        risks: what limits it, the gravest first.
    """

    name: str
    plan: Plan
    open_hosts: int
    more_placed_hosts: int
    more_cents: int
    moved: int
    done_by: datetime | None
    odds: "Odds"
    margin: Money | None
    risks: tuple[str, ...]


def compare(services: Services, plan: Plan, scenarios: Sequence[str], *, seconds: float, seed: int) -> list[Row]:
    """Today's world and each scenario, planned for ``seconds`` each, today's first. Nothing is kept.

    Raises:
        InputError: a scenario cannot be read, names somebody who is not there, or is there twice.
    """
    from scheduler.stop import MaxSeconds
    from scheduler.whatif import what_if as live

    worlds = _worlds(services, plan, scenarios)
    outcomes = live(plan, {name: one for name, (_, one) in worlds.items()}, lambda: MaxSeconds(seconds), seed)
    base = outcomes[0].plan
    return [_row(services, one, base, *worlds[one.name], seed) for one in outcomes]


def _worlds(services: Services, plan: Plan, scenarios: Sequence[str]) -> dict[str, tuple["World", "Problem"]]:
    """Every scenario's world and problem, all read before the first is planned."""
    from scheduler.build import build
    from scheduler.scenarios import scenario, states_in

    if len(set(scenarios)) != len(scenarios):
        raise InputError("a scenario is there twice", hint="give each once")
    world = world_of(services, plan.campaign_id, now=first_start(services.clock.now()))
    states = services.ledger.hosts(plan.campaign_id)
    worlds = {AS_IT_IS: (world, states)}
    worlds |= {text: (scenario(text, world), states_in(text, world, states)) for text in scenarios}
    return {
        name: (one, replace(build(one, standing, keep=plan.visits), ledger_revision=plan.ledger_revision))
        for name, (one, standing) in worlds.items()
    }


def _row(services: Services, outcome: "Outcome", base: Plan, world: "World", problem: "Problem", seed: int) -> Row:
    from scheduler.risk import risks
    from scheduler.robust import simulate, uncertain

    plan = outcome.plan
    efforts = uncertain(world.effort, world.fleet, plan)
    tries = tries_of(services, plan.campaign_id).tries
    odds = simulate(problem, plan, efforts, lives=LIVES, no_show=NO_SHOW, tries=tries, seed=seed)
    earned = margin_of(services, problem, plan)
    return Row(
        name=outcome.name,
        plan=plan,
        open_hosts=sum(len(plan.visit[out.visit_id].host_ids) for out in plan.unplaced),
        more_placed_hosts=_placed_hosts(plan) - _placed_hosts(base),
        more_cents=plan.cost.total_cents - base.cost.total_cents,
        moved=outcome.moved,
        done_by=None if plan.unplaced else max((one.ends_at for one in plan.assignments), default=None),
        odds=odds,
        margin=earned.profit if earned else None,
        risks=risks(problem, plan, odds),
    )


def _placed_hosts(plan: Plan) -> int:
    return sum(len(plan.visit[visit_id].host_ids) for visit_id in {one.visit_id for one in plan.assignments})
