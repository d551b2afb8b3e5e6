"""The source of truth is held against what a person expects before anything is pushed."""

from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muster.errors import FixError
from muster.fleet import OsFamily
from muster.ports import PreparedFix
from muster.steps import StepName
from playbooks.tzdata.source import ZoneSource, open_source, pack
from tests.playbooks.tzdata.conftest import MakeFix
from tests.playbooks.tzdata.place import VANCOUVER


def test_the_two_releases_differ_as_history_says(fresh: Path, stale: Path) -> None:
    winter = datetime(2026, 11, 22, 12, tzinfo=UTC)
    assert ZoneSource(fresh, "fresh").offset(VANCOUVER, winter) == "-0700"
    assert ZoneSource(stale, "stale").offset(VANCOUVER, winter) == "-0800"
    assert (ZoneSource(stale, "stale").version, ZoneSource(fresh, "fresh").version) == ("2026a", "2026e")


def test_other_names_are_those_with_the_same_data(fresh: Path) -> None:
    source = ZoneSource(fresh, "fresh")
    assert source.aliases(VANCOUVER) == ("Canada/Pacific",)
    assert "Etc/Zulu" in source.aliases("Etc/UTC")
    assert all("/right/" not in name for name in source.aliases("Etc/UTC"))


def test_the_installed_package_is_the_source_by_default() -> None:
    assert open_source("").version >= "2026e"


def test_the_payload_holds_the_source_s_own_bytes(fresh: Path, fix: PreparedFix) -> None:
    step = fix.step(StepName.APPLY, OsFamily.LINUX, timezone=VANCOUVER)
    assert step is not None
    data = (fresh / VANCOUVER).read_bytes()
    assert step.payload.endswith(data)
    assert step.arguments["MUSTER_DIGESTS"] == f"{VANCOUVER}={sha256(data).hexdigest()}"
    assert step.arguments["MUSTER_PAYLOAD_BYTES"] == str(len(step.payload))


@given(st.lists(st.binary(min_size=0, max_size=300), min_size=1, max_size=5))
def test_a_payload_says_where_each_file_lies(tmp_path_factory: pytest.TempPathFactory, contents: list[bytes]) -> None:
    folder = tmp_path_factory.mktemp("source")
    zones = tuple(f"Zone{number}" for number in range(len(contents)))
    for zone, content in zip(zones, contents, strict=True):
        (folder / zone).write_bytes(b"TZif" + content)
    payload = pack(ZoneSource(folder, "made up"), zones)
    first, *table = payload[: int(payload.split()[2])].decode().splitlines()
    assert int(first.split()[3]) == len(payload)
    at = int(first.split()[2])
    for line, zone, content in zip(table, zones, contents, strict=True):
        assert line.split()[0] == zone
        assert payload[at : at + int(line.split()[1])] == b"TZif" + content
        at += int(line.split()[1])
    assert at == len(payload)


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"zones": "America/Vancuver"}, "does not know the zone 'America/Vancuver'"),
        ({"zones": "../../etc/passwd"}, "'../../etc/passwd' is not the name of a zone"),
        ({"zones": "America"}, "does not know the zone 'America'"),
        ({"expect": "-08:00"}, "America/Vancouver at 2026-11-22T12:00:00Z is -0700 in"),
        ({"expect": "America/Edmonton=-06:00"}, "is about a zone that is not in zones: America/Vancouver"),
        ({"fixed_in": "2027a"}, "is of release 2026e, older than 2027a"),
    ],
)
def test_a_wrong_row_is_caught_before_anything_is_pushed(
    make_fix: MakeFix, parameters: dict[str, str], words: str
) -> None:
    with pytest.raises(FixError) as raised:
        make_fix(**parameters)
    assert words in raised.value.message


def test_a_stale_source_is_caught_by_what_a_person_expects(make_fix: MakeFix, stale: Path) -> None:
    make_fix(expect="-07:00")
    with pytest.raises(FixError) as raised:
        make_fix(source=str(stale), expect="-07:00")
    assert "is -0800 in" in raised.value.message
    assert "of 2026a, not -07:00" in raised.value.message


def test_a_host_in_a_zone_that_the_source_does_not_know_is_an_error(make_fix: MakeFix) -> None:
    with pytest.raises(FixError):
        make_fix(zones="").step(StepName.PROBE, OsFamily.LINUX, timezone="Mars/Olympus")


def test_rubbish_in_the_source_is_an_error(make_fix: MakeFix, tmp_path: Path) -> None:
    (tmp_path / "America").mkdir()
    (tmp_path / VANCOUVER).write_bytes(b"not a zone")
    with pytest.raises(FixError, match="is not a compiled zone file"):
        make_fix(source=str(tmp_path), zones=VANCOUVER)
    (tmp_path / VANCOUVER).write_bytes(b"TZif2 cut short")
    with pytest.raises(FixError, match="cannot be read"):
        make_fix(source=str(tmp_path), zones=VANCOUVER)


def test_steps_are_made_once_for_all_hosts_of_a_zone(make_fix: MakeFix) -> None:
    fix = make_fix(zones="")
    first, second = (fix.step(StepName.APPLY, OsFamily.LINUX, timezone=VANCOUVER) for _ in range(2))
    assert first is second


def test_there_is_no_step_for_a_family_without_one(fix: PreparedFix) -> None:
    assert fix.step(StepName.PROBE, OsFamily.OTHER, timezone=VANCOUVER) is None
