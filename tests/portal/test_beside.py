"""Long sums are worked out in a process beside the readers; without one they are worked out all the same."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from flows.services import Services
from muster.errors import InputError
from portal.beside import Beside, Desk, NobodyBeside, Sum, beside_of_environment, process_beside
from portal.manager.kept import SMALL_HOSTS, use_beside, worked_out, worked_out_now
from portal.reading import Reading
from tests.portal.conftest import RunningPortal
from tests.portal.sums import WHO, fails
from tests.portal.world import CAMPAIGN

MANY = SMALL_HOSTS + 1
HERE = """
import sys, time
from pathlib import Path
from portal.beside import beside_of_environment, process_beside
from tests.portal.sums import WHO
with process_beside(Path(sys.argv[1])):
    print(beside_of_environment().work_out(WHO).value, flush=True)
    time.sleep(600)
"""


def test_a_sum_is_worked_out_in_one_other_process_at_low_priority(fresh_portal: RunningPortal) -> None:
    reading, services = fresh_portal.portal.reading, fresh_portal.world.services
    reading.refresh()
    with process_beside(fresh_portal.world.settings.workspace):
        use_beside(reading, beside_of_environment())
        pid, nice, campaigns = worked_out_now(services, reading, WHO, MANY)
        assert pid not in {os.getpid(), os.getppid()}
        assert nice == min(19, os.nice(0) + 10)
        assert os.sched_getscheduler(pid) == os.SCHED_IDLE
        assert campaigns == len(reading.campaigns())
        found, give_up = None, time.monotonic() + 60
        while found is None and time.monotonic() < give_up:
            found = worked_out(services, reading, WHO, MANY)
        assert found == (pid, nice, campaigns), "the same process for all sums"
        assert worked_out_now(services, reading, WHO, 10)[0] == os.getpid(), "a small campaign's are worked out here"
        with pytest.raises(InputError, match="no such thing") as error:
            worked_out_now(services, reading, Sum(fails, ("no such thing",)), MANY)
        assert error.value.hint == "try another one"
    assert beside_of_environment() is None
    assert worked_out_now(services, reading, WHO, MANY)[0] == os.getpid(), "it is gone"


def test_nobody_beside_is_an_error_that_says_so(tmp_path: Path) -> None:
    with pytest.raises(NobodyBeside):
        Beside(str(tmp_path / "gone" / "nothing"), b"key").work_out(WHO)


def test_the_process_ends_with_the_one_that_started_it_however_that_ends(fresh_portal: RunningPortal) -> None:
    workspace = str(fresh_portal.world.settings.workspace)
    clock = str(fresh_portal.world.settings.clock_shift_s)
    environment = {**os.environ, "MUSTER_CLOCK_SHIFT_S": clock, "MUSTER_LEDGER_URL": "sqlite:///muster.db"}
    command = [sys.executable, "-c", HERE, workspace]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline().strip("()\n").split(",")[0])
        assert pid != parent.pid
        assert Path(f"/proc/{pid}").exists()
        parent.kill()
    give_up = time.monotonic() + 60
    while is_running(pid) and time.monotonic() < give_up:
        time.sleep(0.05)
    assert not is_running(pid)


def is_running(pid: int) -> bool:
    """Whether a process is there and more than an entry that nobody has collected."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_what_was_just_worked_out_is_told_again_until_the_ledger_moves_or_somebody_wants_it_anew(
    fresh_portal: RunningPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.beside.AGAIN", 1e9)
    made: list[int] = []

    def work(_services: Services, _reading: Reading) -> int:
        made.append(1)
        return len(made)

    desk, wanted = Desk(fresh_portal.world.services, fresh_portal.portal.reading), Sum(work)
    assert [desk.work_out(wanted, anew=anew).value for anew in (False, False, True)] == [1, 1, 1]
    fresh_portal.world.ledger.note("looked at", by="test", campaign_id=CAMPAIGN)
    assert [desk.work_out(wanted, anew=anew).value for anew in (False, True)] == [1, 2], "soon after, only anew"
