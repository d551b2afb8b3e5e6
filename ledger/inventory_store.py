"""The inventory: clients, sites, hosts, partners and engineers, added or changed by id.

Every type is one table: the columns that somebody will ask for, and ``more`` with all the rest as JSON, so a new field
of a type needs no migration. What is there is compared with what comes as values, not as text.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection, Table, bindparam, insert, select, update

from ledger import tables
from ledger.codec import CLIENT, ENGINEER, HOST, PARTNER, SITE, Codec, Plain, from_json, to_json
from ledger.kinds import Effect, Kind
from ledger.rows import chunks
from ledger.writing import Draft, Writing
from muster.crew import Crew, Engineer, Partner
from muster.fleet import Client, Fleet, Host, Site
from muster.records import ImportSummary

T = TypeVar("T", Client, Site, Host, Partner, Engineer)


def _no_columns(_item: object) -> dict[str, object]:
    return {}


def _partner_columns(partner: Partner) -> dict[str, object]:
    """Until when the partner may be given work, copied out of the nested values."""
    return {
        "vetted_until": partner.vetting.valid_until if partner.vetting else None,
        "agreed_until": partner.agreement.valid_until if partner.agreement else None,
    }


@dataclass(frozen=True)
class Shelf(Generic[T]):
    """One type and its table; ``derived`` are columns for queries that are not read back."""

    table: Table
    codec: Codec[T]
    of: type[T]
    derived: Callable[[T], dict[str, object]]

    def columns(self) -> tuple[str, ...]:
        """The fields of the type that are columns."""
        names = {column.name for column in self.table.columns}
        return tuple(field.name for field in fields(self.of) if field.name in names)

    def values(self, item: T) -> dict[str, object]:
        """The row of an item."""
        plain = self.codec.to_plain(item)
        own = {name: plain.pop(name) for name in self.columns()}
        return {**own, **self.derived(item), "more": to_json(plain)}

    def read(self, connection: Connection) -> dict[str, T]:
        """Every item by id."""
        names = self.columns()
        query = select(*(self.table.c[name] for name in names), self.table.c.more)
        return {row[0]: self._item(names, row) for row in connection.execute(query)}

    def _item(self, names: Sequence[str], row: Iterable[Any]) -> T:
        *own, more = row
        plain: Plain = dict(zip(names, own, strict=True)) | from_json(more)
        return self.codec.from_plain(plain)

    def add(self, connection: Connection, items: Sequence[T]) -> None:
        """Add rows."""
        for chunk in chunks(items):
            connection.execute(insert(self.table), [self.values(item) for item in chunk])

    def change(self, connection: Connection, items: Sequence[T]) -> None:
        """Write rows anew, by id."""
        names = [column.name for column in self.table.columns if column.name != "id"]
        statement = (
            update(self.table)
            .where(self.table.c.id == bindparam("key"))
            .values({name: bindparam(name) for name in names})
        )
        for chunk in chunks(items):
            rows = ({**self.values(item), "key": item.id} for item in chunk)
            connection.execute(statement, [{k: v for k, v in row.items() if k != "id"} for row in rows])


CLIENTS = Shelf(tables.clients, CLIENT, Client, _no_columns)
SITES = Shelf(tables.sites, SITE, Site, _no_columns)
HOSTS = Shelf(tables.hosts, HOST, Host, _no_columns)
PARTNERS = Shelf(tables.partners, PARTNER, Partner, _partner_columns)
ENGINEERS = Shelf(tables.engineers, ENGINEER, Engineer, _no_columns)


def save_inventory(writing: Writing, fleet: Fleet, crew: Crew, *, by: str) -> ImportSummary:
    """Add what is new and change what differs, by id; the order keeps every reference whole."""
    connection = writing.connection
    counts = {
        "clients": _save(connection, CLIENTS, fleet.clients),
        "sites": _save(connection, SITES, fleet.sites),
        "hosts": _save(connection, HOSTS, fleet.hosts),
        "partners": _save(connection, PARTNERS, crew.partners),
        "engineers": _save(connection, ENGINEERS, crew.engineers),
    }
    summary = ImportSummary(counts)
    effect = Effect.MOVES if _moves(counts) else Effect.NONE
    writing.append([Draft(Kind.INVENTORY_SAVED, effect, by, {key: list(value) for key, value in counts.items()})])
    return summary


def count_inventory(connection: Connection, fleet: Fleet, crew: Crew) -> ImportSummary:
    """What saving would do."""
    return ImportSummary(
        {
            "clients": _count(*_sort(CLIENTS.read(connection), fleet.clients)),
            "sites": _count(*_sort(SITES.read(connection), fleet.sites)),
            "hosts": _count(*_sort(HOSTS.read(connection), fleet.hosts)),
            "partners": _count(*_sort(PARTNERS.read(connection), crew.partners)),
            "engineers": _count(*_sort(ENGINEERS.read(connection), crew.engineers)),
        }
    )


def read_fleet(connection: Connection) -> Fleet:
    """Every client, site and host, each by id."""
    return Fleet(_all(connection, CLIENTS), _all(connection, SITES), _all(connection, HOSTS))


def read_crew(connection: Connection) -> Crew:
    """Every engineer and partner, each by id."""
    return Crew(_all(connection, ENGINEERS), _all(connection, PARTNERS))


def _all(connection: Connection, shelf: Shelf[T]) -> tuple[T, ...]:
    return tuple(item for _, item in sorted(shelf.read(connection).items()))


def _save(connection: Connection, shelf: Shelf[T], items: Sequence[T]) -> tuple[int, int, int]:
    if not items:
        return (0, 0, 0)
    added, changed, same = _sort(shelf.read(connection), items)
    shelf.add(connection, added)
    shelf.change(connection, changed)
    return _count(added, changed, same)


def _sort(there: Mapping[str, T], items: Sequence[T]) -> tuple[list[T], list[T], list[T]]:
    """New ones, changed ones, equal ones; the last of several with one id counts."""
    added: list[T] = []
    changed: list[T] = []
    same: list[T] = []
    for item in {item.id: item for item in items}.values():
        old = there.get(item.id)
        (added if old is None else same if old == item else changed).append(item)
    return added, changed, same


def _count(added: Sequence[T], changed: Sequence[T], same: Sequence[T]) -> tuple[int, int, int]:
    return len(added), len(changed), len(same)


def _moves(counts: Mapping[str, tuple[int, int, int]]) -> bool:
    return any(added or changed for added, changed, _ in counts.values())
