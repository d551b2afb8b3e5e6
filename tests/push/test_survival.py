"""A night with many broken hosts: every healthy one is done, every broken one has its cause and its stage."""

import time
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import psutil
import pytest

from muster.fleet import TransportName
from muster.ids import HostId, SiteId
from muster.outcomes import Ending
from muster.ports import Order, Target
from muster.settings import Settings
from muster.steps import Step, StepName
from push.known_hosts import KnownHosts
from push.ssh import ssh_pusher
from tests.fleet.faults import Fault
from tests.fleet.openssh import Fleet, openssh_fleet, why_not
from tests.push.worlds import SSH_FAULTS

pytestmark = [pytest.mark.sshd, pytest.mark.skipif(bool(why_not()), reason=why_not())]

EVERY_NIGHT = {Fault.TARPIT: 5, Fault.REFUSING: 3, Fault.RESET: 2, Fault.CHANGED_KEY: 2, Fault.FULL_DISK: 2}
"""Broken hosts of every hundred."""
A_BAD_NIGHT = {
    Fault.TARPIT: 4,
    Fault.BANNER_THEN_SILENCE: 4,
    Fault.FREEZE: 4,
    Fault.BLACK_HOLE: 4,
    Fault.RESET: 3,
    Fault.FULL_DISK: 3,
    Fault.HANGING_SHELL: 3,
}
PAYLOAD = bytes(range(256)) * 800
SCRIPT = """\
cat > /opt/new || { printf 'error\\tno space left on the disk\\n'; rm -f /opt/new; printf 'done\\tapply\\n'; exit 0; }
[ "$(wc -c < /opt/new)" = "$MUSTER_BYTES" ] || exit 9
mv /opt/new /opt/live
printf 'done\\tapply\\n'
"""


@dataclass(frozen=True)
class Night:
    """What one push at a fleet took."""

    healthy_after_s: float
    all_after_s: float


def _push(fleet: Fleet, *, only_healthy: bool = False, greeting_s: float = 6.0) -> Night:
    """``greeting_s``: the fleet shares its machine with us and others, and a large one is slow to say hello."""
    settings = Settings(connect_timeout_s=greeting_s, login_timeout_s=greeting_s)
    pusher = ssh_pusher(settings, known_hosts=KnownHosts.read(fleet.known_hosts))
    step = Step(StepName.APPLY, SCRIPT, {"MUSTER_BYTES": str(len(PAYLOAD))}, PAYLOAD)
    by_name = {host.name: host for host in fleet.hosts if host.fault is Fault.NONE or not only_healthy}
    for host in by_name.values():
        host.write("/opt/live", b"old")
    key = f"key:{fleet.key_file}"
    orders = (
        Order(
            Target(HostId(host.name), SiteId("s"), TransportName.SSH, host.address, host.port, "root", key),
            step,
            2 * greeting_s + 2,
        )
        for host in by_name.values()
    )
    begun, healthy = time.monotonic(), 0.0
    seen: set[str] = set()
    for report in pusher.execute(orders, stop=Event()):
        host = by_name[str(report.host_id)]
        seen.add(host.name)
        wanted = SSH_FAULTS.get(host.fault)
        if wanted is None:
            assert report.ending is Ending.DONE, report
            healthy = time.monotonic() - begun
            assert host.read("/opt/live") == PAYLOAD
            continue
        assert report.ending is wanted.ending, report
        assert report.stage in wanted.stages, report
        assert wanted.words in report.cause
        if host.fault is not Fault.FULL_DISK:
            assert host.read("/opt/live") in {b"old", PAYLOAD}, "a half-written file is live"
    assert seen == set(by_name)
    return Night(healthy, time.monotonic() - begun)


def _faults(hosts: int, of_hundred: dict[Fault, int]) -> dict[int, Fault]:
    """The broken hosts spread evenly over the fleet, each fault as often as it should be."""
    wanted = [fault for fault, share in of_hundred.items() for _ in range(max(1, hosts * share // 100))]
    return {number * hosts // len(wanted): fault for number, fault in enumerate(wanted)}


def test_a_night_in_small(tmp_path: Path) -> None:
    with openssh_fleet(tmp_path, 60, faults=_faults(60, EVERY_NIGHT), after_bytes=100_000) as fleet:
        _push(fleet)


@pytest.mark.slow
def test_a_night_with_five_hundred_hosts(tmp_path: Path) -> None:
    with openssh_fleet(tmp_path, 500, faults=_faults(500, EVERY_NIGHT), after_bytes=100_000) as fleet:
        before = psutil.Process().memory_info().rss
        _push(fleet, greeting_s=20)
        assert psutil.Process().memory_info().rss - before < 100 * 2**20


@pytest.mark.slow
def test_a_quarter_of_broken_hosts_costs_the_healthy_ones_no_tenth(tmp_path: Path) -> None:
    """Measured in turn, twice each, on the same fleet; the better of each counts, because the machine is shared."""
    with openssh_fleet(tmp_path, 200, faults=_faults(200, A_BAD_NIGHT), after_bytes=100_000) as fleet:
        alone, together = [], []
        for _ in range(3):
            alone.append(_push(fleet, only_healthy=True).healthy_after_s)
            together.append(_push(fleet).healthy_after_s)
        assert min(together) < min(alone) * 1.1 + 0.3
