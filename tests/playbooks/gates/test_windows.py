"""What a Windows host says before it is pushed: a real cmd and a real registry, on Wine, by WinRM.

Wine has no PowerShell, so how old a backup is cannot be told there: the gate stays closed, as it must.
"""

from collections.abc import Iterator

import pytest

from muster.fleet import OsFamily
from muster.outcomes import Ending
from muster.safety import BackupRule, Readiness
from muster.steps import read_output
from playbooks.gates.steps import gate_step
from push.gates_ready import answers_of, backup_present
from tests.fleet.winrm_wine import WineEngine, WineTemplate, why_not
from tests.fleet.winrm_world import WinRmWorld

pytestmark = [pytest.mark.wine, pytest.mark.slow, pytest.mark.skipif(bool(why_not()), reason=why_not())]

RESTART = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\WindowsUpdate\Auto Update\RebootRequired"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WinRmWorld]:
    made = WinRmWorld(tmp_path_factory.mktemp("world"))
    made.add("first", engine=WineEngine(WineTemplate(tmp_path_factory.mktemp("wine")), "first"))
    with made:
        yield made


def ask(world: WinRmWorld, wanted: Readiness) -> dict[str, str]:
    step = gate_step(wanted, OsFamily.WINDOWS)
    assert step is not None
    report = world.one("first", step.script, arguments=step.arguments, deadline_s=180)
    assert report.ending is Ending.DONE, (report.cause, report.stdout, report.stderr)
    output = read_output(report.stdout)
    assert not output.raw, output.raw
    return dict(answers_of(output))


def test_a_windows_host_says_how_much_room_it_has(world: WinRmWorld) -> None:
    assert int(ask(world, Readiness(free_disk_mb=1))["disk_free_bytes"]) > 1_000_000


def test_a_windows_host_says_whether_it_waits_for_a_restart(world: WinRmWorld) -> None:
    wanted = Readiness(pending_reboot_holds=True)
    assert ask(world, wanted)["reboot_pending"] == "no"
    world.one("first", f'@echo off\nreg add "{RESTART}" /f >nul', deadline_s=180)
    assert ask(world, wanted)["reboot_pending"] == "yes: Windows Update"


def test_a_backup_that_is_not_there_is_told_and_one_whose_age_is_not_known_is_not_believed(world: WinRmWorld) -> None:
    gone = Readiness(backup=BackupRule(24, windows="C:\\Backup\\*.vhdx"))
    assert ask(world, gone)["backup_age_s"] == "none"
    there = Readiness(backup=BackupRule(24, windows="C:\\windows\\*.ini"))
    said = ask(world, there)
    assert "backup_age_s" not in said
    held = backup_present(said, there, OsFamily.WINDOWS)
    assert held is not None
    assert "does not say" in held.reason
