"""One database: its engine, its two sorts of transaction, and its time-outs.

Reading takes one snapshot (SQLite: a deferred transaction in WAL; PostgreSQL: repeatable read, read only). Writing is
one at a time for the whole ledger: ``BEGIN IMMEDIATE`` on SQLite, a transaction-level advisory lock on PostgreSQL.
That is what makes the order of revisions the order of commits, so that a reader who pages with ``after=`` never
misses an event, and it is cheap, because claims and results come in batches.

SQLite runs in WAL with ``synchronous=FULL``: a commit is on the disk before anybody touches a host. With ``NORMAL``
a power cut could take back the last intents, and hosts would be pushed twice.

A database that was restarted: pooled connections are tried before use (``pool_pre_ping``), and a transaction that has
not begun is begun again for at most ``reconnect_s``. Nothing is tried again once it has begun, because nobody knows
whether a commit arrived; the caller gets LedgerUnavailable, and ``recover`` sorts the rest out.
"""

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError

from ledger.address import Address
from ledger.errors import is_gone, mapped
from muster.errors import LedgerUnavailable

# Any number nobody else takes in this database; advisory locks are per database. "muster" in ASCII.
WRITER_LOCK = 0x6D7573746572
_POLL_S = 0.2


@dataclass(frozen=True, slots=True)
class Limits:
    """How long the ledger waits for its database, in seconds.

    Attributes:
        connect_s: for a connection of PostgreSQL, or a free one of the pool.
        lock_s: for whoever is writing.
        statement_s: for one statement of PostgreSQL.
        reconnect_s: for a database that went away to come back, before a transaction has begun.
    """

    connect_s: float = 10.0
    lock_s: float = 30.0
    statement_s: float = 60.0
    reconnect_s: float = 10.0


DEFAULT_LIMITS = Limits()


class _UnderWay(threading.local):
    """The transaction that this thread is in by ``together``; None where it is in none."""

    connection: Connection | None = None


class Database:
    """Transactions on one database; safe to share between threads."""

    def __init__(self, address: Address, limits: Limits) -> None:
        self.address = address
        self.limits = limits
        self._engine = _sqlite_engine(address, limits) if address.is_sqlite else _postgres_engine(address, limits)
        # SQLite's busy handler sleeps and tries again: threads of one process queue here instead
        self._queue = threading.Lock()
        self._under_way = _UnderWay()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees one moment and writes nothing."""
        if self._under_way.connection is not None:
            yield self._under_way.connection
            return
        with mapped(self.address), self._begun(writes=False) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """The only writer's transaction; it is committed when the block ends well, else undone."""
        if self._under_way.connection is not None:
            yield self._under_way.connection
            return
        with self._turn(), mapped(self.address), self._begun(writes=True) as connection:
            yield connection
            connection.commit()

    @contextmanager
    def together(self) -> Iterator[None]:
        """One transaction for everything that this thread reads and writes in the block, to any depth.

        Nobody else writes meanwhile, so nothing slow belongs in it.
        """
        with self.writing() as connection:
            outer, self._under_way.connection = self._under_way.connection, connection
            try:
                yield
            finally:
                self._under_way.connection = outer

    def close(self) -> None:
        """Give every connection back."""
        self._engine.dispose()

    def __repr__(self) -> str:
        return f"Database({self.address})"

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self.address.is_sqlite:
            yield
            return
        if not self._queue.acquire(timeout=self.limits.lock_s):
            raise LedgerUnavailable(
                f"the ledger {self.address} stayed locked past its time-out of {self.limits.lock_s:g} s",
                hint="Another thread of this process is writing; try again.",
            )
        try:
            yield
        finally:
            self._queue.release()

    @contextmanager
    def _begun(self, *, writes: bool) -> Iterator[Connection]:
        connection = self._begin(writes=writes)
        try:
            yield connection
        finally:
            connection.close()  # rolls back what was not committed

    def _begin(self, *, writes: bool) -> Connection:
        give_up_at = time.monotonic() + self.limits.reconnect_s
        while True:
            try:
                return self._begin_once(writes=writes)
            except DBAPIError as error:
                if not is_gone(error) or time.monotonic() >= give_up_at:
                    raise
            time.sleep(_POLL_S)

    def _begin_once(self, *, writes: bool) -> Connection:
        connection = self._engine.connect()
        try:
            if not self.address.is_sqlite:
                level = "READ COMMITTED" if writes else "REPEATABLE READ"
                connection.execution_options(isolation_level=level, postgresql_readonly=not writes)
            connection.execution_options(muster_writes=writes)
            connection.begin()
            if writes and not self.address.is_sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": WRITER_LOCK})
        except BaseException:
            connection.close()
            raise
        return connection


def _sqlite_engine(address: Address, limits: Limits) -> Engine:
    file = Path(str(address.url.database))
    only_read = _may_only_be_read(file)
    engine = create_engine(
        _read_only(address.url, file) if only_read else address.url,
        connect_args={"timeout": limits.lock_s, "check_same_thread": False},
        pool_timeout=limits.connect_s,
        json_serializer=_as_it_is,
        json_deserializer=_as_it_is,
        hide_parameters=True,
    )
    event.listen(engine, "connect", _prepare_to_read if only_read else _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _may_only_be_read(file: Path) -> bool:
    """Whether this is somebody else's ledger, or lies on a medium that cannot be written, such as a backup's."""
    return file.exists() and not (os.access(file, os.W_OK) and os.access(file.parent, os.W_OK))


def _read_only(url: URL, file: Path) -> URL:
    """The address of a file that may only be read.

    In WAL mode SQLite writes beside the file even to read it, unless it may take the file for one that nobody changes.
    That it is while no journal lies beside it; whoever writes at this moment makes one.
    """
    journal = file.with_name(f"{file.name}-wal").exists()
    query = {"mode": "ro", "uri": "true"} if journal else {"mode": "ro", "immutable": "1", "uri": "true"}
    return url.set(database=file.absolute().as_uri(), query=query)


def _prepare_sqlite(connection: sqlite3.Connection, record: object) -> None:
    _prepare_to_read(connection, record)
    # recursive_triggers: without it INSERT OR REPLACE would delete rows past the triggers that refuse deletion
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "recursive_triggers=ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _prepare_to_read(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # the driver begins nothing by itself; _begin_sqlite does


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("muster_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _postgres_engine(address: Address, limits: Limits) -> Engine:
    return create_engine(
        address.url,
        connect_args={
            "connect_timeout": max(2, round(limits.connect_s)),  # whole seconds; libpq takes 1 for 2
            "application_name": "muster",
            "keepalives_idle": 30,
            "keepalives_interval": 10,
            "keepalives_count": 3,
            "tcp_user_timeout": round(limits.statement_s * 1000),
            "options": f"-c lock_timeout={round(limits.lock_s * 1000)}"
            f" -c statement_timeout={round(limits.statement_s * 1000)}"
            f" -c idle_in_transaction_session_timeout={round(limits.statement_s * 1000)}"
            " -c timezone=UTC",
        },
        pool_pre_ping=True,
        pool_timeout=limits.connect_s,
        json_serializer=_as_it_is,
        json_deserializer=_as_it_is,
        hide_parameters=True,
    )


def _as_it_is(document: str | bytes) -> str:
    """JSON stays text in both directions; ``ledger.codec`` reads and writes it."""
    return document if isinstance(document, str) else bytes(document).decode()
