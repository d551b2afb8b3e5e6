"""The Windows fix on Wine hosts, by WinRM: a real cmd, a real registry, and what the system makes of it.

What this proves and what it cannot is in docs/winrm.md.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from muster.outcomes import Ending, Stage, Verdict
from muster.steps import Step, StepName, StepOutput, read_output
from playbooks.catalog import prepare_fix
from playbooks.tzdata.windows.fix import WindowsPart
from playbooks.tzdata.windows.zonefile import read_zone_file
from push.winrm_access import Logon
from tests.fleet.winrm_endpoint import WinRmHost
from tests.fleet.winrm_steps import CmdSteps
from tests.fleet.winrm_wine import HERE, WineEngine, WineTemplate, compile_windows, why_not
from tests.fleet.winrm_world import WinRmWorld

pytestmark = [pytest.mark.wine, pytest.mark.skipif(bool(why_not()), reason=why_not())]

FOLDER = Path(__file__).parents[2] / "playbooks/tzdata/windows"
WINTER = datetime(2026, 11, 22, 12, tzinfo=UTC)
SUMMER = datetime(2026, 7, 1, 12, tzinfo=UTC)
VANCOUVER = "America/Vancouver"
PACIFIC, BRITISH_COLUMBIA = "Pacific Standard Time", "British Columbia Standard Time"
PACIFIC_UNIX = "America/Los_Angeles"
"""Wine calls it Pacific Standard Time."""


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> WineTemplate:
    return WineTemplate(tmp_path_factory.mktemp("wine"))


@pytest.fixture(scope="module")
def zone_program(template: WineTemplate) -> Path:
    return compile_windows(HERE / "winrm_zone.c", template.folder)


@pytest.fixture(scope="module")
def world(template: WineTemplate, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WinRmWorld]:
    world = WinRmWorld(tmp_path_factory.mktemp("world"))
    world.add("first", engine=WineEngine(template, "first", timezone=PACIFIC_UNIX), logon="ntlm", https=False)
    world.add("second", engine=WineEngine(template, "second", timezone=PACIFIC_UNIX))
    with world:
        yield world


@pytest.fixture(scope="module")
def part() -> WindowsPart:
    return WindowsPart(read_zone_file(FOLDER / "british-columbia.yml"), (SUMMER, WINTER))


def engine_of(host: WinRmHost) -> WineEngine:
    assert isinstance(host.engine, WineEngine)
    return host.engine


def step(part: WindowsPart, name: StepName) -> Step:
    file = "probe.cmd" if name is StepName.VERIFY else f"{name}.cmd"
    script = (FOLDER / file).read_text()
    return Step(name, script, part.arguments(VANCOUVER), part.payload(name, VANCOUVER), 150)


def carry(world: WinRmWorld, host: str, made: Step) -> StepOutput:
    report = world.one(
        host, made.script, deadline_s=180, arguments=made.arguments, payload=made.payload, timeout_s=made.timeout_s
    )
    output = read_output(report.stdout)
    assert report.ending is Ending.DONE, (report.cause, report.stdout, report.stderr)
    assert not output.raw, output.raw
    return output


def offsets(world: WinRmWorld, host: str, part: WindowsPart) -> dict[str, str]:
    output = part.read(carry(world, host, step(part, StepName.PROBE)), [VANCOUVER])
    assert not output.errors
    return {f"{fact.layer} {fact.key}": fact.value for fact in output.facts if fact.layer in {"system", "localtime"}}


def test_programs_that_do_nothing_are_not_there(world: WinRmWorld) -> None:
    for program in ("certutil -hashfile x SHA256", "findstr x", "tzutil /g", "powershell -Command 1", "wevtutil el"):
        report = world.one("first", f"@echo off\n{program}\nexit /b %ERRORLEVEL%", deadline_s=180)
        assert report.exit_code == 9009, (program, report)


def test_exit_codes_are_whole_and_arguments_arrive(world: WinRmWorld) -> None:
    script = "@echo off\necho note\t%MUSTER_WORD%\necho done\tprobe\nexit /b 3010"
    report = world.one("second", script, arguments={"MUSTER_WORD": "a b (c)"}, deadline_s=180)
    assert report.exit_code == 3010
    assert read_output(report.stdout).notes == ("a b (c)",)


def test_a_step_over_its_time_is_ended_on_the_host(world: WinRmWorld) -> None:
    made = CmdSteps().sleep(4711, timeout_s=3)
    report = world.one("second", made.script, timeout_s=3.0, deadline_s=180)
    assert (report.ending, report.stage) == (Ending.UNKNOWN, Stage.COMMAND)
    host = world.hosts["second"]
    assert (host.counters.terminated, host.shells.running, host.shells.live) == (1, 0, 0)


@pytest.mark.parametrize(  # by NTLM each time; by Basic over HTTPS the wrong row below goes the same way
    "host", ["first", pytest.param("second", marks=pytest.mark.slow)]
)
def test_a_host_in_vancouver_is_mended_verified_and_put_back(
    world: WinRmWorld, part: WindowsPart, zone_program: Path, host: str
) -> None:
    engine = engine_of(world.hosts[host])
    winter, summer = f"{VANCOUVER} 2026-11-22T12:00:00Z", f"{VANCOUVER} 2026-07-01T12:00:00Z"
    fix = prepare_fix("tzdata", {"instants": "2026-07-01T12:00:00Z 2026-11-22T12:00:00Z"})
    probed = carry(world, host, step(part, StepName.PROBE))
    assert fix.judge(probed, timezone=VANCOUVER).verdict is Verdict.STALE
    before = offsets(world, host, part)
    assert (before[f"localtime {winter}"], before[f"localtime {summer}"]) == ("-0800", "-0700")
    assert before[f"system {winter}"] == "missing"

    first = carry(world, host, step(part, StepName.APPLY))
    assert any(PACIFIC in change and BRITISH_COLUMBIA in change for change in first.changes)
    after = offsets(world, host, part)
    assert {after[f"system {when}"] for when in (winter, summer)} == {"-0700"}
    assert after[f"localtime {winter}"] == "-0800", "Wine undoes the switch, and verify must see that"
    instants = ["2026-11-22T12:00", "2026-07-01T12:00", "2025-12-01T12:00", "2026-02-01T12:00", "2030-01-15T12:00"]
    assert engine.run(zone_program, BRITISH_COLUMBIA, *instants).split() == ["-420", "-420", "-480", "-480", "-420"]

    again = carry(world, host, step(part, StepName.APPLY))
    assert not any("registry rows" in change or "backup" in change for change in again.changes)

    rolled = carry(world, host, step(part, StepName.ROLLBACK))
    assert rolled.changes
    assert offsets(world, host, part) == before
    assert not list((engine.drive / "ProgramData/Muster/tzdata").iterdir())


def test_a_wrong_row_is_caught_by_verify(world: WinRmWorld, part: WindowsPart) -> None:
    """The file said one thing, the host does another: here somebody put back the winter."""
    carry(world, "second", step(part, StepName.APPLY))
    wrong = part.payload(StepName.APPLY, VANCOUVER).replace(b'"2026"=hex:e0,01', b'"2026"=hex:1c,02')
    assert wrong != part.payload(StepName.APPLY, VANCOUVER)
    spoil = "@reg import payload >nul 2>nul\n@echo done\tapply"
    assert world.one("second", spoil, payload=wrong, deadline_s=180).ending is Ending.DONE
    assert offsets(world, "second", part)[f"system {VANCOUVER} 2026-11-22T12:00:00Z"] == "-0800"
    carry(world, "second", step(part, StepName.ROLLBACK))


def test_our_reading_of_the_registry_is_the_systems(world: WinRmWorld, part: WindowsPart, zone_program: Path) -> None:
    """2007 itself: the same rows, read by us and by the system, for a zone with two rules.

    Not for years before the first entry: Wine takes the plain row there, Windows the first entry's.
    """
    key = "Central Standard Time"
    arguments = {**part.arguments(VANCOUVER), "MUSTER_KEY": key}
    script = (FOLDER / "probe.cmd").read_text()
    report = world.one("first", script, arguments=arguments, deadline_s=180)
    output = read_output(report.stdout)
    from playbooks.tzdata.windows.answers import _rules

    instants = [
        datetime(year, month, day, 12, tzinfo=UTC)
        for year in (2000, 2006, 2007, 2011, 2026)
        for month, day in ((1, 15), (3, 20), (4, 2), (7, 1), (10, 30), (11, 3), (11, 20))
    ]
    ours = [str(int(_rules(output.facts)[key].offset(instant).total_seconds() // 60)) for instant in instants]
    asked = [f"{instant:%Y-%m-%dT%H:%M}" for instant in instants]
    assert engine_of(world.hosts["first"]).run(zone_program, key, *asked).split() == ours


def test_a_wine_host_is_also_entered_over_tls(world: WinRmWorld) -> None:
    assert world.access["second"]["logon"] is Logon.BASIC
    assert world.one("second", "@echo done\tprobe", deadline_s=180).ending is Ending.DONE
