"""Two ``muster run`` at once on one campaign: no host is pushed by both, and both come to a good end."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from muster.cli.acts import SOME_FAILED
from tests.postgres import PostgresServer
from tests.survival.host_log import of_step, pushed_blindly
from tests.survival.stage import Stage, set_stage
from tests.survival.test_killed import told_twice

pytestmark = pytest.mark.timeout(900)


@pytest.fixture
def stage_on_postgres(tmp_path: Path, postgres_server: PostgresServer, prefect_api_url: str) -> Iterator[Stage]:
    name = postgres_server.ledger_database()
    address = postgres_server.url(name)
    with set_stage(tmp_path / "stage", prefect_api_url, ledger_url=address) as stage:
        stage.make_ready()
        yield stage
    postgres_server.drop(name)


ONE_BY_ONE = {"MUSTER_BATCH_HOSTS": "1"}
"""Each host is claimed by itself, so that both runs reach for every one of them."""


def two_at_once(stage: Stage) -> None:
    stage.slow_down(4)  # so that neither is done before the other has begun
    runs = [stage.start("run", "--ahead", "--json", more=ONE_BY_ONE) for _ in range(2)]
    said = [stage.end(run) for run in runs]
    assert [one.code for one in said] == [SOME_FAILED, SOME_FAILED], "a host's disk is full, and both say so"
    assert said[0].summary == said[1].summary == stage.expected(), "both wait for the end of what they share"

    assert len({attempt.runner_id for attempt in stage.attempts()}) == 2, "both took part"
    pushes = Counter(one.host for one in of_step(stage.sessions(), "apply"))
    assert pushes, "something was pushed"
    assert set(pushes.values()) == {1}, "no host carried out two pushes"
    assert pushed_blindly(stage.sessions()) == []
    assert told_twice(stage.attempts()) == []
    by_host = Counter(attempt.host_id for attempt in stage.attempts() if attempt.host_id in pushes)
    assert set(by_host.values()) == {1}, "nor does the ledger know of two"
    assert {attempt.host_id for attempt in stage.attempts()} >= set(pushes), "no host was touched without an intent"


@pytest.mark.slow
def test_two_runs_at_once_share_the_hosts_on_sqlite(stage: Stage) -> None:
    two_at_once(stage)


@pytest.mark.postgres
def test_two_runs_at_once_share_the_hosts_on_postgresql(stage_on_postgres: Stage) -> None:
    two_at_once(stage_on_postgres)
