"""Commands of partners' visits: swapped, claimed, settled, paid."""

from collections.abc import Sequence
from typing import Annotated

import typer

from muster.cli.campaigns import CampaignOption, JsonOption
from muster.cli.days import parse_moment, today
from muster.cli.output import say, say_json, say_rows
from muster.cli.workspace import me, opened
from muster.ids import PartnerId, PersonId, VisitId
from muster.words import count
from partners.papers import FILES, SWAPS, WORK, change
from partners.swaps import SwapState, asked
from partners.work import Work, approved, paid

VisitArgument = Annotated[str, typer.Argument(help="Id of a visit of the plan that binds.")]


def swap(
    context: typer.Context,
    visit: VisitArgument,
    comes: Annotated[str, typer.Argument(help="Id of the person who is to come instead.")],
    reason: Annotated[str, typer.Option(help="Why.")],
    by: Annotated[str | None, typer.Option("--by", help="Who asks; by default whoever is logged in.")] = None,
    campaign: CampaignOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask for another of the partner's people to do a visit; somebody else decides.

    Example: muster partner swap V-acme-hq-onsite-1 nora --reason "Nils is ill" --by nils
    """
    from flows.partner_work import binding_plan, next_number

    with opened(context) as workspace:
        services, meant = workspace.services, workspace.campaign(campaign)
        plan = binding_plan(services, meant.id)
        taken = [kept.value.id for kept in services.book.papers(SWAPS)]
        made = asked(
            next_number("swap", taken),
            plan,
            workspace.ledger.crew(),
            VisitId(visit),
            PersonId(comes),
            reason=reason,
            by=by or me(),
            at=services.clock.now(),
        )
        services.book.write([change(SWAPS, made, "swap asked")], by=made.asked_by)
        if as_json:
            say_json({"swap": made.id, "state": made.state})
            return
        say(f"{made.id}: {made.comes} instead of {made.leaves} for {visit}; next: muster partner decide {made.id}")


def decide(
    context: typer.Context,
    swap_id: Annotated[str, typer.Argument(help="Id of the request.")],
    refuse: Annotated[bool, typer.Option("--refuse", help="Say no.")] = False,
    note: Annotated[str, typer.Option(help="What the partner is told.")] = "",
    by: Annotated[str | None, typer.Option("--by", help="Who decides; by default whoever is logged in.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Approve or refuse a swap. One that is approved is checked and dispatched like a plan.

    Example: muster partner decide swap-1
    """
    from flows.partner_work import decide_swap

    with opened(context) as workspace:
        state = SwapState.REFUSED if refuse else SwapState.APPROVED
        made, plan_id = decide_swap(workspace.services, swap_id, state, by=by or me(), note=note)
        if as_json:
            say_json({"swap": made.id, "state": made.state, "plan": plan_id})
            return
        say(f"{made.id} is {made.state}{f'; plan {plan_id} binds' if plan_id else ''}")


def claim(
    context: typer.Context,
    visit: VisitArgument,
    started: Annotated[
        str | None, typer.Option(help="When, local to the site: 2026-10-26T09:05; else as planned.")
    ] = None,
    ended: Annotated[str | None, typer.Option(help="Until when; else as planned.")] = None,
    campaign: CampaignOption = None,
    as_json: JsonOption = False,
) -> None:
    """Claim a partner's visit as done. It counts when a fresh probe has found every machine right, not before.

    Example: muster partner claim V-acme-hq-onsite-1 --started 2026-10-26T09:05 --ended 2026-10-26T10:40
    """
    from flows.partner_work import Claim, binding_plan, claim_work, planned_span

    with opened(context) as workspace:
        meant = workspace.campaign(campaign)
        plan = binding_plan(workspace.services, meant.id)
        starts, length = planned_span(plan, VisitId(visit))
        site = workspace.ledger.fleet().site[plan.visit[VisitId(visit)].site_id]
        began = parse_moment(started, site.timezone) if started else starts
        until = parse_moment(ended, site.timezone) if ended else began + length
        _say_work(
            claim_work(workspace.services, meant.id, [Claim(VisitId(visit), began, until)], by=me()), as_json=as_json
        )


def settle(context: typer.Context, campaign: CampaignOption = None, as_json: JsonOption = False) -> None:
    """Bring claimed work up to what fresh probes have found: verified, or reopened with its payment held.

    Example: muster partner settle
    """
    from flows.partner_work import settle as bring_up

    with opened(context) as workspace:
        meant = workspace.campaign(campaign)
        changed = bring_up(workspace.services, meant.id, by=me())
        _say_work(changed, as_json=as_json)
        if not as_json:
            say(f"{count(len(changed), 'visit')} changed; next: muster partner pay --approve")


def pay(
    context: typer.Context,
    approve: Annotated[bool, typer.Option("--approve", help="Make verified work payable.")] = False,
    paid_reference: Annotated[
        str | None, typer.Option("--paid", help="Reference of the transfer: it was paid.")
    ] = None,
    partner: Annotated[str | None, typer.Option(help="Only this partner's.")] = None,
    campaign: CampaignOption = None,
    as_json: JsonOption = False,
) -> None:
    """List a campaign's work with what it is worth; approve what is verified, or record what was paid.

    Example: muster partner pay --approve --partner north
    """
    with opened(context) as workspace:
        meant = workspace.campaign(campaign)
        book, day = workspace.services.book, today(workspace)
        kept = book.papers(WORK, campaign_id=meant.id, partner_id=PartnerId(partner) if partner else None)
        bound = {one.id: one for file in book.papers(FILES) for one in file.value.agreements}
        changes = []
        for one in kept:
            if approve and one.value.state == "verified":
                after = approved(one.value, bound[one.value.agreement_id], by=me(), on=day)
                changes.append(change(WORK, after, "work payable", one))
            elif paid_reference is not None and one.value.state == "payable":
                changes.append(
                    change(WORK, paid(one.value, by=me(), on=day, reference=paid_reference), "work paid", one)
                )
        book.write(changes, by=me())
        _say_work(
            [
                one.value
                for one in book.papers(WORK, campaign_id=meant.id, partner_id=PartnerId(partner) if partner else None)
            ],
            as_json=as_json,
        )


def _say_work(works: Sequence[Work], *, as_json: bool) -> None:
    rows = [
        (
            one.visit_id,
            one.partner_id,
            one.state.value,
            f"{sum(host.state == 'verified' for host in one.hosts)} of {len(one.hosts)}",
            str(one.payable.net) if one.payable else "-",
            str(one.payable.due_on) if one.payable else "-",
        )
        for one in works
    ]
    names = ("visit", "partner", "state", "machines verified", "to pay", "due")
    say_rows(names, rows, as_json=as_json, right=(4,))
