"""Every error that Muster raises on purpose.

All carry the sentence that a user reads and, where there is one, what to do next (``hint``)::

    MusterError
    ├── InputError                 something we were given is wrong: a file, a row, an option
    │   ├── ImportRejected         one or more rows of a fleet file; carries every Problem
    │   ├── SettingsError          muster.yml or a MUSTER_ variable
    │   ├── CampaignFileError      campaign.yml
    │   ├── FixError               a folder of playbooks/ does not hold to the contract of fixes
    │   └── NotFound               no such campaign, host, visit, plan, file
    ├── SecretError                a credential reference cannot be resolved
    ├── LedgerError
    │   ├── LedgerUnavailable      the database cannot be reached or stays locked past its time-out
    │   ├── SchemaMismatch         the database is of another version of Muster
    │   └── Conflict               what was to be changed is not as it was expected to be
    ├── PlanError
    │   ├── NothingToPlan          no host needs a visit, or nobody can be given one
    │   ├── InvalidPlan            the validator found violations in a plan
    │   └── DispatchRejected       the plan does not hold any more against the newer ledger
    ├── PushError                  one step at one host; carries host, stage and cause
    │   ├── Unreachable            refused, no route, no such name, connect time-out
    │   ├── Untrusted              the host's key or certificate is unknown or has changed
    │   ├── AuthenticationRefused  the host does not take the credential
    │   ├── StepFailed             the step ran to its end and said no (exit code, error line)
    │   ├── OutcomeUnknown         silence, a broken connection or a time-out after the step may have begun
    │   └── NotStarted             stopped before the host was touched
    ├── CampaignStopped            somebody stopped the campaign; a person decides how it goes on
    ├── ApprovalNeeded             a named person has to say yes before it may be done
    └── EngineError                Prefect cannot be started or reached
"""

from dataclasses import dataclass


class MusterError(Exception):
    """The root: one sentence for the user, and what to do next."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    @property
    def in_a_line(self) -> str:
        """The sentence, and what to do where that is known."""
        return f"{self.message}: {self.hint}" if self.hint else self.message


class InputError(MusterError):
    """Something that was handed to Muster is wrong."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong at one place of an input.

    Attributes:
        place: file, sheet and line, such as ``fleet/hosts.csv line 12``.
        column: the column or key, empty where the whole line is meant.
        value: what stands there, as it was read.
        wrong: what is wrong with it.
        right: what would be right, with an example where that helps.
    """

    place: str
    column: str
    value: str
    wrong: str
    right: str

    def __str__(self) -> str:
        where = f"{self.place}, {self.column}" if self.column else self.place
        shown = f" {self.value!r}" if self.value else ""
        return f"{where}:{shown} {self.wrong}; {self.right}"


class ImportRejected(InputError):
    """Rows of a fleet file are wrong; ``problems`` names each of them."""

    def __init__(self, problems: tuple[Problem, ...], *, hint: str = "") -> None:
        super().__init__(f"{len(problems)} problem{'s' if len(problems) != 1 else ''} in the files", hint=hint)
        self.problems = problems


class SettingsError(InputError):
    """``muster.yml`` or a ``MUSTER_`` variable is wrong."""


class CampaignFileError(InputError):
    """A campaign file is wrong; ``problems`` names each key."""

    def __init__(self, message: str, problems: tuple[Problem, ...] = (), *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.problems = problems


class FixError(InputError):
    """A fix does not hold to the contract of ``playbooks/``."""


class NotFound(InputError):
    """No such thing; the message names what there is instead, where that is short."""


class SecretError(MusterError):
    """A credential reference cannot be resolved; the message names the reference, never the secret."""


class LedgerError(MusterError):
    """The ledger could not do what was asked; nothing was half done."""


class LedgerUnavailable(LedgerError):
    """The database cannot be reached, or stays locked past its time-out."""


class SchemaMismatch(LedgerError):
    """The database belongs to another version of Muster."""


class Conflict(LedgerError):
    """What was to be changed is not as the caller expected it to be."""


class PlanError(MusterError):
    """A plan cannot be made, judged or dispatched."""


class NothingToPlan(PlanError):
    """No host needs a visit, or nobody can be given one."""


class InvalidPlan(PlanError):
    """The validator found violations."""


class DispatchRejected(PlanError):
    """The plan does not hold any more; ``reasons`` names every visit that fell and why."""

    def __init__(self, message: str, reasons: tuple[str, ...] = (), *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.reasons = reasons


class PushError(MusterError):
    """One step at one host went wrong."""


class Unreachable(PushError):
    """No connection: refused, no route, no such name, connect time-out."""


class Untrusted(PushError):
    """The host's key or certificate is unknown or has changed."""


class AuthenticationRefused(PushError):
    """The host does not take the credential."""


class StepFailed(PushError):
    """The step ran to its end and said no."""


class OutcomeUnknown(PushError):
    """Silence, a broken connection or a time-out after the step may have begun."""


class NotStarted(PushError):
    """Stopped before the host was touched."""


class CampaignStopped(MusterError):
    """Somebody stopped the campaign, or a wave did not pass its gate; a person decides how it goes on."""

    exit_code = 3


class ApprovalNeeded(MusterError):
    """A named person has to approve first; ``approval_ids`` are the requests that wait."""

    exit_code = 3

    def __init__(self, message: str, approval_ids: tuple[str, ...] = (), *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.approval_ids = approval_ids


class EngineError(MusterError):
    """Prefect cannot be started or reached."""
