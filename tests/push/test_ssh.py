"""SSH at real OpenSSH hosts, held to what every pusher must hold, and what is SSH's own."""

import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from muster.fleet import TransportName
from muster.ids import HostId, SiteId
from muster.outcomes import Ending, Stage
from muster.ports import Pusher, Target
from muster.settings import Settings
from muster.steps import Step, StepName
from push.credentials import Credentials
from push.known_hosts import KnownHosts
from push.redact import Redactor
from push.ssh import ssh_pusher
from tests.fleet.faults import Fault
from tests.fleet.openssh import Fleet, FleetHost, KeyPair, openssh_fleet, why_not
from tests.push.conformance import PusherConformance, carry, facts_of
from tests.push.worlds import SSH_FAULTS, Expected, ShellSteps

pytestmark = [pytest.mark.sshd, pytest.mark.skipif(bool(why_not()), reason=why_not())]

PASSWORD_VARIABLE = "MUSTER_TEST_FLEET_PASSWORD"
WHOLE_HOSTS = 4
STAGED = tuple(SSH_FAULTS)


@dataclass
class OpenSshWorld:
    """Four whole hosts, and one of every fault."""

    fleet: Fleet
    stranger: Path
    steps: ShellSteps = field(default_factory=ShellSteps)
    faults: Mapping[Fault, Expected] = field(default_factory=lambda: SSH_FAULTS)
    patience_s: float = 0.0

    @property
    def secrets(self) -> tuple[str, ...]:
        return (self.fleet.password,)

    def target(self, fault: Fault = Fault.NONE, number: int = 0) -> Target:
        host = self.host(fault, number)
        return Target(
            HostId(host.name),
            SiteId(f"site of {host.name}"),
            TransportName.SSH,
            host.address,
            host.port,
            "root",
            f"key:{self.fleet.key_file}",
        )

    def refused(self) -> Target:
        return replace(self.target(), credential=f"key:{self.stranger}")

    def by_secret(self) -> Target:
        return replace(self.target(), credential=f"env:{PASSWORD_VARIABLE}")

    def pusher(
        self, *, parallel: int = 8, connect_timeout_s: float = 2.0, output_limit_bytes: int = 262_144, per_site: int = 0
    ) -> Pusher:
        settings = Settings(
            parallel_hosts=parallel,
            connect_timeout_s=connect_timeout_s,
            login_timeout_s=2.0,
            output_limit_bytes=output_limit_bytes,
        )
        redactor = Redactor()
        return ssh_pusher(
            settings,
            known_hosts=KnownHosts.read(self.fleet.known_hosts),
            credentials=Credentials(redactor),
            redactor=redactor,
            per_site=per_site,
        )

    def running(self, target: Target, word: str) -> bool:
        return word in self.command_lines(target)

    def command_lines(self, target: Target) -> str:
        host = next(host for host in self.fleet.hosts if host.name == target.host_id)
        return "\n".join(host.commands())

    def host(self, fault: Fault = Fault.NONE, number: int = 0) -> FleetHost:
        return [host for host in self.fleet.hosts if host.fault is fault][number]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenSshWorld]:
    folder = tmp_path_factory.mktemp("openssh")
    stranger = folder / "stranger"
    stranger.write_text(KeyPair.new().private)
    faults = dict(enumerate((*STAGED, Fault.NOISY_SHELL), start=WHOLE_HOSTS))
    with openssh_fleet(folder, WHOLE_HOSTS + len(faults), faults=faults, after_bytes=100_000) as fleet:
        os.environ[PASSWORD_VARIABLE] = fleet.password
        yield OpenSshWorld(fleet, stranger)
        del os.environ[PASSWORD_VARIABLE]


class TestOpenSsh(PusherConformance):
    """Real OpenSSH hosts."""


def test_what_the_login_shell_says_is_not_the_steps(world: OpenSshWorld) -> None:
    report = carry(world.pusher(), world.target(Fault.NOISY_SHELL), world.steps.say({}))
    assert report.ending is Ending.DONE
    assert report.stdout == "done\tapply\n"
    assert "legal notice" in report.stderr


def test_an_expired_password_is_named(world: OpenSshWorld) -> None:
    report = carry(world.pusher(), replace(world.by_secret(), user="expired"), world.steps.say({}))
    assert (report.ending, report.stage) == (Ending.FAILED, Stage.COMMAND)
    assert "password has expired" in report.cause


def test_sudo_that_asks_for_a_password_is_named(world: OpenSshWorld) -> None:
    step = Step(StepName.APPLY, "sudo -n true || exit 1\nprintf 'done\\tapply\\n'")
    report = carry(world.pusher(), replace(world.target(), user="fixer"), step)
    assert report.ending is Ending.UNKNOWN
    assert "sudo asks for a password" in report.cause
    assert "sudo without a password" in report.hint


def test_nothing_half_written_is_live_after_a_reset(world: OpenSshWorld) -> None:
    """A step that is cut off in mid-upload leaves the old file; the script decides, the transport must not."""
    step = Step(
        StepName.APPLY,
        'cat > /opt/live.new && [ "$(wc -c < /opt/live.new)" = 500000 ] && mv /opt/live.new /opt/live\n'
        "printf 'done\\tapply\\n'",
        payload=bytes(500_000),
    )
    host = world.host(Fault.RESET)
    host.write("/opt/live", b"old")
    report = carry(world.pusher(), world.target(Fault.RESET), step)
    assert report.ending is Ending.UNKNOWN
    assert host.read("/opt/live") == b"old"


def test_a_service_that_keeps_the_pipe_open_does_not_hold_up_the_step(world: OpenSshWorld) -> None:
    step = Step(StepName.APPLY, "sleep 30 &\nprintf 'done\\tapply\\n'")
    report = carry(world.pusher(), world.target(), step)
    assert report.ending is Ending.DONE
    assert report.duration_s < 5


def test_an_account_without_a_shell_fails_before_the_step_begins(world: OpenSshWorld) -> None:
    host = world.host(number=3)
    host.run("grep -q ^closed: /etc/passwd || echo 'closed:x:4244:4242::/:/usr/sbin/nologin' >> /etc/passwd")
    host.run("grep -q ^closed: /etc/shadow || sed -n 's/^root:/closed:/p' /etc/shadow >> /etc/shadow")
    report = carry(world.pusher(), replace(world.target(number=3), user="closed"), world.steps.say({}))
    assert (report.ending, report.stage) == (Ending.FAILED, Stage.COMMAND), report
    assert "account may not log in" in report.cause


@pytest.mark.skipif(shutil.which("sudo") is None, reason="needs sudo (apt-get install sudo)")
def test_a_step_becomes_root_by_sudo_where_the_login_is_not_roots(world: OpenSshWorld) -> None:
    pusher = ssh_pusher(Settings(), known_hosts=KnownHosts.read(world.fleet.known_hosts), become=True)
    step = Step(
        StepName.APPLY,
        'printf "fact\\tlogin\\tid\\t%s\\n" "$(id -u)"; cat; printf "\\ndone\\tapply\\n"',
        payload=b"here",
    )
    target = replace(world.target(number=2), user="fixer")
    refused = carry(pusher, target, step)
    assert (refused.ending, refused.stage) == (Ending.FAILED, Stage.COMMAND)
    assert "sudo asks for a password" in refused.cause
    world.host(number=2).write("/etc/sudoers.d/fixer", b"fixer ALL=(ALL) NOPASSWD: ALL\n", mode=0o440)
    report = carry(pusher, target, step)
    assert facts_of(report) == {"id": "0"}
    assert "here" in report.stdout
    assert carry(pusher, replace(target, user="root"), step).ending is Ending.DONE
