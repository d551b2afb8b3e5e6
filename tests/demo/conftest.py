"""One small fleet for all tests that only look, and ways to ask its hosts with the real OpenSSH client."""

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from muster.demo.cast import Kind
from muster.demo.fleet import DemoFleet, DemoHost


@pytest.fixture(scope="session")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoFleet]:
    """Fourteen hosts, every kind among them."""
    with DemoFleet.start(tmp_path_factory.mktemp("demo"), hosts=14, seed=3) as started:
        yield started


@pytest.fixture
def stale_host(fleet: DemoFleet) -> DemoHost:
    return fleet.of_kind(Kind.STALE)[0]


@dataclass(frozen=True)
class OpenSsh:
    """The machine's own ``ssh``, strict about host keys and without the user's configuration."""

    fleet: DemoFleet

    def command(self, host: DemoHost, command: str, *options: str, key: Path | None = None) -> list[str]:
        return [
            "ssh", "-F", "none", "-T", "-p", str(host.port), "-i", str(key or self.fleet.key), "-l", "demo",
            "-o", "StrictHostKeyChecking=yes", "-o", f"UserKnownHostsFile={self.fleet.known_hosts}",
            "-o", "GlobalKnownHostsFile=none", "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none",
            "-o", "BatchMode=yes", "-o", "ConnectTimeout=5", *options, host.address, command,
        ]  # fmt: skip

    def run(
        self, host: DemoHost, command: str, *options: str, stdin: bytes = b"", key: Path | None = None
    ) -> "subprocess.CompletedProcess[bytes]":
        return subprocess.run(
            self.command(host, command, *options, key=key), input=stdin, capture_output=True, timeout=60, check=False
        )

    @staticmethod
    def capture(command: list[str]) -> bytes:
        return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False).stdout


@pytest.fixture(scope="session")
def ssh(fleet: DemoFleet) -> OpenSsh:
    if shutil.which("ssh") is None:
        pytest.skip("needs OpenSSH's client (apt-get install openssh-client)")
    return OpenSsh(fleet)
