"""Whoever stops a campaign is obeyed within seconds, everywhere, and until somebody lets it go on."""

import os
import signal
import subprocess
import time
from collections.abc import Callable

import pytest

from tests.survival.host_log import of_step, pushed_blindly
from tests.survival.stage import Stage
from tests.survival.workplace import Said

OBEYED_WITHIN_S = 20.0
"""A push takes a minute here. Seconds are what it takes where nobody else keeps the machine busy."""
A_WHILE_S = 3.0

pytestmark = pytest.mark.timeout(900)


def stop_in_the_middle(stage: Stage, stop: Callable[["subprocess.Popen[str]"], object]) -> tuple[Said, float]:
    """Stop a run whose pushes would take a minute each; what it said, and how long its hosts were still at work."""
    stage.slow_down(60)
    run = stage.start("run", "--ahead", "--json")
    stage.wait_for(lambda: stage.at_work("apply"), run)
    stop(run)
    stopped_s = time.monotonic()
    said = stage.end(run)
    stage.wait_for(lambda: not stage.at_work("apply") and not stage.at_work("probe"))
    return said, max(one.ended_s or 0.0 for one in stage.sessions()) - stopped_s


def nothing_happens_by_itself(stage: Stage) -> None:
    before = len(stage.sessions())
    assert [state.host_id for state in stage.hosts() if state.runner_id is not None] == [], "nobody is left claimed"
    time.sleep(A_WHILE_S)
    assert len(stage.sessions()) == before


def it_can_be_completed(stage: Stage) -> None:
    stage.speed_up()
    assert stage.well("run", "--ahead", "--json").summary == stage.expected()
    assert pushed_blindly(stage.sessions()) == []


def test_a_stop_from_another_process_ends_pushes_and_holds_until_somebody_resumes(stage: Stage) -> None:
    said, seconds = stop_in_the_middle(stage, lambda _: stage.well("stop", "--reason", "Exchange first"))
    assert seconds < OBEYED_WITHIN_S
    assert said.code == 3
    assert "Exchange first" in said.err
    nothing_happens_by_itself(stage)

    before = len(stage.sessions())
    refused = stage.muster("run", "--ahead")
    assert refused.code == 3
    assert "Exchange first" in refused.err
    assert "muster resume" in refused.err
    assert len(stage.sessions()) == before, "a stopped campaign touches nobody"

    stage.well("resume")
    it_can_be_completed(stage)


@pytest.mark.slow
def test_a_stop_file_does_the_same(stage: Stage) -> None:
    file = stage.workspace / "STOP"
    said, seconds = stop_in_the_middle(stage, lambda _: file.touch())
    assert seconds < OBEYED_WITHIN_S
    assert said.code == 3
    assert str(file) in said.err
    nothing_happens_by_itself(stage)

    refused = stage.muster("resume")
    assert refused.code != 0, "the file would stop it again"
    assert str(file) in refused.err.replace("\n", "")
    file.unlink()
    assert stage.muster("run", "--ahead").code == 3, "to remove the file resumes nothing"
    stage.well("resume")


@pytest.mark.parametrize(
    "number",
    [pytest.param(signal.SIGINT, id="Ctrl-C"), pytest.param(signal.SIGTERM, id="SIGTERM", marks=pytest.mark.slow)],
)
def test_an_interrupt_ends_this_run_only(stage: Stage, number: signal.Signals) -> None:
    said, seconds = stop_in_the_middle(stage, lambda run: os.kill(run.pid, number))
    assert seconds < OBEYED_WITHIN_S
    assert said.code == 3
    assert "interrupted" in said.err
    nothing_happens_by_itself(stage)
    cut_off = {one.host for one in of_step(stage.sessions(), "apply") if not one.done}
    assert cut_off, "it came in the middle of a push"
    assert {state.status.value for state in stage.hosts() if state.host_id in cut_off} == {"unknown"}
    it_can_be_completed(stage)
