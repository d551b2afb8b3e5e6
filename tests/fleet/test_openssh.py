"""The fleet of real OpenSSH hosts is what it says it is."""

import contextlib
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fleet.faults import PORT, Fault
from tests.fleet.openssh import FleetHost, openssh_fleet, why_not

pytestmark = [pytest.mark.sshd, pytest.mark.skipif(bool(why_not()), reason=why_not())]


def _ssh(host: FleetHost, key: Path, known_hosts: Path, command: str) -> bytes:
    options = ["-o", f"UserKnownHostsFile={known_hosts}", "-o", "GlobalKnownHostsFile=/dev/null", "-o", "BatchMode=yes"]
    line = ["ssh", "-F", "none", "-i", str(key), *options, "-p", str(host.port), f"root@{host.address}", command]
    return subprocess.run(line, check=True, capture_output=True, timeout=30).stdout


def test_a_host_lets_in_by_key_and_keeps_its_files_to_itself(tmp_path: Path) -> None:
    with openssh_fleet(tmp_path, 2) as fleet:
        first, second = fleet.hosts
        said = _ssh(first, fleet.key_file, fleet.known_hosts, "echo mine > /etc/motd; cat /etc/hostname; whoami")
        assert said == b"host-0\nroot\n"
        assert first.read("/etc/motd") == b"mine\n"
        assert second.run("cat /etc/motd", check=False) != b"mine\n"
        assert not second.exists("/root/.bashrc")
    assert not Path("/etc/motd").exists() or Path("/etc/motd").read_bytes() != b"mine\n"


def test_files_are_written_and_read_through_links_inside_the_host(tmp_path: Path) -> None:
    with openssh_fleet(tmp_path, 1) as fleet:
        host = fleet.hosts[0]
        host.write("/opt/data/real", b"here")
        host.run("ln -s /opt/data /opt/link; ln -s ../opt/link/real /etc/pointer")
        assert host.read("/etc/pointer") == b"here"


def test_a_full_disk_is_full(tmp_path: Path) -> None:
    with openssh_fleet(tmp_path, 1, faults={0: Fault.FULL_DISK}) as fleet:
        said = fleet.hosts[0].run("head -c 200000 /dev/zero > /opt/big 2>&1 || echo full", check=False)
        assert b"full" in said


def test_a_black_hole_neither_accepts_nor_refuses_and_can_be_mended(tmp_path: Path) -> None:
    with openssh_fleet(tmp_path, 1, faults={0: Fault.BLACK_HOLE}) as fleet:
        host = fleet.hosts[0]
        with pytest.raises(TimeoutError):
            socket.create_connection((host.address, PORT), timeout=0.5)
        fleet.break_host(host, Fault.REFUSING)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((host.address, PORT), timeout=0.5)
        fleet.break_host(host, Fault.NONE)
        with socket.create_connection((host.address, PORT), timeout=5) as open_socket:
            assert open_socket.recv(4) == b"SSH-"


def test_processes_of_a_host_are_seen(tmp_path: Path) -> None:
    with openssh_fleet(tmp_path, 2) as fleet:
        first, second = fleet.hosts
        first.run("sleep 98765 >/dev/null 2>&1 &")
        assert _soon(lambda: any("98765" in line for line in first.commands()))
        assert not any("98765" in line for line in second.commands())


def test_nothing_is_left_when_the_owner_is_killed(tmp_path: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path; from tests.fleet.openssh import openssh_fleet\n"
        f"with openssh_fleet(Path({str(tmp_path)!r}), 2) as fleet:\n"
        "    fleet.hosts[0].run('sleep 87654 >/dev/null 2>&1 &')\n"
        "    print(fleet.process.pid, fleet.hosts[0].pid, flush=True); time.sleep(600)\n"
    )
    owner = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert owner.stdout is not None
    supervisor, inner = (int(word) for word in owner.stdout.readline().split())
    world = Path(f"/proc/{inner}/ns/pid").readlink()
    assert _soon(lambda: any(b"87654" in _command_line(process) for process in _of_world(world)))
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    owner.stdout.close()
    assert _soon(lambda: not Path(f"/proc/{supervisor}").exists())
    assert _soon(lambda: not _of_world(world)), "neither a server nor what it was running"
    assert b"/mnt/host-" not in Path("/proc/mounts").read_bytes()


def _soon(holds: Callable[[], bool]) -> bool:
    """Whether it comes to hold within ten seconds: what another process does is seen a little later."""
    until = time.monotonic() + 10
    while not holds():
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def _of_world(world: Path) -> list[Path]:
    """The processes of a fleet, which has a PID namespace of its own."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (process / "ns/pid").readlink() == world:
                found.append(process)
    return found


def _command_line(process: Path) -> bytes:
    try:
        return (process / "cmdline").read_bytes()
    except OSError:
        return b""
