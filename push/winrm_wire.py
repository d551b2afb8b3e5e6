"""The wire of one WinRM session: pywinrm's protocol over one connection that can be watched and cut.

pywinrm leaves open what a fleet needs: a connection time-out, an end to every wait, one connection for one session
(NTLM belongs to the connection), a cap on answers, and a certificate check that reads its authorities once and not
for every host. All of it is here, below pywinrm's own encoding of messages, logons and encryption.
"""

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from winrm.exceptions import WinRMTransportError
from winrm.protocol import Protocol
from winrm.transport import Transport

from push.winrm_access import Logon, WinRmAccess
from push.winrm_http import BasicTransport, Road
from push.winrm_passwords import LogonRefused

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

    def __init__(
        self, address: tuple[str, int], connection: socket.socket | None, watch: Watch, *, again: bool
    ) -> None:
        self._address = address
        self._again = again
        self._given = connection
        self.watch = watch
        self._leash: socket.socket | None = None
        self.used = False

    def open(self) -> socket.socket:
        if self.used and not self._again:
            raise SecondConnection
        self.used = True
        opened = self._given or socket.create_connection(self._address, self.watch.remaining_s())
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


class _Plain(HTTPConnection):
    line: _Line

    def _new_conn(self) -> socket.socket:
        return self.line.open()

    def connect(self) -> None:
        super().connect()
        self.line.watch.entered()


class _Secure(HTTPSConnection):
    line: _Line

    def _new_conn(self) -> socket.socket:
        return self.line.open()

    def connect(self) -> None:
        super().connect()
        self.line.watch.entered()


class _SecurePool(HTTPSConnectionPool):
    """Connects without a warning where a host was marked on purpose: its reports say so, not standard error."""

    def _validate_conn(self, conn: Any) -> None:  # noqa: ANN401 - urllib3's type of it is private
        if conn.is_closed:
            conn.connect()


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


class _Adapter(HTTPAdapter):
    """Sends everything over one line."""

    def __init__(self, pool: HTTPConnectionPool) -> None:
        self._pool = pool
        super().__init__(max_retries=0)

    def init_poolmanager(self, *_arguments: object, **_options: object) -> None:
        """There is one pool, and it is made already."""

    def get_connection_with_tls_context(self, *_arguments: object, **_options: object) -> HTTPConnectionPool:
        """The one."""
        return self._pool

    def cert_verify(self, *_arguments: object, **_options: object) -> None:
        """The TLS context checks the certificate; requests would read the authorities again for each connection."""

    def close(self) -> None:
        """Close the connection."""
        self._pool.close()


def _pool(host: str, port: int, access: WinRmAccess, line: _Line) -> HTTPConnectionPool:
    if access.scheme_for(port) == "http":
        pool = HTTPConnectionPool(host, port, maxsize=1)
        pool.ConnectionCls = type("_PlainLine", (_Plain,), {"line": line})
        return pool
    context = _CONTEXTS.of(access)
    secure = _SecurePool(
        host,
        port,
        maxsize=1,
        ssl_context=context,
        cert_reqs=context.verify_mode,
        assert_fingerprint=access.certificate_sha256 or None,
        server_hostname=access.certificate_name or None,
    )
    secure.ConnectionCls = type("_SecureLine", (_Secure,), {"line": line})
    return secure


class _WatchedTransport(Transport):
    """pywinrm's transport, sending over a line of ours."""

    def __init__(
        self, endpoint: str, access: WinRmAccess, user: str, password: str, adapter: _Adapter, watch: Watch
    ) -> None:
        self._adapter = adapter
        self._watch = watch
        super().__init__(
            endpoint,
            auth_method=access.logon.value,
            username=user,
            password=password,
            service="HTTP",
            ca_trust_path=None,  # type: ignore[arg-type]  # None is documented: no other authorities
            read_timeout_sec=RECEIVE_POLL_S + 1,
            proxy=None,
            message_encryption=_encryption(endpoint, access),
            kerberos_hostname_override=access.certificate_name or None,
        )

    def build_session(self) -> requests.Session:
        """The session, with our adapter; the environment's proxies and authorities do not count."""
        if self.session is not None:
            return self.session
        session = super().build_session()
        self._mount(session)
        return session

    def setup_encryption(self, session: requests.Session) -> None:
        """The logon happens in here, so the adapter must be there before it."""
        self._mount(session)
        super().setup_encryption(session)

    def _mount(self, session: requests.Session) -> None:
        session.trust_env = False
        session.mount("https://", self._adapter)
        session.mount("http://", self._adapter)

    def _send_message_request(
        self, session: requests.Session, prepared_request: requests.PreparedRequest
    ) -> requests.Response:
        limit_s = _limit_s(self._watch)
        response = session.send(prepared_request, timeout=(limit_s, limit_s), stream=True, allow_redirects=False)
        response._content = _read(response, self._watch)  # noqa: SLF001 - what requests does, with a cap and an end
        if response.status_code == 401:
            raise LogonRefused(response.headers.get("WWW-Authenticate", ""))
        if response.status_code != 200:
            text = self._get_message_response_text(response) if response.content else b""
            raise WinRMTransportError("http", response.status_code, text.decode("utf-8", "replace"))
        return response


def _read(response: requests.Response, watch: Watch) -> bytes:
    parts = response.iter_content(65536)
    answer = _capped(lambda _size: next(parts, b""), watch)
    response.close()  # gives the connection back, also after an answer without a body
    return answer


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
    ) -> None:
        super().__init__(
            endpoint,
            transport=access.logon.value,
            username=user,
            password=password,
            read_timeout_sec=RECEIVE_POLL_S + 1,
            operation_timeout_sec=RECEIVE_POLL_S,
        )
        basic = access.logon is Logon.BASIC
        self._line = _Line(address, connection, watch, again=basic)
        self._adapter: _Adapter | None = None
        if basic:
            self.transport = self._basic(endpoint, access, user, password, watch)
        else:
            self._adapter = _Adapter(_pool(*address, access, self._line))
            self.transport = _WatchedTransport(endpoint, access, user, password, self._adapter, watch)

    def _basic(self, endpoint: str, access: WinRmAccess, user: str, password: str, watch: Watch) -> Transport:
        road = Road(
            connect=self._line.open,
            entered=watch.entered,
            context=_CONTEXTS.of(access),
            limit_s=lambda: _limit_s(watch),
            read=lambda read: _capped(read, watch),
        )
        made = BasicTransport(endpoint, access, user, password, road)
        return cast("Transport", made)  # the protocol calls send_message and close_session, and nothing else

    def poll(self, seconds: float) -> None:
        """How long the host may think over the next message."""
        self.operation_timeout_sec = max(1, min(RECEIVE_POLL_S, int(seconds)))

    def close(self) -> None:
        """Close the connection."""
        self.transport.close_session()
        if self._adapter is not None:
            self._adapter.close()
        self._line.close()


def _encryption(endpoint: str, access: WinRmAccess) -> Literal["auto", "always", "never"]:
    """Basic cannot encrypt (and is refused over HTTP before it comes here); the others do wherever TLS does not."""
    if access.logon is Logon.BASIC:
        return "never"
    return "always" if endpoint.startswith("http:") else "auto"
