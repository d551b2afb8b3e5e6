"""The steps of a fix, and the lines by which a step says what it found and did.

A step is one script that is run in one session, with its arguments as environment variables and its payload on
standard input. It answers in lines, fields separated by tabs::

    fact <TAB> layer <TAB> key <TAB> value     something it found; layer is such as "system" or "jvm /usr/lib/jvm/17"
    changed <TAB> what                         something it changed
    would <TAB> what                           something that apply would change; said by check
    diff <TAB> line                            a line of a unified diff of what apply would change; said by check
    note <TAB> text                            worth reading, no harm
    error <TAB> cause                          why it could not do its work, in plain words
    done <TAB> step                            the last line of a step that ran to its end, whatever it found

Any other line is kept as raw output. A step without its ``done`` line did not run to its end: its outcome is
unknown, whatever the exit code says.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType


class StepName(StrEnum):
    """The parts of a fix; verify is the probe again, in a new session; check says what apply would do."""

    PROBE = "probe"
    APPLY = "apply"
    VERIFY = "verify"
    ROLLBACK = "rollback"
    CHECK = "check"


@dataclass(frozen=True, slots=True)
class Step:
    """What is carried to a host: a script, its arguments, its payload, and the same thing as a playbook.

    Attributes:
        script: text for ``/bin/sh`` (or ``cmd`` on Windows).
        arguments: environment variables of the script; names in capitals with the prefix ``MUSTER_``.
        payload: bytes on the script's standard input.
        timeout_s: the longest the script may take on a healthy host.
        playbook: path of the Ansible playbook (inside ``playbooks/``) that does the same; empty where there is none.
    """

    name: StepName
    script: str
    arguments: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    payload: bytes = b""
    timeout_s: float = 60.0
    playbook: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    """One answer of a probe."""

    layer: str
    key: str
    value: str


@dataclass(frozen=True, slots=True)
class StepOutput:
    """What a step said, read from its lines.

    Attributes:
        would: what apply would change, as a check says it; empty when there is nothing to change.
        diff: the same as the lines of a unified diff, one after another.
    """

    facts: tuple[Fact, ...] = ()
    changes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    raw: tuple[str, ...] = ()
    done: StepName | None = None
    would: tuple[str, ...] = ()
    diff: tuple[str, ...] = ()


def read_output(text: str) -> StepOutput:
    """Read the lines of a step; never raises: what cannot be read is kept in ``raw``."""
    facts: list[Fact] = []
    said: dict[str, list[str]] = {"changed": [], "note": [], "error": [], "would": [], "diff": [], "raw": []}
    done: StepName | None = None
    for line in text.splitlines():
        match line.split("\t"):
            case ["fact", layer, key, value]:
                facts.append(Fact(layer, key, value))
            case [("changed" | "note" | "error" | "would") as kind, words]:
                said[kind].append(words)
            case ["diff", *parts]:
                said["diff"].append("\t".join(parts))
            case ["done", name] if name in set(StepName):
                done = StepName(name)
            case _ if line.strip():
                said["raw"].append(line)
            case _:
                pass
    return StepOutput(
        tuple(facts),
        tuple(said["changed"]),
        tuple(said["note"]),
        tuple(said["error"]),
        tuple(said["raw"]),
        done,
        tuple(said["would"]),
        tuple(said["diff"]),
    )
