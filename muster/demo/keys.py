"""Ed25519 keys made on the spot, in OpenSSH's formats."""

import os
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A key in text: the private half as an OpenSSH file, the public half as one line ``ssh-ed25519 AAAA…``."""

    private: str
    public: str

    def __repr__(self) -> str:
        return f"KeyPair(public={self.public!r})"

    @classmethod
    def make(cls) -> "KeyPair":
        """A new key without a passphrase."""
        key = Ed25519PrivateKey.generate()
        private = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
        public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
        return cls(private.decode("ascii"), public.decode("ascii"))

    def write(self, file: Path) -> None:
        """Write the private half to ``file``, which must not be there, readable by its owner only."""
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as opened:
            opened.write(self.private)


def known_hosts_line(address: str, port: int, public: str) -> str:
    """One line of a known_hosts file."""
    name = address if port == 22 else f"[{address}]:{port}"
    return f"{name} {public}\n"
