"""Show how a campaign comes along while something else does the work.

The picture is drawn from the ledger alone, so it is the same whether this process pushes or another one does.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Event, Thread

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from muster.cli.output import console
from muster.errors import LedgerError
from muster.ids import CampaignId
from muster.outcomes import HostStatus
from muster.ports import Ledger
from muster.records import HostState

LOOK_SECONDS = 0.4
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
    """A bar for the length of the block; ``done`` counts, of the hosts as they stand, those that are through."""
    columns = (
        TextColumn("{task.description:<9}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[standing]}"),
    )
    left = Event()
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        bar = progress.add_task(what, total=total, standing="")

        def look() -> None:
            states = ledger.hosts(campaign_id)
            progress.update(bar, completed=done(states), standing=standing(states))

        def watch() -> None:
            while not left.wait(LOOK_SECONDS):
                try:
                    look()
                except LedgerError:
                    continue  # a busy ledger is looked at again; whoever writes to it reports its troubles

        thread = Thread(target=watch, name="muster-progress", daemon=True)
        thread.start()
        try:
            yield
        finally:
            left.set()
            thread.join()
        look()


def standing(states: Sequence[HostState]) -> str:
    """How many hosts stand where, in a few coloured words."""
    counts = Counter(state.status for state in states)
    return "  ".join(f"[{colour}]{counts[status]} {status.value}[/]" for status, colour in BRIEF if counts[status])
