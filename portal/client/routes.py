"""The routes of a client's contact: visits, another time, whom to ask for, how it was, the certificate."""

from itertools import groupby
from typing import Annotated
from urllib.parse import quote
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from muster.errors import InputError
from muster.ids import CampaignId, ClientId, VisitId
from muster.plan import Plan
from partners.papers import FEEDBACK, change
from partners.scorecard import Feedback
from portal.access import Role, Viewer, need, nothing_there
from portal.client.certificates import CONTENT_POLICY, certificate_archive, certificate_page
from portal.client.queries import ClientVisit, certificate_lines, client_page, client_visit, photo_file
from portal.client.records import OWN_FEEDBACK, OwnFeedback
from portal.client.slots import slots_soon, wish_for
from portal.client.speech import COOKIE, LASTS_S, Speech, speech_of
from portal.field.common import source_of
from portal.field.contacts import CONTACTS, SiteContact
from portal.forms import Form, audited
from portal.manager.common import PageNumber
from portal.nav import NavItem, is_current
from portal.render import back_to, page
from portal.services import portal_of, reading_of, services_of
from reports.signing import KEY_FILE

router = APIRouter()
Contact = Annotated[Viewer, Depends(need(Role.CLIENT_CONTACT))]
VISIT = "/client/visits/{campaign_id}/{visit_id}"
CERTIFICATE = "/client/certificate/{campaign_id}/{client_id}"
ROLES = frozenset({Role.CLIENT_CONTACT})
NAV = (
    NavItem("Visits", "/client/visits", ROLES, place=10),
    NavItem("Certificate", "/client/certificate", ROLES, place=20),
)


@router.get("/client")
@router.get("/client/visits")
def visits(request: Request, viewer: Contact, page_number: PageNumber = 1, later: int = 1) -> Response:
    """What comes, and what was, each page by page; ``later`` is the page of what comes."""
    settings, source = portal_of(request).settings, source_of(request)
    speech = speech_of(request, viewer, source.reading)
    found = client_page(source, viewer, speech, settings.company, settings.workspace, page_number, later)
    return _page(request, viewer, speech, "client/visits.html", found=found)


@router.get(VISIT)
def visit(request: Request, viewer: Contact, campaign_id: str, visit_id: str) -> Response:
    """One visit."""
    found, _, speech = _visit(request, viewer, campaign_id, visit_id)
    return _page(request, viewer, speech, "client/visit.html", visit=found, slots=None, looking=False)


@router.get(f"{VISIT}/times")
def times(request: Request, viewer: Contact, campaign_id: str, visit_id: str) -> Response:
    """The visit with other times that fit."""
    found, plan, speech = _visit(request, viewer, campaign_id, visit_id)
    if not found.can_move:
        raise nothing_there()
    zone = _zone(found)
    services, reading = services_of(request), reading_of(request)
    slots = slots_soon(services, reading, plan, found.visit_id, zone)
    local = [(one.starts_at.astimezone(zone), one.ends_at.astimezone(zone)) for one in slots or ()]
    by_day = [(day, list(some)) for day, some in groupby(local, key=lambda one: one[0].replace(hour=0, minute=0))]
    return _page(request, viewer, speech, "client/visit.html", visit=found, slots=by_day, looking=slots is None)


@router.post(f"{VISIT}/times")
def choose(request: Request, viewer: Contact, form: Form, campaign_id: str, visit_id: str) -> Response:
    """Ask for one of the other times."""
    found, plan, speech = _visit(request, viewer, campaign_id, visit_id)
    if not found.can_move:
        raise nothing_there()
    wanted = form.instant("starts")
    try:
        made = wish_for(
            services_of(request), reading_of(request), plan, found.visit_id, wanted, _zone(found), by=viewer.by
        )
    except InputError:
        return back_to(request, f"{found.path}/times", say=speech.say("gone"), tone="warn")
    audited(
        request, viewer, "another time asked", campaign_id=campaign_id, visit_id=visit_id,
        wanted=made.wanted.isoformat(), plan=made.plan_id,
    )  # fmt: skip
    return back_to(request, found.path, say=speech.say("asked_said"))


@router.post(f"{VISIT}/contact")
def contact(request: Request, viewer: Contact, form: Form, campaign_id: str, visit_id: str) -> Response:
    """Whom to ask for at the site."""
    found, _, speech = _visit(request, viewer, campaign_id, visit_id)
    book = portal_of(request).services.book
    made = SiteContact(
        found.contact.site_id,
        found.contact.client_id,
        form.text("name", "")[:200],
        form.text("phone", "")[:60],
        form.text("arriving", "")[:1000],
    )
    book.write([change(CONTACTS, made, "site contact named", book.find(CONTACTS, made.site_id))], by=viewer.by)
    audited(request, viewer, "site contact named", campaign_id=campaign_id, visit_id=visit_id, site=made.site_id)
    return back_to(request, found.path, say=speech.say("saved"))


@router.post(f"{VISIT}/feedback")
def feedback(request: Request, viewer: Contact, form: Form, campaign_id: str, visit_id: str) -> Response:
    """How it was: one question. What is said of a partner's visit stands on its scorecard."""
    found, plan, speech = _visit(request, viewer, campaign_id, visit_id)
    if not found.over:
        raise nothing_there()
    points, text = round(form.number("points")), form.text("text", "")[:2000]
    _keep_feedback(request, viewer, found, plan, points, text)
    audited(request, viewer, "feedback given", campaign_id=campaign_id, visit_id=visit_id, points=points)
    return back_to(request, found.path, say=speech.say("thanks"))


@router.get(f"{VISIT}/photo")
def photo(request: Request, viewer: Contact, campaign_id: str, visit_id: str) -> Response:
    """The photo of who comes."""
    found, plan, _ = _visit(request, viewer, campaign_id, visit_id)
    person = next(one.person_id for one in plan.assignments if one.visit_id == found.visit_id)
    file = photo_file(portal_of(request).settings.workspace, person)
    if file is None:
        raise nothing_there()
    return FileResponse(file, headers={"cache-control": "private, max-age=3600"})


@router.get("/client/certificate")
def certificates(request: Request, viewer: Contact) -> Response:
    """The certificates that may be had."""
    source = source_of(request)
    speech = speech_of(request, viewer, source.reading)
    return _page(
        request,
        viewer,
        speech,
        "client/certificates.html",
        lines=certificate_lines(source, viewer),
        signed=_has_key(request),
    )


@router.get(CERTIFICATE)
def certificate(
    request: Request, viewer: Contact, campaign_id: str, client_id: str, page_number: PageNumber = 1
) -> Response:
    """A certificate as it would be issued now."""
    campaign, client = _certified(request, viewer, campaign_id, client_id)
    reading, settings = reading_of(request), portal_of(request).settings
    text = certificate_page(services_of(request), reading, settings, campaign, client, page_number)
    return Response(text, media_type="text/html; charset=utf-8", headers={"content-security-policy": CONTENT_POLICY})


@router.post(CERTIFICATE)
def signed(request: Request, viewer: Contact, _form: Form, campaign_id: str, client_id: str) -> Response:
    """The signed files of a certificate; that it was issued is written down."""
    campaign, client = _certified(request, viewer, campaign_id, client_id)
    if not _has_key(request):
        raise InputError("nothing can be signed here yet", hint="ask for the certificate; a key has to be made once")
    made = certificate_archive(portal_of(request).services, portal_of(request).settings, campaign, client, by=viewer.by)
    audited(request, viewer, "certificate downloaded", campaign_id=campaign_id, number=made.number)
    headers = {"content-disposition": f"attachment; filename*=UTF-8''{quote(made.name)}"}  # an id may be in any script
    return Response(made.content, media_type="application/zip", headers=headers)


def _visit(request: Request, viewer: Viewer, campaign_id: str, visit_id: str) -> tuple[ClientVisit, Plan, Speech]:
    settings, source = portal_of(request).settings, source_of(request)
    speech = speech_of(request, viewer, source.reading)
    found, plan = client_visit(
        source, viewer, CampaignId(campaign_id), VisitId(visit_id), speech, settings.company, settings.workspace
    )
    return found, plan, speech


def _certified(request: Request, viewer: Viewer, campaign_id: str, client_id: str) -> tuple[CampaignId, ClientId]:
    """The campaign and client, where the contact may have their certificate.

    Raises:
        NotFound: it is another client's, or it has no computer in the campaign.
    """
    for one in certificate_lines(source_of(request), viewer):
        if (one.campaign_id, one.client_id) == (campaign_id, viewer.must_see_client(client_id)):
            return one.campaign_id, one.client_id
    raise nothing_there()


def _has_key(request: Request) -> bool:
    return (portal_of(request).settings.workspace / KEY_FILE).is_file()


def _keep_feedback(request: Request, viewer: Viewer, found: ClientVisit, plan: Plan, points: int, text: str) -> None:
    services = portal_of(request).services
    person_id = next(one.person_id for one in plan.assignments if one.visit_id == found.visit_id)
    person = source_of(request).reading.crew.engineer.get(person_id)
    client_id, book = found.contact.client_id, services.book
    if person is not None and person.partner_id is not None:
        of_partner = Feedback(found.campaign_id, found.visit_id, person.partner_id, client_id, points, text, viewer.by)
        before = book.find(FEEDBACK, of_partner.id)
        book.write([change(FEEDBACK, of_partner, "feedback given", before)], by=viewer.by)
        return
    own = OwnFeedback(
        found.campaign_id, found.visit_id, client_id, person_id, points, text, viewer.by, services.clock.now()
    )
    book.write([change(OWN_FEEDBACK, own, "feedback given", book.find(OWN_FEEDBACK, own.id))], by=viewer.by)


def _zone(found: ClientVisit) -> ZoneInfo:
    return ZoneInfo(str(found.starts.tzinfo))


def _page(request: Request, viewer: Viewer, speech: Speech, template: str, **context: object) -> Response:
    """A page in the client's language, its navigation too; a language that was asked for is kept on the device."""
    path = "/client/visits" if request.url.path == "/client" else request.url.path
    nav = nav_in(speech, path)
    made = page(request, viewer, template, **{"nav": nav, "t": speech, "language": speech.code, **context})  # type: ignore[arg-type]
    if request.query_params.get("lang") == speech.code:
        secure = portal_of(request).settings.portal_url.startswith("https://")
        made.set_cookie(COOKIE, speech.code, max_age=LASTS_S, path="/", httponly=True, samesite="lax", secure=secure)
    return made


def nav_in(speech: Speech, path: str) -> list[tuple[NavItem, bool]]:
    """The navigation in a language, and which of it is the page at ``path``."""
    labels = {"/client/visits": speech.say("visits"), "/client/certificate": speech.say("certificate")}
    return [(NavItem(labels[one.path], one.path, one.roles), is_current(one, path)) for one in NAV]
