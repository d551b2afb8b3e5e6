"""Campaigns that a ledger writes down: used by ``benchmarks.ledger``, and run by it in processes of their own.

``python -m benchmarks.ledger_work URL FIRST COUNT BATCH`` claims and finishes so many hosts.
"""

import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing

from benchmarks.stub_world import CAMPAIGN, StubWorld
from ledger.open import open_ledger
from muster.clock import SystemClock
from muster.crew import Crew
from muster.garbage import collect_seldom
from muster.ids import HostId, RunnerId
from muster.outcomes import Evidence, Finding, HostOutcome, HostStatus, Stage, Verdict
from muster.ports import Ledger
from muster.records import Lease, ProbeRecord
from muster.steps import Fact, StepName

BY = "bench"
PAGE = 5000


def finding(verdict: Verdict, number: int) -> Finding:
    """Six facts, one of them different from host to host."""
    facts = tuple(Fact("system", f"2026-11-0{day}T00:00:00Z", "-25200") for day in range(1, 6))
    return Finding(verdict, "what was found", (*facts, Fact("system", "uptime", str(number))))


def ids(first: int, count: int) -> list[HostId]:
    """Hosts by number."""
    return [HostId(f"host-{number:06}") for number in range(first, first + count)]


def ready(ledger: Ledger, hosts: int) -> None:
    """An inventory and a campaign of so many hosts, every one of which needs the fix."""
    world = StubWorld(hosts)
    ledger.save_inventory(world.fleet, Crew(), by=BY)
    ledger.open_campaign(world.campaign, world.ids, by=BY)
    probe(ledger, 0, hosts)


def probe(ledger: Ledger, first: int, count: int, status: HostStatus = HostStatus.STALE) -> None:
    """Ask hosts and write down what they said, in pages."""
    now = SystemClock().now()
    for start in range(first, first + count, PAGE):
        page = ids(start, min(PAGE, first + count - start))
        ledger.begin_probes(CAMPAIGN, page, by=BY)
        verdict = Verdict.STALE if status is HostStatus.STALE else Verdict.RIGHT
        records = [
            ProbeRecord(one, status, finding(verdict, start + place), Stage.FINISHED, "", "", now)
            for place, one in enumerate(page)
        ]
        ledger.record_probes(CAMPAIGN, records, by=BY)


def attempt_all(
    ledger: Ledger,
    first: int,
    count: int,
    batch: int,
    *,
    runner: str = "bench:1:0",
    status: HostStatus = HostStatus.VERIFIED,
) -> tuple[float, float]:
    """Claim and finish hosts batch after batch; seconds of wall time and of this process's CPU."""
    before = [finding(Verdict.STALE, number) for number in range(batch)]
    after = [finding(Verdict.RIGHT, number) for number in range(batch)]
    begun, begun_cpu = time.perf_counter(), time.process_time()
    for start in range(first, first + count, batch):
        page = ids(start, min(batch, first + count - start))
        leases = ledger.claim(CAMPAIGN, page, runner_id=RunnerId(runner), step=StepName.APPLY, wave=1, lease_s=60.0)
        if len(leases) != len(page):
            raise RuntimeError(f"{len(leases)} of {len(page)} hosts were claimed")
        ledger.finish(_ends(leases, before, after, status))
    return time.perf_counter() - begun, time.process_time() - begun_cpu


def _ends(
    leases: Sequence[Lease], before: Sequence[Finding], after: Sequence[Finding], status: HostStatus
) -> list[tuple[Lease, HostOutcome]]:
    now = SystemClock().now()
    right = status is HostStatus.VERIFIED
    cause = "" if right else "disk full"
    return [
        (
            lease,
            HostOutcome(
                status,
                Stage.FINISHED,
                cause,
                "",
                Evidence(before[place], after[place] if right else None, ("tzdata",)),
                12.5,
                now,
            ),
        )
        for place, lease in enumerate(leases)
    ]


def grow(ledger: Ledger, hosts: int, events: int, *, report: Callable[[str], None]) -> int:
    """Push every host again and again until the campaign has so many events; a tenth of the hosts fails in the end."""
    while (there := ledger.revision()) < events:
        report(f"{there:,} events")
        good = hosts * 9 // 10
        attempt_all(ledger, 0, hosts, PAGE, status=HostStatus.FAILED)
        if ledger.revision() >= events:
            break
        probe(ledger, 0, hosts)
        attempt_all(ledger, 0, good, PAGE)
        attempt_all(ledger, good, hosts - good, PAGE, status=HostStatus.FAILED)
        if ledger.revision() < events:
            probe(ledger, 0, hosts)
    return ledger.revision()


def attempts_in_processes(url: str, hosts: int, batch: int, *, processes: int) -> float:
    """The same by several processes at once, each with its own hosts; seconds from the first begin to the last end."""
    with closing(open_ledger(url, clock=SystemClock())) as ledger:
        ready(ledger, hosts)
    share = hosts // processes
    command = [sys.executable, "-m", "benchmarks.ledger_work", url]
    started = [
        subprocess.Popen(
            [*command, str(one * share), str(share), str(batch)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for one in range(processes)
    ]
    for one in started:
        assert one.stdout is not None
        one.stdout.readline()
    begun = time.perf_counter()
    for one in started:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()
    for one in started:
        one.communicate()
    return (time.perf_counter() - begun) * hosts / (share * processes)


def main() -> None:
    """One of several processes."""
    collect_seldom()
    url, first, count, batch = sys.argv[1], *map(int, sys.argv[2:5])
    with closing(open_ledger(url, clock=SystemClock())) as ledger:
        ledger.revision()
        print("ready", flush=True)
        sys.stdin.readline()
        attempt_all(ledger, first, count, batch, runner=f"bench:{first}:0")


if __name__ == "__main__":
    main()
