"""Passwords that a host has refused, kept across processes: a retry tomorrow must not lock the account either.

A file in the workspace, readable by its owner only, changed under a lock. Of a password it holds a digest, keyed by
what a slow hash (scrypt) of the password and the file's own salt gives, so that the file is of little use for guessing.
A record ends when the reference stands for another password (its digest is another one), or when a person says so
(``muster hosts forgive``). Each machine has a file of its own.
"""

import fcntl
import hashlib
import hmac
import json
import os
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock

from muster.errors import InputError, SecretError

FILE_NAME = "refused-passwords.json"
MOST_RECORDS = 100_000


@dataclass(frozen=True, slots=True)
class Refusal:
    """One refused password.

    Attributes:
        who: the account, and the host where it is the host's own.
        reference: the credential reference; empty where it is not known.
        digest: of account and password.
        at: when, in ISO 8601.
    """

    who: str
    reference: str
    digest: str
    at: str


class RefusedPasswords:
    """The file; safe to share between threads and processes. Without refusals it costs one ``stat`` for a question."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = Lock()
        self._seen: tuple[int, int, int] | None = None
        self._salt = ""
        self._records: dict[str, Refusal] = {}
        self._slow: dict[tuple[str, bytes], bytes] = {}

    def holds(self, who: str, secret: str) -> bool:
        """Whether this password was refused to this account.

        Raises:
            SecretError: the file is there and cannot be read.
        """
        with self._lock:
            self._read_again()
            return bool(self._records) and self._digest(who, secret) in self._records

    def add(self, who: str, secret: str, reference: str) -> None:
        """Write down that this password was refused."""
        with self._lock, self._alone():
            self._read_again()
            self._salt = self._salt or os.urandom(16).hex()
            digest = self._digest(who, secret)
            self._records[digest] = Refusal(who, reference, digest, datetime.now(UTC).isoformat(timespec="seconds"))
            self._write()

    def all(self) -> tuple[Refusal, ...]:
        """Every refusal, the oldest first."""
        with self._lock:
            self._read_again()
            return tuple(self._records.values())

    def forget(self, names: Collection[str] | None = None) -> tuple[Refusal, ...]:
        """Let these be tried again: accounts (``who``) or references; None for all. What was forgotten."""
        with self._lock, self._alone():
            self._read_again()
            gone = tuple(one for one in self._records.values() if names is None or {one.who, one.reference} & {*names})
            for one in gone:
                del self._records[one.digest]
            if gone:
                self._write()
            return gone

    def _digest(self, who: str, secret: str) -> str:
        known = self._salt, hashlib.sha256(secret.encode()).digest()
        if known not in self._slow:
            salt = bytes.fromhex(self._salt)
            self._slow[known] = hashlib.scrypt(secret.encode(), salt=salt, n=2**14, r=8, p=1, dklen=32)
        return hmac.digest(self._slow[known], who.encode(), "sha256").hex()

    def _read_again(self) -> None:
        """Read the file where it has changed."""
        try:
            found = self._path.stat()
        except FileNotFoundError:
            self._seen, self._records, self._salt = None, {}, ""
            return
        seen = found.st_ino, found.st_size, found.st_mtime_ns
        if seen == self._seen:
            return
        try:
            content = json.loads(self._path.read_text(encoding="utf-8"))
            self._salt = str(content["salt"])
            records = [Refusal(**record) for record in content["refused"]]
        except (OSError, ValueError, KeyError, TypeError):
            raise SecretError(
                f"{self._path}: cannot be read, so nobody knows which passwords were refused",
                hint="mend it; or remove it, and each of them is tried once more",
            ) from None
        self._records = {record.digest: record for record in records}
        self._seen = seen

    def _write(self) -> None:
        kept = list(self._records.values())[-MOST_RECORDS:]
        text = json.dumps({"salt": self._salt, "refused": [asdict(record) for record in kept]}, indent=1)
        try:
            _replace(self._path, text)
        except OSError as error:
            raise InputError(f"{self._path}: cannot be written: {error.strerror}") from None

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """With no other process changing the file."""
        try:
            folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY)
        except OSError as error:
            raise InputError(f"{self._path}: cannot be written: {error.strerror}") from None
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)


def _replace(path: Path, text: str) -> None:
    """The whole file or none of it, for its owner only."""
    number, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # made with mode 0600
    part = Path(name)
    try:
        with os.fdopen(number, "w", encoding="utf-8") as file:
            file.write(text)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
