"""How much goes to one site at one time: hosts, and bytes a second.

A site with a thin line must not be filled by a push, and a fleet has many sites. So whoever pushes asks here before a
host is begun, and a host that may not begin yet waits without a thread while other sites go on:

- hosts: no more of a site at one time than its cap;
- bytes: one token bucket for each site. A host may begin when the bucket is not in debt, and then all that will be
  sent to it is taken from the bucket at once, so that the next one waits until that has been paid back. The transport
  spreads its own bytes over that time (``Pace``), and lends its thread to others while it waits.

All pushes of a process share ``SHARED``; other processes have their own.
"""

import math
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from threading import Lock

from muster.ids import SiteId

BURST_S = 0.5
"""How many seconds' worth of bytes a line that was quiet takes at once."""
LEAST_BURST_BYTES = 4096
LEAST_PIECE_BYTES = 1024
OVERHEAD_BYTES = 6_000
"""What a session sends besides a step: keys and login, measured at OpenSSH."""


@dataclass(slots=True)
class _Site:
    hosts: int = 0
    level_bytes: float = 0.0
    looked_at: float = 0.0
    rate: float = 0.0


class SiteCaps:
    """Who may begin at which site; safe to share between threads and pools."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._sites: dict[SiteId, _Site] = {}
        self._lock = Lock()

    def enter(self, site_id: SiteId, size_bytes: int, *, most_hosts: int = 0, bytes_per_s: float = 0.0) -> float:
        """How many bytes may be sent to a host of the site at once; 0 where it may not begin yet.

        Whoever enters must leave.

        Args:
            site_id: the site.
            size_bytes: what will be sent.
            most_hosts: its cap; 0 means none.
            bytes_per_s: its rate; 0 means none.
        """
        with self._lock:
            site = self._sites.setdefault(site_id, _Site())
            if most_hosts and site.hosts >= most_hosts:
                return 0.0
            credit = self._pay(site, size_bytes + OVERHEAD_BYTES, bytes_per_s) if bytes_per_s else math.inf
            if credit:
                site.hosts += 1
            return credit

    def leave(self, site_id: SiteId) -> None:
        """A host of the site has ended."""
        with self._lock:
            site = self._sites[site_id]
            site.hosts -= 1
            if not site.hosts and not site.rate:
                del self._sites[site_id]

    def _pay(self, site: _Site, size_bytes: int, rate: float) -> float:
        """Take what will be sent out of the bucket, unless it is in debt; what was in it."""
        now, burst = self._clock(), burst_bytes(rate)
        if site.rate:
            site.level_bytes = min(burst, site.level_bytes + (now - site.looked_at) * rate)
        else:
            site.level_bytes = burst
        site.looked_at, site.rate = now, rate
        credit = max(0.0, site.level_bytes)
        if credit:
            site.level_bytes -= size_bytes
        return credit


def burst_bytes(rate: float) -> float:
    """What may be sent at once over a line that was quiet."""
    return max(rate * BURST_S, LEAST_BURST_BYTES)


class Pace:
    """Spreads one upload over the time that its site's line gives it.

    Args:
        rate: bytes a second.
        credit: bytes that may be sent at once.
        lend: entered while a thread only waits for its site's line, so that another one may work meanwhile.
    """

    def __init__(
        self,
        rate: float,
        credit: float,
        lend: Callable[[], AbstractContextManager[None]] = nullcontext,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.rate = rate
        self._credit = min(credit, burst_bytes(rate))
        self.lend = lend
        self._clock = clock
        self._began_at: float | None = None

    def allowed(self, sent_bytes: int) -> int:
        """How many more bytes may be sent now, when so many have been; the first question starts the clock."""
        now = self._clock()
        if self._began_at is None:
            self._began_at = now
        return int(self._credit + (now - self._began_at) * self.rate) - sent_bytes

    def piece(self, rest_bytes: int) -> int:
        """The least that is worth sending when so many are left."""
        return min(rest_bytes, max(LEAST_PIECE_BYTES, int(self.rate * 0.05)))

    def seconds_for(self, size_bytes: int) -> float:
        """How long so many bytes take."""
        return (size_bytes + OVERHEAD_BYTES) / self.rate


SHARED = SiteCaps()
"""The one of this process."""
