"""Leases: who may touch a host, and the attempts that are made with them.

A claim is an intent that is committed before anybody touches the host. Its fence grows with every lease of a host in
a campaign; a result is written only by the lease that is open. Lease times are real time by the clock of the machine
that claims or recovers, so machines that share a ledger need synchronised clocks (seconds, against leases of a
minute).
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import cast

from sqlalchemy import Connection, func, select

from ledger import tables
from ledger.attempts import outcomes_of
from ledger.bulk import insert_rows
from ledger.campaigns import read_campaign_row, stop_of
from ledger.codec import EVIDENCE, FINDING, Plain
from ledger.kinds import Effect, Kind
from ledger.projections import HostRow
from ledger.rows import PART, chunks
from ledger.waves import must_not_be_stopped
from ledger.writing import Draft, Writing
from muster.errors import InputError
from muster.ids import AttemptId, CampaignId, HostId, RunnerId, VisitId
from muster.outcomes import Evidence, Finding, HostOutcome, HostStatus, Stage
from muster.records import Lease
from muster.steps import StepName

_ATTEMPT_COLUMNS = ("id", "campaign_id", "host_id", "runner_id", "fence", "step", "wave", "visit_id", "begun_at")
_OUTCOME_COLUMNS = ("attempt_id", "status", "stage", "cause", "hint", "evidence", "duration_s", "at")
_CLAIMABLE = {
    StepName.APPLY: {HostStatus.STALE, HostStatus.FAILED, HostStatus.UNKNOWN},
    StepName.ROLLBACK: {HostStatus.VERIFIED, HostStatus.FAILED, HostStatus.UNKNOWN},
}


def claim(
    writing: Writing,
    campaign_id: CampaignId,
    host_ids: Sequence[HostId],
    *,
    runner_id: RunnerId,
    step: StepName,
    wave: int,
    lease_s: float,
) -> tuple[Lease, ...]:
    """Commit the intent to touch these hosts and take their leases, of those that can be had.

    A host whose lease has run out is not taken here: ``recover`` ends its attempt as unknown first.

    Raises:
        CampaignStopped: the campaign is stopped.
        InputError: the step is not one that needs a lease.
    """
    if step not in _CLAIMABLE:
        raise InputError(f"a host is claimed for apply or rollback, not for {step.value}")
    must_not_be_stopped(stop_of(writing.campaign(campaign_id)), campaign_id)
    rows = writing.hosts(campaign_id, list(dict.fromkeys(host_ids)))
    free = [row for row in rows.values() if row.attempt_id is None and row.status in _CLAIMABLE[step]]
    first_id = 1 + (writing.connection.scalar(select(func.max(tables.attempts.c.id))) or 0)
    expires_at = writing.lease_now + timedelta(seconds=lease_s)
    leases = [
        Lease(
            attempt_id=AttemptId(attempt_id),
            campaign_id=campaign_id,
            host_id=HostId(row.host_id),
            runner_id=runner_id,
            fence=row.fence + 1,
            step=step,
            wave=wave,
            visit_id=None if row.visit_id is None else VisitId(row.visit_id),
            probe_first=row.probe_first,
            before=None if row.finding is None else FINDING.from_plain(row.finding),
            expires_at=expires_at,
        )
        for attempt_id, row in enumerate(free, start=first_id)
    ]
    if leases:
        with writing.sending():
            for part in chunks(leases, PART):
                intents = [_attempt_values(writing, lease) for lease in part]
                insert_rows(writing.connection, tables.attempts, _ATTEMPT_COLUMNS, intents)
            writing.append([_claimed(lease) for lease in leases])
    return tuple(leases)


def _attempt_values(writing: Writing, lease: Lease) -> tuple[object, ...]:
    return (
        lease.attempt_id,
        lease.campaign_id,
        lease.host_id,
        lease.runner_id,
        lease.fence,
        lease.step.value,
        lease.wave,
        lease.visit_id,
        writing.now,
    )


def _claimed(lease: Lease) -> Draft:
    data: Plain = {
        "attempt": lease.attempt_id,
        "runner": lease.runner_id,
        "fence": lease.fence,
        "step": lease.step.value,
        "wave": lease.wave,
        "visit": lease.visit_id,
        "expires_at": lease.expires_at.isoformat(),
    }
    return Draft(Kind.CLAIMED, Effect.MOVES, lease.runner_id, data, lease.campaign_id, lease.host_id)


def renew(writing: Writing, leases: Sequence[Lease], *, lease_s: float) -> tuple[Lease, ...]:
    """Lengthen leases that are still ours, also those that have run out and that nobody has recovered."""
    expires_at = writing.lease_now + timedelta(seconds=lease_s)
    ours, _ = _ours(writing, leases)
    by_campaign: dict[tuple[CampaignId, RunnerId], list[HostId]] = {}
    for lease in ours:
        by_campaign.setdefault((lease.campaign_id, lease.runner_id), []).append(lease.host_id)
    drafts = [
        Draft(
            Kind.LEASES_RENEWED,
            Effect.KEEPS,
            runner_id,
            {"hosts": list(host_ids), "expires_at": expires_at.isoformat()},
            campaign_id,
        )
        for (campaign_id, runner_id), host_ids in by_campaign.items()
    ]
    if drafts:
        writing.append(drafts)
    return tuple(replace(lease, expires_at=expires_at) for lease in ours)


def finish(writing: Writing, results: Sequence[tuple[Lease, HostOutcome]]) -> tuple[Lease, ...]:
    """Write the ends of attempts and free their hosts; gives the leases that were lost.

    To hand in the same end of the same attempt twice (after a connection broke at the commit) changes nothing and
    is no loss.
    """
    clean = {lease.attempt_id: (lease, writing.guard.outcome(outcome)) for lease, outcome in results}
    ours, others = _ours(writing, [lease for lease, _ in clean.values()])
    lost = _not_written_before(writing, [clean[lease.attempt_id] for lease in others])
    with writing.sending():
        _write_outcomes(writing, [(lease.attempt_id, clean[lease.attempt_id][1]) for lease in ours])
        drafts = [_ended(Kind.FINISHED, lease, clean[lease.attempt_id][1], by=lease.runner_id) for lease in ours]
        drafts += [_refused(lease, outcome) for lease, outcome in lost]
        if drafts:
            writing.append(drafts)
    return tuple(lease for lease, _ in lost)


def recover(writing: Writing, campaign_id: CampaignId, *, dead: Sequence[RunnerId], by: str) -> tuple[HostId, ...]:
    """End the open attempts of these runners, and all whose lease has run out, as unknown."""
    writing.campaign(campaign_id)
    gone = set(dead)
    rows = [row for row in _leased(writing, campaign_id) if _is_lost(row, gone, writing)]
    outcomes = {row.host_id: _unknown(row, writing, died=row.runner_id in gone) for row in rows}
    _write_outcomes(writing, [(cast("int", row.attempt_id), outcomes[row.host_id]) for row in rows])
    drafts = [
        Draft(
            Kind.RECOVERED,
            Effect.MOVES,
            by,
            {"attempt": row.attempt_id, "fence": row.fence, **_outcome_data(outcomes[row.host_id])},
            campaign_id,
            HostId(row.host_id),
        )
        for row in rows
    ]
    if drafts:
        writing.append(drafts)
    return tuple(sorted(HostId(row.host_id) for row in rows))


def read_runners(connection: Connection, campaign_id: CampaignId) -> tuple[RunnerId, ...]:
    """Everybody who holds a lease now."""
    read_campaign_row(connection, campaign_id)
    table = tables.host_states
    query = (
        select(table.c.runner_id).distinct().where(table.c.campaign_id == campaign_id, table.c.runner_id.is_not(None))
    )
    return tuple(sorted(RunnerId(str(runner_id)) for runner_id in connection.scalars(query)))


def _leased(writing: Writing, campaign_id: CampaignId) -> Iterable[HostRow]:
    table = tables.host_states
    query = select(table.c.host_id).where(table.c.campaign_id == campaign_id, table.c.runner_id.is_not(None))
    return writing.hosts(campaign_id, list(writing.connection.scalars(query))).values()


def _is_lost(row: HostRow, dead: set[RunnerId], writing: Writing) -> bool:
    return row.runner_id in dead or (row.lease_expires_at is not None and row.lease_expires_at <= writing.lease_now)


def _unknown(row: HostRow, writing: Writing, *, died: bool) -> HostOutcome:
    """How the attempt of a process that is gone ended: the command may have run, or not."""
    why = "is gone" if died else "has given no sign of life"
    return HostOutcome(
        status=HostStatus.UNKNOWN,
        stage=Stage.COMMAND,
        cause=f"the process that was pushing it ({row.runner_id}) {why}: the push may or may not have happened",
        hint="The next push asks the host first.",
        evidence=Evidence(before=None, after=None),
        duration_s=max(0.0, (writing.now - row.changed_at).total_seconds()),
        at=writing.now,
    )


def _ours(writing: Writing, leases: Sequence[Lease]) -> tuple[list[Lease], list[Lease]]:
    """Leases that are still open, and the others."""
    wanted: dict[CampaignId, list[HostId]] = {}
    for lease in leases:
        wanted.setdefault(lease.campaign_id, []).append(lease.host_id)
    rows = {
        (campaign_id, host_id): row
        for campaign_id, host_ids in wanted.items()
        for host_id, row in writing.hosts(campaign_id, host_ids).items()
    }
    ours: list[Lease] = []
    others: list[Lease] = []
    for lease in leases:
        row = rows.get((lease.campaign_id, lease.host_id))
        held = row is not None and (row.attempt_id, row.fence) == (lease.attempt_id, lease.fence)
        (ours if held else others).append(lease)
    return ours, others


def _write_outcomes(writing: Writing, ends: Sequence[tuple[int, HostOutcome]]) -> None:
    for part in chunks(ends, PART):
        rows = [_outcome_values(attempt_id, outcome) for attempt_id, outcome in part]
        insert_rows(writing.connection, tables.outcomes, _OUTCOME_COLUMNS, rows)


def _outcome_values(attempt_id: int, outcome: HostOutcome) -> tuple[object, ...]:
    return (
        attempt_id,
        outcome.status.value,
        outcome.stage.value,
        outcome.cause,
        outcome.hint,
        EVIDENCE.to_text(outcome.evidence),
        outcome.duration_s,
        outcome.at,
    )


def _outcome_data(outcome: HostOutcome) -> Plain:
    """What the event carries of an end; the whole evidence is in ``outcomes``."""
    newest: Finding | None = outcome.evidence.after or outcome.evidence.before
    return {
        "status": outcome.status.value,
        "stage": outcome.stage.value,
        "cause": outcome.cause,
        "hint": outcome.hint,
        "finding": None if newest is None else FINDING.to_plain(newest),
        "changes": list(outcome.evidence.changes),
        "duration_s": outcome.duration_s,
        "at": outcome.at.isoformat(),
    }


def _ended(kind: Kind, lease: Lease, outcome: HostOutcome, *, by: str) -> Draft:
    data = {"attempt": lease.attempt_id, "fence": lease.fence, **_outcome_data(outcome)}
    return Draft(kind, Effect.MOVES, by, data, lease.campaign_id, lease.host_id)


def _refused(lease: Lease, outcome: HostOutcome) -> Draft:
    data = {"attempt": lease.attempt_id, "fence": lease.fence, "evidence": EVIDENCE.to_plain(outcome.evidence)}
    kept = {**_outcome_data(outcome), **data}
    return Draft(Kind.RESULT_REFUSED, Effect.NONE, lease.runner_id, kept, lease.campaign_id, lease.host_id)


def _not_written_before(
    writing: Writing, results: Sequence[tuple[Lease, HostOutcome]]
) -> list[tuple[Lease, HostOutcome]]:
    """Those whose very end is not already in the ledger."""
    kept = outcomes_of(writing.connection, [lease.attempt_id for lease, _ in results])
    return [(lease, outcome) for lease, outcome in results if kept.get(lease.attempt_id) != outcome]
