"""The wire of one WinRM session: pywinrm's protocol over one connection that can be watched and cut.

pywinrm leaves open what a fleet needs: a connection time-out, an end to every wait, one connection for one session
(NTLM belongs to the connection), a cap on answers, and a certificate check that reads its authorities once and not
for every host. All of it is here, below pywinrm's own encoding of messages.
"""

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from winrm.protocol import Protocol
from winrm.transport import Transport

from push.dialing import Dial, straight
from push.winrm_access import Logon, WinRmAccess
from push.winrm_http import HttpTransport, Road
from push.winrm_logons import session_for

ANSWER_LIMIT_BYTES = 2_000_000
"""No answer of an honest host comes near: its envelope is 512,000 bytes at most unless somebody raised it."""
RECEIVE_POLL_S = 20
"""The operation time-out that hosts are given: how long they may think over one message."""
ANSWER_MARGIN_S = 10.0
"""How much longer than that an answer may take on its way."""


class AnswerTooLong(Exception):
    """The host's answer has no end."""


class SecondConnection(Exception):
    """The connection was lost in the middle of a session, which cannot be carried over to another."""


@dataclass(slots=True)
class Watch:
    """What a wire asks and tells while it waits.

    Attributes:
        remaining_s: seconds that are left in all.
        check: raises when there is nothing to wait for any more.
        knocked, entered: called when the connection stands, and when TLS does.
        leash: handed what shuts the connection from another thread.
    """

    remaining_s: Callable[[], float]
    check: Callable[[], None]
    knocked: Callable[[], None]
    entered: Callable[[], None]
    leash: Callable[[Callable[[], None]], None]


def plain_watch(limit_s: float) -> Watch:
    """A watch with an end and nobody to tell."""
    ends_at = time.monotonic() + limit_s

    def check() -> None:
        if time.monotonic() >= ends_at:
            raise TimeoutError

    return Watch(lambda: max(0.05, ends_at - time.monotonic()), check, _nothing, _nothing, lambda _cut: None)


def _nothing() -> None:
    pass


class _Line:
    """One connection: either a socket that is open already, or one that is opened on first use.

    ``again`` says whether another may follow it; with NTLM and Kerberos the session belongs to the connection.
    """

    def __init__(self, dial: Dial, connection: socket.socket | None, watch: Watch, *, again: bool) -> None:
        self._dial = dial
        self._again = again
        self._given = connection
        self.watch = watch
        self._leash: socket.socket | None = None
        self.used = False

    def open(self) -> socket.socket:
        if self.used and not self._again:
            raise SecondConnection
        self.used = True
        opened = self._given or self._dial(self.watch.remaining_s(), self.watch.check)
        self._given = None
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        opened.settimeout(max(0.05, self.watch.remaining_s()))
        self.close()
        self._leash = opened.dup()
        self.watch.leash(self.cut)
        self.watch.knocked()
        return opened

    def cut(self) -> None:
        """End every wait on the connection, from any thread; TLS's own shutdown is not safe to call from another."""
        leash = self._leash
        if leash is not None:
            with contextlib.suppress(OSError):
                leash.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        given, self._given = self._given, None
        if given is not None:
            given.close()
        leash, self._leash = self._leash, None
        if leash is not None:
            leash.close()


class _Contexts:
    """TLS contexts, one for each authority: reading a bundle of authorities takes longer than a whole visit."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: dict[tuple[str, float, bool], ssl.SSLContext] = {}

    def of(self, access: WinRmAccess) -> ssl.SSLContext:
        check = access.check_certificate and not access.certificate_sha256
        changed_at = Path(access.ca).stat().st_mtime if access.ca and check else 0.0
        key = (access.ca if check else "", changed_at, check)
        with self._lock:
            if key not in self._made:
                self._made[key] = _context(access.ca, check=check)
            return self._made[key]


def _context(ca: str, *, check: bool) -> ssl.SSLContext:
    if check:
        return ssl.create_default_context(cafile=ca or None)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


_CONTEXTS = _Contexts()


def _capped(read: Callable[[int], bytes], watch: Watch) -> bytes:
    """Everything that comes, under a cap."""
    parts, size = [], 0
    while part := read(65536):
        watch.check()
        parts.append(part)
        size += len(part)
        if size > ANSWER_LIMIT_BYTES:
            raise AnswerTooLong
    return b"".join(parts)


def _limit_s(watch: Watch) -> float:
    watch.check()
    return max(0.05, min(watch.remaining_s(), RECEIVE_POLL_S + ANSWER_MARGIN_S))


class Wire(Protocol):
    """pywinrm's protocol over one line; closed once, used by one thread.

    Args:
        connection: an open socket to the host, which now belongs to the wire; None opens one.
        dial: how one is opened; straight to ``address`` when not given.
    """

    def __init__(
        self,
        endpoint: str,
        address: tuple[str, int],
        access: WinRmAccess,
        user: str,
        password: str,
        connection: socket.socket | None,
        watch: Watch,
        *,
        dial: Dial | None = None,
    ) -> None:
        super().__init__(
            endpoint,
            transport="plaintext",  # any: the messages' form is pywinrm's, and how they travel is ours
            username="unused",
            password="unused",  # noqa: S106 - the logon is the road's; the protocol insists on one
            ca_trust_path=None,  # type: ignore[arg-type]  # None is documented: no other authorities
            proxy=None,
            read_timeout_sec=RECEIVE_POLL_S + 1,
            operation_timeout_sec=RECEIVE_POLL_S,
        )
        self._line = _Line(dial or straight(address), connection, watch, again=access.logon is Logon.BASIC)
        secure = access.scheme_for(address[1]) == "https"
        road = Road(
            connect=self._line.open,
            entered=watch.entered,
            context=_CONTEXTS.of(access) if secure else None,
            limit_s=lambda: _limit_s(watch),
            read=lambda read: _capped(read, watch),
        )
        logon = session_for(access.logon, user, password, access.certificate_name or address[0])
        made = HttpTransport(endpoint, access, logon, road)
        self.transport = cast("Transport", made)  # the protocol calls send_message and close_session, and nothing else

    def poll(self, seconds: float) -> None:
        """How long the host may think over the next message."""
        self.operation_timeout_sec = max(1, min(RECEIVE_POLL_S, int(seconds)))

    def close(self) -> None:
        """Close the connection."""
        self.transport.close_session()
        self._line.close()
