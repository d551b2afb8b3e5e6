"""Waves: which hosts are let loose next, and whether a wave that has ended lets the next one begin. Pure functions."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil

from muster.campaign import WavePolicy
from muster.fleet import Host
from muster.ids import HostId
from muster.outcomes import HostStatus, Stage
from muster.records import HostState, WaveRow

LOST = frozenset({HostStatus.FAILED, HostStatus.UNKNOWN})
TOUCHED = frozenset({Stage.TRANSFER, Stage.COMMAND, Stage.FINISHED})
"""A host that is lost after something was carried to it counts against its wave. One that could not be entered does
not: nothing was done to it, so it says nothing about the fix."""

Kind = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class WaveVerdict:
    """Whether the next wave may begin, and the sentence that says why."""

    passed: bool
    sentence: str


def kind_of(host: Host) -> Kind:
    """What makes hosts alike for a canary: family, version and role."""
    return (host.os.value, host.os_version, host.role)


def kind_name(kind: Kind) -> str:
    """A kind in words, such as ``linux 12 server``."""
    return " ".join(part for part in kind if part)


def next_wave(policy: WavePolicy, candidates: Sequence[Host], waves: Sequence[WaveRow]) -> tuple[HostId, ...]:
    """The hosts of the next wave, of the candidates in the order in which they should be served.

    The first wave is the canary: ``canary_per_kind`` of every kind. Each later one is at most ``growth_factor`` times
    the one before, and never more than ``max_wave_hosts``.

    Returns:
        Nothing when there is no candidate.
    """
    if not waves:
        return _canary(policy, candidates)
    size = min(policy.max_wave_hosts, max(1, ceil(len(waves[-1].host_ids) * policy.growth_factor)))
    return tuple(host.id for host in candidates[:size])


def forecast(policy: WavePolicy, candidates: Sequence[Host]) -> tuple[int, ...]:
    """How many hosts each wave would touch if all went well: what is shown before anything starts."""
    sizes = [len(_canary(policy, candidates))] if candidates else []
    left = len(candidates) - sum(sizes)
    while left > 0:
        sizes.append(min(left, policy.max_wave_hosts, max(1, ceil(sizes[-1] * policy.growth_factor))))
        left -= sizes[-1]
    return tuple(sizes)


def judge_wave(policy: WavePolicy, states: Iterable[HostState]) -> WaveVerdict:
    """Whether a wave whose hosts now stand like this lets the next one begin."""
    verified = lost = untouched = 0
    for state in states:
        verified += state.status.protected
        hurt = state.status in LOST and state.stage in TOUCHED
        lost += hurt
        untouched += not state.status.protected and not hurt
    touched = verified + lost
    rest = f", {untouched} not touched" if untouched else ""
    counts = f"{verified} of {touched} verified{rest}"
    if lost > policy.tolerated_failures and verified < policy.min_success_rate * touched:
        needed = f"{policy.min_success_rate:.0%} are needed, or at most {policy.tolerated_failures} lost"
        return WaveVerdict(passed=False, sentence=f"{counts}; {needed}")
    return WaveVerdict(passed=True, sentence=counts)


def _canary(policy: WavePolicy, candidates: Sequence[Host]) -> tuple[HostId, ...]:
    taken: dict[Kind, int] = {}
    chosen: list[HostId] = []
    for host in candidates:
        kind = kind_of(host)
        if taken.get(kind, 0) < policy.canary_per_kind and len(chosen) < policy.max_wave_hosts:
            taken[kind] = taken.get(kind, 0) + 1
            chosen.append(host.id)
    return tuple(chosen)
