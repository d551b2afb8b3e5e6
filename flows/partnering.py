"""Partners beside plans: what the book says is read here, and cut down to what the planner may use."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta

from flows.services import Services
from muster.campaign import Campaign
from muster.crew import Crew
from muster.fleet import Fleet
from muster.ids import CampaignId
from partners.file import HouseRules, Known
from partners.papers import FILES, RULES, TERMS, WORK, Book
from partners.projection import Prices, Projected, project
from partners.standing import agreement_on
from partners.work import Work, WorkState

DONE = frozenset({WorkState.VERIFIED, WorkState.PAYABLE, WorkState.PAID})
"""Work that has used up capacity for good; what is only claimed stands in the plan again."""


def known_of(book: Book) -> Known:
    """Every file and every client's terms, with the house's rules."""
    rules = book.find(RULES, "house")
    return Known(
        files={kept.value.id: kept.value for kept in book.papers(FILES)},
        terms={kept.value.client_id: kept.value for kept in book.papers(TERMS)},
        rules=HouseRules() if rules is None else rules.value,
    )


def projected(services: Services, campaign: Campaign, fleet: Fleet, crew: Crew, now: datetime) -> Projected:
    """The crew as vetting and agreements let it be planned, from now until the day after the deadline in UTC.

    A day more than the deadline's, because it is tomorrow somewhere already when the last visits end.
    """
    known = known_of(services.book)
    used = used_minutes(services, campaign.id, known, crew) if known.files else {}
    last = campaign.deadline.date() + timedelta(days=1)
    return project(crew, fleet, known, min(now.date(), last), last, used, _prices(services, campaign))


def _prices(services: Services, campaign: Campaign) -> Prices:
    effort = campaign.effort
    return Prices(services.currency, effort.remote_minutes_per_host, 60.0)


def used_minutes(services: Services, campaign_id: CampaignId, known: Known, crew: Crew) -> Mapping[str, int]:
    """Minutes that are used up of each agreement: verified work, and what other campaigns have dispatched."""
    used: dict[str, int] = defaultdict(int)
    works = [kept.value for kept in services.book.papers(WORK)]
    for work in works:
        if work.state in DONE:
            used[work.agreement_id] += work.planned_minutes
    for campaign in services.ledger.campaigns():
        if campaign.id != campaign_id:
            for agreement_id, minutes in _dispatched(services, campaign, known, crew, works).items():
                used[agreement_id] += minutes
    return used


def _dispatched(
    services: Services, campaign: Campaign, known: Known, crew: Crew, works: list[Work]
) -> Mapping[str, int]:
    """Minutes of another campaign's binding plan that no verified work stands for yet."""
    binding = services.ledger.dispatched(campaign.id)
    done = {work.visit_id for work in works if work.campaign_id == campaign.id and work.state in DONE}
    found: dict[str, int] = defaultdict(int)
    for one in services.ledger.plan(binding.plan_id).assignments if binding else ():
        person = crew.engineer.get(one.person_id)
        file = known.files.get(person.partner_id) if person and person.partner_id else None
        covering = agreement_on(file, one.starts_at.date(), known.rules) if file else None
        if covering is not None and one.visit_id not in done:
            found[covering.id] += round((one.ends_at - one.starts_at) / timedelta(minutes=1))
    return found
