"""How Windows keeps a certificate in its registry: properties one after another, the certificate among them. Pure.

``[MS-GPEF]`` and crypt32 write each as identifier, 1, length (32 bits each, little endian) and content.
"""

import struct
from binascii import Error, unhexlify
from collections.abc import Iterator
from hashlib import sha1, sha256

SHA1_PROPERTY, CERTIFICATE_PROPERTY = 3, 32
ROOTS = r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\SystemCertificates\ROOT\Certificates"
BYTES_IN_A_LINE = 20


def thumbprint(der: bytes) -> str:
    """The name of its key: SHA-1 in capitals. A name, not a proof."""
    return sha1(der, usedforsecurity=False).hexdigest().upper()


def registry_file(der: bytes) -> bytes:
    """What ``reg import`` takes to have the machine trust a root."""
    named = unhexlify(thumbprint(der))
    blob = _property(SHA1_PROPERTY, named) + _property(CERTIFICATE_PROPERTY, der)
    pairs = [f"{byte:02x}" for byte in blob]
    rows = [",".join(pairs[at : at + BYTES_IN_A_LINE]) for at in range(0, len(pairs), BYTES_IN_A_LINE)]
    value = ",\\\r\n  ".join(rows)
    lines = ["Windows Registry Editor Version 5.00", "", f"[{ROOTS}\\{thumbprint(der)}]", f'"Blob"=hex:{value}', ""]
    return "".join(f"{line}\r\n" for line in lines).encode("ascii")


def fingerprint_in(blob: str) -> str:
    """The SHA-256 of the certificate in a blob, as ``reg query`` prints it; empty when there is none."""
    try:
        content = dict(_properties(unhexlify(blob.strip())))
    except (Error, ValueError, struct.error):
        return ""
    der = content.get(CERTIFICATE_PROPERTY, b"")
    return sha256(der).hexdigest() if der else ""


def _property(number: int, content: bytes) -> bytes:
    return struct.pack("<III", number, 1, len(content)) + content


def _properties(blob: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(blob):
        number, _, length = struct.unpack_from("<III", blob, at)
        at += 12
        yield number, blob[at : at + length]
        at += length
