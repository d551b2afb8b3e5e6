"""What a button asks to be done at hosts is done by a process of its own, the same that the command line would start.

A web server is the wrong place to push from: it is restarted, and it has readers to answer. So ``retry`` and ``probe``
are started as commands, which end by themselves whatever becomes of the portal. What they achieve is read from the
ledger; that one could not do its work is written there as a note.
"""

import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

from muster.ids import CampaignId, HostId
from muster.ports import Ledger
from portal.access import Viewer

FAILED = "portal: act failed"
KEPT_CHARACTERS = 600


def retry(ledger: Ledger, folder: Path, campaign_id: CampaignId, host_ids: Sequence[HostId], viewer: Viewer) -> None:
    """Push again where it failed or is unknown; each host is asked first."""
    _start(ledger, folder, campaign_id, ("retry", *host_ids), viewer)


def ask(ledger: Ledger, folder: Path, campaign_id: CampaignId, host_ids: Sequence[HostId], viewer: Viewer) -> None:
    """Ask hosts how they stand."""
    _start(ledger, folder, campaign_id, ("probe", *host_ids), viewer)


def _start(ledger: Ledger, folder: Path, campaign_id: CampaignId, words: Sequence[str], viewer: Viewer) -> None:
    command = [sys.executable, "-m", "muster", "-C", str(folder), *words, "--campaign", campaign_id, "--json"]
    said = tempfile.TemporaryFile()  # noqa: SIM115 - the thread that waits for the end closes it
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said, cwd=folder, start_new_session=True
    )

    def wait() -> None:
        with said:
            code = process.wait()
            if code == 0:
                return
            said.seek(0)
            why = said.read().decode(errors="replace").strip()[-KEPT_CHARACTERS:]
        data = {"act": words[0], "hosts": len(words) - 1, "code": code, "why": why}
        ledger.note(FAILED, by=viewer.by, campaign_id=campaign_id, data=data)

    threading.Thread(target=wait, name="muster-portal-act", daemon=True).start()
