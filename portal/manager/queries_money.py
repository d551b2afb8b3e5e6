"""Money: price list, quotes and how they were answered, and the profit with partners and without them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from flows.profit import profit_of
from flows.services import Services
from muster.ids import CampaignId, ClientId
from partners.money import Money, total
from partners.offers import Offer, Quote, QuoteState
from partners.papers import OFFERS, QUOTES, Index, Shelf, change
from partners.profit import Comparison, Line, LineKind, Statement
from portal.beside import Sum
from portal.manager.common import Rows, rows_of
from portal.manager.kept import worked_out_now
from portal.reading import Reading

VALID = timedelta(days=30)
OWN = "our own people"
MOST_GROUPS = 60


@dataclass(frozen=True, slots=True)
class QuoteLine:
    """A client's quote."""

    client_id: str
    client: str
    hosts: int
    sites: int
    total: str
    lines: tuple[tuple[str, str], ...]
    state: str
    tone: str
    note: str
    can_answer: bool


@dataclass(frozen=True, slots=True)
class KindRow:
    """One sort of line, or the profit, in every statement."""

    name: str
    sums: tuple[str, ...]
    loss: tuple[bool, ...]
    total: bool


@dataclass(frozen=True, slots=True)
class Bar:
    """The profit of one statement; shares (0 to 1) of the largest, from the zero line."""

    name: str
    words: str
    share: float
    loss: bool


@dataclass(frozen=True, slots=True)
class GroupRow:
    """One client, partner or week: profit planned, forecast, actual, and without partners."""

    name: str
    sums: tuple[str, ...]
    loss: tuple[bool, ...]
    missed: int


@dataclass(frozen=True, slots=True)
class Profit:
    """The comparison, ready to be shown.

    Attributes:
        worked_out_at: aware; it is not worked out anew by itself, because it takes a search.
        lead: the sentence that says why it paid, or did not.
    """

    campaign_id: CampaignId
    worked_out_at: datetime
    currency: str
    lead: str
    bars: tuple[Bar, ...]
    heads: tuple[str, ...]
    kinds: tuple[KindRow, ...]
    clients: tuple[GroupRow, ...]
    partners: tuple[GroupRow, ...]
    weeks: tuple[GroupRow, ...]
    other: int


@dataclass(frozen=True, slots=True)
class MoneyPage:
    """Everything that the page shows."""

    offers: tuple[Offer, ...]
    quotes: Rows[QuoteLine]
    signed: int
    signed_sum: str
    offered_sum: str
    profit: Profit | None
    until: date


PROFITS = Shelf("profit page", Profit, lambda one: Index(one.campaign_id, campaign_id=one.campaign_id))
"""The profit of each campaign as it was worked out last: every process of the portal shows the same."""


def money_page(services: Services, reading: Reading, campaign_id: CampaignId, page: int) -> MoneyPage:
    """Offers, quotes, and the profit as it was worked out last."""
    book = services.book
    offers = tuple(one.value for one in book.papers(OFFERS) if one.value.campaign_id == campaign_id)
    quotes = [one.value for one in book.papers(QUOTES, campaign_id=campaign_id)]
    names = {client.id: client.name for client in reading.fleet.clients}
    order = {QuoteState.OFFERED: 0, QuoteState.SIGNED: 1, QuoteState.DECLINED: 2}
    quotes.sort(key=lambda one: (order.get(one.state, 3), names.get(one.client_id, one.client_id)))
    shown, worked_out = rows_of(quotes, page), book.find(PROFITS, campaign_id)
    signed = [one for one in quotes if one.state is QuoteState.SIGNED]
    offered = [one for one in quotes if one.state is QuoteState.OFFERED]
    return MoneyPage(
        offers,
        Rows(
            tuple(_quote(one, names.get(one.client_id, one.client_id)) for one in shown.rows),
            shown.total,
            shown.page,
            shown.pages,
        ),
        len(signed),
        _sums([one.total for one in signed], services.currency),
        _sums([one.total for one in offered], services.currency),
        worked_out.value if worked_out else None,
        (reading.now + VALID).date(),
    )


def work_out(services: Services, reading: Reading, campaign_id: CampaignId, *, seconds: float, by: str) -> Profit:
    """Work the profit out anew, with a search for the plan without partners, and keep it for those who look.

    Of a large campaign that is done in the process beside: whoever asked waits for it, and nobody else does.

    Raises:
        NotFound: no plan was dispatched.
    """
    hosts = reading.counts(campaign_id).total()
    found = worked_out_now(services, reading, Sum(_worked_out, (campaign_id, seconds)), hosts)
    before = services.book.find(PROFITS, campaign_id)
    services.book.write([change(PROFITS, found, "profit worked out", before)], by=by)
    return found


def _worked_out(services: Services, _reading: Reading, campaign_id: CampaignId, seconds: float) -> Profit:
    return _profit(campaign_id, profit_of(services, campaign_id, seconds=seconds), services.clock.now())


def _quote(one: Quote, client: str) -> QuoteLine:
    notes = {
        QuoteState.OFFERED: f"valid until {one.valid_until}",
        QuoteState.SIGNED: f"signed by {one.signed_by}, {one.signed_on}",
        QuoteState.DECLINED: "",
    }
    return QuoteLine(
        one.client_id,
        client,
        one.hosts,
        one.sites,
        _told(one.total),
        tuple((line.text, _told(line.sum)) for line in one.lines),
        one.state.value,
        {QuoteState.SIGNED: "good", QuoteState.DECLINED: "bad"}.get(one.state, "idle"),
        notes.get(one.state, ""),
        one.state is QuoteState.OFFERED,
    )


def _profit(campaign_id: CampaignId, found: Comparison, at: datetime) -> Profit:
    statements = found.statements
    return Profit(
        campaign_id,
        at,
        found.planned.currency,
        _lead(found),
        _bars(found),
        ("planned", "forecast", "actual", "without partners"),
        tuple(_kinds(statements)),
        _groups(found, lambda line: found.names.get(line.client_id, line.client_id), found.missed),
        _groups(found, lambda line: found.names.get(line.partner_id, line.partner_id) if line.partner_id else OWN),
        _groups(found, lambda line: line.week),
        sum(len(one.other) for one in statements),
    )


def _lead(found: Comparison) -> str:
    gain = found.gain
    lost = found.protected_with - found.protected_without
    more = "earns" if gain.amount >= 0 else "costs"
    sentence = (
        f"With partners {found.protected_with:,} of {found.hosts:,} machines are right in time, "
        f"without them {found.protected_without:,}."
    )
    if lost:
        clients = len(found.missed)
        sentence += f" {lost:,} machines of {clients:,} client{'' if clients == 1 else 's'} would be missed."
    return f"{sentence} Working with partners {more} {_told(gain if gain.amount >= 0 else -gain)} more than alone."


def _bars(found: Comparison) -> tuple[Bar, ...]:
    named = (
        ("planned", found.planned),
        ("forecast", found.forecast),
        ("actual, so far", found.actual),
        ("planned without partners", found.without),
    )
    most = max(abs(one.profit.amount) for _, one in named) or 1
    return tuple(
        Bar(name, _told(one.profit), float(abs(one.profit.amount) / most), one.profit.amount < 0) for name, one in named
    )


def _kinds(statements: tuple[Statement, ...]) -> list[KindRow]:
    rows = []
    for kind in LineKind:
        sums = [one.total(kind) for one in statements]
        if any(one.amount for one in sums):
            rows.append(_kind_row(kind.value, sums, total_=False))
    rows.append(_kind_row("profit", [one.profit for one in statements], total_=True))
    return rows


def _kind_row(name: str, sums: list[Money], *, total_: bool) -> KindRow:
    return KindRow(name, tuple(map(_told, sums)), tuple(one.amount < 0 for one in sums), total_)


def _groups(
    found: Comparison, key: Callable[[Line], str], missed: Mapping[ClientId, int] | None = None
) -> tuple[GroupRow, ...]:
    """Profit by group in every statement; missed machines by the client's name."""
    nothing = Money(found.planned.profit.amount * 0, found.planned.currency)
    by = [one.by(key) for one in found.statements]
    lost = {found.names.get(client_id, client_id): number for client_id, number in (missed or {}).items()}
    names = sorted({name for one in by for name in one})[:MOST_GROUPS]
    rows = []
    for name in names:
        sums = [one.get(name, nothing) for one in by]
        rows.append(GroupRow(name, tuple(map(_told, sums)), tuple(one.amount < 0 for one in sums), lost.get(name, 0)))
    return tuple(rows)


def _sums(sums: list[Money], currency: str) -> str:
    return ", ".join(map(_told, total(sums))) or f"{currency}\N{NO-BREAK SPACE}0.00"


def _told(sum_: Money) -> str:
    return f"{sum_.currency}\N{NO-BREAK SPACE}{sum_.amount:,.2f}"
