"""Swaps: a partner asks to send somebody else of its people, and somebody of ours decides."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from muster.crew import Crew
from muster.ids import CampaignId, PartnerId, PersonId, VisitId
from muster.plan import Plan
from partners.errors import Refused


class SwapState(StrEnum):
    """Whether it was decided."""

    ASKED = "asked"
    APPROVED = "approved"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Swap:
    """One request."""

    id: str
    campaign_id: CampaignId
    visit_id: VisitId
    partner_id: PartnerId
    leaves: PersonId
    comes: PersonId
    reason: str
    asked_by: str
    asked_at: datetime
    state: SwapState = SwapState.ASKED
    decided_by: str = ""
    decided_at: datetime | None = None
    note: str = ""


def asked(
    swap_id: str, plan: Plan, crew: Crew, visit_id: VisitId, comes: PersonId, *, reason: str, by: str, at: datetime
) -> Swap:
    """A request for a visit of the plan that binds.

    Raises:
        Refused: the visit is nobody's of a partner, or the one who is to come is not of the same partner.
    """
    given = [one for one in plan.assignments if one.visit_id == visit_id]
    leaves = next((one.person_id for one in given if crew.engineer[one.person_id].partner_id is not None), None)
    if leaves is None:
        raise Refused(f"{visit_id} is not given to a partner by the plan that binds")
    partner_id = crew.engineer[leaves].partner_id
    if comes not in crew.engineer or crew.engineer[comes].partner_id != partner_id or partner_id is None:
        raise Refused(
            f"{comes} is not one of {partner_id}'s people", hint="only people of the same partner are swapped"
        )
    if comes == leaves:
        raise Refused(f"{comes} does {visit_id} already")
    return Swap(swap_id, plan.campaign_id, visit_id, partner_id, leaves, comes, reason, by, at)


def decided(swap: Swap, state: SwapState, *, by: str, at: datetime, note: str = "") -> Swap:
    """The answer.

    Raises:
        Refused: it was decided already, or by the one who asked.
    """
    if swap.state is not SwapState.ASKED:
        raise Refused(f"swap {swap.id} was {swap.state} already by {swap.decided_by}")
    if by.strip().casefold() == swap.asked_by.strip().casefold():
        raise Refused(f"{by} asked for the swap and cannot decide it", hint="somebody else decides")
    return replace(swap, state=state, decided_by=by, decided_at=at, note=note)
