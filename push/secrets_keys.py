"""Private keys from files, with a passphrase by reference where they are locked."""

from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    load_ssh_private_key,
)

from muster.errors import SecretError
from push.credentials import PrivateKey

PASSPHRASE = "?passphrase="  # noqa: S105 - what stands before the reference to it
"""What stands between a path and the reference to its passphrase."""


def key_from_file(rest: str, *, folder: Path, text_of: Callable[[str], str]) -> PrivateKey:
    """The key that ``PATH`` or ``PATH?passphrase=REFERENCE`` names, and the certificate beside it.

    Raises:
        SecretError: there is no such file, it cannot be read, or the passphrase does not open it.
    """
    name, _, passphrase = rest.partition(PASSPHRASE)
    path = folder / Path(name).expanduser()
    certificate = path.with_name(f"{path.name}-cert.pub")
    try:
        text = path.read_text(encoding="ascii")
        signed = certificate.read_text("ascii") if certificate.exists() else ""
    except FileNotFoundError:
        raise SecretError(
            f"key:{rest}: there is no such file", hint=f"the path is taken from {folder.resolve()}"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not a text file"
        raise SecretError(f"key:{rest}: cannot be read: {reason}") from None
    opened = unlock(text, text_of(passphrase), f"key:{rest}") if passphrase else text
    return PrivateKey(opened, f"key:{rest}", signed)


def unlock(text: str, passphrase: str, origin: str) -> str:
    """A locked private key as text without its passphrase; it stays in memory.

    Raises:
        SecretError: the passphrase does not open it, or it is no key.
    """
    load = load_ssh_private_key if "OPENSSH PRIVATE KEY" in text else load_pem_private_key
    try:
        key = load(text.encode(), passphrase.encode())
    except TypeError:
        return text  # it has no passphrase: nothing is to be opened
    except Exception:  # noqa: BLE001 - whatever it is that cannot be opened, its words may hold parts of it
        raise SecretError(
            f"{origin}: the passphrase does not open this key", hint="check what the reference of the passphrase gives"
        ) from None
    return key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()
