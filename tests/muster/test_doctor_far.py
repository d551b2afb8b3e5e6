"""What muster doctor sees of the database, of hosts' clocks, of mail and webhooks, and of who may approve."""

import socket
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from flows.server import free_port
from ledger.health import health_of
from ledger.open import open_ledger
from ledger.schema import HEAD
from ledger.store import SqlLedger
from muster.approvals import ApprovalPolicy, ApprovalRule
from muster.cli.checkups_far import HOSTS_APART_S, _told
from muster.cli.examined import State
from muster.cli.supervising import only_one
from muster.cli.up import LOCK_FILE
from muster.clock import SystemClock
from muster.ids import HostId
from muster.outcomes import Ending, Stage, StepReport
from muster.running import RunningPolicy
from muster.steps import StepName
from tests.flows.reconciling import campaign_of
from tests.muster.shell import Shell
from tests.muster.test_doctor import checkups, of

NOW = datetime(2026, 10, 19, 12, 0, tzinfo=UTC)


def report(said: str, *, ending: Ending = Ending.DONE, seconds: float = 2) -> StepReport:
    ended = NOW + timedelta(seconds=seconds)
    return StepReport(HostId("h1"), StepName.PROBE, ending, Stage.FINISHED, "no route", "", 0, said, "", NOW, ended)


def clock(apart_s: float) -> str:
    return f"fact\tclock\tnow\t{int(NOW.timestamp() + apart_s)}\ndone\tprobe\n"


@pytest.mark.parametrize("apart_s", [0, 2, -1, -HOSTS_APART_S, HOSTS_APART_S + 2])
def test_a_host_that_told_the_time_between_question_and_answer_has_the_same_time(apart_s: float) -> None:
    assert _told(report(clock(apart_s))).state is State.GOOD


@pytest.mark.parametrize("apart_s", [-HOSTS_APART_S - 2, HOSTS_APART_S + 3, 3600, -86_400])
def test_a_host_whose_clock_is_another_is_told_by_how_much(apart_s: float) -> None:
    seen = _told(report(clock(apart_s)))
    assert seen.state is State.LOOK
    assert f"{abs(apart_s) - (2 if apart_s > 0 else 1):,.0f} s apart" in seen.seen
    assert "NTP" in seen.cure


@pytest.mark.parametrize("said", ["", "done\tprobe\n", "fact\tclock\tnow\tnoon\ndone\tprobe\n"])
def test_a_host_that_does_not_say_the_time_is_named(said: str) -> None:
    assert _told(report(said)).state is State.LOOK


def test_a_host_that_cannot_be_asked_says_why() -> None:
    assert _told(report("", ending=Ending.UNREACHABLE)).seen == "h1: no route"


def test_sqlite_says_its_schema_and_its_journal(tmp_path: Path) -> None:
    with closing(open_ledger(f"sqlite:///{tmp_path}/l.db", clock=SystemClock())) as ledger:
        health = health_of(ledger)
        assert (health.schema, health.newest_schema, health.journal) == (HEAD, HEAD, "wal")
        assert health.size_bytes > 4096
        assert health.file == tmp_path / "l.db"
        assert health.ahead_s is None
        assert not health.read_only


def test_postgresql_says_its_clock(postgres_url: str) -> None:
    with closing(open_ledger(postgres_url, clock=SystemClock())) as ledger:
        health = health_of(ledger)
        assert health.kind.startswith("PostgreSQL")
        assert health.ahead_s is not None
        assert abs(health.ahead_s) < 5
        assert health.schema == HEAD
        assert health.size_bytes > 1_000_000


def test_a_ledger_without_wal_is_pointed_at(shell: Shell, bare: Path) -> None:
    with closing(open_ledger(f"sqlite:///{bare}/muster.db", clock=SystemClock())) as ledger:
        assert isinstance(ledger, SqlLedger)
        with ledger.database.writing() as connection:
            connection.execute(text("UPDATE muster_version SET version_num = 'none'"))
    seen = of("ledger", checkups(shell, bare, code=1))
    assert "schema none" in seen[0]["seen"]
    assert seen[0]["state"] == "broken"


def test_a_mail_server_that_is_not_there_is_broken_and_so_is_a_webhook(shell: Shell, bare: Path) -> None:
    closed = free_port()
    (bare / "muster.yml").write_text(
        f"smtp_host: 127.0.0.1\nsmtp_port: {closed}\nsmtp_security: none\nnotice_from: a@b.example\n"
        "webhooks: {ops: {kind: json, url: 'env:TEST_HOOK'}}\n"
    )
    seen = of("messages", checkups(shell, bare, code=1))
    assert [one["state"] for one in seen] == ["broken", "broken"]
    assert f"127.0.0.1:{closed}: Connection refused" in seen[0]["seen"]
    assert "TEST_HOOK" in seen[1]["seen"]


def test_whoever_listens_for_a_webhook_is_seen_and_its_address_is_not_shown(
    shell: Shell, bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        monkeypatch.setenv("TEST_HOOK", f"http://127.0.0.1:{port}/services/T0-secret-word")
        (bare / "muster.yml").write_text("webhooks: {ops: {kind: json, url: 'env:TEST_HOOK'}}\n")
        seen = of("messages", checkups(shell, bare, code=0))
    assert [one["seen"] for one in seen if "webhook" in one["seen"]] == ["webhook ops: somebody listens"]


@pytest.mark.parametrize(
    ("names", "approvers", "state"),
    [((), "", "broken"), (("Kim",), "", "look at it"), ((), "approvers: {Kim: '', Ana: ''}\n", "")],
)
def test_an_act_that_nobody_may_approve_is_broken(
    shell: Shell, bare: Path, names: tuple[str, ...], approvers: str, state: str
) -> None:
    (bare / "muster.yml").write_text(approvers)
    policy = ApprovalPolicy(ramp=ApprovalRule(names))
    with closing(open_ledger(f"sqlite:///{bare}/muster.db", clock=SystemClock())) as ledger:
        deadline = datetime.now(UTC) + timedelta(days=9)
        ledger.open_campaign(campaign_of(approvals=policy, running=RunningPolicy(), deadline=deadline), (), by="test")
    seen = of("approvals", checkups(shell, bare, code=1 if state == "broken" else 0))
    assert [one["state"] for one in seen] == ([state] if state else [])


def test_an_unattended_campaign_that_nobody_looks_after_is_pointed_at(shell: Shell, bare: Path) -> None:
    with closing(open_ledger(f"sqlite:///{bare}/muster.db", clock=SystemClock())) as ledger:
        ledger.open_campaign(campaign_of(deadline=datetime.now(UTC) + timedelta(days=9)), (), by="test")
    (seen,) = of("muster up", checkups(shell, bare, code=0))
    assert seen["state"] == "look at it"
    with only_one(bare / LOCK_FILE, "muster up"):
        (seen,) = of("muster up", checkups(shell, bare, code=0))
    assert seen["state"] == "good"
