"""What a partner says of the visits it is shown: yes, no, another time; and who confirmed the rules of conduct."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from muster.ids import CampaignId, ClientId, PartnerId, PersonId, PlanId, VisitId
from partners.money import Money
from partners.papers import Index, Shelf


class AnswerState(StrEnum):
    """What the partner says."""

    ACCEPTED = "accepted"
    DECLINED = "declined"
    COUNTERED = "counter-offer"


@dataclass(frozen=True, slots=True)
class Answer:
    """A partner's word on a visit as it stands; a visit that is moved afterwards asks for another one.

    Attributes:
        planned_start: of the visit when it was answered.
        offered_start: another time, where the counter-offer is about that.
        price: another price, where it is about that.
        fits: whether the other time fits without anything else moving; None where it was not about time.
        finding: what was found when the other time was tried, for whoever decides.
        plan_id: a proposal with the visit at the other time; binds when it is dispatched.
    """

    campaign_id: CampaignId
    visit_id: VisitId
    partner_id: PartnerId
    client_id: ClientId
    person_id: PersonId
    planned_start: datetime
    state: AnswerState
    text: str
    by: str
    at: datetime
    offered_start: datetime | None = None
    price: Money | None = None
    fits: bool | None = None
    finding: str = ""
    plan_id: PlanId | None = None

    @property
    def id(self) -> str:
        """One for each visit; a new word replaces the one before, and the record keeps both."""
        return f"{self.campaign_id}/{self.visit_id}"


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A technician has read the rules of conduct for a visit and goes by them."""

    campaign_id: CampaignId
    visit_id: VisitId
    partner_id: PartnerId
    person_id: PersonId
    rules: str
    by: str
    at: datetime

    @property
    def id(self) -> str:
        """One for each visit and person."""
        return f"{self.campaign_id}/{self.visit_id}/{self.person_id}"


ANSWERS = Shelf(
    "partner answer", Answer, lambda one: Index(one.id, one.partner_id, one.client_id, one.campaign_id, one.state.value)
)
CONDUCT = Shelf("conduct confirmed", Confirmed, lambda one: Index(one.id, one.partner_id, None, one.campaign_id))
