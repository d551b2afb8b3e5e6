"""A workspace whose plan binds, its services, and a shell."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from flows.services import services_of
from muster.cli.workspace import Workspace
from muster.wiring import Wired
from tests.flows.changing.bound import NOW, build
from tests.muster.shell import Shell
from tests.muster.worlds import copied

Within = Callable[[], Wired]


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made once: to plan and to dispatch takes a second."""
    folder = tmp_path_factory.mktemp("bound")
    build(folder)
    return folder


@pytest.fixture
def muster(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Shell:
    """Types commands."""
    return Shell(monkeypatch, capfd)


@pytest.fixture
def workspace(made: Path, tmp_path: Path) -> Iterator[Path]:
    """Four clients, each with one visit of about two hours; a plan binds, and everybody was told."""
    yield copied(made, tmp_path, NOW)
    services_of.cache_clear()


@pytest.fixture
def within(workspace: Path) -> Iterator[Within]:
    """Opens the services of the workspace; gives them back at the end."""
    there: list[Workspace] = []

    def open_it() -> Wired:
        for one in there:
            one.close()
        services_of.cache_clear()
        there.append(Workspace(workspace))
        return there[-1].services

    yield open_it
    for one in there:
        one.close()
