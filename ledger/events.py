"""Reading the record, and adding notes to it."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, Select, func, select

from ledger import tables
from ledger.codec import from_json
from ledger.kinds import STEPS_OF_HOSTS, Effect
from ledger.projections import EventRow
from ledger.writing import Draft, Writing
from muster.ids import CampaignId, HostId, VisitId
from muster.records import Event, Note

PAGE = 1000


def newest_revision(connection: Connection) -> int:
    """Of the newest event; 0 when there is none."""
    return connection.scalar(select(func.max(tables.events.c.revision))) or 0


def read_events(
    connection: Connection, campaign_id: CampaignId | None, after: int, limit: int, kinds: Sequence[str] = ()
) -> tuple[Event, ...]:
    """At most ``limit`` events with a revision greater than ``after``, oldest first; of these kinds where given."""
    wanted = (campaign_id, after, limit)
    query = _query_of_kinds(kinds, *wanted) if kinds else _query(*wanted)
    return tuple(
        Event(row.revision, row.at, row.campaign_id, row.host_id, row.kind, row.by, row.data)
        for row in _rows(connection, query)
    )


def every_event(connection: Connection, campaign_id: CampaignId | None = None) -> Iterator[EventRow]:
    """All events, oldest first, with their effects; read in pages."""
    after = 0
    while True:
        page = list(_rows(connection, _query(campaign_id, after, PAGE)))
        yield from page
        if len(page) < PAGE:
            return
        after = page[-1].revision


def append_note(
    writing: Writing,
    kind: str,
    *,
    by: str,
    campaign_id: CampaignId | None,
    host_id: HostId | None,
    visit_id: VisitId | None,
    data: Mapping[str, object] | None,
    at: datetime | None,
) -> None:
    """Append an event that changes nothing; ``visit_id`` is kept as ``visit`` in its data."""
    if campaign_id is not None:
        writing.campaign(campaign_id)
    visit: dict[str, object] = {} if visit_id is None else {"visit": visit_id}
    plain = writing.guard.mapping({**(data or {}), **visit})
    writing.append([Draft(kind, Effect.NONE, by, plain, campaign_id, host_id, at)])


def append_notes(writing: Writing, campaign_id: CampaignId, notes: Sequence[Note], *, by: str) -> None:
    """Append events of one campaign that change nothing."""
    writing.campaign(campaign_id)
    writing.append(
        [
            Draft(note.kind, Effect.NONE, by, writing.guard.mapping(note.data), campaign_id, note.host_id)
            for note in notes
        ]
    )


def _query(campaign_id: CampaignId | None, after: int, limit: int) -> Select[tuple[object, ...]]:
    table = tables.events
    query = select(table).where(table.c.revision > after).order_by(table.c.revision).limit(limit)
    return query if campaign_id is None else query.where(table.c.campaign_id == campaign_id)


def _query_of_kinds(
    kinds: Sequence[str], campaign_id: CampaignId | None, after: int, limit: int
) -> Select[tuple[object, ...]]:
    table = tables.events
    of_kinds = table.c.kind.in_(kinds)
    if set(kinds) & set(STEPS_OF_HOSTS):
        return _query(campaign_id, after, limit).where(of_kinds)
    # by the index of kinds: SQLite, which counts nothing beforehand, would go through all events of the campaign
    query = _query(None, after, limit).where(of_kinds, tables.RARE_EVENT)
    return query if campaign_id is None else query.where(func.coalesce(table.c.campaign_id, "") == campaign_id)


def _rows(connection: Connection, query: Select[tuple[object, ...]]) -> Iterator[EventRow]:
    for row in connection.execute(query).mappings():
        values = dict(row)
        yield EventRow(**{**values, "data": from_json(values["data"])})
