"""A ledger to a file and back, on both databases, and the campaign that goes on from there."""

import stat
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from ledger.backup import back_up, restore
from ledger.replay import differences
from ledger.store import SqlLedger
from muster.errors import Conflict, InputError, NotFound
from muster.outcomes import HostStatus
from tests.ledger.conftest import Open
from tests.ledger.make import BOB, CAMPAIGN, begin_stale, claim, finish, ids
from tests.postgres import PASSWORD, PostgresServer


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
    restore(empty_url, file)
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
    restore(empty_url, tmp_path / "b")
    restored = opened(empty_url, create=False)
    for statement in ("UPDATE events SET kind = 'x'", "DELETE FROM events"):
        with pytest.raises(Exception, match="append-only"), restored.database.writing() as connection:
            connection.exec_driver_sql(statement)


def test_nothing_is_overwritten(ledger: SqlLedger, url: str, tmp_path: Path) -> None:
    begin_stale(ledger)
    file = tmp_path / "b"
    back_up(url, file)
    with pytest.raises(InputError, match="is there already"):
        back_up(url, file)
    with pytest.raises(Conflict):
        restore(url, file)
    assert [path.name for path in tmp_path.glob("*.part")] == []
    assert len(ledger.hosts(CAMPAIGN)) == 4


def test_what_is_no_backup_or_one_of_another_database_is_refused(ledger: SqlLedger, url: str, tmp_path: Path) -> None:
    begin_stale(ledger)
    text, own = tmp_path / "text", tmp_path / "own"
    text.write_text("no backup")
    back_up(url, own)
    other = "postgresql://nobody@127.0.0.1:1/none" if url.startswith("sqlite") else f"sqlite:///{tmp_path}/other.db"
    with pytest.raises(NotFound):
        restore(url, tmp_path / "nothing")
    with pytest.raises(InputError, match="is no backup"):
        restore(url, text)
    with pytest.raises(InputError, match="another sort of database"):
        restore(other, own)


@pytest.mark.postgres
def test_a_database_that_is_away_is_named_without_its_password(postgres_url: str, tmp_path: Path) -> None:
    away = make_url(postgres_url).set(port=1).render_as_string(hide_password=False)
    with pytest.raises(Exception, match="pg_dump failed") as failed:
        back_up(away, tmp_path / "b")
    assert PASSWORD not in str(failed.value)
    assert list(tmp_path.iterdir()) == []
