"""Reading for the portal: what has moved since it last looked, and only the rows that did."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from ledger import tables
from ledger.attempts import _HOST_COLUMNS, _attempt, _host_state
from ledger.rows import chunks
from ledger.store import SqlLedger
from muster.ids import CampaignId, HostId
from muster.ports import Ledger
from muster.records import AttemptRow, HostState

PAGE = 20_000


@dataclass(frozen=True, slots=True)
class Moved:
    """An event without its data: what it is about, what sort it is, and of a paper on which shelf that lies."""

    revision: int
    campaign_id: CampaignId | None
    host_id: HostId | None
    kind: str
    shelf: str | None


def moved_since(ledger: Ledger, revision: int) -> tuple[Moved, ...] | None:
    """Every event after ``revision``, oldest first; None where there are more than ``PAGE``: read everything anew."""
    table = tables.events
    database, data = _sql(ledger).database, table.c.data
    sqlite = database.address.is_sqlite
    shelf = func.json_extract(data, "$.shelf") if sqlite else func.jsonb_extract_path_text(data, "shelf")
    columns = table.c.revision, table.c.campaign_id, table.c.host_id, table.c.kind, shelf
    query = select(*columns).where(table.c.revision > revision).order_by(table.c.revision).limit(PAGE + 1)
    with database.reading() as connection:
        found = tuple(Moved(*row) for row in connection.execute(query))
    return None if len(found) > PAGE else found


def hosts_now(ledger: Ledger, campaign_id: CampaignId, host_ids: Sequence[HostId]) -> tuple[HostState, ...]:
    """Some hosts of a campaign as they stand."""
    table = tables.host_states
    query = select(*(table.c[name] for name in _HOST_COLUMNS)).where(table.c.campaign_id == campaign_id)
    with _sql(ledger).database.reading() as connection:
        rows = (row for some in chunks(host_ids) for row in connection.execute(query.where(table.c.host_id.in_(some))))
        return tuple(map(_host_state, rows))


def _sql(ledger: Ledger) -> SqlLedger:
    if not isinstance(ledger, SqlLedger):
        raise TypeError(f"{ledger!r} is not on a database")
    return ledger


def attempts_at(ledger: Ledger, host_ids: Sequence[HostId]) -> tuple[AttemptRow, ...]:
    """Every attempt at some hosts, of all campaigns, oldest first."""
    attempts, outcomes = tables.attempts, tables.outcomes
    query = select(attempts, *(column for column in outcomes.c if column.name != "attempt_id")).select_from(
        attempts.outerjoin(outcomes)
    )
    with _sql(ledger).database.reading() as connection:
        rows = (
            row for some in chunks(host_ids) for row in connection.execute(query.where(attempts.c.host_id.in_(some)))
        )
        return tuple(sorted(map(_attempt, rows), key=lambda one: one.id))


def count_outcomes(ledger: Ledger) -> dict[tuple[str, str], int]:
    """How many attempts ended how, by campaign and status."""
    attempts, outcomes = tables.attempts, tables.outcomes
    query = (
        select(attempts.c.campaign_id, outcomes.c.status, func.count())
        .join(outcomes, outcomes.c.attempt_id == attempts.c.id)
        .group_by(attempts.c.campaign_id, outcomes.c.status)
    )
    with _sql(ledger).database.reading() as connection:
        return {(campaign_id, status): number for campaign_id, status, number in connection.execute(query)}
