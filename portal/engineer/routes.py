"""The routes of the engineer: the day, the visits, what is said of them, the calendar."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from muster.ids import CampaignId, VisitId
from portal.access import Role, Viewer, need, nothing_there, open_to_all
from portal.field import acts
from portal.field.common import person_of, photo_of, photo_response, source_of, told, worker_script
from portal.field.feeds import feed_by, feed_ics, feed_of, is_still_theirs, make_feed, revoke_feeds
from portal.field.pushing import is_pushing, push_visit
from portal.field.queries import Source, cards_of, day_page, own_assignment, visit_page
from portal.field.views import VisitPage
from portal.forms import Form, audited
from portal.keys import random_word
from portal.partner.lists import partner_cards
from portal.render import back_to, page
from portal.services import portal_of, services_of

router = APIRouter()
Me = Annotated[Viewer, Depends(need(Role.ENGINEER))]
InTheField = Annotated[Viewer, Depends(need(Role.ENGINEER, Role.PARTNER_TECHNICIAN))]
VISIT = "/engineer/visits/{campaign_id}/{visit_id}"
ICS = "text/calendar; charset=utf-8"


@router.get("/engineer")
def today(request: Request, viewer: Me) -> Response:
    """My day."""
    return _day(request, viewer, None)


@router.get("/engineer/day/{day}")
def one_day(request: Request, viewer: Me, day: date) -> Response:
    """Another day."""
    return _day(request, viewer, _near(day))


@router.get("/engineer/day/{day}/sheet")
def sheet(request: Request, viewer: Me, day: date) -> Response:
    """The day on paper: one page that is taken along."""
    source, person_id = source_of(request), person_of(viewer)
    found = day_page(source, person_id, _near(day), zone=_zone(source, viewer))
    visits = [visit_page(source, person_id, one.campaign_id, one.visit_id) for one in found.cards]
    return page(request, viewer, "engineer/sheet.html", day=found, visits=visits)


@router.get(VISIT)
def visit(request: Request, viewer: Me, campaign_id: str, visit_id: str) -> Response:
    """One visit."""
    found = _visit(request, viewer, campaign_id, visit_id)
    return _shown(request, viewer, "engineer/visit.html", found)


@router.get(f"{VISIT}/progress")
def progress(request: Request, viewer: Me, campaign_id: str, visit_id: str) -> Response:
    """The machines of a visit as they stand now: a part of its page that is asked for again and again."""
    found = _visit(request, viewer, campaign_id, visit_id)
    return _shown(request, viewer, "engineer/_machines.html", found)


@router.get(f"{VISIT}/photos/{{sha256}}")
def photo(request: Request, viewer: Me, campaign_id: str, visit_id: str, sha256: str) -> Response:
    """A photo that was sent with a word about the visit."""
    found = _visit(request, viewer, campaign_id, visit_id)
    return photo_response(request, photo_of(found, sha256))


@router.post(f"{VISIT}/start")
def start(request: Request, viewer: Me, form: Form, campaign_id: str, visit_id: str) -> Response:
    """The visit begins."""
    own = _own(request, viewer, campaign_id, visit_id)
    acts.start(services_of(request), own, form)
    audited(request, viewer, "visit started", campaign_id=campaign_id, visit_id=visit_id)
    return told(request, _path(own), "The visit has begun.")


@router.post(f"{VISIT}/push")
def push(request: Request, viewer: Me, _form: Form, campaign_id: str, visit_id: str) -> Response:
    """Muster asks the machines of the visit how they stand and pushes those that need it."""
    own = _own(request, viewer, campaign_id, visit_id)
    push_visit(portal_of(request), own)
    audited(request, viewer, "push asked for", campaign_id=campaign_id, visit_id=visit_id)
    return told(request, _path(own), "Muster is at work on the machines.")


@router.post(f"{VISIT}/say")
def say(request: Request, viewer: Me, form: Form, campaign_id: str, visit_id: str) -> Response:
    """A problem, a delay, that one cannot come, what was done by hand: kept once."""
    own = _own(request, viewer, campaign_id, visit_id)
    services, settings = services_of(request), portal_of(request).settings
    report = acts.say(services, settings.workspace, own, form)
    audited(
        request, viewer, f"said: {report.kind}", campaign_id=campaign_id, visit_id=visit_id, report=report.id,
        photos=[one.sha256 for one in report.photos],
    )  # fmt: skip
    return told(request, _path(own), "Thank you, the office sees it.")


@router.post(f"{VISIT}/finish")
def finish(request: Request, viewer: Me, form: Form, campaign_id: str, visit_id: str) -> Response:
    """The visit is over."""
    own = _own(request, viewer, campaign_id, visit_id)
    minutes = acts.finish(services_of(request), own, form)
    audited(request, viewer, "visit finished", campaign_id=campaign_id, visit_id=visit_id, minutes=minutes)
    return told(request, "/engineer", f"Finished after {minutes:g} minutes. Thank you.")


@router.get("/calendar")
def calendar_page(request: Request, viewer: InTheField) -> Response:
    """The private address of one's calendar."""
    return _calendar(request, viewer, "")


@router.post("/calendar")
def make_calendar(request: Request, viewer: InTheField, _form: Form) -> Response:
    """A new private address; the one before ends. It is shown this once."""
    person_id = person_of(viewer)
    word = make_feed(
        services_of(request), viewer.account_id, person_id, viewer.name, by=viewer.by, partner_id=viewer.partner_id
    )
    audited(request, viewer, "calendar address made")
    return _calendar(request, viewer, calendar_address(request, word))


@router.post("/calendar/revoke")
def revoke_calendar(request: Request, viewer: InTheField, _form: Form) -> Response:
    """The private address ends."""
    revoke_feeds(services_of(request), viewer.account_id, by=viewer.by)
    audited(request, viewer, "calendar address revoked")
    return back_to(request, "/calendar", say="The address does not work any more.")


@router.get("/calendar/{word}.ics", dependencies=[Depends(open_to_all)])
def feed(request: Request, word: str) -> Response:
    """The calendar of whoever made the address: the random word in it is what is asked for, and nothing else."""
    source = source_of(request)
    found = feed_by(source.services, word)
    if not is_still_theirs(portal_of(request), found):
        raise nothing_there()
    settings = portal_of(request).settings
    cards = cards_of(source, found.person_id) if found.partner_id is None else partner_cards(source, found, settings)
    made = feed_ics(cards, company=settings.company, at=source.reading.now)
    return Response(made, media_type=ICS, headers={"cache-control": "private, max-age=300"})


@router.get("/engineer/sw.js")
def worker(_viewer: Me) -> Response:
    """The script that keeps pages for when there is no connection; its address is the root of what it keeps."""
    return worker_script("/engineer")


def calendar_address(request: Request, word: str) -> str:
    """The whole address of a calendar, as a calendar's owner types it in."""
    base = portal_of(request).settings.portal_url.rstrip("/") or str(request.base_url).rstrip("/")
    return f"{base}/calendar/{word}.ics"


def _calendar(request: Request, viewer: Viewer, address: str) -> Response:
    feed = feed_of(services_of(request), viewer.account_id)
    return page(request, viewer, "engineer/calendar.html", feed=feed, address=address)


def _near(day: date) -> date:
    """A day that somebody can have visits on; the ends of the calendar have no time before or after them.

    Raises:
        NotFound: it is none.
    """
    if not 2000 <= day.year < 2200:
        raise nothing_there()
    return day


def _day(request: Request, viewer: Viewer, day: date | None) -> Response:
    source, person_id = source_of(request), person_of(viewer)
    found = day_page(source, person_id, day, zone=_zone(source, viewer))
    next_visit = None
    if found.is_today and found.next is not None:
        next_visit = visit_page(source, person_id, found.next.campaign_id, found.next.visit_id)
    return page(request, viewer, "engineer/day.html", day=found, next=next_visit, key=random_word())


def _zone(source: Source, viewer: Viewer) -> str:
    person = source.reading.crew.engineer.get(person_of(viewer))
    return viewer.timezone or (person.timezone if person else "UTC")


def _visit(request: Request, viewer: Viewer, campaign_id: str, visit_id: str) -> VisitPage:
    return visit_page(source_of(request), person_of(viewer), CampaignId(campaign_id), VisitId(visit_id))


def _shown(request: Request, viewer: Viewer, template: str, found: VisitPage) -> Response:
    pushing = is_pushing(found.card.campaign_id, found.card.visit_id)
    return page(request, viewer, template, visit=found, key=random_word(), base="/engineer", pushing=pushing)


def _own(request: Request, viewer: Viewer, campaign_id: str, visit_id: str) -> acts.Own:
    source = source_of(request)
    _, plan, mine = own_assignment(source, person_of(viewer), CampaignId(campaign_id), VisitId(visit_id))
    return acts.Own(viewer.account_id, viewer.by, plan, mine)


def _path(own: acts.Own) -> str:
    return f"/engineer/visits/{own.campaign_id}/{own.visit_id}"
