"""A demo host is a real SSH server: OpenSSH's own client finds nothing to complain about."""

import os
import signal
import subprocess
import time
from pathlib import Path

import psutil
import pytest

from muster.demo.cast import Kind
from muster.demo.fleet import DemoFleet, DemoHost
from muster.demo.keys import KeyPair
from tests.demo.conftest import OpenSsh


def test_a_command_runs_on_its_own_host_with_a_clean_environment(ssh: OpenSsh, stale_host: DemoHost) -> None:
    ended = ssh.run(stale_host, "cat $MUSTER_ROOT/etc/hostname; pwd; env | sort")
    lines = ended.stdout.decode().splitlines()
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert lines[:2] == [stale_host.id, str(stale_host.root)]
    names = {line.split("=")[0] for line in lines[2:]}
    assert names <= {"MUSTER_ROOT", "HOME", "PATH", "LC_ALL", "SHELL", "PWD", "OLDPWD", "_"}


@pytest.mark.parametrize("code", [0, 1, 77, 255])
def test_the_exit_code_is_the_commands_own(ssh: OpenSsh, stale_host: DemoHost, code: int) -> None:
    assert ssh.run(stale_host, f"exit {code}").returncode == code


def test_a_command_that_a_signal_ended_is_told_as_such(ssh: OpenSsh, stale_host: DemoHost) -> None:
    ended = ssh.run(stale_host, "kill -TERM $$", "-v")
    assert ended.returncode == 255
    assert b"exit-signal" in ended.stderr


def test_a_megabyte_of_input_comes_back_byte_for_byte(ssh: OpenSsh, stale_host: DemoHost) -> None:
    payload = os.urandom(1_000_003)
    ended = ssh.run(stale_host, "cat", stdin=payload)
    assert ended.returncode == 0
    assert ended.stdout == payload


def test_sixteen_megabytes_of_output_are_all_there(ssh: OpenSsh, stale_host: DemoHost) -> None:
    """More than any window, so both ends have to make room for each other."""
    ended = ssh.run(stale_host, "head -c 16777216 /dev/zero; echo end >&2")
    assert (len(ended.stdout), ended.stderr, ended.returncode) == (16_777_216, b"end\n", 0)


def test_output_and_errors_stay_apart(ssh: OpenSsh, stale_host: DemoHost) -> None:
    ended = ssh.run(stale_host, "echo out; echo err >&2")
    assert (ended.stdout, ended.stderr) == (b"out\n", b"err\n")


def test_a_command_that_reads_none_of_its_input_still_ends(ssh: OpenSsh, stale_host: DemoHost) -> None:
    ended = ssh.run(stale_host, "echo done; exit 4", stdin=bytes(3_000_000))
    assert (ended.stdout, ended.returncode) == (b"done\n", 4)


def test_many_quick_commands_never_lose_their_first_words_or_their_code(ssh: OpenSsh, stale_host: DemoHost) -> None:
    started = [
        subprocess.Popen(
            ssh.command(stale_host, f"echo {number}; exit {number}"), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
        )
        for number in range(24)
    ]
    ended = [(process.communicate(timeout=60)[0], process.returncode) for process in started]
    assert ended == [(f"{number}\n".encode(), number) for number in range(24)]


def test_another_key_is_refused(ssh: OpenSsh, stale_host: DemoHost, tmp_path: Path) -> None:
    KeyPair.make().write(tmp_path / "other")
    ended = ssh.run(stale_host, "true", key=tmp_path / "other")
    assert ended.returncode == 255
    assert b"Permission denied (publickey)" in ended.stderr


def test_the_demo_key_is_readable_by_its_owner_only(fleet: DemoFleet) -> None:
    assert fleet.key.stat().st_mode & 0o777 == 0o600


def test_nothing_but_commands_is_served(ssh: OpenSsh, stale_host: DemoHost) -> None:
    assert ssh.run(stale_host, "sftp", "-s").returncode != 0
    shell = ssh.run(stale_host, "", "-n")
    assert shell.returncode != 0


def test_when_the_client_goes_its_command_and_all_below_it_go_too(ssh: OpenSsh, stale_host: DemoHost) -> None:
    command = "sh -c 'echo $$; exec sleep 300' & echo $$; wait"
    client = subprocess.Popen(ssh.command(stale_host, command), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    assert client.stdout is not None
    pids = [int(client.stdout.readline()), int(client.stdout.readline())]
    assert all(map(psutil.pid_exists, pids))
    client.send_signal(signal.SIGKILL)
    client.communicate()
    assert _gone(pids, within_s=5)


def test_a_restarted_service_is_a_new_process_that_outlives_the_session(fleet: DemoFleet, ssh: OpenSsh) -> None:
    host = fleet.of_kind(Kind.RIGHT)[0]
    pid_file = host.root / "run/cron.pid"
    before = _first_pid(pid_file)
    ended = ssh.run(host, "$MUSTER_ROOT/etc/init.d/cron restart && $MUSTER_ROOT/etc/init.d/cron status")
    after = int(pid_file.read_text())
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert psutil.pid_exists(after)
    assert _gone([before], within_s=5)
    assert f"cron started, process {after}" in (host.root / "var/log/cron.log").read_text()


def _first_pid(pid_file: Path) -> int:
    until = time.monotonic() + 10
    while not (pid_file.exists() and pid_file.read_text()):
        assert time.monotonic() < until, f"{pid_file} did not appear"
        time.sleep(0.02)
    return int(pid_file.read_text())


def _gone(pids: list[int], *, within_s: float) -> bool:
    until = time.monotonic() + within_s
    while any(map(psutil.pid_exists, pids)):
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True
