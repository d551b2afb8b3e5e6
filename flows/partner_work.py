"""Partners' work beside the ledger: lists are shown and written down, claims are settled by probes, swaps are made."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from flows.partnering import known_of
from flows.planning import dispatch_plan, problem_around
from flows.services import Services
from muster.crew import Crew
from muster.errors import NotFound
from muster.ids import CampaignId, HostId, PartnerId, PersonId, PlanId, VisitId
from muster.outcomes import HostStatus
from muster.plan import Assignment, Plan
from muster.records import Event
from partners.agreement import SignedAgreement
from partners.errors import Refused
from partners.file import Known
from partners.papers import DISCLOSURES, SWAPS, WORK, Change, Kept, change
from partners.scope import ListedVisit, Window, disclosure, task_list
from partners.standing import agreement_on, standing
from partners.swaps import Swap, SwapState, decided
from partners.work import HostWork, HostWorkState, Work, WorkState, claimed_again, probed
from scheduler.problem import Pin

PAGE = 1000
SWAP_ITERATIONS = 20
"""Everything is promised, so there is next to nothing to search."""
RIGHT = frozenset({HostStatus.RIGHT.value, HostStatus.VERIFIED.value})
WRONG = frozenset({HostStatus.STALE.value, HostStatus.FAILED.value, HostStatus.ROLLED_BACK.value})
"""Answers; silence and what nobody knows say nothing about the work."""
PROBES = frozenset({"probed", "finished"})
"""Events that end with a fresh probe: a question by itself, and the verify of a push."""


def binding_plan(services: Services, campaign_id: CampaignId) -> Plan:
    """The plan that binds.

    Raises:
        NotFound: there is none.
    """
    binding = services.ledger.dispatched(campaign_id)
    if binding is None:
        raise NotFound(f"campaign {campaign_id} has no plan that binds", hint="muster dispatch")
    return services.ledger.plan(binding.plan_id)


def agreement_in_force(services: Services, partner_id: PartnerId, at: datetime) -> SignedAgreement:
    """What covers a partner's work at an instant.

    Raises:
        Refused: the partner is not eligible.
    """
    return covering(known_of(services.book), partner_id, at)


def covering(known: Known, partner_id: PartnerId, at: datetime) -> SignedAgreement:
    """The same, by what is known of partners.

    Raises:
        Refused: the partner is not eligible.
    """
    file = known.files.get(partner_id)
    if file is None:
        raise Refused(f"there is no file on {partner_id}", hint="muster partner import")
    found = standing(file, at.date(), known.rules)
    covering = agreement_on(file, at.date(), known.rules)
    if covering is None or not found.eligible:
        raise Refused(f"{file.name} is not eligible: {found}", hint=f"muster partner show {partner_id}")
    return covering


def show_tasks(
    services: Services, campaign_id: CampaignId, partner_id: PartnerId, window: Window, *, by: str
) -> tuple[tuple[ListedVisit, ...], SignedAgreement]:
    """The visits that a partner may see now; that they were shown is written down before they are.

    Raises:
        Refused: the partner is not eligible; nothing is shown.
        NotFound: no plan binds.
    """
    now = services.clock.now()
    agreement = agreement_in_force(services, partner_id, now)
    plan = binding_plan(services, campaign_id)
    listed = task_list(partner_id, plan, services.ledger.fleet(), services.ledger.crew(), now, window)
    shown = [disclosure(one, partner_id, plan, agreement, at=now, by=by) for one in listed]
    changes = [
        change(DISCLOSURES, one, "disclosed") for one in shown if services.book.find(DISCLOSURES, one.id) is None
    ]
    services.book.write(changes, by=by)
    return listed, agreement


@dataclass(frozen=True, slots=True)
class Claim:
    """What a partner says it has done."""

    visit_id: VisitId
    started_at: datetime
    ended_at: datetime


def claim_work(services: Services, campaign_id: CampaignId, claims: Sequence[Claim], *, by: str) -> tuple[Work, ...]:
    """Visits claimed as done, or their reopened machines claimed once more; all of them or none.

    Raises:
        Refused: a visit is no partner's by the plan that binds, its times are turned round or in the future, its
            partner was not eligible that day, or it is claimed already.
    """
    now, book = services.clock.now(), services.book
    plan, crew, known = binding_plan(services, campaign_id), services.ledger.crew(), known_of(services.book)
    binding = services.ledger.dispatched(campaign_id)
    kept = {one.value.visit_id: one for one in book.papers(WORK, campaign_id=campaign_id)}
    changes, made = [], []
    for claim in claims:
        if not claim.started_at < claim.ended_at <= now:
            raise Refused(f"{claim.visit_id} cannot have been done {claim.started_at} to {claim.ended_at}")
        before = kept.get(claim.visit_id)
        if before is not None:
            work = claimed_again(before.value, now)
        else:
            one, partner_id = _assignment(crew, plan, claim.visit_id)
            agreement = covering(known, partner_id, claim.started_at)
            work = _claimed(claim, one, partner_id, plan, agreement)
            work = replace(work, confirmed_at=binding.at if binding else None)
        made.append(work)
        changes.append(change(WORK, work, "work claimed again" if before else "work claimed", before))
    book.write(changes, by=by)
    return tuple(made)


def _claimed(claim: Claim, one: Assignment, partner_id: PartnerId, plan: Plan, agreement: SignedAgreement) -> Work:
    visit = plan.visit[claim.visit_id]
    return Work(
        campaign_id=plan.campaign_id,
        visit_id=claim.visit_id,
        partner_id=partner_id,
        client_id=visit.client_id,
        person_id=one.person_id,
        agreement_id=agreement.id,
        planned_start=one.starts_at,
        planned_minutes=visit.effort_minutes,
        started_at=claim.started_at,
        ended_at=claim.ended_at,
        hosts=tuple(
            HostWork(host_id, HostWorkState.CLAIMED, claim.ended_at, begun_at=claim.started_at)
            for host_id in visit.host_ids
        ),
    )


def settle(services: Services, campaign_id: CampaignId, *, by: str) -> tuple[Work, ...]:
    """Bring all claimed work up to what probes have found since; gives what has changed.

    A probe counts where it came after the machine was claimed. It is the ledger's own record, never a partner's word.
    """
    kept = [one for one in services.book.papers(WORK, campaign_id=campaign_id) if one.value.state is not WorkState.PAID]
    now = {one.value.id: one.value for one in kept}
    of_host: dict[HostId, list[str]] = {}
    for one in kept:
        for host in one.value.hosts:
            of_host.setdefault(host.host_id, []).append(one.value.id)
    for event in _answers(services, campaign_id):
        for key in of_host.get(event.host_id, ()) if event.host_id is not None else ():
            right = str(event.data["status"]) in RIGHT
            now[key] = probed(now[key], HostId(str(event.host_id)), event.at, right=right)
    changed = [one for one in kept if now[one.value.id] != one.value]
    services.book.write([_moved(one, now[one.value.id]) for one in changed], by=by)
    return tuple(now[one.value.id] for one in changed)


def _moved(before: Kept[Work], after: Work) -> Change:
    return change(WORK, after, f"work {after.state}", before)


def _answers(services: Services, campaign_id: CampaignId) -> Iterator[Event]:
    """The probes of a campaign that were answered, oldest first."""
    after = 0
    while page := services.ledger.events(campaign_id=campaign_id, after=after, limit=PAGE):
        yield from (e for e in page if e.kind in PROBES and str(e.data.get("status")) in RIGHT | WRONG)
        after = page[-1].revision


def decide_swap(
    services: Services, swap_id: str, state: SwapState, *, by: str, note: str = ""
) -> tuple[Swap, PlanId | None]:
    """Decide a swap; one that is approved becomes a plan of its own, which is judged and dispatched like any other.

    Raises:
        NotFound: there is no such request.
        Refused: it was decided already, or by the one who asked.
        DispatchRejected: the plan with the other person does not hold; nothing is decided.
    """
    before = services.book.find(SWAPS, swap_id)
    if before is None:
        raise NotFound(f"there is no swap {swap_id!r}", hint="muster partner swaps")
    after = decided(before.value, state, by=by, at=services.clock.now(), note=note)
    plan_id = _dispatched_anew(services, after, by) if state is SwapState.APPROVED else None
    services.book.write([change(SWAPS, after, f"swap {state}", before)], by=by)
    return after, plan_id


def _dispatched_anew(services: Services, swap: Swap, by: str) -> PlanId:
    """The binding plan made again with every visit promised as it stands, but for the one who comes.

    Raises:
        Refused: the one who is to come cannot do it; the reasons are told.
    """
    from scheduler.solve import solve  # brings OR-Tools, which takes longer to load than most commands take
    from scheduler.stop import MaxIterations

    plan = binding_plan(services, swap.campaign_id)
    around = problem_around(services, plan)
    pins = tuple(
        Pin(one.visit_id, swap.comes if _is_swapped(one, swap) else one.person_id, around.minute(one.starts_at))
        for one in plan.assignments
        if one.visit_id in around.demand_index
    )
    problem = replace(around, pins=pins, ledger_revision=services.ledger.revision())
    made = solve(problem, MaxIterations(SWAP_ITERATIONS), 0)
    left_out = {one.visit_id: one.reasons for one in made.unplaced}
    if swap.visit_id in left_out:
        why = "; ".join(reason.text for reason in left_out[swap.visit_id])
        raise Refused(f"{swap.comes} cannot do {swap.visit_id}: {why}", hint="muster partner decide --refuse")
    services.ledger.save_plan(made, by=by)
    dispatch_plan(services, made.id, by=by)
    return made.id


def _is_swapped(one: Assignment, swap: Swap) -> bool:
    return (one.visit_id, one.person_id) == (swap.visit_id, swap.leaves)


def _assignment(crew: Crew, plan: Plan, visit_id: VisitId) -> tuple[Assignment, PartnerId]:
    for one in plan.assignments:
        partner_id = crew.engineer[one.person_id].partner_id
        if one.visit_id == visit_id and partner_id is not None:
            return one, partner_id
    raise Refused(f"{visit_id} is not given to a partner by the plan that binds", hint="muster partner tasks PARTNER")


def next_number(words: str, taken: Sequence[str]) -> str:
    """The next free id of a sort, such as ``incident-3``."""
    number = 1
    while f"{words}-{number}" in taken:
        number += 1
    return f"{words}-{number}"


def planned_span(plan: Plan, visit_id: VisitId, person_id: PersonId | None = None) -> tuple[datetime, timedelta]:
    """When a visit is planned to begin, and for how long.

    Raises:
        Refused: nobody is given it.
    """
    for one in plan.assignments:
        if one.visit_id == visit_id and person_id in {None, one.person_id}:
            return one.starts_at, one.ends_at - one.starts_at
    raise Refused(f"{visit_id} is given to nobody by the plan that binds")
