"""WinRM held to what every pusher must hold: on stub hosts always, and on a real Windows host where one is named.

A real host is named by MUSTER_TEST_WINRM_HOST, _USER and _PASSWORD, and, where they differ from the defaults, by
_TRANSPORT (basic, ntlm, kerberos, credssp), _PORT and _CA. See docs/winrm.md.
"""

import os
import socket
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from muster.fleet import TransportName
from muster.ids import HostId, SiteId
from muster.outcomes import Ending, Stage, StepReport
from muster.ports import Order, Pusher, StopSignal, Target
from push.credentials import Credentials
from push.pool import Limits, PoolPusher
from push.redact import Redactor
from push.winrm import WinRmTransport
from push.winrm_access import AccessBook, Logon, WinRmAccess
from push.winrm_passwords import PasswordGate
from tests.fleet.faults import Fault
from tests.fleet.winrm_authority import Authority
from tests.fleet.winrm_endpoint import Faults, WinRmFleet
from tests.fleet.winrm_steps import CmdSteps, StubSteps
from tests.fleet.winrm_stub import StubEngine
from tests.fleet.winrm_world import PASSWORD, WinRmWorld
from tests.push.conformance import PusherConformance
from tests.push.worlds import Expected, expected

RIGHT, WRONG = "MUSTER_TEST_WINRM_WORD", "MUSTER_TEST_WINRM_WRONG"
WHOLE_HOSTS = 4
THE_STEP = "step.cmd <"
"""In the command line that begins a step, when everything was uploaded."""

STAGED: Mapping[Fault, tuple[Faults, Expected]] = {
    Fault.TARPIT: (Faults(silent=True), expected(Ending.UNKNOWN, "said nothing", Stage.BANNER)),
    Fault.CLOSES: (Faults(closes=True), expected(Ending.UNREACHABLE, "nothing was touched", Stage.BANNER)),
    Fault.GARBAGE_BANNER: (Faults(babbles=True), expected(Ending.UNREACHABLE, "no TLS connection", Stage.BANNER)),
    Fault.BANNER_THEN_SILENCE: (
        Faults(hang_in=frozenset({"Create"})),
        expected(Ending.UNKNOWN, "nothing was touched", Stage.AUTHENTICATE),
    ),
    Fault.FREEZE: (
        Faults(hang_in=frozenset({"Send"}), after=2),
        expected(Ending.UNKNOWN, "within", Stage.TRANSFER),
    ),
    Fault.RESET: (
        Faults(reset_in=frozenset({"Send"}), after=2),
        expected(Ending.UNREACHABLE, "connection was lost", Stage.TRANSFER),
    ),
    Fault.HANGING_SHELL: (
        Faults(hang_in=frozenset({"Receive"}), in_line=THE_STEP),
        expected(Ending.UNKNOWN, "the step did not end", Stage.COMMAND),
    ),
    Fault.FULL_DISK: (Faults(), expected(Ending.FAILED, "did not arrive as it was sent", Stage.TRANSFER)),
    Fault.CHANGED_KEY: (Faults(), expected(Ending.UNTRUSTED, "is not the one that was trusted", Stage.HOST_KEY)),
    Fault.UNKNOWN_KEY: (Faults(), expected(Ending.UNTRUSTED, "certificate is not trusted", Stage.HOST_KEY)),
}
UNHEARD: Mapping[Fault, Expected] = {
    Fault.REFUSING: expected(Ending.UNREACHABLE, "refused", Stage.CONNECT),
    Fault.BLACK_HOLE: expected(Ending.UNREACHABLE, "no answer", Stage.CONNECT),
}


@dataclass
class _Settling:
    """Waits, after the last report, until the endpoint (in this very process) has closed its side too."""

    pusher: Pusher
    fleet: WinRmFleet

    def execute(self, orders: Iterable[Order], *, stop: StopSignal) -> Iterator[StepReport]:
        before = self.fleet.open_connections
        yield from self.pusher.execute(orders, stop=stop)
        until = time.monotonic() + 2
        while self.fleet.open_connections > before and time.monotonic() < until:
            time.sleep(0.02)


@dataclass
class StubWorld:
    """Four whole hosts and one of every fault, over TLS; test_winrm.py has the other ways."""

    inner: WinRmWorld
    closed: int
    full: int
    steps: CmdSteps = field(default_factory=StubSteps)
    patience_s: float = 3.0
    secrets: tuple[str, ...] = (PASSWORD,)

    @property
    def faults(self) -> Mapping[Fault, Expected]:
        return {**{fault: wanted for fault, (_, wanted) in STAGED.items()}, **UNHEARD}

    def target(self, fault: Fault = Fault.NONE, number: int = 0) -> Target:
        if fault in UNHEARD:
            port = self.closed if fault is Fault.REFUSING else self.full
            return replace(self.target(), host_id=HostId(fault.value), site_id=SiteId(fault.value), port=port)
        name = f"whole-{number}" if fault is Fault.NONE else fault.value
        return replace(self.inner.target(name), site_id=SiteId(f"site of {name}"), credential=f"env:{RIGHT}")

    def refused(self) -> Target:
        return replace(self.target(), credential=f"env:{WRONG}")

    def by_secret(self) -> Target:
        return self.target()

    def pusher(
        self, *, parallel: int = 8, connect_timeout_s: float = 2.0, output_limit_bytes: int = 262_144, per_site: int = 0
    ) -> Pusher:
        self.inner.output_limit_bytes = output_limit_bytes
        self.inner.gate = PasswordGate()
        redactor = Redactor()
        transport = self.inner.transport(Credentials(redactor))
        limits = Limits(parallel, connect_timeout_s, per_site=per_site)
        return _Settling(PoolPusher(transport, limits, redactor=redactor), self.inner.fleet)

    def running(self, target: Target, word: str) -> bool:
        return word in self.command_lines(target)

    def command_lines(self, target: Target) -> str:
        engine = self.inner.hosts[target.host_id].engine
        assert isinstance(engine, StubEngine)
        return "\n".join(list(engine.active))


@contextmanager
def stub_hosts(folder: Path, logon: str) -> Iterator[StubWorld]:
    """The world, its hosts entered by this logon."""
    foreign = folder / "foreign"
    foreign.mkdir()
    world = WinRmWorld(folder, logon=Logon(logon))
    for number in range(WHOLE_HOSTS):
        world.add(f"whole-{number}", logon=logon)
    for fault, (faults, _) in STAGED.items():
        world.add(fault.value, logon=logon, faults=faults, engine=StubEngine(full=fault is Fault.FULL_DISK))
    changed = Fault.CHANGED_KEY.value
    world.access[changed] = {**world.access[changed], "certificate_sha256": "ab" * 32}
    world.hosts[Fault.UNKNOWN_KEY.value].certificate = Authority(foreign).issue("127.0.0.1")
    os.environ |= {RIGHT: PASSWORD, WRONG: "Wrong-Horse-8"}
    with world, socket.create_server(("127.0.0.1", 0), backlog=0) as full, socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        waiting = [_knock(full.getsockname()) for _ in range(2)]
        yield StubWorld(world, closed.getsockname()[1], full.getsockname()[1])
        for knock in waiting:
            knock.close()


def _knock(address: tuple[str, int]) -> socket.socket:
    """Fill a backlog, so that the next packet is dropped."""
    knock = socket.socket()
    knock.setblocking(False)  # noqa: FBT003 - the library's own signature
    knock.connect_ex(address)
    return knock


@pytest.fixture(scope="module")
def basic_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StubWorld]:
    with stub_hosts(tmp_path_factory.mktemp("winrm"), "basic") as world:
        yield world


@pytest.fixture(scope="module")
def ntlm_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StubWorld]:
    with stub_hosts(tmp_path_factory.mktemp("winrm"), "ntlm") as world:
        yield world


class TestStub(PusherConformance):
    """A hundred stub hosts would be the same."""

    @pytest.fixture
    def world(self, basic_world: StubWorld) -> StubWorld:
        return basic_world


@pytest.mark.slow
class TestStubByNtlm(PusherConformance):
    """The logon that is the default; test_winrm.py and test_winrm_logons.py have what is its own."""

    @pytest.fixture
    def world(self, ntlm_world: StubWorld) -> StubWorld:
        return ntlm_world


REAL_HOST = os.environ.get("MUSTER_TEST_WINRM_HOST", "")
REAL_USER = os.environ.get("MUSTER_TEST_WINRM_USER", "Administrator")


@dataclass
class RealWorld:
    """One real Windows host; its faults cannot be staged from here."""

    access: WinRmAccess
    port: int
    steps: CmdSteps = field(default_factory=CmdSteps)
    faults: Mapping[Fault, Expected] = field(default_factory=dict)
    patience_s: float = 10.0

    @property
    def secrets(self) -> tuple[str, ...]:
        return (os.environ["MUSTER_TEST_WINRM_PASSWORD"],)

    def target(self, fault: Fault = Fault.NONE, number: int = 0) -> Target:
        assert fault is Fault.NONE
        credential = "env:MUSTER_TEST_WINRM_PASSWORD"
        name = HostId(f"real-{number}")
        return Target(name, SiteId(name), TransportName.WINRM, REAL_HOST, self.port, REAL_USER, credential)

    def refused(self) -> Target:
        return replace(self.target(), credential=f"env:{WRONG}")

    def by_secret(self) -> Target:
        return self.target()

    def pusher(
        self, *, parallel: int = 8, connect_timeout_s: float = 5.0, output_limit_bytes: int = 262_144, per_site: int = 0
    ) -> Pusher:
        redactor = Redactor()
        transport = WinRmTransport(
            Credentials(redactor),
            AccessBook(self.access),
            output_limit_bytes=output_limit_bytes,
            gate=PasswordGate(),
        )
        limits = Limits(parallel, connect_timeout_s, per_site=per_site)
        return PoolPusher(transport, limits, redactor=redactor)

    def running(self, target: Target, word: str) -> bool:
        return word in self.command_lines(target)

    def command_lines(self, target: Target) -> str:
        """Every command line but that of the question itself, which names no step."""
        import winrm

        url = f"{self.access.scheme_for(self.port)}://{target.address}:{self.access.port_for(self.port)}/wsman"
        session = winrm.Session(
            url,
            (target.user, self.secrets[0]),
            transport=self.access.logon.value,
            ca_trust_path=self.access.ca or "legacy_requests",
            server_cert_validation="validate" if self.access.check_certificate else "ignore",
        )
        said = session.run_ps("Get-CimInstance Win32_Process | ForEach-Object CommandLine")
        return str(said.std_out.decode("utf-8", "replace"))


@pytest.mark.skipif(not REAL_HOST, reason="MUSTER_TEST_WINRM_HOST names no real Windows host")
class TestRealWindows(PusherConformance):
    """The same on a real Windows host."""

    @pytest.fixture
    def world(self) -> RealWorld:
        os.environ[WRONG] = "Wrong-Horse-8"
        ca = os.environ.get("MUSTER_TEST_WINRM_CA", "")
        logon = Logon(os.environ.get("MUSTER_TEST_WINRM_TRANSPORT", "ntlm"))
        port = int(os.environ.get("MUSTER_TEST_WINRM_PORT", "5986"))
        return RealWorld(WinRmAccess(logon=logon, ca=str(Path(ca).resolve()) if ca else ""), port)
