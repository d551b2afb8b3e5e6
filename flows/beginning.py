"""Machines that must not be touched although their visit is due: the partner that was to do it may not any more."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from flows.partnering import DONE, known_of, used_minutes
from flows.services import Services
from muster.ids import CampaignId, HostId, VisitId
from muster.plan import Assignment, Plan
from partners.beginning import may_not_begin
from partners.papers import WORK
from partners.standing import agreement_on


@dataclass(frozen=True, slots=True)
class HeldVisit:
    """A visit of the plan that binds that may not begin, and why."""

    visit_id: VisitId
    reason: str
    remedy: str


def held_visits(services: Services, plan: Plan) -> tuple[HeldVisit, ...]:
    """The visits of partners in a plan that may not begin now, in order of time, each with its first reason."""
    crew = services.ledger.crew()
    theirs = [
        one
        for one in sorted(plan.assignments, key=lambda made: (made.starts_at, made.visit_id))
        if (person := crew.engineer.get(one.person_id)) is not None and person.partner_id is not None
    ]
    if not theirs:
        return ()
    fleet, known, now = services.ledger.fleet(), known_of(services.book), services.clock.now()
    found: dict[VisitId, HeldVisit] = {}
    for one in theirs:
        visit, person = plan.visit[one.visit_id], crew.engineer[one.person_id]
        day = now.astimezone(ZoneInfo(person.timezone)).date()
        reasons = may_not_begin(known, crew, person, fleet.client[visit.client_id], fleet.site[visit.site_id], day)
        if reasons:
            found.setdefault(one.visit_id, HeldVisit(one.visit_id, reasons[0].text, reasons[0].remedy))
    for late in _uncovered(services, plan, theirs):
        found.setdefault(late.visit_id, late)
    return tuple(found.values())


def barred_hosts(services: Services, campaign_id: CampaignId) -> dict[HostId, str]:
    """The machines of such visits in the plan that binds, with the reason: what ``push`` does not let go."""
    binding = services.ledger.dispatched(campaign_id)
    if binding is None:
        return {}
    plan = services.ledger.plan(binding.plan_id)
    return {host_id: one.reason for one in held_visits(services, plan) for host_id in plan.visit[one.visit_id].host_ids}


def _uncovered(services: Services, plan: Plan, theirs: list[Assignment]) -> list[HeldVisit]:
    """Visits past the hours that an agreement still covers, the last ones by time."""
    crew, known = services.ledger.crew(), known_of(services.book)
    used = used_minutes(services, plan.campaign_id, known, crew) if known.files else {}
    limits = {one.id: one.capacity_minutes for file in known.files.values() for one in file.agreements}
    done = _verified(services, plan.campaign_id)
    so_far: dict[str, int] = defaultdict(int)
    found = []
    for one in theirs:
        partner_id = crew.engineer[one.person_id].partner_id
        file = known.files.get(partner_id) if partner_id is not None else None
        covering = agreement_on(file, one.starts_at.date(), known.rules) if file is not None else None
        limit = limits.get(covering.id) if covering is not None else None
        if covering is None or limit is None or one.visit_id in done:
            continue
        so_far[covering.id] += round((one.ends_at - one.starts_at) / timedelta(minutes=1))
        if used.get(covering.id, 0) + so_far[covering.id] > limit:
            text = f"agreement {covering.id} covers {limit / 60:g} h, and they are used up"
            found.append(HeldVisit(one.visit_id, text, "agree on more hours"))
    return found


def _verified(services: Services, campaign_id: CampaignId) -> frozenset[VisitId]:
    """Visits whose minutes are counted as used up already."""
    works = (one.value for one in services.book.papers(WORK, campaign_id=campaign_id))
    return frozenset(work.visit_id for work in works if work.state in DONE)
