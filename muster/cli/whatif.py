"""The command ``muster what-if``: other worlds beside today's, each planned from today's plan."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from muster.cli.campaigns import CampaignOption, JsonOption
from muster.cli.output import say, say_json, table
from muster.cli.plan_pages import euros
from muster.cli.planning import PlanOption, chosen_plan
from muster.cli.workspace import Workspace, opened
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


def what_if(
    context: typer.Context,
    scenarios: Annotated[
        list[str] | None, typer.Argument(help="Such as 'people +2 linux'; without any: all forms.")
    ] = None,
    campaign: CampaignOption = None,
    plan_id: PlanOption = None,
    seconds: Annotated[float, typer.Option(help="How long each scenario is searched.")] = 3.0,
    seed: Annotated[int, typer.Option(help="Of every random choice.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Say what would become of the plan in other worlds: done by when, how likely, at what cost, margin and risk.

    Each scenario begins from today's plan; "as it is" is searched for just as long. Nothing is kept.

    Example: muster what-if "add partner northside" "overtime 20 %" "automation 90 %" "deadline -3d; overtime 60"
    """
    if not scenarios:
        _say_forms(as_json=as_json)
        return
    with opened(context) as workspace:
        meant = workspace.campaign(campaign)
        plan = chosen_plan(workspace, meant.id, plan_id)
        rows = _rows(workspace, plan, scenarios, seconds, seed)
        if as_json:
            say_json({"campaign": meant.id, "plan": plan.id, "scenarios": [_document(row) for row in rows]})
        else:
            _say(rows, plan, ZoneInfo(meant.timezone))


def _say(rows: list[Row], plan: Plan, zone: ZoneInfo) -> None:
    table(
        ("scenario", "done by", "left out", "odds", "hosts done", "cost", "cost more", "margin", "moved"),
        [
            (
                row.name,
                f"{row.done_by.astimezone(zone):%d %b %H:%M}" if row.done_by else "never",
                f"{row.open_hosts:,}",
                f"{row.odds.all_done:.0%}",
                f"{row.odds.done_share:.1%}",
                euros(row.plan.cost.total_cents),
                "" if row.name == AS_IT_IS else _signed(euros(row.more_cents)),
                f"{row.margin.amount:,.2f}" if row.margin else "-",
                f"{row.moved:,}",
            )
            for row in rows
        ],
        right=tuple(range(2, 9)),
    )
    say("\nwhat limits it:", style="bold")
    for row in rows:
        say(f"  {row.name}: {'; '.join(row.risks) or 'nothing that stands out'}")
    say(
        f"\nleft out: hosts; odds: all of it is done, of {LIVES} lives; more: against {AS_IT_IS!r}; "
        f"moved: visits with another person or day than in plan {plan.id}"
    )
    if any(row.margin is None for row in rows):
        say("margin: no quote is signed yet; muster money offer, quote and sign make it known")


def _rows(workspace: Workspace, plan: Plan, scenarios: list[str], seconds: float, seed: int) -> list[Row]:
    from scheduler.stop import MaxSeconds
    from scheduler.whatif import what_if as live

    worlds = _worlds(workspace, plan, scenarios)
    outcomes = live(plan, {name: one for name, (_, one) in worlds.items()}, lambda: MaxSeconds(seconds), seed)
    base = outcomes[0].plan
    return [_row(workspace, one, base, *worlds[one.name], seed) for one in outcomes]


def _worlds(workspace: Workspace, plan: Plan, scenarios: list[str]) -> dict[str, tuple["World", "Problem"]]:
    """Every scenario's world and problem, all read before the first is planned."""
    from flows.planning import first_start, world_of
    from scheduler.build import build
    from scheduler.scenarios import scenario, states_in

    if len(set(scenarios)) != len(scenarios):
        raise InputError("a scenario is there twice", hint="give each once")
    services = workspace.services
    world = world_of(services, plan.campaign_id, now=first_start(services.clock.now()))
    states = services.ledger.hosts(plan.campaign_id)
    worlds = {AS_IT_IS: (world, states)}
    worlds |= {text: (scenario(text, world), states_in(text, world, states)) for text in scenarios}
    return {
        name: (one, replace(build(one, standing, keep=plan.visits), ledger_revision=plan.ledger_revision))
        for name, (one, standing) in worlds.items()
    }


def _row(workspace: Workspace, outcome: "Outcome", base: Plan, world: "World", problem: "Problem", seed: int) -> Row:
    from flows.profit import margin_of
    from scheduler.risk import risks
    from scheduler.robust import simulate, uncertain

    plan = outcome.plan
    efforts = uncertain(world.effort, world.fleet, plan)
    odds = simulate(problem, plan, efforts, lives=LIVES, no_show=NO_SHOW, seed=seed)
    earned = margin_of(workspace.services, problem, plan)
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


def _signed(words: str) -> str:
    return words if words.startswith("-") else f"+{words}"


def _document(row: Row) -> dict[str, object]:
    return {
        "scenario": row.name,
        "visits": len(row.plan.visits),
        "unplaced": len(row.plan.unplaced),
        "hosts_left_out": row.open_hosts,
        "cost_cents": row.plan.cost.total_cents,
        "partner_cents": row.plan.cost.partner_cents,
        "overtime_cents": row.plan.cost.overtime_cents,
        "gap": row.plan.gap,
        "more_cost_cents": row.more_cents,
        "more_placed_hosts": row.more_placed_hosts,
        "moved_visits": row.moved,
        "done_by": row.done_by.isoformat() if row.done_by else None,
        "all_done": row.odds.all_done,
        "done_share": row.odds.done_share,
        "margin": str(row.margin.amount) if row.margin else None,
        "currency": row.margin.currency if row.margin else None,
        "risks": row.risks,
    }


def _say_forms(*, as_json: bool) -> None:
    from scheduler.scenarios import FORMS

    if as_json:
        say_json({"forms": [{"example": example, "meaning": meaning} for example, meaning in FORMS]})
        return
    table(("scenario", "means"), [(f'"{example}"', meaning) for example, meaning in FORMS])
    say("\nseveral are joined by ;")
