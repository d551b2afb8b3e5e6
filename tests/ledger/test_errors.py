"""Whatever a database says, the user reads one sentence, and never a password."""

import logging
import sqlite3
import threading
import time
import traceback
from pathlib import Path

import psycopg
import pytest
import sqlalchemy.exc
from sqlalchemy import text

from ledger import tables
from ledger.address import read_address
from ledger.bulk import insert_rows, sending
from ledger.database import Limits
from ledger.errors import ledger_error, mapped
from ledger.open import open_ledger
from ledger.store import SqlLedger
from muster.clock import SystemClock
from muster.errors import Conflict, LedgerError, LedgerUnavailable, MusterError, SchemaMismatch, SettingsError
from tests.ledger.conftest import QUICK, Open
from tests.ledger.make import begin
from tests.postgres import PASSWORD, USER, PostgresServer

SECRET = "s3cr3t-of-the-test"  # recognisable
ADDRESS = read_address(f"postgresql+psycopg://muster:{SECRET}@db.example/muster")
SHORT = Limits(connect_s=20, lock_s=0.3, statement_s=5, reconnect_s=0.5)


def _all_subclasses(of: type[Exception]) -> set[type[Exception]]:
    return {of}.union(*(_all_subclasses(kind) for kind in of.__subclasses__()))


def _instance(kind: type[Exception]) -> Exception:
    if issubclass(kind, sqlalchemy.exc.DBAPIError):
        return kind("SELECT secret", {"p": SECRET}, psycopg.OperationalError(f"broken: {SECRET}"))
    if issubclass(kind, sqlalchemy.exc.StatementError):
        return kind("broken", "SELECT secret", {"p": SECRET}, ValueError(f"broken: {SECRET}"))
    return kind.__new__(kind, "broken")


ALCHEMY = sorted(
    (kind for kind in _all_subclasses(sqlalchemy.exc.SQLAlchemyError) if kind.__module__ == "sqlalchemy.exc"),
    key=lambda kind: kind.__name__,
)
DRIVERS = sorted(_all_subclasses(sqlite3.Error), key=lambda kind: kind.__name__)


def test_the_walk_over_errors_finds_them() -> None:
    assert len(ALCHEMY) > 30
    assert sqlalchemy.exc.OperationalError in ALCHEMY


@pytest.mark.parametrize("kind", [*ALCHEMY, *DRIVERS, OSError])
def test_every_error_of_the_layers_below_becomes_one_of_ours(kind: type[Exception]) -> None:
    with pytest.raises(LedgerError) as caught, mapped(ADDRESS):
        raise _instance(kind)
    assert caught.value.message.startswith("the ledger postgresql+psycopg://muster:***@db.example/muster ")
    assert SECRET not in caught.value.message
    assert "SELECT" not in caught.value.message


@pytest.mark.parametrize(
    ("state", "kind", "words"),
    [
        ("55P03", LedgerUnavailable, "locked"),
        ("57014", LedgerUnavailable, "time-out"),
        ("57P01", LedgerUnavailable, "stopping or starting"),
        ("08006", LedgerUnavailable, "cannot be reached"),
        ("53300", LedgerUnavailable, "no connections left"),
        ("28P01", LedgerUnavailable, "user or password"),
        ("3D000", LedgerUnavailable, "no such database"),
        ("42P01", SchemaMismatch, "lacks a table"),
        ("42703", SchemaMismatch, "lacks a column"),
        ("23505", Conflict, "holds this already"),
        ("23514", Conflict, "contradicts"),
        ("XX000", LedgerError, "could not do"),
    ],
)
def test_postgresqls_states_are_told_apart(state: str, kind: type[LedgerError], words: str) -> None:
    cause = psycopg.errors.lookup(state)("said the server")
    error = ledger_error(sqlalchemy.exc.OperationalError("SELECT 1", {}, cause), ADDRESS)
    assert type(error) is kind
    assert words in error.message
    assert error.message.endswith("(said the server)")


def test_a_locked_ledger_is_unavailable_after_its_time_out_and_can_still_be_read(url: str, opened: Open) -> None:
    writer, other = opened(url), opened(url, limits=SHORT)
    begin(writer)
    began = time.monotonic()
    with writer.database.writing():
        with pytest.raises(LedgerUnavailable, match="stayed locked past its time-out") as caught:
            other.note("x", by="ann")
        assert len(other.fleet().hosts) == 4
    assert 0.2 < time.monotonic() - began < 120
    assert "Another process is writing" in caught.value.hint
    other.note("x", by="ann")


def test_threads_of_one_process_queue_and_give_up_too(tmp_path: Path, opened: Open) -> None:
    ledger = opened(f"sqlite:///{tmp_path}/l.db", limits=SHORT)
    caught: list[Exception] = []

    def write() -> None:
        try:
            ledger.note("x", by="ann")
        except LedgerUnavailable as error:
            caught.append(error)

    with ledger.database.writing():
        thread = threading.Thread(target=write)
        thread.start()
        thread.join()
    assert [str(error).endswith("stayed locked past its time-out of 0.3 s") for error in caught] == [True]


@pytest.mark.postgres
def test_a_statement_that_takes_too_long_is_ended(postgres_url: str, opened: Open) -> None:
    ledger = opened(postgres_url, limits=Limits(statement_s=3))  # opening it is statements, too
    with pytest.raises(LedgerUnavailable, match="longer than its time-out"), ledger.database.reading() as connection:
        connection.execute(text("SELECT pg_sleep(20)"))


def test_an_exhausted_pool_is_unavailable(url: str, opened: Open) -> None:
    ledger = opened(url, limits=Limits(connect_s=0.2, lock_s=1, reconnect_s=0.2))
    taken = [ledger.database.reading() for _ in range(15)]
    for one in taken:
        one.__enter__()
    try:
        with pytest.raises(LedgerUnavailable, match="no connection free"):
            ledger.revision()
    finally:
        for one in taken:
            one.__exit__(None, None, None)
    assert ledger.revision() == 0


def test_a_folder_that_cannot_be_made_is_unavailable(tmp_path: Path, opened: Open) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LedgerUnavailable, match="cannot be created"):
        opened(f"sqlite:///{tmp_path}/file/below/l.db")
    with pytest.raises(LedgerUnavailable, match="cannot be opened"):
        opened(f"sqlite:///{tmp_path}")


def test_a_damaged_file_is_told_in_words(tmp_path: Path, opened: Open) -> None:
    file = tmp_path / "l.db"
    ledger = opened(f"sqlite:///{file}")
    begin(ledger, 200)
    ledger.close()  # the last one out moves the write-ahead log into the file
    whole = bytearray(file.read_bytes())
    whole[4096:] = b"\xff" * (len(whole) - 4096)
    damaged = tmp_path / "damaged.db"
    damaged.write_bytes(whole)
    with pytest.raises(LedgerError, match="is damaged"):
        opened(f"sqlite:///{damaged}").fleet()


@pytest.mark.postgres
def test_a_refused_password_is_said_and_never_shown(
    postgres_server: PostgresServer, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    url = f"postgresql+psycopg://{USER}:{SECRET}@127.0.0.1:{postgres_server.port}/postgres"
    with pytest.raises(LedgerUnavailable, match="does not accept this user or password") as caught:
        open_ledger(url, clock=SystemClock(), limits=QUICK)
    shown = "".join(traceback.format_exception(caught.value)) + caplog.text + "".join(capsys.readouterr())
    assert "127.0.0.1" in shown
    assert SECRET not in shown


@pytest.mark.postgres
def test_the_right_password_is_never_shown_either(
    postgres_url: str, opened: Open, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    ledger = opened(postgres_url)
    with pytest.raises(MusterError) as caught, ledger.database.writing() as connection:
        connection.execute(text("SELECT nonsense"))
    shown = "".join(traceback.format_exception(caught.value)) + caplog.text + repr(ledger) + repr(ledger.database)
    assert "***" in shown
    assert PASSWORD not in shown
    assert "horse" not in shown


@pytest.mark.postgres
def test_a_database_or_server_that_is_not_there_is_said(postgres_server: PostgresServer) -> None:
    missing = postgres_server.url("nowhere")
    with pytest.raises(LedgerUnavailable, match="no such database"):
        open_ledger(missing, clock=SystemClock(), limits=SHORT)
    deaf = missing.replace(str(postgres_server.port), "1")
    with pytest.raises(LedgerUnavailable, match="cannot be reached"):
        open_ledger(deaf, clock=SystemClock(), limits=SHORT)


def test_a_variable_in_the_address_is_read_from_the_environment() -> None:
    hard = "p@ss/w:rd?#%"
    address = read_address("postgresql://muster:${PW}@${HOST}:5433/${DB}", {"PW": hard, "HOST": "db", "DB": "m"})
    assert (address.url.password, address.url.host, address.url.port, address.url.database) == (hard, "db", 5433, "m")
    assert str(address) == "postgresql+psycopg://muster:***@db:5433/m"
    assert repr(address) == f"Address({address})"
    assert read_address("${ALL}", {"ALL": "sqlite:////srv/m.db"}).url.database == "/srv/m.db"


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("postgresql://m:${MUSTER_NOT_SET}@db/m", "environment variable MUSTER_NOT_SET, which is not set"),
        ("muster.db", "cannot be read"),
        ("postgresql://m:pw-secret@db:port/m", "cannot be read"),
        ("mysql://m:pw-secret@db/m", "cannot be kept in mysql"),
        ("postgresql+asyncpg://m:pw-secret@db/m", r"cannot be kept in postgresql\+asyncpg"),
        ("sqlite://", "needs a file"),
        ("sqlite:///:memory:", "needs a file"),
    ],
)
def test_an_address_that_cannot_be_used_is_said(address: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words) as caught:
        read_address(address)
    assert "pw-secret" not in str(caught.value)
    assert caught.value.hint


def test_rows_that_are_sent_without_waiting_and_refused_are_told_like_any_other(ledger: SqlLedger) -> None:
    begin(ledger)
    client = ("acme", "Acme", "", 0, True, "{}")
    names = ("id", "name", "email", "priority", "partners_allowed", "more")
    before = ledger.fleet()

    def send_the_same_twice() -> None:
        with ledger.database.writing() as connection, sending(connection):
            insert_rows(connection, tables.clients, names, [client])
            insert_rows(connection, tables.clients, names, [client])

    with pytest.raises(Conflict, match=r"holds this already|refuses a row that contradicts another"):
        send_the_same_twice()
    assert ledger.fleet() == before, "and nothing of it is there"
    ledger.note("x", by="ann")
