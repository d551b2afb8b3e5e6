"""How much goes to one site at one time: hosts, and bytes a second.

A site with a thin line must not be filled by a push, and a fleet has many sites. So whoever pushes asks here before a
host is begun, and a host that may not begin yet waits without a thread while other sites go on:

- hosts: no more of a site at one time than its cap;
- bytes: token buckets for each site. A host may begin when the bucket is not in debt, and then all that will be
  sent to it is taken from the bucket at once, so that the next one waits until that has been paid back. Then every
  piece that the transport sends waits for the site's line (``Pace``), and lends its thread to others meanwhile.

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
    line: "Line | None" = None


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
            credit = self._pay(site, size_bytes, bytes_per_s) if bytes_per_s else math.inf
            if credit:
                site.hosts += 1
            return credit

    def line(self, site_id: SiteId, rate: float) -> "Line":
        """The line of a site that somebody has entered; the same for all."""
        with self._lock:
            site = self._sites[site_id]
            if site.line is None or site.line.rate != rate:
                site.line = Line(rate, self._clock)
            return site.line

    def give_back(self, site_id: SiteId, size_bytes: int) -> None:
        """What was paid for and not sent; less than nothing is paid after all."""
        with self._lock:
            site = self._sites[site_id]
            site.level_bytes = min(burst_bytes(site.rate), site.level_bytes + size_bytes)

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


class Line:
    """The token bucket of one site's line, out of which every byte that is sent there is taken; shared by threads."""

    def __init__(self, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.rate = rate
        self._clock = clock
        self._level_bytes = burst_bytes(rate)
        self._looked_at = clock()
        self._lock = Lock()

    def take(self, most_bytes: int, least_bytes: int) -> int:
        """How many bytes may be sent now; none when it would be fewer than are worth it."""
        with self._lock:
            now = self._clock()
            self._level_bytes = min(burst_bytes(self.rate), self._level_bytes + (now - self._looked_at) * self.rate)
            self._looked_at = now
            if self._level_bytes < least_bytes:
                return 0
            taken = min(most_bytes, int(self._level_bytes))
            self._level_bytes -= taken
            return taken

    def give_back(self, size_bytes: int) -> None:
        """What was taken and not sent."""
        with self._lock:
            self._level_bytes += size_bytes


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast one upload may go.

    Attributes:
        line: its site's.
        lend: entered while a thread only waits for the line, so that another one may work meanwhile.
    """

    line: Line
    lend: Callable[[], AbstractContextManager[None]] = nullcontext

    def take(self, rest_bytes: int) -> int:
        """How many of these bytes may be sent now; 0 means to wait for ``nap_s``."""
        return self.line.take(rest_bytes, self._piece(rest_bytes))

    def nap_s(self, rest_bytes: int) -> float:
        """How long it takes until there is something worth sending."""
        return max(0.005, self._piece(rest_bytes) / self.line.rate)

    def seconds_for(self, size_bytes: int) -> float:
        """How long so many bytes take."""
        return (size_bytes + OVERHEAD_BYTES) / self.line.rate

    def _piece(self, rest_bytes: int) -> int:
        return min(rest_bytes, max(LEAST_PIECE_BYTES, int(self.line.rate * 0.05)))


SHARED = SiteCaps()
"""The one of this process."""
