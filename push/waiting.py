"""Hosts whose site has no room for them yet: they wait here, in their order, and cost no thread."""

import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from muster.ids import SiteId
from muster.outcomes import Stage
from muster.ports import Order, Target
from push.caps import OVERHEAD_BYTES, Line, SiteCaps
from push.lane import Knock

NOTHING_SENT = {Stage.NOT_STARTED, Stage.CONNECT, Stage.BANNER, Stage.HOST_KEY, Stage.AUTHENTICATE}
SLOW_S = 1.0
"""A host that has not come to its upload by then may never: its bytes are given back, and paid when it comes to it."""
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


@dataclass(slots=True)
class _Inside:
    """A host that has begun: what was paid for it, and since when."""

    paid_bytes: int
    since: float


class Waiting:
    """Knocks whose site has no room for them now, in their order; they cost no thread."""

    def __init__(self, limits: SiteLimits, caps: SiteCaps) -> None:
        self._limits = limits
        self._caps = caps
        self._of_site: dict[SiteId, deque[Knock]] = {}
        self._inside: dict[Knock, _Inside] = {}
        self._look_at = 0.0

    def enter(self, knock: Knock) -> bool:
        """Whether the knock may begin; if not, it waits here."""
        site_id = knock.order.target.site_id
        if site_id not in self._of_site and self._has_room(knock):
            return True
        self._of_site.setdefault(site_id, deque()).append(knock)
        return False

    def line_of(self, knock: Knock) -> Line | None:
        """The line that a host which has begun shares with its site; None where it has no cap."""
        target = knock.order.target
        rate = self._limits.rate_of_site(target)
        return self._caps.line(target.site_id, rate) if rate else None

    def leave(self, knock: Knock) -> None:
        """The knock has ended."""
        if knock in self._inside:
            self._settle(knock, owes=knock.guard.stage not in NOTHING_SENT)
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
        now = time.monotonic()
        self._look_at = now + LOOK_S
        for knock, inside in self._inside.items():
            sending = knock.guard.stage not in NOTHING_SENT
            if sending or now > inside.since + SLOW_S:
                self._settle(knock, owes=sending)
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
        size = size_bytes(knock.order) + OVERHEAD_BYTES
        credit = self._caps.enter(target.site_id, size, most_hosts=most, bytes_per_s=rate)
        if credit:
            self._inside[knock] = _Inside(size if rate else 0, time.monotonic())
        return bool(credit)

    def _settle(self, knock: Knock, *, owes: bool) -> None:
        """A host that hangs before its upload must not cost its site the time that the upload would have taken."""
        inside, target = self._inside[knock], knock.order.target
        right = size_bytes(knock.order) + OVERHEAD_BYTES if owes and self._limits.rate_of_site(target) else 0
        if inside.paid_bytes != right:
            self._caps.give_back(target.site_id, inside.paid_bytes - right)
            inside.paid_bytes = right


def size_bytes(order: Order) -> int:
    """What a step sends, about."""
    return len(order.step.payload) + len(order.step.script)
