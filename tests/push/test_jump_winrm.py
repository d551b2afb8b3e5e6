"""A WinRM host behind a jump host: the pool hands it an open connection and it need not know."""

import socket
from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest

from muster.fleet import Jump
from muster.outcomes import Ending, Stage
from muster.settings import Settings
from push.credentials import Credentials
from push.known_hosts import KnownHosts
from push.pool import Limits, PoolPusher
from push.ssh import ssh_transport
from tests.fleet.openssh import openssh_fleet, why_not
from tests.fleet.winrm_endpoint import Faults
from tests.fleet.winrm_world import DONE, WinRmWorld

pytestmark = [pytest.mark.sshd, pytest.mark.skipif(bool(why_not()), reason=why_not())]


@pytest.mark.parametrize(("logon", "https"), [("basic", True), ("ntlm", False)])
def test_a_windows_host_is_pushed_through_a_jump_host(tmp_path: Path, logon: str, *, https: bool) -> None:
    world = WinRmWorld(tmp_path)
    host = world.add("till", logon=logon, https=https)
    with openssh_fleet(tmp_path, 1) as fleet, world:
        gate = fleet.hosts[0]
        credentials = Credentials()
        known = KnownHosts.read(fleet.known_hosts)
        jumps = ssh_transport(Settings(), credentials, known_hosts=known).jumps(3.0)
        pusher = PoolPusher(world.transport(credentials), Limits(4, 3.0), dialer=jumps)
        order = world.order("till", f"rem x\n{DONE}", payload=bytes(100_000))
        jump = Jump(gate.address, gate.port, "root", f"key:{fleet.key_file}")
        (report,) = pusher.execute([replace(order, target=replace(order.target, jump=(jump,)))], stop=Event())
        assert (report.ending, report.stage) == (Ending.DONE, Stage.FINISHED), report
        assert host.counters.connections == 1
        assert host.shells.live == 0
        dead = replace(jump, port=1)
        (report,) = pusher.execute([replace(order, target=replace(order.target, jump=(dead,)))], stop=Event())
        assert (report.ending, report.stage) == (Ending.UNREACHABLE, Stage.CONNECT), report
        assert f"jump host {dead} could not be reached (connect)" in report.cause
        assert host.counters.connections == 1, "nobody went there directly"


@pytest.mark.parametrize("logon", ["basic", "ntlm"])
def test_a_session_that_hangs_is_cleaned_up_through_the_jump_host_too(
    tmp_path: Path, logon: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clean-up needs a connection of its own, and in most places there is no straight way to the host."""
    world = WinRmWorld(tmp_path)
    hangs = Faults(hang_in=frozenset({"Receive"}), in_line="step.cmd <")
    host = world.add("till", logon=logon, https=logon == "basic", faults=hangs)
    straight: list[object] = []
    original = socket.create_connection

    def noted(address: tuple[str, int], timeout_s: float) -> socket.socket:
        straight.append(address)
        return original(address, timeout_s)

    monkeypatch.setattr(socket, "create_connection", noted)
    with openssh_fleet(tmp_path, 1) as fleet, world:
        gate = fleet.hosts[0]
        known = KnownHosts.read(fleet.known_hosts)
        jumps = ssh_transport(Settings(), Credentials(), known_hosts=known).jumps(3.0)
        pusher = PoolPusher(world.transport(dialer=jumps), Limits(4, 3.0), dialer=jumps)
        order = world.order("till", "spin", deadline_s=4)
        jump = Jump(gate.address, gate.port, "root", f"key:{fleet.key_file}")
        (report,) = pusher.execute([replace(order, target=replace(order.target, jump=(jump,)))], stop=Event())
        assert (report.ending, report.stage) == (Ending.UNKNOWN, Stage.COMMAND), report
        assert (host.shells.live, host.counters.connections) == (0, 2)
    assert straight == [(gate.address, gate.port)]
