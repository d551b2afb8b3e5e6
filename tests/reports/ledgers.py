"""A real ledger with two clients, some of whose machines were pushed: for what is made from its events."""

from datetime import UTC, datetime
from pathlib import Path

from ledger.open import open_ledger
from muster.clock import ManualClock
from muster.crew import Crew
from muster.fleet import Fleet
from muster.ids import HostId, RunnerId
from muster.outcomes import Evidence, HostOutcome, HostStatus, Stage
from muster.ports import Ledger
from muster.records import ProbeRecord
from muster.steps import StepName
from tests.reports.records import AFTER, BEFORE, Story, campaign

AT = datetime(2026, 10, 19, 15, tzinfo=UTC)


def played(folder: Path, *, hosts: int = 10) -> Ledger:
    """Some hosts that are right, some verified, some failed, the last one unreachable; hosts alternate by client."""
    fleet = Story([HostStatus.PENDING] * hosts).record().fleet
    clock = ManualClock(AT)
    ledger = open_ledger(f"sqlite:///{folder}/muster.db", clock=clock)
    ids = [host.id for host in fleet.hosts]
    ledger.save_inventory(Fleet(fleet.clients, fleet.sites, fleet.hosts), Crew(), by="test")
    ledger.open_campaign(campaign(), ids, by="test")
    ledger.begin_probes(campaign().id, ids, by="test")
    ledger.record_probes(campaign().id, [_probe(id_, n, hosts) for n, id_ in enumerate(ids)], by="test")
    leases = ledger.claim(campaign().id, ids, runner_id=RunnerId("desk:1:1"), step=StepName.APPLY, wave=1, lease_s=60)
    ledger.finish([(lease, _outcome(n, clock.now())) for n, lease in enumerate(leases)])
    return ledger


def _probe(host_id: HostId, number: int, hosts: int) -> ProbeRecord:
    if number == hosts - 1:
        return ProbeRecord(host_id, HostStatus.UNREACHABLE, None, Stage.CONNECT, "refused", "look at it", AT)
    right = number < 4
    status, finding = (HostStatus.RIGHT, AFTER) if right else (HostStatus.STALE, BEFORE)
    return ProbeRecord(host_id, status, finding, Stage.FINISHED, "", "", AT)


def _outcome(number: int, at: datetime) -> HostOutcome:
    if number == 0:
        cause = "no space left on the device"
        return HostOutcome(HostStatus.FAILED, Stage.COMMAND, cause, "", Evidence(BEFORE, None), 1.0, at)
    return HostOutcome(HostStatus.VERIFIED, Stage.FINISHED, "", "", Evidence(BEFORE, AFTER, ("it",)), 1.0, at)
