"""When to stop.

Somebody stopped the campaign in the ledger, a stop file lies in the workspace, or this process was interrupted. Once
seen, a stop stays seen: nothing begins again by itself. A gentle stop (a spent error budget, a wave that halted) lets
what was begun come to its end.
"""

from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread

from muster.errors import LedgerError
from muster.ids import CampaignId
from muster.ports import Ledger, StopSignal

STOP_FILE = "STOP"
LOOK_SECONDS = 0.5


class StopWatch:
    """Looks at the ledger and at the stop file twice a second.

    Each in a thread of its own: a database that hangs must not keep the file from being seen.
    """

    def __init__(self, ledger: Ledger, campaign_id: CampaignId, workspace: Path) -> None:
        self._ledger = ledger
        self._campaign_id = campaign_id
        self._file = workspace / STOP_FILE
        self._stopped = Event()
        self._held_back = Event()
        self._left = Event()
        self._threads = [
            Thread(target=self._watch, args=(look,), name="muster-stop", daemon=True)
            for look in (self._look_at_file, self._look_at_ledger)
        ]
        self._look_at_file()
        self._look_at_ledger()
        for thread in self._threads:
            thread.start()

    def is_set(self) -> bool:
        """Whether everything should end as soon as it safely can."""
        return self._stopped.is_set()

    @property
    def held_back(self) -> StopSignal:
        """The signal that nothing new may begin: set by every stop, the gentle ones too."""
        return self._held_back

    def trip(self) -> None:
        """Stop this process's pushes, without a word in the ledger (an interrupt from the keyboard)."""
        self._held_back.set()
        self._stopped.set()

    def leave(self) -> None:
        """Look no more."""
        self._left.set()
        for thread in self._threads:
            thread.join(2.0)

    def _watch(self, look: Callable[[], None]) -> None:
        while not self._left.wait(LOOK_SECONDS) and not self._stopped.is_set():
            look()

    def _look_at_file(self) -> None:
        if self._file.exists():
            self._stop_in_ledger(f"the file {self._file} is there{_words_in(self._file)}")

    def _look_at_ledger(self) -> None:
        try:
            stop = self._ledger.stopped(self._campaign_id)
        except LedgerError:
            return  # who cannot read the ledger cannot claim from it either: nothing new starts
        if stop is not None and stop.gentle:
            self._held_back.set()
        elif stop is not None:
            self.trip()

    def _stop_in_ledger(self, reason: str) -> None:
        self.trip()
        try:
            self._ledger.stop(self._campaign_id, by="stop file", reason=reason)
        except LedgerError:
            return  # every process looks at the file itself, so the stop holds without the ledger's word


def _words_in(file: Path) -> str:
    """What its first line says, for whoever wonders why; nothing where it cannot be read."""
    try:
        with file.open(encoding="utf-8", errors="replace") as opened:
            words = opened.readline(200).strip()
    except OSError:
        return ""
    return f": {words}" if words else ""
