"""Hosts with equal results together, so that two hundred hosts read as a few lines: failures first."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from muster.fleet import Fleet, Host
from muster.ids import HostId
from muster.outcomes import HostStatus, Stage
from muster.records import HostState
from reports.folding import fold, natural

Alike = tuple[HostStatus, Stage, str, str]
"""Status, stage, cause and hint; the texts without what is particular to one host."""

RANK = (
    HostStatus.FAILED,
    HostStatus.UNKNOWN,
    HostStatus.UNTRUSTED,
    HostStatus.UNREACHABLE,
    HostStatus.UNSUPPORTED,
    HostStatus.ROLLED_BACK,
    HostStatus.STALE,
    HostStatus.CLAIMED,
    HostStatus.PENDING,
    HostStatus.VERIFIED,
    HostStatus.RIGHT,
)
"""What wants a person's eye first stands first."""

WHAT_NEXT = {
    HostStatus.FAILED: "look at the cause, then: muster retry",
    HostStatus.UNKNOWN: "muster probe asks how it stands now",
    HostStatus.UNTRUSTED: "compare the fingerprints, then: muster hosts trust",
    HostStatus.UNREACHABLE: "see that it is on and connected, then: muster probe",
    HostStatus.UNSUPPORTED: "plan a visit on site, or decide to leave it",
    HostStatus.ROLLED_BACK: "find out why; then muster probe HOST and muster run push the fix again",
    HostStatus.STALE: "muster run pushes the fix",
    HostStatus.CLAIMED: "it is being worked on",
    HostStatus.PENDING: "muster probe asks it",
    HostStatus.VERIFIED: "",
    HostStatus.RIGHT: "",
}
"""What to do where the ledger has no hint of its own."""

_FINGERPRINT = re.compile(r"SHA256:[A-Za-z0-9+/]{20,}=?|\b(?:[0-9a-f]{2}:){7,}[0-9a-f]{2}\b")
_IP = re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b")
_MARKS = {"address": "its address", "name": "it", "port": "its port", "fingerprint": "SHA256:…"}


@dataclass(frozen=True, slots=True)
class HostGroup:
    """Hosts that stand the same.

    Attributes:
        cause: in plain words; what differs from host to host is written as ``its port`` and the like.
        hint: what to do next; empty where nothing is to be done.
        host_ids: in natural order.
        names: the ids folded, such as ``web[01-20,22]``.
    """

    status: HostStatus
    stage: Stage
    cause: str
    hint: str
    host_ids: tuple[HostId, ...]
    names: str

    def __len__(self) -> int:
        """How many hosts."""
        return len(self.host_ids)


def group_hosts(states: Iterable[HostState], fleet: Fleet) -> tuple[HostGroup, ...]:
    """Group by status, stage, cause and hint; failures first, and within a status the biggest group first."""
    found: dict[Alike, list[HostState]] = {}
    for state in states:
        found.setdefault(alike(state, fleet.host.get(state.host_id)), []).append(state)
    return ranked(group_of(key, members) for key, members in found.items())


def alike(state: HostState, host: Host | None) -> Alike:
    """What a host's result shares with those that stand the same: status, stage, cause and hint."""
    stage = Stage.FINISHED if state.status.protected else state.stage
    return state.status, stage, _common(_cause(state), host), _common(_hint(state), host)


def ranked(groups: Iterable[HostGroup]) -> tuple[HostGroup, ...]:
    """Failures first, and within a status the biggest group first."""
    return tuple(sorted(groups, key=lambda group: (RANK.index(group.status), -len(group), natural(group.host_ids[0]))))


def what_next(state: HostState) -> str:
    """What to do about one host: the ledger's hint, else what its status asks for; empty where it is protected."""
    return _hint(state)


def _cause(state: HostState) -> str:
    """The ledger's; where a probe is all there is, what it found."""
    found_only = state.status in {HostStatus.STALE, HostStatus.UNSUPPORTED} and state.finding is not None
    return state.cause or (state.finding.summary if found_only and state.finding else "")


def _hint(state: HostState) -> str:
    return state.hint or WHAT_NEXT[state.status]


def group_of(key: Alike, members: Collection[HostState]) -> HostGroup:
    """Hosts that are alike; the texts are theirs where all have the same, else without what is particular to one."""
    status, stage, cause, hint = key
    ids = tuple(sorted((state.host_id for state in members), key=natural))
    causes, hints = {_cause(state) for state in members}, {_hint(state) for state in members}
    return HostGroup(
        status,
        stage,
        causes.pop() if len(causes) == 1 else cause,
        hints.pop() if len(hints) == 1 else hint,
        ids,
        fold(ids),
    )


def _common(text: str, host: Host | None) -> str:
    """The text without what is particular to this host: its names, address, port, fingerprints."""
    if not text:
        return text
    common = _FINGERPRINT.sub(_MARKS["fingerprint"], text)
    if host is None:
        return _IP.sub(_MARKS["address"], common)
    if host.port and str(host.port) in common:
        common = re.sub(rf"\bport {host.port}\b", _MARKS["port"], common)
    for own, mark in ((host.address, "address"), (host.id, "name"), (host.name, "name")):
        if len(own) > 2 and own in common:
            common = re.sub(rf"(?<![\w.-]){re.escape(own)}(?![\w-])", _MARKS[mark], common)
    return _IP.sub(_MARKS["address"], common)
