"""A WinRM host behind a jump host: the pool hands it an open connection and it need not know."""

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
