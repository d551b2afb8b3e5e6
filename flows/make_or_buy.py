"""Make or buy from the ledger and the book: the question with its money, its answer, and the answer planned."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flows.partnering import known_of
from flows.planning import first_start, problem_of, world_of
from flows.profit import agreements_of, clients_of, margin_of
from flows.services import Services
from muster.ids import CampaignId, ClientId, PartnerId
from muster.plan import Plan
from partners.agreement import SignedAgreement
from partners.file import ClientTerms
from partners.money import Money
from partners.offers import Quote, QuoteState
from partners.papers import FEEDBACK, MATTERS, QUOTES, WORK
from partners.profit import Statement
from partners.scorecard import scorecard
from partners.work import price_of
from scheduler.build import build
from scheduler.make_or_buy import Answer, ClientWork, Exposure, MakeOrBuy, Option, Party, solve
from scheduler.parties import PartyShare, demands_by_client, only_as_given, rooms, shares
from scheduler.problem import Demand, Problem
from scheduler.scenarios import scenario, states_in

IMAGINED, IMAGINED_RIGHT = 10, 9
"""Before anything is known of a party, it is taken to get nine of ten machines right in time."""


@dataclass(frozen=True)
class Proposal:
    """The question, its answer, and what became of it when it was planned.

    Attributes:
        plan: the answer planned; None where nothing was planned.
        margin: of that plan; None where no quote is signed.
        unpriced: partners whose prices are in another currency: they were given nothing.
    """

    question: MakeOrBuy
    answer: Answer
    plan: Plan | None
    margin: Statement | None
    unpriced: tuple[PartnerId, ...]


def propose(
    services: Services,
    campaign_id: CampaignId,
    *,
    each: Exposure,
    together: Exposure,
    own_permille: int = 1000 * IMAGINED_RIGHT // IMAGINED,
    seconds: float = 3.0,
    world: str = "",
) -> Proposal:
    """Which clients our own people should do, and which should go to which partner. Nothing is written.

    Args:
        services: the ledger and the book.
        campaign_id: whose open machines are decided about.
        each: the most that one partner is given.
        together: the most that all partners are given.
        own_permille: of the machines that our own people are given so many are right in time.
        seconds: how long to plan the answer, to see whether it can be done; 0 does not plan it.
        world: a scenario in the words of what-if, such as a partner that is added; empty for the world as it is.

    Raises:
        NothingToPlan: no machine needs a visit.
        InputError: the scenario cannot be read.
    """
    problem = _problem_in(services, campaign_id, world) if world else problem_of(services, campaign_id)
    agreements = agreements_of(services, problem)
    unpriced = tuple(sorted(key for key, one in agreements.items() if not _in_our_currency(services, one)))
    question = MakeOrBuy(
        clients=_clients(services, campaign_id, problem, agreements),
        parties=_parties(services, problem, own_permille),
        each=each,
        together=together,
    )
    answer = solve(question)
    if not seconds:
        return Proposal(question, answer, None, None, unpriced)
    divided = only_as_given(problem, answer.choice)
    plan = _planned(divided, seconds)
    return Proposal(question, answer, plan, margin_of(services, divided, plan), unpriced)


def _problem_in(services: Services, campaign_id: CampaignId, text: str) -> Problem:
    """The problem in a scenario: the rules between partners and clients are the same as in the world as it is."""
    world = world_of(services, campaign_id, now=first_start(services.clock.now()))
    binding = services.ledger.dispatched(campaign_id)
    keep = services.ledger.plan(binding.plan_id).visits if binding is not None else ()
    states = states_in(text, world, services.ledger.hosts(campaign_id))
    return build(scenario(text, world), states, keep=keep)


def _planned(problem: Problem, seconds: float) -> Plan:
    from scheduler.solve import solve as plan_it  # brings compiled code, which not every question needs
    from scheduler.stop import MaxSeconds

    return plan_it(problem, MaxSeconds(seconds), 0)


def _clients(
    services: Services,
    campaign_id: CampaignId,
    problem: Problem,
    agreements: Mapping[PartnerId, SignedAgreement],
) -> tuple[ClientWork, ...]:
    quotes = {one.value.client_id: one.value for one in services.book.papers(QUOTES, campaign_id=campaign_id)}
    terms, in_campaign = known_of(services.book).terms, clients_of(services, campaign_id)
    works = demands_by_client(problem)
    options: dict[ClientId, list[Option]] = {}
    for (client_id, partner_id), share in shares(problem).items():
        agreement = agreements.get(partner_id) if partner_id is not None else None
        if agreement is None or _in_our_currency(services, agreement):
            option = Option(partner_id, _cents(share, works[client_id], agreement), share.loads)
            options.setdefault(client_id, []).append(option)
    found = []
    for client_id, demands in works.items():
        hosts = sum(len(one.visit.host_ids) for one in demands)
        found.append(
            ClientWork(
                client_id=client_id,
                hosts=hosts,
                effort_minutes=sum(one.visit.effort_minutes * one.visit.people for one in demands),
                revenue_cents=_revenue(
                    quotes.get(client_id), hosts, len(in_campaign.get(client_id, ())), services.currency
                ),
                penalty_cents=_penalty(terms.get(client_id), hosts, services.currency),
                options=tuple(options.get(client_id, ())),
            )
        )
    return tuple(found)


def _cents(share: PartyShare, demands: Sequence[Demand], agreement: SignedAgreement | None) -> int:
    """Partners by their agreement, visit by visit; our own people, and partners without one on file, as planned."""
    if agreement is None:
        return share.cents
    prices = (
        price_of(agreement, hosts=len(one.visit.host_ids), minutes=one.visit.effort_minutes * one.visit.people)
        for one in demands
    )
    return sum(price.cents for price in prices)


def _in_our_currency(services: Services, agreement: SignedAgreement) -> bool:
    rate = agreement.clauses.rate
    return rate is not None and rate.price.currency == services.currency


def _revenue(quote: Quote | None, hosts: int, of: int, currency: str) -> int:
    """What the open machines earn of a signed quote; nothing in another currency."""
    if quote is None or quote.state is not QuoteState.SIGNED or quote.total.currency != currency:
        return 0
    return quote.total.cents * hosts // max(quote.hosts, of, 1)


def _penalty(terms: ClientTerms | None, hosts: int, currency: str) -> int:
    penalty: Money | None = terms.penalty_per_host if terms is not None else None
    return penalty.times(hosts).cents if penalty is not None and penalty.currency == currency else 0


def _parties(services: Services, problem: Problem, own_permille: int) -> tuple[Party, ...]:
    limits = {cap.partner_id: cap.minutes for cap in problem.caps if cap.partner_id is not None}
    return tuple(
        Party(
            partner_id=partner_id,
            rooms=loads,
            most_minutes=None if partner_id is None else limits.get(partner_id),
            reliable_permille=own_permille if partner_id is None else _reliable(services, partner_id),
        )
        for partner_id, loads in rooms(problem).items()
    )


def _reliable(services: Services, partner_id: PartnerId) -> int:
    """Machines right at the first try, with ten imagined ones beside those of the record."""
    book = services.book
    card = scorecard(
        partner_id,
        [one.value for one in book.papers(WORK, partner_id=partner_id)],
        [one.value for one in book.papers(MATTERS, partner_id=partner_id)],
        [one.value for one in book.papers(FEEDBACK, partner_id=partner_id)],
        known_of(book).rules,
    )
    return 1000 * (card.first_try.good + IMAGINED_RIGHT) // (card.first_try.of + IMAGINED)
