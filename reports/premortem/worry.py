"""What a rule says when it does not hold, and how people answer it."""

import inspect
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from reports.premortem.case import Case

EXAMPLES = 5


class Severity(StrEnum):
    """How bad it is."""

    SEVERE = "severe"
    """It will go wrong for somebody; a command ends with an error until it is cured or ignored."""
    WARNING = "warning"
    REMARK = "remark"


@dataclass(frozen=True, slots=True)
class Worry:
    """One rule that does not hold.

    Attributes:
        text: what is the matter, with figures.
        of: what is counted, such as ``hosts``.
        concerned: how many of them.
        examples: some of their names.
    """

    rule: str
    severity: Severity
    text: str
    of: str
    concerned: int
    examples: tuple[str, ...]
    reason: str = ""
    cure: str = ""


Rule = Callable[[Case], "Worry | None"]


def worry(rule: str, severity: Severity, text: str, of: str, names: Iterable[str]) -> Worry | None:
    """What a rule has to say about these; nothing where there are none."""
    there = tuple(dict.fromkeys(names))
    return Worry(rule, severity, text, of, len(there), there[:EXAMPLES]) if there else None


def name_of(rule: Rule) -> str:
    """As people call it: ``visited_twice`` is ``visited-twice``."""
    return rule.__name__.replace("_", "-")


def reason_and_cure(rule: Rule) -> tuple[str, str]:
    """Why the rule is there and what helps, as its docstring says: ``Reason.`` and, after a blank line, ``Cure: ...``.

    Raises:
        ValueError: the docstring has no cure.
    """
    reason, cured, cure = (inspect.getdoc(rule) or "").partition("\n\nCure: ")
    if not cured:
        raise ValueError(f"rule {rule.__name__} says no cure")
    return " ".join(reason.split()), " ".join(cure.split())


def listed(names: Sequence[str], concerned: int) -> str:
    """Examples in one line, and how many more there are."""
    more = concerned - len(names)
    return ", ".join(names) + (f" and {more:,} more" if more else "")
