"""The projections from nothing but the events: the proof that the record is the truth.

``replay`` folds events with the same functions that write the projections; ``stored`` reads what the tables hold;
``differences`` says where the two part. A ledger whose projections differ from its replay was changed by hand.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy import Connection, select

from ledger import tables
from ledger.events import every_event
from ledger.kinds import Effect, Kind
from ledger.projections import (
    CampaignRow,
    EventRow,
    HostRow,
    WaveRecord,
    campaign_after,
    enrolled,
    host_after,
    hosts_of,
    wave_closed,
    wave_opened,
)
from ledger.rows import campaign_rows, host_rows, wave_rows
from ledger.store import SqlLedger

K = TypeVar("K")


@dataclass
class Projections:
    """Every projection of a ledger, by its key."""

    campaigns: dict[str, CampaignRow] = field(default_factory=dict)
    hosts: dict[tuple[str, str], HostRow] = field(default_factory=dict)
    waves: dict[tuple[str, int], WaveRecord] = field(default_factory=dict)


def replay(events: Iterable[EventRow]) -> Projections:
    """Fold all events of a ledger, oldest first."""
    made = Projections()
    for event in events:
        if event.effect == Effect.NONE or event.campaign_id is None:
            continue
        _fold_campaign(made, event)
        _fold_wave(made, event)
        _fold_hosts(made, event)
    return made


def stored(connection: Connection) -> Projections:
    """What the tables hold."""
    rows = campaign_rows(connection)
    return Projections(
        campaigns={row.id: row for row in rows},
        hosts={(row.id, key): host for row in rows for key, host in host_rows(connection, row.id).items()},
        waves={(row.id, wave.number): wave for row in rows for wave in wave_rows(connection, row.id)},
    )


def differences(ledger: SqlLedger) -> tuple[str, ...]:
    """Where the tables are not what the events make of them: one line for each row; empty when all is well."""
    with ledger.database.reading() as connection:
        made = replay(every_event(connection))
        there = stored(connection)
    return (
        *_differ("campaign", made.campaigns, there.campaigns),
        *_differ("host", made.hosts, there.hosts),
        *_differ("wave", made.waves, there.waves),
    )


def open_attempts(connection: Connection) -> set[int]:
    """Attempts without an outcome, by the record; the projections' open attempts must be the same."""
    table = tables.attempts.outerjoin(tables.outcomes)
    query = select(tables.attempts.c.id).select_from(table).where(tables.outcomes.c.attempt_id.is_(None))
    return set(connection.scalars(query))


def _fold_campaign(made: Projections, event: EventRow) -> None:
    key = str(event.campaign_id)
    row = campaign_after(made.campaigns.get(key), event)
    if row is not None:
        made.campaigns[key] = row


def _fold_wave(made: Projections, event: EventRow) -> None:
    if event.kind == Kind.WAVE_OPENED:
        opened = wave_opened(event)
        made.waves[opened.campaign_id, opened.number] = opened
    elif event.kind == Kind.WAVE_CLOSED:
        key = (str(event.campaign_id), int(str(event.data["number"])))
        made.waves[key] = wave_closed(made.waves[key], event)


def _fold_hosts(made: Projections, event: EventRow) -> None:
    campaign_id = str(event.campaign_id)
    touched = hosts_of(event)
    if touched is None:
        touched = tuple(host_id for campaign, host_id in made.hosts if campaign == campaign_id)
    for host_id in touched:
        key = (campaign_id, host_id)
        if event.kind == Kind.HOSTS_ENROLLED:
            made.hosts[key] = enrolled(campaign_id, host_id, event)
        else:
            made.hosts[key] = host_after(made.hosts[key], event)


def _differ(word: str, made: Mapping[K, object], there: Mapping[K, object]) -> Iterable[str]:
    for key in sorted({*made, *there}, key=str):
        if made.get(key) != there.get(key):
            yield f"{word} {key}: the events say {made.get(key)}, the table says {there.get(key)}"
