"""The probe asks for the offset that a host will really have."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from muster.fleet import OsFamily
from muster.outcomes import Verdict
from muster.ports import PreparedFix
from muster.steps import StepName, StepOutput, read_output
from playbooks.tzdata.source import open_source
from tests.playbooks.tzdata.conftest import MakeFix
from tests.playbooks.tzdata.place import SUMMER, VANCOUVER, WINTER, Place


def facts(output: StepOutput, layer: str) -> dict[str, str]:
    return {fact.key: fact.value for fact in output.facts if fact.layer == layer}


def test_a_stale_host_is_asked_at_every_instant_in_every_layer(place: Place, fix: PreparedFix) -> None:
    output = place.run(fix, StepName.PROBE)
    assert output.done is StepName.PROBE
    assert output.errors == output.raw == ()
    offsets = {f"{VANCOUVER} {WINTER}": "-0800", f"{VANCOUVER} {SUMMER}": "-0700"}
    assert facts(output, "system") == offsets
    assert facts(output, "localtime") == {"kind": "link", "zone": VANCOUVER} | offsets
    finding = fix.judge(output, timezone=VANCOUVER)
    assert finding.verdict is Verdict.STALE
    assert finding.summary == "America/Vancouver at 2026-11-22 12:00Z: -08:00, should be -07:00 (system, localtime)"


def test_a_copy_of_the_zone_is_recognised_by_its_bytes(place: Place, fix: PreparedFix) -> None:
    place.lives_in(VANCOUVER, by="copy")
    assert facts(place.run(fix, StepName.PROBE), "localtime")["zone"] == VANCOUVER


def test_an_old_copy_beside_right_system_data_is_stale(place: Place, fix: PreparedFix, fresh: Path) -> None:
    place.lives_in(VANCOUVER, by="named copy")
    place.zone().write_bytes((fresh / VANCOUVER).read_bytes())
    finding = fix.judge(place.run(fix, StepName.PROBE), timezone=VANCOUVER)
    assert finding.verdict is Verdict.STALE
    assert finding.summary.endswith("(localtime)")


def test_an_old_copy_without_a_name_is_recognised_by_how_it_behaves(
    place: Place, fix: PreparedFix, fresh: Path
) -> None:
    place.lives_in(VANCOUVER, by="copy")
    place.zone().write_bytes((fresh / VANCOUVER).read_bytes())
    assert facts(place.run(fix, StepName.PROBE), "localtime")["zone"] == VANCOUVER


def test_a_host_by_another_name_of_the_zone_lives_in_it(place: Place, fix: PreparedFix) -> None:
    place.lives_in("Canada/Pacific")
    finding = fix.judge(place.run(fix, StepName.PROBE), timezone=VANCOUVER)
    assert "(system, localtime)" in finding.summary


def test_a_host_in_utc_needs_only_its_system_data(place: Place, fix: PreparedFix) -> None:
    place.lives_in("Etc/UTC")
    finding = fix.judge(place.run(fix, StepName.PROBE), timezone=VANCOUVER)
    assert finding.summary.endswith("(system)")
    assert finding.advice == ()


def test_a_host_set_to_los_angeles_that_stands_in_vancouver_is_told_of(
    place: Place, fix: PreparedFix, fresh: Path
) -> None:
    place.zone().write_bytes((fresh / VANCOUVER).read_bytes())
    place.lives_in("America/Los_Angeles")
    finding = fix.judge(place.run(fix, StepName.PROBE), timezone=VANCOUVER)
    assert finding.verdict is Verdict.RIGHT
    assert "set to America/Los_Angeles, but stands in America/Vancouver" in finding.advice[0]


def test_without_the_parameter_zones_each_host_is_asked_about_its_own(place: Place, make_fix: MakeFix) -> None:
    fix = make_fix(zones="")
    place.lives_in("America/Edmonton")
    output = place.run(fix, StepName.PROBE, timezone="America/Edmonton")
    assert facts(output, "system")[f"America/Edmonton {WINTER}"] == "-0700"
    assert "should be -06:00" in fix.judge(output, timezone="America/Edmonton").summary


def test_a_service_that_began_before_the_data_changed_keeps_old_rules(
    place: Place, fix: PreparedFix, fresh: Path
) -> None:
    place.serves("cron")
    place.zone().write_bytes((fresh / VANCOUVER).read_bytes())
    output = place.run(fix, StepName.PROBE)
    assert facts(output, "processes") == {"cron": "old rules"}
    finding = fix.judge(output, timezone=VANCOUVER)
    assert finding.verdict is Verdict.STALE
    assert finding.summary == "cron still runs with the old rules"
    os.utime(place.root / "run/cron.pid")
    assert fix.judge(place.run(fix, StepName.VERIFY), timezone=VANCOUVER).verdict is Verdict.RIGHT


def test_a_damaged_zone_file_is_not_taken_for_utc(place: Place, fix: PreparedFix) -> None:
    place.zone().write_bytes(b"rubbish")
    output = place.run(fix, StepName.PROBE)
    assert facts(output, "system")[f"{VANCOUVER} {WINTER}"] == "missing"
    assert "no zone file, should be -07:00" in fix.judge(output, timezone=VANCOUVER).summary


def test_a_host_without_zone_data_is_unsupported(place: Place, fix: PreparedFix) -> None:
    (place.root / "usr/share/zoneinfo").rename(place.root / "usr/share/gone")
    finding = fix.judge(place.run(fix, StepName.PROBE), timezone=VANCOUVER)
    assert finding.verdict is Verdict.UNSUPPORTED
    assert finding.summary == "no zone data at /usr/share/zoneinfo"


def test_a_host_whose_date_cannot_be_asked_is_unsupported(place: Place, fix: PreparedFix, tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "date").write_text("#!/bin/sh\nexit 1\n")
    (tools / "date").chmod(0o755)
    output = place.run(fix, StepName.PROBE, environment={"PATH": f"{tools}:{place.shell.path}"})
    if output.errors:  # busybox prefers its own applet to the one on the PATH
        assert fix.judge(output, timezone=VANCOUVER).verdict is Verdict.UNSUPPORTED
    else:
        assert "busybox" in place.shell.path


def test_the_probe_changes_nothing(place: Place, fix: PreparedFix) -> None:
    place.serves("cron")
    before = place.tree()
    place.run(fix, StepName.PROBE)
    assert place.tree() == before


def test_a_jvm_without_a_compiler_is_known_by_its_version(place: Place, fix: PreparedFix, recorded_tzdb: bytes) -> None:
    home = place.root / "usr/lib/jvm/java-17"
    for folder in ("bin", "lib"):
        (home / folder).mkdir(parents=True, exist_ok=True)
    (home / "bin/java").write_text("")
    (home / "bin/java").chmod(0o755)
    (home / "lib/tzdb.dat").write_bytes(recorded_tzdb)
    (home / "release").write_text('JAVA_VERSION="17.0.15"\n')
    output = place.run(fix, StepName.PROBE)
    assert facts(output, "jvm /usr/lib/jvm/java-17") == {"version": "17.0.15", "tzdata": "2025a"}
    advice = fix.judge(output, timezone=VANCOUVER).advice
    assert advice[0].startswith("JVM 17.0.15 with 2025a (/usr/lib/jvm/java-17) could not be asked, and is older than")


def test_a_runtime_that_hangs_is_left_behind(place: Place, fix: PreparedFix) -> None:
    node = place.root / "usr/bin/node"
    node.parent.mkdir(parents=True)
    node.write_text("#!/bin/sh\nsleep 300\n")
    node.chmod(0o755)
    step = fix.step(StepName.PROBE, OsFamily.LINUX, timezone=VANCOUVER)
    assert step is not None
    script = step.script.replace("limited 20", "limited 1")
    done = subprocess.run(
        [*place.shell.command, "-c", script],
        env={"PATH": place.shell.path, "MUSTER_ROOT": str(place.root), **step.arguments},
        capture_output=True,
        timeout=30,
        check=True,
    )
    assert b"note\tnode /usr/bin/node could not be asked" in done.stdout
    assert done.stdout.endswith(b"done\tprobe\n")


def test_the_packages_of_a_real_python_are_asked(place: Place, fix: PreparedFix) -> None:
    python = place.root / "usr/bin/python3"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    output = place.run(fix, StepName.PROBE)
    said = facts(output, "python-tzdata /usr/bin/python3")
    assert said["tzdata"] == open_source("").version
    assert said[f"{VANCOUVER} {WINTER}"] == "-0700"  # the tests' own tzdata knows the change


@pytest.mark.skipif(not Path("/usr/bin/javac").exists(), reason="needs a JDK (apt-get install default-jdk-headless)")
def test_a_real_jvm_on_this_machine_is_asked_for_its_offsets(fix: PreparedFix) -> None:
    step = fix.step(StepName.PROBE, OsFamily.LINUX, timezone=VANCOUVER)
    assert step is not None
    done = subprocess.run(
        ["/bin/sh", "-c", step.script],
        env={"PATH": "/usr/bin:/bin", **step.arguments},
        capture_output=True,
        timeout=60,
        check=True,
    )
    output = read_output(done.stdout.decode())
    asked = [fact for fact in output.facts if fact.layer.startswith("jvm ") and fact.key == f"{VANCOUVER} {SUMMER}"]
    assert {fact.value for fact in asked} == {"-0700"}
