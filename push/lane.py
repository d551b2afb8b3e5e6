"""The preflight lane: one selector knocks at many hosts at once, before a thread is spent on any of them.

A host that refuses, drops packets, or accepts and says nothing costs a socket here and no thread; only a host that
has named itself as an SSH server (or, with other protocols, has accepted) is handed on. Names are looked up in a few
threads of their own, because a look-up cannot be given an end.
"""

import errno
import os
import queue
import selectors
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock, Thread
from typing import Protocol

from muster.errors import Unreachable
from muster.outcomes import Stage
from muster.ports import Order, Target
from push.failures import ConnectionLost, NotSsh, Silent
from push.transport import Door, Guard

LOOKUP_THREADS = 4
BANNER_BYTES = 8192
"""More than this before a line that begins with ``SSH-`` is no SSH server's greeting."""
DRIBBLE_S = 0.05
"""How long a host that sends its greeting in pieces is left alone."""
YOUNG_S = 0.25
"""A knock younger than this is expected to be answered any moment; an older one holds up nobody."""
SHOWN_BYTES = 60

NO_DOOR = Door("", 0, greets=False)

SocketAddress = tuple[str, int] | tuple[str, int, int, int]
Candidate = tuple[socket.AddressFamily, SocketAddress]


class Line(Protocol):
    """A connection through jump hosts."""

    @property
    def broken_by(self) -> str:
        """The jump host that was lost under it; empty while none was."""
        ...


Dialed = tuple[socket.socket, Line]


class Dialer(Protocol):
    """Reaches hosts through jump hosts."""

    def longest_s(self, target: Target) -> float:
        """The longest that reaching this target's last jump host may take."""
        ...

    def dial(
        self,
        target: Target,
        door: Door,
        *,
        answer: Callable[[Dialed | Exception], None],
        is_wanted: Callable[[], bool],
    ) -> None:
        """Begin to open a connection; ``answer`` is called once, from any thread, also when it is not wanted now."""
        ...


@dataclass(eq=False, slots=True)
class Knock:
    """One order on its way through the lane.

    Attributes:
        tries: how often it has been begun.
        answered_at: when it was handed on (``time.monotonic``).
    """

    order: Order
    guard: Guard
    door: Door = NO_DOOR
    connection: socket.socket | None = None
    tries: int = 0
    begun_at: float = 0.0
    answered_at: float = 0.0
    gives_up_at: float = 0.0
    sleeps_until: float = 0.0
    done: bool = False
    candidates: list[Candidate] = field(default_factory=list)
    line: Line | None = None

    def close(self) -> None:
        """Let go of the connection."""
        if self.connection is not None:
            self.connection.close()
            self.connection = None


class Lane:
    """Knocks. Everything but ``ring`` is called by the one thread that drives it.

    Args:
        on_answer: takes a knock whose host answered; its connection is open.
        on_failure: takes a knock that will not be answered, and why.
        timeout_s: the longest wait for a connection and its greeting.
        dialer: reaches hosts behind jump hosts.
    """

    def __init__(
        self,
        on_answer: Callable[[Knock], None],
        on_failure: Callable[[Knock, BaseException], None],
        timeout_s: float,
        dialer: Dialer | None = None,
    ) -> None:
        self._dialer = dialer
        self._dialed: queue.SimpleQueue[tuple[Knock, int, Dialed | Exception]] = queue.SimpleQueue()
        self._on_answer = on_answer
        self._on_failure = on_failure
        self._timeout_s = timeout_s
        self._selector = selectors.DefaultSelector()
        self._bell = os.eventfd(0, os.EFD_NONBLOCK)
        self._selector.register(self._bell, selectors.EVENT_READ)
        self._open: dict[Knock, None] = {}
        self._sleeping: set[Knock] = set()
        self._lookups: queue.SimpleQueue[Knock | None] = queue.SimpleQueue()
        self._looked_up: queue.SimpleQueue[tuple[Knock, list[Candidate] | OSError]] = queue.SimpleQueue()
        self._threads: list[Thread] = []
        self._closing = Lock()
        self._closed = False

    def ring(self) -> None:
        """Wake the thread that drives the lane; from any thread, also after the end."""
        with self._closing:  # a closed descriptor's number may be somebody else's by now
            if not self._closed:
                os.eventfd_write(self._bell, 1)

    def young(self) -> int:
        """How many knocks were begun within the last moment and are open."""
        since = time.monotonic() - YOUNG_S
        count = 0
        for knock in reversed(self._open):
            if knock.begun_at < since:
                break
            count += 1
        return count

    def __len__(self) -> int:
        return len(self._open)

    def knock(self, knock: Knock, door: Door) -> None:
        """Begin to knock at a door."""
        knock.door, knock.done = door, False
        knock.tries += 1
        knock.begun_at = time.monotonic()
        knock.gives_up_at = knock.begun_at + min(self._timeout_s, knock.guard.remaining_s)
        knock.guard.reached(Stage.CONNECT)
        self._open[knock] = None
        knock.line = None
        if knock.order.target.jump:
            self._dial(knock)
            return
        try:
            knock.candidates = _addresses(door, socket.AI_NUMERICHOST)
        except socket.gaierror:
            self._look_up(knock)
            return
        self._connect(knock)

    def drive(self, wait_s: float) -> None:
        """Let things happen for at most ``wait_s``."""
        if self._sleeping:
            wait_s = min(wait_s, DRIBBLE_S)
        for key, _ in self._selector.select(wait_s):
            if key.data is None:
                os.eventfd_read(self._bell)
            elif key.events & selectors.EVENT_WRITE:
                self._connected(key.data)
            else:
                self._heard(key.data)
        self._take_lookups()
        self._take_dialed()
        self._wake_and_give_up()

    def drop_all(self) -> list[Knock]:
        """Stop knocking anywhere; the knocks that were open."""
        dropped = list(self._open)
        for knock in dropped:
            self._leave(knock)
            knock.close()
        return dropped

    def close(self) -> None:
        """Let go of everything; look-up threads that hang in the system's resolver end by themselves later."""
        self.drop_all()
        for _ in self._threads:
            self._lookups.put(None)
        for thread in self._threads:
            thread.join(0.2)
        self._selector.close()
        with self._closing:
            self._closed = True
            os.close(self._bell)
        self._hang_up_late()

    def _dial(self, knock: Knock) -> None:
        """Have a host behind jump hosts reached; the jump hosts' own time is not the host's."""
        if self._dialer is None:
            self._fail(knock, Unreachable("it is behind a jump host, which cannot be used here"))
            return
        target, number = knock.order.target, knock.tries
        patience_s = self._timeout_s + self._dialer.longest_s(target)
        knock.gives_up_at = knock.begun_at + min(patience_s, knock.guard.remaining_s)

        def answer(found: Dialed | Exception) -> None:
            self._dialed.put((knock, number, found))
            self.ring()
            if self._closed:
                self._hang_up_late()

        self._dialer.dial(
            target, knock.door, answer=answer, is_wanted=lambda: knock in self._open and knock.tries == number
        )

    def _take_dialed(self) -> None:
        while not self._dialed.empty():
            knock, number, found = self._dialed.get()
            wanted = knock in self._open and knock.tries == number
            if isinstance(found, Exception):
                if wanted:
                    self._fail(knock, found)
                continue
            if not wanted:
                found[0].close()
                continue
            knock.connection, knock.line = found
            knock.gives_up_at = time.monotonic() + min(self._timeout_s, knock.guard.remaining_s)
            self._selector.register(knock.connection, selectors.EVENT_WRITE, knock)

    def _hang_up_late(self) -> None:
        """Close connections that came when nobody drives the lane any more."""
        while True:
            try:
                _, _, found = self._dialed.get_nowait()
            except queue.Empty:
                return
            if not isinstance(found, Exception):
                found[0].close()

    def _look_up(self, knock: Knock) -> None:
        if len(self._threads) < LOOKUP_THREADS:
            thread = Thread(target=self._do_lookups, name="muster-lookup", daemon=True)
            self._threads.append(thread)
            thread.start()
        self._lookups.put(knock)

    def _do_lookups(self) -> None:
        while (knock := self._lookups.get()) is not None:
            try:
                found: list[Candidate] | OSError = _addresses(knock.door, 0)
            except (OSError, UnicodeError) as error:
                found = error if isinstance(error, OSError) else socket.gaierror(socket.EAI_NONAME, str(error))
            self._looked_up.put((knock, found))
            self.ring()

    def _take_lookups(self) -> None:
        while not self._looked_up.empty():
            knock, found = self._looked_up.get()
            if knock.done or knock not in self._open:
                continue
            if isinstance(found, OSError):
                self._fail(knock, found)
            else:
                knock.candidates = found
                self._connect(knock)

    def _connect(self, knock: Knock) -> None:
        """Try the next address; the error of the last one is the knock's."""
        error: OSError = OSError(errno.EADDRNOTAVAIL, "no address")
        while knock.candidates:
            family, address = knock.candidates.pop(0)
            try:
                connection = socket.socket(family, socket.SOCK_STREAM)
            except OSError as no_socket:
                error = no_socket
                continue
            connection.settimeout(0)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            code = connection.connect_ex(address)
            if code in {0, errno.EINPROGRESS}:
                knock.connection = connection
                self._selector.register(connection, selectors.EVENT_WRITE, knock)
                return
            connection.close()
            error = _os_error(code)
        self._fail(knock, error)

    def _connected(self, knock: Knock) -> None:
        connection = knock.connection
        if connection is None:
            return
        code = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            self._selector.unregister(connection)
            knock.close()
            if knock.candidates:
                self._connect(knock)
            else:
                self._fail(knock, _os_error(code))
            return
        knock.guard.reached(Stage.BANNER)
        if knock.door.greets:
            self._selector.modify(connection, selectors.EVENT_READ, knock)
        else:
            self._answer(knock)

    def _heard(self, knock: Knock) -> None:
        """Look at the greeting without taking it: whoever gets the connection reads it again."""
        connection = knock.connection
        if connection is None:
            return
        try:
            greeting = connection.recv(BANNER_BYTES, socket.MSG_PEEK)
        except BlockingIOError:
            return
        except OSError as error:
            self._fail(knock, error)
            return
        if not greeting:
            self._fail(knock, ConnectionLost())
        elif _greets_in_ssh(greeting):
            self._answer(knock)
        elif _cannot_be_ssh(greeting):
            self._fail(knock, NotSsh(_shown(greeting)))
        else:
            self._selector.unregister(connection)
            knock.sleeps_until = time.monotonic() + DRIBBLE_S
            self._sleeping.add(knock)

    def _wake_and_give_up(self) -> None:
        now = time.monotonic()
        for knock in [each for each in self._sleeping if now >= each.sleeps_until]:
            self._sleeping.discard(knock)
            if knock.connection is not None:
                self._selector.register(knock.connection, selectors.EVENT_READ, knock)
        for knock in [each for each in self._open if now >= each.gives_up_at]:
            self._fail(knock, Silent(now - knock.begun_at))

    def _answer(self, knock: Knock) -> None:
        self._leave(knock)
        knock.answered_at = time.monotonic()
        self._on_answer(knock)

    def _fail(self, knock: Knock, error: BaseException) -> None:
        self._leave(knock)
        knock.close()
        self._on_failure(knock, error)

    def _leave(self, knock: Knock) -> None:
        knock.done = True
        self._open.pop(knock, None)
        self._sleeping.discard(knock)
        if knock.connection is not None:
            try:
                self._selector.unregister(knock.connection)
            except (KeyError, ValueError):
                return


def _addresses(door: Door, flags: int) -> list[Candidate]:
    name = door.address.removeprefix("[").removesuffix("]")
    found = socket.getaddrinfo(name, door.port, type=socket.SOCK_STREAM, flags=flags)
    return [(family, address) for family, _, _, _, address in found]  # type: ignore[misc]


def _os_error(code: int) -> OSError:
    return OSError(code, os.strerror(code))


def _greets_in_ssh(greeting: bytes) -> bool:
    """Whether there is a whole line that begins with ``SSH-``; others may come before it (RFC 4253, 4.2)."""
    *lines, _ = greeting.split(b"\n")
    return any(line.startswith(b"SSH-") for line in lines)


def _cannot_be_ssh(greeting: bytes) -> bool:
    return len(greeting) >= BANNER_BYTES or b"\0" in greeting or greeting.startswith(b"HTTP/")


def _shown(greeting: bytes) -> str:
    first = greeting.split(b"\n", 1)[0][:SHOWN_BYTES]
    return repr(first.decode("ascii", "replace").replace("\ufffd", "?").strip())
