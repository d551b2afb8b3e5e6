"""Asking every machine how it stands, by a process of its own: what ``muster probe`` does.

It goes on when the portal ends. What the machines answer is in the ledger, from where the page has its live numbers;
why the process could not do its work is noted there, and said on the page for as long as this portal runs.
"""

import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

from muster.ids import CampaignId
from muster.ports import Ledger

FAILED = "portal: act failed"
KEPT_CHARACTERS = 600


@dataclass
class Asking:
    """One round of questions: whether it is over, and what went wrong with it as a whole."""

    ended: bool = False
    trouble: str = ""


_ROUNDS: dict[tuple[str, CampaignId], Asking] = {}
_LOCK = threading.Lock()


def asking_of(folder: Path, campaign_id: CampaignId) -> Asking | None:
    """The last round that was begun here."""
    with _LOCK:
        return _ROUNDS.get((str(folder), campaign_id))


def begin(ledger: Ledger, folder: Path, campaign_id: CampaignId, *, by: str) -> bool:
    """Begin to ask; False where that is under way already."""
    with _LOCK:
        there = _ROUNDS.get((str(folder), campaign_id))
        if there is not None and not there.ended:
            return False
        asking = _ROUNDS[(str(folder), campaign_id)] = Asking()
    words = ["-m", "muster", "-C", str(folder), "probe", "--campaign", campaign_id, "--json"]
    said = tempfile.TemporaryFile()  # noqa: SIM115 - the thread that waits for the end closes it
    process = subprocess.Popen(
        [sys.executable, *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=said,
        cwd=folder,
        start_new_session=True,
    )

    def wait() -> None:
        with said:
            code = process.wait()
            said.seek(0)
            why = said.read().decode(errors="replace").strip()[-KEPT_CHARACTERS:]
        if code and why:
            asking.trouble = why
            ledger.note(FAILED, by=by, campaign_id=campaign_id, data={"act": "probe", "code": code, "why": why})
        asking.ended = True

    threading.Thread(target=wait, name="muster-portal-asking", daemon=True).start()
    return True
