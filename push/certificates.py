"""Short-lived SSH certificates: a fresh key for every session, signed for one principal and for its window only.

Reference: ``ca:PATH`` (or ``ca:REFERENCE`` of the authority's key) with options after ``?``, joined by ``&``:

============= ====================================================================================
principal     whom it is for; the login name when not given
source        addresses it may be used from (OpenSSH's ``source-address``: 10.0.0.0/8,192.0.2.7)
passphrase    reference to the passphrase of the authority's key; the last option
============= ====================================================================================

The host trusts the authority by ``TrustedUserCAKeys``. The certificate is valid from a little before the session to
the session's deadline and a little after, carries no extension (no terminal, no forwarding, except to a jump host,
which must forward), and names in its key id what it was made for, which sshd writes into its log.
"""

import ipaddress
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import replace

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    SSHCertificateBuilder,
    SSHCertificateType,
    load_pem_private_key,
    load_ssh_private_key,
)

from muster.errors import SecretError
from push.credentials import Authority, Login, PrivateKey, Use

SKEW_S = 120
"""How far a host's clock may be from ours: clocks are what this product is called for."""
LONGEST_ID = 200
OPTIONS = ("principal", "source", "passphrase")
_NEXT = re.compile(rf"&(?=(?:{'|'.join(OPTIONS)})=)")
_OF_A_REFERENCE = re.compile(r"[a-z]+:")

SigningKey = Ed25519PrivateKey | EllipticCurvePrivateKey | RSAPrivateKey


def authority_of(rest: str, key_of: Callable[[str], Login]) -> Authority:
    """The authority that a reference names; ``rest`` is what follows ``ca:``.

    Raises:
        SecretError: an option is wrong, or its key cannot be had.
    """
    origin = f"ca:{rest}"
    place, _, told = rest.partition("?")
    options = _options(told, origin)
    reference = place if _OF_A_REFERENCE.match(place) else f"key:{place}"
    if "passphrase" in options:
        reference += f"?passphrase={options['passphrase']}"
    key = key_of(reference)
    if not isinstance(key, PrivateKey):
        raise SecretError(f"{origin}: an authority is a private key, not a password or an agent")
    _signing_key(key, origin)
    return Authority(replace(key, origin=origin), options.get("principal", ""), options.get("source", ""), origin)


def sign_for(authority: Authority, use: Use) -> PrivateKey:
    """A fresh key and its certificate, good for one use.

    Raises:
        SecretError: nobody says for whom it is to be.
    """
    principal = authority.principal or use.user
    if not principal:
        raise SecretError(f"{authority.origin}: names no principal", hint="write ca:PATH?principal=NAME")
    key, now_s = Ed25519PrivateKey.generate(), int(time.time())
    builder = (
        SSHCertificateBuilder()
        .public_key(key.public_key())
        .type(SSHCertificateType.USER)
        .serial(secrets.randbits(63))
        .key_id(_key_id(use).encode())
        .valid_principals([principal.encode()])
        .valid_after(now_s - SKEW_S)
        .valid_before(now_s + round(use.seconds) + SKEW_S)
    )
    if authority.source:
        builder = builder.add_critical_option(b"source-address", authority.source.encode())
    if use.forwarding:
        builder = builder.add_extension(b"permit-port-forwarding", b"")
    certificate = builder.sign(_signing_key(authority.key, authority.origin))
    text = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()
    return PrivateKey(text, authority.origin, certificate.public_bytes().decode(), once=True)


def _key_id(use: Use) -> str:
    """In one printable line, because sshd writes it into its log."""
    said = "".join(sign if sign.isprintable() else " " for sign in f"muster {use.purpose}")
    return " ".join(said.split())[:LONGEST_ID]


def _options(told: str, origin: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in _NEXT.split(told) if told else ():
        name, _, value = part.partition("=")
        if name not in OPTIONS or not value:
            raise SecretError(f"{origin}: {name!r} is no option of ca:", hint=f"there are {', '.join(OPTIONS)}")
        found[name] = value
    for network in found.get("source", "").split(",") if "source" in found else ():
        try:
            ipaddress.ip_network(network, strict=False)
        except ValueError:
            raise SecretError(
                f"{origin}: {network!r} is no address or network", hint="such as source=10.0.0.0/8"
            ) from None
    return found


def _signing_key(key: PrivateKey, origin: str) -> SigningKey:
    load = load_ssh_private_key if "OPENSSH PRIVATE KEY" in key.text else load_pem_private_key
    try:
        loaded = load(key.text.encode(), None)
    except TypeError:
        raise SecretError(
            f"{origin}: the authority's key is protected by a passphrase", hint="add &passphrase=REFERENCE at its end"
        ) from None
    except Exception:  # noqa: BLE001 - whatever cannot be read here, its words may hold parts of a key
        raise SecretError(f"{origin}: this is no private key that can be read") from None
    if not isinstance(loaded, SigningKey):
        raise SecretError(f"{origin}: this kind of key signs no certificates", hint="ed25519, ECDSA and RSA keys do")
    return loaded
