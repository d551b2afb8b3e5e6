"""What commands print: sentences and tables for people, one JSON document for scripts, errors on standard error."""

import json
import sys
from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from muster.errors import CampaignFileError, DispatchRejected, ImportRejected, MusterError, Problem

PIPE_WIDTH = 120
"""Columns where nobody's terminal says how many there are, such as in a log."""


def _console(*, stderr: bool = False) -> Console:
    made = Console(stderr=stderr, highlight=False)
    return made if made.is_terminal else Console(stderr=stderr, highlight=False, width=PIPE_WIDTH)


console = _console()
errors = _console(stderr=True)

SHOWN_PROBLEMS = 50


def say(text: str = "", *, style: str = "") -> None:
    """One line for people; square brackets in it are kept as they are."""
    console.print(escape(text), style=style or None)


def say_indented(text: str, indent: int, *, style: str = "") -> None:
    """A sentence that begins so many columns in, and so do the lines into which it is broken."""
    console.print(Padding(Text(text, style=style), (0, 0, 0, indent), expand=False))


def say_json(document: object) -> None:
    """One JSON document on standard output, for scripts."""
    sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False, default=str) + "\n")


def table(headings: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[int] = ()) -> None:
    """A table without frames; ``right`` names the columns of numbers."""
    made = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for number, heading in enumerate(headings):
        made.add_column(heading, justify="right" if number in right else "left", overflow="fold")
    for row in rows:
        made.add_row(*(escape(cell) for cell in row))
    console.print(made)


def say_rows(
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    as_json: bool,
    nothing: str = "",
    right: Sequence[int] = (),
) -> None:
    """Rows as a list of objects for scripts, or as a table; where there are none, people read ``nothing``."""
    if as_json:
        say_json([dict(zip(headings, row, strict=True)) for row in rows])
    elif rows:
        table(headings, rows, right=right)
    elif nothing:
        say(nothing)


def say_error(error: MusterError) -> None:
    """What went wrong, every detail of it, and what to do next."""
    errors.print(f"[bold red]muster:[/] {escape(error.message)}")
    match error:
        case ImportRejected() | CampaignFileError():
            say_problems(error.problems)
        case DispatchRejected():
            for reason in error.reasons:
                errors.print(f"  - {escape(reason)}")
        case _:
            pass
    if error.hint:
        errors.print(f"[bold]what to do:[/] {escape(error.hint)}")


def say_problems(problems: Sequence[Problem]) -> None:
    """Each problem on a line of its own, the first ``SHOWN_PROBLEMS`` of them."""
    for problem in problems[:SHOWN_PROBLEMS]:
        errors.print(f"  {escape(str(problem))}")
    if len(problems) > SHOWN_PROBLEMS:
        errors.print(f"  and {len(problems) - SHOWN_PROBLEMS} more (muster import --json lists all)")
