"""Visits of partners that a new plan, or a person, calls off: what is owed for it, and to whom not to give it again.

A plan that takes a visit from a partner calls it off. That is written down when the plan is dispatched, with its fee,
unless the partner may not do the visit any more in any case: then nobody owes anything.
"""

from collections.abc import Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from flows.beginning import held_visits
from flows.partnering import known_of
from flows.services import Services
from muster.crew import Crew
from muster.ids import CampaignId, PartnerId, PersonId, VisitId
from muster.plan import Assignment, Plan
from partners.fees import Cancellation, cancellation_fee
from partners.file import Known
from partners.papers import CANCELLATIONS, Change, change
from partners.standing import agreement_on


def called_off(services: Services, before: Plan, after: Plan, *, reason: str) -> tuple[Cancellation, ...]:
    """The visits that a plan takes from partners, and what is owed for each.

    A swap of its people and another hour of the same day are no calling off: the partner still has the visit.
    """
    crew, now = services.ledger.crew(), services.clock.now()
    stays = {of_partner(crew, one) for one in after.assignments}
    gone = [
        one
        for one in before.assignments
        if one.starts_at > now and (key := of_partner(crew, one)) is not None and key not in stays
    ]
    if not gone:
        return ()
    may_not = {one.visit_id for one in held_visits(services, before)}
    known = known_of(services.book)
    found = (
        cancelled(services, crew, before, one, reason, owed=one.visit_id not in may_not, known=known) for one in gone
    )
    return tuple(one for one in found if one is not None)


def written(services: Services, cancelled: Sequence[Cancellation]) -> tuple[Change, ...]:
    """The papers of what was called off, of those that are not written down yet."""
    there = {
        kept.value.id
        for campaign_id in {one.campaign_id for one in cancelled}
        for kept in services.book.papers(CANCELLATIONS, campaign_id=campaign_id)
    }
    return tuple(change(CANCELLATIONS, one, "visit called off") for one in cancelled if one.id not in there)


def kept_from(services: Services, campaign_id: CampaignId, crew: Crew) -> dict[VisitId, tuple[PersonId, ...]]:
    """By visit the people of partners to whom it was called off by name; they are not given it again."""
    partners: dict[VisitId, set[PartnerId]] = {}
    for kept in services.book.papers(CANCELLATIONS, campaign_id=campaign_id):
        if kept.value.excluded:
            partners.setdefault(kept.value.visit_id, set()).add(kept.value.partner_id)
    return {
        visit_id: tuple(sorted(one.id for one in crew.engineers if one.partner_id in of))
        for visit_id, of in partners.items()
    }


def of_partner(crew: Crew, one: Assignment) -> tuple[VisitId, PartnerId, date] | None:
    """Which visit, whose, on which local day; None where it is not a partner's."""
    person = crew.engineer.get(one.person_id)
    if person is None or person.partner_id is None:
        return None
    return one.visit_id, person.partner_id, _day(one.starts_at, person.timezone)


def _day(at: datetime, zone: str) -> date:
    return at.astimezone(ZoneInfo(zone)).date()


def cancelled(
    services: Services,
    crew: Crew,
    plan: Plan,
    one: Assignment,
    reason: str,
    *,
    owed: bool,
    known: Known | None = None,
) -> Cancellation | None:
    """What calling one visit off costs; None where no agreement covered it, so that nothing is owed either way.

    ``known`` is what the book says of partners, where somebody has read it already: of many visits it is read once.
    """
    known = known_of(services.book) if known is None else known
    person, visit = crew.engineer[one.person_id], plan.visit[one.visit_id]
    file = known.files.get(person.partner_id) if person.partner_id is not None else None
    bound = agreement_on(file, _day(one.starts_at, person.timezone), known.rules) if file is not None else None
    if file is None or bound is None or bound.clauses.rate is None:
        return None
    now = services.clock.now()
    fee = cancellation_fee(
        bound, planned_start=one.starts_at, at=now, hosts=len(visit.host_ids), minutes=visit.effort_minutes
    )
    return Cancellation(
        campaign_id=plan.campaign_id,
        visit_id=one.visit_id,
        partner_id=file.id,
        client_id=visit.client_id,
        person_id=one.person_id,
        agreement_id=bound.id,
        planned_start=one.starts_at,
        at=now,
        reason=reason,
        fee=fee if owed else fee.times(0),
    )
