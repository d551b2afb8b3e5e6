"""What a Linux host says before it is pushed, asked below a folder and in two shells."""

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from muster.fleet import OsFamily
from muster.safety import BackupRule, Readiness
from muster.steps import StepName, read_output
from playbooks.gates.steps import gate_step
from push.gates_ready import answers_of, not_ready

SHELLS = [("dash",), ("bash", "--posix"), ("busybox", "sh")]
HOUR_S = 3600


@pytest.fixture(params=SHELLS, ids=" ".join)
def shell(request: pytest.FixtureRequest) -> tuple[str, ...]:
    found: tuple[str, ...] = request.param
    if shutil.which(found[0]) is None:
        pytest.skip(f"{found[0]} is not installed")
    return found


def ask(shell: tuple[str, ...], root: Path, wanted: Readiness) -> dict[str, str]:
    """The answers of a host that is a folder."""
    step = gate_step(wanted, OsFamily.LINUX)
    assert step is not None
    done = subprocess.run(
        [*shell, "-c", step.script],
        env={"PATH": os.environ["PATH"], "MUSTER_ROOT": str(root), **step.arguments},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stderr == ""
    output = read_output(done.stdout)
    assert output.done is StepName.PROBE
    return dict(answers_of(output))


def backup(path: str) -> Readiness:
    return Readiness(backup=BackupRule(24, linux=path))


def test_a_host_says_how_much_room_it_has(shell: tuple[str, ...], tmp_path: Path) -> None:
    free = shutil.disk_usage(tmp_path).free
    said = int(ask(shell, tmp_path, Readiness(free_disk_mb=1))["disk_free_bytes"])
    assert abs(said - free) < 0.2 * free + 1e9


def test_a_host_says_whether_it_waits_for_a_restart(shell: tuple[str, ...], tmp_path: Path) -> None:
    wanted = Readiness(pending_reboot_holds=True)
    assert ask(shell, tmp_path, wanted)["reboot_pending"] == "no"
    (tmp_path / "run").mkdir()
    (tmp_path / "run/reboot-required").touch()
    assert ask(shell, tmp_path, wanted)["reboot_pending"] == "yes: /run/reboot-required"


def test_the_newest_file_that_matches_is_the_backup(shell: tuple[str, ...], tmp_path: Path) -> None:
    folder = tmp_path / "var" / "back ups"
    folder.mkdir(parents=True)
    wanted = backup("/var/back ups/full-*.tar")
    assert ask(shell, tmp_path, wanted)["backup_age_s"] == "none"
    for name, hours in (("full-1.tar", 30), ("full-2.tar", 2), ("other.tar", 0)):
        (folder / name).touch()
        at = time.time() - hours * HOUR_S
        os.utime(folder / name, (at, at))
    assert abs(int(ask(shell, tmp_path, wanted)["backup_age_s"]) - 2 * HOUR_S) < HOUR_S / 2


def test_a_path_is_a_path_and_no_command(shell: tuple[str, ...], tmp_path: Path) -> None:
    assert ask(shell, tmp_path, backup("/x$(touch hacked);touch hacked"))["backup_age_s"] == "none"
    assert not list(tmp_path.iterdir())


def test_nobody_is_asked_when_nothing_is_wanted_or_nothing_can_be_asked() -> None:
    assert gate_step(Readiness(), OsFamily.LINUX) is None
    assert gate_step(Readiness(free_disk_mb=1), OsFamily.OTHER) is None


def test_an_answer_lets_through_or_holds(tmp_path: Path) -> None:
    wanted = Readiness(free_disk_mb=1, pending_reboot_holds=True)
    said = ask(("sh",), tmp_path, wanted)
    text = "".join(f"fact\tgate\t{key}\t{value}\n" for key, value in said.items())
    assert not_ready(read_output(text), wanted, OsFamily.LINUX) is None
    held = not_ready(read_output(text), Readiness(free_disk_mb=10**9), OsFamily.LINUX)
    assert held is not None
    assert held.gate == "free disk"
