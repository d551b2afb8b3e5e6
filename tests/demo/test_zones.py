"""The demo's zone files are the genuine ones, and asking for them is safe."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from muster.demo import zones
from muster.demo.zones import FRESH_VERSION, STALE_VERSION, default_cache, zoneinfo_folder
from muster.errors import InputError, MusterError

AFTER_THE_CHANGE = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def offset_hours(folder: Path, name: str) -> float:
    with (folder / name).open("rb") as file:
        offset = AFTER_THE_CHANGE.astimezone(ZoneInfo.from_file(file)).utcoffset()
    assert offset is not None
    return offset / timedelta(hours=1)


@pytest.mark.parametrize(("version", "hours"), [(STALE_VERSION, -8.0), (FRESH_VERSION, -7.0)])
def test_vancouver_after_the_change_is_wrong_in_the_stale_data_and_right_in_the_fresh(
    version: str, hours: float
) -> None:
    assert offset_hours(zoneinfo_folder(version), "America/Vancouver") == hours


def test_seattle_is_the_same_in_both() -> None:
    stale, fresh = zoneinfo_folder(STALE_VERSION), zoneinfo_folder(FRESH_VERSION)
    assert offset_hours(stale, "America/Los_Angeles") == offset_hours(fresh, "America/Los_Angeles") == -8.0


def test_only_zone_data_is_unpacked() -> None:
    folder = zoneinfo_folder(FRESH_VERSION)
    assert (folder / "Canada" / "Pacific").read_bytes()[:4] == b"TZif"
    assert not list(folder.rglob("*.py"))


def test_a_version_that_is_not_pinned_is_refused_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"1999\.1 is not pinned; there are 2026\.1, 2026\.5"):
        zoneinfo_folder("1999.1", cache=tmp_path)


def test_without_a_network_it_says_what_to_do_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An index on a port where nobody listens stands for no network."""
    _use_an_index_that_is_not_there(monkeypatch)
    with pytest.raises(MusterError, match=r"tzdata 2026\.1 cannot be fetched") as caught:
        zoneinfo_folder(STALE_VERSION, cache=tmp_path)
    assert "copy the folder" in caught.value.hint
    assert list(tmp_path.iterdir()) == []


def test_what_was_fetched_once_needs_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    zoneinfo_folder(STALE_VERSION)
    _use_an_index_that_is_not_there(monkeypatch)
    assert zoneinfo_folder(STALE_VERSION).is_dir()


def test_wrong_content_is_not_accepted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = f"tzdata=={STALE_VERSION} --hash=sha256:{'0' * 64}"
    monkeypatch.setattr(zones, "pinned_requirements", lambda: {STALE_VERSION: other})
    with pytest.raises(MusterError, match="cannot be fetched"):
        zoneinfo_folder(STALE_VERSION, cache=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_uv_serves_where_there_is_no_pip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not Path(sys.executable).with_name("uv").exists():
        pytest.skip("this environment has no uv")
    monkeypatch.setattr(zones, "find_spec", lambda _name: None)
    folder = zoneinfo_folder(FRESH_VERSION, cache=tmp_path)
    names = {file.relative_to(folder) for file in folder.rglob("*")}
    reference = zoneinfo_folder(FRESH_VERSION)
    assert names == {file.relative_to(reference) for file in reference.rglob("*")}


def test_several_processes_at_once_end_with_one_whole_copy(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from muster.demo.zones import zoneinfo_folder; "
        "print(zoneinfo_folder('2026.5', cache=Path(sys.argv[1])))"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    answers = {process.communicate(timeout=120)[0].strip() for process in started}
    assert answers == {str(tmp_path / "2026.5")}
    assert [kept.name for kept in tmp_path.iterdir()] == ["2026.5"]
    reference = zoneinfo_folder("2026.5")
    assert len(list((tmp_path / "2026.5").rglob("*"))) == len(list(reference.rglob("*")))


def test_the_cache_is_chosen_by_the_environment() -> None:
    assert default_cache({"MUSTER_ZONE_CACHE": "/a"}) == Path("/a")
    assert default_cache({"XDG_CACHE_HOME": "/b"}) == Path("/b/muster/zones")
    assert default_cache({}) == Path.home() / ".cache" / "muster" / "zones"


def _use_an_index_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PIP_INDEX_URL", "UV_INDEX_URL", "UV_DEFAULT_INDEX"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/simple")
    for name in ("PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
