"""The commands ``muster evidence``: the key that certificates are signed with, and checking what was signed."""

import json
from pathlib import Path
from typing import Annotated

import typer

from muster.cli.campaigns import JsonOption
from muster.cli.output import say, say_json
from muster.cli.workspace import opened, workspace_of
from muster.errors import InputError, NotFound
from muster.ids import CampaignId
from reports.bundle import Checked, evidence_file, verify
from reports.chain import head_at
from reports.notes import events_of
from reports.signing import KEY_FILE, PUBLIC_FILE, create_key, public_text, read_key, read_public

FileArgument = Annotated[Path, typer.Argument(help="The evidence file, or a certificate that lies beside it.")]


def make_key(context: typer.Context) -> None:
    """Make the key that certificates are signed with. Once for each company; keep a copy in a safe place.

    Example: muster evidence create-key
    """
    with opened(context) as workspace:
        made = create_key(workspace.services.settings.workspace)  # refuses a folder that is no workspace
        say(f"{workspace.folder / KEY_FILE}: readable by you only; it belongs in no mail and no repository")
        say(f"give clients {PUBLIC_FILE}, or this fingerprint: {made.fingerprint}")


def show_key(context: typer.Context) -> None:
    """Show the public key and its fingerprint, to be given to clients on another way than the certificate.

    Example: muster evidence show-key
    """
    made = read_key(workspace_of(context).folder)
    say(public_text(made.public).strip())
    say(made.fingerprint)


def check(
    context: typer.Context,
    file: FileArgument,
    key: Annotated[
        str | None, typer.Option("--key", help="The key you expect: a public key file or SHA256:....")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Say whether a certificate and its evidence are whole and untampered. Needs no workspace and no database.

    Ends with 1 when they are not.

    Example: muster evidence verify acme/spring-acme-20270312-1800-evidence.json --key evidence.pub
    """
    del context
    found = verify(file, fingerprint=_expected(key) if key else "")
    if as_json:
        say_json({"whole": not found.wrong, "good": found.good, "wrong": found.wrong, "key": found.fingerprint})
    else:
        _say(found, pinned=bool(key))
    if found.wrong:
        raise typer.Exit(1)


def compare(context: typer.Context, file: FileArgument) -> None:
    """Say whether this workspace's ledger still tells what an earlier certificate was signed over. Ends with 1 if not.

    Example: muster evidence compare spring-acme-20270312-1800-evidence.json
    """
    with opened(context) as workspace:
        said = _chain_in(evidence_file(file))
        key = read_key(workspace.folder)
        events = events_of(workspace.ledger, CampaignId(said["campaign"]))
        same = head_at(events, int(said["revision"]), key.secret) == said["head"]
    if not same:
        say(f"the ledger is not what was signed up to revision {said['revision']}", style="bold red")
        raise typer.Exit(1)
    say(f"the ledger tells the same as then, up to revision {said['revision']}")


def _chain_in(path: Path) -> dict[str, str]:
    try:
        document = json.loads(path.read_bytes())
        chain = document["chain"]
        return {"campaign": document["campaign"]["id"], "head": chain["head"], "revision": str(int(chain["revision"]))}
    except FileNotFoundError:
        raise NotFound(f"{path} is not there") from None
    except (ValueError, KeyError, TypeError):
        raise InputError(f"{path} is no evidence of Muster") from None


def _expected(key: str) -> str:
    path = Path(key)
    return read_public(path.read_text(encoding="ascii", errors="replace") if path.is_file() else key)


def _say(found: Checked, *, pinned: bool) -> None:
    for sentence in found.good:
        say(f"  ✓ {sentence}")
    for sentence in found.wrong:
        say(f"  ✗ {sentence}", style="red")
    if found.wrong:
        say("not to be trusted", style="bold red")
    elif pinned:
        say("whole and untampered, signed by the key that you expect", style="bold green")
    else:
        say("whole and untampered; compare the key with the one that you were given (--key)", style="bold")
