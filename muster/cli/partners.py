"""Commands of partners' work: tasks, disclosures, incidents, referrals, swaps, claims, settling, paying, scorecards."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from muster.cli.campaigns import CampaignOption, JsonOption
from muster.cli.output import count, say, say_json, table
from muster.cli.partner_files import PartnerArgument, file_of, rules_of, today
from muster.cli.workspace import Workspace, me, opened
from muster.errors import InputError, NotFound
from muster.files import write_whole
from muster.ids import ClientId, PartnerId, PersonId, VisitId
from partners.conduct import conduct
from partners.file import ClientTerms
from partners.matters import About, Matter, MatterKind, MatterState, moved
from partners.matters import opened as opened_matter
from partners.papers import DISCLOSURES, FEEDBACK, FILES, MATTERS, SWAPS, TERMS, WORK, change
from partners.scope import ListedVisit, Window
from partners.scorecard import Feedback, scorecard
from partners.swaps import SwapState, asked
from partners.work import Work, approved, paid


class DocumentForm(StrEnum):
    """What an agreement is written as."""

    HTML = "html"
    PDF = "pdf"


VisitArgument = Annotated[str, typer.Argument(help="Id of a visit of the plan that binds.")]


def tasks(
    context: typer.Context, partner: PartnerArgument, campaign: CampaignOption = None, as_json: JsonOption = False
) -> None:
    """Show what a partner may see now, with the rules of conduct; that it was shown is written down.

    Example: muster partner tasks north
    """
    from flows.partner_work import show_tasks

    with opened(context) as workspace:
        settings = workspace.settings
        window = Window(timedelta(hours=settings.partner_sees_before_h), timedelta(hours=settings.partner_sees_after_h))
        meant = workspace.campaign(campaign)
        listed, agreement = show_tasks(workspace.services, meant.id, PartnerId(partner), window, by=me())
        owners = sorted({_terms(workspace, one.client_id).owner for one in listed} - {""})
        rules = conduct(settings.company, " or ".join(owners), agreement)
        if as_json:
            say_json({"partner": partner, "visits": [_listed(one) for one in listed], "conduct": dict(rules)})
            return
        _say_tasks(listed)
        for heading, text in rules:
            say(f"\n{heading}", style="bold")
            say(text)


def disclosures(
    context: typer.Context,
    partner: Annotated[str | None, typer.Option(help="Only of this partner.")] = None,
    client: Annotated[str | None, typer.Option(help="Only of this client.")] = None,
    as_json: JsonOption = False,
) -> None:
    """List who was shown what of which client, when, under which clause, and until when it binds.

    Example: muster partner disclosures --client acme
    """
    with opened(context) as workspace:
        kept = workspace.services.book.papers(
            DISCLOSURES,
            partner_id=PartnerId(partner) if partner else None,
            client_id=ClientId(client) if client else None,
        )
        rows = [
            (
                str(one.at.date()),
                one.partner_id,
                one.person_id,
                one.client_id,
                ", ".join(one.shown),
                one.clause,
                str(one.binds_until),
            )
            for one in (entry.value for entry in kept)
        ]
        names = ("when", "partner", "person", "client", "what", "clause", "binds until")
        if as_json:
            say_json([dict(zip(names, row, strict=True)) for row in rows])
            return
        table(names, rows) if rows else say("nothing was shown to anybody")


def incident(
    context: typer.Context,
    partner: PartnerArgument,
    client: Annotated[str, typer.Argument(help="Id of the client.")],
    text: Annotated[str, typer.Argument(help="What happened.")],
    referral: Annotated[bool, typer.Option("--referral", help="The client wants more work: for us to follow.")] = False,
    owner: Annotated[str, typer.Option(help="Who sees to it; by default the client's owner.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Record an incident at a client, or a referral: each has an owner of ours and a state.

    Example: muster partner incident north acme "the file server did not start again"
    """
    from flows.partner_work import next_number

    with opened(context) as workspace:
        book = workspace.services.book
        kind = MatterKind.REFERRAL if referral else MatterKind.INCIDENT
        taken = [kept.value.id for kept in book.papers(MATTERS)]
        file = file_of(workspace, partner)
        made = opened_matter(
            next_number(kind.value, taken),
            kind,
            About(file.id, ClientId(client)),
            text,
            owner=owner or _terms(workspace, ClientId(client)).owner,
            by=me(),
            at=workspace.services.clock.now(),
        )
        book.write([change(MATTERS, made, f"{kind} opened")], by=me())
        _say_matter(made, as_json=as_json)


def matters(
    context: typer.Context,
    move: Annotated[str | None, typer.Option("--move", help="Id of the one that is moved.")] = None,
    to: Annotated[MatterState, typer.Option(help="Its new state.")] = MatterState.IN_HAND,
    text: Annotated[str, typer.Option(help="What was done.")] = "",
    as_json: JsonOption = False,
) -> None:
    """List incidents and referrals with their owners and states, or move one on.

    Example: muster partner matters --move incident-1 --to closed --text "a disk was changed"
    """
    with opened(context) as workspace:
        book = workspace.services.book
        if move is not None:
            before = book.find(MATTERS, move)
            if before is None:
                raise NotFound(f"there is no {move!r}", hint="muster partner matters")
            after = moved(before.value, to, text, by=me(), at=workspace.services.clock.now())
            book.write([change(MATTERS, after, f"{after.kind} {to}", before)], by=me())
            _say_matter(after, as_json=as_json)
            return
        found = [kept.value for kept in book.papers(MATTERS)]
        if as_json:
            say_json([_matter(one) for one in found])
            return
        rows = [(one.id, one.state.value, one.owner, one.partner_id, one.client_id, one.text) for one in found]
        table(("id", "state", "owner", "partner", "client", "what"), rows) if rows else say("nothing is recorded")


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
        began = _instant(started, site.timezone) if started else starts
        until = _instant(ended, site.timezone) if ended else began + length
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


def feedback(
    context: typer.Context,
    visit: VisitArgument,
    points: Annotated[int, typer.Argument(help="1 (bad) to 5 (good).")],
    by: Annotated[str, typer.Option("--by", help="Who of the client said so.")],
    text: Annotated[str, typer.Option(help="In the client's words.")] = "",
    campaign: CampaignOption = None,
    as_json: JsonOption = False,
) -> None:
    """Record what a client said of a partner's visit.

    Example: muster partner feedback V-acme-hq-onsite-1 5 --by "Bo Acme" --text "quick and friendly"
    """
    with opened(context) as workspace:
        meant, book = workspace.campaign(campaign), workspace.services.book
        work = book.find(WORK, f"{meant.id}/{visit}")
        if work is None:
            raise NotFound(f"no partner has claimed {visit}", hint="muster partner claim")
        made = Feedback(meant.id, VisitId(visit), work.value.partner_id, work.value.client_id, points, text, by)
        book.write([change(FEEDBACK, made, "feedback given", book.find(FEEDBACK, made.id))], by=me())
        say_json({"visit": visit, "points": points}) if as_json else say(f"{by}: {points} of 5 for {visit}")


def card(context: typer.Context, partner: PartnerArgument, as_json: JsonOption = False) -> None:
    """Show how a partner did and how we did by it, from what happened; it is evidence for the next vetting.

    Example: muster partner scorecard north
    """
    with opened(context) as workspace:
        file, book = file_of(workspace, partner), workspace.services.book
        found = scorecard(
            file.id,
            [one.value for one in book.papers(WORK, partner_id=file.id)],
            [one.value for one in book.papers(MATTERS, partner_id=file.id)],
            [one.value for one in book.papers(FEEDBACK, partner_id=file.id)],
            rules_of(workspace),
        )
        rows = [
            ("verified at the first try", str(found.first_try)),
            ("on time", str(found.on_time)),
            ("machines with rework", str(found.reworked)),
            ("incidents", str(found.incidents)),
            ("referrals", str(found.referrals)),
            ("clients' feedback", f"{found.feedback} of 5" if found.feedback is not None else "nothing yet"),
            ("we confirmed a day ahead", str(found.confirmed)),
            ("we approved within three days", str(found.approved_in_time)),
            ("we paid when due", str(found.paid_in_time)),
        ]
        if as_json:
            say_json({"partner": partner, "visits": found.visits, **dict(rows)})
            return
        say(f"{file.name}: {count(found.visits, 'visit')}", style="bold")
        table(("", ""), rows)


def document(
    context: typer.Context,
    partner: PartnerArgument,
    agreement: Annotated[str, typer.Argument(help="Id of the agreement.")],
    out: Annotated[Path | None, typer.Option(help="Where it is written; by default reports/ID.FORMAT.")] = None,
    form: Annotated[DocumentForm, typer.Option("--format", help="A page or a PDF.")] = DocumentForm.HTML,
    as_json: JsonOption = False,
) -> None:
    """Write an agreement as a document, for a lawyer to check: it is marked as a draft that needs counsel.

    Example: muster partner document north A-2026-1 --format pdf
    """
    from partners.file import agreement_of
    from reports.agreement_page import agreement_html
    from reports.pdf import pdf_of

    with opened(context) as workspace:
        found = agreement_of(file_of(workspace, partner), agreement)
        path = out or workspace.folder / "reports" / f"{agreement}.{form.value}"
        page = agreement_html(found, today(workspace))
        made = pdf_of(page) if form is DocumentForm.PDF else page.encode()
        try:
            write_whole(path, made)
        except OSError as error:
            raise InputError(f"{path}: cannot be written: {error.strerror or error}") from None
        say_json({"file": str(path)}) if as_json else say(f"wrote {path}: a draft that needs counsel")


def _terms(workspace: Workspace, client_id: ClientId) -> ClientTerms:
    kept = workspace.services.book.find(TERMS, client_id)
    return ClientTerms(client_id) if kept is None else kept.value


def _instant(text: str, zone: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(f"{text!r} is not a time", hint="write it such as 2026-10-26T09:05") from None
    return at if at.tzinfo else at.replace(tzinfo=ZoneInfo(zone))


def _listed(one: ListedVisit) -> dict[str, object]:
    return {
        "visit": one.visit_id,
        "client": one.client,
        "site": one.site,
        "address": one.address,
        "mode": one.mode,
        "person": one.person,
        "starts": one.starts.isoformat(),
        "ends": one.ends.isoformat(),
        "machines": [{"name": host.name, "os": host.os, "role": host.role} for host in one.hosts],
    }


def _say_tasks(listed: tuple[ListedVisit, ...]) -> None:
    if not listed:
        say("there is nothing to see now: a visit is shown from some time before it until some time after")
        return
    table(
        ("visit", "who", "when (local)", "client", "where", "machines"),
        [
            (
                one.visit_id,
                one.person,
                f"{one.starts:%a %d %b %H:%M}-{one.ends:%H:%M}",
                one.client,
                f"{one.site}{f', {one.address}' if one.address else ' (remote)'}",
                ", ".join(host.name for host in one.hosts),
            )
            for one in listed
        ],
    )


def _matter(one: Matter) -> dict[str, object]:
    return {"id": one.id, "kind": one.kind, "state": one.state, "owner": one.owner, "client": one.client_id,
            "partner": one.partner_id, "text": one.text, "history": [entry.text for entry in one.history]}  # fmt: skip


def _say_matter(one: Matter, *, as_json: bool) -> None:
    if as_json:
        say_json(_matter(one))
        return
    say(f"{one.id} ({one.state}) belongs to {one.owner}: {one.text}")


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
    if as_json:
        say_json([dict(zip(names, row, strict=True)) for row in rows])
    elif rows:
        table(names, rows, right=(4,))
