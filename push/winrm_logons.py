"""The logons of WinRM: Basic in a header, and NTLM, Kerberos and CredSSP by pyspnego's contexts.

A negotiated logon belongs to its connection: it is made once, in two to five short messages, and holds for everything
that follows. Over HTTP it seals every message after that; over HTTPS TLS does, and the logon is bound to the host's
certificate (channel bindings, RFC 5929), so that it is of no use at any other.
"""

import base64
import importlib.util
import re
from collections.abc import Sequence
from functools import partial
from typing import Protocol

import spnego
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from spnego._ntlm_raw.crypto import ntowfv1
from spnego.channel_bindings import GssChannelBindings
from spnego.exceptions import InvalidCredentialError, NegotiateOptions

from muster.errors import StepFailed
from push.winrm_access import Logon
from push.winrm_passwords import LogonRefused
from push.winrm_sealing import seal, unseal

PLAIN = "application/soap+xml;charset=UTF-8"
SPNEGO_KIND = "application/HTTP-SPNEGO-session-encrypted"
CREDSSP_KIND = "application/HTTP-CredSSP-session-encrypted"
CREDSSP_OLDEST = 5
"""CredSSP versions before this one hand the password to whoever stands between (CVE-2018-0886, patched in May 2018)."""
MOST_LEGS = 12
"""No logon takes so many messages; one that does is going round in circles."""
REALM_SAYS_NO = {-1765328353, -1765328360, -1765328361, -1765328366, -1765328378}
"""MIT Kerberos: wrong password (twice, by how the realm asks), expired, revoked, no such user."""
NEEDS = {Logon.KERBEROS: ("gssapi", "krb5")}
"""Modules that a logon needs and that are not installed with Muster."""


class LogonBroke(Exception):
    """The logon could not be carried through, for another reason than that the host does not take the credential."""


class LogonNotOffered(Exception):
    """The host does not take this kind of logon; the password was not tried, so it counts for nobody.

    ``offers`` is what it would take instead.
    """

    def __init__(self, offers: str) -> None:
        super().__init__(offers)
        self.offers = offers


class Session(Protocol):
    """A logon on one connection.

    Attributes:
        done: the host has let us in, or takes a header with every message.
        seals: messages must be sealed.
        header: the ``Authorization`` header of every message; empty where a logon holds for the connection.
    """

    done: bool
    seals: bool
    header: str

    def begin(self, certificate: bytes | None) -> None:
        """A new connection; ``certificate`` is the host's in DER, or None without TLS."""
        ...

    def token(self, offers: Sequence[str]) -> str:
        """The next ``Authorization`` header; ``offers`` are the ``WWW-Authenticate`` headers of the last answer.

        Raises:
            LogonRefused: the host does not take the credential.
            LogonNotOffered: the host does not take this kind of logon.
            LogonBroke: it cannot be carried through.
        """
        ...

    def ends_with_next(self) -> bool:
        """Whether the token that was just given is the last one."""
        ...

    def finish(self, offers: Sequence[str]) -> None:
        """The host has let us in; what it said with that is checked."""
        ...

    def seal(self, message: bytes) -> tuple[str, bytes]:
        """Content type and body."""
        ...

    def unseal(self, content_type: str, body: bytes) -> bytes:
        """What an answer holds."""
        ...


class Basic:
    """User and password in a header of every message; over TLS only."""

    seals = False
    done = True

    def __init__(self, user: str, password: str) -> None:
        self.header = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()

    def begin(self, certificate: bytes | None) -> None:
        """Nothing to begin."""

    def token(self, offers: Sequence[str]) -> str:
        """Never asked for: a host that does not take the header does not take the credential."""
        raise LogonRefused(", ".join(offers))

    def ends_with_next(self) -> bool:
        """There is one only."""
        return True

    def finish(self, offers: Sequence[str]) -> None:
        """The host has nothing to prove but its certificate."""

    def seal(self, message: bytes) -> tuple[str, bytes]:
        """TLS encrypts."""
        return PLAIN, message

    def unseal(self, content_type: str, body: bytes) -> bytes:
        """TLS decrypted."""
        del content_type
        return body


class Negotiated:
    """NTLM, Kerberos or CredSSP on one connection."""

    header = ""

    def __init__(self, logon: Logon, user: str, password: str, host: str) -> None:
        self._logon = logon
        self._user = user
        self._password = password
        self._host = host
        self._scheme = "CredSSP" if logon is Logon.CREDSSP else "Negotiate"
        self._kind = CREDSSP_KIND if logon is Logon.CREDSSP else SPNEGO_KIND
        self.seals = False
        self.done = False

    def begin(self, certificate: bytes | None) -> None:
        """A context of its own; bound to the certificate where there is one."""
        self.seals = certificate is None
        self.done = False
        self._begun = False
        bindings = _bindings(certificate) if certificate else None
        try:
            self._context = self._new(bindings)
        except Exception as error:  # whatever it is: the system's Kerberos has errors of its own, from optional modules
            raise self._meaning(error) from error

    def _new(self, bindings: GssChannelBindings | None) -> spnego.ContextProxy:
        ask = partial(spnego.client, hostname=self._host, service="HTTP", channel_bindings=bindings)
        if self._logon is Logon.NTLM:
            # by the hash: from a password pyspnego also makes the old LM hash, which takes longer than all the rest
            secret = spnego.NTLMHash(self._user, nt_hash=ntowfv1(self._password).hex())
            return ask(secret, protocol="ntlm", options=NegotiateOptions.use_ntlm)
        if self._logon is Logon.CREDSSP:
            return ask(self._user, self._password, protocol="credssp", credssp_min_protocol=CREDSSP_OLDEST)
        user = self._user if self._password or "@" in self._user else None  # else whosever ticket is there
        options = NegotiateOptions.wrapping_winrm if self.seals else NegotiateOptions.none
        return ask(user, self._password or None, protocol="kerberos", options=options)

    def token(self, offers: Sequence[str]) -> str:
        """The context's next token."""
        heard = self._heard(offers)
        if self._begun and heard is None:
            raise self._no_token(offers)
        self._begun = True
        try:
            said = self._context.step(heard)
        except Exception as error:  # as above
            raise self._meaning(error) from error
        return f"{self._scheme} {base64.b64encode(said or b'').decode()}"

    def ends_with_next(self) -> bool:
        """Whether the context is complete on our side; Kerberos waits for the host's own proof."""
        return bool(self._context.complete)

    def finish(self, offers: Sequence[str]) -> None:
        """Take the host's proof, where the context still waits for one."""
        if not self._context.complete and self._heard(offers) is not None:
            self.token(offers)
        if not self._context.complete:
            raise LogonBroke("the host let us in before it had proved itself")
        self.done = True

    def seal(self, message: bytes) -> tuple[str, bytes]:
        """Sealed, or as it is where TLS encrypts."""
        return seal(self._context, self._kind, message) if self.seals else (PLAIN, message)

    def unseal(self, content_type: str, body: bytes) -> bytes:
        """Opened; what ought to be sealed and is not is refused."""
        return unseal(self._context, content_type, body) if self.seals else body

    def _heard(self, offers: Sequence[str]) -> bytes | None:
        for offer in offers:
            found = re.search(rf"\b{self._scheme}\s+([A-Za-z0-9+/=]+)", offer, re.IGNORECASE)
            if found:
                return base64.b64decode(found.group(1))
        return None

    def _no_token(self, offers: Sequence[str]) -> LogonRefused | LogonNotOffered:
        words = ", ".join(offers)
        if words and self._scheme.lower() not in words.lower():
            return LogonNotOffered(words)
        return LogonRefused(words)

    def _meaning(self, error: Exception) -> Exception:
        """A refused credential, or a logon that broke off."""
        refused_by_host = self._logon is Logon.CREDSSP and getattr(error, "base_error", None) is not None
        refused_by_realm = getattr(error, "err_code", 0) in REALM_SAYS_NO
        if isinstance(error, InvalidCredentialError) or refused_by_host or refused_by_realm:
            return LogonRefused("")
        return LogonBroke(str(error))


def session_for(logon: Logon, user: str, password: str, host: str) -> Session:
    """The logon of one connection."""
    return Basic(user, password) if logon is Logon.BASIC else Negotiated(logon, user, password, host)


def refuse_without_modules(logon: Logon) -> None:
    """Say what is to be installed for this logon, before anything is sent.

    Raises:
        StepFailed: modules are missing.
    """
    missing = [name for name in NEEDS.get(logon, ()) if importlib.util.find_spec(name) is None]
    if missing:
        raise StepFailed(
            f"{logon} logons need {' and '.join(missing)}, not installed here; nothing was sent",
            hint=f'pip install "muster[{logon}]" (it compiles against the system\'s Kerberos: libkrb5-dev)',
        )


def _bindings(certificate: bytes) -> GssChannelBindings:
    """``tls-server-end-point``: the certificate by the hash of its own signature, SHA-256 for the weak ones."""
    try:
        used = x509.load_der_x509_certificate(certificate).signature_hash_algorithm
    except (UnsupportedAlgorithm, ValueError):
        used = None
    chosen = hashes.SHA256() if used is None or used.name in {"md5", "sha1"} else used
    digest = hashes.Hash(chosen)
    digest.update(certificate)
    return GssChannelBindings(application_data=b"tls-server-end-point:" + digest.finalize())
