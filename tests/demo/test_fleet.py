"""A demo fleet starts quickly, leaves nothing behind, and touches nothing that is not its own."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from muster.demo.cast import Kind
from muster.demo.disks import SERVICE_SCRIPT
from muster.demo.fleet import MOST_HOSTS, DemoFleet
from muster.errors import InputError, MusterError


def processes_of(folder: Path) -> list[str]:
    """What runs with this folder in its command line, environment or working directory."""
    found = []
    for process in psutil.process_iter():
        try:
            about = " ".join([*process.cmdline(), process.cwd()])
        except psutil.Error:
            continue
        if str(folder) in about and process.pid != os.getpid():
            found.append(about)
    return found


def await_none(folder: Path, *, within_s: float = 8) -> list[str]:
    until = time.monotonic() + within_s
    while (left := processes_of(folder)) and time.monotonic() < until:
        time.sleep(0.05)
    return left


def test_after_stop_no_process_and_no_port_is_left(tmp_path: Path) -> None:
    fleet = DemoFleet.start(tmp_path / "demo", hosts=10)
    until = time.monotonic() + 10
    while len(processes_of(fleet.folder)) < 10 and time.monotonic() < until:
        time.sleep(0.05)
    assert len(processes_of(fleet.folder)) >= 10, "servers and services are there"
    began = time.monotonic()
    fleet.stop()
    assert time.monotonic() - began < 6
    assert processes_of(fleet.folder) == []
    for host in fleet.hosts:
        if host.address:
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection((host.address, host.port), timeout=5)


def test_stop_twice_is_harmless_and_files_stay(tmp_path: Path) -> None:
    fleet = DemoFleet.start(tmp_path / "demo", hosts=2)
    fleet.stop()
    fleet.stop()
    assert fleet.hosts[0].root.is_dir()


def test_stop_ends_commands_that_are_at_work(tmp_path: Path) -> None:
    with DemoFleet.start(tmp_path / "demo", hosts=2) as fleet:
        host = next(host for host in fleet.hosts if host.listens)
        client = subprocess.Popen(
            ["ssh", "-F", "none", "-T", "-p", str(host.port), "-i", str(fleet.key), "-o", "BatchMode=yes",
             "-o", f"UserKnownHostsFile={fleet.known_hosts}", "-o", "IdentityAgent=none", host.address,
             "setsid sleep 300 & echo up; sleep 300"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        assert client.stdout is not None
        assert client.stdout.readline() == b"up\n"
    client.communicate(timeout=10)
    assert await_none(fleet.folder) == []


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_when_the_parent_is_killed_everything_ends(tmp_path: Path, how: signal.Signals) -> None:
    code = (
        "import sys, time; from pathlib import Path; from muster.demo.fleet import DemoFleet\n"
        "fleet = DemoFleet.start(Path(sys.argv[1]), hosts=10); print('up', flush=True); time.sleep(300)"
    )
    folder = tmp_path / "demo"
    parent = subprocess.Popen([sys.executable, "-c", code, str(folder)], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    assert parent.stdout.readline() == b"up\n"
    parent.send_signal(how)
    parent.communicate(timeout=10)
    assert await_none(folder) == []


def test_when_a_server_is_killed_the_services_of_its_hosts_end_too(tmp_path: Path) -> None:
    with DemoFleet.start(tmp_path / "demo", hosts=3) as fleet:
        until = time.monotonic() + 10
        while len(processes_of(fleet.folder)) < 7 and time.monotonic() < until:
            time.sleep(0.05)
        for server in psutil.Process().children():
            if str(fleet.folder) in " ".join(server.cmdline()):
                server.kill()
        assert await_none(fleet.folder) == []


def test_a_service_that_starts_when_the_power_has_just_gone_ends_at_once(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "var/log").mkdir(parents=True)
    os.mkfifo(tmp_path / "run/power")
    script = SERVICE_SCRIPT.replace("@NAME@", "cron")
    subprocess.run(["sh", "-c", script, "cron", "start"], env={**os.environ, "MUSTER_ROOT": str(tmp_path)}, check=True)
    assert (tmp_path / "run/cron.pid").read_text().strip().isdigit()
    assert await_none(tmp_path) == []


def test_two_fleets_at_once_do_not_meet(tmp_path: Path) -> None:
    with DemoFleet.start(tmp_path / "one", hosts=3) as one, DemoFleet.start(tmp_path / "two", hosts=3) as two:
        assert not {(h.address, h.port) for h in one.hosts} & {(h.address, h.port) for h in two.hosts}


def test_a_second_demo_in_the_same_folder_replaces_the_first(tmp_path: Path) -> None:
    with DemoFleet.start(tmp_path, hosts=5, seed=1) as first:
        key = first.key.read_bytes()
    with DemoFleet.start(tmp_path, hosts=2, seed=1) as second:
        assert second.key.read_bytes() != key
        assert {path.name for path in (tmp_path / "hosts").iterdir()} == {host.id for host in second.hosts}


def test_what_no_demo_has_made_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "hosts").mkdir()
    (tmp_path / "hosts/precious").touch()
    with pytest.raises(InputError, match="no demo fleet has made it"):
        DemoFleet.start(tmp_path, hosts=2)
    assert (tmp_path / "hosts/precious").exists()


@pytest.mark.parametrize("hosts", [0, -1, MOST_HOSTS + 1])
def test_a_number_of_hosts_that_cannot_be_is_refused(tmp_path: Path, hosts: int) -> None:
    with pytest.raises(InputError, match="1 to 2,000 hosts"):
        DemoFleet.start(tmp_path, hosts=hosts)


def test_a_folder_that_holds_no_zone_files_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not a folder of compiled zone files"):
        DemoFleet.start(tmp_path / "demo", hosts=2, stale=tmp_path)


def test_a_server_that_does_not_start_is_an_error_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("muster.demo.fleet.KeyPair.write", lambda _key, file: file.write_text("no key\n"))
    with pytest.raises(MusterError, match="did not start") as caught:
        DemoFleet.start(tmp_path / "demo", hosts=3)
    assert "0.log" in caught.value.hint
    assert await_none(tmp_path / "demo") == []


def test_ninety_hosts_are_up_in_seconds_on_several_servers(tmp_path: Path) -> None:
    began = time.monotonic()
    with DemoFleet.start(tmp_path / "demo", hosts=90, servers=2) as fleet:
        assert time.monotonic() - began < 20
        for host in fleet.hosts:
            if host.listens and host.kind is not Kind.SILENT:
                with socket.create_connection((host.address, host.port), timeout=10) as connection:
                    assert connection.recv(4) == b"SSH-"


def test_no_secret_is_in_the_files_beside_the_keys(fleet: DemoFleet) -> None:
    secret = "".join(fleet.key.read_text().splitlines()[1:-1])[40:80]
    for file in (*fleet.files.iterdir(), fleet.known_hosts, *(fleet.folder / "servers").glob("*.json")):
        assert secret not in file.read_text().replace("\n", ""), file
    assert json.loads((fleet.folder / "servers/0.json").read_text())["hosts"]
