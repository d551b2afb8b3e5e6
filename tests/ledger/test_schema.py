"""The schema: made, migrated, and refused where it is not ours."""

import sqlite3
import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text

from ledger import portal_tables, schema, tables
from ledger.open import open_ledger
from ledger.store import SqlLedger
from muster.clock import SystemClock
from muster.errors import LedgerError, NotFound, SchemaMismatch
from tests.ledger.conftest import DATABASES, Open
from tests.ledger.make import CAMPAIGN, begin_stale, claim, finish, ids, plan
from tests.postgres import PostgresServer


@pytest.fixture(params=DATABASES)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database without anything in it."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/empty.db"
    server: PostgresServer = request.getfixturevalue("postgres_server")
    return server.url(server.empty_database())


def test_the_models_and_the_migrations_agree(ledger: SqlLedger) -> None:
    with ledger.database.reading() as connection:
        options = {"compare_type": True, "version_table": schema.VERSION_TABLE}
        context = MigrationContext.configure(connection, opts=options)
        assert portal_tables.accounts.metadata is tables.METADATA  # imported, so that it is compared, too
        assert compare_metadata(context, tables.METADATA) == []


def test_the_newest_version_is_the_one_the_code_names() -> None:
    assert max(schema.known_versions()) == schema.HEAD


def test_down_to_nothing_and_up_again(empty_url: str, opened: Open) -> None:
    ledger = opened(empty_url)
    begin_stale(ledger)
    schema.migrate(ledger.database, "base")
    with ledger.database.reading() as connection:
        assert inspect(connection).get_table_names() == [schema.VERSION_TABLE]
        assert schema.version_of(connection) is None
    schema.bring_up_to_date(ledger.database, create=True)
    begin_stale(ledger)
    assert ledger.revision() > 0


def test_a_ledger_of_the_version_before_is_brought_up_to_date_with_everything_in_it(
    empty_url: str, opened: Open
) -> None:
    ledger = opened(empty_url)
    begin_stale(ledger)
    ledger.stop(CAMPAIGN, by="ann", reason="a client called")
    states, stop = ledger.hosts(CAMPAIGN), ledger.stopped(CAMPAIGN)
    schema.migrate(ledger.database, "0001")
    schema.bring_up_to_date(ledger.database, create=False)
    assert ledger.hosts(CAMPAIGN) == states
    assert ledger.stopped(CAMPAIGN) == stop
    assert ledger.resumed(CAMPAIGN) is None


def test_opening_again_changes_nothing(empty_url: str, opened: Open) -> None:
    begin_stale(opened(empty_url))
    revision = opened(empty_url).revision()
    assert revision > 0
    assert opened(empty_url, create=False).revision() == revision


def test_four_that_open_an_empty_database_at_once_make_one_schema(empty_url: str) -> None:
    errors: list[BaseException] = []
    start = threading.Barrier(4)

    def open_and_close() -> None:
        start.wait()
        try:
            open_ledger(empty_url, clock=SystemClock()).close()
        except BaseException as error:  # noqa: BLE001 - whatever it is, the test wants to show it
            errors.append(error)

    threads = [threading.Thread(target=open_and_close) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def test_an_empty_database_is_not_made_a_ledger_unasked(empty_url: str, opened: Open) -> None:
    with pytest.raises(NotFound, match="there is no ledger"):
        opened(empty_url, create=False)


def test_a_file_that_is_not_there_is_not_created_unasked(tmp_path: Path, opened: Open) -> None:
    with pytest.raises(NotFound, match="there is no ledger at"):
        opened(f"sqlite:///{tmp_path}/none.db", create=False)
    assert list(tmp_path.iterdir()) == []


def test_a_newer_schema_is_refused(url: str, opened: Open) -> None:
    ledger = opened(url)
    with ledger.database.writing() as connection:
        connection.execute(text("UPDATE muster_version SET version_num = '9999'"))
    with pytest.raises(SchemaMismatch, match="has the schema 9999; this version of Muster knows"):
        opened(url)


def test_a_database_of_something_else_is_refused_and_left_alone(tmp_path: Path, opened: Open) -> None:
    file = tmp_path / "prefect.db"
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
        connection.execute("INSERT INTO alembic_version VALUES ('0001')")
    connection.close()
    with pytest.raises(SchemaMismatch, match="none of them are a ledger"):
        opened(f"sqlite:///{file}")


def test_a_file_that_is_no_database_is_refused(tmp_path: Path, opened: Open) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("these are notes, and nothing else\n" * 100)
    with pytest.raises(SchemaMismatch, match="is not a database of Muster"):
        opened(f"sqlite:///{file}")
    assert file.read_text().startswith("these are notes")


@pytest.mark.parametrize("table", ["events", "attempts", "outcomes", "plans"])
def test_the_record_refuses_every_change(ledger: SqlLedger, table: str) -> None:
    begin_stale(ledger)
    finish(ledger, claim(ledger, ids(1)))
    ledger.save_plan(plan(), by="ann")
    column = str(getattr(tables, table).primary_key.columns[0].name)
    for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET {column} = {column}"):  # noqa: S608 - fixed words
        with pytest.raises(LedgerError, match=f"the table {table} is append-only"), ledger.database.writing() as cut:
            cut.execute(text(statement))


@pytest.mark.postgres
def test_the_record_cannot_be_truncated(postgres_url: str, opened: Open) -> None:
    ledger = opened(postgres_url)
    with pytest.raises(LedgerError, match="append-only"), ledger.database.writing() as connection:
        connection.execute(text("TRUNCATE events CASCADE"))


def test_the_record_cannot_be_replaced(tmp_path: Path, opened: Open) -> None:
    ledger = opened(f"sqlite:///{tmp_path}/l.db")
    begin_stale(ledger)
    replacement = "INSERT OR REPLACE INTO events SELECT * FROM events WHERE revision = 1"
    with pytest.raises(LedgerError, match="append-only"), ledger.database.writing() as connection:
        connection.execute(text(replacement))


def test_sqlite_keeps_commits_through_a_power_cut(tmp_path: Path, opened: Open) -> None:
    ledger = opened(f"sqlite:///{tmp_path}/l.db")
    with ledger.database.reading() as connection:
        settings = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert settings == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 20000}


@pytest.mark.postgres
def test_postgresql_is_asked_for_every_time_out(postgres_url: str, opened: Open) -> None:
    ledger = opened(postgres_url)
    with ledger.database.reading() as connection:
        settings = {
            name: connection.scalar(text(f"SHOW {name}"))
            for name in ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout", "timezone")
        }
    assert settings == {
        "lock_timeout": "20s",
        "statement_timeout": "30s",
        "idle_in_transaction_session_timeout": "30s",
        "timezone": "UTC",
    }
