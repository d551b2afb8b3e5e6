"""Opening the ledger: the one function that others call."""

from pathlib import Path

from ledger.address import read_address
from ledger.database import DEFAULT_LIMITS, Database, Limits
from ledger.guard import Redact, leave
from ledger.papers import SqlBook
from ledger.schema import bring_up_to_date
from ledger.store import Report, SqlLedger, silent
from muster.clock import Clock, SystemClock
from muster.errors import LedgerUnavailable, NotFound
from muster.ports import Ledger
from partners.papers import Book


def open_ledger(
    url: str,
    *,
    clock: Clock,
    lease_clock: Clock | None = None,
    create: bool = True,
    redact: Redact = leave,
    report: Report = silent,
    limits: Limits = DEFAULT_LIMITS,
) -> Ledger:
    """Open a ledger, create it where there is none, and migrate it where it is older.

    Args:
        url: ``sqlite:////absolute/path`` or ``postgresql+psycopg://user:${NAME}@machine/database``; ``${NAME}`` is
            read from the environment. A relative path is the caller's to resolve.
        clock: tells the times that the ledger writes: the campaign's clock.
        lease_clock: tells real time, by which leases run out; the machine's own clock by default.
        create: whether an empty database becomes a ledger.
        redact: takes secrets out of every text that came from a host, before it is kept.
        report: makes the messages of a stop and of its lifting, which are queued in the same transaction, whoever
            writes it; makes none by default.
        limits: how long to wait for what.

    Raises:
        SettingsError: the address cannot be used, or names a variable that is not set.
        NotFound: there is no ledger, and ``create`` is false.
        LedgerUnavailable: the database cannot be reached.
        SchemaMismatch: the database is of a newer version of Muster, or of something else.
    """
    address = read_address(url)
    if address.is_sqlite:
        _prepare_file(Path(str(address.url.database)), create=create)
    database = Database(address, limits)
    try:
        bring_up_to_date(database, create=create)
    except BaseException:
        database.close()
        raise
    return SqlLedger(database, clock, lease_clock or SystemClock(), redact, report)


def book_of(ledger: Ledger) -> Book:
    """The book of partners and money that lies in the same database as a ledger.

    Raises:
        TypeError: the ledger is not one that ``open_ledger`` made.
    """
    if not isinstance(ledger, SqlLedger):
        raise TypeError(f"{ledger!r} has no book")
    return SqlBook(ledger.database, ledger._writing)  # noqa: SLF001 - one package, one sort of transaction


def _prepare_file(file: Path, *, create: bool) -> None:
    if file.exists():
        return
    if not create:
        raise NotFound(f"there is no ledger at {file}", hint="Make one with: muster init")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LedgerUnavailable(
            f"the ledger {file} cannot be created: {error.strerror or error}",
            hint="Check who may write to that folder.",
        ) from None
