"""Whether a partner may be given work on a day, and why not: the one judgement that everything else asks for."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from muster.ids import PersonId
from muster.plan import Reason
from partners import agreement as agreements
from partners import credentials, vetting
from partners.agreement import SignedAgreement
from partners.file import HouseRules, PartnerFile

DEFAULT_RULES = HouseRules()


@dataclass(frozen=True, slots=True)
class Standing:
    """The judgement for one day: eligible, or every reason why not."""

    reasons: tuple[Reason, ...] = ()

    @property
    def eligible(self) -> bool:
        """Whether work may be given."""
        return not self.reasons

    def __str__(self) -> str:
        return "eligible" if self.eligible else "; ".join(reason.text for reason in self.reasons)


def standing(file: PartnerFile, day: date, rules: HouseRules = DEFAULT_RULES) -> Standing:
    """Eligible, or the reasons: suspension, vetting, credentials and agreement, in this order."""
    return Standing(
        (
            *_suspended(file, day),
            *vetting.objections(file.scores, file.overrides, rules.criteria, rules.least_overall, day),
            *credentials.objections(file.credentials, file.overrides, rules.required, day),
            *_unbound(file, day, rules),
        )
    )


def agreement_on(file: PartnerFile, day: date, rules: HouseRules = DEFAULT_RULES) -> SignedAgreement | None:
    """The agreement that covers work on a day: of several, the one that was made last."""
    good = [one for one in file.agreements if not agreements.objections(one, day, board_needed=rules.board_needed)]
    return good[-1] if good else None


def person_reasons(file: PartnerFile, person_id: PersonId, day: date, rules: HouseRules) -> tuple[Reason, ...]:
    """Why one of the partner's people may not be sent on a day, the partner apart."""
    found = list(credentials.objections(file.credentials, file.overrides, rules.required, day, person_id))
    if rules.named_technicians and not any(
        one.person_id == person_id and one.on <= day <= one.until for one in file.technicians
    ):
        remedy = "authorise the person: muster partner authorise"
        found.append(Reason("technician", f"{person_id} is not authorised by name on {day}", remedy))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Run:
    """Days in a row, both ends included, on which a partner is eligible under one agreement."""

    first: date
    last: date
    agreement: SignedAgreement


def first_run(file: PartnerFile, first: date, last: date, rules: HouseRules = DEFAULT_RULES) -> Run | None:
    """The first eligible days between two dates, in a row and under one agreement; None where there are none.

    A second run after a gap is not looked for: who wants a partner planned across a gap mends it first.
    """
    run: Run | None = None
    for day in days(first, last):
        covering = agreement_on(file, day, rules) if standing(file, day, rules).eligible else None
        if run is None and covering is not None:
            run = Run(day, day, covering)
        elif run is not None and covering is not None and covering.id == run.agreement.id:
            run = Run(run.first, day, run.agreement)
        elif run is not None:
            break
    return run


def days(first: date, last: date) -> Iterator[date]:
    """Every day from one to another, both included."""
    return (first + timedelta(days=number) for number in range((last - first).days + 1))


def _suspended(file: PartnerFile, day: date) -> list[Reason]:
    suspension = file.suspension
    if suspension is None or day < suspension.on:
        return []
    text = f"it is suspended since {suspension.on} by {suspension.by}: {suspension.reason}"
    return [Reason("suspended", text, "lift it: muster partner suspend --lift")]


def _unbound(file: PartnerFile, day: date, rules: HouseRules) -> tuple[Reason, ...]:
    """The objections to the agreement that is nearest to covering the day; none where one covers it."""
    if not file.agreements:
        return (Reason("agreement", "no agreement is signed", "draft and sign one: muster partner sign"),)
    told = [agreements.objections(one, day, board_needed=rules.board_needed) for one in reversed(file.agreements)]
    return () if () in told else min(told, key=len)
