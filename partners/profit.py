"""The profit of a campaign: lines of revenue and cost by client, partner and week, planned, forecast and actual.

Every line is its effect on profit: revenue is above nothing, costs are below it. Revenue is earned machine by machine
of signed quotes; a visit's cost is that of ``partners.booking``, a partner's work costs what its agreement says.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from muster.ids import ClientId, HostId, PartnerId, VisitId
from partners.agreement import RateUnit, SignedAgreement
from partners.booking import Booked, week_of
from partners.fees import Cancellation, Introduction
from partners.file import ClientTerms
from partners.money import Money, total_in
from partners.offers import Quote, QuoteState
from partners.work import Work, price_of


class LineKind(StrEnum):
    """What a line is for."""

    REVENUE = "revenue"
    LABOUR = "labour"
    TRAVEL = "travel"
    OVERTIME = "overtime"
    PARTNER = "partners"
    REWORK = "rework"
    """Taken off a partner's payment: above nothing."""
    PENALTY = "penalties"
    CANCELLATION = "cancellations"
    """Of visits that were called off too late: below nothing where we called them off, above where a partner did."""
    INTRODUCTION = "introductions"
    """Clients that one side brought to the other: above nothing where the partner owes it."""


class Stage(StrEnum):
    """How far it is known."""

    PLANNED = "planned"
    FORECAST = "forecast"
    ACTUAL = "actual"


@dataclass(frozen=True, slots=True)
class Line:
    """One effect on profit; ``partner_id`` is None for our own."""

    kind: LineKind
    client_id: ClientId
    partner_id: PartnerId | None
    week: str
    sum: Money


@dataclass(frozen=True)
class Statement:
    """All lines of one stage of one way of doing it, in one currency.

    Attributes:
        other: lines in other currencies; they are shown, and never added to these.
    """

    name: str
    currency: str
    lines: tuple[Line, ...]
    other: tuple[Line, ...] = ()

    @property
    def profit(self) -> Money:
        """Everything together."""
        return self.sum_of(self.lines)

    def total(self, kind: LineKind) -> Money:
        """All lines of a kind."""
        return self.sum_of(line for line in self.lines if line.kind is kind)

    def by(self, key: Callable[[Line], str]) -> dict[str, Money]:
        """Profit by client, week or whatever ``key`` says, by its name."""
        groups: dict[str, list[Line]] = {}
        for line in self.lines:
            groups.setdefault(key(line), []).append(line)
        return {name: self.sum_of(groups[name]) for name in sorted(groups)}

    def sum_of(self, lines: Iterable[Line]) -> Money:
        """Some lines together."""
        return total_in((line.sum for line in lines), self.currency)


@dataclass(frozen=True)
class Facts:
    """Everything that statements are made from.

    Attributes:
        clients: the hosts of each client in the campaign.
        protected: hosts that are right now.
        deadline_week: where penalties are booked, and what was right already.
        cancellations, introductions: fees; they were not planned.
        timezone: IANA, of the campaign: its weeks are told in it.
    """

    currency: str
    now: datetime
    deadline: datetime
    deadline_week: str
    first_week: str
    clients: Mapping[ClientId, tuple[HostId, ...]]
    protected: frozenset[HostId]
    booked: tuple[Booked, ...]
    quotes: Mapping[ClientId, Quote]
    terms: Mapping[ClientId, ClientTerms]
    agreements: Mapping[PartnerId, SignedAgreement]
    works: Mapping[VisitId, Work]
    cancellations: tuple[Cancellation, ...] = ()
    introductions: tuple[Introduction, ...] = ()
    timezone: str = "UTC"


def statement(name: str, stage: Stage, facts: Facts) -> Statement:
    """The lines of one stage."""
    lines = tuple(line for line in _lines(stage, facts) if line.sum.amount)
    return Statement(
        name,
        facts.currency,
        tuple(line for line in lines if line.sum.currency == facts.currency),
        tuple(line for line in lines if line.sum.currency != facts.currency),
    )


def shares(total: Money, parts: Sequence[int], of: int) -> list[Money]:
    """``total`` shared out by parts of ``of``, so that all parts together are exact to the cent.

    >>> [str(one) for one in shares(Money(Decimal("10.00"), "EUR"), [1, 1, 1], 3)]
    ['3.33 EUR', '3.34 EUR', '3.33 EUR']
    """
    given, told, found = 0, Money(Decimal(0), total.currency), []
    for part in parts:
        given = min(of, given + part)
        reached = total.times(Fraction(given, of)) if of else told
        found.append(reached - told)
        told = reached
    return found


def _lines(stage: Stage, facts: Facts) -> Iterator[Line]:
    by_client: dict[ClientId, list[Booked]] = {client_id: [] for client_id in facts.clients}
    for one in facts.booked:
        by_client.setdefault(one.client_id, []).append(one)
        yield from _costs(stage, facts, one)
    for client_id, visits in by_client.items():
        yield from _revenue(stage, facts, client_id, visits)
        yield from _penalty(stage, facts, client_id, visits)
    if stage is not Stage.PLANNED:
        yield from _fees(facts)


def _fees(facts: Facts) -> Iterator[Line]:
    """Cancellations in the week in which the visit would have been, introductions in that of their day."""
    for one in facts.cancellations:
        week = week_of(one.planned_start, facts.timezone)
        yield Line(LineKind.CANCELLATION, one.client_id, one.partner_id, week, -one.fee if one.ours else one.fee)
    for made in facts.introductions:
        year, number, _ = made.on.isocalendar()
        owed = made.fee if made.owed_to_us else -made.fee
        yield Line(LineKind.INTRODUCTION, made.client_id, made.partner_id, f"{year}-W{number:02}", owed)


def _is_over(facts: Facts, one: Booked) -> bool:
    return one.ends_at <= facts.now or facts.protected.issuperset(one.host_ids)


def _counted(stage: Stage, facts: Facts, one: Booked) -> int:
    """The machines of a visit that are earned by it."""
    if not one.leads:
        return 0
    if stage is Stage.PLANNED or (stage is Stage.FORECAST and not _is_over(facts, one)):
        return len(one.host_ids)
    return sum(host_id in facts.protected for host_id in one.host_ids)


def _without_visit(facts: Facts, client_id: ClientId, visits: Sequence[Booked]) -> tuple[int, int]:
    """Machines of a client that no visit sees to: those that are right, and those that are not."""
    seen = {host_id for one in visits for host_id in one.host_ids}
    rest = [host_id for host_id in facts.clients.get(client_id, ()) if host_id not in seen]
    right = sum(host_id in facts.protected for host_id in rest)
    return right, len(rest) - right


def _revenue(stage: Stage, facts: Facts, client_id: ClientId, visits: Sequence[Booked]) -> Iterator[Line]:
    quote = facts.quotes.get(client_id)
    if quote is None or quote.state is not QuoteState.SIGNED:
        return
    right, _ = _without_visit(facts, client_id, visits)
    parts = [right, *(_counted(stage, facts, one) for one in visits)]
    sums = shares(quote.total, parts, quote.hosts)
    yield Line(LineKind.REVENUE, client_id, None, facts.first_week, sums[0])
    for one, earned in zip(visits, sums[1:], strict=True):
        yield Line(LineKind.REVENUE, client_id, one.partner_id, one.week, earned)


def _costs(stage: Stage, facts: Facts, one: Booked) -> Iterator[Line]:
    planned = stage is Stage.PLANNED or (stage is Stage.FORECAST and not _is_over(facts, one))
    if one.partner_id is not None:
        yield from _partner_costs(stage, facts, one, one.partner_id)
    elif planned or _is_over(facts, one):
        for kind, cents in (
            (LineKind.LABOUR, one.labour_cents),
            (LineKind.TRAVEL, one.travel_cents),
            (LineKind.OVERTIME, one.overtime_cents),
        ):
            yield Line(kind, one.client_id, None, one.week, -Money.of_cents(cents, facts.currency))


def _partner_costs(stage: Stage, facts: Facts, one: Booked, partner_id: PartnerId) -> Iterator[Line]:
    work = facts.works.get(one.visit_id)
    payable = work.payable if work is not None else None
    if stage is not Stage.PLANNED and payable is not None:
        if one.leads:
            yield Line(LineKind.PARTNER, one.client_id, partner_id, one.week, -payable.gross)
            yield Line(LineKind.REWORK, one.client_id, partner_id, one.week, payable.rework)
    elif stage is not Stage.ACTUAL:
        yield Line(LineKind.PARTNER, one.client_id, partner_id, one.week, -partner_price(facts, one, partner_id))


def partner_price(facts: Facts, one: Booked, partner_id: PartnerId) -> Money:
    """What a partner's visit will cost: by its agreement, or by the planner's cents where it has none on file.

    Of several people at one visit each is paid by the hour; prices per machine and per visit are paid once.
    """
    return price_booked(one, facts.agreements.get(partner_id), facts.currency)


def price_booked(one: Booked, agreement: SignedAgreement | None, currency: str) -> Money:
    """What one person's part of a visit costs by an agreement; by the planner's cents where there is none."""
    rate = agreement.clauses.rate if agreement is not None else None
    if agreement is None or rate is None:
        return Money.of_cents(one.cents, currency)
    if rate.unit is not RateUnit.HOUR and not one.leads:
        return Money(Decimal(0), rate.price.currency)
    return price_of(agreement, hosts=len(one.host_ids), minutes=one.minutes)


def _penalty(stage: Stage, facts: Facts, client_id: ClientId, visits: Sequence[Booked]) -> Iterator[Line]:
    terms = facts.terms.get(client_id)
    if terms is None or terms.penalty_per_host is None:
        return
    count = missed(stage, facts, client_id, visits)
    yield Line(LineKind.PENALTY, client_id, None, facts.deadline_week, -terms.penalty_per_host.times(count))


def missed(stage: Stage, facts: Facts, client_id: ClientId, visits: Sequence[Booked]) -> int:
    """Machines of a client that will not be right in time (planned, forecast), or were not (actual)."""
    _, left_out = _without_visit(facts, client_id, visits)
    if stage is Stage.PLANNED:
        return left_out
    if stage is Stage.ACTUAL:
        hosts = facts.clients.get(client_id, ())
        return sum(host_id not in facts.protected for host_id in hosts) if facts.now >= facts.deadline else 0
    over = {host_id for one in visits if _is_over(facts, one) for host_id in one.host_ids}
    return left_out + len(over - facts.protected)


@dataclass(frozen=True)
class Comparison:
    """The page that shows why it paid.

    Attributes:
        missed: by client, machines that would not be right in time without partners, beyond those missed with them.
        names: what clients and partners are called, by id.
    """

    campaign: str
    planned: Statement
    forecast: Statement
    actual: Statement
    without: Statement
    missed: Mapping[ClientId, int]
    protected_with: int
    protected_without: int
    hosts: int
    names: Mapping[str, str] = field(default_factory=dict)

    @property
    def statements(self) -> tuple[Statement, ...]:
        """All of them, the plan first."""
        return self.planned, self.forecast, self.actual, self.without

    @property
    def gain(self) -> Money:
        """How much more is planned to be earned with partners than without."""
        return self.planned.profit - self.without.profit
