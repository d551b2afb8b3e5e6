"""A bar for a search: how long it has gone, what the best plan costs, and how far it can be from the best possible."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event
from types import FrameType
from typing import TYPE_CHECKING

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from muster.cli.output import console

if TYPE_CHECKING:  # it brings OR-Tools, which only a plan needs
    from scheduler.solve import Progress as Standing
    from scheduler.solve import Watcher


@contextmanager
def searching(seconds: float, *, quiet: bool) -> Iterator[tuple["Watcher", Callable[[], bool]]]:
    """A watcher for ``solve``, and whether the user wants it to end (Ctrl-C) with the best plan so far."""
    enough = Event()

    def interrupted(number: int, frame: FrameType | None) -> None:
        del number, frame
        enough.set()

    columns = (TextColumn("plan"), BarColumn(bar_width=20), TimeElapsedColumn(), TextColumn("{task.fields[said]}"))
    before = signal.signal(signal.SIGINT, interrupted)
    try:
        with Progress(*columns, console=console, disable=quiet or not console.is_terminal) as progress:
            bar = progress.add_task("plan", total=seconds, said="")

            def watch(standing: "Standing") -> None:
                progress.update(bar, completed=min(seconds, standing.seconds), said=_said(standing))

            yield watch, enough.is_set
    finally:
        signal.signal(signal.SIGINT, before)


def _said(standing: "Standing") -> str:
    """What fits beside the bar in a terminal of 80 columns; what is going on besides stands below."""
    said = f"{standing.placed:,} of {standing.visits:,} placed"
    if standing.bound is not None and standing.objective > 0:
        said += f", gap {max(0.0, 1 - standing.bound / standing.objective):.1%} at most"
    return f"{said}\n{standing.note}" if standing.note else said
