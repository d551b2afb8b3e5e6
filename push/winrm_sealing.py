"""Sealed messages in the form of WS-Management (MS-WSMV 2.2.9.1): an envelope of MIME parts around encrypted bytes.

The cipher is the logon's own (pyspnego's contexts for NTLM, Kerberos and CredSSP); this is only the form.
"""

import re
import struct
from collections.abc import Iterator
from typing import Protocol

from spnego.exceptions import SpnegoError

BOUNDARY = b"--Encrypted Boundary"
_OCTETS = b"\tContent-Type: application/octet-stream\r\n"
_END = BOUNDARY + b"--\r\n"
_LENGTH = re.compile(rb"Length=(\d+)")
CREDSSP_PIECE_BYTES = 16_384
"""TLS, which CredSSP seals with, takes no more at once."""


class BadSeal(Exception):
    """An answer is not sealed as it must be, or does not hold what it says: it cannot be believed."""


class Sealed(Protocol):
    """What ``wrap_winrm`` of a pyspnego context gives."""

    @property
    def header(self) -> bytes:
        """The signature."""
        ...

    @property
    def data(self) -> bytes:
        """The encrypted bytes."""
        ...

    @property
    def padding_length(self) -> int:
        """How much longer the encrypted bytes are because of padding."""
        ...


class Cipher(Protocol):
    """The two calls of a pyspnego context that are made for WinRM."""

    def wrap_winrm(self, data: bytes) -> Sealed:
        """Encrypt and sign."""
        ...

    def unwrap_winrm(self, header: bytes, data: bytes) -> bytes:
        """Check and decrypt."""
        ...


def seal(cipher: Cipher, kind: str, message: bytes) -> tuple[str, bytes]:
    """The content type and the body that carry ``message``; ``kind`` is the protocol's name in MS-WSMV."""
    pieces = list(_pieces(kind, message))
    parts = [_part(cipher, kind.encode(), piece) for piece in pieces]
    multi = "multipart/x-multi-encrypted" if len(pieces) > 1 else "multipart/encrypted"
    return f'{multi};protocol="{kind}";boundary="Encrypted Boundary"', b"".join((*parts, _END))


def _pieces(kind: str, message: bytes) -> Iterator[bytes]:
    size = CREDSSP_PIECE_BYTES if "CredSSP" in kind else max(1, len(message))
    for start in range(0, len(message), size):
        yield message[start : start + size]


def _part(cipher: Cipher, kind: bytes, piece: bytes) -> bytes:
    sealed = cipher.wrap_winrm(piece)
    original = b"type=application/soap+xml;charset=UTF-8;Length=%d" % (len(piece) + sealed.padding_length)
    return b"".join(
        (
            BOUNDARY + b"\r\n\tContent-Type: " + kind + b"\r\n\tOriginalContent: " + original + b"\r\n",
            BOUNDARY + b"\r\n" + _OCTETS,
            struct.pack("<i", len(sealed.header)) + sealed.header + sealed.data,
        )
    )


def unseal(cipher: Cipher, content_type: str, body: bytes) -> bytes:
    """What a sealed answer holds.

    Raises:
        BadSeal: it is not sealed, or is not what it says.
    """
    if "encrypted" not in content_type.lower():
        raise BadSeal("an answer that is not encrypted")
    parts = [part for part in body.removesuffix(_END).split(BOUNDARY + b"\r\n") if part]
    if not parts or len(parts) % 2:
        raise BadSeal("an encrypted answer without its parts")
    heads_and_bodies = zip(parts[::2], parts[1::2], strict=True)
    return b"".join(_opened(cipher, head, sealed.removeprefix(_OCTETS)) for head, sealed in heads_and_bodies)


def _opened(cipher: Cipher, head: bytes, sealed: bytes) -> bytes:
    said = _LENGTH.search(head)
    if said is None or len(sealed) < 4:
        raise BadSeal("an encrypted answer without its length")
    (size,) = struct.unpack("<i", sealed[:4])
    try:
        message = cipher.unwrap_winrm(sealed[4 : 4 + size], sealed[4 + size :])
    except SpnegoError as error:
        raise BadSeal("an encrypted answer whose signature does not hold") from error
    if len(message) != int(said.group(1)):
        raise BadSeal("an encrypted answer that is not as long as it says")
    return message
