"""Jump hosts: one SSH session for each, shared by every host behind it, made anew when it dies.

A site names the machines that its hosts are reached through, the first one first. Each of them has its own user, port
and credential, and its key is checked like any other. A session is made when the first host needs it and ended when
nobody has for a while; one thread for each carries the bytes of all its connections (``push/jump_bridge.py``).

A jump host that cannot be reached is the trouble of the hosts behind it and of nobody else: each of them gets that as
its cause, with how far the jump host came, and so does whoever asks within the next seconds, at once. A jump host that
falls silent is given up after ``push.jump_traffic.DEAD_S``, and every connection through it ends.
"""

import contextlib
import socket
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event, Lock, Thread

from muster.errors import MusterError, Unreachable
from muster.fleet import Jump, TransportName
from muster.ids import HostId, SiteId
from muster.outcomes import Stage
from muster.ports import Order, Target
from muster.steps import Step, StepName
from push.credentials import Credentials
from push.failures import ConnectionLost, Silent, explain
from push.jump_traffic import Call, Traffic
from push.known_hosts import USUAL_PORT, KnownHosts, host_pattern
from push.lane import Dialed
from push.ssh_login import Account, check_host_key, log_in
from push.ssh_session import Session, SshOptions, open_session
from push.transport import Door, Guard
from push.winrm_passwords import PasswordGate

REFUSED_S = 10.0
"""For so long nobody tries again what has just failed: a whole site asks at one time."""
_NOTHING = Step(StepName.PROBE, "")


@dataclass(frozen=True, slots=True)
class Reach:
    """What is needed to enter a jump host."""

    known_hosts: Callable[[], KnownHosts]
    credentials: Credentials
    options: SshOptions
    gate: PasswordGate
    connect_timeout_s: float

    @property
    def hop_s(self) -> float:
        """The longest that one jump host may take."""
        return self.connect_timeout_s + self.options.login_timeout_s


class Jumps:
    """A ``push.lane.Dialer``: every jump host of this process; safe to share between threads."""

    def __init__(
        self,
        known_hosts: Callable[[], KnownHosts],
        credentials: Credentials,
        options: SshOptions,
        gate: PasswordGate,
        connect_timeout_s: float,
    ) -> None:
        self._reach = Reach(known_hosts, credentials, options, gate, connect_timeout_s)
        self._gateways: dict[tuple[Jump, ...], Gateway] = {}
        self._lock = Lock()

    def longest_s(self, target: Target) -> float:
        """The longest that reaching this target's last jump host may take."""
        return self._reach.hop_s * len(target.jump)

    def dial(
        self,
        target: Target,
        door: Door,
        *,
        answer: Callable[[Dialed | Exception], None],
        is_wanted: Callable[[], bool],
    ) -> None:
        """See ``push.lane.Dialer``."""
        address = door.address.removeprefix("[").removesuffix("]")
        self._gateway(target.jump).dial(Call(address, door.port, answer, is_wanted))

    def _gateway(self, jumps: tuple[Jump, ...]) -> "Gateway":
        parent = self._gateway(jumps[:-1]) if len(jumps) > 1 else None
        with self._lock:
            if jumps not in self._gateways:
                self._gateways[jumps] = Gateway(jumps[-1], self._reach, parent)
            return self._gateways[jumps]


class JumpFailed(Unreachable):
    """A jump host cannot be reached; the message says which."""


class _NeverStops:
    since: float | None = None


class Gateway:
    """One jump host, behind ``parent`` where there is one."""

    def __init__(self, jump: Jump, reach: Reach, parent: "Gateway | None") -> None:
        self._jump = jump
        self._reach = reach
        self._parent = parent
        self._via = parent.name if parent else ""
        self._calls: deque[Call] = deque()
        self._lock = Lock()
        self._traffic: Traffic | None = None
        self._is_running = False
        self._failure: MusterError | None = None
        self._failed_at = 0.0

    @property
    def name(self) -> str:
        """As known_hosts has it."""
        return host_pattern(self._jump.address, self._jump.port)

    def dial(self, call: Call) -> None:
        """Take a call; its answer comes from another thread, or from this one where the jump host has just failed."""
        with self._lock:
            failure = self._failure if time.monotonic() < self._failed_at + REFUSED_S else None
            if failure is None:
                self._calls.append(call)
                if self._traffic is not None:
                    self._traffic.ring()
                if not self._is_running:
                    self._is_running = True
                    Thread(target=self._run, name=f"muster-jump-{self._jump.address}", daemon=True).start()
        if failure is not None:
            call.answer(self._told(failure))

    def _run(self) -> None:
        """Until nobody calls any more."""
        while True:
            try:
                with self._session() as session, contextlib.suppress(ConnectionLost):
                    self._serve(session)  # when it is lost, those who call meanwhile get another one
            except Exception as error:  # noqa: BLE001 - the trouble of those who call
                self._fail(error)
            with self._lock:
                if not self._calls:
                    self._is_running = False
                    return

    def _serve(self, session: Session) -> None:
        traffic = Traffic(session, str(self._jump), self._next_call)
        with self._lock:
            self._traffic, self._failure = traffic, None
        try:
            traffic.carry(self._may_end)
        finally:
            with self._lock:
                self._traffic = None
            traffic.close()

    def _next_call(self) -> Call | None:
        with self._lock:
            return self._calls.popleft() if self._calls else None

    def _may_end(self) -> bool:
        """Whether nobody has called meanwhile; from now on a call starts another session."""
        with self._lock:
            if self._calls:
                return False
            self._traffic = None
            return True

    def _fail(self, error: Exception) -> None:
        lost = JumpFailed(f"jump host {self._jump} was lost", hint="muster retry tries again")
        failure = error if isinstance(error, MusterError) else lost
        with self._lock:
            self._failure, self._failed_at = failure, time.monotonic()
            calls = tuple(self._calls)
            self._calls.clear()
        for call in calls:
            call.answer(self._told(failure))

    def _told(self, failure: MusterError) -> "JumpFailed":
        """One for each: an exception that several threads raise grows its traceback."""
        return JumpFailed(failure.message, hint=failure.hint)

    @contextmanager
    def _session(self) -> Iterator[Session]:
        """A session with the jump host, logged in.

        Raises:
            Unreachable: it cannot be reached; the message says which jump host, how far it came, and why.
        """
        jump, reach = self._jump, self._reach
        port = jump.port or USUAL_PORT
        guard = _guard(jump, self.longest_s())
        try:
            with contextlib.ExitStack() as stack:
                connection = self._connect(guard)
                stack.callback(connection.close)
                _await_greeting(connection, guard, reach.connect_timeout_s)
                known_hosts = reach.known_hosts()
                types = known_hosts.key_types(jump.address, port, self._via)
                session = stack.enter_context(open_session(connection, guard, reach.options, types))
                check_host_key(session, known_hosts, jump.address, port, self._via)
                place = host_pattern(jump.address, port, self._via)
                account = Account(jump.user, jump.credential, place, f"jump to {jump.address}", forwarding=True)
                log_in(session, account, reach.credentials, reach.gate, guard)
                ending = stack.pop_all()
        except JumpFailed:
            raise  # the one before this one is the trouble
        except Exception as error:
            meant = explain(error, guard)
            raise JumpFailed(
                f"jump host {jump} could not be reached ({guard.stage}): {meant.message}", hint=meant.hint
            ) from error
        with ending:
            yield session

    def _connect(self, guard: Guard) -> socket.socket:
        guard.reached(Stage.CONNECT)
        jump, timeout_s = self._jump, self._reach.connect_timeout_s
        if self._parent is None:
            connection = socket.create_connection((jump.address, jump.port or USUAL_PORT), timeout_s)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return connection
        found: list[Dialed | Exception] = []
        answered, given_up = Event(), Event()

        def answer(one: Dialed | Exception) -> None:
            found.append(one)
            answered.set()
            if given_up.is_set() and not isinstance(one, Exception):
                one[0].close()

        self._parent.dial(Call(jump.address, jump.port or USUAL_PORT, answer, lambda: not given_up.is_set()))
        if not answered.wait(self._parent.longest_s() + timeout_s):
            given_up.set()
            raise TimeoutError
        if isinstance(found[0], Exception):
            raise found[0]
        return found[0][0]

    def longest_s(self) -> float:
        """The longest that reaching this jump host may take."""
        return self._reach.hop_s + (self._parent.longest_s() if self._parent else 0.0)


def _await_greeting(connection: socket.socket, guard: Guard, timeout_s: float) -> None:
    """Return when the jump host has begun to speak; whoever gets the connection reads it again.

    Raises:
        Silent, ConnectionLost: it does not.
    """
    guard.reached(Stage.BANNER)
    connection.settimeout(timeout_s)
    try:
        heard = connection.recv(1, socket.MSG_PEEK)
    except TimeoutError:
        raise Silent(timeout_s) from None
    if not heard:
        raise ConnectionLost


def _guard(jump: Jump, seconds: float) -> Guard:
    """Watches over the way into a jump host."""
    name = HostId(f"jump {jump.address}")
    target = Target(name, SiteId(""), TransportName.SSH, jump.address, jump.port, jump.user, jump.credential)
    return Guard(Order(target, _NOTHING, seconds), _NeverStops())
