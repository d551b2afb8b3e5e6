"""Every error of SQLAlchemy and of the drivers, as an error of ours: one sentence, no statement, no password.

What a database says is told apart by PostgreSQL's SQLSTATE or SQLite's result code and sorted into what the user can
do about it: wait (locked, full, gone), repair the address (refused), or bring Muster and the database to one version.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import (
    DBAPIError,
    DisconnectionError,
    IntegrityError,
    NoSuchModuleError,
    NoSuchTableError,
    SQLAlchemyError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from ledger.address import Address
from muster.errors import Conflict, LedgerError, LedgerUnavailable, SchemaMismatch

_WAIT = "Another process is writing to it; look for one that hangs, then try again."
_VERSION = "Use the version of Muster that wrote it, or name another ledger_url in muster.yml."

_of_state: dict[str, tuple[type[LedgerError], str, str]] = {
    "55P03": (LedgerUnavailable, "stayed locked past its time-out", _WAIT),
    "57014": (LedgerUnavailable, "took longer than its time-out for one statement", _WAIT),
    "40001": (LedgerUnavailable, "was changed by two at once", "Try again."),
    "40P01": (LedgerUnavailable, "was changed by two at once", "Try again."),
    "42P01": (SchemaMismatch, "lacks a table that this version of Muster needs", _VERSION),
    "42703": (SchemaMismatch, "lacks a column that this version of Muster needs", _VERSION),
    "42501": (LedgerError, "does not allow its user to do this", "Give the user of ledger_url the rights to it."),
    "3D000": (LedgerUnavailable, "is not there: no such database", "Create the database, or change ledger_url."),
    "23503": (Conflict, "does not hold what was referred to", ""),
    "23505": (Conflict, "holds this already", ""),
}
_class_of_state: dict[str, tuple[type[LedgerError], str, str]] = {
    "08": (LedgerUnavailable, "cannot be reached", "Start the database, or change ledger_url."),
    "28": (LedgerUnavailable, "does not accept this user or password", "Check the user and password of ledger_url."),
    "53": (LedgerUnavailable, "has no room or no connections left", "Free disk space or connections, then try again."),
    "57": (LedgerUnavailable, "is stopping or starting", "Wait until it is up, then try again."),
    "58": (LedgerUnavailable, "reports trouble with its disk", "Look into the database's own log."),
    "23": (Conflict, "refuses a row that contradicts another", ""),
}
_of_sqlite_code: dict[int, tuple[type[LedgerError], str, str]] = {
    sqlite3.SQLITE_BUSY: (LedgerUnavailable, "stayed locked past its time-out", _WAIT),
    sqlite3.SQLITE_LOCKED: (LedgerUnavailable, "stayed locked past its time-out", _WAIT),
    sqlite3.SQLITE_FULL: (LedgerUnavailable, "cannot grow: the disk is full", "Free disk space, then try again."),
    sqlite3.SQLITE_IOERR: (LedgerUnavailable, "cannot be read or written", "Look at the disk it lies on."),
    sqlite3.SQLITE_READONLY: (LedgerUnavailable, "cannot be written: it is read-only", "Check who owns the file."),
    sqlite3.SQLITE_PERM: (LedgerUnavailable, "cannot be opened", "Check who owns the file."),
    sqlite3.SQLITE_CANTOPEN: (LedgerUnavailable, "cannot be opened", "Check the folder: it must exist and be yours."),
    sqlite3.SQLITE_NOTADB: (SchemaMismatch, "is not a database of Muster", _VERSION),
    sqlite3.SQLITE_CORRUPT: (LedgerUnavailable, "is damaged", "Restore the file from a backup."),
}
_OTHER: tuple[type[LedgerError], str, str] = (LedgerError, "could not do what was asked", "")
_GONE: tuple[type[LedgerError], str, str] = _class_of_state["08"]
_of_type: dict[type[Exception], tuple[type[LedgerError], str, str]] = {
    PoolTimeoutError: (
        LedgerUnavailable,
        "has no connection free in this process",
        "Fewer hosts at one time may help.",
    ),
    DisconnectionError: _GONE,
    NoSuchTableError: _of_state["42P01"],
    NoSuchModuleError: (LedgerUnavailable, "needs a driver that is not installed", "Install Muster anew."),
    OSError: (LedgerUnavailable, "cannot be opened", "Check the folder: it must exist and be yours."),
}


@contextmanager
def mapped(address: Address) -> Iterator[None]:
    """Turn what the database raises inside into an error of ours."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error, OSError, UnicodeError) as error:
        raise ledger_error(error, address) from error


def ledger_error(error: Exception, address: Address) -> LedgerError:
    """The error of ours that says what ``error`` means for the user."""
    kind, words, hint = _sort(error)
    said = address.hide(_first_line(error))
    return kind(f"the ledger {address} {words}{f' ({said})' if said else ''}", hint=hint)


def is_gone(error: Exception) -> bool:
    """Whether the database went away or is not up yet, so that to connect again may help."""
    if not isinstance(error, DBAPIError) or isinstance(error.orig, sqlite3.Error):
        return False
    return error.connection_invalidated or _sort(error) is _GONE or _state(error).startswith("57P")


def _sort(error: Exception) -> tuple[type[LedgerError], str, str]:
    if isinstance(error, sqlite3.Error):
        return _sort_sqlite(error)
    if isinstance(error, DBAPIError):
        return _sort_sqlite(error.orig) if isinstance(error.orig, sqlite3.Error) else _sort_driver(error)
    return next((sorted_as for kind, sorted_as in _of_type.items() if isinstance(error, kind)), _OTHER)


def _sort_driver(error: DBAPIError) -> tuple[type[LedgerError], str, str]:
    state = _state(error)
    known = _of_state.get(state) or _class_of_state.get(state[:2])
    if known is not None:
        return known
    if isinstance(error, IntegrityError):
        return _class_of_state["23"]
    text = str(error.orig)
    if "authentication" in text or "no pg_hba.conf entry" in text or "no password supplied" in text:
        return _class_of_state["28"]
    if "does not exist" in text and "database" in text:
        return _of_state["3D000"]
    # psycopg gives no state when no connection came about or one broke
    return _GONE if not state and type(error).__name__ in {"OperationalError", "InterfaceError"} else _OTHER


def _sort_sqlite(error: sqlite3.Error) -> tuple[type[LedgerError], str, str]:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the low byte is the primary result code
    if code in _of_sqlite_code:
        return _of_sqlite_code[code]
    text = str(error)
    if text.startswith("no such table"):
        return _of_state["42P01"]
    if text.startswith("no such column") or "has no column named" in text:
        return _of_state["42703"]
    if "FOREIGN KEY" in text:
        return _of_state["23503"]
    if isinstance(error, sqlite3.IntegrityError):
        return _class_of_state["23"]
    return _OTHER


def _state(error: DBAPIError) -> str:
    return str(getattr(error.orig, "sqlstate", None) or "")


def _first_line(error: Exception) -> str:
    cause = getattr(error, "orig", None) or error
    lines = str(cause).strip().splitlines()
    return lines[0].strip() if lines else ""
