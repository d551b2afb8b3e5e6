"""Memory of a campaign by its size, with a transport that touches nothing: one part of ``benchmarks.push``.

Everything but the transport and the fix is the real thing: a workspace, its ledger (SQLite), a dispatched plan, waves
that grow to 500 hosts, claims and leases, apply and a fresh probe, outcomes and evidence in the ledger, and Prefect's
flow around it. Each campaign is planned in a process of its own and pushed in another (``python -m
benchmarks.push_stub plan|push FOLDER HOSTS``), whose peak is read; Prefect's server is a third one and is not in it.
"""

import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from benchmarks.common import Measured, Row, measure, median
from benchmarks.stub_world import CAMPAIGN, StubFix, StubTransport, StubWorld
from muster.clock import SystemClock
from muster.outcomes import HostStatus

LIMIT_S = 1800.0


def plan(folder: Path, hosts: int) -> None:
    """Make the workspace of a campaign of so many hosts, with a plan that binds."""
    from ledger.open import open_ledger

    (folder / "muster.yml").write_text("parallel_hosts: 32\nprefect_idle_s: 600\n")
    with closing(open_ledger(f"sqlite:///{folder / 'muster.db'}", clock=SystemClock())) as ledger:
        StubWorld(hosts).dispatch_in(ledger)


def push(folder: Path) -> None:
    """Push the campaign of a workspace in this process, and print one line of JSON."""
    os.chdir(folder)
    import muster.wiring as wired
    from flows.engine import engine
    from flows.services import services_of
    from push.pool import Limits, PoolPusher

    setattr(wired, "prepare_fix", lambda *_given, **_named: StubFix())  # noqa: B010 -- a stand-in, on purpose and by name
    services = services_of(str(folder))
    vars(services)["pusher"] = PoolPusher(StubTransport(), Limits(32))
    services.ledger.revision()
    begun, cpu_before_s, before_mb = time.monotonic(), time.process_time(), _peak_mb()
    home = folder.parent / "prefect"
    with engine("in-process", prefect_home=home, idle_s=600) as carry_out:
        carry_out("waves", {"workspace": str(folder), "campaign_id": str(CAMPAIGN), "ahead": True, "retry": False})
    seconds, cpu_s = time.monotonic() - begun, time.process_time() - cpu_before_s
    done = sum(state.status is HostStatus.VERIFIED for state in services.ledger.hosts(CAMPAIGN))
    services.close()
    said = {"seconds": seconds, "done": done, "cpu_s": cpu_s, "peak_mb": _peak_mb(), "peak_before_mb": before_mb}
    print(json.dumps(said))


def _peak_mb() -> float:
    """This program's own peak; ``getrusage`` would tell that of the process that started it, where it was larger."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


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
    load = os.getloadavg()[0]
    said, _ = stub_campaign(folder, hosts)
    return {
        "done": said["done"],
        "hosts_per_s": said["done"] / said["seconds"],
        "peak_rss_mb": said["peak_mb"],
        "before_first_wave_mb": said["peak_before_mb"],
        "load_before": load,
    }


def stub_campaign(folder: Path, hosts: int) -> tuple[dict[str, float], Measured]:
    """Plan and push a campaign in processes of their own; what the pushing one said of itself."""
    folder.mkdir()
    stage("plan", folder, hosts)
    return push_in(folder, hosts)


def push_in(folder: Path, hosts: int) -> tuple[dict[str, float], Measured]:
    """Push a campaign that was planned; what the process said of itself, and what was seen of all that it started."""
    measured = stage("push", folder, hosts)
    try:
        said: dict[str, float] = json.loads(measured.stdout.strip().splitlines()[-1])
    except (ValueError, IndexError):
        raise SystemExit(f"benchmarks.push_stub: {(measured.stderr or measured.stdout)[-600:]}") from None
    return said, measured


def stage(name: str, folder: Path, hosts: int) -> Measured:
    """Plan or push in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.push_stub", name, str(folder), str(hosts)]
    kept = {"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8", "PYTHONPATH": str(_ROOT)}
    return measure(command, environment=kept, limit_s=LIMIT_S, folder=folder)


_ROOT = Path(__file__).parents[1]

if __name__ == "__main__":
    if sys.argv[1] == "plan":
        plan(Path(sys.argv[2]), int(sys.argv[3]))
    else:
        push(Path(sys.argv[2]))
