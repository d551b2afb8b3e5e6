"""The key that certificates are signed with (Ed25519), and detached signatures as small files beside what they sign."""

import base64
import binascii
import json
import os
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from muster.errors import InputError, NotFound

KEY_FILE, PUBLIC_FILE = "evidence.key", "evidence.pub"
PREFIX = "muster-ed25519 "


@dataclass(frozen=True)
class SigningKey:
    """The company's key; it stays in the workspace."""

    private: Ed25519PrivateKey

    @property
    def public(self) -> bytes:
        """Its public half, 32 bytes."""
        return self.private.public_key().public_bytes_raw()

    @property
    def fingerprint(self) -> str:
        """What people compare."""
        return fingerprint(self.public)

    @property
    def secret(self) -> bytes:
        """What salts are made from; derived, so that no salt says anything about the key."""
        return sha256(b"muster salts" + self.private.private_bytes_raw()).digest()

    def sign(self, content: bytes) -> bytes:
        """The signature file of some content."""
        made = {
            "algorithm": "ed25519",
            "key": base64.b64encode(self.public).decode(),
            "signature": base64.b64encode(self.private.sign(content)).decode(),
        }
        return (json.dumps(made, indent=1) + "\n").encode()


def fingerprint(public: bytes) -> str:
    """Such as ``SHA256:q1w2...``, as OpenSSH writes them."""
    return "SHA256:" + base64.b64encode(sha256(public).digest()).decode().rstrip("=")


def create_key(folder: Path) -> SigningKey:
    """Make a key and write it to the folder, readable by its owner only; the public half beside it.

    Raises:
        InputError: there is one already.
    """
    key = SigningKey(Ed25519PrivateKey.generate())
    text = key.private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / KEY_FILE
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise InputError(f"{path} is there already", hint="what it signed is checked by it; keep it") from None
    with os.fdopen(handle, "wb") as file:
        file.write(text)
    (folder / PUBLIC_FILE).write_text(public_text(key.public), encoding="ascii")
    return key


def read_key(folder: Path) -> SigningKey:
    """The key of a workspace.

    Raises:
        NotFound: there is none; one is only made on purpose.
        InputError: it cannot be read.
    """
    path = folder / KEY_FILE
    try:
        found = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except FileNotFoundError:
        raise NotFound("there is no key to sign with", hint="muster evidence create-key makes one, once") from None
    except (ValueError, TypeError) as error:
        raise InputError(f"{path}: {error}") from None
    if not isinstance(found, Ed25519PrivateKey):
        raise InputError(f"{path} is no Ed25519 key")
    return SigningKey(found)


def public_text(public: bytes) -> str:
    """A public key as one line."""
    return f"{PREFIX}{base64.b64encode(public).decode()}\n"


def read_public(text: str) -> str:
    """The fingerprint that is meant by a fingerprint, or by the text of a public key.

    Raises:
        InputError: it is neither.
    """
    words = text.strip()
    if words.startswith("SHA256:"):
        return words
    try:
        return fingerprint(base64.b64decode(words.removeprefix(PREFIX), validate=True))
    except (binascii.Error, ValueError):
        raise InputError("this is no public key", hint=f"a file {PUBLIC_FILE}, or SHA256:...") from None


def check(content: bytes, signature_file: bytes) -> str:
    """The fingerprint of the key that signed some content.

    Raises:
        InputError: the signature is not of this content, or is none.
    """
    try:
        said = json.loads(signature_file)
        public = base64.b64decode(said["key"], validate=True)
        signature = base64.b64decode(said["signature"], validate=True)
        Ed25519PublicKey.from_public_bytes(public).verify(signature, content)
    except InvalidSignature:
        raise InputError("the signature is not of this content: it was changed after it was signed") from None
    except (ValueError, KeyError, TypeError, binascii.Error):
        raise InputError("the signature cannot be read") from None
    return fingerprint(public)
