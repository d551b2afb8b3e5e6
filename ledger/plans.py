"""Plans: immutable documents; dispatch makes one of them binding."""

import math
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, and_, insert, or_, select

from ledger import tables
from ledger.campaigns import read_campaign_row
from ledger.codec import PLAN
from ledger.kinds import Effect, Kind
from ledger.projections import CampaignRow
from ledger.writing import Draft, Writing
from muster.errors import Conflict, InputError, NotFound
from muster.ids import CampaignId, PlanId
from muster.plan import Assignment, Plan
from muster.records import DispatchedPlan


def save_plan(writing: Writing, plan: Plan, *, by: str) -> None:
    """Keep a proposal; to save the same plan again changes nothing.

    Raises:
        Conflict: another plan has its id.
        InputError: a figure in it is not finite.
    """
    writing.campaign(plan.campaign_id)
    if not all(map(math.isfinite, (plan.objective, plan.bound or 0.0, plan.solve_seconds))):
        raise InputError(f"the plan {plan.id} holds a figure that is not finite")
    kept = _find(writing.connection, plan.id)
    if kept is not None:
        if kept != plan:
            raise Conflict(f"the ledger holds another plan with the id {plan.id}; a plan never changes")
        return
    summary = {"plan": plan.id, "visits": len(plan.visits), "unplaced": len(plan.unplaced)}
    revision = writing.append([Draft(Kind.PLAN_SAVED, Effect.NONE, by, summary, plan.campaign_id)])
    values = {"id": plan.id, "campaign_id": plan.campaign_id, "saved_revision": revision}
    writing.connection.execute(insert(tables.plans).values(**values, document=PLAN.to_text(plan)))


def read_plan(connection: Connection, plan_id: PlanId) -> Plan:
    """One plan."""
    plan = _find(connection, plan_id)
    if plan is None:
        raise NotFound(f"the ledger holds no plan {plan_id!r}")
    return plan


def read_plan_ids(connection: Connection, campaign_id: CampaignId) -> tuple[PlanId, ...]:
    """The plans of a campaign, the newest last."""
    read_campaign_row(connection, campaign_id)
    table = tables.plans
    query = select(table.c.id).where(table.c.campaign_id == campaign_id).order_by(table.c.saved_revision)
    return tuple(PlanId(plan_id) for plan_id in connection.scalars(query))


def dispatch(
    writing: Writing, plan_id: PlanId, harmless: Sequence[Kind] = (), *, by: str, expected_revision: int
) -> CampaignId:
    """Make a plan binding, if nothing that plans are made from has moved since ``expected_revision``.

    Events of ``harmless`` kinds do not count.

    What moves a plan: the inventory, the campaign's policy, a host enrolled, a status changed (also by somebody's
    probe), a claim or its end, another dispatch, a stop or its lifting. What does not: notes, renewed leases,
    questions asked, answers that change no status, saved plans, waves opened and closed.

    Returns:
        The campaign.

    Raises:
        Conflict: something has moved, or the plan names a host that is not in the campaign.
    """
    plan = read_plan(writing.connection, plan_id)
    _must_not_have_moved(writing, plan, expected_revision, harmless)
    binding = _binding(plan)
    known = writing.hosts(plan.campaign_id)
    missing = [host_id for host_id in binding if host_id not in known]
    if missing:
        raise Conflict(f"the plan {plan_id} names the host {missing[0]}, which is not in {plan.campaign_id}")
    data = {"plan": plan_id, "hosts": binding}
    writing.append([Draft(Kind.PLAN_DISPATCHED, Effect.MOVES, by, data, plan.campaign_id)])
    return plan.campaign_id


def _must_not_have_moved(writing: Writing, plan: Plan, expected_revision: int, harmless: Sequence[Kind]) -> None:
    table = tables.events
    here = or_(table.c.campaign_id == plan.campaign_id, table.c.campaign_id.is_(None))
    query = (
        select(table.c.revision, table.c.kind)
        .where(and_(table.c.revision > expected_revision, table.c.effect == Effect.MOVES.value, here))
        .where(table.c.kind.not_in(harmless))
        .order_by(table.c.revision)
        .limit(1)
    )
    moved = writing.connection.execute(query).first()
    newest = writing.revision()
    if moved is None and expected_revision <= newest:
        return
    what = f"revision {moved[0]}: {moved[1]}" if moved else f"its newest revision is {newest}"
    raise Conflict(
        f"the ledger is not as it was at revision {expected_revision}, for which the plan {plan.id} was made: {what}",
        hint="Plan again, or check the plan again and dispatch it.",
    )


def _binding(plan: Plan) -> Mapping[str, list[str | None]]:
    """Visit and person of every host the plan names.

    A host in several visits belongs to the first that somebody was given. Where several people share a visit the
    one who starts first (then: named first) is responsible. Nobody is, for a host that could not be placed.
    """
    people: dict[str, Assignment] = {}
    for assignment in sorted(plan.assignments, key=lambda one: one.starts_at):
        people.setdefault(assignment.visit_id, assignment)
    given = sorted((visit for visit in plan.visits if visit.id in people), key=lambda one: people[one.id].starts_at)
    binding: dict[str, list[str | None]] = {}
    for visit in (*given, *(visit for visit in plan.visits if visit.id not in people)):
        person = people[visit.id].person_id if visit.id in people else None
        for host_id in visit.host_ids:
            binding.setdefault(host_id, [visit.id if person is not None else None, person])
    return binding


def dispatched_of(row: CampaignRow) -> DispatchedPlan | None:
    """The plan that binds."""
    if row.plan_id is None or row.plan_at is None:
        return None
    return DispatchedPlan(PlanId(row.plan_id), row.plan_by or "", row.plan_at)


def _find(connection: Connection, plan_id: PlanId) -> Plan | None:
    text = connection.scalar(select(tables.plans.c.document).where(tables.plans.c.id == plan_id))
    return None if text is None else PLAN.from_text(text)
