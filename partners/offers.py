"""Offers to clients: a price list, a quote for each client, and the sign-up that makes it revenue."""

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum

from muster.errors import InputError
from muster.ids import CampaignId, ClientId
from partners.errors import Refused
from partners.money import Money, total_in


@dataclass(frozen=True, slots=True)
class VolumeDiscount:
    """So many percent off from so many machines on; of several the one for the most machines counts."""

    from_hosts: int
    percent: Decimal


@dataclass(frozen=True, slots=True)
class ContractPrice:
    """What a client with a contract of its own pays: so many percent of the list, 0 where the contract covers it."""

    client_id: ClientId
    percent: Decimal


@dataclass(frozen=True, slots=True)
class Offer:
    """A campaign's price list.

    Attributes:
        per_host: for every machine of the client in the campaign, right already or not: it is what is made sure.
        per_site: for every site.
        minimum: no quote is lower, contracts apart.

    Raises:
        InputError: prices of different currencies, or a discount outside 0 to 100.
    """

    id: str
    campaign_id: CampaignId
    name: str
    per_host: Money
    per_site: Money
    minimum: Money
    volume: tuple[VolumeDiscount, ...] = ()
    contracts: tuple[ContractPrice, ...] = ()

    def __post_init__(self) -> None:
        currencies = {self.per_host.currency, self.per_site.currency, self.minimum.currency}
        if len(currencies) > 1:
            raise InputError(
                f"offer {self.id} has prices in {' and '.join(sorted(currencies))}; one offer, one currency"
            )
        percents = [one.percent for one in self.volume] + [one.percent for one in self.contracts]
        if any(not 0 <= one <= 100 for one in percents):
            raise InputError(f"offer {self.id}: a percentage lies between 0 and 100")


class QuoteState(StrEnum):
    """Whether the client has said yes."""

    OFFERED = "offered"
    SIGNED = "signed"
    DECLINED = "declined"


@dataclass(frozen=True, slots=True)
class QuoteLine:
    """One line of a quote."""

    text: str
    sum: Money


@dataclass(frozen=True, slots=True)
class Quote:
    """What one client is offered.

    Attributes:
        valid_until: the last day on which it can be signed.
        signed_by, signed_on: the sign-up: who of the client, and when.
    """

    campaign_id: CampaignId
    client_id: ClientId
    offer_id: str
    hosts: int
    sites: int
    lines: tuple[QuoteLine, ...]
    valid_until: date
    state: QuoteState = QuoteState.OFFERED
    signed_by: str = ""
    signed_on: date | None = None

    @property
    def id(self) -> str:
        """One for each client and campaign."""
        return f"{self.campaign_id}/{self.client_id}"

    @property
    def total(self) -> Money:
        """All lines together."""
        return total_in((line.sum for line in self.lines), self.lines[0].sum.currency)


def quote(offer: Offer, client_id: ClientId, *, hosts: int, sites: int, valid_until: date) -> Quote:
    """The quote of an offer for one client.

    Raises:
        InputError: there is nothing to quote for.
    """
    if hosts < 1 or sites < 1:
        raise InputError(f"client {client_id} has {hosts} machines at {sites} sites in the campaign: nothing to quote")
    lines = [
        QuoteLine(f"{hosts} machines at {offer.per_host}", offer.per_host.times(hosts)),
        QuoteLine(f"{sites} sites at {offer.per_site}", offer.per_site.times(sites)),
    ]
    lines += _volume(offer, hosts, _sum(lines))
    lines += _minimum(offer, _sum(lines))
    lines += _contract(offer, client_id, _sum(lines))
    return Quote(offer.campaign_id, client_id, offer.id, hosts, sites, tuple(lines), valid_until)


def _sum(lines: list[QuoteLine]) -> Money:
    return total_in((line.sum for line in lines), lines[0].sum.currency)


def _volume(offer: Offer, hosts: int, so_far: Money) -> list[QuoteLine]:
    reached = [one for one in offer.volume if hosts >= one.from_hosts]
    if not reached:
        return []
    best = max(reached, key=lambda one: one.from_hosts)
    text = f"{best.percent} % off from {best.from_hosts} machines on"
    return [QuoteLine(text, -so_far.times(best.percent / 100))]


def _minimum(offer: Offer, so_far: Money) -> list[QuoteLine]:
    return (
        []
        if so_far.covers(offer.minimum)
        else [QuoteLine(f"up to the minimum of {offer.minimum}", offer.minimum - so_far)]
    )


def _contract(offer: Offer, client_id: ClientId, so_far: Money) -> list[QuoteLine]:
    price = next((one for one in offer.contracts if one.client_id == client_id), None)
    if price is None:
        return []
    return [QuoteLine(f"by contract {price.percent} % of it are paid", so_far.times(price.percent / 100) - so_far)]


def signed(quote_: Quote, *, by: str, on: date) -> Quote:
    """The client's yes.

    Raises:
        Refused: it was answered already, has run out, or nobody signed.
    """
    if quote_.state is not QuoteState.OFFERED:
        raise Refused(f"quote {quote_.id} was {quote_.state} already")
    if on > quote_.valid_until:
        raise Refused(f"quote {quote_.id} was valid until {quote_.valid_until}", hint="quote again: muster money quote")
    if not by.strip():
        raise Refused(f"quote {quote_.id} was signed by nobody", hint="say who: --by")
    return replace(quote_, state=QuoteState.SIGNED, signed_by=by, signed_on=on)


def declined(quote_: Quote) -> Quote:
    """The client's no.

    Raises:
        Refused: it was answered already.
    """
    if quote_.state is not QuoteState.OFFERED:
        raise Refused(f"quote {quote_.id} was {quote_.state} already")
    return replace(quote_, state=QuoteState.DECLINED)
