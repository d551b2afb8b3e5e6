"""Waves: which hosts are let loose next, and whether a wave that has ended lets the next one begin. Pure functions."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil
from types import MappingProxyType

from muster.approvals import Act, Request
from muster.campaign import WavePolicy
from muster.fleet import Fleet, Host
from muster.ids import HostId, SiteId
from muster.outcomes import HostStatus, Stage
from muster.records import HostState, WaveRow, WaveState

LOST = frozenset({HostStatus.FAILED, HostStatus.UNKNOWN})
TOUCHED = frozenset({Stage.TRANSFER, Stage.COMMAND, Stage.FINISHED})
"""A host that is lost after something was carried to it counts against its wave. One that could not be entered does
not: nothing was done to it, so it says nothing about the fix."""

Kind = tuple[str, ...]
SiteKinds = Mapping[SiteId, str]
NO_KINDS: SiteKinds = MappingProxyType({})
NOTHING_SEEN: AbstractSet[Kind] = frozenset()


@dataclass(frozen=True, slots=True)
class WaveVerdict:
    """Whether the next wave may begin, and the sentence that says why."""

    passed: bool
    sentence: str


def is_lost(state: HostState) -> bool:
    """Whether a host was touched, and is now failed or unknown."""
    return state.status in LOST and state.stage in TOUCHED


def site_kinds(fleet: Fleet) -> SiteKinds:
    """What sort of place each site is."""
    return {site.id: site.kind for site in fleet.sites}


def kind_of(host: Host, sites: SiteKinds = NO_KINDS) -> Kind:
    """What makes hosts alike for a canary: family, version, role, and what sort of place they stand in."""
    return (host.os.value, host.os_version, host.role, sites.get(host.site_id, ""))


def kind_name(kind: Kind) -> str:
    """A kind in words, such as ``linux 12 server clinic``."""
    return " ".join(part for part in kind if part)


def kinds_seen(waves: Iterable[WaveRow], fleet: Fleet) -> AbstractSet[Kind]:
    """The kinds of which a host has been in a wave."""
    sites = site_kinds(fleet)
    members = {host_id for wave in waves for host_id in wave.host_ids}
    return {kind_of(fleet.host[host_id], sites) for host_id in members if host_id in fleet.host}


def next_wave(
    policy: WavePolicy,
    candidates: Sequence[Host],
    waves: Sequence[WaveRow],
    *,
    sites: SiteKinds = NO_KINDS,
    seen: AbstractSet[Kind] | None = None,
) -> tuple[HostId, ...]:
    """The hosts of the next wave, of the candidates in the order in which they should be served.

    The first wave is the canary: ``canary_per_kind`` of every kind. Each later one is at most ``growth_factor`` times
    the largest since the ramp began; after a wave that halted the ramp begins anew, as large as the canary was. A kind
    of which nobody has been pushed yet (``seen``; None for all of them seen) has its own canary whenever it comes.

    Returns:
        Nothing when there is no candidate.
    """
    known = NOTHING_SEEN if not waves else seen
    size = policy.max_wave_hosts if not waves else _size_after(policy, waves)
    taken: Counter[Kind] = Counter()
    chosen: list[HostId] = []
    for host in candidates:
        if len(chosen) >= size:
            break
        kind = kind_of(host, sites)
        if known is None or kind in known or taken[kind] < policy.canary_per_kind:
            taken[kind] += 1
            chosen.append(host.id)
    return tuple(chosen)


def forecast(
    policy: WavePolicy,
    candidates: Sequence[Host],
    waves: Sequence[WaveRow] = (),
    *,
    sites: SiteKinds = NO_KINDS,
    seen: AbstractSet[Kind] = NOTHING_SEEN,
) -> tuple[tuple[HostId, ...], ...]:
    """Whom each wave to come would touch if all went well: what is shown before anything starts.

    A wave that is open comes first, with those of its hosts that are left.
    """
    kind = {host.id: kind_of(host, sites) for host in candidates}
    left, row, largest = list(candidates), list(waves), 0
    known, found = set(seen), list[tuple[HostId, ...]]()
    if waves and waves[-1].state is WaveState.OPEN:
        members = set(waves[-1].host_ids)
        found = [open_ones] if (open_ones := tuple(host.id for host in left if host.id in members)) else []
        left = [host for host in left if host.id not in members]
    while chosen := next_wave(policy, left, row, sites=sites, seen=known):
        found.append(chosen)
        if len(chosen) > largest:  # only the largest says how large the next may be
            row, largest = [*waves, _passed(len(waves) + 1, chosen)], len(chosen)
        known |= {kind[host_id] for host_id in chosen}
        left = _without(left, chosen)
    return tuple(found)


def judge_wave(
    policy: WavePolicy, states: Iterable[HostState], *, so_far: Iterable[HostState] | None = None
) -> WaveVerdict:
    """Whether a wave whose hosts now stand like this lets the next one begin.

    ``so_far`` are the hosts of all waves, this one's among them: they must be ``min_verified_hosts`` in number.
    """
    members = tuple(states)
    verified = sum(state.status.protected for state in members)
    lost = sum(is_lost(state) for state in members)
    untouched = len(members) - verified - lost
    touched = verified + lost
    rest = f", {untouched} not touched" if untouched else ""
    counts = f"{verified} of {touched} verified{rest}"
    if verified < policy.min_success_rate * touched:
        needed = f"{policy.min_success_rate:.0%} are needed, or at most {policy.tolerated_failures} lost"
        counts = f"{counts}; {needed}"
        if lost > policy.tolerated_failures:
            return WaveVerdict(passed=False, sentence=counts)
    too_few = _too_few(policy, members if so_far is None else tuple(so_far))
    return WaveVerdict(passed=not too_few, sentence=counts + too_few)


def ready_at(policy: WavePolicy, waves: Sequence[WaveRow]) -> float:
    """Seconds since 1970 at which the last wave has been watched for long enough; 0 when no wave has passed yet."""
    last = waves[-1] if waves else None
    if last is None or last.closed_at is None or last.state is not WaveState.PASSED:
        return 0.0
    return last.closed_at.timestamp() + policy.soak_seconds


def canary_of(waves: Sequence[WaveRow]) -> WaveRow | None:
    """The wave after which the ramp would begin or has begun: the first since one halted; None where there is none."""
    since = _since_halt(waves)
    return since[0] if since else None


def ramp_wanted(waves: Sequence[WaveRow]) -> tuple[Request, ...]:
    """What has to be approved before another wave may be opened; nothing before the canary's own."""
    canary = canary_of(waves)
    if canary is None:
        return ()
    subject = f"wave {canary.number}"
    return (Request(Act.RAMP, subject, f"go on after {subject}, the canary: {canary.verdict or 'not judged yet'}"),)


def _since_halt(waves: Sequence[WaveRow]) -> Sequence[WaveRow]:
    halted = max((index for index, wave in enumerate(waves) if wave.state is WaveState.HALTED), default=-1)
    return waves[halted + 1 :]


def _too_few(policy: WavePolicy, so_far: Sequence[HostState]) -> str:
    needed = min(policy.min_verified_hosts, len(so_far))
    verified = sum(state.status.protected for state in so_far)
    return "" if verified >= needed else f"; {verified} verified in all waves so far, {needed} are needed"


def _size_after(policy: WavePolicy, waves: Sequence[WaveRow]) -> int:
    since = _since_halt(waves)
    if not since:
        return min(policy.max_wave_hosts, max(1, len(waves[0].host_ids)))
    largest = max(len(wave.host_ids) for wave in since)
    return min(policy.max_wave_hosts, max(1, ceil(largest * policy.growth_factor)))


def _without(hosts: list[Host], chosen: tuple[HostId, ...]) -> list[Host]:
    if hosts[len(chosen) - 1].id == chosen[-1]:
        return hosts[len(chosen) :]  # they were the first ones, as almost always
    members = set(chosen)
    return [host for host in hosts if host.id not in members]


def _passed(number: int, host_ids: tuple[HostId, ...]) -> WaveRow:
    whenever = datetime.fromtimestamp(0, UTC)
    return WaveRow(number, WaveState.PASSED, host_ids, whenever, whenever, "")
