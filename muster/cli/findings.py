"""The commands ``muster findings``: what was seen at clients on the way, for their roadmaps."""

from pathlib import Path
from typing import Annotated

import typer

from muster.cli.campaigns import CampaignOption, JsonOption, chosen_hosts
from muster.cli.output import say, say_json, table
from muster.cli.workspace import Workspace, me, opened
from muster.errors import NotFound
from muster.files import write_whole
from muster.ids import CampaignId, ClientId
from muster.words import count
from reports.findings import BeneficialFinding, Seen, findings_of, name_cause, note_finding, read_seen
from reports.folding import fold
from reports.record import read_record
from reports.summary import for_clients
from reports.tables import Cell, Column, Look, Sheet, workbook


def findings(
    context: typer.Context,
    client: Annotated[str | None, typer.Option(help="Id of a client; by default all.")] = None,
    campaign: CampaignOption = None,
    out: Annotated[Path | None, typer.Option(help="Write a workbook here, too.")] = None,
    as_json: JsonOption = False,
) -> None:
    """List what was seen at clients on the way, with how many machines and why it matters.

    A fault that was repaired three times at one machine is in the list until somebody names its cause.

    Example: muster findings --client acme
    """
    if context.invoked_subcommand is not None:
        return
    with opened(context) as workspace:
        seen = _seen(workspace, workspace.campaign(campaign).id)
        wanted = [one for one in for_clients(seen.record) if client in {None, str(one.id)}]
        found = [one for client_ in wanted for one in findings_of(seen, client_.id)]
        if out is not None:
            write_whole(out, _workbook(seen, found))
        if as_json:
            say_json([_document(one) for one in found])
            return
        table(
            ("finding", "client", "machines", "what", "why it matters", "cause"),
            [(one.key, one.client_id, f"{one.hosts:,}", one.title, one.why, _cause(one)) for one in found],
            right=(2,),
        )
        say(f"\n{count(len(found), 'finding')}")


def add(
    context: typer.Context,
    client: Annotated[str, typer.Argument(help="Id of the client.")],
    what: Annotated[str, typer.Argument(help="What was seen, in a few words.")],
    why: Annotated[str, typer.Option(help="Why it matters to the client.")] = "",
    host: Annotated[list[str] | None, typer.Option(help="Ids of machines.")] = None,
    campaign: CampaignOption = None,
) -> None:
    """Add what you saw at a client.

    Example: muster findings add acme "no door lock at the server room" --why "anybody can walk in"
    """
    with opened(context) as workspace:
        meant = workspace.campaign(campaign)
        if ClientId(client) not in workspace.ledger.fleet().client:
            raise NotFound(f"there is no client {client!r}")
        hosts = chosen_hosts(host or [], workspace.ledger.hosts(meant.id))
        key = note_finding(
            workspace.ledger, meant.id, ClientId(client), what, why=why, hosts=[str(one) for one in hosts], by=me()
        )
        say(f"{key}: {what}")


def cause(
    context: typer.Context,
    finding: Annotated[str, typer.Argument(help="Key of the finding, such as F-1a2b3c4d.")],
    words: Annotated[str, typer.Argument(help="What lies behind it.")],
    campaign: CampaignOption = None,
) -> None:
    """Name what lies behind a finding.

    Example: muster findings cause F-1a2b3c4d "the disk of this model wears out"
    """
    with opened(context) as workspace:
        seen = _seen(workspace, workspace.campaign(campaign).id)
        named = name_cause(workspace.ledger, seen, finding, words, by=me())
        say(f"{named.title}: {words}")


def _seen(workspace: Workspace, campaign_id: CampaignId) -> Seen:
    record = read_record(workspace.ledger, campaign_id, now=workspace.services.clock.now())
    return read_seen(workspace.ledger, record)


def _cause(one: BeneficialFinding) -> str:
    return one.cause or ("to be named" if one.needs_cause else "")


def _document(one: BeneficialFinding) -> dict[str, object]:
    return {
        "key": one.key,
        "client": one.client_id,
        "what": one.title,
        "why": one.why,
        "hosts": list(one.host_ids),
        "cause": one.cause,
        "needs_cause": one.needs_cause,
        "by": one.by,
    }


def _workbook(seen: Seen, found: list[BeneficialFinding]) -> bytes:
    columns = [
        Column("client", 28), Column("what", 48, Look.WRAPPED), Column("machines", 10, Look.WHOLE),
        Column("why it matters", 60, Look.WRAPPED), Column("cause", 36, Look.WRAPPED),
        Column("which", 48, Look.WRAPPED), Column("finding", 14),
    ]  # fmt: skip
    names = seen.record.fleet.client
    rows: list[list[Cell]] = [
        [names[one.client_id].name, one.title, one.hosts, one.why, _cause(one), fold(one.host_ids), one.key]
        for one in found
    ]
    title = f"{seen.record.campaign.name}: findings"
    return workbook([Sheet("findings", columns, rows)], title=title, created=seen.record.now)
