"""A ledger to a file and back, on both databases, and the campaign that goes on from there."""

import stat
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from ledger.backup import back_up, restore
from ledger.replay import differences
from ledger.store import SqlLedger
from muster.errors import Conflict, InputError, LedgerError, NotFound
from muster.outcomes import HostStatus
from tests.ledger.conftest import Open
from tests.ledger.make import BOB, CAMPAIGN, begin_stale, claim, finish, ids
from tests.postgres import PASSWORD, PostgresServer


def leave(url: str) -> None:
    """What was filled is well as it is."""
    del url


@pytest.fixture
def empty_url(request: pytest.FixtureRequest, url: str, tmp_path: Path) -> str:
    """The address of an empty place of the same sort as ``url``."""
    if url.startswith("sqlite"):
        return f"sqlite:///{tmp_path}/restored.db"
    server: PostgresServer = request.getfixturevalue("postgres_server")
    return server.url(server.empty_database())


def test_a_restored_ledger_is_the_same_and_its_campaign_goes_on(
    ledger: SqlLedger, url: str, empty_url: str, opened: Open, tmp_path: Path
) -> None:
    begin_stale(ledger, 6)
    finish(ledger, claim(ledger, ids(2)))
    left_open = claim(ledger, ids(4)[2:])
    file = tmp_path / "backups" / "ledger.backup"
    back_up(url, file)
    finish(ledger, left_open)  # what came later is not in it
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    restore(empty_url, file, settle=leave)
    restored = opened(empty_url, create=False)
    assert differences(restored) == ()
    assert restored.fleet() == ledger.fleet()
    then = {state.host_id: state.status for state in restored.hosts(CAMPAIGN)}
    assert [then[one] for one in ids(6)] == 2 * [HostStatus.VERIFIED] + 2 * [HostStatus.CLAIMED] + 2 * [
        HostStatus.STALE
    ]
    restored.recover(CAMPAIGN, dead=[left_open[0].runner_id], by="ann")
    taken = claim(restored, ids(6), BOB)
    assert {lease.host_id: lease.probe_first for lease in taken} == {"h2": True, "h3": True, "h4": False, "h5": False}
    assert finish(restored, taken) == ()
    assert {state.status for state in restored.hosts(CAMPAIGN)} == {HostStatus.VERIFIED}
    assert differences(restored) == ()


def test_the_record_stays_append_only(
    ledger: SqlLedger, url: str, empty_url: str, opened: Open, tmp_path: Path
) -> None:
    begin_stale(ledger)
    back_up(url, tmp_path / "b")
    restore(empty_url, tmp_path / "b", settle=leave)
    restored = opened(empty_url, create=False)
    for statement in ("UPDATE events SET kind = 'x'", "DELETE FROM events"):
        with pytest.raises(Exception, match="append-only"), restored.database.writing() as connection:
            connection.exec_driver_sql(statement)


def test_what_is_settled_is_settled_before_the_ledger_is_used(
    ledger: SqlLedger, url: str, empty_url: str, opened: Open, tmp_path: Path
) -> None:
    begin_stale(ledger)
    back_up(url, tmp_path / "b")

    def stop(filled: str) -> None:
        with closing(opened(filled, create=False)) as there:
            there.stop(CAMPAIGN, by="ann", reason="restored")

    restore(empty_url, tmp_path / "b", settle=stop)
    restored = opened(empty_url, create=False)
    found = restored.stopped(CAMPAIGN)
    assert found is not None
    assert found.reason == "restored"


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_file_that_cannot_be_settled_or_is_damaged_becomes_no_ledger(
    ledger: SqlLedger, url: str, empty_url: str, opened: Open, tmp_path: Path
) -> None:
    begin_stale(ledger)
    back_up(url, tmp_path / "b")

    def fail(filled: str) -> None:
        with closing(opened(filled, create=False)) as there:
            there.stop(CAMPAIGN, by="ann", reason="restored")
        raise Conflict("no")

    with pytest.raises(Conflict, match="no"):
        restore(empty_url, tmp_path / "b", settle=fail)
    whole = (tmp_path / "b").read_bytes()
    (tmp_path / "half").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(LedgerError, match="half is damaged"):
        restore(empty_url, tmp_path / "half", settle=leave)
    assert list(tmp_path.glob("restored.db*")) == []


def test_nothing_is_overwritten(ledger: SqlLedger, url: str, tmp_path: Path) -> None:
    begin_stale(ledger)
    file = tmp_path / "b"
    back_up(url, file)
    with pytest.raises(InputError, match="is there already"):
        back_up(url, file)
    with pytest.raises(Conflict):
        restore(url, file, settle=leave)
    assert [path.name for path in tmp_path.glob("*.part")] == []
    assert len(ledger.hosts(CAMPAIGN)) == 4


def test_what_is_no_backup_or_one_of_another_database_is_refused(ledger: SqlLedger, url: str, tmp_path: Path) -> None:
    begin_stale(ledger)
    text, own = tmp_path / "text", tmp_path / "own"
    text.write_text("no backup")
    back_up(url, own)
    other = "postgresql://nobody@127.0.0.1:1/none" if url.startswith("sqlite") else f"sqlite:///{tmp_path}/other.db"
    with pytest.raises(NotFound):
        restore(url, tmp_path / "nothing", settle=leave)
    with pytest.raises(InputError, match="is no backup"):
        restore(url, text, settle=leave)
    with pytest.raises(InputError, match="another sort of database"):
        restore(other, own, settle=leave)


@pytest.mark.postgres
def test_a_database_that_is_away_is_named_without_its_password(postgres_url: str, tmp_path: Path) -> None:
    away = make_url(postgres_url).set(port=1).render_as_string(hide_password=False)
    with pytest.raises(Exception, match="pg_dump failed") as failed:
        back_up(away, tmp_path / "b")
    assert PASSWORD not in str(failed.value)
    assert list(tmp_path.iterdir()) == []
