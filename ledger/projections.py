"""The projections as pure functions: what each event makes of a host's row, a campaign's and a wave's.

Writing and replaying use these same functions, and both hand them the event as it is read back from JSON. So the
events alone must carry whatever a projection needs.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import cast

from ledger.codec import Plain
from ledger.kinds import Effect, Kind
from muster.ids import CampaignId, HostId
from muster.outcomes import HostStatus, Stage

_PROOF = {HostStatus.VERIFIED, HostStatus.RIGHT}
_SUCCESS = {HostStatus.VERIFIED, HostStatus.RIGHT, HostStatus.ROLLED_BACK}
_TROUBLE = {HostStatus.FAILED, HostStatus.UNKNOWN}


@dataclass(frozen=True, slots=True)
class EventRow:
    """An event as it is kept, with what it does."""

    revision: int
    at: datetime
    campaign_id: CampaignId | None
    host_id: HostId | None
    kind: str
    effect: str
    by: str
    data: Plain


@dataclass(frozen=True, slots=True)
class HostRow:
    """A row of ``host_states``.

    Attributes:
        fence: of the newest lease, 0 before the first.
        asked_fence: the fence that stood when the host was last asked; an answer counts only while it still stands.
        probe_first: whether the next lease must ask before it pushes.
        attempt_id: of the attempt that is open, None where none is.
        finding: the newest judged probe, as plain values.
        explanation: what a person said about its failures, and who; None before anybody had to.
    """

    campaign_id: str
    host_id: str
    status: str
    stage: str
    cause: str
    hint: str
    attempts: int
    failures_in_row: int
    wave: int
    visit_id: str | None
    person_id: str | None
    fence: int
    asked_fence: int | None
    probe_first: bool
    attempt_id: int | None
    runner_id: str | None
    lease_expires_at: datetime | None
    finding: Plain | None
    changed_at: datetime
    explanation: str | None = None


@dataclass(frozen=True, slots=True)
class CampaignRow:
    """A row of ``campaigns``."""

    id: str
    document: Plain
    opened_revision: int
    stopped_by: str | None = None
    stopped_reason: str | None = None
    stopped_at: datetime | None = None
    plan_id: str | None = None
    plan_by: str | None = None
    plan_at: datetime | None = None
    stopped_gently: bool | None = None
    resumed_by: str | None = None
    resumed_reason: str | None = None
    resumed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class WaveRecord:
    """A row of ``waves``."""

    campaign_id: str
    number: int
    state: str
    host_ids: tuple[str, ...]
    opened_at: datetime
    closed_at: datetime | None = None
    verdict: str = ""


def hosts_of(event: EventRow) -> tuple[str, ...] | None:
    """The hosts whose rows an event changes; None for every host of its campaign."""
    if event.effect == Effect.NONE:
        return ()
    if event.host_id is not None:
        return (event.host_id,)
    match event.kind:
        case Kind.PLAN_DISPATCHED:
            return None
        case Kind.HOSTS_ENROLLED | Kind.PROBES_BEGUN | Kind.LEASES_RENEWED:
            return tuple(cast("list[str]", event.data["hosts"]))
        case _:
            return ()


def enrolled(campaign_id: str, host_id: str, event: EventRow) -> HostRow:
    """The row of a host that has just joined a campaign."""
    return HostRow(
        campaign_id=campaign_id,
        host_id=host_id,
        status=HostStatus.PENDING,
        stage=Stage.NOT_STARTED,
        cause="",
        hint="",
        attempts=0,
        failures_in_row=0,
        wave=0,
        visit_id=None,
        person_id=None,
        fence=0,
        asked_fence=None,
        probe_first=False,
        attempt_id=None,
        runner_id=None,
        lease_expires_at=None,
        finding=None,
        changed_at=event.at,
    )


def host_after(row: HostRow, event: EventRow) -> HostRow:
    """What an event makes of a host's row."""
    change = _HOST_CHANGES.get(event.kind)
    return row if change is None else change(row, event)


def _asked(row: HostRow, _event: EventRow) -> HostRow:
    """A question to a host that somebody is pushing at may be answered from before or after the push: of no use."""
    return replace(row, asked_fence=row.fence if row.attempt_id is None else row.fence - 1)


def _renewed(row: HostRow, event: EventRow) -> HostRow:
    return replace(row, lease_expires_at=_instant(event.data["expires_at"]))


def _claimed(row: HostRow, event: EventRow) -> HostRow:
    data = event.data
    return replace(
        row,
        status=HostStatus.CLAIMED,
        stage=Stage.NOT_STARTED,
        cause="",
        hint="",
        attempts=row.attempts + (data["step"] == "apply"),
        wave=cast("int", data["wave"]),
        fence=cast("int", data["fence"]),
        attempt_id=cast("int", data["attempt"]),
        runner_id=cast("str", data["runner"]),
        lease_expires_at=_instant(data["expires_at"]),
        changed_at=event.at,
    )


def _ended(row: HostRow, event: EventRow) -> HostRow:
    data = event.data
    status = cast("str", data["status"])
    failures = 0 if status in _SUCCESS else row.failures_in_row + (status in _TROUBLE)
    return replace(
        row,
        status=status,
        stage=cast("str", data["stage"]),
        cause=cast("str", data["cause"]),
        hint=cast("str", data["hint"]),
        failures_in_row=failures,
        probe_first=_probe_first(row, status, cast("str", data["stage"])),
        attempt_id=None,
        runner_id=None,
        lease_expires_at=None,
        finding=cast("Plain | None", data["finding"]) or row.finding,
        changed_at=event.at,
    )


def _probe_first(row: HostRow, status: str, stage: str) -> bool:
    """An attempt that may have touched the host and did not end with a proof asks for a probe before the next one."""
    if status in _PROOF:
        return False
    return row.probe_first or status in _TROUBLE or stage != Stage.NOT_STARTED


def _probed(row: HostRow, event: EventRow) -> HostRow:
    data = event.data
    finding = cast("Plain | None", data["finding"])
    return replace(
        row,
        status=cast("str", data["status"]),
        stage=cast("str", data["stage"]),
        cause=cast("str", data["cause"]),
        hint=cast("str", data["hint"]),
        # only an answer says what an attempt left behind; silence does not
        probe_first=row.probe_first and finding is None,
        finding=finding or row.finding,
        changed_at=row.changed_at if data["status"] == row.status else event.at,
    )


def _dispatched(row: HostRow, event: EventRow) -> HostRow:
    """Hosts that the plan names take from it; others lose what they had, unless they are done or being pushed."""
    named = cast("Mapping[str, list[str | None]]", event.data["hosts"]).get(row.host_id)
    if named is not None:
        return replace(row, visit_id=named[0], person_id=named[1])
    if row.attempt_id is not None or row.status in _PROOF:
        return row
    return replace(row, visit_id=None, person_id=None)


def _explained(row: HostRow, event: EventRow) -> HostRow:
    return replace(row, failures_in_row=0, explanation=f"{event.by}: {event.data['cause']}")


_HOST_CHANGES: dict[str, Callable[[HostRow, EventRow], HostRow]] = {
    Kind.CLAIMED: _claimed,
    Kind.FINISHED: _ended,
    Kind.RECOVERED: _ended,
    Kind.PROBED: _probed,
    Kind.PROBES_BEGUN: _asked,
    Kind.LEASES_RENEWED: _renewed,
    Kind.PLAN_DISPATCHED: _dispatched,
    Kind.EXPLAINED: _explained,
}


def campaign_after(row: CampaignRow | None, event: EventRow) -> CampaignRow | None:
    """What an event makes of its campaign's row."""
    data = event.data
    if event.kind == Kind.CAMPAIGN_OPENED:
        return CampaignRow(str(event.campaign_id), cast("Plain", data["campaign"]), event.revision)
    if row is None:
        return None
    match event.kind:
        case Kind.CAMPAIGN_CHANGED:
            row = replace(row, document=cast("Plain", data["campaign"]))
        case Kind.PLAN_DISPATCHED:
            row = replace(row, plan_id=str(data["plan"]), plan_by=event.by, plan_at=event.at)
        case Kind.STOPPED:
            row = replace(
                row,
                stopped_by=event.by,
                stopped_reason=str(data["reason"]),
                stopped_at=event.at,
                stopped_gently=bool(data.get("gentle")),
            )
        case Kind.RESUMED:
            row = replace(
                row,
                stopped_by=None,
                stopped_reason=None,
                stopped_at=None,
                stopped_gently=None,
                resumed_by=event.by,
                resumed_reason=str(data.get("reason", "")),
                resumed_at=event.at,
            )
        case _:
            pass
    return row


def wave_opened(event: EventRow) -> WaveRecord:
    """The row of a wave that has just been opened."""
    hosts = tuple(cast("list[str]", event.data["hosts"]))
    return WaveRecord(str(event.campaign_id), cast("int", event.data["number"]), "open", hosts, event.at)


def wave_closed(row: WaveRecord, event: EventRow) -> WaveRecord:
    """What closing makes of a wave's row."""
    return replace(row, state=str(event.data["state"]), verdict=str(event.data["verdict"]), closed_at=event.at)


def _instant(text: object) -> datetime:
    return datetime.fromisoformat(str(text))
