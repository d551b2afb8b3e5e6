"""Stages that every module of this folder plays on."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.survival.stage import Lanes, Stage, set_stage


@pytest.fixture(scope="session")
def lanes(tmp_path_factory: pytest.TempPathFactory, prefect_api_url: str) -> Iterator[Lanes]:
    """Stages with the same campaign, dispatched and not yet run, and kept like that."""
    with ExitStack() as stack:
        stages: list[Stage] = []

        def some(count: int) -> list[Stage]:
            while len(stages) < count:
                stage = stack.enter_context(set_stage(tmp_path_factory.mktemp("lane") / "stage", prefect_api_url))
                stage.make_ready()
                stage.keep()
                stages.append(stage)
            return stages[:count]

        yield some


@pytest.fixture
def stage(lanes: Lanes) -> Iterator[Stage]:
    """A campaign that is dispatched and not yet run; it is the same one for every test."""
    (stage,) = lanes(1)
    stage.again()
    yield stage
    stage.kill_all()
