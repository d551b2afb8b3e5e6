"""Where apt has a newer tzdata, the package is upgraded; where it has none or a wrong one, zone files do it."""

import hashlib
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest

from muster.fleet import OsFamily, TransportName
from muster.ids import HostId, SiteId
from muster.outcomes import Ending, Verdict
from muster.ports import Order, PreparedFix, Pusher, Target
from muster.settings import Settings
from muster.steps import StepName, StepOutput, read_output
from push.ansible import ansible_pusher
from push.known_hosts import KnownHosts
from push.ssh import ssh_pusher
from tests.fleet.openssh import Fleet, FleetHost, openssh_fleet, why_not
from tests.playbooks.tzdata.conftest import MakeFix
from tests.playbooks.tzdata.place import VANCOUVER

NEWER = "2099a-1muster"
SETTINGS = Settings(host_deadline_s=180)
ZONE_PATH = "/usr/share/zoneinfo/America/Vancouver"
REASON = why_not() or ("" if shutil.which("apt-get") and shutil.which("dpkg-deb") else "needs apt and dpkg-deb")

pytestmark = [pytest.mark.sshd, pytest.mark.skipif(bool(REASON), reason=REASON), pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    with openssh_fleet(tmp_path_factory.mktemp("apt"), 5) as fleet:
        yield fleet


@pytest.fixture
def fix(make_fix: MakeFix) -> PreparedFix:
    return make_fix(look_for="", fixed_in="2026b")


def make_package(folder: Path, zones: Path, version: str) -> Path:
    """A real .deb of tzdata with these zone files."""
    content = folder / "content"
    shutil.copytree(zones, content / "usr/share/zoneinfo")
    (content / "DEBIAN").mkdir()
    (content / "DEBIAN/control").write_text(
        f"Package: tzdata\nVersion: {version}\nArchitecture: all\nMulti-Arch: foreign\n"
        "Maintainer: Tests of Muster <tests@example.org>\nDescription: zone data for a test\n"
    )
    package = folder / f"tzdata_{version}_all.deb"
    subprocess.run(
        ["dpkg-deb", "--root-owner-group", "--build", str(content), str(package)], check=True, capture_output=True
    )
    return package


def offer(host: FleetHost, package: Path, version: str) -> None:
    """Make a repository of one package the only one that the host knows."""
    data = package.read_bytes()
    host.write(f"/opt/repository/{package.name}", data)
    index = (
        f"Package: tzdata\nVersion: {version}\nArchitecture: all\nMulti-Arch: foreign\nFilename: ./{package.name}\n"
        f"Size: {len(data)}\nSHA256: {hashlib.sha256(data).hexdigest()}\nDescription: zone data for a test\n\n"
    )
    host.write("/opt/repository/Packages", index.encode())
    only_source(host, "deb [trusted=yes] file:/opt/repository ./")


def only_source(host: FleetHost, line: str) -> None:
    host.run("rm -rf /etc/apt/sources.list.d/* /var/lib/apt/lists/*")
    host.write("/etc/apt/sources.list", f"{line}\n".encode())


def live_stale_in_vancouver(host: FleetHost, stale: Path) -> None:
    host.write(ZONE_PATH, (stale / VANCOUVER).read_bytes())
    host.run(f"ln -sfn {ZONE_PATH} /etc/localtime; echo {VANCOUVER} > /etc/timezone")


def carry(pusher: Pusher, fleet: Fleet, host: FleetHost, fix: PreparedFix, name: StepName) -> StepOutput:
    step = fix.step(name, OsFamily.LINUX, timezone=VANCOUVER)
    assert step is not None
    credential = f"key:{fleet.key_file}"
    target = Target(HostId(host.name), SiteId("site"), TransportName.SSH, host.address, host.port, "root", credential)
    (report,) = pusher.execute([Order(target, step, 180)], stop=Event())
    assert report.ending is Ending.DONE, report
    return read_output(report.stdout)


def verdict(pusher: Pusher, fleet: Fleet, host: FleetHost, fix: PreparedFix) -> Verdict:
    return fix.judge(carry(pusher, fleet, host, fix, StepName.VERIFY), timezone=VANCOUVER).verdict


def installed(host: FleetHost) -> str:
    return host.run("dpkg-query -W -f='${Version}' tzdata").decode()


@pytest.mark.parametrize("way", ["script", pytest.param("ansible", marks=pytest.mark.slow)])
def test_a_newer_package_is_installed_and_can_be_taken_back(
    fleet: Fleet, fix: PreparedFix, fresh: Path, stale: Path, tmp_path: Path, way: str
) -> None:
    host = fleet.hosts[0 if way == "script" else 1]
    pusher = (
        ssh_pusher(SETTINGS, known_hosts=KnownHosts.read(fleet.known_hosts))
        if way == "script"
        else ansible_pusher(SETTINGS, known_hosts=fleet.known_hosts)
    )
    live_stale_in_vancouver(host, stale)
    offer(host, make_package(tmp_path, fresh, NEWER), NEWER)
    before = installed(host)
    output = carry(pusher, fleet, host, fix, StepName.APPLY)
    assert output.changes == (f"upgraded tzdata from {before} to {NEWER}",), output
    assert installed(host) == NEWER
    assert verdict(pusher, fleet, host, fix) is Verdict.RIGHT
    assert carry(pusher, fleet, host, fix, StepName.APPLY).changes == ()
    carry(pusher, fleet, host, fix, StepName.ROLLBACK)
    assert host.read(ZONE_PATH) == (stale / VANCOUVER).read_bytes()
    assert verdict(pusher, fleet, host, fix) is Verdict.STALE


def test_a_package_that_is_still_wrong_is_followed_by_zone_files(
    fleet: Fleet, fix: PreparedFix, stale: Path, tmp_path: Path
) -> None:
    host, pusher = fleet.hosts[2], ssh_pusher(SETTINGS, known_hosts=KnownHosts.read(fleet.known_hosts))
    live_stale_in_vancouver(host, stale)
    offer(host, make_package(tmp_path, stale, NEWER), NEWER)
    changes = carry(pusher, fleet, host, fix, StepName.APPLY).changes
    assert changes[0].startswith("upgraded tzdata from ")
    assert f"installed {VANCOUVER} at {ZONE_PATH}" in changes
    assert verdict(pusher, fleet, host, fix) is Verdict.RIGHT


def test_a_repository_that_does_not_answer_is_no_obstacle(fleet: Fleet, fix: PreparedFix, stale: Path) -> None:
    host, pusher = fleet.hosts[3], ssh_pusher(SETTINGS, known_hosts=KnownHosts.read(fleet.known_hosts))
    live_stale_in_vancouver(host, stale)
    only_source(host, "deb http://127.0.0.1:9/debian bookworm main")
    output = carry(pusher, fleet, host, fix, StepName.APPLY)
    assert "the package manager has no newer tzdata to give; zone files are used" in output.notes
    assert f"installed {VANCOUVER} at {ZONE_PATH}" in output.changes
    assert verdict(pusher, fleet, host, fix) is Verdict.RIGHT


def test_a_package_older_than_the_first_right_release_is_not_installed(
    fleet: Fleet, make_fix: MakeFix, stale: Path, tmp_path: Path
) -> None:
    host, pusher = fleet.hosts[4], ssh_pusher(SETTINGS, known_hosts=KnownHosts.read(fleet.known_hosts))
    live_stale_in_vancouver(host, stale)
    before = installed(host)
    offer(host, make_package(tmp_path, stale, "2026a-1muster"), "2026a-1muster")
    fix = make_fix(look_for="", fixed_in="2026b")
    assert carry(pusher, fleet, host, fix, StepName.APPLY).changes[0].startswith("installed ")
    assert installed(host) == before
