"""What broken hosts cost the healthy ones: one part of ``benchmarks.push``.

Fleets of real OpenSSH hosts. In turn: one without faults; the healthy hosts of one of which a share is broken in seven
ways, alone; and all of that. (A broken host that lets in costs the machine that they all share as much as a healthy
one, so the first is what the last is to be held against.) Every report is held against what it must be
(``tests/push/worlds.py``), every host's file is read from outside, and every host is asked for processes of the push
when it is over.
"""

import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

from benchmarks.common import Figure, Row, median
from muster.fleet import TransportName
from muster.ids import HostId, SiteId
from muster.outcomes import Ending, StepReport
from muster.ports import Order, Pusher, Target
from muster.settings import Settings
from muster.steps import Step, StepName
from push.known_hosts import KnownHosts
from push.ssh import ssh_pusher
from tests.fleet.faults import Fault
from tests.fleet.openssh import Fleet, FleetHost, openssh_fleet
from tests.push.worlds import SSH_FAULTS

FAULTS = (
    Fault.TARPIT,
    Fault.BANNER_THEN_SILENCE,
    Fault.FREEZE,
    Fault.BLACK_HOLE,
    Fault.RESET,
    Fault.FULL_DISK,
    Fault.HANGING_SHELL,
)
PAYLOAD = bytes(range(256)) * 800
DEADLINE_S = 8.0
SETTLE_S = 15.0
"""How long the remote ends of broken visits may take to be gone: their own time limit, and a little."""
THE_STEP = "muster\\tbegun"
"""In the command line of every step's shell (``push/launcher.py``)."""
OLD = b"old"
SCRIPT = """\
cat > /opt/new || { printf 'error\\tno space left on the disk\\n'; rm -f /opt/new; printf 'done\\tapply\\n'; exit 0; }
[ "$(wc -c < /opt/new)" = "$MUSTER_BYTES" ] || exit 9
mv /opt/new /opt/live
printf 'done\\tapply\\n'
"""


@dataclass
class Night:
    """What one push at the fleet came to."""

    hosts: int = 0
    healthy: int = 0
    healthy_done: int = 0
    healthy_after_s: float = 0.0
    all_after_s: float = 0.0
    unclassified: list[str] = field(default_factory=list)
    half_written: int = 0
    left_running: int = 0


def spread(hosts: int, percent: int) -> dict[int, Fault]:
    """The broken hosts, spread evenly over the fleet, each fault as often as the others."""
    broken = hosts * percent // 100
    return {number * hosts // broken: FAULTS[number % len(FAULTS)] for number in range(broken)}


def push_night(fleet: Fleet, *, only_healthy: bool) -> Night:
    """Push at the fleet, the broken hosts among the others, and look at every host afterwards."""
    chosen = {host.name: host for host in fleet.hosts if host.fault is Fault.NONE or not only_healthy}
    for host in chosen.values():
        host.write("/opt/live", OLD)
    pusher = pusher_of(fleet)
    night = Night(len(chosen), sum(host.fault is Fault.NONE for host in chosen.values()))
    begun = time.monotonic()
    for report in pusher.execute(_orders(fleet, chosen.values()), stop=Event()):
        host = chosen[str(report.host_id)]
        if host.fault is Fault.NONE and report.ending is Ending.DONE:
            night.healthy_done += 1
            night.healthy_after_s = time.monotonic() - begun
        elif not _as_expected(host, report):
            night.unclassified.append(
                f"{host.fault.value}: {report.ending.value} at {report.stage.value}: {report.cause}"
            )
    night.all_after_s = time.monotonic() - begun
    night.half_written = sum(_is_half(host) for host in chosen.values())
    night.left_running = _left_running(chosen.values())
    return night


def pusher_of(fleet: Fleet) -> Pusher:
    """The fast path, with time-outs that end a night soon."""
    settings = Settings(connect_timeout_s=3, login_timeout_s=3)
    return ssh_pusher(settings, known_hosts=KnownHosts.read(fleet.known_hosts))


def _orders(fleet: Fleet, chosen: Iterable[FleetHost]) -> list[Order]:
    step = Step(StepName.APPLY, SCRIPT, {"MUSTER_BYTES": str(len(PAYLOAD))}, PAYLOAD)
    key = f"key:{fleet.key_file}"
    return [
        Order(
            Target(HostId(host.name), SiteId("s"), TransportName.SSH, host.address, host.port, "root", key),
            step,
            DEADLINE_S,
        )
        for host in chosen
    ]


def _as_expected(host: FleetHost, report: StepReport) -> bool:
    wanted = SSH_FAULTS.get(host.fault)
    return (
        wanted is not None
        and report.ending is wanted.ending
        and report.stage in wanted.stages
        and wanted.words in report.cause
    )


def _is_half(host: FleetHost) -> bool:
    """Whether what is live is neither the old file nor the new one."""
    return host.path("/opt/live").exists() and host.read("/opt/live") not in {OLD, PAYLOAD}


def _left_running(chosen: Iterable[FleetHost]) -> int:
    """Processes of the step, or begun by it, that are still there when everything has had its time.

    A login shell that hangs by itself (``sleep 3600`` here) is the host's own trouble and not counted: sshd leaves it
    when its client goes, and takes no signal for root.
    """
    until = time.monotonic() + SETTLE_S
    left = [host for host in chosen if _works(host)]
    while left and time.monotonic() < until:
        time.sleep(0.3)
        left = [host for host in left if _works(host)]
    return len(left)


def _works(host: FleetHost) -> bool:
    return any(word in line for line in host.commands() for word in (THE_STEP, "cat ", "wc -c"))


def measure_faulty(sizes: Sequence[int], percent: int, *, rounds: int) -> tuple[list[Row], dict[str, float]]:
    """Rows of a fleet without faults, of the healthy part of a broken one, and of all of it, in turn."""
    rows: list[Row] = []
    ratios: dict[str, float] = {}
    for hosts in sizes:
        whole, healthy, broken = (
            f"{hosts} hosts, none broken",
            f"{hosts} hosts, the healthy ones of them alone",
            f"{hosts} hosts, {percent} % of them broken",
        )
        nights: dict[str, list[Night]] = {whole: [], healthy: [], broken: []}
        for number in range(rounds):
            with _fleet(hosts, {}) as fleet:
                nights[whole].append(push_night(fleet, only_healthy=False))
            with _fleet(hosts, spread(hosts, percent)) as fleet:
                nights[healthy].append(push_night(fleet, only_healthy=True))
                nights[broken].append(push_night(fleet, only_healthy=False))
            shown = ", ".join(f"{each[-1].healthy_after_s:.1f} s" for each in nights.values())
            print(f"  {hosts} hosts, round {number + 1}: healthy done in {shown}", file=sys.stderr, flush=True)
        rows += [_row(case, found) for case, found in nights.items()]
        took = {case: median(night.healthy_after_s for night in found) for case, found in nights.items()}
        for case in (whole, healthy):
            ratios[f"healthy_done_s {broken}/{case}"] = round(took[broken] / took[case], 2)
    return rows, ratios


@contextmanager
def _fleet(hosts: int, faults: Mapping[int, Fault]) -> Iterator[Fleet]:
    with (
        tempfile.TemporaryDirectory(prefix="muster-fleet-") as folder,
        openssh_fleet(Path(folder), hosts, faults=faults, after_bytes=100_000) as fleet,
    ):
        yield fleet


def _row(case: str, nights: Sequence[Night]) -> Row:
    figures: dict[str, Figure] = {
        "hosts": nights[0].hosts,
        "healthy": nights[0].healthy,
        "healthy_done": min(night.healthy_done for night in nights),
        "healthy_done_s": median(night.healthy_after_s for night in nights),
        "all_reported_s": median(night.all_after_s for night in nights),
        "unclassified": max(len(night.unclassified) for night in nights),
        "half_written_live": max(night.half_written for night in nights),
        "left_running": max(night.left_running for night in nights),
        "rounds": len(nights),
        "note": next((words for night in nights for words in night.unclassified), ""),
    }
    return {"who": "muster, fast path", "case": case, **figures}
