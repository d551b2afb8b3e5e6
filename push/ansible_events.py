"""From the events of one Ansible call to how each host's step ended. Pure.

What a task named ``report`` prints is the step's answer, in the lines of ``muster/steps.py``; a host has ended as soon
as they hold ``done``. A playbook without such a task, such as a company's own, has ended at a host when it has ended
everywhere without a failure there; its changed tasks are then the changes.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from muster.outcomes import Ending, Stage
from muster.steps import Step, StepName, read_output
from push.ansible_diff import diff_lines
from push.failures import ASK_AGAIN, LOOK_AT_HOST, LOST, NOTHING_TOUCHED, SILENCE, TRY_AGAIN
from push.judging import Judgement, judge
from push.launcher import split_output
from push.transport import RawResult

REPORT_TASK = "report"
HEARD = {"runner_on_start", "runner_on_ok", "runner_on_failed", "runner_on_unreachable", "playbook_on_stats"}
"""The events that matter here; of the many others nothing is kept."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One event, cut down to what is used.

    Attributes:
        host: the inventory's name of the host; empty for an event of the whole call.
        result: what the module returned.
    """

    kind: str
    host: str = ""
    task: str = ""
    result: Mapping[str, object] = field(default_factory=dict)
    ignored: bool = False
    duration_s: float | None = None
    at: datetime = field(default_factory=lambda: datetime.now(UTC))


def read_event(event: Mapping[str, object]) -> Heard | None:
    """An event of ansible-runner as it is used here; None for those that say nothing."""
    kind, data = event.get("event"), event.get("event_data")
    if kind not in HEARD or not isinstance(data, Mapping):
        return None
    result = data.get("res")
    return Heard(
        kind=str(kind),
        host=str(data.get("host") or ""),
        task=str(data.get("task") or ""),
        result=result if isinstance(result, Mapping) else {},
        ignored=bool(data.get("ignore_errors")),
        duration_s=_seconds(data.get("duration")),
        at=_time(event.get("created")),
    )


def _seconds(duration: object) -> float | None:
    return float(duration) if isinstance(duration, int | float) else None


def message_of(result: Mapping[str, object]) -> str:
    """What a result says of its failure, in one line; of a loop, its first failure."""
    return _message(_first_failure(result))


def _time(created: object) -> datetime:
    try:
        at = datetime.fromisoformat(str(created))
    except ValueError:
        return datetime.now(UTC)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Ended:
    """How a host's step ended, for its report."""

    judgement: Judgement
    exit_code: int | None = None
    stdout: str = ""
    stderr: str = ""


class HostProgress:
    """What has been heard of one host so far."""

    def __init__(self, step: Step) -> None:
        self._step = step
        self._lines: list[str] = []
        self._changed: list[str] = []
        self._diff: list[str] = []
        self._failed: Ended | None = None
        self._exit_code = 0
        self._stderr = ""
        self._began = True
        self._answered = False
        self.started_at: datetime | None = None

    def hear(self, event: Heard) -> Ended | None:
        """Take an event of this host in; how it ended, if that is known now."""
        self.started_at = self.started_at or event.at
        match event.kind:
            case "runner_on_start":
                self._failed = None  # it goes on: the failure was rescued
                return None
            case "runner_on_unreachable":
                return self._lost(event)
            case "runner_on_failed" if not event.ignored:
                return self._fail(event)
            case _:
                return self._went_well(event)

    def finish(self, trouble: str) -> Ended:
        """The call has ended. ``trouble`` is what Ansible itself complained of, empty when it ended well."""
        if self._failed:
            return self._failed
        if self.started_at is None:
            cause = f"Ansible could not begin: {trouble}" if trouble else "the playbook has nothing for this host"
            return Ended(
                Judgement(Ending.FAILED if not trouble else Ending.NOT_STARTED, Stage.NOT_STARTED, cause, TRY_AGAIN)
            )
        if trouble:
            cause = f"Ansible ended in the middle of the step: {trouble}"
            return self._ended(Judgement(Ending.UNKNOWN, Stage.COMMAND, cause, ASK_AGAIN))
        if not self._lines:
            self._lines = [*(f"{self._word}\t{name}" for name in self._changed), f"done\t{self._step.name}"]
        return self._judged()

    @property
    def _word(self) -> str:
        return "would" if self._step.name is StepName.CHECK else "changed"

    def time_up(self, deadline_s: float) -> Ended:
        """The deadline has passed."""
        within = f"within {deadline_s:g} s"
        if self._answered:
            return self.cut(f"the step did not end {within}")
        return self.cut(f"no task came back {within}: its login shell did not get to it, or the step did not end")

    def cut(self, cause: str) -> Ended:
        """Time is up, or everything was stopped, while the step may be under way."""
        return self._ended(Judgement(Ending.UNKNOWN, Stage.COMMAND, cause, ASK_AGAIN))

    def _went_well(self, event: Heard) -> Ended | None:
        self._answered = True
        if event.result.get("changed") is True:
            self._changed.append(event.task)
            if self._step.name is StepName.CHECK:
                self._diff += [f"diff\t{line}" for line in diff_lines(event.result)]
        return self._report(event) if event.task == REPORT_TASK else None

    def _report(self, event: Heard) -> Ended | None:
        """Keep what a report says; the end, when it says so."""
        said = event.result.get("msg") if "stdout" not in event.result else event.result["stdout"]
        text = (
            "\n".join(map(str, said)) if isinstance(said, Sequence) and not isinstance(said, str) else str(said or "")
        )
        group, text = split_output(text)
        self._began = group is not None or bool(self._step.playbook)
        self._lines += text.splitlines()
        code = event.result.get("rc")
        self._exit_code = code if isinstance(code, int) else 0
        self._stderr = str(event.result.get("stderr") or "")
        return self._judged() if read_output(text).done else None

    def _judged(self) -> Ended:
        raw = RawResult(self._exit_code, _joined([*self._diff, *self._lines]), self._stderr, began=self._began)
        return Ended(judge(self._step, raw), raw.exit_code, raw.stdout, raw.stderr)

    def _fail(self, event: Heard) -> Ended | None:
        """A task failed. A later task of the same host takes it back, so it counts when the call has ended."""
        self._answered = True
        if event.task == REPORT_TASK and "rc" in event.result:
            ended = self._report(event)
            self._failed = ended or self._judged()
            return ended
        result = _first_failure(event.result)
        self._lines += str(result.get("stdout") or "").splitlines()
        message, stderr = _message(result), str(result.get("stderr") or result.get("module_stderr") or "")
        self._failed = self._ended(
            _meaning_of_failure(event.task, message, self._lines), stderr or message, code=result.get("rc")
        )
        return None

    def _lost(self, event: Heard) -> Ended:
        message = str(event.result.get("msg") or "")
        return self._ended(meaning_of_loss(message, touched=self._answered), message)

    def _ended(self, judgement: Judgement, stderr: str = "", *, code: object = None) -> Ended:
        return Ended(judgement, code if isinstance(code, int) else None, _joined(self._lines), stderr)


def _joined(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _first_failure(result: Mapping[str, object]) -> Mapping[str, object]:
    """The result of the first item that failed, where the task is a loop."""
    items = result.get("results")
    for item in items if isinstance(items, list) else []:
        if isinstance(item, Mapping) and item.get("failed"):
            return item
    return result


def _message(result: Mapping[str, object]) -> str:
    for key in ("msg", "stderr", "module_stderr", "stdout", "module_stdout"):
        if text := " ".join(str(result.get(key) or "").split()):
            return text[:500]
    return json.dumps(dict(result))[:200]


def _meaning_of_failure(task: str, message: str, lines: Sequence[str]) -> Judgement:
    errors = read_output("\n".join(lines)).errors
    if errors:
        return Judgement(Ending.FAILED, Stage.FINISHED, "; ".join(errors[:3]))
    if "expected time frame" in message or "timed out after" in message:
        return Judgement(Ending.UNKNOWN, Stage.COMMAND, f"the task {task!r} did not end in time", ASK_AGAIN)
    if "No space left on device" in message:
        return Judgement(
            Ending.FAILED, Stage.FINISHED, f"disk full: the task {task!r} could not write", "make room on it"
        )
    return Judgement(Ending.FAILED, Stage.FINISHED, f"the task {task!r} failed: {message}", TRY_AGAIN)


Meaning = Callable[[re.Match[str]], Judgement]


def _says(ending: Ending, stage: Stage, cause: str, hint: str) -> Meaning:
    return lambda found: Judgement(ending, stage, found.expand(cause), hint)


_CHECK_LOGIN = "check user and credential of this host in the fleet file"
_IS_IT_ON = "is it switched on, and is the way to it open?"
_BUSY = "a busy or walled-off SSH service does this; muster retry tries again"
_OLD_SERVER = "its SSH server may be very old; key_exchange: post-quantum-first offers more kinds"
_WHOSE_KEY = "find out by another way whose key this is; then: muster hosts trust"

_LOSSES: tuple[tuple[str, Meaning], ...] = (
    (
        r"(?s)IDENTIFICATION HAS CHANGED.*?(SHA256:\S+?)\.?\s",
        _says(Ending.UNTRUSTED, Stage.HOST_KEY, r"the host key has changed: it now shows \1", _WHOSE_KEY),
    ),
    (
        r"No (\S+) host key is known for",
        _says(Ending.UNTRUSTED, Stage.HOST_KEY, r"its host key is not known here", _WHOSE_KEY),
    ),
    (r"REVOKED HOST KEY", _says(Ending.UNTRUSTED, Stage.HOST_KEY, "its host key was revoked", _WHOSE_KEY)),
    (
        r"Host key verification failed|signature.*incorrect",
        _says(Ending.UNTRUSTED, Stage.HOST_KEY, "the host could not prove who it is", _WHOSE_KEY),
    ),
    (
        r"Connection refused",
        _says(Ending.UNREACHABLE, Stage.CONNECT, "refused: nothing listens there", "is this the right port?"),
    ),
    (
        r"Could not resolve hostname",
        _says(Ending.UNREACHABLE, Stage.CONNECT, "its name is not known here", "check the address in the fleet file"),
    ),
    (
        r"No route to host|Network is unreachable|Host is down",
        _says(Ending.UNREACHABLE, Stage.CONNECT, "no route to it", "is its network, or the VPN to it, up?"),
    ),
    (
        r"timed out during banner exchange|banner exchange: .*timed out",
        _says(Ending.UNKNOWN, Stage.BANNER, f"{SILENCE[Stage.BANNER]}; {NOTHING_TOUCHED}", LOOK_AT_HOST),
    ),
    (
        r"Connection to \S+ port \d+ timed out",  # said before the login only; afterwards it is "server not responding"
        _says(Ending.UNKNOWN, Stage.HOST_KEY, f"{SILENCE[Stage.HOST_KEY]}; {NOTHING_TOUCHED}", LOOK_AT_HOST),
    ),
    (
        r"Connection timed out|Operation timed out",
        _says(Ending.UNREACHABLE, Stage.CONNECT, "no answer to the connection", _IS_IT_ON),
    ),
    (
        r"Permission denied|Too many authentication failures|Load key .*: (?:error|invalid)",
        _says(Ending.FAILED, Stage.AUTHENTICATE, "it does not take the credential of the user", _CHECK_LOGIN),
    ),
    (
        r"no matching (\w[\w ]*) found",
        _says(Ending.UNREACHABLE, Stage.HOST_KEY, r"no common algorithm with its SSH server: \1", _OLD_SERVER),
    ),
    (
        r"(exchange_identification|banner exchange).*([Ii]nvalid|line contains|banner line)",
        _says(Ending.UNREACHABLE, Stage.BANNER, "what answers there is not an SSH server", "check the port"),
    ),
    (
        r"exchange_identification|banner exchange|Connection closed by .* port|Connection reset by",
        _says(Ending.UNREACHABLE, Stage.BANNER, f"{LOST[Stage.BANNER]}; {NOTHING_TOUCHED}", _BUSY),
    ),
)
"""Read from the top: the first that fits is meant."""


def meaning_of_loss(message: str, *, touched: bool) -> Judgement:
    """What the words of OpenSSH mean; ``touched`` says that a task had run at this host before."""
    if re.search(r"Data could not be sent|server \S+ not responding", message):
        either = "in mid-transfer the connection was lost, or nothing came back within the time of the keep-alives"
        return Judgement(Ending.UNKNOWN, Stage.TRANSFER, either, ASK_AGAIN)  # Ansible says the same of both
    if touched:
        return Judgement(
            Ending.UNKNOWN, Stage.COMMAND, "the connection was lost while the step was under way", ASK_AGAIN
        )
    for pattern, meaning in _LOSSES:
        if found := re.search(pattern, message):
            return meaning(found)
    last = next((line.strip() for line in reversed(message.splitlines()) if line.strip()), "nothing was said about why")
    return Judgement(Ending.UNKNOWN, Stage.COMMAND, f"the connection was lost: {last[:300]}", ASK_AGAIN)
