"""Two stages that every module of this folder plays on."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.survival.stage import Stage, set_stage

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
        for stage in stages:
            stage.make_ready()
            stage.keep()
        yield stages


@pytest.fixture
def stage(lanes: list[Stage]) -> Iterator[Stage]:
    """A campaign that is dispatched and not yet run; it is the same one for every test."""
    stage = lanes[0]
    stage.again()
    yield stage
    stage.kill_all()
