"""Credentials with an end: certifications, screenings of people, insurance."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from muster.ids import PersonId
from muster.plan import Reason
from partners.errors import Refused
from partners.money import Money
from partners.vetting import Override


class CredentialKind(StrEnum):
    """What sort of proof it is."""

    CERTIFICATION = "certification"
    SCREENING = "screening"
    INSURANCE = "insurance"


@dataclass(frozen=True, slots=True)
class Cover:
    """What an insurance covers. A certificate alone does not alter coverage: these are what was seen in the policy.

    Attributes:
        limit: per claim.
        additional_insured: whether we are one by an endorsement that was seen.
    """

    carrier: str
    limit: Money
    additional_insured: bool = False
    subrogation_waived: bool = False


@dataclass(frozen=True, slots=True)
class Credential:
    """One proof, of the company or of one of its people.

    Attributes:
        name: what it is called, such as ``liability insurance``; compared without case.
        person_id: whose it is; None for the company's.
        verified_by: who looked at the original.

    Raises:
        Refused: an insurance without its cover, nobody who verified it, or an end before its beginning.
    """

    kind: CredentialKind
    name: str
    valid_from: date
    valid_until: date
    verified_by: str
    number: str = ""
    person_id: PersonId | None = None
    cover: Cover | None = None

    def __post_init__(self) -> None:
        if (self.kind is CredentialKind.INSURANCE) != (self.cover is not None):
            raise Refused(f"{self.name}: an insurance, and nothing else, has a carrier and a limit")
        if not self.verified_by.strip():
            raise Refused(f"{self.name}: nobody verified it", hint="say who looked at the original")
        if self.valid_until < self.valid_from:
            raise Refused(f"{self.name}: it ends on {self.valid_until}, before it begins ({self.valid_from})")

    def holds(self, day: date) -> bool:
        """Whether it is in force; both ends count."""
        return self.valid_from <= day <= self.valid_until


@dataclass(frozen=True, slots=True)
class Requirement:
    """A credential that every partner must hold.

    Attributes:
        each_person: whether every one of its people needs one of their own.
        least: the least limit of an insurance.
        additional_insured: whether the insurance must name us.
    """

    kind: CredentialKind
    name: str
    each_person: bool = False
    least: Money | None = None
    additional_insured: bool = False


def objections(
    credentials: Sequence[Credential],
    overrides: Iterable[Override],
    required: Sequence[Requirement],
    day: date,
    person_id: PersonId | None = None,
) -> tuple[Reason, ...]:
    """What is missing on a day: the company's credentials, or with ``person_id`` that person's own."""
    lifted = tuple(overrides)
    wanted = [one for one in required if one.each_person == (person_id is not None)]
    found = (_objection(credentials, one, day, person_id) for one in wanted if not _lifted(lifted, one, day))
    return tuple(reason for reason in found if reason is not None)


def _lifted(overrides: Sequence[Override], wanted: Requirement, day: date) -> bool:
    return any(override.holds(wanted.name, day) for override in overrides)


def _objection(
    credentials: Sequence[Credential], wanted: Requirement, day: date, person_id: PersonId | None
) -> Reason | None:
    named = [
        one
        for one in credentials
        if one.kind is wanted.kind and one.name.casefold() == wanted.name.casefold() and one.person_id == person_id
    ]
    rule, remedy = str(wanted.kind), f"a {wanted.name} that is in force and was seen"
    in_force = [one for one in named if one.holds(day)]
    if not in_force:
        past = [one.valid_until for one in named if one.valid_until < day]
        if past:
            return Reason(rule, f"its {wanted.name} ended on {max(past)}", remedy)
        return Reason(rule, f"it has no {wanted.name} on {day}", remedy)
    shortfalls = [_shortfall(one, wanted) for one in in_force]
    return None if "" in shortfalls else Reason(rule, f"its {wanted.name} {shortfalls[0]}", remedy)


def _shortfall(held: Credential, wanted: Requirement) -> str:
    """In words what an insurance lacks; empty where it is enough."""
    if held.cover is None:
        return ""
    limit, least = held.cover.limit, wanted.least
    if least is not None and limit.currency != least.currency:
        return f"covers {limit}, and {least} is needed (another currency)"
    if least is not None and not limit.covers(least):
        return f"covers {limit}, and {least} is needed"
    if wanted.additional_insured and not held.cover.additional_insured:
        return "does not name us as additional insured"
    return ""
