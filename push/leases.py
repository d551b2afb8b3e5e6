"""Keep leases alive while their hosts are worked on, and write ends in groups."""

import time
from collections.abc import Sequence
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Self

from muster.errors import LedgerError
from muster.ids import HostId
from muster.outcomes import HostOutcome
from muster.ports import Ledger
from muster.records import Lease

FLUSH_SECONDS = 0.25
"""An end waits at most this long for others to share a transaction with; a crash in between costs a fresh probe."""


class KeptLeases:
    """Renews every lease that is still open each third of its time, and writes outcomes in groups."""

    def __init__(self, ledger: Ledger, leases: Sequence[Lease], lease_s: float) -> None:
        self._ledger = ledger
        self._lease_s = lease_s
        self._open: dict[HostId, Lease] = {lease.host_id: lease for lease in leases}
        self._held_until = _awake_and_asleep_s() + lease_s
        self._ended: list[tuple[Lease, HostOutcome]] = []
        self._lock = Lock()
        self._left = Event()
        self._error: LedgerError | None = None
        self._thread = Thread(target=self._keep, name="muster-leases", daemon=True)

    def holds(self, host_id: HostId) -> bool:
        """Whether this host may still be touched: its lease was not lost and cannot have run out."""
        with self._lock:
            return host_id in self._open and _awake_and_asleep_s() < self._held_until

    def finish(self, lease: Lease, outcome: HostOutcome) -> None:
        """Take an end; it is written within ``FLUSH_SECONDS``.

        Raises:
            LedgerError: when an earlier group could not be written.
        """
        if self._error is not None:
            raise self._error
        with self._lock:
            self._ended.append((lease, outcome))
            self._open.pop(lease.host_id, None)

    def flush(self) -> None:
        """Write what has ended, now."""
        with self._lock:
            ended, self._ended = self._ended, []
        if ended:
            self._ledger.finish(ended)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._left.set()
        self._thread.join()
        self.flush()
        if self._error is not None and error is None:
            raise self._error

    def _keep(self) -> None:
        waited = 0.0
        while not self._left.wait(FLUSH_SECONDS):
            waited += FLUSH_SECONDS
            try:
                self.flush()
                if waited >= self._lease_s / 3:
                    waited = 0.0
                    self._renew()
            except LedgerError as error:
                self._error = error
                return

    def _renew(self) -> None:
        with self._lock:
            leases = tuple(self._open.values())
        asked_at = _awake_and_asleep_s()
        renewed = self._ledger.renew(leases, lease_s=self._lease_s) if leases else ()
        lost = {lease.host_id for lease in leases} - {lease.host_id for lease in renewed}
        with self._lock:
            self._held_until = asked_at + self._lease_s
            for host_id in lost:
                self._open.pop(host_id, None)


def _awake_and_asleep_s() -> float:
    """Seconds since boot, sleep included: a laptop that was shut for an hour has lost its leases."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)
