"""What people in the field say: that they run late or cannot come, what went wrong, what they did by hand.

Each is a paper on the shelf ``FIELD`` of the book, so that it is an event of the ledger and is found again by client
and campaign. Its id is made by the phone when it is entered: what is sent twice, because the answer to the first time
was lost, is kept once.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from flows.services import Services
from muster.errors import Conflict, InputError
from muster.ids import CampaignId, ClientId, HostId, PartnerId, PersonId, VisitId
from muster.messages import Message, Severity
from partners.papers import Book, Index, Shelf, change
from portal.field.telling import alert_of

KEY = re.compile(r"[0-9A-Za-z-]{8,64}")
LONGEST_TEXT = 4_000
OLDEST = timedelta(days=14)
"""What a phone says it was told longer ago than this is believed to be a wrong clock."""
REPLAN_WANTED = "replan wanted"
"""The kind of note that says that somebody cannot come."""


class FieldKind(StrEnum):
    """What somebody says of a visit."""

    NOTE = "note"
    PROBLEM = "problem"
    LATE = "running late"
    CANNOT_COME = "cannot come"
    BY_HAND = "finished by hand"


@dataclass(frozen=True, slots=True)
class Photo:
    """A picture that lies beside the ledger under its own hash."""

    sha256: str
    media_type: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class FieldReport:
    """One thing that somebody said of a visit.

    Attributes:
        id: account and key, as the phone made it when it was entered.
        minutes: how late, where it is about that.
        host_id: the machine that it is about; None for the visit as a whole.
        said_at: when it was entered on the phone; ``received_at`` when it got here.
    """

    id: str
    campaign_id: CampaignId
    visit_id: VisitId
    client_id: ClientId
    person_id: PersonId
    kind: FieldKind
    text: str
    said_at: datetime
    received_at: datetime
    by: str
    minutes: int = 0
    host_id: HostId | None = None
    photos: tuple[Photo, ...] = ()
    partner_id: PartnerId | None = None


ALERTS = {
    FieldKind.CANNOT_COME: ("cannot-come", Severity.WARNING),
    FieldKind.PROBLEM: ("field-problem", Severity.WARNING),
}
FIELD = Shelf(
    "field report",
    FieldReport,
    lambda one: Index(one.id, one.partner_id, one.client_id, one.campaign_id, one.kind.value),
)


def key_of(account_id: str, key: str) -> str:
    """The id of what an account entered under a key.

    Raises:
        InputError: the key is none that a page of ours makes.
    """
    if not KEY.fullmatch(key):
        raise InputError("the key of this entry is not whole", hint="load the page again and enter it anew")
    return f"{account_id}/{key}"


def told_at(said: str, now: datetime) -> datetime:
    """When the phone says it was entered; now where its clock cannot be right."""
    try:
        at = datetime.fromisoformat(said)
    except ValueError:
        return now
    return at if at.tzinfo is not None and now - OLDEST <= at <= now + timedelta(minutes=2) else now


def keep(services: Services, report: FieldReport) -> FieldReport:
    """Keep what was said, once. Who cannot come has the visit planned anew: that is noted for the planner.

    Raises:
        InputError: it says nothing, or too much.
    """
    known = services.book.find(FIELD, report.id)
    if known is not None:
        return known.value
    _refuse_empty(report)
    made = [change(FIELD, report, f"field report: {report.kind}")]
    try:
        services.book.write(made, by=report.by, messages=_alert(services, report))
    except Conflict:  # the same entry, sent twice at the same time
        again = services.book.find(FIELD, report.id)
        if again is None:
            raise
        return again.value
    if report.kind is FieldKind.CANNOT_COME:
        services.ledger.note(
            REPLAN_WANTED,
            by=report.by,
            campaign_id=report.campaign_id,
            visit_id=report.visit_id,
            data={"person": report.person_id, "reason": report.text, "report": report.id},
        )
    return report


def reports_of(book: Book, campaign_id: CampaignId, client_id: ClientId) -> tuple[FieldReport, ...]:
    """Everything that was said of a client's visits, in the order in which it was said."""
    kept = book.papers(FIELD, campaign_id=campaign_id, client_id=client_id)
    return tuple(sorted((one.value for one in kept), key=lambda one: (one.said_at, one.id)))


def _alert(services: Services, report: FieldReport) -> tuple[Message, ...]:
    """Who is told at once: of a problem, and of somebody who cannot come."""
    if report.kind not in ALERTS:
        return ()
    kind, severity = ALERTS[report.kind]
    words = "cannot come to" if report.kind is FieldKind.CANNOT_COME else "reports a problem at"
    sentence = f"{report.by} {words} {report.visit_id}: {report.text}"
    return alert_of(
        services, kind, severity, sentence, campaign_id=report.campaign_id, visit_id=report.visit_id, about=report.id
    )


def _refuse_empty(report: FieldReport) -> None:
    if len(report.text) > LONGEST_TEXT:
        raise InputError(f"the text has {len(report.text):,} characters; the most are {LONGEST_TEXT:,}")
    if report.kind is FieldKind.LATE:
        if not 1 <= report.minutes <= 600:
            raise InputError("how late, in minutes?", hint="a number from 1 to 600")
    elif not report.text.strip() and not report.photos:
        raise InputError("what happened? A few words or a photo are needed")
