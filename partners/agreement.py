"""Agreements as data: who signed, when, until when, and every clause as values that rules and documents read."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

from muster.ids import ClientId
from muster.plan import Reason
from partners.errors import Refused
from partners.money import Money
from partners.sla import Sla


class RateUnit(StrEnum):
    """What a partner is paid for."""

    HOST = "host"
    VISIT = "visit"
    HOUR = "hour"


@dataclass(frozen=True, slots=True)
class Rate:
    """The price of a partner's work."""

    unit: RateUnit
    price: Money


@dataclass(frozen=True, slots=True)
class NonSolicitation:
    """Nobody takes the other's customers or staff.

    Attributes:
        survival_months: how long it binds after the agreement has ended.
        penalty: what a breach costs, in words for counsel; sums that punish are often not enforceable.
    """

    customers: bool = True
    staff: bool = True
    survival_months: int = 24
    penalty: str = "20 % of the earnings expected from the customer, or of the person's salary, in the first year"


@dataclass(frozen=True, slots=True)
class PaymentTerms:
    """When the partner is paid: so many days after the work was verified by a fresh probe."""

    days_after_verified: int = 14


@dataclass(frozen=True, slots=True)
class Cancellation:
    """What it costs to call a visit off later than ``notice_hours`` before it: a share of its price."""

    notice_hours: int = 24
    fee_percent: Decimal = Decimal(50)


@dataclass(frozen=True, slots=True)
class Clauses:
    """Everything the parties agree on but dates and names.

    Attributes:
        confidentiality_months: how long confidence is kept after the end; 0 for no such clause.
        onward_subcontracting: whether the partner may pass work on; the house's rules forbid it.
        rework_percent: share of a visit's price that a failed first try costs the partner; 0 where it costs nothing.
        introduction_percent: share of the earnings expected of a client in its first year that who was introduced to it
            owes; 0 for no such fee.
        rate: None where none is agreed yet; such an agreement covers no work.
    """

    non_solicitation: NonSolicitation | None = NonSolicitation()
    confidentiality_months: int = 60
    onward_subcontracting: bool = False
    rate: Rate | None = None
    payment: PaymentTerms = PaymentTerms()
    cancellation: Cancellation = Cancellation()
    rework_percent: Decimal = Decimal(0)
    introduction_percent: Decimal = Decimal(20)
    sla: Sla = ()


@dataclass(frozen=True, slots=True)
class Signature:
    """Who signed for which side, and when."""

    name: str
    on: date


@dataclass(frozen=True, slots=True)
class BoardApproval:
    """The board's word on it.

    Attributes:
        reference: where it is written, such as ``minutes of 3 September, item 4``.
    """

    by: str
    on: date
    reference: str = ""


@dataclass(frozen=True, slots=True)
class SignedAgreement:
    """What binds a partner, once both sides have signed.

    Attributes:
        valid_from, valid_until: both days count.
        capacity_minutes: the most work that it covers, None where it sets no limit.
        clients: the only clients it covers; empty means every client that allows partners.
        terminated_on: the first day on which it binds no more, where it was ended early.

    Raises:
        Refused: it ends before it begins.
    """

    id: str
    our_party: str
    their_party: str
    valid_from: date
    valid_until: date
    ours: Signature | None = None
    theirs: Signature | None = None
    board: BoardApproval | None = None
    capacity_minutes: int | None = None
    clients: tuple[ClientId, ...] = ()
    clauses: Clauses = field(default_factory=Clauses)
    terminated_on: date | None = None

    def __post_init__(self) -> None:
        if self.valid_until < self.valid_from:
            raise Refused(f"agreement {self.id} ends on {self.valid_until}, before it begins ({self.valid_from})")
        if self.capacity_minutes is not None and self.capacity_minutes < 0:
            raise Refused(f"agreement {self.id} covers less than no work")

    @property
    def last_day(self) -> date:
        """The last day on which work is covered."""
        ended = None if self.terminated_on is None else self.terminated_on - timedelta(days=1)
        return self.valid_until if ended is None else min(self.valid_until, ended)

    @property
    def binds_until(self) -> date:
        """Until when confidence and non-solicitation bind, survival included."""
        clauses = self.clauses
        months = max(
            clauses.confidentiality_months,
            clauses.non_solicitation.survival_months if clauses.non_solicitation else 0,
        )
        return months_after(self.last_day, months)


def months_after(day: date, months: int) -> date:
    """The same day so many months later, or the last one of that month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    for last in (day.day, 30, 29, 28):
        try:
            return date(year, month + 1, last)
        except ValueError:
            continue
    raise ValueError(f"{months} months after {day} is no day")


def objections(agreement: SignedAgreement, day: date, *, board_needed: bool) -> tuple[Reason, ...]:
    """Why an agreement covers no work on a day; empty where it does."""
    return (
        *_signed(agreement, day, board_needed=board_needed),
        *_in_force(agreement, day),
        *_clauses(agreement),
    )


def _signed(agreement: SignedAgreement, day: date, *, board_needed: bool) -> list[Reason]:
    found = []
    for side, signature in ((agreement.our_party, agreement.ours), (agreement.their_party, agreement.theirs)):
        if signature is None or signature.on > day:
            found.append(
                Reason(
                    "agreement",
                    f"agreement {agreement.id} is not signed by {side}",
                    "have it signed: muster partner sign",
                )
            )
    if board_needed and (agreement.board is None or agreement.board.on > day):
        text = f"the board has not approved agreement {agreement.id}"
        found.append(Reason("agreement", text, "record it: muster partner sign --board"))
    return found


def _in_force(agreement: SignedAgreement, day: date) -> list[Reason]:
    if day < agreement.valid_from:
        return [Reason("agreement", f"agreement {agreement.id} begins on {agreement.valid_from}", "work later")]
    if day > agreement.last_day:
        ended = "was ended" if agreement.last_day < agreement.valid_until else "ended"
        return [Reason("agreement", f"agreement {agreement.id} {ended} on {agreement.last_day}", "a new agreement")]
    return []


def _clauses(agreement: SignedAgreement) -> list[Reason]:
    """Clauses without which nobody is sent to a client."""
    clauses = agreement.clauses
    fair = clauses.non_solicitation
    missing = [
        words
        for words, there in (
            ("no soliciting of customers and of staff", fair is not None and fair.customers and fair.staff),
            ("confidentiality", clauses.confidentiality_months > 0),
            ("no onward subcontracting", not clauses.onward_subcontracting),
            ("a rate", clauses.rate is not None),
        )
        if not there
    ]
    return [Reason("agreement", f"agreement {agreement.id} has no clause on {one}", "agree on it") for one in missing]
