"""The money of a campaign from the ledger and the book: quotes, and its profit with and without partners."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime

from flows.partnering import known_of
from flows.planning import problem_as_planned
from flows.services import Services
from muster.campaign import Campaign
from muster.errors import NotFound
from muster.ids import CampaignId, ClientId, HostId, PartnerId, PersonId, PlanId, VisitId
from muster.plan import Plan
from muster.records import Event
from partners.agreement import SignedAgreement
from partners.booking import Booked, booked, week_of
from partners.offers import Offer, Quote, QuoteState, quote
from partners.papers import CANCELLATIONS, FILES, INTRODUCTIONS, OFFERS, QUOTES, WORK, change
from partners.profit import Comparison, Facts, Stage, Statement, missed, statement
from partners.standing import agreement_on
from scheduler.problem import Problem
from scheduler.whatif import without_partner

PAGE = 1000


def quote_clients(services: Services, offer_id: str, valid_until: date, *, by: str) -> tuple[Quote, ...]:
    """A quote for every client of the campaign that has none yet, or has not answered the one it has.

    Raises:
        NotFound: there is no such offer.
    """
    kept = services.book.find(OFFERS, offer_id)
    if kept is None:
        there = ", ".join(one.value.id for one in services.book.papers(OFFERS)) or "none yet"
        raise NotFound(f"there is no offer {offer_id!r} (there are: {there})", hint="muster money offer")
    offer: Offer = kept.value
    fleet = services.ledger.fleet()
    changes, made = [], []
    for client_id, host_ids in clients_of(services, offer.campaign_id).items():
        before = services.book.find(QUOTES, f"{offer.campaign_id}/{client_id}")
        if before is not None and before.value.state is not QuoteState.OFFERED:
            continue
        sites = {fleet.host[host_id].site_id for host_id in host_ids}
        new = quote(offer, client_id, hosts=len(host_ids), sites=len(sites), valid_until=valid_until)
        if before is None or before.value != new:
            changes.append(change(QUOTES, new, "quote made", before))
            made.append(new)
    services.book.write(changes, by=by)
    return tuple(made)


def clients_of(services: Services, campaign_id: CampaignId) -> dict[ClientId, tuple[HostId, ...]]:
    """The hosts of each client in a campaign, by client."""
    fleet = services.ledger.fleet()
    found: dict[ClientId, list[HostId]] = defaultdict(list)
    for state in services.ledger.hosts(campaign_id):
        found[fleet.site[fleet.host[state.host_id].site_id].client_id].append(state.host_id)
    return {client_id: tuple(found[client_id]) for client_id in sorted(found)}


def profit_of(
    services: Services, campaign_id: CampaignId, *, seconds: float, plan_id: PlanId | None = None
) -> Comparison:
    """The profit of a campaign with partners: planned, forecast and actual; and planned without them.

    Planned, with and without partners, is the plan that was dispatched first, with the machines enrolled by then.
    Forecast and actual are what binds now and, of the plans before, the visits that were over when the next one came.

    Args:
        services: the ledger and the book.
        campaign_id: of which campaign.
        seconds: how long to search for the plan without partners.
        plan_id: all of it by this plan alone; by default by those that were dispatched.

    Raises:
        NotFound: there is no such plan, or none was dispatched.
    """
    campaign, ledger = services.ledger.campaign(campaign_id), services.ledger
    bound = _dispatched(services, campaign_id) if plan_id is None else [(ledger.plan(plan_id), services.clock.now())]
    if not bound:
        raise NotFound(f"campaign {campaign_id} has no plan that binds", hint="muster dispatch")
    plan, first_at = bound[0]
    problem = problem_as_planned(services, plan)
    facts = _facts(services, campaign, plan, _over_time(services, bound, campaign))
    then = _as_planned(
        facts, plan, booked(problem, plan, campaign.timezone), _enrolled(services, campaign_id, first_at)
    )
    lonely = replace(then, booked=_without_partners(problem, seconds, campaign))
    worse = {
        client_id: difference
        for client_id in then.clients
        if (difference := _missed(lonely, client_id) - _missed(then, client_id)) > 0
    }
    lost = [sum(_missed(one, client_id) for client_id in then.clients) for one in (then, lonely)]
    hosts = sum(len(host_ids) for host_ids in then.clients.values())
    return Comparison(
        campaign=campaign.name,
        planned=statement("with partners, planned", Stage.PLANNED, then),
        forecast=statement("with partners, forecast", Stage.FORECAST, facts),
        actual=statement("with partners, actual", Stage.ACTUAL, facts),
        without=statement("without partners, planned", Stage.PLANNED, lonely),
        missed=worse,
        protected_with=hosts - lost[0],
        protected_without=hosts - lost[1],
        hosts=hosts,
        names={
            **{client.id: client.name for client in ledger.fleet().clients},
            **{kept.value.id: kept.value.name for kept in services.book.papers(FILES)},
        },
    )


def margin_of(services: Services, problem: Problem, plan: Plan) -> Statement | None:
    """What a plan would earn by the quotes that are signed, planned as a whole; None where no quote is signed.

    Machines that are right already are earned, and what past visits have cost is not in it: it is what is still to
    decide, so it compares plans that begin now.
    """
    campaign = services.ledger.campaign(plan.campaign_id)
    facts = _facts(services, campaign, plan, booked(problem, plan, campaign.timezone))
    if not any(quote.state is QuoteState.SIGNED for quote in facts.quotes.values()):
        return None
    return statement(plan.id, Stage.PLANNED, facts)


def _dispatched(services: Services, campaign_id: CampaignId) -> list[tuple[Plan, datetime]]:
    """Every plan that was made binding, the oldest first, with when."""
    found = _events(services, campaign_id, "plan dispatched")
    return [(services.ledger.plan(PlanId(str(event.data["plan"]))), event.at) for event in found]


def _enrolled(services: Services, campaign_id: CampaignId, by: datetime) -> frozenset[HostId]:
    """The machines that were in the campaign at an instant."""
    found: set[HostId] = set()
    for event in _events(services, campaign_id, "hosts enrolled"):
        hosts = event.data.get("hosts")
        if event.at <= by and isinstance(hosts, list):
            found.update(HostId(str(host)) for host in hosts)
    return frozenset(found)


def _events(services: Services, campaign_id: CampaignId, kind: str) -> Iterator[Event]:
    after = 0
    while page := services.ledger.events(campaign_id=campaign_id, after=after, limit=PAGE, kinds=(kind,)):
        yield from page
        after = page[-1].revision


def _over_time(services: Services, bound: Sequence[tuple[Plan, datetime]], campaign: Campaign) -> tuple[Booked, ...]:
    """The visits of what binds now, and those of the plans before that were over when the next one came.

    A visit that stands in a later plan again is told by that one.
    """
    found: dict[tuple[VisitId, PersonId], Booked] = {}
    ends: list[datetime | None] = [*(at for _, at in bound[1:]), None]
    for (plan, _), until in zip(bound, ends, strict=True):
        again = {visit.id for visit in plan.visits}
        found = {key: one for key, one in found.items() if key[0] not in again}
        for one in booked(problem_as_planned(services, plan), plan, campaign.timezone):
            if until is None or one.ends_at <= until:
                found[one.visit_id, one.person_id] = one
    return tuple(sorted(found.values(), key=lambda one: (one.starts_at, one.visit_id, one.person_id)))


def _as_planned(facts: Facts, plan: Plan, visits: tuple[Booked, ...], enrolled: frozenset[HostId]) -> Facts:
    """The facts as they were when the plan was made: what it did not visit was right then."""
    visited = {host_id for visit in plan.visits for host_id in visit.host_ids}
    known = {
        client_id: tuple(host_id for host_id in host_ids if host_id in enrolled)
        for client_id, host_ids in facts.clients.items()
    }
    clients = {client_id: host_ids for client_id, host_ids in known.items() if host_ids}
    return replace(facts, clients=clients, protected=frozenset(enrolled - visited), booked=visits)


def _missed(facts: Facts, client_id: ClientId) -> int:
    visits = [one for one in facts.booked if one.client_id == client_id]
    return missed(Stage.PLANNED, facts, client_id, visits)


def _facts(services: Services, campaign: Campaign, plan: Plan, visits: tuple[Booked, ...]) -> Facts:
    book = services.book
    return Facts(
        currency=services.currency,
        now=services.clock.now(),
        deadline=campaign.deadline,
        deadline_week=week_of(campaign.deadline, campaign.timezone),
        first_week=week_of(plan.created_at, campaign.timezone),
        clients=clients_of(services, campaign.id),
        protected=frozenset(one.host_id for one in services.ledger.hosts(campaign.id) if one.status.protected),
        booked=visits,
        quotes={kept.value.client_id: kept.value for kept in book.papers(QUOTES, campaign_id=campaign.id)},
        terms=known_of(book).terms,
        agreements=_agreements(services, plan),
        works={kept.value.visit_id: kept.value for kept in book.papers(WORK, campaign_id=campaign.id)},
        cancellations=tuple(kept.value for kept in book.papers(CANCELLATIONS, campaign_id=campaign.id)),
        introductions=tuple(kept.value for kept in book.papers(INTRODUCTIONS, campaign_id=campaign.id)),
        timezone=campaign.timezone,
    )


def _agreements(services: Services, plan: Plan) -> dict[PartnerId, SignedAgreement]:
    """What covered each partner on its first day in the plan."""
    known, crew = known_of(services.book), services.ledger.crew()
    found: dict[PartnerId, SignedAgreement] = {}
    for one in sorted(plan.assignments, key=lambda made: made.starts_at):
        person = crew.engineer.get(one.person_id)
        partner_id = person.partner_id if person else None
        if partner_id is None or partner_id in found or partner_id not in known.files:
            continue
        covering = agreement_on(known.files[partner_id], one.starts_at.date(), known.rules)
        if covering is not None:
            found[partner_id] = covering
    return found


def agreements_of(services: Services, problem: Problem) -> dict[PartnerId, SignedAgreement]:
    """What covers each partner on its first day in a problem; those without a file are left out."""
    known = known_of(services.book)
    found: dict[PartnerId, SignedAgreement] = {}
    for day in sorted(problem.days, key=lambda one: one.starts):
        partner_id = problem.people[day.person].partner_id
        if partner_id is None or partner_id in found or partner_id not in known.files:
            continue
        covering = agreement_on(known.files[partner_id], day.day, known.rules)
        if covering is not None:
            found[partner_id] = covering
    return found


def _without_partners(problem: Problem, seconds: float, campaign: Campaign) -> tuple[Booked, ...]:
    """The best plan that our own people could have made."""
    from scheduler.solve import solve  # brings OR-Tools, which takes longer to load than most commands take
    from scheduler.stop import MaxSeconds

    partners = {person.partner_id for person in problem.people if person.partner_id is not None}
    for partner_id in sorted(partners):
        problem = without_partner(problem, partner_id)
    problem = replace(problem, pins=(), previous=())
    return booked(problem, solve(problem, MaxSeconds(seconds), 0), campaign.timezone)
