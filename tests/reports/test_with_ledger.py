"""The reports of a campaign in a real ledger: its totals are theirs."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from ledger.open import open_ledger
from muster.clock import ManualClock
from muster.crew import Crew
from muster.fleet import Fleet
from muster.ids import HostId, RunnerId
from muster.outcomes import Evidence, HostOutcome, HostStatus, Stage
from muster.records import ProbeRecord
from muster.steps import StepName
from reports.evidence import evidence_rows
from reports.record import read_record
from reports.summary import summary_page
from tests.reports.records import AFTER, BEFORE, Story, campaign


def test_what_the_ledger_holds_is_what_the_reports_say(tmp_path: Path) -> None:
    fleet = Story([HostStatus.PENDING] * 10).record().fleet
    clock = ManualClock(datetime(2026, 10, 19, 15, tzinfo=UTC))
    ledger = open_ledger(f"sqlite:///{tmp_path}/muster.db", clock=clock)
    ids = [host.id for host in fleet.hosts]
    ledger.save_inventory(Fleet(fleet.clients, fleet.sites, fleet.hosts), Crew(), by="test")
    ledger.open_campaign(campaign(), ids, by="test")
    ledger.begin_probes(campaign().id, ids, by="test")
    ledger.record_probes(campaign().id, [_probe(id_, n) for n, id_ in enumerate(ids)], by="test")
    leases = ledger.claim(campaign().id, ids, runner_id=RunnerId("desk:1:1"), step=StepName.APPLY, wave=1, lease_s=60)
    verified = HostOutcome(
        HostStatus.VERIFIED, Stage.FINISHED, "", "", Evidence(BEFORE, AFTER, ("it",)), 1.0, clock.now()
    )
    ledger.finish([(lease, verified) for lease in leases[:3]])

    record = read_record(ledger, campaign().id, now=clock.now())
    rows = evidence_rows(record)
    assert Counter(row.status for row in rows) == Counter(state.status.value for state in ledger.hosts(campaign().id))
    assert Counter(row.status for row in rows) == {"already right": 4, "verified": 3, "in progress": 3}
    page = summary_page(record)
    assert (page.protected, page.open, page.burn.open_now) == (7, 3, 3)
    ledger.close()


def _probe(host_id: HostId, number: int) -> ProbeRecord:
    right = number < 4
    status, finding = (HostStatus.RIGHT, AFTER) if right else (HostStatus.STALE, BEFORE)
    return ProbeRecord(host_id, status, finding, Stage.FINISHED, "", "", datetime(2026, 10, 19, 15, tzinfo=UTC))
