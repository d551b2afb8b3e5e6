"""Keep leases alive while their hosts are worked on, and write ends in groups."""

import time
from collections.abc import Sequence
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Self

from muster.errors import LedgerError, LedgerUnavailable
from muster.ids import HostId
from muster.outcomes import HostOutcome
from muster.ports import Ledger
from muster.records import Lease
from push.groups import Groups

LOOK_SECONDS = 0.25


class KeptLeases:
    """Renews every lease that is still open each third of its time, and writes outcomes in groups.

    A crash before a group is written costs a fresh probe of its hosts. ``asked_at_s`` is when the leases were asked
    for, by ``seconds_since_boot``: they run from then on, at the latest.
    """

    def __init__(self, ledger: Ledger, leases: Sequence[Lease], lease_s: float, *, asked_at_s: float) -> None:
        self._ledger = ledger
        self._lease_s = lease_s
        self._open: dict[HostId, Lease] = {lease.host_id: lease for lease in leases}
        self._held_until = asked_at_s + lease_s
        self._ends: Groups[tuple[Lease, HostOutcome]] = Groups(ledger.finish)
        self._lock = Lock()
        self._left = Event()
        self._error: LedgerError | None = None
        self._thread = Thread(target=self._keep, name="muster-leases", daemon=True)

    def holds(self, host_id: HostId) -> bool:
        """Whether this host may still be touched.

        Its lease was not lost and cannot have run out, and what would become of it could be written down.
        """
        with self._lock:
            held = host_id in self._open and seconds_since_boot() < self._held_until
        return held and not self._ends.broken and self._error is None

    def finish(self, lease: Lease, outcome: HostOutcome) -> None:
        """Take an end; it is written soon, together with others.

        Raises:
            LedgerError: when an earlier group could not be written.
        """
        self._ends.add((lease, outcome))
        with self._lock:
            self._open.pop(lease.host_id, None)

    def flush(self) -> None:
        """Write what has ended, now.

        Raises:
            LedgerError: when it, or an earlier group, could not be written.
        """
        self._ends.flush()

    def __enter__(self) -> Self:
        self._ends.__enter__()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._left.set()
        self._thread.join()
        self._ends.__exit__(kind, error, trace)
        if self._error is not None and error is None:
            raise self._error

    def _keep(self) -> None:
        """Renew in time. A ledger that is away is asked again until the leases have run out."""
        due_at = seconds_since_boot() + self._lease_s / 3
        while not self._left.wait(LOOK_SECONDS):
            if seconds_since_boot() < due_at:
                continue
            try:
                self._renew()
            except LedgerUnavailable as error:
                if seconds_since_boot() >= self._held_until:
                    self._error = error
                    return
            except LedgerError as error:
                self._error = error
                return
            else:
                due_at = seconds_since_boot() + self._lease_s / 3

    def _renew(self) -> None:
        with self._lock:
            leases = tuple(self._open.values())
        asked_at = seconds_since_boot()
        renewed = self._ledger.renew(leases, lease_s=self._lease_s) if leases else ()
        lost = {lease.host_id for lease in leases} - {lease.host_id for lease in renewed}
        with self._lock:
            self._held_until = asked_at + self._lease_s
            for host_id in lost:
                self._open.pop(host_id, None)


def seconds_since_boot() -> float:
    """Sleep included: a laptop that was shut for an hour has lost its leases."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)
