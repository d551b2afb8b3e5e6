"""What an implementation of the pusher brings to the conformance suite: hosts, and steps in their language."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from muster.outcomes import Ending, Stage
from muster.ports import Pusher, Target
from muster.steps import Step, StepName
from tests.fleet.faults import Fault


@dataclass(frozen=True, slots=True)
class Expected:
    """How a step at a broken host must end."""

    ending: Ending
    stages: frozenset[Stage]
    words: str
    """A part of the cause."""


def expected(ending: Ending, words: str, *stages: Stage) -> Expected:
    """Shorter to write."""
    return Expected(ending, frozenset(stages), words)


SSH_FAULTS: Mapping[Fault, Expected] = {
    Fault.REFUSING: expected(Ending.UNREACHABLE, "refused", Stage.CONNECT),
    Fault.BLACK_HOLE: expected(Ending.UNREACHABLE, "no answer", Stage.CONNECT),
    Fault.TARPIT: expected(Ending.UNKNOWN, "nothing was touched", Stage.BANNER),
    Fault.CLOSES: expected(Ending.UNREACHABLE, "nothing was touched", Stage.BANNER),
    Fault.GARBAGE_BANNER: expected(Ending.UNREACHABLE, "not an SSH server", Stage.BANNER),
    Fault.BANNER_THEN_SILENCE: expected(Ending.UNKNOWN, "nothing was touched", Stage.HOST_KEY),
    Fault.FREEZE: expected(Ending.UNKNOWN, "within", Stage.TRANSFER, Stage.COMMAND),
    Fault.RESET: expected(Ending.UNKNOWN, "connection was lost", Stage.TRANSFER, Stage.COMMAND),
    Fault.HANGING_SHELL: expected(Ending.UNKNOWN, "login shell", Stage.TRANSFER, Stage.COMMAND),
    Fault.FULL_DISK: expected(Ending.FAILED, "disk", Stage.FINISHED),
    Fault.CHANGED_KEY: expected(Ending.UNTRUSTED, "SHA256:", Stage.HOST_KEY),
    Fault.UNKNOWN_KEY: expected(Ending.UNTRUSTED, "not known", Stage.HOST_KEY),
}
"""Every fault of tests/fleet/faults.py that makes a step fail, and how it must end over SSH."""


class Steps(Protocol):
    """Steps in the language of the world's hosts. Every script ends with its ``done`` line but where it says not."""

    def say(self, arguments: Mapping[str, str]) -> Step:
        """``fact TAB argument TAB NAME TAB value`` for each argument, as the script finds it."""
        ...

    def digest(self, payload: bytes) -> Step:
        """``fact TAB payload TAB sha256 TAB HEX`` of what comes on standard input."""
        ...

    def store(self, payload: bytes) -> Step:
        """Write the payload to a file; if that cannot be done, an ``error`` line with ``disk`` in it, then ``done``."""
        ...

    def exit_with(self, code: int) -> Step:
        """``done``, then this exit code."""
        ...

    def complain(self, cause: str) -> Step:
        """An ``error`` line, then ``done`` and exit code 0."""
        ...

    def stop_short(self, code: int) -> Step:
        """A ``note`` line, and no ``done``."""
        ...

    def sleep(self, seconds: int, *, timeout_s: float) -> Step:
        """A ``note`` line, then a child process with ``seconds`` in its command line that lives so long."""
        ...

    def flood(self, megabytes: int) -> Step:
        """So much output on standard output and the same on standard error."""
        ...

    def not_utf8(self) -> Step:
        """A line ``café ÿ`` in Latin-1."""
        ...


class World(Protocol):
    """Hosts, whole and broken, and a pusher that reaches them.

    Attributes:
        faults: the faults that it can stage, and how each must be reported.
        secrets: words that must not be seen anywhere; the good targets' password is one where they have one.
        patience_s: how much longer than the waiting itself one call may take.
    """

    steps: Steps
    faults: Mapping[Fault, Expected]
    secrets: tuple[str, ...]
    patience_s: float

    def target(self, fault: Fault = Fault.NONE, number: int = 0) -> Target:
        """A host with this fault; there are four whole ones."""
        ...

    def refused(self) -> Target:
        """A whole host, with a credential that it does not take."""
        ...

    def by_secret(self) -> Target:
        """A whole host, with a credential that is one of ``secrets``."""
        ...

    def pusher(
        self, *, parallel: int = 8, connect_timeout_s: float = 2.0, output_limit_bytes: int = 262_144, per_site: int = 0
    ) -> Pusher:
        """A fresh pusher."""
        ...

    def running(self, target: Target, word: str) -> bool:
        """Whether a process with ``word`` in its command line (or title) runs on the host now."""
        ...

    def command_lines(self, target: Target) -> str:
        """The command lines of everything that runs on the host now."""
        ...


class ShellSteps:
    """Steps for /bin/sh."""

    def say(self, arguments: Mapping[str, str]) -> Step:
        lines = [f'printf "fact\\targument\\t%s\\t%s\\n" {name} "${name}"' for name in arguments]
        return _step("\n".join(lines), arguments)

    def digest(self, payload: bytes) -> Step:
        return _step('printf "fact\\tpayload\\tsha256\\t%s\\n" "$(sha256sum | cut -c1-64)"', payload=payload)

    def store(self, payload: bytes) -> Step:
        write = "cat > /opt/muster-stored 2>/dev/null"
        return _step(f'{write} || printf "error\\tthe disk is full\\n"\nsync /opt/muster-stored', payload=payload)

    def exit_with(self, code: int) -> Step:
        return Step(StepName.APPLY, f'printf "done\\tapply\\n"; echo last words >&2; exit {code}')

    def complain(self, cause: str) -> Step:
        return _step(f'printf "error\\t%s\\n" {shlex.quote(cause)}')

    def stop_short(self, code: int) -> Step:
        return Step(StepName.APPLY, f'printf "note\\tshort\\n"; exit {code}')

    def sleep(self, seconds: int, *, timeout_s: float) -> Step:
        return _step(f'printf "note\\tasleep\\n"\nsleep {seconds}', timeout_s=timeout_s)

    def flood(self, megabytes: int) -> Step:
        lines = f"yes 0123456789abcdef | head -c {megabytes}000000"
        return _step(f"{lines}; echo; {lines} >&2")

    def not_utf8(self) -> Step:
        return _step("printf 'caf\\351 \\377\\n'")


def _step(
    script: str, arguments: Mapping[str, str] | None = None, *, payload: bytes = b"", timeout_s: float = 60.0
) -> Step:
    return Step(StepName.APPLY, f'{script}\nprintf "done\\tapply\\n"\n', arguments or {}, payload, timeout_s)
