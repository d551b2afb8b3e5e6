"""Hosts whose site has no room for them yet: they wait here, in their order, and cost no thread."""

import time
from collections import deque
from collections.abc import Iterator
from typing import Protocol

from muster.ids import SiteId
from muster.ports import Order, Target
from push.caps import SiteCaps
from push.lane import Knock

LOOK_S = 0.05
"""How often is looked whether another push of this process, or time, has made room."""


class SiteLimits(Protocol):
    """What one site may be given at one time."""

    def hosts_of_site(self, target: Target) -> int:
        """Hosts at one time; 0 means no cap."""
        ...

    def rate_of_site(self, target: Target) -> int:
        """Bytes a second; 0 means no cap."""
        ...


class Waiting:
    """Knocks whose site has no room for them now, in their order; they cost no thread."""

    def __init__(self, limits: SiteLimits, caps: SiteCaps) -> None:
        self._limits = limits
        self._caps = caps
        self._of_site: dict[SiteId, deque[Knock]] = {}
        self._inside: dict[Knock, float] = {}
        self._look_at = 0.0

    def enter(self, knock: Knock) -> bool:
        """Whether the knock may begin; if not, it waits here."""
        site_id = knock.order.target.site_id
        if site_id not in self._of_site and self._has_room(knock):
            return True
        self._of_site.setdefault(site_id, deque()).append(knock)
        return False

    def credit_of(self, knock: Knock) -> float:
        """How many bytes may be sent at once to a host that has begun."""
        return self._inside[knock]

    def leave(self, knock: Knock) -> None:
        """The knock has ended."""
        if knock in self._inside:
            del self._inside[knock]
            self._caps.leave(knock.order.target.site_id)
            self._look_at = 0.0

    def leave_all(self) -> None:
        """Nothing goes on any more."""
        for knock in tuple(self._inside):
            self.leave(knock)

    def now_free(self) -> Iterator[Knock]:
        """Those that may begin now; looked for as often as it can have changed."""
        if not self._of_site or time.monotonic() < self._look_at:
            return
        self._look_at = time.monotonic() + LOOK_S
        for site_id, waiting in tuple(self._of_site.items()):
            while waiting and self._has_room(waiting[0]):
                yield waiting.popleft()
            if not waiting:
                del self._of_site[site_id]

    def drop_all(self) -> list[Knock]:
        """Nobody waits any more."""
        dropped = [knock for waiting in self._of_site.values() for knock in waiting]
        self._of_site.clear()
        return dropped

    def _has_room(self, knock: Knock) -> bool:
        target = knock.order.target
        most, rate = self._limits.hosts_of_site(target), self._limits.rate_of_site(target)
        credit = self._caps.enter(target.site_id, size_bytes(knock.order), most_hosts=most, bytes_per_s=rate)
        if credit:
            self._inside[knock] = credit
        return bool(credit)


def size_bytes(order: Order) -> int:
    """What a step sends, about."""
    return len(order.step.payload) + len(order.step.script)
