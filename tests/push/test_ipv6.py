"""IPv6: literals, ports, brackets and zones, at a real sshd of this machine that listens on IPv6 only."""

import contextlib
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from muster.fleet import Jump, TransportName
from muster.ids import HostId, SiteId
from muster.outcomes import Ending, Stage
from muster.ports import Target
from muster.settings import Settings
from push.credentials import Credentials
from push.known_hosts import KnownHosts, host_pattern
from push.redact import Redactor
from push.ssh import ssh_pusher
from push.trust import compare, trust
from tests.fleet.openssh import KeyPair, why_not
from tests.push.conformance import carry
from tests.push.worlds import ShellSteps


def _no_ipv6() -> str:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError as error:
        return f"needs IPv6 on this machine ({error})"
    return ""


pytestmark = [pytest.mark.sshd, pytest.mark.skipif(bool(why_not() or _no_ipv6()), reason=why_not() or _no_ipv6())]


@dataclass(frozen=True)
class Server:
    """An sshd on every IPv6 address of this machine, with the key that it takes."""

    port: int
    key_file: Path
    host_key: KeyPair


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("ipv6")
    host, user = KeyPair.new(), KeyPair.new()
    for name, pair in (("host", host), ("user", user)):
        (folder / name).touch(mode=0o600)
        (folder / name).write_text(pair.private)
    (folder / "authorized").write_text(user.public + "\n")
    Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    with socket.socket(socket.AF_INET6) as free:
        free.bind(("::", 0))
        port = free.getsockname()[1]
    (folder / "config").write_text(
        f"ListenAddress [::]:{port}\nHostKey {folder}/host\nAuthorizedKeysFile {folder}/authorized\n"
        "PermitRootLogin yes\nStrictModes no\nUsePAM no\nUseDNS no\nPidFile none\nAddressFamily inet6\n"
    )
    command = ["/usr/sbin/sshd", "-D", "-f", str(folder / "config"), "-E", str(folder / "log")]
    process = subprocess.Popen(command)
    try:
        _wait_for(port)
        yield Server(port, folder / "user", host)
    finally:
        process.terminate()
        process.wait()


def _wait_for(port: int) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        with contextlib.suppress(OSError), socket.create_connection(("::1", port), 1):
            return
        time.sleep(0.05)
    pytest.fail("sshd does not listen on ::1")


def _target(server: Server, address: str) -> Target:
    key = f"key:{server.key_file}"
    return Target(HostId("six"), SiteId("s"), TransportName.SSH, address, server.port, "root", key)


def _link_local() -> str:
    """An address with its zone; empty where this machine has none."""
    for line in Path("/proc/net/if_inet6").read_text().splitlines():
        digits, *_, name = line.split()
        if digits.startswith("fe80"):
            groups = ":".join(digits[at : at + 4] for at in range(0, 32, 4))
            return f"{groups}%{name}"
    return ""


@pytest.mark.parametrize("form", ["::1", "[::1]", "0:0:0:0:0:0:0:1", "zone"])
def test_an_ipv6_host_is_trusted_and_pushed_by_its_literal(server: Server, tmp_path: Path, form: str) -> None:
    address = _link_local() if form == "zone" else form
    if not address:
        pytest.skip("this machine has no link-local address")
    target, file = _target(server, address), tmp_path / "known_hosts"
    trust(file, [compare(target, server.host_key.public_blob, b"", KnownHosts())])
    bare = address.strip("[]").lower()
    assert file.read_text().split()[0] == f"[{bare}]:{server.port}"
    redactor = Redactor()
    pusher = ssh_pusher(
        Settings(), known_hosts=KnownHosts.read(file), credentials=Credentials(redactor), redactor=redactor
    )
    report = carry(pusher, target, ShellSteps().say({}))
    assert report.ending is Ending.DONE, report
    through = replace(target, jump=(Jump(bare, server.port, "root", f"key:{server.key_file}"),))
    assert carry(pusher, through, ShellSteps().say({})).ending is Ending.DONE


def test_what_is_written_for_ipv6_is_what_openssh_looks_for(server: Server, tmp_path: Path) -> None:
    file = tmp_path / "known_hosts"
    trust(file, [compare(_target(server, "::1"), server.host_key.public_blob, b"", KnownHosts())])
    options = [f"UserKnownHostsFile={file}", "GlobalKnownHostsFile=none", "StrictHostKeyChecking=yes", "BatchMode=yes"]
    words = [word for option in options for word in ("-o", option)]
    done = subprocess.run(
        ["ssh", "-F", "none", *words, "-i", str(server.key_file), "-p", str(server.port), "root@::1", "true"],
        check=False,
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr
    assert host_pattern("[FD00::7]", 22) == "fd00::7"


def test_a_zone_that_is_not_there_is_unreachable(server: Server) -> None:
    pusher = ssh_pusher(Settings(connect_timeout_s=2), known_hosts=KnownHosts())
    report = carry(pusher, _target(server, "fe80::1%nozone"), ShellSteps().say({}), deadline_s=5)
    assert (report.ending, report.stage) == (Ending.UNREACHABLE, Stage.CONNECT), report
