"""From the ledger to a plan, and from a plan to a binding one.

The scheduler decides; this reads what it needs from the ledger and writes what it proposes.
"""

from collections import Counter
from collections.abc import Callable, Container, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from flows.absences import with_absences
from flows.approvals import gatekeeper
from flows.approvals_wanted import wanted_to_dispatch
from flows.begun import begun, carried, departure, held_in, sets_out
from flows.cancelling import called_off, kept_from, written
from flows.concerned import changed_messages
from flows.learned_travel import as_learned
from flows.meanwhile import needs_of, still_holds
from flows.measured import effort_of, learned_ratio
from flows.ordering import in_order
from flows.overruns import longer, said_efforts, taking_longer
from flows.partnering import projected
from flows.services import Services
from muster.errors import DispatchRejected, InvalidPlan
from muster.ids import CampaignId, ClientId, PersonId, PlanId, VisitId
from muster.outcomes import HostStatus
from muster.plan import Plan, VisitMode
from muster.records import HostState
from scheduler.build import World, build
from scheduler.policy import Policy
from scheduler.problem import Problem
from scheduler.stop import AnyOf, Cancelled, MaxSeconds
from scheduler.validate import violations

if TYPE_CHECKING:
    from scheduler.solve import Watcher

LEAD = timedelta(minutes=30)
"""A new plan leaves this long for reading and dispatching it, from when its search is to end."""

NEEDS = {VisitMode.REMOTE: HostStatus.STALE, VisitMode.ONSITE: HostStatus.UNREACHABLE}
"""How a host stands that needs a visit of a mode."""

SUMS = frozenset({"cost", "objective", "bound"})
"""Rules about a plan's own sums: with a visit less, or another rate, a plan costs something else and still holds."""


def world_of(services: Services, campaign_id: CampaignId, *, now: datetime) -> World:
    """Everything a problem is built from, as the ledger has it; nothing is planned before ``now``."""
    campaign = services.ledger.campaign(campaign_id)
    fleet = services.ledger.fleet()
    crew = with_absences(services.book, services.ledger.crew())
    allowed = projected(services, campaign, fleet, crew, now)
    return World(
        campaign=campaign,
        fleet=fleet,
        crew=allowed.crew,
        effort=effort_of(services, campaign_id),
        now=now,
        objections=allowed.objections,
        kept_out=allowed.kept_out,
        barriers=allowed.barriers,
        policy=Policy.of(campaign.planning, as_learned(services.travel, learned_ratio(services, campaign_id))),
        preferred=known_people(services, campaign_id),
    )


def known_people(services: Services, campaign_id: CampaignId) -> dict[ClientId, tuple[PersonId, ...]]:
    """Who each client knows: the person with the most visits of the plan that binds. Continuity is counted by it."""
    binding = services.ledger.dispatched(campaign_id)
    if binding is None:
        return {}
    plan = services.ledger.plan(binding.plan_id)
    visits = Counter((plan.visit[one.visit_id].client_id, one.person_id) for one in plan.assignments)
    known: dict[ClientId, tuple[PersonId, ...]] = {}
    for (client_id, person_id), _ in sorted(visits.items(), key=lambda item: (-item[1], item[0])):
        known.setdefault(client_id, (person_id,))
    return known


def problem_of(
    services: Services,
    campaign_id: CampaignId,
    *,
    not_before: datetime | None = None,
    unheld: Container[VisitId] = (),
    search_s: float = 0.0,
) -> Problem:
    """The problem of planning what the hosts still need.

    Visits of the plan that binds keep their hosts and ids, and changes against it have their price. Those that are
    under way or about to begin stay as they are (``flows.begun``), and those that people said take longer do.

    Args:
        services: the ledger and the book.
        campaign_id: of which campaign.
        not_before: nothing starts before it; only what has begun stays.
        unheld: visits that are not held although they are under way, such as one to which nobody came.
        search_s: how long a plan will be searched: time goes on meanwhile.

    Raises:
        NothingToPlan: no host needs a visit.
    """
    binding, now = services.ledger.dispatched(campaign_id), services.clock.now()
    said = said_efforts(services.book, campaign_id)
    previous, first = services.ledger.plan(binding.plan_id) if binding else None, first_start(now, search_s)
    as_said = longer(previous, said) if previous else ()
    held = [one for one in as_said if one.visit_id not in unheld]
    stays = (
        begun(held, now, first)
        if not_before is None
        else [one for one in begun(held, now, now) if one.starts_at < now]  # the others are told to turn back
    )
    first = first if not_before is None else max(first, not_before)
    problem = build(
        world_of(services, campaign_id, now=departure(stays, first)),
        services.ledger.hosts(campaign_id),
        keep=previous.visits if previous else (),
        previous=previous,
        ledger_revision=services.ledger.revision(),
    )
    rules = services.ledger.campaign(campaign_id).gates.order
    problem = taking_longer(_without_called_off(services, problem), said)
    problem = in_order(problem, services.ledger.fleet(), rules) if rules else problem
    return held_in(problem, stays, first) if stays or not_before is not None else problem


def _without_called_off(services: Services, problem: Problem) -> Problem:
    """The problem in which visits that were called off are not given to the same partner again."""
    out = kept_from(services, problem.campaign_id, services.ledger.crew())
    if not out:
        return problem
    demands = (
        replace(one, visit=replace(one.visit, excluded=tuple(dict.fromkeys((*one.visit.excluded, *out[one.visit.id])))))
        if one.visit.id in out
        else one
        for one in problem.demands
    )
    return replace(problem, demands=tuple(demands))


def first_start(now: datetime, search_s: float = 0.0) -> datetime:
    """When a new plan may begin: a full quarter of an hour, ``LEAD`` or more after a search of so many seconds ends.

    Nobody sets out before it. A plan that began at once would be out of date by the time somebody has read and
    dispatched it.
    """
    quarter, ready = timedelta(minutes=15), now + timedelta(seconds=search_s) + LEAD
    whole = ready.replace(minute=0, second=0, microsecond=0)
    return whole + quarter * -((whole - ready) // quarter)


def make_plan(
    services: Services,
    campaign_id: CampaignId,
    *,
    seconds: float,
    seed: int,
    progress: "Watcher | None" = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Plan:
    """Make a proposal, have it judged by the validator, and keep it.

    Raises:
        NothingToPlan: no host needs a visit.
        InvalidPlan: the validator does not agree with the solver; nothing is kept.
    """
    problem = problem_of(services, campaign_id, search_s=seconds)
    from scheduler.fairness import evened
    from scheduler.solve import solve  # brings OR-Tools, which takes longer to load than most commands take

    plan = solve(problem, AnyOf(MaxSeconds(seconds), Cancelled(cancelled)), seed, progress=progress)
    plan = evened(problem, plan, services.ledger.campaign(campaign_id).planning.fairness_cents_per_hour)
    _refuse_violations(problem, plan)
    return keep_plan(services, plan)


def keep_plan(services: Services, plan: Plan) -> Plan:
    """Keep a proposal. Where a search has found the very plan that is kept already, that one stays, with its bound.

    A plan's id says what it was made from and who does what when, and not how long its search took.
    """
    if plan.id in services.ledger.plans(plan.campaign_id):
        there = services.ledger.plan(plan.id)
        if (there.visits, there.assignments) == (plan.visits, plan.assignments):
            return there
    services.ledger.save_plan(plan, by="planner")
    return plan


def dispatch_plan(services: Services, plan_id: PlanId, *, by: str, why: str = "") -> Plan:
    """Check a plan against the ledger of now, and make it binding; whom it concerns is told in the same transaction.

    Clients by their notices; of a plan that replaces another also people and partners whose visits are not as before.

    Args:
        services: of the workspace.
        plan_id: which plan.
        by: who dispatches it.
        why: why visits moved, in the clients' words.

    Raises:
        DispatchRejected: it does not hold any more; ``reasons`` names each visit and why.
        ApprovalNeeded: its cost, or a partner at a client that is new to it, has to be approved first.
    """
    ledger = services.ledger
    plan = ledger.plan(plan_id)
    revision, states = ledger.revision(), ledger.hosts(plan.campaign_id)
    fallen = _fallen(services, plan, states)
    if fallen:
        raise DispatchRejected(
            f"plan {plan_id} does not hold any more: {len(fallen)} of its {len(plan.assignments)} visits have fallen",
            fallen,
            hint="muster plan makes a new one from what is true now",
        )
    wanted = wanted_to_dispatch(services, ledger.campaign(plan.campaign_id), plan)
    gatekeeper(services, plan.campaign_id).pass_or_ask(wanted, by=by)
    from flows.notices import telling_of  # brings the templates, which planning does without

    telling = telling_of(services, ledger.campaign(plan.campaign_id), plan, why=why)
    binding, reason = ledger.dispatched(plan.campaign_id), why or "the plan has changed"
    before = ledger.plan(binding.plan_id) if binding else None
    off = called_off(services, before, plan, reason=reason) if before is not None else ()
    changed = changed_messages(services, before, plan, reason) if before is not None else ()
    with ledger.together():
        ledger.dispatch(
            plan_id,
            by=by,
            expected_revision=revision,
            beside_pushes=_holds_on(services, plan, revision, states),
            notes=telling.notes,
            messages=(*telling.messages, *changed),
            call_off=telling.call_off,
        )
        services.book.write(written(services, off), by=by)
    return plan


def _holds_on(services: Services, plan: Plan, revision: int, judged: Sequence[HostState]) -> bool:
    """Whether what hosts did since a plan was judged by these states leaves it as good as it was."""
    if services.ledger.revision() == revision:
        return True
    fleet = services.ledger.fleet()
    return still_holds(plan, needs_of(fleet, judged), needs_of(fleet, services.ledger.hosts(plan.campaign_id)))


def _refuse_violations(problem: Problem, plan: Plan) -> None:
    wrong = violations(problem, plan)
    if wrong:
        raise InvalidPlan(
            f"the solver's plan breaks {len(wrong)} rules, the first: {wrong[0]}",
            hint="this is an error of Muster: please report it; nothing was kept",
        )


def problem_around(services: Services, plan: Plan, states: Sequence[HostState] | None = None) -> Problem:
    """The problem as it is now, around a plan's own visits and efforts: what the plan is judged by.

    Visits of which no host needs anything any more are not in it. Whom a client does not want is taken as it is now.
    The hosts are read from the ledger where no ``states`` are given.

    Raises:
        NothingToPlan: no host needs a visit.
    """
    binding, at = services.ledger.dispatched(plan.campaign_id), services.clock.now()
    past = carried(plan, services.ledger.plan(binding.plan_id), at) if binding else ()
    world = world_of(services, plan.campaign_id, now=departure(past, at))
    states = services.ledger.hosts(plan.campaign_id) if states is None else states
    now = _without_called_off(services, build(world, states, keep=plan.visits))
    around = _with_own_efforts(now, plan)
    unwanted = {demand.visit.id: demand.visit.excluded for demand in now.demands}
    demands = (replace(d, visit=replace(d.visit, excluded=unwanted[d.visit.id])) for d in around.demands)
    around = replace(around, demands=tuple(demands))
    return held_in(around, past, at) if past else around


def problem_as_planned(services: Services, plan: Plan) -> Problem:
    """The problem as it was when a plan was made, as far as fleet and crew are still the same: to explain and draw it.

    What has been pushed meanwhile does not change why somebody was sent somewhere at some hour.
    """
    modes = {host_id: visit.mode for visit in plan.visits for host_id in visit.host_ids}
    states = [
        replace(state, status=NEEDS[modes[state.host_id]])
        for state in services.ledger.hosts(plan.campaign_id)
        if state.host_id in modes
    ]
    past = tuple(one for one in plan.assignments if sets_out(one) < plan.created_at)
    world = world_of(services, plan.campaign_id, now=departure(past, plan.created_at))
    problem = _with_own_efforts(build(world, states, keep=plan.visits), plan)
    return held_in(problem, past, plan.created_at) if past else problem


def _with_own_efforts(problem: Problem, plan: Plan) -> Problem:
    known = (demand for demand in problem.demands if demand.visit.id in plan.visit)
    return replace(problem, demands=tuple(replace(demand, visit=plan.visit[demand.visit.id]) for demand in known))


def _fallen(services: Services, plan: Plan, states: Sequence[HostState]) -> tuple[str, ...]:
    """What of a plan does not hold any more, in sentences, by the validator's judgement."""
    problem = problem_around(services, plan, states)
    gone = sorted({one.visit_id for one in plan.assignments} - problem.demand_index.keys())
    still = replace(
        plan,
        visits=tuple(demand.visit for demand in problem.demands),
        assignments=tuple(one for one in plan.assignments if one.visit_id in problem.demand_index),
        unplaced=tuple(one for one in plan.unplaced if one.visit_id in problem.demand_index),
    )
    people = {one.person_id: one.reason for one in problem.left_out}
    broken = [
        f"{one.visit_id}: {one.person_id} cannot be sent: {people[one.person_id]}"
        if one.person_id in people
        else str(one)
        for one in violations(problem, still)
        if one.rule not in SUMS
    ]
    return (*(f"{visit_id}: nothing is left to do there" for visit_id in gone), *broken)
