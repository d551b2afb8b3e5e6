"""What a client's contact says: another time that is wanted, and how a visit was."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from muster.errors import InputError
from muster.ids import CampaignId, ClientId, PersonId, PlanId, VisitId
from partners.papers import Index, Shelf


class RequestState(StrEnum):
    """Whether it was decided."""

    ASKED = "asked"
    GRANTED = "granted"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class SlotRequest:
    """A client wants a visit at another time.

    Attributes:
        before: when the visit was to begin; a request for a visit that has moved since is over.
        wanted: when it is to begin; aware.
        person_id: who is free then.
        finding: what was found when it was tried, for whoever decides.
        plan_id: the proposal with the visit there; None where it did not fit.
    """

    campaign_id: CampaignId
    visit_id: VisitId
    client_id: ClientId
    person_id: PersonId
    before: datetime
    wanted: datetime
    by: str
    at: datetime
    finding: str
    plan_id: PlanId | None
    state: RequestState = RequestState.ASKED
    decided_by: str = ""
    decided_at: datetime | None = None
    note: str = ""

    @property
    def id(self) -> str:
        """One for each visit; a new wish replaces the one before."""
        return f"{self.campaign_id}/{self.visit_id}"


@dataclass(frozen=True, slots=True)
class OwnFeedback:
    """What a client said of a visit of our own people, 1 to 5; a partner's is ``partners.scorecard.Feedback``.

    Raises:
        InputError: the points are out of range.
    """

    campaign_id: CampaignId
    visit_id: VisitId
    client_id: ClientId
    person_id: PersonId
    points: int
    text: str
    by: str
    at: datetime

    def __post_init__(self) -> None:
        if not 1 <= self.points <= 5:
            raise InputError(f"{self.points} points: feedback goes from 1 to 5")

    @property
    def id(self) -> str:
        """One for each visit and person asked."""
        return f"{self.campaign_id}/{self.visit_id}/{self.by}"


SLOT_REQUESTS = Shelf(
    "slot request", SlotRequest, lambda one: Index(one.id, None, one.client_id, one.campaign_id, one.state.value)
)
OWN_FEEDBACK = Shelf("own feedback", OwnFeedback, lambda one: Index(one.id, None, one.client_id, one.campaign_id))
