"""A visit at another time that somebody outside asks for: tried at once, and kept as a proposal where it fits.

The plan with the visit there is judged as dispatch judges it. It is kept only where nothing else moves for it; it binds
nobody until somebody of ours dispatches it.
"""

from dataclasses import dataclass
from datetime import datetime

from flows.moving import Wish, around, make_way
from flows.services import Services
from muster.errors import MusterError
from muster.ids import PersonId, PlanId, VisitId
from muster.plan import Plan


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of a try.

    Attributes:
        fits: whether the visit can be there and everything else stays.
        finding: for whoever decides; may name other visits and people.
        plan_id: the proposal; None where it does not fit.
    """

    fits: bool
    finding: str
    plan_id: PlanId | None = None


def try_at(
    services: Services, plan: Plan, visit_id: VisitId, person_id: PersonId, starts_at: datetime, *, by: str
) -> Tried:
    """Try a visit at another time, and keep the plan where nothing that is planned moves for it."""
    try:
        found = make_way(services, around(services, plan), plan, Wish(visit_id, person_id, starts_at))
    except MusterError as error:
        return Tried(fits=False, finding=error.message)
    others = [one.visit_id for one in found.moves if one.visit_id != visit_id and one.before is not None]
    if not found.granted:
        return Tried(fits=False, finding=found.why_not or "it does not fit there")
    if others:
        more = f" and {len(others) - 3} more" if len(others) > 3 else ""
        return Tried(fits=False, finding=f"{', '.join(others[:3])}{more} would have to move")
    services.ledger.save_plan(found.plan, by=by)
    return Tried(fits=True, finding="it fits, and nothing else moves", plan_id=found.plan.id)
