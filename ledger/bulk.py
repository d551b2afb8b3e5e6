"""Many rows of one table in one statement, past SQLAlchemy's own preparing of each row, which cost more than the rest.

SQLite takes rows one by one from a prepared statement; PostgreSQL takes columns as arrays, so that a batch is one
message to the server and one statement there. Rows are tuples in the order of the named columns.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import lru_cache

from sqlalchemy import Column, Connection, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import StatementError

from ledger.tables import METADATA, UtcDateTime

Rows = Sequence[Sequence[object]]
_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy's own
_PREPARER = sqlite.dialect().identifier_preparer


def insert_rows(connection: Connection, table: Table, names: tuple[str, ...], rows: Rows) -> None:
    """Add rows; ``names`` are their columns."""
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(_sqlite_insert(table.name, names), _sqlite_rows(table, names, rows))
    else:
        connection.exec_driver_sql(_postgres_insert(table.name, names), _columns(table, names, rows))


def update_rows(connection: Connection, table: Table, names: tuple[str, ...], key: tuple[str, ...], rows: Rows) -> None:
    """Write some columns of rows anew; each row holds the values of ``names`` and then those of ``key``."""
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        changed = _sqlite_rows(table, (*names, *key), rows)
        connection.exec_driver_sql(_sqlite_update(table.name, names, key), changed)
    else:
        columns = _columns(table, (*names, *key), rows)
        connection.exec_driver_sql(_postgres_update(table.name, names, key), columns)


def _columns(table: Table, names: tuple[str, ...], rows: Rows) -> tuple[list[object], ...]:
    """Columns as lists; times must be aware, because PostgreSQL would take any for UTC."""
    columns = tuple(map(list, zip(*rows, strict=True)))
    for name, column in zip(names, columns, strict=True):
        if isinstance(table.c[name].type, UtcDateTime):
            for instant in {each for each in column if isinstance(each, datetime)}:
                _must_be_aware(instant)
    return columns


def _must_be_aware(instant: datetime) -> None:
    if instant.tzinfo is None:
        raise StatementError("the ledger takes aware times only", None, None, None)


def _sqlite_rows(table: Table, names: tuple[str, ...], rows: Rows) -> list[tuple[object, ...]]:
    """Times as text of one width and in UTC; most of a batch are the same."""
    instants = [place for place, name in enumerate(names) if isinstance(table.c[name].type, UtcDateTime)]
    if not instants:
        return [tuple(row) for row in rows]
    text = _texts_of_instants()
    made = []
    for row in rows:
        values = list(row)
        for place in instants:
            values[place] = text(values[place])
        made.append(tuple(values))
    return made


def _texts_of_instants() -> Callable[[object], object]:
    known: dict[datetime, str] = {}

    def text(value: object) -> object:
        if not isinstance(value, datetime):
            return value
        _must_be_aware(value)
        if value not in known:
            known[value] = value.astimezone(UTC).isoformat(timespec="microseconds")
        return known[value]

    return text


def _quoted(name: str) -> str:
    return _PREPARER.quote_identifier(name)


@lru_cache(maxsize=256)
def _sqlite_insert(table: str, names: tuple[str, ...]) -> str:
    columns, marks = ", ".join(map(_quoted, names)), ", ".join("?" * len(names))
    return f"INSERT INTO {_quoted(table)} ({columns}) VALUES ({marks})"  # noqa: S608 - names of our own tables


@lru_cache(maxsize=256)
def _sqlite_update(table: str, names: tuple[str, ...], key: tuple[str, ...]) -> str:
    changes = ", ".join(f"{_quoted(name)} = ?" for name in names)
    found = " AND ".join(f"{_quoted(name)} = ?" for name in key)
    return f"UPDATE {_quoted(table)} SET {changes} WHERE {found}"  # noqa: S608 - names of our own tables


@lru_cache(maxsize=256)
def _postgres_insert(table: str, names: tuple[str, ...]) -> str:
    columns = ", ".join(map(_quoted, names))
    values = f"SELECT {_taken(table, names)} FROM {_arrays(table, names)}"  # noqa: S608 - names of our own tables
    return f"INSERT INTO {_quoted(table)} ({columns}) {values}"


@lru_cache(maxsize=256)
def _postgres_update(table: str, names: tuple[str, ...], key: tuple[str, ...]) -> str:
    changes = ", ".join(f"{_quoted(name)} = {_value(METADATA.tables[table].c[name])}" for name in names)
    found = " AND ".join(f"{_quoted(table)}.{_quoted(name)} = given.{_quoted(name)}" for name in key)
    given = _arrays(table, (*names, *key))
    return f"UPDATE {_quoted(table)} SET {changes} FROM {given} WHERE {found}"  # noqa: S608 - names of our own tables


def _arrays(table: str, names: tuple[str, ...]) -> str:
    """A table of the arrays that are handed over, one for each column.

    Texts go in PostgreSQL's binary form (``%b``): in its text form each quote of a document is escaped by an
    expression in Python, which took longer than everything else together.
    """
    types = [_type(METADATA.tables[table].c[name]) for name in names]
    marks = ", ".join(f"{'%b' if own.lower() == 'text' else '%s'}::{own}[]" for own in types)
    return f"unnest({marks}) AS given({', '.join(map(_quoted, names))})"


def _taken(table: str, names: tuple[str, ...]) -> str:
    return ", ".join(_value(METADATA.tables[table].c[name]) for name in names)


def _value(column: "Column[object]") -> str:
    """A column of the arrays as its own type; JSON travels as the text that it is."""
    given = f"given.{_quoted(column.name)}"
    return f"{given}::jsonb" if _own_type(column) == "JSONB" else given


def _type(column: "Column[object]") -> str:
    own = _own_type(column)
    return "text" if own == "JSONB" else own


def _own_type(column: "Column[object]") -> str:
    return column.type.compile(_DIALECT)
