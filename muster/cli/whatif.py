"""The command ``muster what-if``: other worlds beside today's, each planned from today's plan."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated

import typer

from muster.cli.campaigns import CampaignOption, JsonOption
from muster.cli.output import say, say_json, table
from muster.cli.plan_pages import euros
from muster.cli.planning import PlanOption, chosen_plan
from muster.cli.workspace import Workspace, opened
from muster.errors import InputError
from muster.plan import Plan

if TYPE_CHECKING:  # it brings OR-Tools, which other commands need not wait for
    from scheduler.problem import Problem
    from scheduler.whatif import Outcome

AS_IT_IS = "as it is"


@dataclass(frozen=True, slots=True)
class Row:
    """One scenario against today's world, searched for just as long."""

    name: str
    plan: Plan
    open_hosts: int
    more_placed_hosts: int
    more_cents: int
    moved: int


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
    """Say what would become of the plan in other worlds: more people, overtime, another deadline, a partner less.

    Each scenario begins from today's plan; "as it is" is searched for just as long. Nothing is kept.

    Example: muster what-if "people +2 linux in north" "overtime 60" "deadline -3d" "without partner nw; overtime 60"
    """
    if not scenarios:
        _say_forms(as_json=as_json)
        return
    with opened(context) as workspace:
        meant = workspace.campaign(campaign)
        plan = chosen_plan(workspace, meant.id, plan_id)
        rows = _rows(_outcomes(workspace, plan, scenarios, seconds, seed))
        if as_json:
            say_json({"campaign": meant.id, "plan": plan.id, "scenarios": [_document(row) for row in rows]})
            return
        table(
            ("scenario", "visits", "left out", "hosts left out", "cost", "cost more", "hosts more", "moved"),
            [
                (
                    row.name,
                    f"{len(row.plan.visits):,}",
                    f"{len(row.plan.unplaced):,}",
                    f"{row.open_hosts:,}",
                    euros(row.plan.cost.total_cents),
                    "" if row.name == AS_IT_IS else _signed(euros(row.more_cents)),
                    "" if row.name == AS_IT_IS else _signed(f"{row.more_placed_hosts:,}"),
                    f"{row.moved:,}",
                )
                for row in rows
            ],
            right=tuple(range(1, 8)),
        )
        say(f"\nmore: against {AS_IT_IS!r}; moved: visits with another person or day than in plan {plan.id}")


def _outcomes(
    workspace: Workspace, plan: Plan, scenarios: list[str], seconds: float, seed: int
) -> tuple["Outcome", ...]:
    from scheduler.stop import MaxSeconds
    from scheduler.whatif import what_if as live

    problems = _problems(workspace, plan, scenarios)
    return live(plan, problems, lambda: MaxSeconds(seconds), seed)


def _problems(workspace: Workspace, plan: Plan, scenarios: list[str]) -> dict[str, "Problem"]:
    """Every scenario's problem, all read before the first is planned."""
    from flows.planning import first_start, world_of
    from scheduler.build import build
    from scheduler.scenarios import scenario

    if len(set(scenarios)) != len(scenarios):
        raise InputError("a scenario is there twice", hint="give each once")
    services = workspace.services
    world = world_of(services, plan.campaign_id, now=first_start(services.clock.now()))
    states = services.ledger.hosts(plan.campaign_id)
    worlds = {AS_IT_IS: world, **{text: scenario(text, world) for text in scenarios}}
    return {
        name: replace(build(one, states, keep=plan.visits), ledger_revision=plan.ledger_revision)
        for name, one in worlds.items()
    }


def _rows(outcomes: tuple["Outcome", ...]) -> list[Row]:
    base = outcomes[0].plan
    placed = _placed_hosts(base)
    return [
        Row(
            name=one.name,
            plan=one.plan,
            open_hosts=sum(len(one.plan.visit[out.visit_id].host_ids) for out in one.plan.unplaced),
            more_placed_hosts=_placed_hosts(one.plan) - placed,
            more_cents=one.plan.cost.total_cents - base.cost.total_cents,
            moved=one.moved,
        )
        for one in outcomes
    ]


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
    }


def _say_forms(*, as_json: bool) -> None:
    from scheduler.scenarios import FORMS

    if as_json:
        say_json({"forms": [{"example": example, "meaning": meaning} for example, meaning in FORMS]})
        return
    table(("scenario", "means"), [(f'"{example}"', meaning) for example, meaning in FORMS])
    say("\nseveral are joined by ;")
