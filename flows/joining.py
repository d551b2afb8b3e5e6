"""Late clients: whether they fit in, from when, at what price and margin, without moving a visit that was promised.

The answer is the plan that binds, gone on from with the new machines in it (``flows.changes``): what holds stays to the
minute, and only visits that nobody was told of may make room. The price is the campaign's price list, the cost is that
of the visits the new machines are given. Accepting it imports, enrols, plans, dispatches and quotes in one transaction.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from flows.changes import ChangeRecord, Edit, Proposal, accept, propose
from flows.imagined import Imagined, as_though
from flows.profit import agreements_of, clients_of
from flows.services import Services
from muster.crew import Crew
from muster.errors import InputError, NotFound, NothingToPlan
from muster.fleet import Fleet
from muster.ids import CampaignId, ClientId, HostId, PartnerId, VisitId
from muster.plan import Plan
from muster.words import count
from partners.agreement import SignedAgreement
from partners.booking import Booked, booked
from partners.money import Money, total_in
from partners.offers import Offer, Quote, QuoteState, quote
from partners.papers import OFFERS, QUOTES, Change, change
from partners.profit import price_booked


@dataclass(frozen=True)
class Joining:
    """Who joins.

    Attributes:
        fleet, crew: the rows that are new or changed.
        host_ids: the machines that come into the campaign.
    """

    fleet: Fleet
    crew: Crew
    host_ids: tuple[HostId, ...]


@dataclass(frozen=True)
class ClientAnswer:
    """The answer for one client.

    Attributes:
        hosts: its new machines; ``placed`` of them have a visit before the deadline.
        begins, done_by: its first and its last visit; None where nothing is placed.
        who: people, and partners for theirs.
        price: what it pays more by the price list; None where there is none.
        cost: of its new visits, partners by their agreements.
        why_not: why machines are left out, and what would make it otherwise.
    """

    client_id: ClientId
    name: str
    hosts: int
    placed: int
    visits: tuple[VisitId, ...]
    begins: datetime | None
    done_by: datetime | None
    who: tuple[str, ...]
    price: Money | None
    cost: tuple[Money, ...]
    why_not: tuple[str, ...]

    @property
    def yes(self) -> bool:
        """Whether all of it can be done in time."""
        return self.placed == self.hosts

    @property
    def margin(self) -> Money | None:
        """What is left of the price; None without one, or where costs are in another currency."""
        if self.price is None or any(one.currency != self.price.currency for one in self.cost):
            return None
        return self.price - total_in(self.cost, self.price.currency)


@dataclass(frozen=True)
class Answer:
    """The answer for all who join, and the plan behind it.

    Attributes:
        moved: visits that are not as before, none of them promised.
        more_cents: what the plan costs more, in the planner's cents.
        quotes: the quotes that are recorded when it is accepted.
    """

    joining: Joining
    proposal: Proposal
    choice: int
    clients: tuple[ClientAnswer, ...]
    moved: tuple[VisitId, ...]
    more_cents: int
    quotes: tuple[Quote, ...]

    @property
    def yes(self) -> bool:
        """Whether everybody fits in. No promise is broken for it: those of ``broken`` cannot be kept in any case."""
        return all(one.yes for one in self.clients)

    @property
    def broken(self) -> tuple[VisitId, ...]:
        """Promised visits that cannot stay whoever joins, such as one whose time is over and that was not done."""
        return self.proposal.choices[self.choice].broken_promises

    @property
    def plan(self) -> Plan:
        """The plan with the new machines in it."""
        return self.proposal.choices[self.choice].plan


def joining_of(
    services: Services, campaign_id: CampaignId, fleet: Fleet, crew: Crew, taken: Iterable[HostId]
) -> Joining:
    """Who joins by rows that were read.

    Args:
        services: the ledger.
        campaign_id: which campaign they join.
        fleet: the rows; what is known already and has not changed may be among them.
        crew: people in the same files.
        taken: of all machines those that the campaign takes.

    Raises:
        InputError: no machine of them is new to the campaign.
    """
    there = {one.host_id for one in services.ledger.hosts(campaign_id)}
    wanted = set(taken)
    new = tuple(sorted(one.id for one in fleet.hosts if one.id in wanted and one.id not in there))
    if not new:
        raise InputError(
            "nobody joins: the files hold no machine that is new to the campaign",
            hint="give the machines too: muster join clients.csv sites.csv hosts.csv",
        )
    return Joining(fleet, crew, new)


def may_join(
    services: Services, campaign_id: CampaignId, joining: Joining, *, until: date, offer_id: str | None = None
) -> Answer:
    """Yes or no, from when, at what price and margin. Nothing is written.

    Args:
        services: the ledger and the book.
        campaign_id: which campaign they join.
        joining: who.
        until: the last day on which the quotes can be signed.
        offer_id: the price list; by default the campaign's, where it has one only.

    Raises:
        NothingToPlan: no plan binds yet.
        NotFound: there is no such price list.
        InputError: there are several, and none was named.
    """
    what = Imagined(joining.fleet, joining.crew, joining.host_ids)
    imagined = as_though(services, what)
    fleet = imagined.ledger.fleet()
    number = len({_client_of(fleet, one) for one in joining.host_ids})
    sentence = f"{count(number, 'client')} join with {count(len(joining.host_ids), 'machine')}"
    edit = Edit("join", sentence, "more work has come in", what)
    found = _proposed(services, campaign_id, edit, set(joining.host_ids))
    if not found.choices or found.problem is None:
        raise NothingToPlan("no plan binds yet, so nobody is late", hint="muster import, probe, plan and dispatch")
    choice = found.best
    offer = _offer(services, campaign_id, offer_id)
    quotes = _quotes(imagined, campaign_id, offer, joining, until) if offer is not None else ()
    made = found.choices[choice]
    new = set(joining.host_ids)
    theirs = {visit.id for visit in made.plan.visits if new & set(visit.host_ids)}
    return Answer(
        joining=joining,
        proposal=found,
        choice=choice,
        clients=_clients(services, imagined, found, choice, joining, quotes),
        moved=tuple(
            one.move.visit_id
            for one in made.moves
            if one.move.visit_id not in theirs and one.move.visit_id not in made.broken_promises
        ),
        more_cents=made.difference.cost_cents,
        quotes=tuple(quotes),
    )


def _proposed(services: Services, campaign_id: CampaignId, edit: Edit, new: set[HostId]) -> Proposal:
    """Around what is there, which takes seconds; only where that leaves new machines out, with room made for them."""
    from scheduler.replan import KEEPING, Freedom  # brings the solver

    found = propose(services, campaign_id, edit, freedoms=(Freedom.LEAST,))
    left = (one for choice in found.choices for one in choice.plan.unplaced)
    if any(new & set(found.choices[0].plan.visit[one.visit_id].host_ids) for one in left):
        return propose(services, campaign_id, edit, freedoms=KEEPING)
    return found


def join(
    services: Services, answer: Answer, *, by: str, signed_by: str = "", without_notice: str | None = None
) -> ChangeRecord:
    """Take them in: imported, enrolled, planned, dispatched and quoted, all in one transaction.

    Args:
        services: the ledger and the book.
        answer: of ``may_join``.
        by: who decides.
        signed_by: who of the clients has signed; empty leaves the quotes open.
        without_notice: why clients that cannot be told may go without a notice.

    Raises:
        Refused: not everybody fits in.
        Conflict: something has changed since it was asked.
    """
    if not answer.yes:
        left = ", ".join(one.client_id for one in answer.clients if not one.yes)
        raise InputError(f"not everybody fits in: {left}", hint="leave them out of the files, or see what would help")
    edit = answer.proposal.edit
    quoted = (_quote_change(services, one, signed_by) for one in answer.quotes)
    papers = tuple(one for one in quoted if one is not None)
    told = replace(answer.proposal, edit=replace(edit, what=replace(edit.what, papers=papers)))
    return accept(services, told, by=by, choice=answer.choice, without_notice=without_notice)


def _quote_change(services: Services, made: Quote, signed_by: str) -> Change | None:
    """The quote as it is recorded; None where the client has signed a smaller one, which stays until it signs anew."""
    kept = services.book.find(QUOTES, made.id)
    if not signed_by and kept is not None and kept.value.state is QuoteState.SIGNED:
        return None
    if signed_by:
        today = services.clock.now().date()
        made = replace(made, state=QuoteState.SIGNED, signed_by=signed_by, signed_on=today)
    return change(QUOTES, made, f"quote {'signed' if signed_by else 'made'}", kept)


def _offer(services: Services, campaign_id: CampaignId, offer_id: str | None) -> Offer | None:
    there = {one.value.id: one.value for one in services.book.papers(OFFERS, campaign_id=campaign_id)}
    if offer_id is not None and offer_id not in there:
        raise NotFound(f"there is no price list {offer_id!r} (there are: {', '.join(there) or 'none'})")
    if offer_id is None and len(there) > 1:
        raise InputError(f"there are {len(there)} price lists: {', '.join(there)}", hint="say which: --offer ID")
    return there[offer_id] if offer_id is not None else next(iter(there.values()), None)


def _quotes(
    imagined: Services,
    campaign_id: CampaignId,
    offer: Offer,
    joining: Joining,
    until: date,
) -> tuple[Quote, ...]:
    """The quote of every client that joins or grows, for all its machines; a signed one is quoted anew as it grows."""
    fleet = imagined.ledger.fleet()
    grown = {_client_of(fleet, host_id) for host_id in joining.host_ids}
    made = []
    for client_id, host_ids in clients_of(imagined, campaign_id).items():
        if client_id in grown:
            sites = {fleet.host[host_id].site_id for host_id in host_ids}
            made.append(quote(offer, client_id, hosts=len(host_ids), sites=len(sites), valid_until=until))
    return tuple(made)


def _clients(
    services: Services, imagined: Services, found: Proposal, choice: int, joining: Joining, quotes: Sequence[Quote]
) -> tuple[ClientAnswer, ...]:
    if found.problem is None:
        return ()
    plan, zone = found.choices[choice].plan, imagined.ledger.campaign(found.campaign_id).timezone
    agreements = agreements_of(imagined, found.problem)
    spent = booked(found.problem, plan, zone)
    new: dict[ClientId, set[HostId]] = {}
    fleet = imagined.ledger.fleet()
    for host_id in joining.host_ids:
        new.setdefault(_client_of(fleet, host_id), set()).add(host_id)
    by_client = {one.client_id: one for one in quotes}
    return tuple(
        _client(services, imagined, plan, client_id, new[client_id], by_client.get(client_id), spent, agreements)
        for client_id in sorted(new)
    )


def _client(
    services: Services,
    imagined: Services,
    plan: Plan,
    client_id: ClientId,
    hosts: set[HostId],
    made: Quote | None,
    spent: Sequence[Booked],
    agreements: dict[PartnerId, SignedAgreement],
) -> ClientAnswer:
    visits = [visit for visit in plan.visits if hosts & set(visit.host_ids)]
    ids = {visit.id for visit in visits}
    out = [one for one in plan.unplaced if one.visit_id in ids]
    left = {host_id for one in out for host_id in plan.visit[one.visit_id].host_ids} & hosts
    planned = [one for one in plan.assignments if one.visit_id in ids]
    crew = imagined.ledger.crew()
    who = {
        crew.engineer[one.person_id].partner_id or one.person_id for one in planned if one.person_id in crew.engineer
    }
    return ClientAnswer(
        client_id=client_id,
        name=imagined.ledger.fleet().client[client_id].name,
        hosts=len(hosts),
        placed=len(hosts) - len(left),
        visits=tuple(sorted(ids)),
        begins=min((one.starts_at for one in planned), default=None),
        done_by=max((one.ends_at for one in planned), default=None) if not left else None,
        who=tuple(sorted(map(str, who))),
        price=_price(services, made) if made is not None else None,
        cost=tuple(
            price_booked(one, agreements.get(one.partner_id) if one.partner_id else None, services.currency)
            for one in spent
            if one.visit_id in ids
        ),
        why_not=tuple(
            f"{one.visit_id}: {reason.text}{f'; {reason.remedy}' if reason.remedy else ''}"
            for one in out
            for reason in one.reasons[:1]
        ),
    )


def _price(services: Services, made: Quote) -> Money:
    """What the client pays more than by the quote that it has signed."""
    kept = services.book.find(QUOTES, made.id)
    if kept is None or kept.value.state is not QuoteState.SIGNED or kept.value.total.currency != made.total.currency:
        return made.total
    return made.total - kept.value.total


def _client_of(fleet: Fleet, host_id: HostId) -> ClientId:
    return fleet.site[fleet.host[host_id].site_id].client_id
