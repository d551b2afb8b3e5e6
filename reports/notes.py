"""Notes that reports keep in the ledger, read back in pages."""

from collections.abc import Iterator, Sequence

from muster.ids import CampaignId
from muster.ports import Ledger
from muster.records import Event

PAGE = 5000


def events_of(
    ledger: Ledger, campaign_id: CampaignId | None = None, *, after: int = 0, kinds: Sequence[str] = ()
) -> Iterator[Event]:
    """Every event, oldest first; of one campaign, and of some kinds, where they are given."""
    while page := ledger.events(campaign_id=campaign_id, after=after, limit=PAGE, kinds=kinds):
        yield from page
        after = page[-1].revision


def notes_of(ledger: Ledger, campaign_id: CampaignId, kinds: frozenset[str]) -> Iterator[Event]:
    """The events of these kinds, oldest first."""
    return events_of(ledger, campaign_id, kinds=sorted(kinds))


def text_of(event: Event, key: str) -> str:
    """A text of an event's data; empty where it has none."""
    value = event.data.get(key)
    return "" if value is None else str(value)
