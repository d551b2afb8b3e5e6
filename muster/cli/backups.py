"""The commands ``muster backup`` and ``muster restore``: the ledger to a file, and back."""

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from ledger.backup import back_up
from ledger.backup import restore as restore_ledger
from ledger.replay import differences
from ledger.store import SqlLedger
from muster.cli.output import say
from muster.cli.workspace import Workspace, me, opened, workspace_of
from muster.errors import LedgerError
from muster.wiring import ledger_url
from muster.words import count


def backup(
    context: typer.Context, file: Annotated[Path, typer.Argument(help="The file to write; it must not be there yet.")]
) -> None:
    """Write the whole ledger to a file, as it is at one moment; whoever pushes meanwhile goes on.

    Example: muster backup /srv/backup/monday.ledger
    """
    workspace = workspace_of(context)
    back_up(ledger_url(workspace.settings), file)
    say(f"{file}: {file.stat().st_size:,} bytes", style="bold")
    say("keep with it what lies in the workspace beside the ledger: muster.yml, campaign files, known_hosts")


def restore(
    context: typer.Context, file: Annotated[Path, typer.Argument(help="A file that muster backup wrote.")]
) -> None:
    """Make an empty ledger what a backup holds; stops its campaigns, because hosts may have been pushed since.

    Example: muster restore /srv/backup/monday.ledger
    """
    with opened(context) as workspace:
        url = ledger_url(workspace.settings)
        found = restore_ledger(url, file, settle=lambda filled: _settle(workspace, filled, file))
    say(
        f"{found.events:,} events, {count(found.campaigns, 'campaign')}; the tables are what the events make",
        style="bold",
    )
    if found.campaigns:
        say("every campaign is stopped: ask the hosts first (muster probe), then muster resume, then muster run")


@dataclass(frozen=True, slots=True)
class Settled:
    """What a backup held."""

    events: int
    campaigns: int


def _settle(workspace: Workspace, url: str, file: Path) -> Settled:
    """Stop every campaign of what was filled, and hold its tables against the record.

    Raises:
        LedgerError: they differ: the backup, or the ledger that it was made of, was changed by hand.
    """
    with closing(workspace.services.ledger_at(url)) as ledger:
        newest, campaigns = ledger.revision(), ledger.campaigns()
        for campaign in campaigns:
            reason = f"restored from {file.name}: what was pushed since that backup is not known here"
            ledger.stop(campaign.id, by=me(), reason=reason, gentle=True)
        wrong = differences(ledger) if isinstance(ledger, SqlLedger) else ()
    if wrong:
        raise LedgerError(
            f"{count(len(wrong), 'row')} of {file} are not what its events make: {wrong[0]}",
            hint="use an older backup; somebody changed this one by hand",
        )
    return Settled(newest, len(campaigns))
