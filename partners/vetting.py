"""Vetting: what was judged of a partner, on what evidence, by whom, when, until when, and whether it is enough."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from muster.plan import Reason
from partners.errors import Refused

OVERALL = "overall"
"""The name under which the mean of all criteria is overridden."""

LOWEST, HIGHEST = 1, 5


@dataclass(frozen=True, slots=True)
class Criterion:
    """Something a partner is judged by.

    Attributes:
        least: the fewest points (1 to 5) that are enough.
        weight: how much it counts in the mean of all.
    """

    name: str
    least: int = 3
    weight: int = 1


SIX = tuple(
    Criterion(name)
    for name in ("skill", "customer experience", "track record", "trustworthiness", "credit", "getting along")
)
"""The criteria that every partner is judged by; a company adds its own."""


@dataclass(frozen=True, slots=True)
class Score:
    """One judgement.

    Attributes:
        points: 1 (poor) to 5 (excellent).
        evidence: what it rests on: a reference that was called, a job that was seen, a report.
        valid_until: the last day it counts.

    Raises:
        Refused: points out of range, no evidence, nobody's name, or an end before its day.
    """

    criterion: str
    points: int
    evidence: str
    by: str
    on: date
    valid_until: date

    def __post_init__(self) -> None:
        if not LOWEST <= self.points <= HIGHEST:
            raise Refused(f"{self.points} points for {self.criterion}: points go from {LOWEST} to {HIGHEST}")
        if not self.evidence.strip():
            raise Refused(f"{self.criterion} was judged without evidence", hint="say what it rests on: --evidence")
        if not self.by.strip():
            raise Refused(f"{self.criterion} was judged by nobody", hint="say who judged")
        if self.valid_until < self.on:
            raise Refused(f"{self.criterion} was judged on {self.on} and is valid until {self.valid_until}, before it")


@dataclass(frozen=True, slots=True)
class Override:
    """A decision of two people to accept what falls short.

    Attributes:
        subject: a criterion, ``overall``, or the name of a credential that is required.
        by, second: two different people.

    Raises:
        Refused: there is no reason, or there are not two different people.
    """

    subject: str
    reason: str
    by: str
    second: str
    on: date
    valid_until: date

    def __post_init__(self) -> None:
        if not self.reason.strip():
            raise Refused(f"{self.subject} cannot be overridden without a reason", hint="say why: --reason")
        if not self.by.strip() or not self.second.strip():
            raise Refused(f"overriding {self.subject} takes two people", hint="name the second: --second")
        if self.by.strip().casefold() == self.second.strip().casefold():
            raise Refused(
                f"{self.by} cannot be the second person of an override of their own",
                hint="somebody else must agree: --second",
            )
        if self.valid_until < self.on:
            raise Refused(f"the override of {self.subject} ends on {self.valid_until}, before it begins ({self.on})")

    def holds(self, subject: str, day: date) -> bool:
        """Whether it lifts the objection to that subject on a day."""
        return self.subject.casefold() == subject.casefold() and self.on <= day <= self.valid_until


def score_on(scores: Sequence[Score], criterion: str, day: date) -> Score | None:
    """The score that counts on a day: of those made by then, the newest; None where it has run out or there is none.

    An older score never comes back when a newer one runs out: what was judged later is what is known.
    """
    made = [one for one in scores if one.criterion.casefold() == criterion.casefold() and one.on <= day]
    newest = max(enumerate(made), key=lambda pair: (pair[1].on, pair[0]), default=None)
    return newest[1] if newest is not None and day <= newest[1].valid_until else None


def mean_on(scores: Sequence[Score], criteria: Sequence[Criterion], day: date) -> Decimal | None:
    """The weighted mean of all criteria to two decimals; None where one of them has no score."""
    found = [(one.weight, score_on(scores, one.name, day)) for one in criteria]
    weight = sum(weight for weight, _ in found)
    if not weight or any(score is None for _, score in found):
        return None
    points = sum(weight * score.points for weight, score in found if score is not None)
    return (Decimal(points) / weight).quantize(Decimal("0.01"), ROUND_HALF_UP)


def objections(
    scores: Sequence[Score],
    overrides: Iterable[Override],
    criteria: Sequence[Criterion],
    least_overall: Decimal,
    day: date,
) -> tuple[Reason, ...]:
    """What of the vetting is not enough on a day; empty for a partner that passes."""
    lifted = tuple(overrides)
    found = [
        reason
        for one in criteria
        if not any(override.holds(one.name, day) for override in lifted)
        and (reason := _objection(scores, one, day)) is not None
    ]
    mean = mean_on(scores, criteria, day)
    if mean is not None and mean < least_overall and not any(override.holds(OVERALL, day) for override in lifted):
        text = f"its vetting comes to {mean} of {HIGHEST} in all, and {least_overall} is needed"
        found.append(Reason("vetting", text, "a better score with evidence, or an override by two people"))
    return tuple(found)


def _objection(scores: Sequence[Score], criterion: Criterion, day: date) -> Reason | None:
    score = score_on(scores, criterion.name, day)
    if score is None:
        before = [one for one in scores if one.criterion.casefold() == criterion.name.casefold() and one.on <= day]
        if before:
            ended = max(before, key=lambda one: one.on).valid_until
            return Reason("vetting", f"its score for {criterion.name} ended on {ended}", "judge it again")
        return Reason("vetting", f"it has not been judged for {criterion.name}", "judge it: muster partner vet")
    if score.points < criterion.least:
        text = f"it has {score.points} of {HIGHEST} for {criterion.name} ({score.by}), and {criterion.least} is needed"
        return Reason("vetting", text, "a better score with evidence, or an override by two people")
    return None
