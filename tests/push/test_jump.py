"""Hosts behind jump hosts: real OpenSSH servers that forward, refuse, die and come back."""

import hashlib
import itertools
import os
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event

import pytest

from muster.fleet import Jump, TransportName
from muster.ids import HostId, SiteId
from muster.outcomes import Ending, Stage, StepReport
from muster.ports import Order, Pusher, Target
from muster.settings import Settings
from push import jump_traffic as module
from push.credentials import Credentials
from push.known_hosts import KnownHosts
from push.redact import Redactor
from push.ssh import ssh_pusher
from push.winrm_passwords import PasswordGate
from tests.fleet.faults import Fault
from tests.fleet.openssh import Fleet, FleetHost, KeyPair, openssh_fleet, why_not
from tests.push.conformance import carry, facts_of
from tests.push.worlds import SSH_FAULTS, ShellSteps

pytestmark = [pytest.mark.sshd, pytest.mark.skipif(bool(why_not()), reason=why_not())]

CONFIG = "/etc/ssh/fleet_sshd_config"
COUNT = "#!/bin/sh\necho x >> /opt/logins\ncat /etc/ssh/fleet_authorized_keys\n"
STEPS = ShellSteps()
BROKEN = (Fault.TARPIT, Fault.REFUSING, Fault.BLACK_HOLE, Fault.CHANGED_KEY, Fault.FREEZE, Fault.RESET)
GATES, WHOLE = 2, 3
"""Hosts 0 and 1 are jump hosts, the next three are whole, one of every fault follows."""
_names = itertools.count()


@dataclass
class World:
    fleet: Fleet

    def jump(self, number: int = 0, **changes: object) -> Jump:
        host = self.fleet.hosts[number]
        made = Jump(host.address, host.port, "root", f"key:{self.fleet.key_file}")
        return replace(made, **changes)  # type: ignore[arg-type]

    def target(self, number: int = GATES, jump: Sequence[Jump] | None = None, **changes: object) -> Target:
        host = self.fleet.hosts[number]
        key = f"key:{self.fleet.key_file}"
        site = SiteId(f"site {next(_names)}")
        made = Target(HostId(host.name), site, TransportName.SSH, host.address, host.port, "root", key)
        return replace(made, jump=tuple(jump or (self.jump(),)), **changes)  # type: ignore[arg-type]

    def pusher(self, parallel: int = 8) -> Pusher:
        redactor = Redactor()
        return ssh_pusher(
            Settings(parallel_hosts=parallel, connect_timeout_s=2.0, login_timeout_s=4.0),
            known_hosts=KnownHosts.read(self.fleet.known_hosts),
            credentials=Credentials(redactor),
            redactor=redactor,
            gate=PasswordGate(),
        )

    def broken(self, fault: Fault) -> int:
        return next(number for number, host in enumerate(self.fleet.hosts) if host.fault is fault)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    faults = dict(enumerate(BROKEN, start=GATES + WHOLE))
    count = GATES + WHOLE + len(BROKEN)
    with openssh_fleet(tmp_path_factory.mktemp("jump"), count, faults=faults, after_bytes=100_000) as fleet:
        yield World(fleet)


def _sessions(host: FleetHost) -> int:
    """How many SSH sessions the host serves now."""
    return sum("sshd: " in line and "[priv]" not in line and "[net]" not in line for line in host.commands())


def _reports(pusher: Pusher, targets: Sequence[Target], step_s: float = 30.0) -> dict[str, StepReport]:
    orders = [Order(target, STEPS.store(bytes(500_000)), step_s) for target in targets]
    return {str(report.host_id): report for report in pusher.execute(orders, stop=Event())}


def test_a_step_of_a_megabyte_goes_through_a_jump_host_byte_for_byte(world: World) -> None:
    payload = os.urandom(1_000_000)
    report = carry(world.pusher(), world.target(), STEPS.digest(payload))
    assert report.ending is Ending.DONE, report
    assert facts_of(report)["sha256"] == hashlib.sha256(payload).hexdigest()


def test_much_output_comes_back_through_a_jump_host(world: World) -> None:
    report = carry(world.pusher(), world.target(), STEPS.flood(4))
    assert report.ending is Ending.DONE, report
    assert "bytes left out" in report.stdout


def test_a_chain_of_jump_hosts_is_gone_through_in_its_order(world: World) -> None:
    report = carry(world.pusher(), world.target(jump=[world.jump(0), world.jump(1)]), STEPS.say({}))
    assert report.ending is Ending.DONE, report
    assert _sessions(world.fleet.hosts[1]) >= 1


def test_many_hosts_share_one_session_with_their_jump_host(world: World) -> None:
    gate = world.fleet.hosts[0]
    gate.write("/etc/ssh/count", COUNT.encode(), mode=0o755)
    gate.write("/opt/logins", b"")
    counting = b"AuthorizedKeysFile none\nAuthorizedKeysCommand /etc/ssh/count\nAuthorizedKeysCommandUser root\n"
    gate.write(CONFIG, counting + gate.read(CONFIG))
    pusher = world.pusher()
    targets = [replace(world.target(GATES + n % WHOLE), host_id=HostId(f"order {n}")) for n in range(30)]
    reports = _reports(pusher, targets)
    assert {report.ending for report in reports.values()} == {Ending.DONE}, reports
    assert carry(pusher, world.target(), STEPS.say({})).ending is Ending.DONE, "a later push uses it too"
    assert gate.read("/opt/logins").count(b"x") == 1, "sshd runs this once for a login"


def test_broken_hosts_behind_a_jump_host_end_as_they_do_without(world: World) -> None:
    targets = [world.target(number) for number in range(GATES, GATES + WHOLE + len(BROKEN))]
    begun = time.monotonic()
    reports = _reports(world.pusher(parallel=4), targets, step_s=8)
    assert time.monotonic() - begun < 30
    for host in world.fleet.hosts[GATES:]:
        report, wanted = reports[host.name], SSH_FAULTS.get(host.fault)
        if wanted is None:
            assert report.ending is Ending.DONE, report
        else:
            assert report.ending is wanted.ending, (host.fault, report)
            assert report.stage in wanted.stages, (host.fault, report)
    refused = reports[world.fleet.hosts[world.broken(Fault.REFUSING)].name]
    assert "refused" in refused.cause
    assert "seen from jump host" in refused.cause


def test_a_dead_jump_host_costs_the_hosts_behind_it_only(world: World) -> None:
    dead = world.jump(world.broken(Fault.REFUSING))
    silent = world.jump(world.broken(Fault.TARPIT))
    targets = [
        world.target(GATES, jump=[dead], host_id=HostId("behind dead")),
        world.target(GATES, jump=[silent], host_id=HostId("behind silent")),
        world.target(GATES, jump=[world.jump(), dead], host_id=HostId("behind a chain")),
        world.target(GATES, host_id=HostId("behind whole")),
        world.target(GATES, jump=[], host_id=HostId("direct")),
    ]
    reports = _reports(world.pusher(), targets)
    assert reports["behind whole"].ending is Ending.DONE
    assert reports["direct"].ending is Ending.DONE
    for name, words in (("dead", "refused"), ("silent", "said nothing"), ("a chain", "refused")):
        report = reports[f"behind {name}"]
        assert (report.ending, report.stage) == (Ending.UNREACHABLE, Stage.CONNECT), report
        assert "could not be reached (" in report.cause
        assert words in report.cause
    assert f"jump host {dead} could not be reached (connect)" in reports["behind dead"].cause


def test_a_jump_host_is_held_to_its_key_and_its_login(world: World, tmp_path: Path) -> None:
    changed = world.jump(world.broken(Fault.CHANGED_KEY))
    report = carry(world.pusher(), world.target(jump=[changed]), STEPS.say({}))
    assert report.ending is Ending.UNREACHABLE
    assert "could not be reached (host key): its key has changed" in report.cause
    stranger = tmp_path / "stranger"
    stranger.write_text(KeyPair.new().private)
    report = carry(world.pusher(), world.target(jump=[world.jump(credential=f"key:{stranger}")]), STEPS.say({}))
    assert "could not be reached (authenticate): it does not take the credential of root" in report.cause
    report = carry(world.pusher(), world.target(jump=[world.jump(credential="env:MUSTER_NONE")]), STEPS.say({}))
    assert "env:MUSTER_NONE: the variable is not set" in report.cause


def test_a_jump_host_that_forwards_nothing_says_so(world: World) -> None:
    gate = world.fleet.hosts[1]
    kept = gate.read(CONFIG)
    gate.write(CONFIG, b"AllowTcpForwarding no\n" + kept)
    try:
        report = carry(world.pusher(), world.target(jump=[world.jump(1)]), STEPS.say({}))
    finally:
        gate.write(CONFIG, kept)
    assert (report.ending, report.stage) == (Ending.UNREACHABLE, Stage.CONNECT), report
    assert "lets no connection through" in report.cause
    assert "AllowTcpForwarding" in report.hint


def test_a_jump_host_that_dies_in_the_middle_is_named_and_reached_anew(world: World) -> None:
    gate, pusher = world.fleet.hosts[1], world.pusher()
    step = STEPS.sleep(77, timeout_s=60)
    reports = pusher.execute([Order(world.target(jump=[world.jump(1)]), step, 40)], stop=Event())
    killer = threading.Thread(target=_kill_when, args=(gate, world.fleet.hosts[GATES]))
    killer.start()
    (report,) = reports
    killer.join()
    assert report.ending is Ending.UNKNOWN, report
    assert "was lost" in report.cause
    assert f"jump host {world.jump(1)}" in report.cause
    assert carry(pusher, world.target(jump=[world.jump(1)]), STEPS.say({})).ending is Ending.DONE
    world.fleet.hosts[GATES].run("pkill -f 'sleep 77'", check=False)


def _kill_when(gate: FleetHost, host: FleetHost) -> None:
    """End every session of the jump host as soon as the step runs on the host behind it."""
    until = time.monotonic() + 30
    while not any("sleep 77" in line for line in host.commands()) and time.monotonic() < until:
        time.sleep(0.05)
    for process in (gate.place.parents[1] / "proc").glob("[0-9]*"):
        try:
            ours = str((process / "root").readlink()).endswith(str(gate._inner_root()))
            if ours and b"sshd" in (process / "cmdline").read_bytes():
                gate.run(f"kill -9 {process.name}", check=False)
        except OSError:
            continue


def test_a_jump_host_that_falls_silent_is_given_up(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "DEAD_S", 1.5)
    monkeypatch.setattr(module, "SIGN_S", 0.5)
    frozen = world.jump(world.broken(Fault.FREEZE))
    report = carry(world.pusher(), world.target(jump=[frozen]), STEPS.store(bytes(900_000)), deadline_s=30)
    assert report.ending is Ending.UNKNOWN, report
    assert report.duration_s < 15
    assert f"jump host {frozen}" in report.cause


def test_a_deadline_and_a_stop_hold_behind_a_jump_host(world: World) -> None:
    begun = time.monotonic()
    report = carry(world.pusher(), world.target(), STEPS.sleep(88, timeout_s=60), deadline_s=3)
    assert report.ending is Ending.UNKNOWN
    assert time.monotonic() - begun < 8
    silent = world.target(jump=[world.jump(world.broken(Fault.BLACK_HOLE))])
    begun = time.monotonic()
    report = carry(world.pusher(), silent, STEPS.say({}), deadline_s=1)
    assert (report.ending, report.stage) == (Ending.UNREACHABLE, Stage.CONNECT)
    assert time.monotonic() - begun < 6


def test_a_session_that_nobody_uses_is_ended(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "IDLE_S", 0.3)
    pusher = world.pusher()
    assert carry(pusher, world.target(), STEPS.say({})).ending is Ending.DONE
    until = time.monotonic() + 20
    while any(thread.name.startswith("muster-jump-127") for thread in threading.enumerate()):
        assert time.monotonic() < until, "the jump host's session is still there"
        time.sleep(0.1)
    assert carry(pusher, world.target(), STEPS.say({})).ending is Ending.DONE
