"""A plan: how good it is, what it leaves out and why, what differs from the one that binds, what dispatch would do."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from flows.approvals_wanted import wanted_to_dispatch
from flows.notices import AT_DISPATCH, scene_of
from flows.planning import problem_as_planned
from flows.premortem import before_dispatch, looked_at
from flows.services import Services
from muster.errors import MusterError, NotFound
from muster.ids import CampaignId, PlanId, VisitId
from muster.plan import Plan, Reason, VisitMode
from muster.records import DispatchedPlan
from portal.access import nothing_there
from portal.beside import Sum
from portal.manager.common import Rows, rows_of
from portal.manager.kept import kept_besides, kept_for_good, worked_out
from portal.manager.queries_move import MoveLine, moves_between
from portal.reading import CampaignNow, Reading
from reports.notices.due import Held, due, held_back
from reports.premortem.check import Answered
from scheduler.diff import Kind, diff

SHOWN_PLANS = 8
SHOWN_MOVES = 25
SHOWN_HELD = 12
NOT_EXAMINED = "not examined"


@dataclass(frozen=True, slots=True)
class PlanName:
    """One of the plans that were made."""

    id: PlanId
    made_at: datetime
    state: str
    tone: str
    current: bool


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A visit that nobody is given, and why."""

    visit_id: VisitId
    site: str
    client: str
    hosts: int
    mode: str
    reasons: tuple[Reason, ...]
    examined: bool


@dataclass(frozen=True, slots=True)
class HeldLine:
    """A visit whose client cannot be told."""

    site: str
    client: str
    text: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Dispatching:
    """What it means to dispatch a plan now.

    Attributes:
        moves: against the plan that binds; None where none does.
        letters: clients that are told at once, and how many visits they hear of.
        held: visits whose clients cannot be told.
        wanted: what somebody has to approve first, in sentences.
        worries: of the premortem, those that nobody has answered.
    """

    moves: tuple[MoveLine, ...] | None
    all_moves: int
    cost_cents: int
    kept_share: float
    letters: int
    told_visits: int
    held: tuple[HeldLine, ...]
    all_held: int
    wanted: tuple[str, ...]
    worries: tuple[Answered, ...]


@dataclass(frozen=True, slots=True)
class PlanPage:
    """One plan."""

    plan: Plan
    binds: DispatchedPlan | None
    plans: tuple[PlanName, ...]
    all_plans: int
    placed: int
    hosts: int
    people: int
    open_hosts: int
    parts: tuple[tuple[str, int], ...]
    quality: str
    left_out: Rows[LeftOut]


def plan_named(reading: Reading, found: CampaignNow, plan_id: str) -> Plan | None:
    """The plan that is meant: by its id, else the one that binds, else the newest; None where there is none.

    Raises:
        NotFound: the campaign has no plan of that id.
    """
    if plan_id:
        if PlanId(plan_id) not in found.plan_ids:
            raise nothing_there()
        return reading.plan(PlanId(plan_id))
    if found.dispatched is not None:
        return reading.plan(found.dispatched.plan_id)
    return reading.plan(found.plan_ids[-1]) if found.plan_ids else None


def plan_page(reading: Reading, found: CampaignNow, plan: Plan, page: int) -> PlanPage:
    """What a plan holds."""
    cost = plan.cost
    parts = (
        ("labour", cost.labour_cents),
        ("travel", cost.travel_cents),
        ("overtime", cost.overtime_cents),
        ("partners", cost.partner_cents),
    )
    placed, hosts, people = kept_for_good(reading, ("placed", plan.id), lambda: _placed(plan))
    out = rows_of([one.visit_id for one in plan.unplaced], page)
    return PlanPage(
        plan,
        found.dispatched if found.dispatched and found.dispatched.plan_id == plan.id else None,
        _names(reading, found, plan),
        len(found.plan_ids),
        placed,
        hosts,
        people,
        sum(len(plan.visit[one.visit_id].host_ids) for one in plan.unplaced),
        tuple((name, cents) for name, cents in parts if cents),
        _quality(plan),
        Rows(tuple(_left_out(reading, plan, one) for one in out.rows), out.total, out.page, out.pages),
    )


def _placed(plan: Plan) -> tuple[int, int, int]:
    """How many visits are placed, of how many hosts, with how many people."""
    placed = {one.visit_id for one in plan.assignments}
    hosts = sum(len(plan.visit[visit_id].host_ids) for visit_id in placed)
    return len(placed), hosts, len({one.person_id for one in plan.assignments})


def dispatching_of(
    services: Services, folder: Path, reading: Reading, found: CampaignNow, plan: Plan
) -> Dispatching | None:
    """What dispatch would do; None while it is worked out for the first time."""
    hosts = reading.counts(found.campaign.id).total()
    binding = found.dispatched.plan_id if found.dispatched else None
    return worked_out(services, reading, Sum(_dispatching, (folder, found.campaign.id, plan.id, binding)), hosts)


def reasons_of(services: Services, reading: Reading, plan: Plan, visit_id: str) -> tuple[Reason, ...] | None:
    """Why a visit stands where it stands, or why it is left out and what would place it; None while it is looked for.

    Raises:
        NotFound: the plan has no such visit.
    """
    if VisitId(visit_id) not in plan.visit:
        raise nothing_there()
    hosts = reading.counts(plan.campaign_id).total()
    return worked_out(services, reading, Sum(_reasons, (plan.id, VisitId(visit_id))), hosts)


def _reasons(services: Services, reading: Reading, plan_id: PlanId, visit_id: VisitId) -> tuple[Reason, ...]:
    from scheduler.explain import Explainer  # brings OR-Tools, which takes longer to load than most pages take

    plan = reading.plan(plan_id)
    made = kept_besides(reading, ("explained", plan.id), lambda: Explainer(problem_as_planned(services, plan), plan))
    try:
        return made.reasons(visit_id)
    except NotFound:
        return (Reason("done", "nothing is left to do there"),)


def _dispatching(
    services: Services,
    reading: Reading,
    folder: Path,
    campaign_id: CampaignId,
    plan_id: PlanId,
    _binding: PlanId | None,
) -> Dispatching:
    found, plan = reading.campaign(campaign_id), reading.plan(plan_id)
    campaign = found.campaign
    scene = scene_of(services, campaign, plan)
    held, letters = held_back(plan, scene), due(scene, AT_DISPATCH)
    before = reading.plan(found.dispatched.plan_id) if found.dispatched else None
    difference = diff(before, plan) if before is not None and before.id != plan.id else None
    changed = [one for one in difference.changed if one.kind is not Kind.GONE] if difference else []
    return Dispatching(
        moves=None if before is None else moves_between(reading, plan, changed[:SHOWN_MOVES]),
        all_moves=len(changed),
        cost_cents=difference.cost_cents if difference else 0,
        kept_share=difference.kept_share if difference else 1.0,
        letters=len(letters),
        told_visits=len({one.visit_id for letter in letters for one in letter.matters}),
        held=tuple(_held_line(reading, plan, one) for one in held[:SHOWN_HELD]),
        all_held=len(held),
        wanted=tuple(one.sentence for one in wanted_to_dispatch(services, campaign, plan)),
        worries=_worries(services, folder, found, plan),
    )


def premortem_of(
    services: Services, reading: Reading, folder: Path, campaign_id: CampaignId
) -> tuple[Answered, ...] | None:
    """What could go wrong, with what was answered to it; None while it is looked for the first time."""
    hosts = reading.counts(campaign_id).total()
    return worked_out(services, reading, Sum(_premortem, (folder, campaign_id)), hosts)


def _premortem(services: Services, reading: Reading, folder: Path, campaign_id: CampaignId) -> tuple[Answered, ...]:
    return looked_at(services, folder, reading.campaign(campaign_id).campaign)


def _worries(services: Services, folder: Path, found: CampaignNow, plan: Plan) -> tuple[Answered, ...]:
    """Unanswered worries; none where the fix itself cannot be read, which the premortem's own page says."""
    try:
        return before_dispatch(services, folder, found.campaign, plan)
    except MusterError:
        return ()


def _held_line(reading: Reading, plan: Plan, held: Held) -> HeldLine:
    visit = plan.visit[held.visit_id]
    fleet = reading.fleet
    return HeldLine(
        fleet.site[visit.site_id].name, fleet.client[visit.client_id].name, held.reason.text, held.reason.remedy
    )


def _left_out(reading: Reading, plan: Plan, visit_id: VisitId) -> LeftOut:
    visit, fleet = plan.visit[visit_id], reading.fleet
    reasons = next(one.reasons for one in plan.unplaced if one.visit_id == visit_id)
    return LeftOut(
        visit_id,
        fleet.site[visit.site_id].name,
        fleet.client[visit.client_id].name,
        len(visit.host_ids),
        "on site" if visit.mode is VisitMode.ONSITE else "remote",
        reasons,
        all(one.rule != NOT_EXAMINED for one in reasons),
    )


def _names(reading: Reading, found: CampaignNow, plan: Plan) -> tuple[PlanName, ...]:
    shown = list(reversed(found.plan_ids))[:SHOWN_PLANS]
    binding = found.dispatched.plan_id if found.dispatched else None
    if binding is not None and binding not in shown:
        shown.append(binding)
    if plan.id not in shown:
        shown.append(plan.id)
    bound_at = found.dispatched.at if found.dispatched else None

    def state(one: PlanId, made_at: datetime) -> tuple[str, str]:
        if one == binding:
            return "binds", "good"
        return ("earlier", "idle") if bound_at is not None and made_at < bound_at else ("proposal", "warn")

    made = [(one, reading.plan(one).created_at) for one in shown]
    return tuple(PlanName(one, made_at, *state(one, made_at), one == plan.id) for one, made_at in made)


def _quality(plan: Plan) -> str:
    if plan.gap is None:
        return "no bound was proved"
    if plan.gap == 0:
        return "proven to be the best possible"
    if plan.gap < 0.001:
        return "less than 0.1 % from the best possible"
    return f"at most {100 * plan.gap:.1f} % from the best possible"
