"""A process that writes to a ledger as a push does, at a steady rate, for ``benchmarks.portal``.

``python -m benchmarks.portal_push WORKSPACE EVENTS_PER_S``, with the ledger's address in ``MUSTER_LEDGER_URL``: claims
and ends attempts in batches of 25 hosts, the size that a pusher's results come in, and writes a line for each commit
(when, and how many hosts have ended).
"""

import json
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from benchmarks.portal_world import CAMPAIGN, RUNNER, SEED, outcome
from ledger.open import open_ledger
from muster.clock import SystemClock
from muster.outcomes import HostStatus
from muster.steps import StepName

HOSTS = 25
EVENTS = 2 * HOSTS
"""Of one round: a claim and an end for each host."""
ENDED = {HostStatus.VERIFIED, HostStatus.FAILED, HostStatus.UNKNOWN}


def main(folder: Path, url: str, events_per_s: float) -> None:
    """Write until somebody ends the process."""
    address = url.replace("sqlite:///", f"sqlite:///{folder}/") if url == "sqlite:///muster.db" else url
    ledger, dice = open_ledger(address, clock=SystemClock()), Random(SEED)  # noqa: S311 - no secret
    states = ledger.hosts(CAMPAIGN)
    left = [state.host_id for state in states if state.status is HostStatus.STALE]
    ended = sum(state.status in ENDED for state in states)
    wave = ledger.waves(CAMPAIGN)[-1].number
    due = time.monotonic()
    with (folder / "commits.jsonl").open("w", encoding="utf-8") as record:
        while left:
            some, left = left[:HOSTS], left[HOSTS:]
            leases = ledger.claim(CAMPAIGN, some, runner_id=RUNNER, step=StepName.APPLY, wave=wave, lease_s=600)
            ledger.finish([(lease, outcome(dice)) for lease in leases])
            ended += len(leases)
            line = {"at": datetime.now(UTC).timestamp(), "ended": ended, "events": EVENTS}
            record.write(json.dumps(line) + "\n")
            record.flush()
            due += EVENTS / events_per_s
            time.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    main(Path(sys.argv[1]), os.environ["MUSTER_LEDGER_URL"], float(sys.argv[2]))
