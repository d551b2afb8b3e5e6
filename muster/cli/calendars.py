"""The command ``muster calendars``: take in when people are busy."""

from pathlib import Path
from typing import Annotated

import typer

from muster.cli.campaigns import JsonOption
from muster.cli.output import say, say_json, say_problems, table
from muster.cli.workspace import me, opened
from muster.crew import Crew
from muster.fleet import Fleet
from muster.words import count


def calendars(
    context: typer.Context,
    files: Annotated[
        list[Path], typer.Argument(help="iCalendar files, each named like its person: kim.ics; or folders.")
    ],
    person: Annotated[str | None, typer.Option(help="Whose they are, whatever the files are called.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be taken in.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Take in when people are busy, from their calendars. Replaces what was taken in for them before.

    Only the times are kept: no subject, no place, no names.

    Example: muster calendars kim.ics
    """
    from inventory.calendars import read_calendars

    with opened(context) as workspace:
        crew = workspace.ledger.crew()
        found = read_calendars(files, crew, workspace.services.clock.now(), person)
        kept = () if dry_run else found.people
        if kept:
            workspace.ledger.save_inventory(Fleet(), Crew(engineers=kept), by=me())
        rows = [(str(one.id), len(crew.engineer[one.id].busy), len(one.busy)) for one in found.people]
        if as_json:
            problems = [
                {"place": p.place, "column": p.column, "wrong": p.wrong, "right": p.right} for p in found.problems
            ]
            people = [{"person": who, "busy_times": now, "before": before} for who, before, now in rows]
            say_json({"dry_run": dry_run, "until": found.until.isoformat(), "people": people, "problems": problems})
        else:
            if rows:
                table(
                    ("would be busy" if dry_run else "busy", "times before", "times now"),
                    [(who, f"{before:,}", f"{now:,}") for who, before, now in rows],
                    right=(1, 2),
                )
                say(f"repeated entries are followed up to {found.until:%d %b %Y}")
            if found.problems:
                say(f"{count(len(found.problems), 'problem')}:", style="bold red")
                say_problems(found.problems)
    if found.problems:
        raise typer.Exit(1)
