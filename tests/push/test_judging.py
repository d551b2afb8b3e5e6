"""From what a step left behind to how it ended."""

import pytest

from muster.outcomes import Ending, Stage
from muster.steps import Step, StepName
from push.judging import asked, judge
from push.transport import RawResult

STEP = Step(StepName.APPLY, "true", timeout_s=30)
DONE = "done\tapply\n"


@pytest.mark.parametrize(
    ("raw", "ending", "stage", "words"),
    [
        (RawResult(0, DONE, ""), Ending.DONE, Stage.FINISHED, ""),
        (RawResult(0, "done\tprobe\n", "noise"), Ending.DONE, Stage.FINISHED, ""),
        (RawResult(2, DONE, "cannot\n"), Ending.FAILED, Stage.FINISHED, "exit code 2: cannot"),
        (RawResult(None, DONE, ""), Ending.FAILED, Stage.FINISHED, "signal"),
        (RawResult(0, "error\tdisk is full\n" + DONE, ""), Ending.FAILED, Stage.FINISHED, "disk is full"),
        (RawResult(0, "error\tdisk is full\n", ""), Ending.UNKNOWN, Stage.COMMAND, "disk is full"),
        (RawResult(0, "", ""), Ending.UNKNOWN, Stage.COMMAND, "before it said"),
        (RawResult(124, "", ""), Ending.UNKNOWN, Stage.COMMAND, "longer than 30 s"),
        (RawResult(None, "", ""), Ending.UNKNOWN, Stage.COMMAND, "signal"),
        (RawResult(1, "", "no such shell", began=False), Ending.FAILED, Stage.COMMAND, "no such shell"),
    ],
)
def test_a_step_is_judged_by_its_lines_and_its_exit(raw: RawResult, ending: Ending, stage: Stage, words: str) -> None:
    judgement = judge(STEP, raw)
    assert (judgement.ending, judgement.stage) == (ending, stage)
    assert words in judgement.cause
    assert (judgement.cause == "") == (ending is Ending.DONE)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("sudo: a password is required", "sudo asks"),
        ("sudo: a terminal is required to read the password; either use the -S option", "sudo asks"),
        ("[sudo] password for anna: ", "sudo asks"),
        ("WARNING: Your password has expired.\nPassword change required but no TTY available.", "has expired"),
        ("You are required to change your password immediately (administrator enforced).", "has expired"),
        ("This account is currently not available.", "may not log in"),
        (
            "'exec' is not recognized as an internal or external command,\r\noperable program",
            "it is a Windows host: its login shell",
        ),
        ("exec : The term 'exec' is not recognized as the name of a cmdlet, function", "it is a Windows host"),
        (
            "'reg2' is not recognized as an internal or external command,\r\noperable program",
            "calls reg2, which is not",
        ),
        ("Enter passphrase for key '/root/x': ", "asks for a password"),
        ("Do you want to continue? [Y/n] ", "waits for an answer"),
    ],
)
def test_a_host_that_asks_is_understood(said: str, words: str) -> None:
    for prompt in (asked(said, ""), asked("", said)):
        assert prompt is not None
        assert words in prompt.cause
        assert prompt.hint


def test_ordinary_output_is_no_question() -> None:
    assert (
        asked("changed\tpassword policy is untouched\nnote\twe continue with the next\n", "a warning: none\n") is None
    )
