"""One writer's transaction: events are appended, and whatever they change is changed with them."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from ledger import tables
from ledger.bulk import insert_rows, sending
from ledger.codec import Plain, from_json, to_json
from ledger.guard import Guard
from ledger.kinds import Effect, Kind
from ledger.projections import (
    CampaignRow,
    EventRow,
    HostRow,
    campaign_after,
    enrolled,
    host_after,
    hosts_of,
    wave_closed,
    wave_opened,
)
from ledger.rows import (
    PART,
    campaign_row,
    chunks,
    host_rows,
    insert_host_rows,
    update_host_rows,
    wave_rows,
    write_campaign_row,
    write_wave_row,
)
from muster.errors import NotFound
from muster.ids import CampaignId, HostId

_EVENT_COLUMNS = ("revision", "at", "campaign_id", "host_id", "kind", "effect", "by", "data")
_CAMPAIGN_KINDS = {
    Kind.CAMPAIGN_OPENED,
    Kind.CAMPAIGN_CHANGED,
    Kind.PLAN_DISPATCHED,
    Kind.STOPPED,
    Kind.RESUMED,
}

_NOTABLE = {Kind.STOPPED, Kind.RESUMED}


@dataclass(frozen=True, slots=True)
class Draft:
    """An event that is about to be appended; ``at`` is None for now."""

    kind: str
    effect: Effect
    by: str
    data: Mapping[str, object]
    campaign_id: CampaignId | None = None
    host_id: HostId | None = None
    at: datetime | None = None


class Writing:
    """The transaction of the one writer, so that whatever it has read still stands when it writes.

    Attributes:
        now: the time of the record, the same for everything in the transaction.
        lease_now: real time, for leases.
        notable: the events of this transaction that people are told of, whoever wrote them.
    """

    def __init__(self, connection: Connection, guard: Guard, now: datetime, lease_now: datetime) -> None:
        self.connection = connection
        self.guard = guard
        self.now = now
        self.lease_now = lease_now
        self.notable: list[EventRow] = []
        self._hosts: dict[tuple[str, str], HostRow] = {}
        self._revision: int | None = None

    def revision(self) -> int:
        """Of the newest event; read once, because nobody else writes."""
        if self._revision is None:
            self._revision = self.connection.scalar(select(func.max(tables.events.c.revision))) or 0
        return self._revision

    @contextmanager
    def sending(self) -> Iterator[None]:
        """Everything in the block is written without waiting for the database in between; nothing may be read in it.

        Hosts whose events are appended in it must have been read before (``hosts``).
        """
        self.revision()
        with sending(self.connection):
            yield

    def campaign(self, campaign_id: str) -> CampaignRow:
        """A campaign's row.

        Raises:
            NotFound: there is none.
        """
        row = campaign_row(self.connection, campaign_id)
        if row is None:
            raise no_campaign(campaign_id)
        return row

    def hosts(self, campaign_id: str, host_ids: Sequence[str] | None = None) -> dict[str, HostRow]:
        """Rows of hosts that are in the campaign, by host id."""
        if host_ids is None:
            rows = host_rows(self.connection, campaign_id)
            self._hosts |= {(campaign_id, host_id): row for host_id, row in rows.items()}
            return rows
        missing = [host_id for host_id in host_ids if (campaign_id, host_id) not in self._hosts]
        for host_id, row in host_rows(self.connection, campaign_id, missing).items():
            self._hosts[campaign_id, host_id] = row
        found = ((host_id, self._hosts.get((campaign_id, host_id))) for host_id in host_ids)
        return {host_id: row for host_id, row in found if row is not None}

    def append(self, drafts: Sequence[Draft]) -> int:
        """Append events and bring the projections up to them; gives the newest revision."""
        revision = self.revision()
        rows: list[EventRow] = []
        for part in chunks(drafts, PART):
            values: list[tuple[object, ...]] = []
            for draft in part:
                revision += 1
                text = to_json(draft.data)
                rows.append(_event_row(draft, revision, draft.at or self.now, text))
                values.append(_event_values(rows[-1], text))
            insert_rows(self.connection, tables.events, _EVENT_COLUMNS, values)
        self._revision = revision
        self.notable += [row for row in rows if row.kind in _NOTABLE and row.effect != Effect.NONE]
        self._project_campaigns(rows)
        self._project_waves(rows)
        self._project_hosts(rows)
        return revision

    def _project_campaigns(self, events: Sequence[EventRow]) -> None:
        for event in events:
            if event.effect != Effect.NONE and event.kind in _CAMPAIGN_KINDS:
                before = campaign_row(self.connection, str(event.campaign_id))
                after = campaign_after(before, event)
                if after is not None:
                    write_campaign_row(self.connection, after, new=before is None)

    def _project_waves(self, events: Sequence[EventRow]) -> None:
        for event in events:
            if event.effect == Effect.NONE:
                continue
            if event.kind == Kind.WAVE_OPENED:
                write_wave_row(self.connection, wave_opened(event), new=True)
            elif event.kind == Kind.WAVE_CLOSED:
                number = int(str(event.data["number"]))
                (row,) = wave_rows(self.connection, str(event.campaign_id), number)
                write_wave_row(self.connection, wave_closed(row, event), new=False)

    def _project_hosts(self, events: Sequence[EventRow]) -> None:
        before: dict[tuple[str, str], HostRow] = {}
        added: list[HostRow] = []
        self._load_hosts(events)
        for event in events:
            campaign_id = str(event.campaign_id)
            if event.kind == Kind.HOSTS_ENROLLED and event.effect != Effect.NONE:
                added += [enrolled(campaign_id, host_id, event) for host_id in hosts_of(event) or ()]
                continue
            for key, row in self._changed_by(event):
                before.setdefault(key, row)
                self._hosts[key] = host_after(row, event)
        insert_host_rows(self.connection, added)
        update_host_rows(self.connection, [(row, self._hosts[key]) for key, row in before.items()])

    def _changed_by(self, event: EventRow) -> list[tuple[tuple[str, str], HostRow]]:
        """The rows that an event changes, with their keys; that of a single host has been read (``_load_hosts``)."""
        campaign_id, host_ids = str(event.campaign_id), hosts_of(event)
        if event.host_id is None:
            return [((campaign_id, host_id), row) for host_id, row in self.hosts(campaign_id, host_ids).items()]
        row = self._hosts.get((campaign_id, event.host_id)) if host_ids else None
        return [] if row is None else [((campaign_id, event.host_id), row)]

    def _load_hosts(self, events: Sequence[EventRow]) -> None:
        """Read the rows of all events at once."""
        wanted: dict[str, list[str]] = {}
        for event in events:
            if event.host_id is not None and event.effect != Effect.NONE:
                wanted.setdefault(str(event.campaign_id), []).append(event.host_id)
        for campaign_id, host_ids in wanted.items():
            self.hosts(campaign_id, host_ids)


def no_campaign(campaign_id: str) -> NotFound:
    """The error for a campaign that the ledger does not hold."""
    return NotFound(f"the ledger holds no campaign {campaign_id!r}", hint="muster status lists the campaigns.")


def _event_row(draft: Draft, revision: int, at: datetime, text: str) -> EventRow:
    data: Plain = from_json(text)  # what a replay will read, not what was meant
    return EventRow(revision, at, draft.campaign_id, draft.host_id, draft.kind, draft.effect, draft.by, data)


def _event_values(row: EventRow, text: str) -> tuple[object, ...]:
    return (row.revision, row.at, row.campaign_id, row.host_id, str(row.kind), str(row.effect), row.by, text)
