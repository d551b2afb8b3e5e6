"""The ledger's database goes away in the middle of a run: for some seconds, or for good."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.postgres import PASSWORD, PostgresServer, find_binaries
from tests.survival.host_log import pushed_blindly
from tests.survival.stage import Stage, set_stage

pytestmark = [pytest.mark.timeout(900), pytest.mark.postgres]


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """One of our own: it is stopped and started."""
    binaries = find_binaries()
    if binaries is None:
        pytest.skip("PostgreSQL's initdb and postgres were not found on PATH or in /usr/lib/postgresql")
    server = PostgresServer(binaries)
    server.start()
    yield server
    server.remove()


@pytest.fixture
def stage(tmp_path: Path, server: PostgresServer, prefect_api_url: str) -> Iterator[Stage]:
    address = server.url(server.ledger_database())
    with set_stage(tmp_path / "stage", prefect_api_url, ledger_url=address) as stage:
        stage.make_ready()
        stage.slow_down(3)
        yield stage


def test_a_restart_costs_nothing_and_who_stays_away_is_named(stage: Stage, server: PostgresServer) -> None:
    run = stage.start("run", "--ahead", "--json")
    stage.wait_for(lambda: stage.at_work("apply"), run)
    server.stop()
    time.sleep(1)  # with the time that it takes to start, less than a run waits for it
    server.start()
    then = len(stage.attempts())
    stage.wait_for(lambda: len(stage.attempts()) > then and stage.at_work("apply"), run)  # it has gone on by itself
    server.stop()
    said = stage.end(run)
    server.start()
    assert said.code == 1
    assert f"127.0.0.1:{server.port}" in said.err
    assert "cannot be reached" in said.err or "is stopping or starting" in said.err
    assert "what to do" in said.err
    assert PASSWORD not in said.err

    pushed = len(stage.sessions())
    assert stage.well("run", "--ahead", "--json").summary == stage.expected()
    assert len(stage.sessions()) > pushed
    assert pushed_blindly(stage.sessions()) == []
