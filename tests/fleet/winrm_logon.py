"""How a host of the tests lets users in: Basic, or NTLM with message encryption by pyspnego's server half."""

import base64
import os
import struct
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path

import spnego
from spnego.exceptions import SpnegoError

PROTOCOL = "application/HTTP-SPNEGO-session-encrypted"
BOUNDARY = b"--Encrypted Boundary"
_PAYLOAD = b"\tContent-Type: application/octet-stream\r\n"


class Refused(Exception):
    """The user is not let in; ``challenge`` is what the answer offers."""

    def __init__(self, challenge: str, *, final: bool) -> None:
        super().__init__(challenge)
        self.challenge = challenge
        self.final = final


class _UserFile:
    """pyspnego reads its users from one file per process, named by an environment variable."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users: dict[str, str] = {}
        self._file: Path | None = None

    def add(self, users: Mapping[str, str]) -> None:
        with self._lock:
            if self._file is None:
                self._file = Path(tempfile.mkdtemp(prefix="winrm-users-")) / "users"
                os.environ["NTLM_USER_FILE"] = str(self._file)
            self._users |= users
            fresh = self._file.with_suffix(".new")
            fresh.write_text("".join(f"{_heimdal(user)}:{word}\n" for user, word in self._users.items()))
            fresh.replace(self._file)


def _heimdal(user: str) -> str:
    domain, _, name = user.rpartition("\\")
    return f"{domain}:{name}"


_USERS = _UserFile()


class BasicLogon:
    """Basic, on every request anew."""

    def __init__(self, users: Mapping[str, str]) -> None:
        self._users = users

    def accept(self, authorization: str) -> str:
        """Let the user in: nothing more to say.

        Raises:
            Refused: no or wrong credentials.
        """
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() == "basic":
            user, _, word = base64.b64decode(token).decode().partition(":")
            if self._users.get(user) == word:
                return ""
        raise Refused('Basic realm="WSMAN"', final=bool(authorization))

    def unseal(self, body: bytes, content_type: str) -> bytes:
        """Basic encrypts nothing: TLS does."""
        del content_type
        return body

    def seal(self, body: bytes) -> tuple[bytes, str]:
        """The body and its content type."""
        return body, "application/soap+xml;charset=UTF-8"


class NtlmLogon:
    """NTLM on one connection: negotiate, challenge, authenticate; then every message sealed, unless TLS does it."""

    def __init__(self, users: Mapping[str, str]) -> None:
        _USERS.add(users)
        self._begin()

    def _begin(self) -> None:
        self._context = spnego.server(protocol="ntlm")
        self._sealing = False
        self._in = False

    def accept(self, authorization: str) -> str:
        """One step of the three; returns the token of the answer.

        Raises:
            Refused: with the challenge of the next step, or for good.
        """
        scheme, _, token = authorization.partition(" ")
        if not token and self._in:
            return ""
        if scheme.lower() not in {"negotiate", "ntlm"} or not token:
            raise Refused("Negotiate", final=False)
        if self._in:
            self._begin()
        try:
            answer = self._context.step(base64.b64decode(token))
        except (SpnegoError, ValueError):
            raise Refused("Negotiate", final=True) from None
        if not self._context.complete:
            raise Refused(f"{scheme} {base64.b64encode(answer or b'').decode()}", final=False)
        self._in = True
        return ""

    @property
    def sealing(self) -> bool:
        """Whether the last message came sealed."""
        return self._sealing

    def unseal(self, body: bytes, content_type: str) -> bytes:
        """Open a sealed body (multipart/encrypted, MS-WSMV 2.2.9.1); plain bodies stay as they are."""
        if "multipart/encrypted" not in content_type:
            return body
        self._sealing = True
        sealed = body.split(_PAYLOAD, 1)[1].removesuffix(BOUNDARY + b"--\r\n")
        (length,) = struct.unpack("<i", sealed[:4])
        return self._context.unwrap(sealed[4:]).data if length else b""

    def seal(self, body: bytes) -> tuple[bytes, str]:
        """Seal an answer as the client sealed its question."""
        if not self._sealing:
            return body, "application/soap+xml;charset=UTF-8"
        sealed = self._context.wrap(body, encrypt=True).data
        head = (
            BOUNDARY
            + b"\r\n\tContent-Type: "
            + PROTOCOL.encode()
            + b"\r\n\tOriginalContent: type=application/soap+xml;"
            b"charset=UTF-8;Length=" + str(len(body)).encode() + b"\r\n" + BOUNDARY + b"\r\n"
        )
        message = head + _PAYLOAD + struct.pack("<i", 16) + sealed + BOUNDARY + b"--\r\n"
        return message, f'multipart/encrypted;protocol="{PROTOCOL}";boundary="Encrypted Boundary"'
