"""HTTP for Basic logons over TLS, as small as WinRM needs it: one connection, one request after the other.

It takes the place of pywinrm's transport, which goes through requests and urllib3, where nothing of theirs is needed:
Basic says who it is in a header, and TLS encrypts. That is half of the client's CPU for a command (docs/winrm.md).
"""

import base64
import contextlib
import hashlib
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from urllib.parse import urlsplit

from winrm.exceptions import WinRMTransportError

from push.winrm_access import WinRmAccess
from push.winrm_passwords import LogonRefused


class WrongCertificate(ssl.SSLError):
    """The host's certificate is not the pinned one; names both fingerprints."""


@dataclass(frozen=True, slots=True)
class Road:
    """The way to the host.

    Attributes:
        connect: opens the connection.
        entered: called when TLS stands.
        context: checks the certificate, or does not where a certificate is pinned or the host was marked.
        limit_s: how long one wait may take; raises when the order is over.
        read: reads an answer's body under a cap.
    """

    connect: Callable[[], socket.socket]
    entered: Callable[[], None]
    context: ssl.SSLContext
    limit_s: Callable[[], float]
    read: Callable[[Callable[[int], bytes]], bytes]


class BasicTransport:
    """The two methods of pywinrm's transport that its protocol calls."""

    def __init__(self, endpoint: str, access: WinRmAccess, user: str, password: str, road: Road) -> None:
        parts = urlsplit(endpoint)
        self._access = access
        self._name = access.certificate_name or parts.hostname or ""
        self._road = road
        self._socket: ssl.SSLSocket | None = None
        token = base64.b64encode(f"{user}:{password}".encode()).decode()
        lines = (
            f"POST {parts.path} HTTP/1.1",
            f"Host: {parts.netloc}",
            f"Authorization: Basic {token}",
            "User-Agent: Muster",
            "Content-Type: application/soap+xml;charset=UTF-8",
            "Connection: Keep-Alive",
            "Content-Length: ",
        )
        self._head = "\r\n".join(lines).encode()

    def send_message(self, message: str | bytes) -> bytes:
        """Send one message and read the answer.

        Raises:
            LogonRefused: the host does not take the credential.
            WinRMTransportError: any other answer than 200, with its body.
        """
        limit_s = self._road.limit_s()
        connection = self._socket or self._open()
        connection.settimeout(limit_s)
        body = message.encode() if isinstance(message, str) else message
        connection.sendall(b"%b%d\r\n\r\n%b" % (self._head, len(body), body))
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
        if response.status == 401:
            raise LogonRefused(response.headers.get("WWW-Authenticate", ""))
        if response.status != 200:
            raise WinRMTransportError("http", response.status, answer.decode("utf-8", "replace"))
        return answer

    def _open(self) -> ssl.SSLSocket:
        raw = self._road.connect()
        try:
            connection = self._road.context.wrap_socket(raw, server_hostname=self._name)
        except BaseException:
            raw.close()
            raise
        self._socket = connection
        pinned = self._access.certificate_sha256
        if pinned:
            found = hashlib.sha256(connection.getpeercert(binary_form=True) or b"").hexdigest()
            if found != pinned:
                raise WrongCertificate(f'Fingerprints did not match. Expected "{pinned}", got "{found}"')
        self._road.entered()
        return connection

    def close_session(self) -> None:
        """Close the connection."""
        connection, self._socket = self._socket, None
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.close()
