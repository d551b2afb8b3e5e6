"""The scripts and the playbooks of the fix leave the same files, and say the same."""

import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from threading import Event
from time import sleep

import pytest

from muster.fleet import OsFamily, TransportName
from muster.ids import HostId, SiteId
from muster.outcomes import Ending, StepReport, Verdict
from muster.ports import Order, PreparedFix, Pusher, Target
from muster.settings import Settings
from muster.steps import StepName, StepOutput, read_output
from push.ansible import ansible_pusher
from push.known_hosts import KnownHosts
from push.ssh import ssh_pusher
from tests.fleet.openssh import Fleet, FleetHost, openssh_fleet, why_not
from tests.playbooks.tzdata.conftest import MakeFix
from tests.playbooks.tzdata.place import VANCOUVER

pytestmark = [pytest.mark.sshd, pytest.mark.skipif(bool(why_not()), reason=why_not())]

ZONEINFO = "/usr/share/zoneinfo"
SETTINGS = Settings(host_deadline_s=120)
SERVICE = """\
#!/bin/sh
case $1 in restart) [ -f /run/demo-cron ] && kill "$(cat /run/demo-cron)" ;; esac
cp /bin/sleep /run/cron 2>/dev/null
/run/cron 3600 </dev/null >/dev/null 2>&1 &
echo $! > /run/demo-cron
"""
Prepare = Callable[[FleetHost, Path], None]


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    with openssh_fleet(tmp_path_factory.mktemp("equal"), 2 * len(KINDS)) as fleet:
        yield fleet


def lives_in_vancouver(host: FleetHost, stale: Path) -> None:
    host.write(f"{ZONEINFO}/{VANCOUVER}", (stale / VANCOUVER).read_bytes())
    host.run(f"rm -f {ZONEINFO}/Canada/Pacific; cp {ZONEINFO}/{VANCOUVER} {ZONEINFO}/Canada/Pacific")
    host.run(f"ln -sfn {ZONEINFO}/{VANCOUVER} /etc/localtime; echo {VANCOUVER} > /etc/timezone")


def has_a_copy_and_a_service(host: FleetHost, stale: Path) -> None:
    lives_in_vancouver(host, stale)
    host.run(f"rm /etc/localtime; cp {ZONEINFO}/{VANCOUVER} /etc/localtime")
    host.write("/etc/init.d/cron", SERVICE.encode(), mode=0o755)
    host.run("/etc/init.d/cron start")
    host.run(f"touch -d '10 seconds' {ZONEINFO}/{VANCOUVER}")


def has_a_link_for_the_zone(host: FleetHost, stale: Path) -> None:
    lives_in_vancouver(host, stale)
    host.run(f"cd {ZONEINFO}/America && ln -sf ../Canada/Pacific Vancouver")


def is_right_already(host: FleetHost, fresh: Path) -> None:
    lives_in_vancouver(host, fresh)


def has_no_such_zone(host: FleetHost, stale: Path) -> None:
    del stale
    host.run(f"rm -f {ZONEINFO}/{VANCOUVER} {ZONEINFO}/Canada/Pacific")


def fails_to_restart(host: FleetHost, stale: Path) -> None:
    has_a_copy_and_a_service(host, stale)
    host.write("/etc/init.d/cron", b"#!/bin/sh\nexit 1\n", mode=0o755)


SERVICE_AGE_S = 4.0
"""A service that began within two seconds of the change counts as begun after it: these began well before."""

KINDS: Mapping[str, Prepare] = {
    "a link at /etc/localtime": lives_in_vancouver,
    "a copy and a service": has_a_copy_and_a_service,
    "a link for the zone": has_a_link_for_the_zone,
    "right already": is_right_already,
    "no such zone": has_no_such_zone,
    "a restart that fails": fails_to_restart,
}


def tree(host: FleetHost) -> dict[str, tuple[str, int, str | bytes]]:
    """Everything on the host that is not as this machine has it: rights, owner, and content or target."""
    upper = host.place.parent / "disk/upper"
    found: dict[str, tuple[str, int, str | bytes]] = {}
    for path in upper.rglob("*"):
        inside = str(path.relative_to(upper))
        if inside.startswith(("etc/ssh", "run/")) or inside in {"etc/hostname", "tmp"}:  # not: what is left in /tmp
            continue
        info = path.lstat()
        content: str | bytes = ""
        if stat.S_ISLNK(info.st_mode):
            content = str(path.readlink())
        elif stat.S_ISREG(info.st_mode):
            content = path.read_bytes()
        found[inside] = (stat.filemode(info.st_mode), info.st_uid, content)
    assert f"{ZONEINFO}/America".lstrip("/") in found
    return found


def said(report: StepReport) -> StepOutput:
    """What a step said, without the one fact that is never twice the same."""
    output = read_output(report.stdout)
    return replace(output, facts=tuple(fact for fact in output.facts if fact.key != "free KB"))


@pytest.fixture
def fix(make_fix: MakeFix) -> PreparedFix:
    return make_fix(package="never", look_for="")


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_both_ways_leave_the_same_files_and_say_the_same(
    fleet: Fleet, fix: PreparedFix, stale: Path, fresh: Path
) -> None:
    by_script, by_ansible = fleet.hosts[: len(KINDS)], fleet.hosts[len(KINDS) :]
    for hosts in (by_script, by_ansible):
        for host, prepare in zip(hosts, KINDS.values(), strict=True):
            prepare(host, fresh if prepare is is_right_already else stale)
    sleep(SERVICE_AGE_S)
    ways = (
        (ssh_pusher(SETTINGS, known_hosts=KnownHosts.read(fleet.known_hosts)), by_script),
        (ansible_pusher(SETTINGS, known_hosts=fleet.known_hosts), by_ansible),
    )
    for name in (
        StepName.PROBE,
        StepName.CHECK,
        StepName.APPLY,
        StepName.VERIFY,
        StepName.CHECK,
        StepName.APPLY,
        StepName.ROLLBACK,
        StepName.ROLLBACK,
        StepName.APPLY,
        StepName.VERIFY,
    ):
        reports = [carry(pusher, fleet, hosts, fix, name) for pusher, hosts in ways]
        for kind, first, second in zip(KINDS, *reports, strict=True):
            assert first.ending is second.ending, (kind, name, first, second)
            assert said(first) == said(second), (kind, name)
        for kind, scripted, played in zip(KINDS, by_script, by_ansible, strict=True):
            assert tree(scripted) == tree(played), (kind, name)
    for kind, report in zip(KINDS, reports[1], strict=True):
        finding = fix.judge(read_output(report.stdout), timezone=VANCOUVER)
        wanted = Verdict.STALE if kind == "a restart that fails" else Verdict.RIGHT
        assert finding.verdict is wanted, (kind, finding.summary)


def carry(
    pusher: Pusher, fleet: Fleet, hosts: tuple[FleetHost, ...], fix: PreparedFix, name: StepName
) -> list[StepReport]:
    """One step at every host; the reports in the hosts' order."""
    step = fix.step(name, OsFamily.LINUX, timezone=VANCOUVER)
    assert step is not None
    orders = []
    for host in hosts:
        credential = f"key:{fleet.key_file}"
        target = Target(
            HostId(host.name), SiteId("site"), TransportName.SSH, host.address, host.port, "root", credential
        )
        orders.append(Order(target, step, 120))
    reports = {report.host_id: report for report in pusher.execute(orders, stop=Event())}
    assert all(report.ending is Ending.DONE for report in reports.values()), [r.cause for r in reports.values()]
    return [reports[HostId(host.name)] for host in hosts]
