"""What is kept of partners and money: shelves of immutable papers, each under a key and with a version.

A change is a whole new paper with the version that it replaces; who has read an older one is refused. ``Book`` is the
port; ``ledger/`` implements it with one event for every change.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from muster.ids import CampaignId, ClientId, PartnerId
from muster.messages import Message
from partners.fees import Cancellation, Introduction
from partners.file import ClientTerms, HouseRules, PartnerFile
from partners.matters import Matter
from partners.offers import Offer, Quote
from partners.scope import Disclosure
from partners.scorecard import Feedback
from partners.swaps import Swap
from partners.work import Work

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Index:
    """What a paper is found by."""

    key: str
    partner_id: PartnerId | None = None
    client_id: ClientId | None = None
    campaign_id: CampaignId | None = None
    state: str = ""


@dataclass(frozen=True)
class Shelf(Generic[T]):
    """One sort of paper.

    Attributes:
        name: as events and tables call it.
        of: its type.
        index: what a paper of it is found by.
        moves_plans: whether a plan that was made before a change must be judged again.
    """

    name: str
    of: type[T]
    index: Callable[[T], Index]
    moves_plans: bool = False


@dataclass(frozen=True)
class Kept(Generic[T]):
    """A paper as it stands, with its version: 1 for the first."""

    value: T
    version: int


@dataclass(frozen=True, slots=True)
class Change:
    """A paper that is new or replaces version ``replaces`` (0: there was none); ``what`` happened, in words."""

    shelf: str
    of: type[object]
    index: Index
    value: object
    replaces: int
    what: str
    moves_plans: bool


def change(shelf: Shelf[T], value: T, what: str, before: Kept[T] | None = None) -> Change:
    """A change of one paper; ``before`` is what was read and is replaced."""
    version = 0 if before is None else before.version
    return Change(shelf.name, shelf.of, shelf.index(value), value, version, what, shelf.moves_plans)


class Book(Protocol):
    """Keeps papers; every method is one transaction."""

    def find(self, shelf: Shelf[T], key: str) -> Kept[T] | None:
        """One paper; None where there is none."""
        ...

    def papers(
        self,
        shelf: Shelf[T],
        *,
        partner_id: PartnerId | None = None,
        client_id: ClientId | None = None,
        campaign_id: CampaignId | None = None,
    ) -> tuple[Kept[T], ...]:
        """All papers of a shelf, or those of a partner, a client or a campaign, by their keys."""
        ...

    def write(self, changes: Sequence[Change], *, by: str, messages: Sequence[Message] = ()) -> int:
        """Write all of them or none; gives the newest revision of the record.

        ``messages`` about them are queued in the ledger's outbox in the same transaction.

        Raises:
            Conflict: somebody has changed one of them since it was read.
        """
        ...


FILES = Shelf("partner", PartnerFile, lambda one: Index(one.id, partner_id=one.id), moves_plans=True)
TERMS = Shelf("client terms", ClientTerms, lambda one: Index(one.client_id, client_id=one.client_id), moves_plans=True)
RULES = Shelf("house rules", HouseRules, lambda _: Index("house"), moves_plans=True)
DISCLOSURES = Shelf("disclosure", Disclosure, lambda one: Index(one.id, one.partner_id, one.client_id, one.campaign_id))
MATTERS = Shelf("matter", Matter, lambda one: Index(one.id, one.partner_id, one.client_id, one.campaign_id, one.state))
SWAPS = Shelf("swap", Swap, lambda one: Index(one.id, one.partner_id, None, one.campaign_id, one.state))
WORK = Shelf("work", Work, lambda one: Index(one.id, one.partner_id, one.client_id, one.campaign_id, one.state))
FEEDBACK = Shelf("feedback", Feedback, lambda one: Index(one.id, one.partner_id, one.client_id, one.campaign_id))
OFFERS = Shelf("offer", Offer, lambda one: Index(one.id, None, None, one.campaign_id))
QUOTES = Shelf("quote", Quote, lambda one: Index(one.id, None, one.client_id, one.campaign_id, one.state))
CANCELLATIONS = Shelf(
    "cancellation",
    Cancellation,
    lambda one: Index(one.id, one.partner_id, one.client_id, one.campaign_id),
    moves_plans=True,
)
INTRODUCTIONS = Shelf(
    "introduction", Introduction, lambda one: Index(one.id, one.partner_id, one.client_id, one.campaign_id)
)
