"""Service levels: what a client was promised flows down to whoever does the work, and nobody may promise less."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType

from muster.errors import InputError


class Better(StrEnum):
    """Which way a term gets stronger."""

    LESS = "at most"
    MORE = "at least"


@dataclass(frozen=True, slots=True)
class TermKind:
    """A term that can be promised: its words, its unit, and which way is stronger."""

    words: str
    unit: str
    better: Better


TERMS: Mapping[str, TermKind] = MappingProxyType(
    {
        "response_minutes": TermKind("a call is answered within", "minutes", Better.LESS),
        "arrival_late_minutes": TermKind(
            "somebody is there no later than", "minutes after the promised hour", Better.LESS
        ),
        "fix_hours": TermKind("a significant problem is mended within", "hours", Better.LESS),
        "notice_hours": TermKind("a visit is called off no later than", "hours before it", Better.MORE),
        "verified_percent": TermKind("machines that are right at the first try", "percent", Better.MORE),
        "liability": TermKind("damage is covered up to", "in the agreement's currency", Better.MORE),
        "confidentiality_months": TermKind("confidence is kept for", "months after the end", Better.MORE),
    }
)


@dataclass(frozen=True, slots=True)
class Term:
    """One promise, such as ``response_minutes`` 60.

    Raises:
        InputError: nobody knows a term of that name, or it is negative.
    """

    name: str
    value: Decimal

    def __post_init__(self) -> None:
        if self.name not in TERMS:
            raise InputError(f"{self.name!r} is no term of service", hint=f"the terms are: {', '.join(TERMS)}")
        if not self.value.is_finite() or self.value < 0:
            raise InputError(f"{self.name}: {self.value} is no figure to promise")

    @property
    def kind(self) -> TermKind:
        """What the term means."""
        return TERMS[self.name]

    def weaker_than(self, other: "Term") -> bool:
        """Whether it promises less than another of the same name."""
        return self.value > other.value if self.kind.better is Better.LESS else self.value < other.value


Sla = tuple[Term, ...]


def parse_term(text: str) -> Term:
    """``response_minutes=60`` as a term.

    Raises:
        InputError: it is not of that form.
    """
    name, _, value = text.partition("=")
    try:
        return Term(name.strip(), Decimal(value.strip()))
    except ArithmeticError:
        raise InputError(f"{text!r} is not a term", hint="write it such as response_minutes=60") from None


def weaker(offered: Sla, promised: Sla) -> tuple[str, ...]:
    """Each term in which what is offered is weaker than what was promised, in words that name the term."""
    by_name = {term.name: term for term in offered}
    found = []
    for wanted in promised:
        have = by_name.get(wanted.name)
        told = f"{wanted.name}: the client was promised {wanted.kind.better} {wanted.value}"
        if have is None:
            found.append(f"{told}, and the agreement says nothing of it")
        elif have.weaker_than(wanted):
            found.append(f"{told}, and the agreement says {have.value}")
    return tuple(found)
