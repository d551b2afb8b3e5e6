"""Rows of the projections, read from and written to their tables."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from datetime import datetime
from functools import lru_cache
from itertools import islice
from operator import attrgetter, is_not
from typing import Any, TypeVar

from sqlalchemy import ARRAY, Column, ColumnElement, Connection, Row, and_, any_, insert, literal, select, update

from ledger import tables
from ledger.bulk import insert_rows, update_rows
from ledger.codec import Plain, from_json, to_json
from ledger.projections import CampaignRow, HostRow, WaveRecord

T = TypeVar("T")
CHUNK = 1000
"""Ids in one IN list; both databases take more, and gain nothing by it."""
PART = 125
"""Rows that are written in one statement: PostgreSQL works at these while the next are prepared (``bulk.sending``)."""

_HOST_COLUMNS = tuple(field.name for field in fields(HostRow))
_HOST_KEY = ("campaign_id", "host_id")


def chunks(items: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    """``items`` in lists of at most ``size``."""
    rest = iter(items)
    while chunk := list(islice(rest, size)):
        yield chunk


def host_rows(connection: Connection, campaign_id: str, host_ids: Sequence[str] | None = None) -> dict[str, HostRow]:
    """Rows of a campaign by host id; all of them, or those that are there of ``host_ids``."""
    if host_ids is not None and not host_ids:
        return {}
    table = tables.host_states
    query = select(*(table.c[name] for name in _HOST_COLUMNS)).where(table.c.campaign_id == campaign_id)
    if host_ids is None:
        return {row[1]: _host_row(row) for row in connection.execute(query).all()}
    found: dict[str, HostRow] = {}
    for chunk in chunks(host_ids):
        among = query.where(is_one_of(connection, table.c.host_id, chunk))
        found |= {row[1]: _host_row(row) for row in connection.execute(among).all()}
    return found


def is_one_of(connection: Connection, column: Column[Any], values: Sequence[object]) -> ColumnElement[bool]:
    """``column IN values``; on PostgreSQL as one array, so that a statement is the same for any number of them."""
    if connection.dialect.name == "sqlite":
        return column.in_(values)
    return column == any_(literal(list(values), ARRAY(column.type)))


def _host_row(row: Row[Any]) -> HostRow:
    values = list(row)
    finding = values[17]
    values[17] = None if finding is None else _shared(finding)
    return HostRow(*values)


@lru_cache(maxsize=4096)
def _shared(text: str) -> Plain:
    """An object from JSON text, read once for all hosts that have the same; nobody changes plain values."""
    return from_json(text)


def insert_host_rows(connection: Connection, rows: Sequence[HostRow]) -> None:
    """Add rows."""
    for chunk in chunks(rows, PART):
        insert_rows(connection, tables.host_states, _HOST_COLUMNS, [_host_values(row, _HOST_COLUMNS) for row in chunk])


def update_host_rows(connection: Connection, pairs: Sequence[tuple[HostRow, HostRow]]) -> None:
    """Write what has changed of rows, given as (before, after); only the columns in which any of them differ."""
    changed = [(old, new) for old, new in pairs if old is not new]
    before, after = [old for old, _ in changed], [new for _, new in changed]
    names = tuple(name for name in _HOST_COLUMNS if name not in _HOST_KEY and _differs(name, before, after))
    if not names:
        return
    for chunk in chunks(after, PART):
        values = [_host_values(new, (*names, *_HOST_KEY)) for new in chunk]
        update_rows(connection, tables.host_states, names, _HOST_KEY, values)


def _differs(name: str, before: Sequence[HostRow], after: Sequence[HostRow]) -> bool:
    get = attrgetter(name)
    return any(map(is_not, map(get, before), map(get, after)))


def _host_values(row: HostRow, names: Sequence[str]) -> Sequence[object]:
    values: tuple[object, ...] = attrgetter(*names)(row)
    if row.finding is None or "finding" not in names:
        return values
    place = names.index("finding")
    return (*values[:place], to_json(row.finding), *values[place + 1 :])


def campaign_row(connection: Connection, campaign_id: str) -> CampaignRow | None:
    """A campaign's row, or None."""
    return next(_campaign_rows(connection, campaign_id), None)


def campaign_rows(connection: Connection) -> tuple[CampaignRow, ...]:
    """Every campaign's row, the newest last."""
    return tuple(_campaign_rows(connection, None))


def _campaign_rows(connection: Connection, campaign_id: str | None) -> Iterator[CampaignRow]:
    table = tables.campaigns
    query = select(*(table.c[field.name] for field in fields(CampaignRow))).order_by(table.c.opened_revision)
    if campaign_id is not None:
        query = query.where(table.c.id == campaign_id)
    for row in connection.execute(query):
        values = list(row)
        values[1] = from_json(values[1])
        yield CampaignRow(*values)


def write_campaign_row(connection: Connection, row: CampaignRow, *, new: bool) -> None:
    """Add a campaign's row, or write it anew."""
    table = tables.campaigns
    values: dict[str, object] = {
        **{field.name: getattr(row, field.name) for field in fields(CampaignRow)},
        "document": to_json(row.document),
        "fix": row.document["fix"],
        "deadline": datetime.fromisoformat(str(row.document["deadline"])),
    }
    connection.execute(
        insert(table).values(values) if new else update(table).where(table.c.id == row.id).values(values)
    )


def wave_rows(connection: Connection, campaign_id: str, number: int | None = None) -> tuple[WaveRecord, ...]:
    """The waves of a campaign in order, or the one with this number."""
    table = tables.waves
    query = select(*(table.c[field.name] for field in fields(WaveRecord))).where(table.c.campaign_id == campaign_id)
    if number is not None:
        query = query.where(table.c.number == number)
    return tuple(_wave_row(row) for row in connection.execute(query.order_by(table.c.number)))


def _wave_row(row: Row[Any]) -> WaveRecord:
    values = list(row)
    values[3] = tuple(json.loads(values[3]))
    return WaveRecord(*values)


def write_wave_row(connection: Connection, row: WaveRecord, *, new: bool) -> None:
    """Add a wave's row, or write it anew."""
    table = tables.waves
    values: dict[str, object] = {field.name: getattr(row, field.name) for field in fields(WaveRecord)}
    values["host_ids"] = to_json(list(row.host_ids))
    this = and_(table.c.campaign_id == row.campaign_id, table.c.number == row.number)
    connection.execute(insert(table).values(values) if new else update(table).where(this).values(values))
