"""What the manager's pages count of a campaign's hosts as they move: troubles, places, the burn-down, waves, visits."""

from bisect import bisect_left, insort_right
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from datetime import datetime
from typing import Generic, TypeVar

from muster.fleet import Fleet
from muster.ids import HostId, VisitId
from muster.outcomes import HostStatus
from muster.records import HostState, WaveRow
from reports.grouping import Alike, HostGroup, alike, group_of, ranked

FEW = 20
"""Where less than one in so many places has moved, each is put in its place by itself."""
K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

TROUBLE = frozenset(
    {
        HostStatus.FAILED,
        HostStatus.UNKNOWN,
        HostStatus.UNTRUSTED,
        HostStatus.UNREACHABLE,
        HostStatus.UNSUPPORTED,
        HostStatus.ROLLED_BACK,
    }
)
"""What wants a person's eye."""


class Troubles:
    """Hosts that want a person's eye, those with the same trouble together; only groups that changed are made anew."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._members: dict[Alike, dict[HostId, HostState]] = {}
        self._where: dict[HostId, Alike] = {}
        self._made: dict[Alike, tuple[HostGroup, int]] = {}

    def move(self, before: HostState | None, after: HostState) -> None:
        """Take it out of its group, and put it into another."""
        del before
        if (old := self._where.pop(after.host_id, None)) is not None:
            self._made.pop(old, None)
            del self._members[old][after.host_id]
            if not self._members[old]:
                del self._members[old]
        if after.status in TROUBLE:
            key = self._where[after.host_id] = alike(after, self._fleet.host.get(after.host_id))
            self._made.pop(key, None)
            self._members.setdefault(key, {})[after.host_id] = after

    def groups(self) -> tuple[tuple[HostGroup, int], ...]:
        """The groups, the worst first; beside each the most failures in a row of one of its hosts."""
        for key, members in self._members.items():
            if key not in self._made:
                most = max(one.failures_in_row for one in members.values())
                self._made[key] = group_of(key, members.values()), most
        most_of = {group.host_ids[0]: most for group, most in self._made.values()}
        return tuple((group, most_of[group.host_ids[0]]) for group in ranked(one for one, _ in self._made.values()))


class Places(Generic[K, V]):
    """How the hosts of each place stand, in order: what is told of a place is made anew only where something has moved.

    Args:
        place_of: in which place a host is; None where that is not known.
        make: what is told of a place.
        rank: by which places stand in order, the least first.
    """

    def __init__(
        self,
        place_of: Callable[[HostId], K | None],
        make: Callable[[K, Counter[HostStatus]], V],
        rank: Callable[[V], tuple[int | str, ...]],
    ) -> None:
        self._place_of = place_of
        self._make = make
        self._rank = rank
        self._counts: dict[K, Counter[HostStatus]] = defaultdict(Counter)
        self._moved: dict[K, None] = {}
        self._made: dict[K, V] = {}
        self._order: list[V] = []

    def move(self, before: HostState | None, after: HostState) -> None:
        """Count it."""
        if (place := self._place_of(after.host_id)) is None:
            return
        if before is not None:
            self._counts[place][before.status] -= 1
        self._counts[place][after.status] += 1
        self._moved[place] = None

    def told(self) -> tuple[V, ...]:
        """What is told of each place, in order."""
        if len(self._moved) * FEW > len(self._counts):
            self._made.update({place: self._make(place, +self._counts[place]) for place in self._moved})
            self._order = sorted(self._made.values(), key=self._rank)
        else:
            for place in self._moved:
                self._put(place, self._make(place, +self._counts[place]))
        self._moved.clear()
        return tuple(self._order)

    def _put(self, place: K, made: V) -> None:
        """Where it stands now: 4,000 places are not put in order again for the ten that a push has moved."""
        if (old := self._made.get(place)) is not None:
            at = bisect_left(self._order, self._rank(old), key=self._rank)
            while self._order[at] is not old:  # another of the same rank
                at += 1
            del self._order[at]
        self._made[place] = made
        insort_right(self._order, made, key=self._rank)


class Protected:
    """When the hosts that are protected now became so, by the minute and by the hour."""

    def __init__(self) -> None:
        self._minutes: Counter[datetime] = Counter()
        self._hours: Counter[datetime] = Counter()

    def move(self, before: HostState | None, after: HostState) -> None:
        """Count it."""
        for state, by in ((before, -1), (after, 1)):
            if state is not None and state.status.protected:
                minute = state.changed_at.replace(second=0, microsecond=0)
                self._minutes[minute] += by
                self._hours[minute.replace(minute=0)] += by

    def ends(self, *, by_minute: bool) -> Counter[datetime]:
        """How many in each minute or hour that has any, by its beginning."""
        return +(self._minutes if by_minute else self._hours)


class OpenByEnd:
    """How many hosts are not protected yet, by when their visit ends; ``ends`` says when each visit does."""

    def __init__(self, ends: Mapping[VisitId, datetime]) -> None:
        self._ends = ends
        self._open: Counter[datetime] = Counter()

    def move(self, before: HostState | None, after: HostState) -> None:
        """Count it."""
        for state, by in ((before, -1), (after, 1)):
            if state is None or state.visit_id is None or state.status.protected:
                continue
            if (at := self._ends.get(state.visit_id)) is not None:
                self._open[at] += by

    def after(self, now: datetime) -> tuple[tuple[datetime, int], ...]:
        """In order of time, those of visits that end later; nothing where none is open."""
        return tuple(sorted((at, hosts) for at, hosts in self._open.items() if hosts and at > now))


class WaveMoves:
    """How often hosts of each wave have moved: what was told of a wave holds until that changes."""

    def __init__(self) -> None:
        self._waves_of: dict[HostId, tuple[int, ...]] = {}
        self._moves: Counter[int] = Counter()

    def move(self, before: HostState | None, after: HostState) -> None:
        """Count it."""
        del before
        for number in self._waves_of.get(after.host_id, ()):
            self._moves[number] += 1

    def moves(self, waves: Iterable[WaveRow]) -> Mapping[int, int]:
        """By the wave's number, for at least these waves."""
        for wave in waves:
            if wave.number not in self._moves:
                self._moves[wave.number] = 1
                for host_id in wave.host_ids:
                    self._waves_of[host_id] = (*self._waves_of.get(host_id, ()), wave.number)
        return dict(self._moves)
