"""Apply puts the right rules in place, says what it changed, and leaves whole files whatever happens."""

import random
import subprocess
import time
from pathlib import Path

import pytest

from muster.fleet import OsFamily
from muster.outcomes import Verdict
from muster.ports import PreparedFix
from muster.steps import StepName
from tests.playbooks.tzdata.conftest import MakeFix
from tests.playbooks.tzdata.place import VANCOUVER, Place, kill

ZONE_PATH = "/usr/share/zoneinfo/America/Vancouver"
ALIAS_PATH = "/usr/share/zoneinfo/Canada/Pacific"


def verdict(place: Place, fix: PreparedFix) -> Verdict:
    return fix.judge(place.run(fix, StepName.VERIFY), timezone=VANCOUVER).verdict


def test_apply_replaces_the_zone_and_its_other_names_and_verify_agrees(
    place: Place, fix: PreparedFix, fresh: Path, stale: Path
) -> None:
    output = place.run(fix, StepName.APPLY)
    assert output.changes == (f"installed {VANCOUVER} at {ZONE_PATH}", f"installed {VANCOUVER} at {ALIAS_PATH}")
    assert output.done is StepName.APPLY
    assert place.zone().read_bytes() == place.zone("Canada/Pacific").read_bytes() == (fresh / VANCOUVER).read_bytes()
    for other in ("America/Los_Angeles", "America/Edmonton"):
        assert place.zone(other).read_bytes() == (stale / other).read_bytes()
    assert verdict(place, fix) is Verdict.RIGHT


def test_a_second_apply_changes_nothing_and_says_so(place: Place, fix: PreparedFix) -> None:
    place.serves("cron")
    place.run(fix, StepName.APPLY)
    before = place.tree()
    output = place.run(fix, StepName.APPLY)
    assert (output.changes, output.notes) == ((), ("every zone file was right already",))
    assert place.tree() == before


def test_a_copy_at_etc_localtime_is_replaced_too(place: Place, fix: PreparedFix, fresh: Path) -> None:
    place.lives_in(VANCOUVER, by="named copy")
    output = place.run(fix, StepName.APPLY)
    assert f"installed {VANCOUVER} at /etc/localtime" in output.changes
    assert place.localtime.read_bytes() == (fresh / VANCOUVER).read_bytes()
    assert verdict(place, fix) is Verdict.RIGHT


def test_a_copy_of_another_zone_is_left_alone(place: Place, fix: PreparedFix, stale: Path) -> None:
    place.lives_in("Etc/UTC", by="copy")
    place.run(fix, StepName.APPLY)
    assert place.localtime.read_bytes() == (stale / "Etc/UTC").read_bytes()


def test_a_link_to_another_name_stays_a_link(place: Place, fix: PreparedFix) -> None:
    place.zone().unlink()
    place.zone().symlink_to("../Canada/Pacific")
    output = place.run(fix, StepName.APPLY)
    assert output.changes == (f"installed {VANCOUVER} at {ALIAS_PATH}",)
    assert place.zone().is_symlink()
    assert verdict(place, fix) is Verdict.RIGHT


def test_several_zones_are_mended_at_once(place: Place, make_fix: MakeFix) -> None:
    fix = make_fix(zones=f"{VANCOUVER} America/Edmonton")
    output = place.run(fix, StepName.APPLY)
    assert "installed America/Edmonton at /usr/share/zoneinfo/America/Edmonton" in output.changes
    assert verdict(place, fix) is Verdict.RIGHT


def test_services_that_run_are_started_again_and_others_are_not(place: Place, fix: PreparedFix) -> None:
    place.serves("cron")
    output = place.run(fix, StepName.APPLY)
    assert output.changes[-1] == "restarted cron"
    assert not any("rsyslog" in change for change in output.changes)
    assert verdict(place, fix) is Verdict.RIGHT


def test_a_push_cut_off_before_its_restarts_is_made_good_by_the_next(
    place: Place, fix: PreparedFix, fresh: Path
) -> None:
    place.serves("cron")
    for name in (VANCOUVER, "Canada/Pacific"):
        place.zone(name).write_bytes((fresh / VANCOUVER).read_bytes())
    assert verdict(place, fix) is Verdict.STALE
    assert place.run(fix, StepName.APPLY).changes == ("restarted cron",)
    assert verdict(place, fix) is Verdict.RIGHT


@pytest.mark.parametrize(
    ("restart", "words"),
    [("exit 1", "cron keeps the old rules: its restart failed"), ("", "")],
    ids=["fails", "says it did and did nothing"],
)
def test_a_restart_that_did_not_help_is_seen(place: Place, fix: PreparedFix, restart: str, words: str) -> None:
    place.serves("cron", restart=restart)
    output = place.run(fix, StepName.APPLY)
    assert output.done is StepName.APPLY
    assert words in output.notes or not words
    assert verdict(place, fix) is Verdict.STALE


def test_a_service_with_no_known_way_to_start_it_is_named(place: Place, fix: PreparedFix) -> None:
    place.serves("cron")
    (place.root / "etc/init.d/cron").unlink()
    output = place.run(fix, StepName.APPLY)
    assert output.notes == ("cron keeps the old rules, and how it is started is not known",)


def test_a_payload_cut_short_or_damaged_changes_nothing(place: Place, fix: PreparedFix) -> None:
    step = fix.step(StepName.APPLY, OsFamily.LINUX, timezone=VANCOUVER)
    assert step is not None
    before = place.zone().read_bytes()
    damaged = step.payload[:-9] + b"X" + step.payload[-8:]
    size = len(step.payload)
    for payload, words in (
        (step.payload[:-10], f"the payload was cut short: {size - 10} of {size} bytes arrived"),
        (b"", "the payload did not arrive: it has no header"),
        (damaged, f"the data for {VANCOUVER} was damaged on its way"),
    ):
        output = place.run(fix, StepName.APPLY, payload=payload)
        assert output.errors == (words,)
        assert output.changes == ()
        assert place.zone().read_bytes() == before


def test_a_payload_that_holds_the_wrong_rules_is_refused(place: Place, make_fix: MakeFix, stale: Path) -> None:
    right, wrong = make_fix(), make_fix(source=str(stale))
    good = right.step(StepName.APPLY, OsFamily.LINUX, timezone=VANCOUVER)
    bad = wrong.step(StepName.APPLY, OsFamily.LINUX, timezone=VANCOUVER)
    assert good is not None
    assert bad is not None
    mixed = {key: bad.arguments[key] for key in ("MUSTER_DIGESTS", "MUSTER_PAYLOAD_BYTES")}
    output = place.run(right, StepName.APPLY, payload=bad.payload, environment=mixed)
    assert output.errors == (f"the data for {VANCOUVER} does not give the expected offsets on this host",)
    assert output.changes == ()


def test_a_disk_without_room_is_said_in_plain_words(place: Place, fix: PreparedFix, tmp_path: Path) -> None:
    if "busybox" in place.shell.path:
        pytest.skip("busybox prefers its own df; tests on overlay hosts fill a real disk")
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "df").write_text("#!/bin/sh\necho head\necho /dev/sda1 100 100 0 100% /\n")
    (tools / "df").chmod(0o755)
    before = place.tree()
    output = place.run(fix, StepName.APPLY, environment={"PATH": f"{tools}:{place.shell.path}"})
    assert output.errors == ("disk full: 11 KB needed, 0 KB free on /usr/share/zoneinfo",)
    assert output.done is StepName.APPLY
    assert {path: data for path, data in place.tree().items() if "muster" not in path} == before


def test_files_that_cannot_grow_are_a_full_disk_and_nothing_is_half_written(place: Place, fix: PreparedFix) -> None:
    step = fix.step(StepName.APPLY, OsFamily.LINUX, timezone=VANCOUVER)
    assert step is not None
    before = place.zone().read_bytes()
    done = subprocess.run(
        [*place.shell.command, "-c", f"trap '' XFSZ; ulimit -f 0; {step.script}"],
        input=step.payload,
        capture_output=True,
        timeout=30,
        check=False,
        env={"PATH": place.shell.path, "MUSTER_ROOT": str(place.root), **step.arguments},
    )
    assert b"error\tdisk full or over quota: nothing more can be written" in done.stdout
    assert done.stdout.endswith(b"done\tapply\n")
    assert place.zone().read_bytes() == before


def test_a_second_push_at_the_same_time_is_refused_and_a_dead_one_is_not_waited_for(
    place: Place, fix: PreparedFix
) -> None:
    step = fix.step(StepName.APPLY, OsFamily.LINUX, timezone=VANCOUVER)
    assert step is not None
    first = place.start(step)  # waits for its payload, with the lock in its hand
    lock = place.state / "lock"
    until = time.monotonic() + 10
    while not lock.exists() and time.monotonic() < until:
        time.sleep(0.02)
    output = place.run(fix, StepName.APPLY)
    assert output.errors[0].startswith("another push is at work on this host (process ")
    kill(first)
    assert lock.exists()
    assert place.run(fix, StepName.APPLY).errors == ()
    assert not lock.exists()


def test_whatever_kills_it_every_file_is_the_old_or_the_new_one(
    place: Place, fix: PreparedFix, fresh: Path, stale: Path
) -> None:
    step = fix.step(StepName.APPLY, OsFamily.LINUX, timezone=VANCOUVER)
    assert step is not None
    place.serves("cron")
    whole = {(fresh / VANCOUVER).read_bytes(), (stale / VANCOUVER).read_bytes()}
    chance = random.Random(20261101)  # noqa: S311  moments to kill at, not a secret
    began = time.monotonic()
    place.start(step).communicate(step.payload)
    lasts_s = time.monotonic() - began
    for _ in range(15):
        for name in (VANCOUVER, "Canada/Pacific"):
            place.zone(name).write_bytes((stale / name).read_bytes())
        process = place.start(step)
        assert process.stdin is not None
        process.stdin.write(step.payload)
        process.stdin.flush()
        time.sleep(chance.uniform(0, lasts_s))
        kill(process)
        assert {place.zone(name).read_bytes() for name in (VANCOUVER, "Canada/Pacific")} <= whole
    assert place.run(fix, StepName.APPLY).errors == ()
    assert verdict(place, fix) is Verdict.RIGHT
    left = [path for path in place.tree() if path.endswith((".muster", ".new", "lock")) or "work" in Path(path).parts]
    assert left == []
