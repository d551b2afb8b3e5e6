"""Where the hosts of one campaign stand, and what is counted of them as they move.

Counting 100,000 hosts takes a tenth of a second; counting the fifty that a push has moved since takes none. So whatever
a page tells of all hosts is a *follower*: it is told of every host once, and then of each that moves.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable
from typing import Protocol, TypeVar, cast

from muster.ids import HostId, SiteId, VisitId
from muster.outcomes import HostStatus
from muster.records import HostState


class Follower(Protocol):
    """Something that is counted as hosts move."""

    def move(self, before: HostState | None, after: HostState) -> None:
        """A host stands otherwise than before; ``before`` is None where nothing was known of it."""
        ...


F = TypeVar("F", bound=Follower)


class Standing:
    """Where hosts stand, and how many stand where; whoever uses it holds the lock of ``portal.reading``."""

    def __init__(self, states: Iterable[HostState], site_of: Callable[[HostId], SiteId | None]) -> None:
        self.states: dict[HostId, HostState] = {}
        self.by_status: Counter[HostStatus] = Counter()
        self.by_site: dict[SiteId, Counter[HostStatus]] = defaultdict(Counter)
        self.by_visit: dict[VisitId, Counter[HostStatus]] = defaultdict(Counter)
        self._site_of = site_of
        self._followers: dict[Hashable, Follower] = {}
        self._in_order: tuple[HostId, ...] | None = None
        for state in states:
            self.put(state)

    @property
    def in_order(self) -> tuple[HostId, ...]:
        """Every host of the campaign, by id; worked out anew only when one has joined."""
        if self._in_order is None:
            self._in_order = tuple(sorted(self.states))
        return self._in_order

    def put(self, state: HostState) -> None:
        """A host stands so now."""
        site_id, before = self._site_of(state.host_id), self.states.get(state.host_id)
        if before is None:
            self._in_order = None
        else:
            self._count(before, site_id, -1)
        self.states[state.host_id] = state
        self._count(state, site_id, 1)
        for one in self._followers.values():
            one.move(before, state)

    def follow(self, key: Hashable, make: Callable[[], F]) -> F:
        """What is counted under a key; made and told of every host when it is first asked for."""
        found = self._followers.get(key)
        if found is None:
            found = self._followers[key] = make()
            for state in self.states.values():
                found.move(None, state)
        return cast("F", found)

    def _count(self, state: HostState, site_id: SiteId | None, by: int) -> None:
        self.by_status[state.status] += by
        if site_id is not None:
            self.by_site[site_id][state.status] += by
        if state.visit_id is not None:
            self.by_visit[state.visit_id][state.status] += by
