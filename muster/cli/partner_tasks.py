"""Commands of what partners see, and what happens there: tasks, disclosures, incidents, referrals."""

from datetime import timedelta
from typing import Annotated

import typer

from muster.cli.campaigns import CampaignOption, JsonOption
from muster.cli.output import say, say_json, say_rows, table
from muster.cli.partner_files import PartnerArgument, file_of
from muster.cli.workspace import Workspace, me, opened
from muster.errors import NotFound
from muster.ids import ClientId, PartnerId
from partners.conduct import conduct
from partners.file import ClientTerms
from partners.matters import About, Matter, MatterKind, MatterState, moved
from partners.matters import opened as opened_matter
from partners.papers import DISCLOSURES, MATTERS, TERMS, change
from partners.scope import ListedVisit, Window


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
        say_rows(names, rows, as_json=as_json, nothing="nothing was shown to anybody")


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


def _terms(workspace: Workspace, client_id: ClientId) -> ClientTerms:
    kept = workspace.services.book.find(TERMS, client_id)
    return ClientTerms(client_id) if kept is None else kept.value


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
