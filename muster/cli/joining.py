"""The command ``muster join``: late clients, yes or no, from when, at what price and margin; --accept takes them in."""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from muster.campaign import Campaign
from muster.cli.campaigns import ByOption, CampaignOption, JsonOption
from muster.cli.change_pages import record_document, say_record
from muster.cli.days import parse_day, today
from muster.cli.output import say, say_json, say_problems, table
from muster.cli.ways import NoticeOption
from muster.cli.workspace import CAMPAIGN_FILE, Workspace, me, opened
from muster.errors import ImportRejected
from muster.fleet import Fleet
from muster.ids import HostId
from muster.words import amount, count

if TYPE_CHECKING:  # they bring openpyxl and the solver
    from flows.changes import ChangeRecord
    from flows.joining import Answer, ClientAnswer
    from inventory.read import Imported

VALID_DAYS = 30
SHOWN_REASONS = 5


def join(  # noqa: PLR0913, PLR0917 - every option is an argument
    context: typer.Context,
    files: Annotated[list[Path], typer.Argument(help="Their clients, sites and hosts: CSV, XLSX, or a folder.")],
    accept: Annotated[
        bool, typer.Option("--accept", help="Take them in: import, enrol, plan, dispatch, quote.")
    ] = False,
    offer: Annotated[str | None, typer.Option(help="Id of the price list, where there are several.")] = None,
    until: Annotated[str | None, typer.Option(help="Last day to sign; by default a month from today.")] = None,
    signed_by: Annotated[str, typer.Option("--signed-by", help="Who of the clients has signed the quotes.")] = "",
    without_notice: NoticeOption = None,
    by: ByOption = None,
    campaign: CampaignOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say whether late clients fit in, from when, at what price and margin, with every promised visit where it is.

    Nothing is written without --accept; with it all of it is, or nothing. Exit code 1 where the answer is no.

    Example: muster join late/clients.csv late/sites.csv late/hosts.csv
    """
    from flows.joining import join as take_in
    from flows.joining import joining_of, may_join

    with opened(context) as workspace:
        meant, services = workspace.campaign(campaign), workspace.services
        found = _read(workspace, files)
        if found.problems and accept:
            raise ImportRejected(found.problems, hint="put the rows right, and ask again")
        joining = joining_of(services, meant.id, found.fleet, found.crew, _taken(workspace, meant, found.fleet))
        last = parse_day(until) if until else today(workspace) + timedelta(days=VALID_DAYS)
        answer = may_join(services, meant.id, joining, until=last, offer_id=offer)
        record = None
        if accept and answer.yes:
            record = take_in(services, answer, by=by or me(), signed_by=signed_by, without_notice=without_notice)
        if as_json:
            say_json(_document(answer, record, found))
        else:
            _say(answer, record, found, meant.timezone)
    if found.problems or not answer.yes:
        raise typer.Exit(1)


def _read(workspace: Workspace, files: list[Path]) -> "Imported":
    from inventory.read import read_files

    paths = [path if path.is_absolute() or path.exists() else workspace.folder / path for path in files]
    return read_files(paths, known=workspace.ledger.fleet(), known_crew=workspace.ledger.crew())


def _taken(workspace: Workspace, meant: Campaign, more: Fleet) -> tuple[HostId, ...]:
    """The machines that the campaign takes by its file; every new one where there is no file of it."""
    from flows.imagined import merged

    if (workspace.folder / CAMPAIGN_FILE).exists():
        file = workspace.campaign_file()
        if file.campaign.id == meant.id:
            return file.hosts_of(merged(workspace.ledger.fleet(), more))
    return tuple(host.id for host in more.hosts)


def _say(answer: "Answer", record: "ChangeRecord | None", found: "Imported", zone: str) -> None:
    say("yes" if answer.yes else "no", style="bold green" if answer.yes else "bold red")
    table(
        ("client", "", "machines", "from", "done by", "by whom", "price", "cost", "margin"),
        [_row(one, ZoneInfo(zone)) for one in answer.clients],
        right=(2, 6, 7, 8),
    )
    for one in answer.clients:
        for why in one.why_not[:SHOWN_REASONS]:
            say(f"  {one.client_id}: {why}")
    moved = count(len(answer.moved), "visit")
    say(
        f"no promised visit moves for them; not as before, of those that nobody was told of: {moved}; "
        f"the plan costs {amount(answer.more_cents)} more"
    )
    if answer.broken:
        say(f"{count(len(answer.broken), 'promised visit')} cannot stay, whoever joins: muster replan shows them")
    if any(one.price is None for one in answer.clients):
        say("no price: the campaign has no price list yet (muster money offer)")
    say_problems(found.problems)
    if record is not None:
        say_record(record)
        say("next: muster hosts trust, then muster probe: nobody has asked the new machines yet")
    elif answer.yes and not found.problems:
        say("nothing is written yet: the same with --accept takes them in", style="bold")


def _row(one: "ClientAnswer", zone: ZoneInfo) -> tuple[str, ...]:
    cost = ", ".join(str(sum_) for sum_ in _totals(one)) or "-"
    return (
        one.client_id,
        "yes" if one.yes else f"no, {one.placed:,} of {one.hosts:,} fit",
        f"{one.hosts:,}",
        f"{one.begins.astimezone(zone):%a %d %b %H:%M}" if one.begins else "-",
        f"{one.done_by.astimezone(zone):%a %d %b %H:%M}" if one.done_by else "never",
        ", ".join(one.who),
        str(one.price) if one.price is not None else "-",
        cost,
        str(one.margin) if one.margin is not None else "-",
    )


def _totals(one: "ClientAnswer") -> tuple[object, ...]:
    from partners.money import total

    return total(one.cost)


def _document(answer: "Answer", record: "ChangeRecord | None", found: "Imported") -> dict[str, object]:
    return {
        "yes": answer.yes,
        "plan": answer.plan.id,
        "more_cents": answer.more_cents,
        "moved": list(answer.moved),
        "broken_promises": list(answer.broken),
        "clients": [
            {
                "client": one.client_id,
                "yes": one.yes,
                "hosts": one.hosts,
                "placed": one.placed,
                "visits": list(one.visits),
                "begins": one.begins.isoformat() if one.begins else None,
                "done_by": one.done_by.isoformat() if one.done_by else None,
                "who": list(one.who),
                "price": str(one.price.amount) if one.price is not None else None,
                "cost": [str(sum_) for sum_ in _totals(one)],
                "margin": str(one.margin.amount) if one.margin is not None else None,
                "currency": one.price.currency if one.price is not None else None,
                "why_not": list(one.why_not),
            }
            for one in answer.clients
        ],
        "problems": [str(one) for one in found.problems],
        "accepted": record_document(record) if record is not None else None,
    }
