"""Fixtures of the fix for zone rules."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from muster.demo.zones import FRESH_VERSION, STALE_VERSION, zoneinfo_folder
from muster.ports import PreparedFix
from playbooks.catalog import prepare_fix
from tests.playbooks.tzdata.place import SUMMER, VANCOUVER, WINTER, Place, busybox, dash, make_place

MakeFix = Callable[..., PreparedFix]


@pytest.fixture(scope="session")
def fresh() -> Path:
    """Zone files that know the change."""
    return zoneinfo_folder(FRESH_VERSION)


@pytest.fixture(scope="session")
def stale() -> Path:
    """Zone files that do not."""
    return zoneinfo_folder(STALE_VERSION)


@pytest.fixture
def make_fix(fresh: Path) -> MakeFix:
    """The fix for Vancouver from the fresh source, with whatever parameters a test wants to be different."""

    def make(**parameters: str) -> PreparedFix:
        usual = {"zones": VANCOUVER, "instants": f"{WINTER} {SUMMER}", "source": str(fresh)}
        return prepare_fix("tzdata", usual | parameters)

    return make


@pytest.fixture
def fix(make_fix: MakeFix) -> PreparedFix:
    return make_fix()


@pytest.fixture(params=["dash", "busybox"])
def place(request: pytest.FixtureRequest, tmp_path: Path, stale: Path) -> Place:
    """A stale host, once with dash and GNU tools, once with busybox and nothing else."""
    if shutil.which(request.param) is None:
        pytest.skip(f"needs {request.param} (apt-get install {request.param})")
    shell = dash() if request.param == "dash" else busybox(tmp_path / "busybox")
    return make_place(tmp_path / "root", stale, shell)


@pytest.fixture
def recorded_tzdb() -> bytes:
    """The first 64 bytes of the tzdb.dat of Debian's OpenJDK 17.0.15."""
    return (Path(__file__).parent / "recorded/openjdk-17.0.15-tzdb-head.bin").read_bytes()
