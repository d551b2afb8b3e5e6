"""Write what comes in one by one in groups, so that a ledger on a slow disk does not slow down the pushing."""

import time
from collections.abc import Callable, Sequence
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Generic, Self, TypeVar

from muster.errors import LedgerError, LedgerUnavailable

FLUSH_SECONDS = 0.25
"""What has come waits at most this long for others to share a transaction with."""
PATIENCE_S = 10.0
"""A ledger that is away longer than this is given up; one that restarts is back sooner."""

T = TypeVar("T")


class Groups(Generic[T]):
    """Hands what is added to ``write``, in groups, from a thread of its own, until it is left.

    A group that the ledger could not take because it is away is offered again for ``PATIENCE_S``: ``write`` must bear
    the same group twice. Leaving writes what is left.
    """

    def __init__(self, write: Callable[[Sequence[T]], object], *, patience_s: float = PATIENCE_S) -> None:
        self._write = write
        self._patience_s = patience_s
        self._waiting: list[T] = []
        self._lock = Lock()
        self._writing = Lock()
        self._left = Event()
        self._error: LedgerError | None = None
        self._thread = Thread(target=self._keep_writing, name="muster-groups", daemon=True)

    @property
    def broken(self) -> bool:
        """Whether the ledger takes no more: what is begun now could not be written down."""
        return self._error is not None

    def add(self, item: T) -> None:
        """Take one more; it is written within ``FLUSH_SECONDS``.

        Raises:
            LedgerError: when an earlier group could not be written.
        """
        if self._error is not None:
            raise self._error
        with self._lock:
            self._waiting.append(item)

    def flush(self) -> None:
        """Write what has come, now.

        Raises:
            LedgerError: it could not be written, however often it was tried.
        """
        with self._writing:
            if self._error is not None:
                raise self._error
            with self._lock:
                group, self._waiting = self._waiting, []
            if group:
                self._write_patiently(group)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._left.set()
        self._thread.join()
        if self._error is None:
            self.flush()
        elif error is None:
            raise self._error

    def _keep_writing(self) -> None:
        while not self._left.wait(FLUSH_SECONDS):
            try:
                self.flush()
            except LedgerError:
                return

    def _write_patiently(self, group: Sequence[T]) -> None:
        give_up_at = time.monotonic() + self._patience_s
        while True:
            try:
                self._write(group)
            except LedgerUnavailable as error:
                if time.monotonic() >= give_up_at:
                    self._error = error
                    raise
            except LedgerError as error:
                self._error = error
                raise
            else:
                return
            time.sleep(FLUSH_SECONDS)
