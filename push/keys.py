"""Private keys as paramiko wants them, parsed once (those made for one session are not kept)."""

import io
from functools import lru_cache

import paramiko
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from muster.errors import SecretError
from push.credentials import PrivateKey

KINDS: tuple[type[paramiko.PKey], ...] = (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey)


def load_private_key(key: PrivateKey) -> paramiko.PKey:
    """The key, with its certificate where it has one.

    Raises:
        SecretError: it is protected by a passphrase, or no key that can be read.
    """
    return _load(key) if key.once else _load_and_keep(key)


@lru_cache(maxsize=256)
def _load_and_keep(key: PrivateKey) -> paramiko.PKey:
    return _load(key)


def _load(key: PrivateKey) -> paramiko.PKey:
    text = _as_openssh(key)
    for kind in KINDS:
        try:
            loaded = kind.from_private_key(io.StringIO(text))
        except paramiko.PasswordRequiredException:
            raise _locked(key) from None
        except (paramiko.SSHException, ValueError, IndexError):
            continue
        if key.certificate:
            _add_certificate(loaded, key)
        return loaded
    putty = "a PuTTY key is exported as OpenSSH's by puttygen" if key.text.startswith("PuTTY") else ""
    raise SecretError(
        f"{key.origin}: this is no private key that can be read", hint=putty or "ed25519, ECDSA and RSA keys can"
    )


def _as_openssh(key: PrivateKey) -> str:
    """The text in a form that paramiko reads: it knows OpenSSH's own and OpenSSL's old one, and PKCS 8 not."""
    if "-----BEGIN ENCRYPTED PRIVATE KEY-----" in key.text:
        raise _locked(key)
    if "-----BEGIN PRIVATE KEY-----" not in key.text:
        return key.text
    try:
        loaded = load_pem_private_key(key.text.encode(), None)
        return loaded.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return key.text


def _locked(key: PrivateKey) -> SecretError:
    return SecretError(
        f"{key.origin}: the key is protected by a passphrase",
        hint="name the passphrase's reference: key:PATH?passphrase=REFERENCE; or use an SSH agent and agent:",
    )


def _add_certificate(loaded: paramiko.PKey, key: PrivateKey) -> None:
    try:
        loaded.load_certificate(key.certificate)
    except (ValueError, paramiko.SSHException):
        raise SecretError(f"{key.origin}: the certificate beside it is not one of this key") from None
