"""Prefect's state is disposable: its server dies in the middle of a run, its database is deleted between two."""

import json
import os
import re
import shutil
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from muster.cli.acts import SOME_FAILED
from tests.survival.host_log import pushed_blindly
from tests.survival.stage import Stage
from tests.survival.workplace import kill

pytestmark = pytest.mark.timeout(900)


@pytest.fixture
def stage(stage: Stage) -> Iterator[Stage]:
    """The same campaign, with a Prefect server of the workspace's own."""
    shared = stage.environment
    stage.environment = {name: value for name, value in shared.items() if name != "PREFECT_API_URL"}
    yield stage
    stage.environment = shared
    end_server(stage)


def home(stage: Stage) -> Path:
    return stage.workspace / ".prefect"


def end_server(stage: Stage) -> None:
    """``kill -9`` of the server and of the process that keeps it."""
    try:
        keeper = psutil.Process(json.loads((home(stage) / "server.json").read_text())["pid"])
    except (OSError, psutil.NoSuchProcess):
        return
    server = keeper.children(recursive=True)
    with suppress(ProcessLookupError):
        os.killpg(keeper.pid, signal.SIGKILL)
    psutil.wait_procs(server, timeout=20)


def test_its_database_is_deleted_between_two_runs_and_its_server_killed_in_the_middle(stage: Stage) -> None:
    stage.slow_down(2)
    first = stage.start("run", "--ahead")
    stage.wait_for(lambda: stage.at_work("apply"), first)
    kill(first)
    first.communicate()
    end_server(stage)
    assert list(home(stage).glob("*.db")), "there is a database to delete"
    shutil.rmtree(home(stage))

    before = len(stage.sessions())
    second = stage.start("run", "--ahead", "--json")
    stage.wait_for(lambda: len(stage.sessions()) > before and stage.at_work("apply"), second)
    end_server(stage)
    said = stage.end(second)
    assert said.code in {0, SOME_FAILED}, "what the hosts came to counts, and not whether Prefect has heard of it"
    progress = re.compile(r"\d\d:\d\d:\d\d push: .*")  # said where a run takes long, as on a busy machine
    assert [line for line in said.err.splitlines() if not progress.fullmatch(line)] == [], (
        "nor is its trouble the user's"
    )
    assert said.summary == stage.expected(), "nothing was lost with the database"
    assert pushed_blindly(stage.sessions()) == []
