"""How a host of the tests lets users in: Basic, or NTLM and CredSSP with sealed messages by pyspnego's server half."""

import base64
import hashlib
import os
import struct
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import spnego
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from spnego._ntlm_raw.crypto import ntowfv1
from spnego.channel_bindings import GssChannelBindings
from spnego.exceptions import SpnegoError

BOUNDARY = b"--Encrypted Boundary"
PIECE_BYTES = 16_384
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
            if users.items() <= self._users.items():
                return
            if self._file is None:
                self._file = Path(tempfile.mkdtemp(prefix="winrm-users-")) / "users"
                os.environ["NTLM_USER_FILE"] = str(self._file)
            self._users |= users
            fresh = self._file.with_suffix(".new")
            fresh.write_text("".join(_line(user, word) for user, word in self._users.items()))
            fresh.replace(self._file)


def _line(user: str, word: str) -> str:
    """With the hash: from a password pyspnego makes the old LM hash too, 1.5 ms for each logon, which we measure."""
    return f"{user}:0:{'0' * 32}:{ntowfv1(word).hex()}::\n"


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
    """NTLM on one connection: negotiate, challenge, authenticate; then every message sealed, unless TLS does it.

    With ``bindings`` (over TLS) a logon that is bound to another certificate, or to none, is refused, as by a Windows
    host with ``CbtHardeningLevel = Strict``.
    """

    kind = "application/HTTP-SPNEGO-session-encrypted"
    offer = "Negotiate"
    schemes = frozenset({"negotiate", "ntlm"})

    def __init__(self, users: Mapping[str, str], bindings: GssChannelBindings | None = None) -> None:
        _USERS.add(users)
        self._bindings = bindings
        self._begin()

    def _begin(self) -> None:
        self._context = self._fresh()
        self._sealing = False
        self._in = False

    def _fresh(self) -> spnego.ContextProxy:
        return spnego.server(protocol="ntlm", channel_bindings=self._bindings)

    def accept(self, authorization: str) -> str:
        """One step of several; returns the token of the answer.

        Raises:
            Refused: with the challenge of the next step, or for good.
        """
        scheme, _, token = authorization.partition(" ")
        if not token and self._in:
            return ""
        if scheme.lower() not in self.schemes or not token:
            raise Refused(self.offer, final=False)
        if self._in:
            self._begin()
        try:
            answer = self._context.step(base64.b64decode(token)) or b""
        except (SpnegoError, ValueError):
            raise Refused(self.offer, final=True) from None
        if not self._context.complete:
            raise Refused(f"{scheme} {base64.b64encode(answer).decode()}", final=self._says_no(answer))
        self._in = True
        return ""

    def _says_no(self, answer: bytes) -> bool:
        """Whether an answer within the logon is its end."""
        del answer
        return False

    @property
    def sealing(self) -> bool:
        """Whether the last message came sealed."""
        return self._sealing

    def unseal(self, body: bytes, content_type: str) -> bytes:
        """Open a sealed body (MS-WSMV 2.2.9.1); plain bodies stay as they are."""
        if "encrypted" not in content_type:
            return body
        self._sealing = True
        parts = body.removesuffix(BOUNDARY + b"--\r\n").split(BOUNDARY + b"\r\n")
        return b"".join(self._opened(part.removeprefix(_PAYLOAD)) for part in parts if part.startswith(_PAYLOAD))

    def _opened(self, sealed: bytes) -> bytes:
        (length,) = struct.unpack("<i", sealed[:4])
        return self._context.unwrap_winrm(sealed[4 : 4 + length], sealed[4 + length :])

    def seal(self, body: bytes) -> tuple[bytes, str]:
        """Seal an answer as the client sealed its question."""
        if not self._sealing:
            return body, "application/soap+xml;charset=UTF-8"
        size = PIECE_BYTES if "CredSSP" in self.kind else max(1, len(body))
        pieces = [body[start : start + size] for start in range(0, len(body), size)]
        message = b"".join(self._part(piece) for piece in pieces) + BOUNDARY + b"--\r\n"
        multi = "multipart/x-multi-encrypted" if len(pieces) > 1 else "multipart/encrypted"
        return message, f'{multi};protocol="{self.kind}";boundary="Encrypted Boundary"'

    def _part(self, piece: bytes) -> bytes:
        sealed = self._context.wrap_winrm(piece)
        head = f"\r\n\tContent-Type: {self.kind}\r\n\tOriginalContent: type=application/soap+xml;charset=UTF-8;Length="
        lines = BOUNDARY + head.encode() + str(len(piece)).encode() + b"\r\n" + BOUNDARY + b"\r\n" + _PAYLOAD
        return lines + struct.pack("<i", len(sealed.header)) + sealed.header + sealed.data


class KerberosLogon(NtlmLogon):
    """Kerberos on one connection, by the keytab that ``KRB5_KTNAME`` names; see ``tests/fleet/kerberos.py``."""

    schemes = frozenset({"negotiate", "kerberos"})

    def _fresh(self) -> spnego.ContextProxy:
        options = spnego.NegotiateOptions.wrapping_winrm
        return spnego.server(protocol="kerberos", options=options, channel_bindings=self._bindings)

    def accept(self, authorization: str) -> str:
        """One step; the answer proves the host."""
        scheme, _, token = authorization.partition(" ")
        if not token and self._in:
            return ""
        if scheme.lower() not in self.schemes or not token:
            raise Refused(self.offer, final=False)
        try:
            answer = self._context.step(base64.b64decode(token)) or b""
        except (SpnegoError, ValueError):
            raise Refused(self.offer, final=True) from None
        self._in = True
        return f"{scheme} {base64.b64encode(answer).decode()}"


class CredSspLogon(NtlmLogon):
    """CredSSP on one connection: TLS within the logon's messages, NTLM within that, and then the password itself."""

    kind = "application/HTTP-CredSSP-session-encrypted"
    offer = "CredSSP"
    schemes = frozenset({"credssp"})
    given: ClassVar[list[str]] = []
    """Passwords that clients handed over."""

    def _fresh(self) -> spnego.ContextProxy:
        return spnego.server(protocol="credssp")

    def accept(self, authorization: str) -> str:
        """As for NTLM; what was handed over is kept."""
        was_in = self._in
        answer = super().accept(authorization)
        if self._in and not was_in:
            self.given.append(self._context.get_extra_info("client_credential").password)
        return answer

    def _says_no(self, answer: bytes) -> bool:
        return not answer or self._context.get_extra_info("auth_stage") == "Authentication failure"


def bindings_of(certificate: bytes) -> GssChannelBindings:
    """The channel bindings of a server whose certificate (PEM) is signed with SHA-256."""
    der = x509.load_pem_x509_certificate(certificate).public_bytes(Encoding.DER)
    return GssChannelBindings(application_data=b"tls-server-end-point:" + hashlib.sha256(der).digest())
