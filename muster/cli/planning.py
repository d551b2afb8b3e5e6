"""Commands of planning: estimate, plan, plan show, plan explain, dispatch.

The solver takes a second to import, so each command imports what it needs of it.
"""

from typing import Annotated

import typer

from muster.cli.campaigns import CampaignOption, JsonOption
from muster.cli.output import count, say, say_json, table
from muster.cli.plan_pages import plan_document, reason_line, say_plan
from muster.cli.searching import searching
from muster.cli.workspace import Workspace, me, opened
from muster.errors import NotFound
from muster.fleet import OsFamily
from muster.ids import CampaignId, PlanId, VisitId
from muster.plan import Plan, VisitMode
from scheduler.estimate import EffortModel, PerHost

PlanOption = Annotated[str | None, typer.Option("--plan", help="Id of a plan; by default the newest.")]
SHARES = (0.5, 0.8, 0.95)


def estimate(context: typer.Context, campaign: CampaignOption = None, as_json: JsonOption = False) -> None:
    """Say how long hosts take: the campaign's guess, moved by every push that was measured.

    Example: muster estimate
    """
    from flows.planning import effort_of

    with opened(context) as workspace:
        meant = workspace.campaign(campaign)
        model = effort_of(workspace.services, meant.id)
        families = {host.os for host in workspace.ledger.fleet().hosts}
        if as_json:
            say_json({"campaign": meant.id, "shares": SHARES, "estimates": _estimates(model, families)})
            return
        table(
            ("mode", "family", "minutes a host", "measured", "10 hosts: half", "80 %", "95 % of cases"),
            [
                (mode.value, family.value, f"{known.mean:.1f}", f"{known.measured:,}", *_tens(model, mode, family))
                for mode, family, known in _known(model, families)
            ],
            right=(2, 3, 4, 5, 6),
        )
        say("\nmeasured: hosts whose pushes were timed; without any, these are the campaign's own guess")


def _known(model: EffortModel, families: set[OsFamily]) -> list[tuple[VisitMode, OsFamily, PerHost]]:
    order = [(mode, family) for mode in VisitMode for family in OsFamily if family in families]
    return [(mode, family, model.per_host[mode, family]) for mode, family in order]


def _tens(model: EffortModel, mode: VisitMode, family: OsFamily) -> list[str]:
    effort = model.visit(mode, {family: 10})
    return [f"{effort.at(share):.0f} min" for share in SHARES]


def _estimates(model: EffortModel, families: set[OsFamily]) -> list[dict[str, object]]:
    return [
        {
            "mode": mode.value,
            "family": family.value,
            "minutes_per_host": known.mean,
            "measured_hosts": known.measured,
            "minutes_of_10_hosts": [model.visit(mode, {family: 10}).at(share) for share in SHARES],
        }
        for mode, family, known in _known(model, families)
    ]


def plan(
    context: typer.Context,
    campaign: CampaignOption = None,
    seconds: Annotated[float | None, typer.Option(help="How long to search; Ctrl-C takes the best so far.")] = None,
    seed: Annotated[int, typer.Option(help="Of every random choice.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Make a plan of what hosts still need: who, where, when; and why what is not placed is not. Binds nobody.

    Example: muster plan --seconds 20
    """
    if context.invoked_subcommand is not None:
        return
    from flows.planning import make_plan

    with opened(context) as workspace:
        meant = workspace.campaign(campaign)
        limit = seconds or workspace.settings.solve_seconds
        with searching(limit, quiet=as_json) as (watcher, cancelled):
            made = make_plan(
                workspace.services, meant.id, seconds=limit, seed=seed, progress=watcher, cancelled=cancelled
            )
        _show(workspace, made, everything=False, as_json=as_json)
        if not as_json:
            say(f"\nnext: muster plan explain VISIT, or make it binding: muster dispatch {made.id}")


def show(
    context: typer.Context,
    plan_id: Annotated[str | None, typer.Argument(help="Id of a plan; by default the newest.")] = None,
    campaign: CampaignOption = None,
    everything: Annotated[bool, typer.Option("--all", help="Every visit.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show a plan again.

    Example: muster plan show --all
    """
    with opened(context) as workspace:
        chosen = chosen_plan(workspace, workspace.campaign(campaign).id, plan_id)
        _show(workspace, chosen, everything=everything, as_json=as_json)


def explain(
    context: typer.Context,
    visit: Annotated[str, typer.Argument(help="Id of a visit.")],
    campaign: CampaignOption = None,
    plan_id: PlanOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say why a visit is placed as it is, or why it is not and what would place it.

    Example: muster plan explain V-acme-hq-remote-1
    """
    from flows.planning import problem_as_planned
    from scheduler.explain import explain as explain_visit

    with opened(context) as workspace:
        meant = workspace.campaign(campaign)
        chosen = chosen_plan(workspace, meant.id, plan_id)
        visit_id = VisitId(visit)
        if visit_id not in chosen.visit:
            raise NotFound(f"plan {chosen.id} has no visit {visit!r}", hint="muster plan show --all lists them")
        reasons = explain_visit(problem_as_planned(workspace.services, chosen), chosen, visit_id)
        if as_json:
            say_json(
                {"visit": visit, "reasons": [{"rule": r.rule, "text": r.text, "remedy": r.remedy} for r in reasons]}
            )
            return
        say(visit, style="bold")
        for reason in reasons:
            say(f"  {reason_line(reason)}")


def dispatch(
    context: typer.Context,
    plan_id: Annotated[str | None, typer.Argument(help="Id of a plan; by default the newest.")] = None,
    campaign: CampaignOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a plan binding, after checking it against what is true now. Names every visit that does not hold any more.

    Example: muster dispatch
    """
    from flows.planning import dispatch_plan

    with opened(context) as workspace:
        meant = workspace.campaign(campaign)
        chosen = dispatch_plan(workspace.services, chosen_plan(workspace, meant.id, plan_id).id, by=me())
        if as_json:
            say_json({"campaign": meant.id, "plan": chosen.id, "visits": len(chosen.assignments)})
            return
        hosts = sum(len(chosen.visit[one.visit_id].host_ids) for one in chosen.assignments)
        say(f"plan {chosen.id} binds: {count(len(chosen.assignments), 'visit')}, {count(hosts, 'host')}", style="bold")
        say("next: muster run (what is due), or muster run --ahead")


def chosen_plan(workspace: Workspace, campaign_id: CampaignId, plan_id: str | None) -> Plan:
    """The plan that is meant, the newest by default.

    Raises:
        NotFound: there is none, or none with this id.
    """
    there = workspace.ledger.plans(campaign_id)
    if not there:
        raise NotFound(f"campaign {campaign_id} has no plan yet", hint="muster plan makes one")
    if plan_id is not None and PlanId(plan_id) not in there:
        raise NotFound(f"campaign {campaign_id} has no plan {plan_id!r} (the newest is {there[-1]})")
    return workspace.ledger.plan(PlanId(plan_id) if plan_id else there[-1])


def _show(workspace: Workspace, made: Plan, *, everything: bool, as_json: bool) -> None:
    if as_json:
        say_json(plan_document(made))
    else:
        say_plan(made, workspace.ledger.fleet(), workspace.ledger.crew(), everything=everything)
