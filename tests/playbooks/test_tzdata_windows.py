"""Windows' zone rows: their meaning against an independent reading, the file of rows, and the host's answers."""

import io
import struct
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muster.errors import FixError
from muster.fleet import OsFamily
from muster.outcomes import Verdict
from muster.ports import PreparedFix
from muster.steps import Fact, StepName, StepOutput, read_output
from playbooks.catalog import prepare_fix
from playbooks.tzdata.windows.answers import answered
from playbooks.tzdata.windows.fix import WindowsPart, check_rows
from playbooks.tzdata.windows.rows import Row, Rules, Turn, shown
from playbooks.tzdata.windows.zonefile import ZoneFile, read_zone_file

FILE = Path(__file__).parents[2] / "playbooks/tzdata/windows/british-columbia.yml"
VANCOUVER = "America/Vancouver"
MINUTE = timedelta(minutes=1)
WINTER = datetime(2026, 11, 22, 12, tzinfo=UTC)
SUMMER = datetime(2026, 7, 1, 12, tzinfo=UTC)
PACIFIC_2007 = "E001000000000000C4FFFFFF00000B0000000100020000000000000000000300000002000200000000000000"
"""Read from a registry of Wine 8.0."""


def fresh(name: str) -> ZoneInfo:
    data = (files("tzdata") / "zoneinfo" / name).read_bytes()
    return ZoneInfo.from_file(io.BytesIO(data), key=name)


def by_posix(row: Row) -> ZoneInfo:
    """The same rule for every year, read by Python's own zoneinfo from a POSIX TZ string: an independent opinion."""
    standard, daylight = row.bias + row.standard_bias, row.bias + row.daylight_bias
    text = f"<STD>{_clock(standard)}<DST>{_clock(daylight)},{_rule(row.daylight)},{_rule(row.standard)}"
    if not row.standard.month:
        text = f"<STD>{_clock(row.bias)}"
    block = struct.pack(">6l", 0, 0, 0, 0, 1, 4) + struct.pack(">lbb", 0, 0, 0) + b"STD\0"
    head = b"TZif2" + bytes(15)
    return ZoneInfo.from_file(io.BytesIO(head + block + head + block + f"\n{text}\n".encode()))


def _clock(minutes: int) -> str:
    return f"{'-' if minutes < 0 else ''}{abs(minutes) // 60}:{abs(minutes) % 60:02d}"


def _rule(turn: Turn) -> str:
    return f"M{turn.month}.{turn.week}.{turn.weekday}/{turn.hour}:{turn.minute:02d}:{turn.second:02d}"


def turns(*months: int) -> st.SearchStrategy[Turn]:
    clock = st.sampled_from([0, 1, 2, 3, 12, 23])
    return st.builds(
        Turn, st.sampled_from(months), st.integers(0, 6), st.integers(1, 5), clock, st.sampled_from([0, 30, 59])
    )


rows = st.one_of(
    st.builds(Row, st.integers(-780, 720)),
    st.builds(
        Row, st.integers(-46, 46).map(lambda q: 15 * q), st.just(0), st.just(-60), turns(9, 10, 11), turns(2, 3, 4)
    ),
    st.builds(
        Row, st.integers(-46, 46).map(lambda q: 15 * q), st.just(0), st.just(-60), turns(2, 3, 4), turns(9, 10, 11)
    ),
)
instants = st.integers(0, 36 * 365 * 24 * 60).map(lambda minutes: datetime(2001, 1, 2, tzinfo=UTC) + minutes * MINUTE)


@given(rows, instants)
def test_a_row_means_what_an_independent_reading_says(row: Row, instant: datetime) -> None:
    assert Rules(row).offset(instant) == instant.astimezone(by_posix(row)).utcoffset()


@given(rows)
def test_a_row_is_read_as_it_was_written(row: Row) -> None:
    assert Row.read(row.written().hex()) == row


def test_the_pacific_row_of_2007_is_the_zones_own() -> None:
    pacific, rules = fresh("America/Los_Angeles"), Rules(Row.read(PACIFIC_2007))
    for hour in range(0, 24 * 730, 1):
        instant = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(hours=hour)
        assert rules.offset(instant) == instant.astimezone(pacific).utcoffset()


@pytest.mark.parametrize("wrong", ["", "00", "zz" * 44, "E001" + "00" * 41, "00" * 14 + "0D" + "00" * 29])
def test_what_is_no_row_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"is not a row|is no rule"):
        Row.read(wrong)


def test_the_shipped_rows_are_right_at_every_hour() -> None:
    vancouver, zone = fresh(VANCOUVER), read_zone_file(FILE).zone_of(VANCOUVER)
    assert zone
    for hour in range(0, 24 * 365 * 24, 1):
        instant = datetime(2006, 1, 1, 12, tzinfo=UTC) + timedelta(hours=hour)
        assert zone.rules.offset(instant) == instant.astimezone(vancouver).utcoffset(), instant


def test_the_registry_file_is_plain_and_complete() -> None:
    zone = read_zone_file(FILE).zones[0]
    text = zone.registry_file().decode("ascii")
    assert text.startswith("Windows Registry Editor Version 5.00\r\n\r\n[HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft")
    assert '"FirstEntry"=dword:000007d6\r\n"LastEntry"=dword:000007eb' in text
    assert text.count("=hex:") == 1 + len(zone.rules.years)
    assert max(len(line) for line in text.splitlines()) < 4096


def expected() -> dict[tuple[str, datetime], str]:
    zone = fresh(VANCOUVER)
    return {
        (VANCOUVER, instant): shown(instant.astimezone(zone).utcoffset() or timedelta()) for instant in (SUMMER, WINTER)
    }


def test_a_wrong_row_in_the_file_is_caught_before_anything_is_pushed() -> None:
    zones = read_zone_file(FILE)
    check_rows(zones, expected())
    zone = zones.zones[0]
    spoilt = replace(zone, rules=Rules(zone.rules.plain, {**zone.rules.years, 2026: zone.rules.years[2025]}))
    with pytest.raises(FixError, match="its rows give -0800, America/Vancouver is -0700"):
        check_rows(ZoneFile(zones.source, (spoilt,)), expected())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("zones: []", "is not of the form"),
        ("source: ''\nzones: []", "source: says nothing"),
        ("source: x\nzones: [{key: A, plain: {}}]", "plain: takes a row such as"),
        ("source: x\nzones: [{key: A, plain: {bias: 4000}}]", "whole minutes between"),
        ("source: x\nzones: [{key: A, plain: {bias: 0, standard: Nov 1Sun 02:00}}]", "go together"),
        ("source: x\nzones: [{key: A, plain: {bias: 0, standard: soon, daylight: Mar 2Sun 02:00}}]", "is not a rule"),
        ("source: x\nzones: [{key: Ä, plain: {bias: 0}}]", "plain ASCII"),
        ("source: x\nzones: [{key: A, plain: {bias: 0}, years: {2025: {bias: 0}, 2027: {bias: 0}}}]", "has gaps"),
        ("source: x\nzones: [{key: A, plain: '00'}]", "is not a row of 44 bytes"),
    ],
)
def test_a_wrong_file_is_named(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "rows.yml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(FixError) as caught:
        read_zone_file(file)
    assert said in caught.value.message
    assert str(file) in caught.value.message


def probed(current: str, *zones: tuple[str, dict[str, str]]) -> StepOutput:
    facts = [Fact("windows", "zone", current)]
    facts += [Fact(f"windows {key}", name, value) for key, values in zones for name, value in values.items()]
    return StepOutput(tuple(facts), done=StepName.PROBE)


def said(output: StepOutput, layer: str) -> dict[str, str]:
    return {fact.key.removeprefix(f"{VANCOUVER} ")[:10]: fact.value for fact in output.facts if fact.layer == layer}


def test_a_host_on_the_old_zone_is_wrong_in_winter_and_lacks_the_new_one() -> None:
    output = probed("Pacific Standard Time", ("British Columbia Standard Time", {"TZI": "missing"}),
                    ("Pacific Standard Time", {"TZI": PACIFIC_2007}))  # fmt: skip
    answers = answered(output, read_zone_file(FILE), [VANCOUVER], [SUMMER, WINTER])
    assert said(answers, "system") == {"2026-07-01": "missing", "2026-11-22": "missing"}
    assert said(answers, "localtime") == {
        "kind": "windows",
        "zone": VANCOUVER,
        "2026-07-01": "-0700",
        "2026-11-22": "-0800",
    }


def test_a_host_with_the_rows_is_right() -> None:
    zone = read_zone_file(FILE).zones[0]
    values = {str(year): row.written().hex().upper() for year, row in zone.rules.years.items()}
    values |= {"TZI": zone.rules.plain.written().hex(), "FirstEntry": "0x7d6", "LastEntry": "0x7eb"}
    answers = answered(probed(zone.key, (zone.key, values)), read_zone_file(FILE), [VANCOUVER], [SUMMER, WINTER])
    assert answers.errors == ()
    assert said(answers, "system") == {"2026-07-01": "-0700", "2026-11-22": "-0700"}
    assert said(answers, "localtime")["2026-11-22"] == "-0700"


@pytest.mark.parametrize(
    "values",
    [
        {"TZI": PACIFIC_2007[:-2]},
        {"TZI": PACIFIC_2007, "2026": PACIFIC_2007},
        {"TZI": PACIFIC_2007, "2026": PACIFIC_2007, "FirstEntry": "0x7e9", "LastEntry": "0x7ea"},
    ],
    ids=["short row", "no first and last entry", "a year without a row"],
)
def test_rows_that_windows_could_not_use_are_an_error_and_not_a_guess(values: dict[str, str]) -> None:
    output = probed("Pacific Standard Time", ("Pacific Standard Time", values))
    answers = answered(output, read_zone_file(FILE), [VANCOUVER], [WINTER])
    assert "a row of the registry cannot be read" in answers.errors[0]
    assert not said(answers, "system")


def test_the_hosts_own_dotnet_has_the_last_word() -> None:
    key = "Pacific Standard Time"
    facts = probed(key, (key, {"TZI": PACIFIC_2007}))
    disagreeing = replace(facts, facts=(*facts.facts, Fact("dotnet", f"{key} 2026-11-22T12:00:00Z", "-0700")))
    answers = answered(disagreeing, read_zone_file(FILE), [VANCOUVER], [WINTER])
    assert ".NET on the host says -0700, its rows -0800" in answers.errors[0]


def test_what_a_step_carries() -> None:
    part = WindowsPart(read_zone_file(FILE), (WINTER,))
    arguments = part.arguments(VANCOUVER)
    assert arguments["MUSTER_REPLACES"] == '"Pacific Standard Time"'
    assert part.payload(StepName.PROBE, VANCOUVER) == b""
    assert part.payload(StepName.APPLY, VANCOUVER).startswith(b"Windows Registry Editor")
    with pytest.raises(FixError, match="no zone for Europe/Paris; it has America/Vancouver"):
        part.arguments("Europe/Paris")


@pytest.mark.parametrize("name", ["probe", "apply", "rollback"])
def test_scripts_are_ascii_with_lines_that_cmd_takes_and_end_with_done(name: str) -> None:
    text = (FILE.parent / f"{name}.cmd").read_text(encoding="ascii")
    lines = text.splitlines()
    assert all(len(line) < 2000 for line in lines)
    assert not any("&&" in line or "||" in line for line in lines), "Wine's cmd ignores them"
    dones = [line for line in lines if line.startswith("echo done\t")]
    assert {read_output(line.removeprefix("echo ")).done for line in dones} == {StepName(name)}


@pytest.mark.parametrize("name", ["probe", "apply", "rollback"])
def test_the_ansible_variant_passes_ansibles_own_syntax_check(name: str) -> None:
    """Needs the collection: ANSIBLE_COLLECTIONS_PATH=FOLDER with ansible_collections/ansible/windows in it."""
    ansible = Path(sys.executable).parent / "ansible-playbook"
    command = [str(ansible), "--syntax-check", "-i", "localhost,", str(FILE.parent / f"ansible/{name}.yml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    if "couldn't resolve module/action" in done.stderr:
        pytest.skip("the collection ansible.windows is not installed here")
    assert done.returncode == 0, done.stderr


def prepared(**parameters: str) -> PreparedFix:
    return prepare_fix("tzdata", {"instants": "2026-07-01T12:00:00Z 2026-11-22T12:00:00Z", **parameters})


def test_the_fix_has_steps_for_windows_hosts_that_its_rows_cover() -> None:
    fix = prepared()
    step = fix.step(StepName.APPLY, OsFamily.WINDOWS, timezone=VANCOUVER)
    assert step
    assert step.arguments["MUSTER_KEY"] == "British Columbia Standard Time"
    assert step.payload.startswith(b"Windows Registry Editor")
    assert step.playbook == "tzdata/windows/ansible/apply.yml"
    assert fix.step(StepName.APPLY, OsFamily.WINDOWS, timezone="Europe/Paris") is None


def test_the_fix_judges_a_windows_host_by_what_its_rows_mean() -> None:
    fix = prepared()
    key = "British Columbia Standard Time"
    old = probed("Pacific Standard Time", (key, {"TZI": "missing"}), ("Pacific Standard Time", {"TZI": PACIFIC_2007}))
    stale = fix.judge(old, timezone=VANCOUVER)
    assert stale.verdict is Verdict.STALE, stale
    assert stale.summary.startswith("America/Vancouver at 2026-11-22 12:00Z: -08:00, should be -07:00 (localtime)")
    zone = read_zone_file(FILE).zones[0]
    values = {str(year): row.written().hex() for year, row in zone.rules.years.items()}
    values |= {"TZI": zone.rules.plain.written().hex(), "FirstEntry": "0x7d6", "LastEntry": "0x7eb"}
    right = fix.judge(probed(key, (key, values)), timezone=VANCOUVER)
    assert right.verdict is Verdict.RIGHT, right


def test_a_campaign_with_a_wrong_row_is_refused_before_anything_is_pushed(tmp_path: Path) -> None:
    rows = tmp_path / "rows.yml"
    rows.write_text(FILE.read_text().replace("2026: {bias: 480", "2026: {bias: 540"))
    with pytest.raises(FixError, match="the file of Windows rows is wrong"):
        prepared(zones=VANCOUVER, windows_rows=str(rows))
