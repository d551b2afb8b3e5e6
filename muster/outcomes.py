"""What happened at a host: how far a step came, how it ended, and where the host stands in the campaign."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from muster.ids import HostId
from muster.steps import Fact, StepName


class Stage(StrEnum):
    """How far a step came; the order is the order of a push."""

    NOT_STARTED = "not started"
    CONNECT = "connect"
    BANNER = "banner"
    HOST_KEY = "host key"
    AUTHENTICATE = "authenticate"
    TRANSFER = "transfer"
    COMMAND = "command"
    FINISHED = "finished"


class Ending(StrEnum):
    """How a step ended."""

    DONE = "done"
    FAILED = "failed"
    UNREACHABLE = "unreachable"
    UNTRUSTED = "untrusted"
    UNKNOWN = "unknown"
    NOT_STARTED = "not started"


@dataclass(frozen=True, slots=True)
class StepReport:
    """One step at one host, ended.

    Attributes:
        cause: in plain words why it did not end well; empty when it did.
        hint: what to do about it; empty when nothing is to be done.
        exit_code: None where no command ended.
        stdout, stderr: capped; undecodable bytes replaced.
        started_at, ended_at: aware, real time (not the campaign's clock).
    """

    host_id: HostId
    step: StepName
    ending: Ending
    stage: Stage
    cause: str
    hint: str
    exit_code: int | None
    stdout: str
    stderr: str
    started_at: datetime
    ended_at: datetime

    @property
    def duration_s(self) -> float:
        """Wall time of the step in seconds."""
        return (self.ended_at - self.started_at).total_seconds()


class Verdict(StrEnum):
    """What a fix reads from a probe's facts."""

    RIGHT = "right"
    STALE = "stale"
    UNSUPPORTED = "unsupported"


@dataclass(frozen=True, slots=True)
class Finding:
    """A judged probe: the verdict, the facts behind it, one sentence, and what else is worth knowing.

    Attributes:
        advice: layers that the fix does not mend but somebody must, such as a JVM with its own old data.
    """

    verdict: Verdict
    summary: str
    facts: tuple[Fact, ...]
    advice: tuple[str, ...] = ()


class HostStatus(StrEnum):
    """Where a host stands in a campaign."""

    PENDING = "pending"
    """In the campaign; nobody has asked it anything yet."""
    RIGHT = "already right"
    """A probe found it right before anything was pushed."""
    STALE = "needs the fix"
    CLAIMED = "in progress"
    """An intent is committed and a lease held: somebody may be touching it."""
    VERIFIED = "verified"
    """Pushed, and a fresh probe in a new session found it right."""
    FAILED = "failed"
    UNKNOWN = "unknown"
    """What was begun may or may not have happened; to be probed, never counted as done or failed."""
    UNREACHABLE = "unreachable"
    UNTRUSTED = "untrusted"
    UNSUPPORTED = "unsupported"
    """Nobody can fix it remotely; a visit on site or a decision is needed."""
    ROLLED_BACK = "rolled back"

    @property
    def protected(self) -> bool:
        """Whether the host will be right when the deadline comes."""
        return self in {HostStatus.RIGHT, HostStatus.VERIFIED}


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was seen before and after an attempt, by whom it was pushed and how it was verified."""

    before: Finding | None
    after: Finding | None
    changes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HostOutcome:
    """The end of one attempt, as the ledger keeps it."""

    status: HostStatus
    stage: Stage
    cause: str
    hint: str
    evidence: Evidence
    duration_s: float
    at: datetime
