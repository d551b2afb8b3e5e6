"""What of an act needs an approval: the money of a plan, partners at clients that are new to them, whole waves."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet

from flows.services import Services
from muster.approvals import Act, Request
from muster.campaign import Campaign
from muster.crew import Crew
from muster.ids import ClientId, HostId, PartnerId
from muster.outcomes import HostStatus
from muster.plan import Plan
from muster.records import HostState, WaveRow
from muster.words import amount
from partners.papers import WORK

Pair = tuple[PartnerId, ClientId]


def wanted_to_dispatch(services: Services, campaign: Campaign, plan: Plan) -> tuple[Request, ...]:
    """What has to be approved before a plan may bind."""
    crew = services.ledger.crew()
    known = known_pairs(services, crew)
    return (*money_wanted(campaign, plan, services.currency), *new_clients_wanted(plan, crew, known))


def money_wanted(campaign: Campaign, plan: Plan, currency: str) -> Iterator[Request]:
    """That the plan costs more than the campaign may spend without asking."""
    limit = campaign.approvals.money_over_cents
    if campaign.approvals.money is not None and plan.cost.total_cents > limit:
        cost, most = (f"{currency} {amount(cents)}" for cents in (plan.cost.total_cents, limit))
        yield Request(Act.MONEY, f"plan {plan.id}", f"dispatch plan {plan.id}, which costs {cost} (limit {most})")


def new_clients_wanted(plan: Plan, crew: Crew, known: AbstractSet[Pair]) -> Iterator[Request]:
    """One request for each partner and client that have not met."""
    for partner_id, client_id in sorted(pairs_of(plan, crew) - known):
        partner = crew.partner.get(partner_id)
        name = partner.name if partner else partner_id
        yield Request(
            Act.NEW_CLIENT,
            f"partner {partner_id} at client {client_id}",
            f"send {name} ({partner_id}) to {client_id}, where it has never been",
        )


def known_pairs(services: Services, crew: Crew) -> set[Pair]:
    """Which partner has been at which client: by its work, and by the plans that bind in every campaign."""
    found: set[Pair] = {(one.value.partner_id, one.value.client_id) for one in services.book.papers(WORK)}
    for campaign in services.ledger.campaigns():
        binding = services.ledger.dispatched(campaign.id)
        if binding is not None:
            found |= pairs_of(services.ledger.plan(binding.plan_id), crew)
    return found


def pairs_of(plan: Plan, crew: Crew) -> set[Pair]:
    """Which partners a plan sends to which clients."""
    people = {person.id: person.partner_id for person in crew.engineers if person.partner_id is not None}
    return {
        (people[one.person_id], plan.visit[one.visit_id].client_id)
        for one in plan.assignments
        if one.person_id in people
    }


def wanted_to_roll_back(
    waves: Sequence[WaveRow], states: Iterable[HostState], host_ids: Iterable[HostId]
) -> tuple[Request, ...]:
    """The approval for whole waves that a roll back of these hosts would take back; none where it takes back none.

    A wave that is taken back in parts is taken back with its last part.
    """
    numbers = whole_waves(waves, {state.host_id: state for state in states}, frozenset(host_ids))
    if not numbers:
        return ()
    subject = f"{'wave' if len(numbers) == 1 else 'waves'} {', '.join(map(str, numbers))}"
    return (Request(Act.ROLLBACK, subject, f"roll back {subject}"),)


def whole_waves(
    waves: Sequence[WaveRow], states: Mapping[HostId, HostState], host_ids: AbstractSet[HostId]
) -> tuple[int, ...]:
    """The waves of which nothing that was pushed would be left."""
    found = []
    for wave in waves:
        pushed = {one for one in wave.host_ids if one in states and states[one].attempts}
        left = {one for one in pushed if states[one].status is not HostStatus.ROLLED_BACK}
        if left and left <= host_ids:
            found.append(wave.number)
    return tuple(found)
