"""HTTP as small as WinRM needs it: one connection, one request after the other, and its logon.

It takes the place of pywinrm's transport, which goes through requests and urllib3 and logs on by packages of their own;
nothing of theirs is needed here, and it is more than half of the client's CPU for a command (docs/benchmarks/push.md).
"""

import contextlib
import hashlib
import socket
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from urllib.parse import urlsplit

from winrm.exceptions import WinRMTransportError

from push.winrm_access import WinRmAccess
from push.winrm_logons import MOST_LEGS, PLAIN, LogonBroke, Session
from push.winrm_passwords import LogonRefused

OK, UNAUTHORIZED = 200, 401


class WrongCertificate(ssl.SSLError):
    """The host's certificate is not the pinned one; names both fingerprints."""


@dataclass(frozen=True, slots=True)
class Road:
    """The way to the host.

    Attributes:
        connect: opens the connection.
        entered: called when TLS stands, or the connection where there is none.
        context: checks the certificate, or does not where a certificate is pinned or the host was marked; None is HTTP.
        limit_s: how long one wait may take; raises when the order is over.
        read: reads an answer's body under a cap.
    """

    connect: Callable[[], socket.socket]
    entered: Callable[[], None]
    context: ssl.SSLContext | None
    limit_s: Callable[[], float]
    read: Callable[[Callable[[int], bytes]], bytes]


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    content_type: str
    offers: Sequence[str]
    body: bytes


class HttpTransport:
    """The two methods of pywinrm's transport that its protocol calls."""

    def __init__(self, endpoint: str, access: WinRmAccess, logon: Session, road: Road) -> None:
        parts = urlsplit(endpoint)
        self._access = access
        self._name = access.certificate_name or parts.hostname or ""
        self._logon = logon
        self._road = road
        self._socket: socket.socket | None = None
        self._head = f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nUser-Agent: Muster\r\n"

    def send_message(self, message: str | bytes) -> bytes:
        """Send one message and read the answer; the first one on a connection logs on.

        Raises:
            LogonRefused: the host does not take the credential.
            LogonBroke: the logon could not be carried through.
            BadSeal: an answer that should be sealed is not.
            WinRMTransportError: any other answer than 200, with its body.
        """
        body = message.encode() if isinstance(message, str) else message
        if self._socket is None:
            self._open()
        if not self._logon.done:
            answer = self._log_on(body)
            if answer is not None:
                return self._content(answer)
        content_type, sealed = self._logon.seal(body)
        return self._content(self._ask(self._logon.header, content_type, sealed))

    def _log_on(self, message: bytes) -> _Answer | None:
        """Go through the legs; the message goes with the last one where TLS encrypts it, and its answer is returned."""
        offers: Sequence[str] = ()
        for _ in range(MOST_LEGS):
            token = self._logon.token(offers)
            last = self._logon.ends_with_next()
            carried = message if last and not self._logon.seals else b""
            answer = self._ask(token, PLAIN, carried)
            if answer.status == UNAUTHORIZED and not last:
                offers = answer.offers
                continue
            if answer.status == UNAUTHORIZED:
                raise LogonRefused(", ".join(answer.offers))
            if answer.status != OK and not carried:
                raise WinRMTransportError("http", answer.status, "")
            self._logon.finish(answer.offers)
            return answer if carried else None
        raise LogonBroke(f"the host asked for more than {MOST_LEGS} messages")

    def _content(self, answer: _Answer) -> bytes:
        if answer.status == UNAUTHORIZED:
            raise LogonRefused(", ".join(answer.offers))
        if answer.status == OK:
            return self._logon.unseal(answer.content_type, answer.body)
        words = b""
        if answer.body and (not self._logon.seals or "encrypted" in answer.content_type.lower()):
            words = self._logon.unseal(answer.content_type, answer.body)  # what nobody sealed is not believed
        raise WinRMTransportError("http", answer.status, words.decode("utf-8", "replace"))

    def _ask(self, token: str, content_type: str, body: bytes) -> _Answer:
        limit_s = self._road.limit_s()
        connection = self._socket or self._open()
        connection.settimeout(limit_s)
        proof = f"Authorization: {token}\r\n" if token else ""
        head = (
            f"{self._head}{proof}Content-Type: {content_type}\r\n"
            f"Connection: Keep-Alive\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        connection.sendall(head.encode() + body)
        response = HTTPResponse(connection, method="POST")
        try:
            response.begin()
            answer = self._road.read(response.read1)
        except HTTPException as error:
            raise ConnectionError(f"no whole answer: {error}") from error
        finally:
            response.close()
        if response.will_close:
            self.close_session()
        headers = response.headers
        offers = headers.get_all("WWW-Authenticate") or ()
        return _Answer(response.status, headers.get("Content-Type", ""), offers, answer)

    def _open(self) -> socket.socket:
        connection = self._road.connect()
        certificate = None
        if self._road.context is not None:
            connection, certificate = self._secured(connection, self._road.context)
        self._socket = connection
        self._road.entered()
        self._logon.begin(certificate)
        return connection

    def _secured(self, raw: socket.socket, context: ssl.SSLContext) -> tuple[ssl.SSLSocket, bytes]:
        try:
            connection = context.wrap_socket(raw, server_hostname=self._name)
        except BaseException:
            raw.close()
            raise
        certificate = connection.getpeercert(binary_form=True) or b""
        pinned = self._access.certificate_sha256
        found = hashlib.sha256(certificate).hexdigest() if pinned else ""
        if found != pinned:
            connection.close()
            raise WrongCertificate(f'Fingerprints did not match. Expected "{pinned}", got "{found}"')
        return connection, certificate

    def close_session(self) -> None:
        """Close the connection."""
        connection, self._socket = self._socket, None
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.close()
