"""From what came back from a host to how the step ended. Pure."""

import re
from dataclasses import dataclass, replace

from muster.outcomes import Ending, Stage
from muster.steps import Step, StepOutput, read_output
from push.failures import ASK_AGAIN
from push.transport import RawResult

TIMED_OUT_CODES = {124, 137, 143}
"""What timeout(1) ends with: the step was told to end, was killed, or ended by the signal."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """How a step ended; the fields are those of a StepReport."""

    ending: Ending
    stage: Stage
    cause: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Prompt:
    """Words by which a host asks for something that nobody is there to answer; the cause may quote them as ``{0}``."""

    pattern: re.Pattern[str]
    cause: str
    hint: str

    def found_in(self, text: str) -> "Prompt | None":
        """With the cause as the text has it."""
        match = self.pattern.search(text)
        return replace(self, cause=self.cause.format(*match.groups())) if match else None


def _prompt(pattern: str, cause: str, hint: str) -> Prompt:
    return Prompt(re.compile(pattern, re.IGNORECASE), cause, hint)


PROMPTS = (
    _prompt(
        r"sudo: .*(password is required|terminal is required|no tty present|askpass)|\[sudo\] password for",
        "sudo asks for a password on the host",
        "let this account use sudo without a password, or give the host a credential of an account that may",
    ),
    _prompt(
        r"password change required|required to change your password|must change your password|password has expired",
        "the account's password has expired: the host wants a new one before it does anything",
        "log in by hand and set a new password, or use a key",
    ),
    _prompt(
        r"this account is (currently )?not available|account has expired|your account is (locked|disabled)",
        "the account may not log in",
        "give the host a credential of an account that may",
    ),
    _prompt(  # exec is how every step begins over SSH (push/launcher.py), and no step over WinRM
        r"'exec' is not recognized as (?:an internal or external command|the name of a cmdlet)",
        "it is a Windows host: its login shell does not know /bin/sh",
        "set its os to windows and its transport to winrm in the fleet file",
    ),
    _prompt(
        r"'([^'\n]{1,80})' is not recognized as (?:an internal or external command|the name of a cmdlet)",
        "the step calls {0}, which is not there on this Windows host",
        "is it a Windows version or edition that the fix does not know?",
    ),
    _prompt(
        r"(password|passphrase|passcode|verification code)[^\n]{0,60}:\s*$",
        "the host asks for a password and nobody is there to answer",
        "give Muster an account that is not asked",
    ),
    _prompt(
        r"(\[y/n\]|\(yes/no[^)]*\)|press (enter|any key)|continue\s*\?)[^\n]{0,20}$",
        "the host waits for an answer to a question",
        "its last lines of output show the question",
    ),
)


def judge(step: Step, raw: RawResult) -> Judgement:
    """How the step ended that left this behind."""
    output = read_output(raw.stdout)
    if output.done is None:
        return _without_done(step, raw)
    if output.errors:
        return Judgement(Ending.FAILED, Stage.FINISHED, "; ".join(output.errors[:3]), _prompt_hint(raw))
    if raw.exit_code != 0:
        return Judgement(Ending.FAILED, Stage.FINISHED, *_bad_exit(raw))
    return Judgement(Ending.DONE, Stage.FINISHED)


def asked(stdout: str, stderr: str) -> Prompt | None:
    """The question that a host put, by the end of what it said."""
    said = f"{stdout[-2000:]}\n{stderr[-2000:]}", stdout[-400:].rstrip(" "), stderr[-400:].rstrip(" ")
    return next((found for prompt in PROMPTS for text in said if (found := prompt.found_in(text))), None)


def _without_done(step: Step, raw: RawResult) -> Judgement:
    prompt = asked(raw.stdout, raw.stderr)
    if not raw.began and raw.exit_code is not None:
        if prompt:
            return Judgement(Ending.FAILED, Stage.COMMAND, prompt.cause, prompt.hint)
        cause = f"its login shell did not run the step (exit code {raw.exit_code}){_last_words(raw)}"
        return Judgement(Ending.FAILED, Stage.COMMAND, cause, "check what this account may do there")
    if raw.exit_code in TIMED_OUT_CODES:
        cause = f"the step took longer than {step.timeout_s:g} s and was ended on the host"
        if prompt:
            cause = f"{cause}: {prompt.cause}"
        return Judgement(Ending.UNKNOWN, Stage.COMMAND, cause, ASK_AGAIN)
    if prompt:
        return Judgement(Ending.UNKNOWN, Stage.COMMAND, prompt.cause, prompt.hint)
    how = "was ended by a signal" if raw.exit_code is None else f"ended with exit code {raw.exit_code}"
    cause = f"the step {how} before it said that it was done{_last_words(raw)}"
    return Judgement(Ending.UNKNOWN, Stage.COMMAND, cause, ASK_AGAIN)


def _bad_exit(raw: RawResult) -> tuple[str, str]:
    how = "was ended by a signal" if raw.exit_code is None else f"ended with exit code {raw.exit_code}"
    return f"the step {how}{_last_words(raw)}", _prompt_hint(raw)


def _prompt_hint(raw: RawResult) -> str:
    prompt = asked(raw.stdout, raw.stderr)
    return prompt.hint if prompt else ""


def _last_words(raw: RawResult) -> str:
    output: StepOutput = read_output(raw.stdout)
    lines = output.errors or tuple(line for line in raw.stderr.splitlines() if line.strip()) or output.raw
    return f": {lines[-1].strip()[:300]}" if lines else ""
