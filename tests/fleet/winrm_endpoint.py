"""A WinRM host of the tests: a WS-Management endpoint over HTTP or HTTPS on an address of its own.

One :class:`WinRmFleet` carries many :class:`WinRmHost`; each has users, a certificate, an engine, quotas and faults.
What this stand-in proves, and what only a real Windows host can, is in ``docs/winrm.md``.
"""

import contextlib
import selectors
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from tests.fleet.winrm_authority import Certificate
from tests.fleet.winrm_logon import BasicLogon, CredSspLogon, KerberosLogon, NtlmLogon, Refused, bindings_of
from tests.fleet.winrm_shells import Counters, Engine, Shells
from tests.fleet.winrm_soap import (
    BadRequest,
    Request,
    WsmanFault,
    commanded,
    created,
    identified,
    quota_reached,
    read_request,
    received,
    reply,
)

MAX_REQUEST_BYTES = 1_000_000


@dataclass(slots=True)
class Faults:
    """What is wrong with a host; actions are named as in WS-Management (Create, Command, Send, Receive, ...).

    Attributes:
        silent: takes the connection and never says a word.
        closes: takes the connection and closes it at once.
        babbles: answers the first bytes with something that is neither TLS nor HTTP.
        hang_in: takes these messages and never answers.
        error_in: answers these with a bare HTTP 500.
        reset_in: breaks the connection on these.
        garbage_in: answers these with HTTP 200 and something that is no envelope.
        unsealed_in: answers these in the clear though they came sealed.
        refuse_logon: lets nobody in.
        refuse_shells: this many Creates are refused for the quota of shells, then it is free again.
        refuse_commands: the same for Command and the quota of operations, until the shell is a new one.
        drip_in: answers these a byte at a time.
        flood_in: answers these with a body without an end.
        after: so many messages of such a kind are answered well before.
        in_line: nothing of this happens before the latest command line has these words in it (the step's own, say).
    """

    silent: bool = False
    closes: bool = False
    babbles: bool = False
    hang_in: frozenset[str] = frozenset()
    error_in: frozenset[str] = frozenset()
    reset_in: frozenset[str] = frozenset()
    garbage_in: frozenset[str] = frozenset()
    unsealed_in: frozenset[str] = frozenset()
    refuse_logon: bool = False
    refuse_shells: int = 0
    refuse_commands: int = 0
    drip_in: frozenset[str] = frozenset()
    flood_in: frozenset[str] = frozenset()
    after: int = 0
    in_line: str = ""

    def begin(self, count: int, latest_line: str) -> bool:
        """Whether it is time for them, at the message with this number of its kind."""
        return count > self.after and self.in_line in latest_line


class _Reset(Exception):
    """Break this connection."""


@dataclass(slots=True)
class WinRmHost:
    """One host.

    Attributes:
        certificate: with one it speaks HTTPS, without one HTTP.
        logon: ``basic``, ``ntlm`` or ``credssp``.
        port: 0 means any that is free; it is filled in when the fleet opens.
    """

    engine: Engine
    users: Mapping[str, str]
    address: str = "127.0.0.1"
    port: int = 0
    certificate: Certificate | None = None
    logon: str = "basic"
    faults: Faults = field(default_factory=Faults)
    max_shells: int = 30
    max_operations: int = 1500
    shells: Shells = field(init=False)

    def __post_init__(self) -> None:
        self.shells = Shells(self.engine, max_shells=self.max_shells, max_operations=self.max_operations)

    @property
    def counters(self) -> Counters:
        """What was asked of it."""
        return self.shells.counters


class WinRmFleet:
    """Hosts that listen until the fleet is closed; a context manager."""

    def __init__(self, *hosts: WinRmHost) -> None:
        self.hosts = hosts
        self._selector = selectors.DefaultSelector()
        self._listeners: list[socket.socket] = []
        self._connections: set[socket.socket] = set()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._accept, name="winrm-fleet", daemon=True)

    def __enter__(self) -> Self:
        for host in self.hosts:
            family = socket.AF_INET6 if ":" in host.address else socket.AF_INET
            listener = socket.create_server((host.address, host.port), family=family, backlog=256)
            host.port = listener.getsockname()[1]
            self._listeners.append(listener)
            self._selector.register(listener, selectors.EVENT_READ, host)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self._thread.join(5)
        for listener in self._listeners:
            listener.close()
        for connection in list(self._connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for host in self.hosts:
            host.shells.close()
        self._selector.close()

    @property
    def open_connections(self) -> int:
        """How many are open now."""
        return len(self._connections)

    def _accept(self) -> None:
        while not self._closing.is_set():
            for key, _ in self._selector.select(0.2):
                listener = key.fileobj
                assert isinstance(listener, socket.socket)
                connection, _ = listener.accept()
                self._connections.add(connection)
                threading.Thread(target=self._serve, args=(connection, key.data), daemon=True).start()

    def _serve(self, connection: socket.socket, host: WinRmHost) -> None:
        host.counters.connections += 1
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        stream = connection
        try:
            if host.faults.silent:
                self._closing.wait(600)
            if host.faults.babbles:
                connection.recv(100)
                connection.sendall(b"220 mail.example ESMTP at your service\r\n")
            if host.faults.silent or host.faults.closes or host.faults.babbles:
                return
            if host.certificate:
                stream = _CONTEXTS.of(host.certificate).wrap_socket(connection, server_side=True)
            _Conversation(host, stream, self._closing).carry_on()
        except _Reset:
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        except (OSError, ValueError):
            pass
        finally:
            with contextlib.suppress(OSError):
                stream.close()
            self._connections.discard(connection)


class _Contexts:
    """TLS contexts, made once per certificate."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: dict[Certificate, ssl.SSLContext] = {}

    def of(self, certificate: Certificate) -> ssl.SSLContext:
        with self._lock:
            if certificate not in self._made:
                self._made[certificate] = certificate.server_context()
            return self._made[certificate]


_CONTEXTS = _Contexts()


class _Conversation:
    """One connection: HTTP around logon around WS-Management."""

    def __init__(self, host: WinRmHost, stream: socket.socket, closing: threading.Event) -> None:
        self._host = host
        self._stream = stream
        self._closing = closing
        self._logon = _logon_of(host)
        self._buffer = b""

    def carry_on(self) -> None:
        """Answer until the client goes."""
        while (message := self._read()) is not None:
            headers, body = message
            self._answer(headers, body)
            if headers.get("connection", "").lower() == "close":
                return

    def _read(self) -> tuple[dict[str, str], bytes] | None:
        while b"\r\n\r\n" not in self._buffer:
            if not self._more():
                return None
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        length = min(int(headers.get("content-length", "0")), MAX_REQUEST_BYTES)
        while len(self._buffer) < length:
            if not self._more():
                return None
        body, self._buffer = self._buffer[:length], self._buffer[length:]
        return headers, body

    def _more(self) -> bool:
        data = self._stream.recv(65536)
        self._buffer += data
        return bool(data)

    def _answer(self, headers: Mapping[str, str], body: bytes) -> None:
        try:
            token = self._let_in(headers.get("authorization", ""))
        except Refused as refused:
            self._host.counters.logons_refused += refused.final
            self._write(401, b"", (f"WWW-Authenticate: {refused.challenge}",))
            return
        extra = (f"WWW-Authenticate: {token}",) if token else ()
        plain = self._logon.unseal(body, headers.get("content-type", ""))
        if not plain:
            self._write(200, b"", extra)
            return
        request = self._understand(plain)
        status, answer = self._carry_out(request)
        if request.action in self._host.faults.unsealed_in:
            self._write(status, answer, ("Content-Type: application/soap+xml;charset=UTF-8",))
            return
        sealed, kind = self._logon.seal(answer)
        self._send_as_told(request.action, status, sealed, kind)

    def _let_in(self, authorization: str) -> str:
        if self._host.faults.refuse_logon:
            raise Refused('Negotiate, Basic realm="WSMAN"', final=bool(authorization))
        return self._logon.accept(authorization)

    def _understand(self, body: bytes) -> Request:
        if isinstance(self._logon, NtlmLogon) and not self._host.certificate and not self._logon.sealing:
            raise ValueError("unencrypted traffic is disabled on this host")
        try:
            return read_request(body)
        except BadRequest as error:
            raise ValueError(str(error)) from None

    def _carry_out(self, request: Request) -> tuple[int, bytes]:
        counts = self._host.counters.requests
        counts[request.action] = counts.get(request.action, 0) + 1
        faults = self._host.faults
        if faults.begin(counts[request.action], (self._host.counters.lines or [""])[-1]):
            if request.action in faults.hang_in:
                self._closing.wait(600)
                raise _Reset
            if request.action in faults.reset_in:
                raise _Reset
            if request.action in faults.error_in:
                return 500, b""
            if request.action in faults.garbage_in:
                return 200, b"<html>It works!"
        try:
            return 200, _ACTIONS[request.action](self._host, request)
        except WsmanFault as fault:
            return 500, fault.body(request)

    def _send_as_told(self, action: str, status: int, body: bytes, kind: str) -> None:
        if action in self._host.faults.flood_in:
            self._stream.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n\r\n")
            while not self._closing.is_set():
                self._stream.sendall(b"x" * 65536)
        if action in self._host.faults.drip_in:
            for byte in _message(status, body, (f"Content-Type: {kind}",)):
                self._stream.sendall(bytes((byte,)))
                time.sleep(0.2)
            return
        self._write(status, body, (f"Content-Type: {kind}",))

    def _write(self, status: int, body: bytes, headers: tuple[str, ...] = ()) -> None:
        self._stream.sendall(_message(status, body, headers))


def _logon_of(host: WinRmHost) -> BasicLogon | NtlmLogon:
    match host.logon:
        case "ntlm":
            certificate = host.certificate and host.certificate.certificate.read_bytes()
            return NtlmLogon(host.users, bindings_of(certificate) if certificate else None)
        case "kerberos":
            return KerberosLogon(host.users)
        case "credssp":
            return CredSspLogon(host.users)
        case _:
            return BasicLogon(host.users)


def _message(status: int, body: bytes, headers: tuple[str, ...]) -> bytes:
    reason = {200: "OK", 401: "Unauthorized", 500: "Internal Server Error"}[status]
    lines = (f"HTTP/1.1 {status} {reason}", "Server: Microsoft-HTTPAPI/2.0", *headers, f"Content-Length: {len(body)}")
    return "\r\n".join((*lines, "", "")).encode("latin-1") + body


def _create(host: WinRmHost, request: Request) -> bytes:
    if host.faults.refuse_shells > 0:
        host.faults.refuse_shells -= 1
        raise quota_reached("shells", host.max_shells)
    return created(request, host.shells.create(request))


def _command(host: WinRmHost, request: Request) -> bytes:
    if host.faults.refuse_commands > 0:
        host.faults.refuse_commands -= 1
        raise quota_reached("operations", host.max_operations)
    return commanded(request, host.shells.command(request))


def _send(host: WinRmHost, request: Request) -> bytes:
    host.shells.send(request)
    return reply(request, "<rsp:SendResponse/>")


def _receive(host: WinRmHost, request: Request) -> bytes:
    return received(request, *host.shells.receive(request))


def _signal(host: WinRmHost, request: Request) -> bytes:
    host.shells.signal(request)
    return reply(request, "<rsp:SignalResponse/>")


def _delete(host: WinRmHost, request: Request) -> bytes:
    host.shells.delete(request)
    return reply(request, "")


def _identify(host: WinRmHost, request: Request) -> bytes:
    del host, request
    return identified()


_ACTIONS: Mapping[str, Callable[[WinRmHost, Request], bytes]] = {
    "Create": _create,
    "Command": _command,
    "Send": _send,
    "Receive": _receive,
    "Signal": _signal,
    "Delete": _delete,
    "Identify": _identify,
}
