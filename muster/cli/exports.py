"""The commands ``muster psa`` and ``muster audit``: what other systems take in."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from flows.notices import plan_in_force
from muster.cli.campaigns import CampaignOption
from muster.cli.output import errors, say
from muster.cli.workspace import Workspace, me, opened
from muster.files import write_whole
from muster.ids import CampaignId
from muster.words import count
from reports.audit import AuditFormat, audit_lines
from reports.notes import events_of
from reports.psa import Desk, PsaSystem, psa_tables, read_mapping, unmapped

MAPPING_FILE = "psa.yml"


def psa(
    context: typer.Context,
    system: Annotated[PsaSystem, typer.Argument(help="Which PSA.")],
    campaign: CampaignOption = None,
    mapping: Annotated[Path | None, typer.Option(help="Our ids and the PSA's; by default psa.yml.")] = None,
    out: Annotated[Path | None, typer.Option(help="The folder; by default reports.")] = None,
) -> None:
    """Write files that a PSA takes in: a ticket for each visit of the plan, and its place in the calendar.

    Example: muster psa connectwise
    """
    with opened(context) as workspace:
        meant = workspace.campaign(campaign)
        names = read_mapping(mapping or workspace.folder / MAPPING_FILE)
        desk = _desk(workspace, meant.id)
        folder = out or workspace.folder / "reports"
        for made in psa_tables(system, desk, names):
            path = folder / f"{meant.id}-{made.name}.csv"
            write_whole(path, made.csv())
            say(f"{count(len(made.rows), 'row')}: {path}")
        lacking = unmapped(system, desk, names)
        if lacking:
            errors.print(f"not in {MAPPING_FILE}, and left as they are: {', '.join(lacking)}", markup=False)
        workspace.ledger.note("psa files written", by=me(), campaign_id=meant.id, data={"system": system.value})


def audit(
    context: typer.Context,
    form: Annotated[AuditFormat, typer.Option("--format", help="JSON lines, or CEF for log collectors.")] = (
        AuditFormat.JSON
    ),
    campaign: Annotated[str | None, typer.Option("--campaign", "-c", help="Only this campaign's events.")] = None,
    after: Annotated[int, typer.Option(min=0, help="Only events after this revision, to carry on.")] = 0,
    out: Annotated[Path | None, typer.Option(help="Append to this file; by default standard output.")] = None,
) -> None:
    """Write every event of the ledger as one line; the last revision goes to standard error, for --after next time.

    Example: muster audit --format cef --after 1200 --out /var/log/muster.cef
    """
    with opened(context) as workspace:
        wanted = workspace.campaign(campaign).id if campaign else None
        last, lines = after, 0
        target = out.open("a", encoding="utf-8") if out else sys.stdout
        try:
            for event in events_of(workspace.ledger, wanted, after=after):
                for line in audit_lines([event], form):
                    target.write(f"{line}\n")
                last, lines = event.revision, lines + 1
        finally:
            if out:
                target.close()
    errors.print(f"{count(lines, 'event')}, up to revision {last}")


def _desk(workspace: Workspace, campaign_id: CampaignId) -> Desk:
    ledger, campaign = workspace.ledger, workspace.ledger.campaign(campaign_id)
    return Desk(
        campaign=campaign.name,
        campaign_id=campaign.id,
        reason=campaign.reason,
        plan=plan_in_force(workspace.services, campaign.id),
        fleet=ledger.fleet(),
        crew=ledger.crew(),
        states={state.host_id: state for state in ledger.hosts(campaign_id)},
        now=workspace.services.clock.now(),
    )
