"""Host keys that were trusted on purpose, read as OpenSSH reads its ``known_hosts`` (sshd(8), SSH_KNOWN_HOSTS).

A file is parsed once. Plain names are found in a table; patterns (``*``, ``?``, ``!``) and hashed names
(``|1|salt|hash``) have to be tried one after the other, because every hash has a salt of its own, so a file of many
thousand hashed lines is slow: ``muster hosts trust`` writes plain ones. A port other than 22 is looked for as
``[host]:port`` first and then, as OpenSSH does, as the bare name. ``@revoked`` beats everything.
"""

import base64
import binascii
import fnmatch
import hashlib
import hmac
import time
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from threading import Lock

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    SSHCertificate,
    SSHCertificateType,
    load_ssh_public_identity,
)

from muster.errors import InputError, Untrusted

USUAL_PORT = 22
TRUST_HINT = "find out by another way whose key this is; then: muster hosts trust"


class Marker(StrEnum):
    """What a line is for."""

    NONE = ""
    AUTHORITY = "@cert-authority"
    REVOKED = "@revoked"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a known_hosts file."""

    marker: Marker
    names: tuple[str, ...]
    key_type: str
    blob: bytes
    place: str

    def matches(self, name: str) -> bool:
        """Whether the line is about ``name``: one of its names fits, and none with ``!`` does."""
        if any(each.startswith("!") and _fits(each[1:], name) for each in self.names):
            return False
        return any(not each.startswith("!") and _fits(each, name) for each in self.names)


def fingerprint(blob: bytes) -> str:
    """A key's fingerprint as OpenSSH shows it: ``SHA256:…``."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")


def host_pattern(address: str, port: int, via: str = "") -> str:
    """The name by which a host at a port stands in the file.

    ``via`` is the same of the jump host that it is behind: many clients have a machine 10.0.0.7, and each is another.
    OpenSSH finds such a line with ``HostKeyAlias``.
    """
    if via:
        return f"{host_pattern(address, port)}@{via}"
    name = address.lower().removeprefix("[").removesuffix("]")
    return name if port in {0, USUAL_PORT} else f"[{name}]:{port}"


def type_of_blob(blob: bytes) -> str:
    """The key type that a blob names, such as ``ssh-ed25519``; empty when it is none."""
    length = int.from_bytes(blob[:4], "big")
    return blob[4 : 4 + length].decode("ascii", "replace") if 0 < length < 100 else ""


class KnownHosts:
    """What is trusted. Immutable; ``read`` makes a new one."""

    def __init__(self, lines: Iterable[Line] = (), *, source: str = "known_hosts") -> None:
        self.source = source
        self._exact: dict[str, list[Line]] = {}
        self._patterns: list[Line] = []
        self._revoked: dict[bytes, list[Line]] = {}
        for line in lines:
            self._take(line)

    @classmethod
    def read(cls, path: Path) -> "KnownHosts":
        """Read a file; one that is not there trusts nobody.

        Raises:
            InputError: it cannot be read. Lines that cannot be understood are left out, as OpenSSH does.
        """
        try:
            text = path.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            text = ""
        except OSError as error:
            raise InputError(f"{path}: cannot be read: {error.strerror}") from None
        return cls(parse(text, str(path)), source=str(path))

    def _take(self, line: Line) -> None:
        if line.marker is Marker.REVOKED:
            self._revoked.setdefault(line.blob, []).append(line)
        elif all(_is_plain(name) for name in line.names):
            for name in line.names:
                self._exact.setdefault(name.lower(), []).append(line)
        else:
            self._patterns.append(line)

    def lines_for(self, address: str, port: int, via: str = "") -> tuple[Line, ...]:
        """The lines about a host, authorities among them, revoked keys not.

        Behind a jump host (``via``) the lines that name it count, and only where there are none, those without.
        """
        found = self._lines_named(host_pattern(address, port, via)) if via else ()
        found = found or self._lines_named(host_pattern(address, port))
        if not found and port not in {0, USUAL_PORT}:
            found = self._lines_named(host_pattern(address, USUAL_PORT))
        return found

    def _lines_named(self, name: str) -> tuple[Line, ...]:
        return (*self._exact.get(name, ()), *(line for line in self._patterns if line.matches(name)))

    def key_types(self, address: str, port: int, via: str = "") -> tuple[str, ...]:
        """Types of the keys known for a host, to ask it for; ``certificate`` is first where there is an authority."""
        lines = self.lines_for(address, port, via)
        plain = tuple(dict.fromkeys(line.key_type for line in lines if line.marker is Marker.NONE))
        return ("certificate", *plain) if any(line.marker is Marker.AUTHORITY for line in lines) else plain

    def check(self, address: str, port: int, blob: bytes, *, certificate: bytes = b"", via: str = "") -> None:
        """Return when the host that showed this key (and this certificate) is trusted.

        Raises:
            Untrusted: it is not; the message names the fingerprints and the lines.
        """
        self._check_revoked(blob)
        lines = self.lines_for(address, port, via)
        authorities = [line for line in lines if line.marker is Marker.AUTHORITY]
        keys = [line for line in lines if line.marker is Marker.NONE]
        known = any(hmac.compare_digest(line.blob, blob) for line in keys)
        if certificate:
            self._check_signer_revoked(certificate)
        if certificate and authorities:
            try:
                self._check_certificate(address, certificate, authorities)
            except Untrusted:
                if not known:  # as OpenSSH does: a key that is trusted by itself needs no certificate
                    raise
            return
        if known:
            return
        offered = f"{type_of_blob(blob)} {fingerprint(blob)}"
        if not keys:
            raise Untrusted(f"its key {offered} is not known", hint=TRUST_HINT)
        told = ", ".join(f"{line.key_type} {fingerprint(line.blob)} ({line.place})" for line in keys)
        raise Untrusted(
            f"its key has changed: it shows {offered}, known is {told}",
            hint="was the machine set up anew, or does another one answer? then: muster hosts trust --replace HOST",
        )

    def is_revoked(self, blob: bytes) -> bool:
        """Whether a line revokes this key."""
        return blob in self._revoked

    def _check_revoked(self, blob: bytes) -> None:
        if blob in self._revoked:
            place = self._revoked[blob][0].place
            raise Untrusted(f"its key {fingerprint(blob)} is revoked ({place})", hint="give the host a new key")

    def _check_signer_revoked(self, blob: bytes) -> None:
        """A certificate of a revoked authority says that the key is not to be trusted, however else it is known."""
        try:
            self._check_revoked(_signer_blob(_load_certificate(blob)))
        except ValueError:
            return  # what cannot be read proves nothing; whether it is needed is seen elsewhere

    def _check_certificate(self, address: str, blob: bytes, authorities: list[Line]) -> None:
        try:
            certificate = _load_certificate(blob)
        except ValueError as error:
            raise Untrusted(f"its certificate cannot be read: {error}") from None
        signer_blob = _signer_blob(certificate)
        if not any(line.blob == signer_blob for line in authorities):
            known = ", ".join(f"{fingerprint(line.blob)} ({line.place})" for line in authorities)
            raise Untrusted(
                f"its certificate is signed by {fingerprint(signer_blob)}, trusted is {known}", hint=TRUST_HINT
            )
        wrong = certificate_fault(certificate, address, now_s=time.time())
        if wrong:
            raise Untrusted(f"its certificate {wrong}", hint="have it signed anew")


def _load_certificate(blob: bytes) -> SSHCertificate:
    """Read a certificate.

    Raises:
        ValueError: it is none that can be read.
    """
    encoded = type_of_blob(blob).encode() + b" " + base64.b64encode(blob)
    try:
        certificate = load_ssh_public_identity(encoded)
    except UnsupportedAlgorithm as error:
        raise ValueError(str(error)) from None
    if not isinstance(certificate, SSHCertificate):
        raise ValueError("it is a plain key")  # noqa: TRY004 - the content is wrong, not the caller
    return certificate


def _signer_blob(certificate: SSHCertificate) -> bytes:
    signer = certificate.signature_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    return base64.b64decode(signer.split()[1])


class KnownHostsFile:
    """What is trusted now: the file is read again when it has changed, so that a long-lived process hears of new keys.

    Calling it costs one ``stat`` as long as the file stays as it is. Safe to share between threads.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = Lock()
        self._seen = self._look()
        self._current = KnownHosts.read(path)

    def __call__(self) -> KnownHosts:
        """The keys as the file has them now.

        Raises:
            InputError: the file cannot be read.
        """
        seen = self._look()
        with self._lock:
            if seen != self._seen:
                self._current, self._seen = KnownHosts.read(self._path), seen
            return self._current

    def _look(self) -> tuple[int, int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_ino, found.st_size, found.st_mtime_ns


def certificate_fault(certificate: SSHCertificate, address: str, *, now_s: float) -> str:
    """What is wrong with a host certificate whose signer is trusted; empty when nothing is."""
    principals = [name.decode("utf-8", "replace") for name in certificate.valid_principals]
    faults = {
        "has a signature that is not its signer's": not _is_signed(certificate),
        "is signed with SHA-1, which is not safe any more": _is_signed_with_sha1(certificate),
        "is one of a user, not of a host": certificate.type is not SSHCertificateType.HOST,
        "has critical options, which host certificates have none of": bool(certificate.critical_options),
        "is not valid yet": now_s < certificate.valid_after,
        "has run out": now_s >= certificate.valid_before,
        f"is for {', '.join(principals)}, not for {address}": not _is_for(principals, address),
    }
    return next((fault for fault, holds in faults.items() if holds), "")


def _is_signed(certificate: SSHCertificate) -> bool:
    try:
        certificate.verify_cert_signature()
    except InvalidSignature:
        return False
    return True


def _is_signed_with_sha1(certificate: SSHCertificate) -> bool:
    """OpenSSH takes no such signature any more (``CASignatureAlgorithms``); cryptography does, and names it nowhere."""
    return getattr(certificate, "_inner_sig_type", b"ssh-rsa") == b"ssh-rsa"


def _is_for(principals: list[str], address: str) -> bool:
    """A host certificate without principals is for every host, as OpenSSH has it; patterns are allowed."""
    return not principals or any(_fits(name, address.lower()) for name in principals)


def parse(text: str, source: str) -> list[Line]:
    """The lines of a known_hosts file that can be understood."""
    lines = []
    for number, raw in enumerate(text.splitlines(), start=1):
        line = _parse_line(raw, f"{source}:{number}")
        if line is not None:
            lines.append(line)
    return lines


def _parse_line(raw: str, place: str) -> Line | None:
    words = raw.split()
    if not words or words[0].startswith("#"):
        return None
    marker = Marker.NONE
    if words[0].startswith("@"):
        if words[0] not in set(Marker):
            return None
        marker = Marker(words.pop(0))
    if len(words) < 3:
        return None
    try:
        blob = base64.b64decode(words[2], validate=True)
    except (binascii.Error, ValueError):
        return None
    if type_of_blob(blob) != words[1]:
        return None
    return Line(marker, tuple(name for name in words[0].split(",") if name), words[1], blob, place)


def _is_plain(name: str) -> bool:
    return not name.startswith(("|", "!")) and "*" not in name and "?" not in name


def _fits(pattern: str, name: str) -> bool:
    if pattern.startswith("|1|"):
        return _hash_fits(pattern, name)
    return fnmatch.fnmatchcase(name, _only_stars(pattern.lower()))


def _only_stars(pattern: str) -> str:
    """OpenSSH knows ``*`` and ``?`` and nothing else; ``[`` is a letter, as in ``[host]:port``."""
    return pattern.replace("[", "[[]")


def _hash_fits(pattern: str, name: str) -> bool:
    try:
        _, _, salt, wanted = pattern.split("|")
        made = hmac.digest(base64.b64decode(salt), name.encode(), "sha1")
        return hmac.compare_digest(made, base64.b64decode(wanted))
    except (ValueError, binascii.Error):
        return False
