"""``muster backup`` and ``muster restore``: what a user sees, and that nothing goes on by itself afterwards."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from benchmarks.stub_world import CAMPAIGN, StubWorld
from ledger.open import open_ledger
from muster.cli.app import app
from muster.clock import SystemClock
from muster.errors import CampaignStopped, Conflict, LedgerError
from muster.ids import RunnerId
from muster.ports import Ledger
from muster.steps import StepName


def _muster(folder: Path, *words: str) -> None:
    app(["-C", str(folder), *words], standalone_mode=False)


def _ledger(folder: Path) -> Ledger:
    return open_ledger(f"sqlite:///{folder / 'muster.db'}", clock=SystemClock(), create=False)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A workspace whose campaign is dispatched."""
    folder = tmp_path / "workspace"
    folder.mkdir()
    (folder / "muster.yml").write_text("company: Acme\n")
    with closing(open_ledger(f"sqlite:///{folder / 'muster.db'}", clock=SystemClock())) as ledger:
        StubWorld(3).dispatch_in(ledger)
    return folder


def test_a_restored_campaign_is_stopped_until_somebody_has_asked_its_hosts(
    workspace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "monday.ledger"
    _muster(workspace, "backup", str(file))
    assert f"{file.stat().st_size:,} bytes" in " ".join(capsys.readouterr().out.split())
    with pytest.raises(Conflict, match="is there"):
        _muster(workspace, "restore", str(file))
    for one in workspace.glob("muster.db*"):
        one.unlink()
    _muster(workspace, "restore", str(file))
    said = " ".join(capsys.readouterr().out.split())
    assert "1 campaign; the tables are what the events make" in said
    assert "ask the hosts first (muster probe), then muster resume, then muster run" in said
    with closing(_ledger(workspace)) as ledger:
        stop = ledger.stopped(CAMPAIGN)
        assert stop is not None
        assert stop.gentle, "or nobody could ask the hosts"
        assert "restored from monday.ledger" in stop.reason
        with pytest.raises(CampaignStopped):
            ledger.claim(
                CAMPAIGN, StubWorld(3).ids, runner_id=RunnerId("a:1:1"), step=StepName.APPLY, wave=1, lease_s=60
            )


def test_a_backup_that_was_changed_by_hand_becomes_no_ledger(workspace: Path, tmp_path: Path) -> None:
    file = tmp_path / "monday.ledger"
    _muster(workspace, "backup", str(file))
    with closing(sqlite3.connect(file)) as changed:
        changed.execute("UPDATE host_states SET status = 'verified'")
        changed.commit()
    for one in workspace.glob("muster.db*"):
        one.unlink()
    with pytest.raises(LedgerError, match=r"3 rows of \S+monday.ledger are not what its events make"):
        _muster(workspace, "restore", str(file))
    assert list(workspace.glob("muster.db*")) == []
