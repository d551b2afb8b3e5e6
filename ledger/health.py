"""How the database under a ledger stands: what an examination asks of it."""

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, text

from ledger.schema import HEAD, version_of
from ledger.store import SqlLedger
from muster.ports import Ledger


@dataclass(frozen=True, slots=True)
class Health:
    """What was found.

    Attributes:
        kind: ``SQLite`` or ``PostgreSQL``, with its version.
        schema, newest_schema: of the database, and what this version of Muster writes.
        journal: SQLite's journal mode; empty on PostgreSQL. Anything but ``wal`` lets readers hold up writers.
        wal_bytes: of SQLite's log that is not yet in the file.
        size_bytes: of the whole database.
        file: where it lies; None where that is another machine's business.
        ahead_s: how far the server's clock is ahead of this machine's; None where both are one machine.
        read_only: whether the server takes no writes, as a standby does.
    """

    kind: str
    schema: str
    newest_schema: str
    size_bytes: int
    journal: str = ""
    wal_bytes: int = 0
    file: Path | None = None
    ahead_s: float | None = None
    read_only: bool = False


def health_of(ledger: Ledger) -> Health:
    """Ask the database of a ledger that ``open_ledger`` made.

    Raises:
        TypeError: it is another sort of ledger.
        LedgerUnavailable: the database does not answer.
    """
    if not isinstance(ledger, SqlLedger):
        raise TypeError(f"{ledger!r} has no database")
    database = ledger.database
    with database.reading() as connection:
        schema = version_of(connection) or ""
        if database.address.is_sqlite:
            return _of_sqlite(connection, schema, Path(str(database.address.url.database)))
        return _of_postgres(connection, schema)


def _of_sqlite(connection: Connection, schema: str, file: Path) -> Health:
    version = connection.scalar(text("SELECT sqlite_version()"))
    journal = connection.scalar(text("PRAGMA journal_mode"))
    pages, page_bytes = (int(connection.scalar(text(f"PRAGMA {name}")) or 0) for name in ("page_count", "page_size"))
    return Health(
        kind=f"SQLite {version}",
        schema=schema,
        newest_schema=HEAD,
        size_bytes=pages * page_bytes,
        journal=str(journal),
        wal_bytes=_size(file.with_name(f"{file.name}-wal")),
        file=file,
        read_only=not os.access(file, os.W_OK),
    )


def _of_postgres(connection: Connection, schema: str) -> Health:
    before = datetime.now(UTC)
    query = "SELECT clock_timestamp(), current_setting('server_version'), pg_database_size(current_database()), "
    at, version, size, standby = connection.execute(text(query + "pg_is_in_recovery()")).one()
    middle = before + (datetime.now(UTC) - before) / 2  # the answer is from about then
    return Health(
        kind=f"PostgreSQL {version}",
        schema=schema,
        newest_schema=HEAD,
        size_bytes=int(size),
        ahead_s=(at - middle).total_seconds(),
        read_only=bool(standby),
    )


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0
