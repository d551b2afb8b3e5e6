"""Commands of the fleet: init, import, hosts trust, hosts forgive."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from muster.cli.campaigns import JsonOption
from muster.cli.new_workspace import CAMPAIGN_TEMPLATE, SETTINGS_TEMPLATE
from muster.cli.output import say, say_json, say_problems, table
from muster.cli.workspace import CAMPAIGN_FILE, Workspace, me, opened, workspace_of
from muster.errors import InputError, MusterError, NotFound
from muster.records import ImportSummary
from muster.settings import SETTINGS_FILE
from muster.words import count

if TYPE_CHECKING:  # it brings openpyxl and numpy, which other commands need not wait for
    from inventory.read import Imported


def init(
    context: typer.Context,
    folder: Annotated[Path | None, typer.Argument(help="The folder; by default the one you are in.")] = None,
) -> None:
    """Make a workspace: settings, a campaign to fill in, and example files of a fleet.

    Example: muster init spring-clocks
    """
    place = folder or workspace_of(context).folder
    if (place / SETTINGS_FILE).exists():
        raise InputError(f"{place.resolve()} is a workspace already", hint="give another folder: muster init NAME")
    try:
        place.mkdir(parents=True, exist_ok=True)
        (place / SETTINGS_FILE).write_text(SETTINGS_TEMPLATE, encoding="utf-8")
        if not (place / CAMPAIGN_FILE).exists():
            (place / CAMPAIGN_FILE).write_text(CAMPAIGN_TEMPLATE, encoding="utf-8")
        written = _write_examples(place / "fleet")
    except OSError as error:
        raise MusterError(f"{place}: the workspace cannot be made: {error.strerror or error}") from None
    say(f"made a workspace in {place.resolve()}", style="bold")
    table(
        ("file", "what it is"),
        [
            (SETTINGS_FILE, "settings, every one with its default"),
            (CAMPAIGN_FILE, "the campaign: what, for whom, until when"),
            *((f"fleet/{name}", "example rows: put yours in their place") for name in written),
        ],
    )
    say(f"next: {'' if folder is None else f'cd {folder}, '}fill them in, then muster import fleet/*.csv")


def import_files(
    context: typer.Context,
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="CSV or XLSX of clients, sites, hosts, crew, partners; Ansible inventories."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change; change nothing.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Take nothing in when anything is wrong.")] = False,
    preset: Annotated[str, typer.Option("--as", help="The product whose export it is: --list-presets.")] = "",
    default: Annotated[
        list[str] | None,
        typer.Option("--default", help="What the export does not say, such as sites.timezone=America/Vancouver."),
    ] = None,
    list_presets: Annotated[bool, typer.Option("--list-presets", help="List the presets of --as, and end.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Take a fleet in. Good rows are in, every bad one is named; the same file again changes nothing.

    Example: muster import fleet/*.csv --dry-run
    """
    if list_presets:
        _say_presets(as_json=as_json)
        return
    if not files:
        raise InputError("no file is given", hint="such as: muster import fleet/*.csv")
    with opened(context) as workspace:
        folder = workspace.folder
        paths = [path if path.is_absolute() or path.exists() else folder / path for path in files]
        found = _read(workspace, paths, preset, default or ())
        kept = not (strict and found.problems)
        summary = workspace.ledger.save_inventory(found.fleet, found.crew, by=me(), dry_run=dry_run or not kept)
        if as_json:
            say_json(_document(found, summary, dry_run=dry_run, kept=kept))
        else:
            _say_import(found, summary, dry_run=dry_run, kept=kept)
    if found.problems:
        raise typer.Exit(1)


def _read(workspace: Workspace, paths: Sequence[Path], preset: str, defaults: Sequence[str]) -> "Imported":
    """The files as Muster's own, or as exports of a product."""
    known, known_crew = workspace.ledger.fleet(), workspace.ledger.crew()
    if preset:
        from inventory.presets import preset_named
        from inventory.presets_files import read_defaults, read_preset_files

        meant, given = preset_named(preset), read_defaults(defaults)
        return read_preset_files(paths, meant, given, known=known, known_crew=known_crew)
    if defaults:
        raise InputError("--default belongs to an export", hint="say whose it is: --as ninjaone")
    from inventory.read import read_files

    return read_files(paths, known=known, known_crew=known_crew)


def _say_presets(*, as_json: bool) -> None:
    from inventory.presets import PRESETS

    if as_json:
        say_json([{"name": one.name, "title": one.title, "columns": dict(one.columns), "lacks": one.lacks}
                  for one in PRESETS.values()])  # fmt: skip
        return
    for one in PRESETS.values():
        say(f"{one.name}: {one.title}", style="bold")
        rows = [(column, target or "not used") for column, target in one.columns.items()]
        table(("column", "taken for"), rows)
        say(f"does not say: {one.lacks}\n")


def trust(
    context: typer.Context,
    hosts: Annotated[list[str] | None, typer.Argument(help="Only these hosts.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Trust every new key without asking.")] = False,
    replace: Annotated[list[str] | None, typer.Option(help="Take this host's changed key; name each host.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Ask hosts for their keys, show the fingerprints, and trust the new ones when you say so.

    A changed key is never taken unless you name its host with --replace.

    Example: muster hosts trust web-01 web-02
    """
    from muster.cli.trusting import trust_hosts

    with opened(context) as workspace:
        trust_hosts(workspace, hosts or (), yes=yes, replace=replace or (), as_json=as_json)


def forgive(
    context: typer.Context,
    names: Annotated[
        list[str] | None, typer.Argument(help="Accounts ('root at web-01:22') or references (env:NAME) of the list.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Let every refused password be tried again.")] = False,
    as_json: JsonOption = False,
) -> None:
    """List the passwords that hosts have refused, or let some of them be tried again.

    A refused password is never tried again by itself, so that no account is locked. It is forgotten by itself when its
    reference stands for another password; after an account was unlocked with the same one, say so here.

    Example: muster hosts forgive env:ACME_PASSWORD
    """
    from push.secrets_refused import FILE_NAME, RefusedPasswords

    memory = RefusedPasswords(workspace_of(context).settings.path(Path(FILE_NAME)))
    there = memory.all()
    unknown = [name for name in names or () if not any(name in {one.who, one.reference} for one in there)]
    if unknown:
        raise NotFound(f"no refused password of {unknown[0]!r}", hint="muster hosts forgive lists them")
    forgotten = memory.forget(None if everything else names) if names or everything else ()
    if as_json:
        say_json({"refused": [asdict(one) for one in there], "forgotten": [one.who for one in forgotten]})
    elif forgotten:
        say(f"{count(len(forgotten), 'password')} may be tried again: muster retry", style="bold")
    elif there:
        table(("account", "reference", "refused at"), [(one.who, one.reference, one.at) for one in there])
    else:
        say("no host has refused a password")


def _write_examples(folder: Path) -> list[str]:
    """An example file of each word, where there is none yet; the names of all."""
    from inventory.templates import templates

    folder.mkdir(exist_ok=True)
    for name, content in templates().items():
        if not (folder / name).exists():
            (folder / name).write_bytes(content)
    return sorted(templates())


def _say_import(found: "Imported", summary: ImportSummary, *, dry_run: bool, kept: bool) -> None:
    rows = [
        (word, f"{added:,}", f"{changed:,}", f"{same:,}")
        for word, (added, changed, same) in summary.counts.items()
        if added or changed or same
    ]
    if rows:
        table(("would be" if dry_run or not kept else "", "added", "changed", "the same"), rows, right=(1, 2, 3))
    for note in found.notes:
        say(f"note: {note}")
    if found.problems:
        say(f"{count(len(found.problems), 'problem')}{'' if kept else '; nothing was taken in'}:", style="bold red")
        say_problems(found.problems)
        say("put them right and import the file again" + ("; every row without one is taken in" if kept else ""))
    elif not rows:
        say("the files hold no rows")


def _document(found: "Imported", summary: ImportSummary, *, dry_run: bool, kept: bool) -> dict[str, object]:
    return {
        "dry_run": dry_run,
        "taken_in": kept and not dry_run,
        "counts": {
            word: {"added": added, "changed": changed, "same": same}
            for word, (added, changed, same) in summary.counts.items()
        },
        "problems": [_problem_row(found, number) for number in range(len(found.problems))],
        "notes": list(found.notes),
    }


def _problem_row(found: "Imported", number: int) -> dict[str, str]:
    problem = found.problems[number]
    return {
        "place": problem.place,
        "column": problem.column,
        "value": problem.value,
        "wrong": problem.wrong,
        "right": problem.right,
    }
