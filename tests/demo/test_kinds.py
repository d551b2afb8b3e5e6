"""Every host of the demo is what its kind says."""

import socket

import pytest

from muster.demo.cast import Kind
from muster.demo.disks import tiny_disks_are_possible
from muster.demo.fleet import DemoFleet
from tests.demo.conftest import OpenSsh

AFTER_THE_CHANGE = 1795348800  # 2026-11-22T12:00:00Z
OFFSET = f"TZ=:$MUSTER_ROOT/etc/localtime date -d @{AFTER_THE_CHANGE} +%z"


@pytest.mark.parametrize(("kind", "offset"), [(Kind.STALE, "-0800"), (Kind.RIGHT, "-0700"), (Kind.UNAFFECTED, "-0800")])
def test_a_host_has_the_offset_of_its_kind_after_the_change(
    fleet: DemoFleet, ssh: OpenSsh, kind: Kind, offset: str
) -> None:
    """Seattle is right to go back to -0800; Vancouver is not."""
    hosts = fleet.of_kind(kind)
    assert hosts
    for host in hosts:
        assert ssh.run(host, OFFSET).stdout.decode().strip() == offset, host.id


def test_unaffected_hosts_have_the_stale_files_and_live_in_another_zone(fleet: DemoFleet, ssh: OpenSsh) -> None:
    for host in fleet.of_kind(Kind.UNAFFECTED):
        said = ssh.run(host, f"{OFFSET.replace('etc/localtime', 'usr/share/zoneinfo/America/Vancouver')}")
        assert said.stdout == b"-0800\n"
        assert (host.root / "etc/timezone").read_text() == "America/Los_Angeles\n"


def test_the_refusing_host_refuses(fleet: DemoFleet) -> None:
    (host,) = fleet.of_kind(Kind.REFUSING)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host.address, host.port), timeout=5)


def test_the_silent_host_accepts_and_never_says_a_word(fleet: DemoFleet) -> None:
    (host,) = fleet.of_kind(Kind.SILENT)
    with socket.create_connection((host.address, host.port), timeout=5) as connection:
        connection.sendall(b"SSH-2.0-anybody\r\n")
        connection.settimeout(1.0)
        with pytest.raises(TimeoutError):
            connection.recv(1)


def test_the_other_hosts_speak_ssh_at_once(fleet: DemoFleet) -> None:
    for host in fleet.hosts:
        if host.listens and host.kind is not Kind.SILENT:
            with socket.create_connection((host.address, host.port), timeout=5) as connection:
                assert connection.recv(8) == b"SSH-2.0-"


def test_the_changed_host_key_is_noticed_and_the_host_is_sound_otherwise(fleet: DemoFleet, ssh: OpenSsh) -> None:
    (host,) = fleet.of_kind(Kind.CHANGED_KEY)
    refused = ssh.run(host, "true")
    assert refused.returncode == 255
    assert b"REMOTE HOST IDENTIFICATION HAS CHANGED" in refused.stderr
    trusting = ssh.command(host, OFFSET)
    trusting[trusting.index("StrictHostKeyChecking=yes")] = "StrictHostKeyChecking=no"
    trusting[trusting.index(f"UserKnownHostsFile={fleet.known_hosts}")] = "UserKnownHostsFile=/dev/null"
    assert OpenSsh.capture(trusting) == b"-0800\n"


def test_nothing_can_be_written_on_the_full_disk_and_it_is_stale(fleet: DemoFleet, ssh: OpenSsh) -> None:
    (host,) = fleet.of_kind(Kind.FULL_DISK)
    assert ssh.run(host, OFFSET).stdout == b"-0800\n"
    ended = ssh.run(host, "cat >$MUSTER_ROOT/tmp/new && echo written", stdin=bytes(10_000))
    assert ended.returncode != 0
    assert b"written" not in ended.stdout
    expected = {"tmpfs": b"No space left on device", "limit": b"File too large"}[fleet.full_disk]
    assert expected in ended.stderr


def test_a_full_disk_says_so_where_the_kernel_gives_us_a_tiny_one(fleet: DemoFleet, ssh: OpenSsh) -> None:
    if fleet.full_disk != "tmpfs":
        pytest.skip("this kernel does not let this user mount a file system")
    (host,) = fleet.of_kind(Kind.FULL_DISK)
    line = ssh.run(host, "df -Pk $MUSTER_ROOT | tail -n 1").stdout.split()
    assert (line[0], line[3], line[4]) == (b"tmpfs", b"0", b"100%")


def test_where_no_tiny_disk_is_to_be_had_writes_fail_all_the_same(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("muster.demo.fleet.tiny_disks_are_possible", lambda _folder: False)
    with DemoFleet.start(tmp_path_factory.mktemp("limited"), hosts=8) as limited:
        assert limited.full_disk == "limit"
        (host,) = limited.of_kind(Kind.FULL_DISK)
        ended = OpenSsh(limited).run(host, "echo words; cat >$MUSTER_ROOT/tmp/new", stdin=b"bytes")
        assert ended.stdout == b"words\n"
        assert ended.returncode != 0
        assert b"File too large" in ended.stderr


def test_the_host_on_site_has_no_address(fleet: DemoFleet) -> None:
    (host,) = fleet.of_kind(Kind.ONSITE_ONLY)
    assert (host.address, host.port) == ("", 0)


def test_every_host_has_its_own_address_and_its_own_key(fleet: DemoFleet) -> None:
    reachable = [host for host in fleet.hosts if host.address]
    assert len({host.address for host in reachable}) == len(reachable) == len(fleet.hosts) - 1
    assert all(host.address.startswith("127.20.") for host in reachable)
    lines = fleet.known_hosts.read_text().splitlines()
    assert len({line.split()[2] for line in lines}) == len(lines) == len(reachable)


def test_asking_for_a_tiny_disk_leaves_nothing_mounted(fleet: DemoFleet) -> None:
    tiny_disks_are_possible(fleet.folder)
    with open("/proc/mounts", encoding="utf-8") as mounts:  # noqa: PTH123 -- pathlib adds nothing here
        assert str(fleet.folder) not in mounts.read()
