"""A partner's work: claimed by it, verified by a fresh probe and never by its word, approved, paid.

One ``Work`` is one visit. Its hosts are each claimed, then verified or reopened; where one is reopened the payment of
the whole visit is held until it is claimed again and a probe finds it right.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from fractions import Fraction

from muster.ids import CampaignId, ClientId, HostId, PartnerId, PersonId, VisitId
from partners.agreement import RateUnit, SignedAgreement
from partners.errors import Refused
from partners.money import Money


class HostWorkState(StrEnum):
    """Where one machine of the work stands."""

    CLAIMED = "claimed"
    VERIFIED = "verified"
    REOPENED = "reopened"


class WorkState(StrEnum):
    """Where the work stands on its way to being paid."""

    CLAIMED = "claimed"
    HELD = "held"
    """A probe found one of its machines wrong."""
    VERIFIED = "verified"
    PAYABLE = "payable"
    PAID = "paid"


@dataclass(frozen=True, slots=True)
class HostWork:
    """One machine: since when it is claimed, when a probe answered, and how often the answer was no.

    Attributes:
        claimed_at: when the work on it was over; a probe that found it wrong before says nothing about the work.
        begun_at: when the work on it began, where that is known; a probe that found it right since then counts.
    """

    host_id: HostId
    state: HostWorkState
    claimed_at: datetime
    probed_at: datetime | None = None
    failures: int = 0
    begun_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Payable:
    """What is owed for work that was verified.

    Attributes:
        gross: by the agreement's rate.
        rework: taken off for machines that were wrong at the first try.
    """

    gross: Money
    rework: Money
    approved_by: str
    approved_on: date
    due_on: date
    paid_by: str = ""
    paid_on: date | None = None
    reference: str = ""

    @property
    def net(self) -> Money:
        """What is paid."""
        return self.gross - self.rework


@dataclass(frozen=True, slots=True)
class Work:
    """One visit of a partner, from its claim to its payment.

    Attributes:
        planned_minutes: of the visit; an hourly rate pays no more than these.
        planned_start: when the client was told somebody would come.
        started_at, ended_at: as the partner says.
    """

    campaign_id: CampaignId
    visit_id: VisitId
    partner_id: PartnerId
    client_id: ClientId
    person_id: PersonId
    agreement_id: str
    planned_start: datetime
    planned_minutes: int
    started_at: datetime
    ended_at: datetime
    hosts: tuple[HostWork, ...]
    confirmed_at: datetime | None = None
    payable: Payable | None = None

    @property
    def id(self) -> str:
        """Unique over all campaigns."""
        return f"{self.campaign_id}/{self.visit_id}"

    @property
    def state(self) -> WorkState:
        """Where it stands, from its machines and its payment."""
        states = {host.state for host in self.hosts}
        if self.payable is not None and self.payable.paid_on is not None:
            return WorkState.PAID
        if HostWorkState.REOPENED in states:
            return WorkState.HELD
        if HostWorkState.CLAIMED in states:
            return WorkState.CLAIMED
        return WorkState.VERIFIED if self.payable is None else WorkState.PAYABLE

    @property
    def verified_at(self) -> datetime | None:
        """When the last of its machines was found right; None where one is not."""
        if any(host.state is not HostWorkState.VERIFIED for host in self.hosts):
            return None
        return max(host.probed_at for host in self.hosts if host.probed_at is not None)

    @property
    def first_try(self) -> int:
        """Machines that were right when first probed."""
        return sum(host.state is HostWorkState.VERIFIED and host.failures == 0 for host in self.hosts)

    @property
    def minutes(self) -> int:
        """What counts of its time: as claimed, and no more than planned."""
        claimed = round((self.ended_at - self.started_at) / timedelta(minutes=1))
        return max(0, min(claimed, self.planned_minutes))


def claimed_again(work: Work, at: datetime) -> Work:
    """The reopened machines claimed once more.

    Raises:
        Refused: none of them is reopened.
    """
    if not any(host.state is HostWorkState.REOPENED for host in work.hosts):
        raise Refused(f"{work.id} is {work.state} and has no machine that was reopened")
    hosts = tuple(
        replace(host, state=HostWorkState.CLAIMED, claimed_at=at, begun_at=None)
        if host.state is HostWorkState.REOPENED
        else host
        for host in work.hosts
    )
    return replace(work, hosts=hosts)


def probed(work: Work, host_id: HostId, at: datetime, *, right: bool) -> Work:
    """What a probe's answer makes of the work.

    Only an answer that is newer than the claim, and newer than the one before, says anything; a machine that is found
    wrong is reopened, also when it was verified before, until the work is paid. An approval falls with it.
    """
    if work.state is WorkState.PAID:
        return work
    hosts = tuple(_after_probe(host, at, right=right) if host.host_id == host_id else host for host in work.hosts)
    if hosts == work.hosts:
        return work
    reopened = any(host.state is HostWorkState.REOPENED for host in hosts)
    return replace(work, hosts=hosts, payable=None if reopened else work.payable)


def _after_probe(host: HostWork, at: datetime, *, right: bool) -> HostWork:
    since = host.begun_at if right and host.begun_at is not None else host.claimed_at
    if at <= since or (host.probed_at is not None and at <= host.probed_at):
        return host
    if right and host.state is HostWorkState.CLAIMED:
        return replace(host, state=HostWorkState.VERIFIED, probed_at=at)
    if not right and host.state is not HostWorkState.REOPENED:
        return replace(host, state=HostWorkState.REOPENED, probed_at=at, failures=host.failures + 1)
    return host


def approved(work: Work, agreement: SignedAgreement, *, by: str, on: date) -> Work:
    """Verified work becomes payable, at the agreement's rate, due so many days after the probe.

    Raises:
        Refused: it is not verified, or the agreement is another one or has no rate.
    """
    verified_at = work.verified_at
    if work.state is not WorkState.VERIFIED or verified_at is None:
        raise Refused(f"{work.id} is {work.state}; only verified work becomes payable", hint="muster partner settle")
    if agreement.id != work.agreement_id:
        raise Refused(f"{work.id} was done under agreement {work.agreement_id}, not {agreement.id}")
    gross = price(work, agreement)
    failed = sum(host.failures > 0 for host in work.hosts)
    share = Fraction(agreement.clauses.rework_percent) / 100 * Fraction(failed, len(work.hosts))
    due = verified_at.date() + timedelta(days=agreement.clauses.payment.days_after_verified)
    return replace(work, payable=Payable(gross, gross.times(share), by, on, due))


def paid(work: Work, *, by: str, on: date, reference: str) -> Work:
    """Payable work is paid.

    Raises:
        Refused: it is not payable.
    """
    if work.state is not WorkState.PAYABLE or work.payable is None:
        raise Refused(f"{work.id} is {work.state}; only payable work is paid")
    return replace(work, payable=replace(work.payable, paid_by=by, paid_on=on, reference=reference))


def price(work: Work, agreement: SignedAgreement) -> Money:
    """What the work costs by the agreement's rate, before rework is taken off."""
    return price_of(agreement, hosts=len(work.hosts), minutes=work.minutes)


def price_of(agreement: SignedAgreement, *, hosts: int, minutes: int) -> Money:
    """What a visit of so many machines and minutes costs.

    Raises:
        Refused: the agreement has no rate.
    """
    rate = agreement.clauses.rate
    if rate is None:
        raise Refused(f"agreement {agreement.id} has no rate")
    match rate.unit:
        case RateUnit.HOST:
            return rate.price.times(hosts)
        case RateUnit.VISIT:
            return rate.price
        case RateUnit.HOUR:
            return rate.price.times(Fraction(minutes, 60))
