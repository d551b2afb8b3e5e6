"""Pushing the machines of one visit, now: what the button of somebody who stands before them starts.

A visit that was started is pushed by the reconciler by itself (``muster up``). This is for when it does not run, and
for machines that were mended by hand: what did not answer is asked again, and what failed is pushed again. A process of
its own does it, as ``muster retry`` would, because a web server is restarted and has readers to answer. What it
achieves is in the ledger; who started it, and why it could not do its work, is noted there.
"""

import subprocess
import sys
from threading import Lock, Thread

from muster.errors import CampaignStopped
from muster.ids import CampaignId, VisitId
from portal.field.acts import Own
from portal.field.push_process import PUSHED
from portal.services import Portal

_RUNNING: set[tuple[CampaignId, VisitId]] = set()
_LOCK = Lock()


def is_pushing(campaign_id: CampaignId, visit_id: VisitId) -> bool:
    """Whether a push of the visit that was started here is under way."""
    return (campaign_id, visit_id) in _RUNNING


def push_visit(portal: Portal, own: Own) -> bool:
    """Begin to push the machines of a visit; False where that is under way already.

    Raises:
        CampaignStopped: somebody stopped the campaign; nothing is begun.
    """
    ledger = portal.services.ledger
    if ledger.stopped(own.campaign_id) is not None:
        raise CampaignStopped("the campaign is stopped just now, so nothing is pushed", hint="ask the office")
    key = (own.campaign_id, own.visit_id)
    with _LOCK:
        if key in _RUNNING:
            return False
        _RUNNING.add(key)
    data = {"hosts": list(own.host_ids), "person": own.person_id}
    ledger.note(PUSHED, by=own.by, campaign_id=own.campaign_id, visit_id=own.visit_id, data=data)
    folder = portal.settings.workspace
    words = ["-m", "portal.field.push_process", str(folder), own.campaign_id, own.visit_id, own.by]
    process = subprocess.Popen(
        [sys.executable, *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=folder,
        start_new_session=True,
    )
    Thread(target=_wait, args=(process, key), name=f"muster-visit-{own.visit_id}", daemon=True).start()
    return True


def _wait(process: subprocess.Popen[bytes], key: tuple[CampaignId, VisitId]) -> None:
    process.wait()
    with _LOCK:
        _RUNNING.discard(key)
