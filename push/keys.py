"""Private keys as paramiko wants them, parsed once (those made for one session are not kept)."""

import io
from functools import lru_cache

import paramiko

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
    for kind in KINDS:
        try:
            loaded = kind.from_private_key(io.StringIO(key.text))
        except paramiko.PasswordRequiredException:
            raise SecretError(
                f"{key.origin}: the key is protected by a passphrase",
                hint="name the passphrase's reference: key:PATH?passphrase=REFERENCE; or use an SSH agent and agent:",
            ) from None
        except (paramiko.SSHException, ValueError, IndexError):
            continue
        if key.certificate:
            _add_certificate(loaded, key)
        return loaded
    raise SecretError(f"{key.origin}: this is no private key that can be read", hint="ed25519, ECDSA and RSA keys can")


def _add_certificate(loaded: paramiko.PKey, key: PrivateKey) -> None:
    try:
        loaded.load_certificate(key.certificate)
    except (ValueError, paramiko.SSHException):
        raise SecretError(f"{key.origin}: the certificate beside it is not one of this key") from None
