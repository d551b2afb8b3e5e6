"""What somebody in the field does: start a visit, push its machines, say something of it, finish it."""

from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from flows.measured import finish_visit
from flows.services import Services
from flows.visits import start_visit
from muster.errors import InputError
from muster.ids import CampaignId, ClientId, HostId, PartnerId, PersonId, VisitId
from muster.plan import Assignment, Plan
from partners.papers import Index, Shelf, change
from portal.field.evidence import MOST_BYTES, MOST_PHOTOS, keep_photo
from portal.field.records import FieldKind, FieldReport, Photo, keep, key_of, told_at
from portal.forms import Posted

MOST_HOURS = 24


@dataclass(frozen=True, slots=True)
class Own:
    """A visit that somebody was given: whose it is was checked before one of these is made."""

    account_id: str
    by: str
    plan: Plan
    assignment: Assignment
    partner_id: PartnerId | None = None

    @property
    def campaign_id(self) -> CampaignId:
        """The campaign that the visit is of."""
        return self.plan.campaign_id

    @property
    def visit_id(self) -> VisitId:
        """The visit."""
        return self.assignment.visit_id

    @property
    def person_id(self) -> PersonId:
        """Who does it."""
        return self.assignment.person_id

    @property
    def host_ids(self) -> tuple[HostId, ...]:
        """Its machines."""
        return self.plan.visit[self.visit_id].host_ids


def start(services: Services, own: Own, form: Posted) -> None:
    """The visit begins, from when it was said. Said again, the first word stays.

    Raises:
        InputError: it is too early, or too late.
        CampaignStopped: somebody stopped the campaign.
    """
    said = form.text("said_at", "")
    at = told_at(said, services.clock.now()) if said else None
    start_visit(services, own.campaign_id, own.visit_id, by=own.by, at=at)


def say(services: Services, workspace: Path, own: Own, form: Posted) -> FieldReport:
    """Keep what somebody says of a visit, with photos; once, however often it is sent.

    Raises:
        InputError: it says nothing, or a photo is none or too large.
    """
    now = services.clock.now()
    host_id = form.text("host", "")
    if host_id and host_id not in own.host_ids:
        raise InputError("this machine is not on the list of the visit", hint="choose one of its machines")
    report = FieldReport(
        id=key_of(own.account_id, form.text("key")),
        campaign_id=own.campaign_id,
        visit_id=own.visit_id,
        client_id=own.plan.visit[own.visit_id].client_id,
        person_id=own.person_id,
        kind=_kind(form.text("kind")),
        text=form.text("text", ""),
        said_at=told_at(form.text("said_at", ""), now),
        received_at=now,
        by=own.by,
        minutes=round(form.number("minutes", 0)),
        host_id=HostId(host_id) if host_id else None,
        photos=_photos(workspace, form),
        partner_id=own.partner_id,
    )
    return keep(services, report)


@dataclass(frozen=True, slots=True)
class Ended:
    """That an entry which ends a visit has been taken; ``id`` is account and key, as of a field report."""

    id: str
    campaign_id: CampaignId
    client_id: ClientId
    visit_id: VisitId
    minutes: float


ENDS = Shelf("visit end", Ended, lambda one: Index(one.id, None, one.client_id, one.campaign_id))
_ENDING = Lock()
"""So that the same entry, sent twice at the same time, is not written down twice."""


def finish(services: Services, own: Own, form: Posted) -> float:
    """Write down that the visit is over and what it took, once for each entry; gives the minutes.

    Raises:
        InputError: the minutes cannot be right.
    """
    minutes, travel = form.number("minutes"), form.number("travel", -1)
    if not 1 <= minutes <= MOST_HOURS * 60 or travel > MOST_HOURS * 60:
        raise InputError("how long did it take, in minutes?", hint="such as 95")
    key = form.text("key", "")
    made = Ended(
        key_of(own.account_id, key) if key else "",
        own.campaign_id,
        own.plan.visit[own.visit_id].client_id,
        own.visit_id,
        minutes,
    )
    with _ENDING:
        if made.id and services.book.find(ENDS, made.id) is not None:
            return minutes
        finish_visit(
            services,
            own.campaign_id,
            own.visit_id,
            minutes=minutes,
            travel_minutes=travel if travel >= 0 else None,
            by=own.by,
            note=form.text("note", "")[:2000],
        )
        if made.id:
            services.book.write([change(ENDS, made, "visit end kept")], by=own.by)
    return minutes


def _kind(text: str) -> FieldKind:
    try:
        return FieldKind(text)
    except ValueError:
        raise InputError(f"{text!r} is nothing that can be said of a visit") from None


def _photos(workspace: Path, form: Posted) -> tuple[Photo, ...]:
    chosen = [one for one in form.files.get("photo", ()) if one.filename]
    try:
        if len(chosen) > MOST_PHOTOS:
            raise InputError(f"{len(chosen)} photos at once; the most are {MOST_PHOTOS}", hint="send the rest after it")
        contents = [one.file.read(MOST_BYTES + 1) for one in chosen]
    finally:
        for one in form.files.get("photo", ()):
            one.file.close()
    return tuple(dict.fromkeys(keep_photo(workspace, content) for content in contents if content))
