"""SSH at the demo's hosts (paramiko's server half, no root needed), held to what every pusher must hold."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from importlib.resources import files
from pathlib import Path

import psutil
import pytest

from muster.demo.cast import Kind
from muster.demo.fleet import DemoFleet
from muster.fleet import TransportName
from muster.ids import HostId, SiteId
from muster.ports import Pusher, Target
from muster.settings import Settings
from muster.steps import Step
from push.credentials import Credentials
from push.known_hosts import KnownHosts
from push.redact import Redactor
from push.ssh import ssh_pusher
from tests.fleet.faults import Fault
from tests.fleet.openssh import KeyPair
from tests.push.conformance import PusherConformance
from tests.push.worlds import SSH_FAULTS, Expected, ShellSteps

KINDS = {
    Fault.NONE: Kind.STALE,
    Fault.REFUSING: Kind.REFUSING,
    Fault.TARPIT: Kind.SILENT,
    Fault.CHANGED_KEY: Kind.CHANGED_KEY,
    Fault.FULL_DISK: Kind.FULL_DISK,
}


class DemoSteps(ShellSteps):
    """The demo's hosts are folders, and their commands know them as ``MUSTER_ROOT``."""

    def store(self, payload: bytes) -> Step:
        step = super().store(payload)
        return replace(step, script=step.script.replace("/opt/", "$MUSTER_ROOT/"))


@dataclass
class DemoWorld:
    """The demo's fleet."""

    fleet: DemoFleet
    stranger: Path
    steps: ShellSteps = field(default_factory=DemoSteps)
    faults: Mapping[Fault, Expected] = field(
        default_factory=lambda: {fault: how for fault, how in SSH_FAULTS.items() if fault in KINDS}
    )
    patience_s: float = 0.0

    @property
    def secrets(self) -> tuple[str, ...]:
        """The demo knows no passwords; the body of its key is the secret."""
        return tuple(line for line in self.fleet.key.read_text().splitlines() if not line.startswith("-----"))

    def target(self, fault: Fault = Fault.NONE, number: int = 0) -> Target:
        host = self.fleet.of_kind(KINDS[fault])[number]
        return Target(
            HostId(host.id),
            SiteId(f"site of {host.id}"),
            TransportName.SSH,
            host.address,
            host.port,
            "anybody",
            f"key:{self.fleet.key}",
        )

    def refused(self) -> Target:
        return replace(self.target(), credential=f"key:{self.stranger}")

    def by_secret(self) -> Target:
        return self.target()

    def pusher(
        self, *, parallel: int = 8, connect_timeout_s: float = 2.0, output_limit_bytes: int = 262_144, per_site: int = 0
    ) -> Pusher:
        settings = Settings(
            parallel_hosts=parallel,
            connect_timeout_s=connect_timeout_s,
            login_timeout_s=5.0,
            output_limit_bytes=output_limit_bytes,
        )
        redactor = Redactor()
        known_hosts = KnownHosts.read(self.fleet.known_hosts)
        credentials = Credentials(redactor)
        return ssh_pusher(
            settings, known_hosts=known_hosts, credentials=credentials, redactor=redactor, per_site=per_site
        )

    def running(self, target: Target, word: str) -> bool:
        return word in self.command_lines(target)

    def command_lines(self, target: Target) -> str:
        """What runs below this process: the hosts' servers and their commands."""
        root = str(self.fleet.host(str(target.host_id)).root)
        lines = []
        for process in psutil.Process().children(recursive=True):
            try:
                if process.cwd() == root:
                    lines.append(" ".join(process.cmdline()))
            except psutil.Error:
                continue
        return "\n".join(lines)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoWorld]:
    folder = tmp_path_factory.mktemp("demo")
    stranger = folder / "stranger"
    stranger.write_text(KeyPair.new().private)
    zones = Path(str(files("tzdata"))) / "zoneinfo"
    with DemoFleet.start(folder / "fleet", hosts=24, stale=zones, fresh=zones) as fleet:
        yield DemoWorld(fleet, stranger)


class TestDemoHosts(PusherConformance):
    """The demo's hosts."""
