"""A ledger to a file and back, while others go on writing.

SQLite is copied by its own online backup, PostgreSQL by ``pg_dump``; both see one moment. A backup goes back into a
ledger of the same sort that holds nothing yet, so that nothing is overwritten by accident.
"""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from sqlalchemy import URL, inspect

from ledger.address import Address, read_address
from ledger.database import DEFAULT_LIMITS, Database
from ledger.errors import mapped
from muster.errors import Conflict, InputError, LedgerError, LedgerUnavailable, NotFound

T = TypeVar("T")
LIMIT_S = 6 * 3600.0
"""Longest time for PostgreSQL's programs; a dump of a hundred gigabytes takes about an hour."""
SQLITE_MARK, POSTGRES_MARK = b"SQLite format 3\0", b"PGDMP"


def back_up(url: str, file: Path) -> None:
    """Write the ledger as it is now to a file that is not there yet, for its owner's eyes only.

    Raises:
        InputError: the file is there, or PostgreSQL's programs are not installed.
        NotFound: there is no ledger.
        LedgerUnavailable: the database or the file cannot be used.
    """
    address = read_address(url)
    if file.exists():
        raise InputError(f"{file} is there already", hint="name another file; nothing is overwritten")
    part = file.with_name(f"{file.name}.part")
    with mapped(address):
        file.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
        try:
            (_copy_sqlite if address.is_sqlite else _dump_postgres)(address, part)
            _on_disk(part)
            part.replace(file)
        finally:
            part.unlink(missing_ok=True)


def restore(url: str, file: Path, *, settle: Callable[[str], T]) -> T:
    """Make an empty ledger what a backup holds; gives what ``settle`` gives.

    Args:
        url: the ledger's address.
        file: what ``back_up`` wrote.
        settle: is given the address of what was filled, before it is used: SQLite's is a file beside the ledger that
            becomes it only when ``settle`` has closed it and returned, PostgreSQL's is the database itself.

    Raises:
        NotFound: there is no such file.
        InputError: the file is no backup, or one of another sort of database.
        Conflict: the ledger holds something.
        LedgerUnavailable: the database cannot be used.
        LedgerError: the backup is damaged.
    """
    address = read_address(url)
    _check_sort(file, address)
    with mapped(address):
        if address.is_sqlite:
            return _fill_sqlite(address, file, settle)
        _fill_postgres(address, file)
        return settle(url)


def _check_sort(file: Path, address: Address) -> None:
    if not file.is_file():
        raise NotFound(f"there is no backup {file}")
    with file.open("rb") as opened:
        head = opened.read(len(SQLITE_MARK))
    if head != SQLITE_MARK and not head.startswith(POSTGRES_MARK):
        raise InputError(f"{file} is no backup of a ledger", hint="muster backup writes one")
    if (head == SQLITE_MARK) is not address.is_sqlite:
        kind = "SQLite" if head == SQLITE_MARK else "PostgreSQL"
        raise InputError(
            f"{file} is a backup of a ledger in {kind}, and ledger_url names another sort of database",
            hint=f"change ledger_url to an empty ledger in {kind}",
        )


def _copy_sqlite(address: Address, to: Path) -> None:
    source = Path(str(address.url.database))
    if not source.exists():
        raise NotFound(f"there is no ledger at {source}", hint="Make one with: muster init")
    timeout_s = DEFAULT_LIMITS.lock_s
    with closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True, timeout=timeout_s)) as there:
        _copy(there, to)


def _copy(source: sqlite3.Connection, to: Path) -> None:
    """Copy in one go and look whether the copy is whole."""
    with closing(sqlite3.connect(to)) as made:
        source.backup(made, pages=-1)
        said = made.execute("PRAGMA quick_check").fetchone()[0]
    if said != "ok":
        raise LedgerError(f"the copy {to} is damaged: {said}", hint="look at the disks, then try again")
    _fold_log(to)


def _fill_sqlite(address: Address, file: Path, settle: Callable[[str], T]) -> T:
    target = Path(str(address.url.database))
    if target.exists():
        raise Conflict(f"the ledger {target} is there", hint=f"move it away first: mv {target} {target}.old")
    part = target.with_name(f"{target.name}.part")
    try:
        with (
            mapped(read_address(f"sqlite:///{file}")),
            closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as source,
        ):
            _copy(source, part)
        settled = settle(f"sqlite:///{part.absolute()}")
        _fold_log(part)
        _on_disk(part)
        part.replace(target)
        return settled
    finally:
        for one in target.parent.glob(f"{part.name}*"):
            one.unlink()


def _fold_log(file: Path) -> None:
    """Have everything in the one file, without a log beside it."""
    with closing(sqlite3.connect(file)) as made:
        made.execute("PRAGMA journal_mode=DELETE").close()


def _dump_postgres(address: Address, to: Path) -> None:
    _run(address, ["pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={to}", _named(address)])


def _fill_postgres(address: Address, file: Path) -> None:
    database = Database(address, DEFAULT_LIMITS)
    with closing(database), database.reading() as connection:
        tables = inspect(connection).get_table_names()
    if tables:
        raise Conflict(
            f"the database {address} holds {len(tables)} tables",
            hint="make a new one (createdb muster2), and name it in ledger_url",
        )
    whole_or_not = ["--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges"]
    _run(address, ["pg_restore", *whole_or_not, _named(address), str(file)])


def _named(address: Address) -> str:
    """The database for PostgreSQL's programs, without its password: arguments are seen by everybody."""
    url = address.url
    plain = URL.create("postgresql", url.username, None, url.host, url.port, url.database, url.query)
    return f"--dbname={plain.render_as_string(hide_password=False)}"


def _run(address: Address, command: Sequence[str]) -> None:
    program = _program(command[0])
    environment = {**os.environ, **({"PGPASSWORD": address.password} if address.password else {})}
    try:
        ended = subprocess.run(
            [program, *command[1:]],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise LedgerUnavailable(f"{command[0]} did not end within {LIMIT_S / 3600:.0f} hours") from None
    if ended.returncode:
        said = address.hide((ended.stderr.strip().splitlines() or ["it did not say why"])[0])
        raise LedgerUnavailable(f"{command[0]} failed: {said}", hint="its version must be the server's, or newer")


def _program(name: str) -> str:
    """PostgreSQL's program: from PATH, else where Debian keeps it, the newest."""
    found = shutil.which(name)
    kept = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: float(path.parts[4]))
    if found is None and not kept:
        raise InputError(f"{name} is not installed here", hint="apt install postgresql-client")
    return found or str(kept[-1])


def _on_disk(file: Path) -> None:
    with file.open("rb") as opened:
        os.fsync(opened.fileno())
