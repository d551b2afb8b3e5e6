"""The lock files of a Prefect server's home, shared by those who use the server and the process that keeps it."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

START_LOCK = "start.lock"
"""Held while somebody begins, ends or decides about the server."""
USERS_LOCK = "users.lock"
"""Held, shared, by everybody who uses the server."""
RECORD_FILE = "server.json"


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Hold a lock that nobody else holds; waits for it."""
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def nobody_holds(path: Path) -> bool:
    """Whether nobody holds the lock now, not even shared."""
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
