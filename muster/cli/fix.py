"""Commands of fixes: list, show, new, check."""

from pathlib import Path
from typing import Annotated

import typer

from muster.cli.campaigns import JsonOption
from muster.cli.output import say, say_error, say_json, table
from muster.cli.workspace import CAMPAIGN_FILE, Workspace, workspace_of
from muster.errors import InputError, MusterError
from muster.settings import SETTINGS_FILE
from muster.words import count
from playbooks.catalog import OWN_FOLDER, Entry, entries
from playbooks.contract import FixSpec

NameArgument = Annotated[str, typer.Argument(help="The fix.")]


def list_fixes(context: typer.Context, as_json: JsonOption = False) -> None:
    """Every fix there is: those of Muster, and your own in the workspace's folder fixes/; broken ones with the reason.

    Example: muster fix list
    """
    found = entries(workspace_of(context).folder)
    if as_json:
        say_json([_row(entry) for entry in found])
        return
    table(
        ("fix", "what it does", "for", "steps", "where"),
        [
            (entry.name, entry.spec.title, ", ".join(entry.spec.families), _steps(entry.spec), _where(entry))
            for entry in found
            if entry.spec
        ],
    )
    for entry in found:
        if entry.problem:
            say()
            say_error(entry.problem)
    say()
    say("muster fix show NAME tells its parameters; muster fix new NAME makes one of your own")


def show(context: typer.Context, name: NameArgument, as_json: JsonOption = False) -> None:
    """What a fix does and which parameters it takes, with where each value comes from in this workspace.

    Example: muster fix show tzdata
    """
    workspace = workspace_of(context)
    entry, spec = _usable(workspace, name)
    given = _given(workspace, name)
    if as_json:
        say_json({**_row(entry), "parameters": _parameters(spec, given)})
        return
    say(f"{spec.name}: {spec.title}", style="bold")
    say(f"clients notice: {spec.clients_notice}")
    say(f"steps: {_steps(spec)} ({', '.join(spec.families)}); {_where(entry)}")
    if not spec.parameters:
        say("no parameters")
        return
    say()
    table(
        ("parameter", "type", "value", "comes from", "what it is"),
        [
            (
                row["name"],
                _type(spec, row["name"]),
                row["value"],
                row["source"],
                spec.parameters[row["name"]].description,
            )
            for row in _parameters(spec, given)
        ],
    )
    say()
    say(f"in {CAMPAIGN_FILE}:")
    say(f"  fix: {spec.name}")
    needed = [key for key, parameter in spec.parameters.items() if parameter.default is None]
    if needed:
        say("  parameters:")
        for key in needed:
            say(f"    {key}: {spec.parameters[key].example or '...'}")


def new(
    context: typer.Context,
    name: NameArgument,
    playbook: Annotated[bool, typer.Option("--playbook", help="Steps as Ansible playbooks, not as scripts.")] = False,
) -> None:
    """Make a fix of your own in the workspace: a small one that works at once, with comments, to be changed.

    Example: muster fix new printer-queue
    """
    from muster.cli.fix_template import template

    workspace = workspace_of(context)
    folder = _new_folder(workspace, name)
    files = template(name, playbook=playbook)
    try:
        folder.mkdir(parents=True)
        for file, text in files.items():
            (folder / file).write_text(text, encoding="utf-8")
    except OSError as error:
        raise MusterError(f"{folder}: the fix cannot be made: {error.strerror or error}") from None
    say(f"made the fix {name} in {folder}", style="bold")
    table(("file", "what it is"), [(file, _first_sentence(text)) for file, text in files.items()])
    say(f"next: change it, then muster fix check {name}")


def check(
    context: typer.Context,
    name: NameArgument,
    given: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="A parameter; may be given several times.")
    ] = None,
    prepare: Annotated[
        str, typer.Option(help="A command that makes the throw-away host one that needs the fix, run before all else.")
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Look a fix over, and carry it out, twice and back again, at a host that is thrown away.

    The steps are probe, check, apply, verify, apply, rollback, probe. The throw-away host is an overlay of this
    machine, for which it needs root. Values come from --set, else from campaign.yml where that uses the fix, else from
    the examples in fix.yml.

    Example: muster fix check printer-queue --set text="all is well"
    """
    from muster.cli.fix_check import Look, Mark, look_at

    workspace = workspace_of(context)
    entry = _entry(workspace, name)
    values = {**_given(workspace, name), **_read_set(given or [])}
    looks: list[Look] = list(look_at(entry, workspace.folder.resolve(), values, prepare))
    failed = sum(look.mark is Mark.FAIL for look in looks)
    if as_json:
        rows = [{"result": one.mark, "what": one.what, "seen": one.seen, "to_do": one.to_do} for one in looks]
        say_json({"fix": name, "passed": not failed, "looks": rows})
    else:
        table(("result", "what", "seen"), [(look.mark, look.what, look.seen) for look in looks])
        for look in looks:
            if look.to_do:
                say(f"what to do ({look.what}): {look.to_do}")
        say(_verdict(name, failed, sum(look.mark is Mark.SKIP for look in looks)), style="bold")
    if failed:
        raise typer.Exit(1)


def _first_sentence(text: str) -> str:
    return text.splitlines()[0].removeprefix("# ").split(". ")[0].rstrip(".;:")


def _verdict(name: str, failed: int, skipped: int) -> str:
    left_out = f"; {count(skipped, 'look')} left out" if skipped else ""
    return f"{name} does not pass: {count(failed, 'failure')}{left_out}" if failed else f"{name} passes{left_out}"


def _entry(workspace: Workspace, name: str) -> Entry:
    for entry in entries(workspace.folder):
        if entry.name == name:
            return entry
    there = ", ".join(entry.name for entry in entries(workspace.folder))
    raise InputError(
        f"there is no fix {name!r}; there are {there}", hint=f"muster fix new {name} makes one of your own"
    )


def _usable(workspace: Workspace, name: str) -> tuple[Entry, FixSpec]:
    entry = _entry(workspace, name)
    if entry.spec is None:
        raise entry.problem or InputError(f"{name} cannot be read")
    return entry, entry.spec


def _new_folder(workspace: Workspace, name: str) -> Path:
    if not (workspace.folder / SETTINGS_FILE).exists():
        raise InputError(
            f"{workspace.folder.resolve()} is no workspace: it has no {SETTINGS_FILE}",
            hint="muster init makes one here; or say where it is: muster -C FOLDER fix new NAME",
        )
    import re

    if not re.fullmatch(r"[a-z][a-z0-9-]*", name):
        raise InputError(f"{name!r} cannot be the name of a fix", hint="Use small letters, digits and hyphens.")
    if any(entry.name == name for entry in entries(workspace.folder)):
        raise InputError(f"there is a fix {name!r} already", hint="Choose another name.")
    return workspace.folder / OWN_FOLDER / name


def _read_set(words: list[str]) -> dict[str, str]:
    given = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise InputError(f"--set {word!r} is not of the form NAME=VALUE", hint='such as --set text="all is well"')
        given[name] = value
    return given


def _given(workspace: Workspace, name: str) -> dict[str, str]:
    """The parameters of the workspace's campaign file, where it is about this fix and can be read."""
    if not (workspace.folder / CAMPAIGN_FILE).exists():
        return {}
    try:
        campaign = workspace.campaign_file().campaign
    except InputError:
        return {}
    return dict(campaign.parameters) if campaign.fix == name else {}


def _parameters(spec: FixSpec, given: dict[str, str]) -> list[dict[str, str]]:
    return [
        {
            "name": name,
            "type": parameter.type,
            "value": given.get(name, parameter.default or ""),
            "source": CAMPAIGN_FILE if name in given else "must be given" if parameter.default is None else "default",
            "choices": " ".join(parameter.choices),
            "example": parameter.example,
            "description": parameter.description,
        }
        for name, parameter in spec.parameters.items()
    ]


def _type(spec: FixSpec, name: str) -> str:
    parameter = spec.parameters[name]
    return f"{parameter.type}: {', '.join(parameter.choices)}" if parameter.choices else parameter.type


def _steps(spec: FixSpec) -> str:
    return ", ".join(dict.fromkeys(name.value for family in spec.families.values() for name in family.named()))


def _where(entry: Entry) -> str:
    return f"{OWN_FOLDER}/{entry.name}" if entry.own else "comes with Muster"


def _row(entry: Entry) -> dict[str, object]:
    spec, problem = entry.spec, entry.problem
    return {
        "name": entry.name,
        "own": entry.own,
        "title": spec.title if spec else "",
        "families": [family.value for family in spec.families] if spec else [],
        "steps": _steps(spec).split(", ") if spec else [],
        "problem": problem.message if problem else "",
    }
