"""One Prefect server for the session, and two stages that every module of this folder plays on."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from tests.flows.conftest import prefect_api_url
from tests.survival.stage import Stage, set_stage

__all__ = ["prefect_api_url"]

LANES = 2
"""Campaigns that can be played beside each other."""


@pytest.fixture(scope="session")
def lanes(tmp_path_factory: pytest.TempPathFactory, prefect_api_url: str) -> Iterator[list[Stage]]:
    """Stages with the same campaign, dispatched and not yet run, and kept like that."""
    with ExitStack() as stack:
        stages = [
            stack.enter_context(set_stage(tmp_path_factory.mktemp("lane") / "stage", prefect_api_url))
            for _ in range(LANES)
        ]
        with ThreadPoolExecutor(LANES) as pool:
            for _ in pool.map(_make_ready, stages):
                pass
        yield stages


def _make_ready(stage: Stage) -> None:
    stage.make_ready()
    stage.keep()


@pytest.fixture
def stage(lanes: list[Stage]) -> Iterator[Stage]:
    """A campaign that is dispatched and not yet run; it is the same one for every test."""
    stage = lanes[0]
    stage.again()
    yield stage
    stage.kill_all()
