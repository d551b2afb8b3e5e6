"""Memory of a campaign by its size, with a transport that touches nothing: one part of ``benchmarks.push``.

Everything but the transport and the fix is the real thing: a workspace, its ledger (SQLite), a dispatched plan, waves
that grow to 500 hosts, claims and leases, apply and a fresh probe, outcomes and evidence in the ledger, and Prefect's
flow around it. Each campaign runs in a process of its own (``python -m benchmarks.push_stub FOLDER HOSTS``), whose peak
is read; Prefect's server is another process and is not in it.
"""

import json
import os
import resource
import socket
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from benchmarks.common import Row, measure, median
from muster.campaign import Campaign, WavePolicy
from muster.clock import SystemClock
from muster.crew import Crew
from muster.fleet import Client, Fleet, Host, OsFamily, Site
from muster.ids import CampaignId, ClientId, FixName, HostId, PersonId, PlanId, SiteId, VisitId
from muster.outcomes import Finding, HostStatus, Stage, Verdict
from muster.plan import Assignment, Plan, PlanCost, Visit, VisitMode
from muster.ports import Ledger, Order, Target
from muster.records import ProbeRecord
from muster.steps import Step, StepName, StepOutput
from push.transport import Door, Guard, RawResult

CAMPAIGN, BENCH = CampaignId("stub"), "bench"
HOSTS_OF_SITE = 50
NOTES = "".join(f"note\tline {number} of what a host says about itself\n" for number in range(40))
"""Two kilobytes, as a step with something to tell writes."""
LIMIT_S = 1800.0


class StubTransport:
    """Answers every step at once, as a host on which all goes well."""

    def door(self, target: Target) -> Door | None:
        """There is nothing to knock at."""
        del target
        return None

    def carry(self, order: Order, guard: Guard, connection: socket.socket | None) -> RawResult:
        """What the step would have said."""
        del connection
        guard.begin()
        guard.reached(Stage.FINISHED)
        said = "fact\tstub\tstate\tright\n" if order.step.name is StepName.VERIFY else "changed\tnothing at all\n"
        return RawResult(0, f"{NOTES}{said}done\t{order.step.name}\n", "")


@dataclass(frozen=True)
class StubFix:
    """A fix whose steps are empty; its verify is right where the stub said so."""

    title: str = "stub"

    def step(self, name: StepName, family: OsFamily, *, timezone: str) -> Step | None:
        """The same for every host."""
        del family, timezone
        return Step(name, "true")

    def judge(self, output: StepOutput, *, timezone: str) -> Finding:
        """Right where there is a fact that says so."""
        del timezone
        return Finding(Verdict.RIGHT if output.facts else Verdict.STALE, "stub", output.facts)


def main(folder: Path, hosts: int) -> None:
    """Push a campaign of so many hosts in this process, and print one line of JSON."""
    (folder / "muster.yml").write_text("parallel_hosts: 32\nprefect_idle_s: 600\n")
    os.chdir(folder)
    import muster.wiring as wired
    from flows.engine import engine
    from flows.services import services_of
    from push.pool import Limits, PoolPusher

    setattr(wired, "prepare_fix", lambda *_given, **_named: StubFix())  # noqa: B010 -- a stand-in, on purpose and by name
    services = services_of(str(folder))
    vars(services)["pusher"] = PoolPusher(StubTransport(), Limits(32))
    _dispatch(services.ledger, hosts)
    begun, before_mb = time.monotonic(), _peak_mb()
    home = folder.parent / "prefect"
    with engine("in-process", prefect_home=home, idle_s=600) as carry_out:
        carry_out("waves", {"workspace": str(folder), "campaign_id": str(CAMPAIGN), "ahead": True, "retry": False})
    seconds = time.monotonic() - begun
    done = sum(state.status is HostStatus.VERIFIED for state in services.ledger.hosts(CAMPAIGN))
    services.close()
    print(json.dumps({"seconds": seconds, "done": done, "peak_mb": _peak_mb(), "peak_before_mb": before_mb}))


def _dispatch(ledger: Ledger, hosts: int) -> None:
    """Fleet, campaign, probes that found every host stale, and a binding plan in which every visit is due."""
    now = SystemClock().now()
    sites = [SiteId(f"site-{number}") for number in range(-(-hosts // HOSTS_OF_SITE))]
    rows = [
        Host(HostId(f"host-{number:05}"), sites[number // HOSTS_OF_SITE], f"host {number}", f"10.0.{number}")
        for number in range(hosts)
    ]
    client = ClientId("acme")
    places = tuple(Site(site, client, str(site), "America/Vancouver") for site in sites)
    ledger.save_inventory(Fleet((Client(client, "Acme"),), places, tuple(rows)), Crew(), by=BENCH)
    ids = [row.id for row in rows]
    waves = WavePolicy(max_wave_hosts=500)
    campaign = Campaign(CAMPAIGN, BENCH, FixName("stub"), now + timedelta(days=30), waves=waves)
    ledger.open_campaign(campaign, ids, by=BENCH)
    finding = Finding(Verdict.STALE, "old", ())
    ledger.begin_probes(CAMPAIGN, ids, by=BENCH)
    probed = [ProbeRecord(each, HostStatus.STALE, finding, Stage.FINISHED, "", "", now) for each in ids]
    ledger.record_probes(CAMPAIGN, probed, by=BENCH)
    visits, placed = [], []
    for site in sites:
        own = tuple(row.id for row in rows if row.site_id == site)
        visit = Visit(
            VisitId(f"visit {site}"),
            client,
            site,
            VisitMode.REMOTE,
            own,
            60,
            frozenset(),
            3,
            now,
            now + timedelta(days=9),
        )
        visits.append(visit)
        placed.append(Assignment(visit.id, PersonId("ann"), now - timedelta(hours=1), now + timedelta(hours=1)))
    plan = Plan(
        PlanId("plan"),
        CAMPAIGN,
        now,
        tuple(visits),
        tuple(placed),
        (),
        PlanCost(),
        0.0,
        None,
        1,
        ledger.revision(),
        BENCH,
    )
    ledger.save_plan(plan, by=BENCH)
    ledger.dispatch(plan.id, by=BENCH, expected_revision=ledger.revision())


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure_stub(sizes: Sequence[int], *, rounds: int) -> tuple[list[Row], dict[str, float]]:
    """The peak of each size, and how much the largest needs beyond the smallest."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="muster-stub-") as name:
        for hosts in sizes:
            found = [_one(Path(name) / f"{hosts}-{number}", hosts) for number in range(rounds)]
            figures = {key: median(each[key] for each in found) for key in found[0]}
            rows.append({"who": "muster, stub transport", "case": f"{hosts} hosts", **figures, "rounds": rounds})
            print(f"  {hosts} hosts: {rows[-1]}", file=sys.stderr, flush=True)
    first, last = (float(str(rows[place]["peak_rss_mb"])) for place in (0, -1))
    return rows, {f"peak_rss_mb {rows[-1]['case']}/{rows[0]['case']}": round(last / first, 2)}


def _one(folder: Path, hosts: int) -> dict[str, float]:
    folder.mkdir()
    command = [sys.executable, "-m", "benchmarks.push_stub", str(folder), str(hosts)]
    kept = {"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8", "PYTHONPATH": str(_ROOT)}
    load = os.getloadavg()[0]
    measured = measure(command, environment=kept, limit_s=LIMIT_S, folder=folder)
    try:
        said = json.loads(measured.stdout.strip().splitlines()[-1])
    except (ValueError, IndexError):
        raise SystemExit(f"benchmarks.push --stub: {(measured.stderr or measured.stdout)[-600:]}") from None
    return {
        "done": said["done"],
        "hosts_per_s": said["done"] / said["seconds"],
        "peak_rss_mb": said["peak_mb"],
        "before_first_wave_mb": said["peak_before_mb"],
        "load_before": load,
    }


_ROOT = Path(__file__).parents[1]

if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
