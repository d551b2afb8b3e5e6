"""The command ``muster certificate``: for each client what was done, and what proves it."""

from pathlib import Path
from typing import Annotated

import typer

from muster.cli.campaigns import CampaignOption, JsonOption
from muster.cli.output import say, say_json
from muster.cli.workspace import Workspace, me, opened
from muster.errors import NotFound
from muster.fleet import Client
from muster.ids import ClientId
from muster.words import count
from reports.bundle import Written, write_bundle
from reports.chain import linked
from reports.findings import findings_of, read_seen
from reports.notes import events_of
from reports.record import CampaignRecord, read_record
from reports.signing import read_key
from reports.summary import for_clients


def certificate(
    context: typer.Context,
    client: Annotated[str | None, typer.Option(help="Id of a client; by default all of the campaign.")] = None,
    campaign: CampaignOption = None,
    out: Annotated[Path | None, typer.Option(help="The folder; by default reports/certificates.")] = None,
    pdf: Annotated[bool, typer.Option("--pdf/--no-pdf", help="Also as PDF.")] = True,
    as_json: JsonOption = False,
) -> None:
    """Write the certificate of each client: every machine before and now, how that is known, who did it, what is left.

    Signed by the workspace's key; a client checks it with muster evidence verify.

    Example: muster certificate --client acme
    """
    with opened(context) as workspace:
        meant = workspace.campaign(campaign)
        key = read_key(workspace.folder)
        record = read_record(workspace.ledger, meant.id, now=workspace.services.clock.now())
        clients = _clients(record, client)
        seen = read_seen(workspace.ledger, record)
        events = tuple(linked(events_of(workspace.ledger, meant.id), key.secret))
        folder = out or workspace.folder / "reports" / "certificates"
        made = [
            write_bundle(
                record,
                one,
                workspace.settings.company,
                findings_of(seen, one.id),
                events,
                key,
                folder / one.id,
                pdf=pdf,
            )
            for one in clients
        ]
        _note(workspace, made, clients)
        if as_json:
            say_json([_document(one) for one in made])
            return
        for one in made:
            done = one.certificate
            say(f"{done.client}: {done.protected:,} of {count(len(done.machines), 'machine')} right: {one.files[0]}")


def _note(workspace: Workspace, made: list[Written], clients: tuple[Client, ...]) -> None:
    for one, client in zip(made, clients, strict=True):
        data = {"client": client.id, "number": one.certificate.number, "head": one.head}
        workspace.ledger.note("certificate written", by=me(), data=data)


def _clients(record: CampaignRecord, wanted: str | None) -> tuple[Client, ...]:
    there = for_clients(record)
    chosen = tuple(one for one in there if wanted in {None, str(one.id)})
    if wanted is not None and not chosen:
        known = ", ".join(one.id for one in there) or "none"
        raise NotFound(f"client {ClientId(wanted)!r} has no host in this campaign", hint=f"known: {known}")
    return chosen


def _document(one: Written) -> dict[str, object]:
    done = one.certificate
    return {
        "certificate": done.number,
        "client": done.client,
        "machines": len(done.machines),
        "protected": done.protected,
        "files": [str(path) for path in one.files],
    }
