"""When to stop.

Somebody stopped the campaign in the ledger, a stop file lies in the workspace, or this process was interrupted. Once
seen, a stop stays seen: nothing begins again by itself.
"""

from pathlib import Path
from threading import Event, Thread

from muster.errors import LedgerError
from muster.ids import CampaignId
from muster.ports import Ledger

STOP_FILE = "STOP"
LOOK_SECONDS = 0.5


class StopWatch:
    """Looks at the ledger and at the stop file twice a second, in a thread of its own."""

    def __init__(self, ledger: Ledger, campaign_id: CampaignId, workspace: Path) -> None:
        self._ledger = ledger
        self._campaign_id = campaign_id
        self._file = workspace / STOP_FILE
        self._stopped = Event()
        self._left = Event()
        self._thread = Thread(target=self._watch, name="muster-stop", daemon=True)
        self._look()
        self._thread.start()

    def is_set(self) -> bool:
        """Whether everything should end as soon as it safely can."""
        return self._stopped.is_set()

    def trip(self) -> None:
        """Stop this process's pushes, without a word in the ledger (an interrupt from the keyboard)."""
        self._stopped.set()

    def leave(self) -> None:
        """Look no more."""
        self._left.set()
        self._thread.join(2.0)

    def _watch(self) -> None:
        while not self._left.wait(LOOK_SECONDS) and not self._stopped.is_set():
            self._look()

    def _look(self) -> None:
        if self._file.exists():
            self._stop_in_ledger(f"the file {self._file} is there")
        try:
            stopped = self._ledger.stopped(self._campaign_id) is not None
        except LedgerError:
            return  # who cannot read the ledger cannot claim from it either: nothing new starts
        if stopped:
            self._stopped.set()

    def _stop_in_ledger(self, reason: str) -> None:
        self._stopped.set()
        try:
            self._ledger.stop(self._campaign_id, by="stop file", reason=reason)
        except LedgerError:
            return  # every process looks at the file itself, so the stop holds without the ledger's word
