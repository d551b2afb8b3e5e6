"""The one command reads script, arguments and payload from its input, under every shell that is here."""

import shutil
import subprocess
import time
from pathlib import Path

import pytest

from muster.steps import Step, StepName
from push.launcher import command, end_mark, split_output, stream

SHELLS = [shell for shell in ("dash", "bash", "busybox", "zsh", "fish", "tcsh", "ksh") if shutil.which(shell)]


def _run(
    step: Step, shell: str = "sh", *, limit_s: int = 20, data: bytes | None = None
) -> "subprocess.CompletedProcess[bytes]":
    login = ["busybox", "sh"] if shell == "busybox" else [shell]
    return subprocess.run(
        [*login, "-c", command(limit_s)], input=stream(step) if data is None else data, capture_output=True, check=False
    )


@pytest.mark.parametrize("shell", SHELLS)
def test_every_login_shell_runs_the_step(shell: str) -> None:
    step = Step(
        StepName.APPLY, "printf '%s\\n' \"$MUSTER_A\"\nwc -c\nexit 3", {"MUSTER_A": "it's $HOME\n two"}, b"\0x\n" * 1000
    )
    done = _run(step, shell)
    group, said = split_output(done.stdout.decode())
    assert group is not None
    assert said.split("\n")[:2] == ["it's $HOME", " two"]
    assert said.split()[-1] == "3000"
    assert done.returncode == 3


@pytest.mark.parametrize("shell", [name for name in SHELLS if name not in {"fish", "tcsh"}])
def test_whatever_bin_sh_is_it_runs_the_step(shell: str) -> None:
    path = f"{shutil.which(shell)}{' sh' if shell == 'busybox' else ''}"
    step = Step(StepName.APPLY, "printf '%s\\n' \"$MUSTER_A\"\nwc -c", {"MUSTER_A": "a\tb\n c \\d"}, b"\0x\n" * 1000)
    words = ["sh", "-c", command(20).replace("/bin/sh", path)]
    done = subprocess.run(words, input=stream(step), capture_output=True, check=False)
    group, said = split_output(done.stdout.decode())
    assert group is not None
    assert said.split("\n") == ["a\tb", " c \\d", "3000", ""]


@pytest.mark.parametrize(
    ("timeout", "code"),
    [("exec /usr/bin/timeout", 124), ("exit 1", 0), ("", 0)],
    ids=["another that knows -k", "one that does not", "none at all"],
)
def test_another_timeout_than_that_of_coreutils_is_tried_before_it_is_used(
    tmp_path: Path, timeout: str, code: int
) -> None:
    if timeout:
        (tmp_path / "timeout").write_text(f'#!/bin/sh\n{timeout} "$@"\n')
        (tmp_path / "timeout").chmod(0o755)
    for name in ("sleep", "true"):
        (tmp_path / name).symlink_to(str(shutil.which(name)))
    words = ["/bin/sh", "-c", command(1).replace("/usr/bin/timeout", str(tmp_path / "none"))]
    step = Step(StepName.APPLY, "sleep 2")
    done = subprocess.run(words, input=stream(step), env={"PATH": str(tmp_path)}, capture_output=True, check=False)
    assert (split_output(done.stdout.decode())[0] is not None, done.returncode) == (True, code), done.stderr


def test_the_command_never_changes_with_the_step() -> None:
    assert command(60) == command(60)
    assert len(command(60)) < 600


def test_a_script_that_holds_the_end_mark_arrives_whole() -> None:
    script = "cat <<'X'\nend-of-script-0\nend-of-script-1\nX\n"
    assert end_mark(script) == "end-of-script-2"
    assert b"end-of-script-0\nend-of-script-1\n" in _run(Step(StepName.APPLY, script)).stdout


@pytest.mark.parametrize("kept", [0, 3, 40, -20])
def test_a_script_that_did_not_arrive_whole_is_not_begun(kept: int) -> None:
    data = stream(Step(StepName.APPLY, "echo BEGUN; # a long line to cut in two"))
    done = _run(Step(StepName.APPLY, ""), data=data[:kept])
    assert b"BEGUN" not in done.stdout
    assert done.returncode == 97
    assert split_output(done.stdout.decode())[0] is None


def test_a_step_is_ended_when_its_time_is_up_with_all_that_it_started() -> None:
    begun = time.monotonic()
    done = _run(Step(StepName.APPLY, "sleep 4321.5 & sleep 4321.5"), limit_s=1)
    assert time.monotonic() - begun < 5
    assert done.returncode == 124
    assert b"4321.5" not in subprocess.run(["ps", "-eo", "args"], capture_output=True, check=True).stdout


def test_blank_lines_trailing_spaces_and_backslashes_of_a_script_are_kept() -> None:
    script = "cat <<'X'\n  two  \n\n\\n \\\nX\n"
    assert b"  two  \n\n\\n \\\n" in _run(Step(StepName.APPLY, script)).stdout


def test_what_cannot_be_carried_is_refused() -> None:
    with pytest.raises(ValueError, match="NUL"):
        stream(Step(StepName.APPLY, "echo \0"))
    with pytest.raises(ValueError, match="name of an argument"):
        stream(Step(StepName.APPLY, "true", {"A B": "x"}))
