"""The scripts keep to POSIX sh."""

import shutil
import subprocess

import pytest

from muster.fleet import OsFamily
from muster.ports import PreparedFix
from muster.steps import StepName
from tests.playbooks.tzdata.place import VANCOUVER


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="needs shellcheck (apt-get install shellcheck)")
@pytest.mark.parametrize("name", list(StepName))
def test_shellcheck_finds_nothing(fix: PreparedFix, name: StepName) -> None:
    step = fix.step(name, OsFamily.LINUX, timezone=VANCOUVER)
    assert step is not None
    done = subprocess.run(
        ["shellcheck", "-s", "sh", "-"], input=step.script.encode(), capture_output=True, timeout=60, check=False
    )
    assert done.stdout.decode() == ""


@pytest.mark.parametrize("name", list(StepName))
def test_a_step_fits_into_one_argument_of_a_command(fix: PreparedFix, name: StepName) -> None:
    step = fix.step(name, OsFamily.LINUX, timezone=VANCOUVER)
    assert step is not None
    linux_limit_bytes = 131_072
    assert len(step.script) + sum(map(len, step.arguments.values())) < linux_limit_bytes / 2
