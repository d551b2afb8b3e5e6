"""Reading hosts as they stand, and attempts as they ended."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from ledger import tables
from ledger.campaigns import read_campaign_row
from ledger.codec import evidence_from_text, finding_from_text
from ledger.rows import chunks
from muster.ids import CampaignId
from muster.outcomes import HostOutcome, HostStatus, Stage
from muster.records import AttemptRow, HostState
from muster.steps import StepName

_STATUS = {status.value: status for status in HostStatus}
_STAGE = {stage.value: stage for stage in Stage}
_STEP = {step.value: step for step in StepName}
_HOST_COLUMNS = tuple(field.name for field in fields(HostState))


def read_hosts(connection: Connection, campaign_id: CampaignId) -> tuple[HostState, ...]:
    """Every host of the campaign as it stands, by host id."""
    read_campaign_row(connection, campaign_id)
    table = tables.host_states
    query = select(*(table.c[name] for name in _HOST_COLUMNS)).where(table.c.campaign_id == campaign_id)
    # sorted here: databases have their own ideas of the order of text
    return tuple(sorted(map(_host_state, connection.execute(query)), key=lambda state: state.host_id))


def _host_state(row: Row[Any]) -> HostState:
    values = list(row)
    values[1] = _STATUS[values[1]]
    values[2] = _STAGE[values[2]]
    values[12] = None if values[12] is None else finding_from_text(values[12])
    return HostState(*values)


def read_attempts(connection: Connection, campaign_id: CampaignId) -> tuple[AttemptRow, ...]:
    """Every attempt, oldest first."""
    read_campaign_row(connection, campaign_id)
    attempts, outcomes = tables.attempts, tables.outcomes
    query = (
        select(attempts, *(column for column in outcomes.c if column.name != "attempt_id"))
        .select_from(attempts.outerjoin(outcomes))
        .where(attempts.c.campaign_id == campaign_id)
        .order_by(attempts.c.id)
    )
    return tuple(map(_attempt, connection.execute(query)))


def outcomes_of(connection: Connection, attempt_ids: Sequence[int]) -> dict[int, HostOutcome]:
    """The ends of these attempts, of those that have ended."""
    table = tables.outcomes
    found: dict[int, HostOutcome] = {}
    for chunk in chunks(attempt_ids):
        for attempt_id, *values in connection.execute(select(table).where(table.c.attempt_id.in_(chunk))):
            found[attempt_id] = _outcome(*values)
    return found


def _attempt(row: Row[Any]) -> AttemptRow:
    values = list(row)
    values[5] = _STEP[values[5]]
    values[9:] = [None if values[9] is None else _outcome(*values[9:])]
    return AttemptRow(*values)


def _outcome(
    status: str, stage: str, cause: str, hint: str, evidence: str, duration_s: float, at: datetime
) -> HostOutcome:
    return HostOutcome(_STATUS[status], _STAGE[stage], cause, hint, evidence_from_text(evidence), duration_s, at)
