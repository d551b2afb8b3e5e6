"""What the ledger hands out and takes in: leases, host rows, attempts, waves, events, stops."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from muster.ids import AttemptId, CampaignId, HostId, PersonId, PlanId, RunnerId, VisitId
from muster.outcomes import Finding, HostOutcome, HostStatus, Stage
from muster.steps import StepName


@dataclass(frozen=True, slots=True)
class ImportSummary:
    """How many rows of each word were added, changed or found the same: ``{"hosts": (added, changed, same)}``."""

    counts: Mapping[str, tuple[int, int, int]]


@dataclass(frozen=True, slots=True)
class ProbeRecord:
    """A probe's result for one host: a finding, or why there is none.

    Attributes:
        status: where the host stands after it: right, stale, unsupported, unreachable, untrusted, unknown or failed.
    """

    host_id: HostId
    status: HostStatus
    finding: Finding | None
    stage: Stage
    cause: str
    hint: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to touch one host, committed as an intent before anybody touches it.

    Attributes:
        fence: grows with every lease of the host in the campaign; a result with an older fence is refused.
        probe_first: an earlier attempt has not been followed by a probe, so the host must be asked before it is pushed.
        before: the last finding of a probe, None where there is none.
    """

    attempt_id: AttemptId
    campaign_id: CampaignId
    host_id: HostId
    runner_id: RunnerId
    fence: int
    step: StepName
    wave: int
    visit_id: VisitId | None
    probe_first: bool
    before: Finding | None
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class HostState:
    """The projection of one host in one campaign.

    Attributes:
        attempts: how many pushes (apply) were begun.
        failures_in_row: attempts since the last success, or since a person explained them, that ended as failed or
            unknown.
        wave: of the last attempt, 0 before the first.
        runner_id, lease_expires_at: of the lease that is held, None where none is.
        finding: the last probe's.
        person_id: who is responsible by the dispatched plan.
        explanation: what a person said about its failures, and who; None before anybody had to.
    """

    host_id: HostId
    status: HostStatus
    stage: Stage
    cause: str
    hint: str
    attempts: int
    failures_in_row: int
    wave: int
    visit_id: VisitId | None
    person_id: PersonId | None
    runner_id: RunnerId | None
    lease_expires_at: datetime | None
    finding: Finding | None
    changed_at: datetime
    explanation: str | None = None


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """One attempt as it stands in the ledger; ``outcome`` is None while it is open."""

    id: AttemptId
    campaign_id: CampaignId
    host_id: HostId
    runner_id: RunnerId
    fence: int
    step: StepName
    wave: int
    visit_id: VisitId | None
    begun_at: datetime
    outcome: HostOutcome | None


class WaveState(StrEnum):
    """How a wave stands."""

    OPEN = "open"
    PASSED = "passed"
    HALTED = "halted"


@dataclass(frozen=True, slots=True)
class WaveRow:
    """One wave: its hosts are those whose ``wave`` is its number. ``verdict`` says in words why it passed or halted."""

    number: int
    state: WaveState
    host_ids: tuple[HostId, ...]
    opened_at: datetime
    closed_at: datetime | None
    verdict: str


@dataclass(frozen=True, slots=True)
class Stop:
    """A stop that is in force: nothing new starts until a person resumes the campaign.

    Attributes:
        gentle: what is being pushed comes to its end; without it, it is broken off within seconds.
    """

    by: str
    reason: str
    at: datetime
    gentle: bool = False


@dataclass(frozen=True, slots=True)
class Sum:
    """How many hosts stand alike."""

    status: HostStatus
    stage: Stage
    cause: str
    hint: str
    hosts: int


@dataclass(frozen=True, slots=True)
class WaveSum:
    """A wave without its hosts."""

    number: int
    state: WaveState
    hosts: int
    verdict: str


@dataclass(frozen=True, slots=True)
class Standing:
    """A campaign in sums.

    Attributes:
        open: the hosts that are not protected, by what is the matter with them, the most first.
    """

    by_status: Mapping[HostStatus, int]
    open: tuple[Sum, ...]
    stop: Stop | None
    dispatched: "DispatchedPlan | None"
    last_wave: WaveSum | None

    @property
    def hosts(self) -> int:
        """All of them."""
        return sum(self.by_status.values())

    @property
    def protected(self) -> int:
        """How many will be right when the deadline comes."""
        return sum(number for status, number in self.by_status.items() if status.protected)


@dataclass(frozen=True, slots=True)
class Resumption:
    """Who last let a stopped campaign go on, and why."""

    by: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the append-only record; ``revision`` is its place in the order of all events."""

    revision: int
    at: datetime
    campaign_id: CampaignId | None
    host_id: HostId | None
    kind: str
    by: str
    data: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Note:
    """An event that changes no projection, before it is written; about one host, or None for the whole campaign."""

    kind: str
    host_id: HostId | None
    data: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class DispatchedPlan:
    """Which plan binds, since when and by whom."""

    plan_id: PlanId
    by: str
    at: datetime
