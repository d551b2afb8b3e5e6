"""Many rows of one table in one statement, past SQLAlchemy's own preparing of each row, which cost more than the rest.

SQLite takes rows one by one from a prepared statement; PostgreSQL takes columns as arrays, so that a batch is one
message to the server and one statement there; a column that is the same in every row (the campaign, the time, the
status of a batch) travels once. Rows are tuples in the order of the named columns.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, cast

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, StatementError

from ledger.tables import METADATA, UtcDateTime

if TYPE_CHECKING:  # SQLite needs it not
    import psycopg

Rows = Sequence[Sequence[object]]
_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy's own
_PREPARER = sqlite.dialect().identifier_preparer


@contextmanager
def sending(connection: Connection) -> Iterator[None]:
    """Rows that are written in the block are sent and not waited for until its end; nothing may be read in it.

    PostgreSQL works at one batch while this process prepares the next (libpq's pipeline mode). What goes wrong with any
    of them is raised at the end of the block. SQLite works in this process: there it changes nothing.
    """
    if connection.dialect.name == "sqlite":
        yield
        return
    import psycopg

    driver = cast("psycopg.Connection[object]", connection.connection.driver_connection)
    try:
        with driver.pipeline():
            yield
    except psycopg.Error as error:
        if driver.closed:
            connection.invalidate(error)
        raise as_sqlalchemy_tells(error, psycopg.Error, gone=driver.closed) from error


def as_sqlalchemy_tells(error: Exception, kind: type[Exception], *, gone: bool) -> Exception:
    """What SQLAlchemy makes of a driver's error; ``kind`` is the root of the driver's own."""
    return DBAPIError.instance("", None, error, kind, connection_invalidated=gone)


def insert_rows(connection: Connection, table: Table, names: tuple[str, ...], rows: Rows) -> None:
    """Add rows; ``names`` are their columns."""
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(_sqlite_insert(table.name, names), _sqlite_rows(table, names, rows))
    else:
        columns, shared = _columns(table, names, rows)
        connection.exec_driver_sql(_postgres_insert(table.name, names, shared), columns)


def update_rows(connection: Connection, table: Table, names: tuple[str, ...], key: tuple[str, ...], rows: Rows) -> None:
    """Write some columns of rows anew; each row holds the values of ``names`` and then those of ``key``."""
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        changed = _sqlite_rows(table, (*names, *key), rows)
        connection.exec_driver_sql(_sqlite_update(table.name, names, key), changed)
    else:
        columns, shared = _columns(table, (*names, *key), rows)
        connection.exec_driver_sql(_postgres_update(table.name, names, key, shared), columns)


def _columns(table: Table, names: tuple[str, ...], rows: Rows) -> tuple[dict[str, object], frozenset[str]]:
    """Columns by name, as lists or as the one value of all rows; and the names of the latter.

    Times must be aware, because PostgreSQL would take any for UTC.
    """
    columns = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
    for name, column in columns.items():
        if isinstance(table.c[name].type, UtcDateTime):
            for instant in {each for each in column if isinstance(each, datetime)}:
                _must_be_aware(instant)
    same = [name for name, column in columns.items() if column.count(column[0]) == len(column)]
    shared = frozenset(same if len(rows) == 1 or len(same) < len(names) else same[1:])  # one says how many rows
    return {name: column[0] if name in shared else column for name, column in columns.items()}, shared


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
def _postgres_insert(table: str, names: tuple[str, ...], shared: frozenset[str]) -> str:
    columns, values = ", ".join(map(_quoted, names)), ", ".join(_value(table, name, shared) for name in names)
    return f"INSERT INTO {_quoted(table)} ({columns}) SELECT {values}{_arrays(table, names, shared)}"


@lru_cache(maxsize=256)
def _postgres_update(table: str, names: tuple[str, ...], key: tuple[str, ...], shared: frozenset[str]) -> str:
    changes = ", ".join(f"{_quoted(name)} = {_value(table, name, shared)}" for name in names)
    found = " AND ".join(f"{_quoted(table)}.{_quoted(name)} = {_value(table, name, shared)}" for name in key)
    given = _arrays(table, (*names, *key), shared)
    return f"UPDATE {_quoted(table)} SET {changes}{given} WHERE {found}"  # noqa: S608 - names of our own tables


def _arrays(table: str, names: tuple[str, ...], shared: frozenset[str]) -> str:
    """A table of the arrays that are handed over, one for each column; empty where every column is shared."""
    own = [name for name in names if name not in shared]
    marks = ", ".join(f"{_mark(table, name)}::{_type(table, name)}[]" for name in own)
    return f" FROM unnest({marks}) AS given({', '.join(map(_quoted, own))})" if own else ""


def _value(table: str, name: str, shared: frozenset[str]) -> str:
    """A column as its own type, of a row of the arrays or of all; JSON travels as the text that it is."""
    given = f"{_mark(table, name)}::{_type(table, name)}" if name in shared else f"given.{_quoted(name)}"
    return f"{given}::jsonb" if _own_type(table, name) == "JSONB" else given


def _mark(table: str, name: str) -> str:
    """Where a parameter stands.

    Texts go in PostgreSQL's binary form (``b``): in its text form each quote of a document is escaped by an
    expression in Python, which took longer than everything else together.
    """
    return f"%({name}){'b' if _type(table, name) == 'text' else 's'}"


def _type(table: str, name: str) -> str:
    own = _own_type(table, name)
    return "text" if own in {"JSONB", "TEXT"} else own


def _own_type(table: str, name: str) -> str:
    return METADATA.tables[table].c[name].type.compile(_DIALECT)
