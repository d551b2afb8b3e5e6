"""``muster doctor``: whether this installation and this workspace are fit for a campaign."""

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.markup import escape

from muster.cli.checkups import examine
from muster.cli.examined import Checkup, State
from muster.cli.output import console, say, say_json
from muster.cli.workspace import opened
from muster.words import count

MARKS = {State.GOOD: "[green]good  [/]", State.LOOK: "[yellow]look  [/]", State.BROKEN: "[bold red]broken[/]"}


def doctor(
    context: typer.Context,
    sample: Annotated[int, typer.Option(min=0, help="How many hosts are asked whether they answer.")] = 10,
    log_in: Annotated[
        bool, typer.Option("--log-in/--no-log-in", help="Log in to the sample's hosts to ask them for the time.")
    ] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Look at installation, ledger, Prefect, clocks, approvers, mail and webhooks, credentials, a sample of the hosts.

    Hosts of the sample are logged in to only to ask for the time, and nothing is changed. Says what to do about each
    thing, and ends with 1 when something is broken.

    Example: muster doctor --sample 50
    """
    with opened(context) as workspace:
        checkups: list[Checkup] = []
        for checkup in examine(workspace, sample=sample, log_in=log_in):
            checkups.append(checkup)
            if not as_json:
                _show(checkup)
    if as_json:
        say_json([{"matter": one.matter, "state": one.state, "seen": one.seen, "cure": one.cure} for one in checkups])
    else:
        _sum_up(checkups)
    if any(one.state is State.BROKEN for one in checkups):
        raise typer.Exit(1)


def _show(checkup: Checkup) -> None:
    console.print(f"{MARKS[checkup.state]}  [bold]{checkup.matter:<13}[/] {escape(checkup.seen)}")
    if checkup.cure and checkup.state is not State.GOOD:
        console.print(f"{'':24}what to do: {escape(checkup.cure)}")


def _sum_up(checkups: Sequence[Checkup]) -> None:
    broken = sum(one.state is State.BROKEN for one in checkups)
    look = sum(one.state is State.LOOK for one in checkups)
    if broken:
        say(f"\n{count(broken, 'thing')} broken, {look} to look at", style="bold red")
    elif look:
        say(f"\nnothing is broken; {count(look, 'thing')} to look at", style="bold")
    else:
        say("\nall is well", style="bold green")
