"""Show how a campaign comes along while something else does the work.

The picture is drawn from the ledger alone, so it is the same whether this process pushes or another one does. At a
terminal it is a bar; anywhere else (a log, a mail of cron) a line on standard error now and then, when something has
changed and, so that nobody takes a wait for a hang, at least every ten minutes.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from muster.beside import Wait, beside
from muster.cli.output import console, errors
from muster.errors import LedgerError
from muster.ids import CampaignId
from muster.outcomes import HostStatus
from muster.ports import Ledger
from muster.records import HostState

LOOK_SECONDS = 0.4
LINE_SECONDS = 30.0
"""Where there is no terminal: a line at most so often..."""
SIGN_SECONDS = 600.0
"""...and, also when nothing has changed, at least so often."""
BRIEF = (
    (HostStatus.VERIFIED, "green"),
    (HostStatus.RIGHT, "green"),
    (HostStatus.CLAIMED, "cyan"),
    (HostStatus.STALE, "yellow"),
    (HostStatus.FAILED, "red"),
    (HostStatus.UNKNOWN, "red"),
    (HostStatus.UNREACHABLE, "red"),
    (HostStatus.UNTRUSTED, "red"),
)

Done = Callable[[Sequence[HostState]], int]


@contextmanager
def watching(ledger: Ledger, campaign_id: CampaignId, what: str, total: int, done: Done) -> Iterator[None]:
    """A bar or lines for the length of the block; ``done`` counts the hosts that are through, as they all stand."""
    columns = (
        TextColumn("{task.description:<9}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[standing]}"),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        bar = progress.add_task(what, total=total, standing="")
        lines = _Lines(what, total)

        def look() -> None:
            states = ledger.hosts(campaign_id)
            progress.update(bar, completed=done(states), standing=standing(states))
            if not console.is_terminal:
                lines.tell(done(states), states)

        def watch(wait: Wait) -> None:
            while not wait(LOOK_SECONDS):
                try:
                    look()
                except LedgerError:
                    continue  # a busy ledger is looked at again; whoever writes to it reports its troubles

        with beside(watch, name="muster-progress"):
            yield
        look()


class _Lines:
    """How far it has come, in lines, for whoever reads a log."""

    def __init__(self, what: str, total: int) -> None:
        self._what = what
        self._total = total
        self._told = ""
        self._told_at = time.monotonic()

    def tell(self, done: int, states: Sequence[HostState]) -> None:
        """One line, if it is time for one."""
        waited_s = time.monotonic() - self._told_at
        if waited_s < LINE_SECONDS:
            return
        words = f"{self._what}: {done:,} of {self._total:,}; {', '.join(part for part, _ in _parts(states))}"
        if words == self._told and waited_s < SIGN_SECONDS:
            return
        self._told, self._told_at = words, time.monotonic()
        errors.print(f"{datetime.now(UTC).astimezone():%H:%M:%S} {words}", markup=False)


def standing(states: Sequence[HostState]) -> str:
    """How many hosts stand where, in a few coloured words."""
    return "  ".join(f"[{colour}]{part}[/]" for part, colour in _parts(states))


def _parts(states: Sequence[HostState]) -> Iterator[tuple[str, str]]:
    counts = Counter(state.status for state in states)
    yield from ((f"{counts[status]:,} {status.value}", colour) for status, colour in BRIEF if counts[status])
