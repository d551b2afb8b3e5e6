"""The command ``muster what-if``: other worlds beside today's, each planned from today's plan."""

from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from muster.cli.campaigns import CampaignOption, JsonOption
from muster.cli.output import say, say_indented, say_json, table
from muster.cli.planning import PlanOption, chosen_plan
from muster.cli.workspace import opened
from muster.plan import Plan
from muster.words import amount

if TYPE_CHECKING:
    from flows.whatif import Row


def what_if(
    context: typer.Context,
    scenarios: Annotated[
        list[str] | None, typer.Argument(help="Such as 'people +2 linux'; without any: all forms.")
    ] = None,
    campaign: CampaignOption = None,
    plan_id: PlanOption = None,
    seconds: Annotated[float, typer.Option(min=0, help="How long each scenario is searched.")] = 3.0,
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
    from flows.whatif import compare

    with opened(context) as workspace:
        meant = workspace.campaign(campaign)
        plan = chosen_plan(workspace, meant.id, plan_id)
        rows = compare(workspace.services, plan, scenarios, seconds=seconds, seed=seed)
        if as_json:
            say_json({"campaign": meant.id, "plan": plan.id, "scenarios": [_document(row) for row in rows]})
        else:
            _say(rows, plan, ZoneInfo(meant.timezone))


def _say(rows: "list[Row]", plan: Plan, zone: ZoneInfo) -> None:
    from flows.whatif import AS_IT_IS, LIVES

    table(
        ("scenario", "done by", "left out", "odds", "hosts done", "cost", "cost more", "margin", "moved"),
        [
            (
                row.name,
                f"{row.done_by.astimezone(zone):%d %b %H:%M}" if row.done_by else "never",
                f"{row.open_hosts:,}",
                f"{row.odds.all_done:.0%}",
                f"{row.odds.done_share:.1%}",
                amount(row.plan.cost.total_cents),
                "" if row.name == AS_IT_IS else _signed(amount(row.more_cents)),
                f"{row.margin.amount:,.2f}" if row.margin else "-",
                f"{row.moved:,}",
            )
            for row in rows
        ],
        right=tuple(range(2, 9)),
    )
    say("\nwhat limits it:", style="bold")
    for row in rows:
        if not row.risks:
            say(f"  {row.name}: nothing that stands out")
            continue
        say(f"  {row.name}:")
        for risk in row.risks:
            say_indented(risk, 4)
    say(
        f"\nleft out: hosts; odds: all of it is done, of {LIVES} lives; more: against {AS_IT_IS!r}; "
        f"moved: visits with another person or day than in plan {plan.id}"
    )
    if any(row.margin is None for row in rows):
        say("margin: no quote is signed yet; muster money offer, quote and sign make it known")


def _signed(words: str) -> str:
    return words if words.startswith("-") else f"+{words}"


def _document(row: "Row") -> dict[str, object]:
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
