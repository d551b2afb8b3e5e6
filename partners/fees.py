"""Fees beside the work: a visit that is called off too late, and a client that one side introduced to the other.

Both are sums by the agreement's own clauses, exact to the cent, and stand in the profit as lines of their own.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from muster.ids import CampaignId, ClientId, PartnerId, PersonId, VisitId
from partners.agreement import SignedAgreement
from partners.errors import Refused
from partners.money import Money
from partners.work import price_of


@dataclass(frozen=True, slots=True)
class Cancellation:
    """A partner's visit that was called off.

    Attributes:
        planned_start: when it would have begun.
        fee: what whoever called it off owes the other by the agreement; nothing where it was in time.
        ours: whether we called it off; else the partner did.
        excluded: whether the visit is not given to this partner again.
    """

    campaign_id: CampaignId
    visit_id: VisitId
    partner_id: PartnerId
    client_id: ClientId
    person_id: PersonId
    agreement_id: str
    planned_start: datetime
    at: datetime
    reason: str
    fee: Money
    ours: bool = True
    excluded: bool = False

    @property
    def id(self) -> str:
        """One for each visit and planned start."""
        return f"{self.campaign_id}/{self.visit_id}/{self.planned_start.isoformat()}"


@dataclass(frozen=True, slots=True)
class Introduction:
    """A client that one side brought to the other, and what is owed for it.

    Attributes:
        expected: the earnings expected of the client in the first year.
        fee: the agreement's share of them.
        owed_to_us: whether the partner owes it; else we do.
    """

    id: str
    partner_id: PartnerId
    client_id: ClientId
    agreement_id: str
    expected: Money
    fee: Money
    owed_to_us: bool
    on: date
    by: str
    campaign_id: CampaignId | None = None


def cancellation_fee(
    agreement: SignedAgreement, *, planned_start: datetime, at: datetime, hosts: int, minutes: int
) -> Money:
    """What it costs to call a visit off at an instant: a share of its price, once the notice is too short.

    Raises:
        Refused: the agreement has no rate, so that a visit has no price.
    """
    clause = agreement.clauses.cancellation
    price = price_of(agreement, hosts=hosts, minutes=minutes)
    in_time = planned_start - at >= timedelta(hours=clause.notice_hours)
    return price.times(Decimal(0) if in_time or at >= planned_start else clause.fee_percent / 100)


def introduction_fee(agreement: SignedAgreement, expected: Money) -> Money:
    """What is owed for a client that was introduced, by the agreement.

    Raises:
        Refused: the earnings are below nothing.
    """
    if expected.amount < 0:
        raise Refused(f"{expected} are no earnings to be expected")
    return expected.times(agreement.clauses.introduction_percent / 100)
