"""When visits were started and finished, read from what people said in the ledger."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from threading import Lock
from weakref import WeakKeyDictionary

from flows.measured import FINISHED
from flows.visits import STARTS
from muster.campaign import Campaign
from muster.ids import CampaignId, ClientId, VisitId
from muster.plan import Assignment
from muster.ports import Ledger
from muster.records import Event
from partners.papers import Book
from portal.field.push_process import FAILED, PUSHED
from portal.reading import Reading
from reports.notes import text_of

PAGE = 5_000
KINDS = (FINISHED, PUSHED, FAILED)


@dataclass(frozen=True, slots=True)
class Mark:
    """When a visit was started and finished, by whom; None where it was not.

    Attributes:
        trouble: why its machines could not be pushed when somebody last asked for it; empty where they could.
    """

    started_at: datetime | None = None
    started_by: str = ""
    finished_at: datetime | None = None
    finished_by: str = ""
    trouble: str = ""

    def of(self, campaign: Campaign, placed: Assignment) -> "Mark":
        """As it counts for where the visit stands now: a start for an earlier time of it does not."""
        first = placed.starts_at - timedelta(minutes=campaign.running.early_minutes)
        if self.started_at is None or self.started_at >= first:
            return self
        return replace(self, started_at=None, started_by="")


NO_MARK = Mark()


@dataclass
class _Known:
    """The ends of one campaign's visits, up to a revision of the ledger."""

    revision: int = 0
    marks: dict[VisitId, Mark] = field(default_factory=dict)


_KNOWN: WeakKeyDictionary[Ledger, dict[CampaignId, _Known]] = WeakKeyDictionary()
_LOCK = Lock()


def marks_of(
    reading: Reading, ledger: Ledger, book: Book, campaign_id: CampaignId, client_ids: Iterable[ClientId]
) -> Mapping[VisitId, Mark]:
    """Of every visit at these clients that somebody started or finished."""
    found = dict(_ends(ledger, campaign_id, reading.newest(KINDS)))
    for client_id in sorted(set(client_ids)):
        for kept in book.papers(STARTS, campaign_id=campaign_id, client_id=client_id):
            start = kept.value
            before = found.get(start.visit_id, NO_MARK)
            found[start.visit_id] = replace(before, started_at=start.at, started_by=start.by)
    return found


def _ends(ledger: Ledger, campaign_id: CampaignId, newest: int) -> Mapping[VisitId, Mark]:
    """Visits that were finished, or could not be pushed, up to the newest such event; an event is read once."""
    with _LOCK:
        known = _KNOWN.setdefault(ledger, {}).setdefault(campaign_id, _Known())
        while known.revision < newest:
            page = ledger.events(campaign_id=campaign_id, after=known.revision, limit=PAGE, kinds=KINDS)
            for event in page:
                _take_in(known.marks, event)
            known.revision = page[-1].revision if len(page) == PAGE else newest
        return dict(known.marks)


def _take_in(marks: dict[VisitId, Mark], event: Event) -> None:
    visit_id = VisitId(text_of(event, "visit"))
    before = marks.get(visit_id, NO_MARK)
    if event.kind == FINISHED:
        marks[visit_id] = replace(before, finished_at=event.at, finished_by=event.by)
    else:
        marks[visit_id] = replace(before, trouble=text_of(event, "why"))
