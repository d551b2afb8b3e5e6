"""Commands of planning: estimate, plan, plan show, plan explain, dispatch.

The solver takes a second to import, so each command imports what it needs of it.
"""

from collections.abc import Sequence
from itertools import groupby
from typing import Annotated

import typer

from muster.cli.campaigns import CampaignOption, JsonOption, campaign_to_push
from muster.cli.output import say, say_indented, say_json
from muster.cli.plan_pages import plan_document, say_plan, say_reasons, visit_in_words
from muster.cli.searching import searching
from muster.cli.ways import NoticeOption
from muster.cli.workspace import Workspace, me, opened
from muster.errors import NotFound
from muster.ids import CampaignId, PlanId, VisitId
from muster.plan import Plan, Reason
from muster.words import count

PlanOption = Annotated[str | None, typer.Option("--plan", help="Id of a plan; by default the newest.")]
EXPLAINED_VISITS = 20
SHOWN_TIGHT = 8


def plan(
    context: typer.Context,
    campaign: CampaignOption = None,
    seconds: Annotated[
        float | None, typer.Option(min=0, help="How long to search; Ctrl-C takes the best so far.")
    ] = None,
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
        limit = workspace.settings.solve_seconds if seconds is None else seconds
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
    visit: Annotated[str | None, typer.Argument(help="Id of a visit; without one: what the plan leaves out.")] = None,
    campaign: CampaignOption = None,
    plan_id: PlanOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say why a visit is placed as it is, or why it is not and what would place it.

    Without a visit: the same of every visit that the plan leaves out.

    Example: muster plan explain V-acme-van-remote-1
    """
    from flows.planning import problem_as_planned
    from scheduler.explain import explain as explain_visit

    with opened(context) as workspace:
        meant = workspace.campaign(campaign)
        chosen = chosen_plan(workspace, meant.id, plan_id)
        if visit is not None and VisitId(visit) not in chosen.visit:
            raise NotFound(f"plan {chosen.id} has no visit {visit!r}", hint="muster plan show --all lists them")
        problem = problem_as_planned(workspace.services, chosen)
        asked = [VisitId(visit)] if visit else [one.visit_id for one in chosen.unplaced][:EXPLAINED_VISITS]
        told = {visit_id: explain_visit(problem, chosen, visit_id) for visit_id in asked}
        if as_json:
            documents = [{"visit": name, "reasons": _reasons(reasons)} for name, reasons in told.items()]
            say_json(documents[0] if visit else {"plan": chosen.id, "visits": documents})
            return
        fleet = workspace.ledger.fleet()
        for visit_id, reasons in told.items():
            say(visit_in_words(chosen.visit[visit_id], fleet), style="bold")
            say_reasons(reasons)
        if not visit:
            _say_left_out(chosen, len(told))


def _reasons(reasons: Sequence[Reason]) -> list[dict[str, str]]:
    return [{"rule": reason.rule, "text": reason.text, "remedy": reason.remedy} for reason in reasons]


def _say_left_out(plan: Plan, explained: int) -> None:
    if not plan.unplaced:
        say("every visit is placed; muster plan explain VISIT says why one stands where it does")
    elif explained < len(plan.unplaced):
        say(f"\nand {len(plan.unplaced) - explained} more that are left out: name one of them")
    if plan.unplaced:
        say("\nmuster plan tight says which people and limits are short")


def tight(
    context: typer.Context,
    campaign: CampaignOption = None,
    plan_id: PlanOption = None,
    seconds: Annotated[float, typer.Option(min=0, help="How long the prices are worked out.")] = 10.0,
    everything: Annotated[bool, typer.Option("--all", help="All of them, not only the dearest.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Say which people, skills and limits are short in a plan, and about what a little more of each would save.

    Example: muster plan tight
    """
    from flows.planning import problem_as_planned
    from scheduler.search import is_warm
    from scheduler.tight import tight as priced

    with opened(context) as workspace:
        if not is_warm() and not as_json:
            say("the search is compiled first, once on this machine: a minute or two of one core")
        chosen = chosen_plan(workspace, workspace.campaign(campaign).id, plan_id)
        found = priced(problem_as_planned(workspace.services, chosen), chosen, seconds)
        if as_json:
            rows = [{"kind": one.kind.value, "name": one.name, "cents": one.cents, "text": one.text} for one in found]
            say_json({"plan": chosen.id, "tight": rows})
            return
        if not found:
            say("nothing is short: more people or hours would save next to nothing")
        for kind, together in groupby(found, key=lambda one: one.kind):
            ones = list(together)
            say({"person": "people"}.get(kind.value, f"{kind.value}s"), style="bold")
            for one in ones if everything else ones[:SHOWN_TIGHT]:
                say_indented(one.text, 2)
            if not everything and len(ones) > SHOWN_TIGHT:
                say(f"  and {len(ones) - SHOWN_TIGHT} more (--all)")
        if found and chosen.unplaced:
            say("\nwhat is saved counts machines that are left out at their price (planning: of the campaign file)")


def dispatch(
    context: typer.Context,
    plan_id: Annotated[str | None, typer.Argument(help="Id of a plan; by default the newest.")] = None,
    campaign: CampaignOption = None,
    without_notice: NoticeOption = None,
    why: Annotated[str, typer.Option("--why", help="Why visits moved, in the client's words.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Make a plan binding, after checking it against what is true now. Names every visit that does not hold any more.

    Every client is told: its notice is queued in the outbox with the dispatch itself, and sent by muster messages send
    or muster up; while no SMTP server is set it becomes a file. A visit whose client cannot be told is held back.

    Example: muster dispatch
    """
    from flows.planning import dispatch_plan
    from flows.premortem import before_dispatch
    from muster.cli.notices import check_notices, notices_since, say_notices, to_folder
    from muster.cli.premortem import say_briefly

    with opened(context) as workspace:
        meant = campaign_to_push(workspace, campaign, quiet=as_json)  # its approvals may have changed
        wanted = chosen_plan(workspace, meant.id, plan_id)
        check_notices(workspace, meant, wanted, without_notice)
        worries = before_dispatch(workspace.services, workspace.settings.workspace, meant, wanted)
        before = workspace.ledger.revision()
        chosen = dispatch_plan(workspace.services, wanted.id, by=me(), why=why)
        notices = notices_since(workspace, meant.id, before)
        to_folder(workspace)
        if as_json:
            say_json(
                {
                    "campaign": meant.id,
                    "plan": chosen.id,
                    "visits": len(chosen.assignments),
                    "notices": list(notices),
                    "premortem": [one.worry.rule for one in worries],
                }
            )
            return
        hosts = sum(len(chosen.visit[one.visit_id].host_ids) for one in chosen.assignments)
        say(f"plan {chosen.id} binds: {count(len(chosen.assignments), 'visit')}, {count(hosts, 'host')}", style="bold")
        say_notices(workspace, len(notices), " to clients")
        say_briefly(worries)
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
