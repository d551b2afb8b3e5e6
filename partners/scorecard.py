"""Scorecards from what happened, both ways: how the partner did, and how we did by it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal

from muster.errors import InputError
from muster.ids import CampaignId, ClientId, PartnerId, VisitId
from partners.file import HouseRules
from partners.matters import Matter, MatterKind
from partners.work import HostWorkState, Work

APPROVE_WITHIN = timedelta(days=3)
CONFIRM_BEFORE = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Feedback:
    """What a client said of a partner's visit, 1 to 5.

    Raises:
        InputError: the points are out of range.
    """

    campaign_id: CampaignId
    visit_id: VisitId
    partner_id: PartnerId
    client_id: ClientId
    points: int
    text: str
    by: str

    def __post_init__(self) -> None:
        if not 1 <= self.points <= 5:
            raise InputError(f"{self.points} points: feedback goes from 1 to 5")

    @property
    def id(self) -> str:
        """One for each visit and person asked."""
        return f"{self.campaign_id}/{self.visit_id}/{self.by}"


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many; no share where there are none."""

    good: int
    of: int

    @property
    def percent(self) -> Decimal | None:
        """In percent to one decimal; None of nothing."""
        if not self.of:
            return None
        return (Decimal(100 * self.good) / self.of).quantize(Decimal("0.1"), ROUND_HALF_UP)

    def __str__(self) -> str:
        return f"{self.good} of {self.of} ({self.percent} %)" if self.of else "nothing yet"


@dataclass(frozen=True, slots=True)
class Scorecard:
    """One partner's record.

    Attributes:
        first_try: machines that were right when first probed, of those that were probed.
        on_time: visits that began between ``early`` before and ``late`` after the promised hour.
        reworked: machines that were found wrong at least once.
        confirmed, approved_in_time, paid_in_time: our side: told a day ahead, approved in three days, paid when due.
    """

    partner_id: PartnerId
    visits: int
    first_try: Share
    on_time: Share
    reworked: Share
    incidents: int
    referrals: int
    feedback: Decimal | None
    confirmed: Share
    approved_in_time: Share
    paid_in_time: Share


def scorecard(
    partner_id: PartnerId,
    works: Sequence[Work],
    matters: Sequence[Matter],
    feedback: Sequence[Feedback],
    rules: HouseRules,
) -> Scorecard:
    """The record of one partner from its own work, matters and feedback; the others' are passed over."""
    own = [work for work in works if work.partner_id == partner_id]
    hosts = [host for work in own for host in work.hosts if host.probed_at is not None]
    points = [one.points for one in feedback if one.partner_id == partner_id]
    its = [one for one in matters if one.partner_id == partner_id]
    return Scorecard(
        partner_id=partner_id,
        visits=len(own),
        first_try=Share(sum(host.state is HostWorkState.VERIFIED and host.failures == 0 for host in hosts), len(hosts)),
        on_time=Share(sum(is_on_time(work, rules) for work in own), len(own)),
        reworked=Share(sum(host.failures > 0 for host in hosts), len(hosts)),
        incidents=sum(one.kind is MatterKind.INCIDENT for one in its),
        referrals=sum(one.kind is MatterKind.REFERRAL for one in its),
        feedback=(Decimal(sum(points)) / len(points)).quantize(Decimal("0.1"), ROUND_HALF_UP) if points else None,
        confirmed=_confirmed(own),
        approved_in_time=_approved(own),
        paid_in_time=_paid(own),
    )


def is_on_time(work: Work, rules: HouseRules) -> bool:
    """Whether it began when the client was told, with the usual tolerance."""
    early, late = timedelta(minutes=rules.early_tolerance_minutes), timedelta(minutes=rules.late_tolerance_minutes)
    return work.planned_start - early <= work.started_at <= work.planned_start + late


def _confirmed(works: Sequence[Work]) -> Share:
    told = [work for work in works if work.confirmed_at is not None]
    return Share(
        sum(work.confirmed_at <= work.planned_start - CONFIRM_BEFORE for work in told if work.confirmed_at), len(told)
    )


def _approved(works: Sequence[Work]) -> Share:
    done = [(work.verified_at, work.payable) for work in works]
    judged = [(at, payable) for at, payable in done if at is not None and payable is not None]
    return Share(sum(payable.approved_on <= (at + APPROVE_WITHIN).date() for at, payable in judged), len(judged))


def _paid(works: Sequence[Work]) -> Share:
    payables = [work.payable for work in works if work.payable is not None and work.payable.paid_on is not None]
    return Share(sum(one.paid_on <= one.due_on for one in payables if one.paid_on is not None), len(payables))
