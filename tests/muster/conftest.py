"""What many tests of the command line begin with."""

from pathlib import Path

import pytest

from flows.server import API_VARIABLE
from tests.muster.shell import Shell


@pytest.fixture
def muster(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Shell:
    """Types commands."""
    return Shell(monkeypatch, capfd)


@pytest.fixture
def shell(muster: Shell, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """Types commands where no Prefect server is named."""
    monkeypatch.delenv(API_VARIABLE, raising=False)
    return muster


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A workspace without a fleet."""
    (tmp_path / "muster.yml").write_text("")
    return tmp_path
