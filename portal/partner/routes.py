"""The routes of a partner: its manager sees its people's visits, its technician their own; both nothing else."""

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from muster.errors import InputError
from muster.ids import CampaignId, VisitId
from partners.errors import Refused
from portal.access import Role, Viewer, need
from portal.field import acts as field
from portal.field.common import source_of, told, worker_script
from portal.field.pushing import is_pushing, push_visit
from portal.field.queries import Source
from portal.field.views import VisitPage
from portal.forms import Form, audited
from portal.keys import random_word
from portal.partner import acts
from portal.partner.lists import Eyes, Shown, eyes_of, one_shown, page_of, shown_to
from portal.partner.queries import lines_of, people_of, work_page
from portal.render import page
from portal.services import portal_of, services_of

router = APIRouter()
Partner = Annotated[Viewer, Depends(need(Role.PARTNER_MANAGER, Role.PARTNER_TECHNICIAN))]
Manager = Annotated[Viewer, Depends(need(Role.PARTNER_MANAGER))]
Technician = Annotated[Viewer, Depends(need(Role.PARTNER_TECHNICIAN))]
SAID = {
    None: "Thank you, the office knows.",
    True: "That time fits; the office confirms it.",
    False: "That time does not fit as things stand; the office looks at it.",
}
VISIT = "/partner/visits/{campaign_id}/{visit_id}"


@router.get("/partner")
@router.get("/partner/visits")
def visits(request: Request, viewer: Partner) -> Response:
    """The visits that may be seen now."""
    source, eyes = source_of(request), _eyes(request, viewer)
    try:
        shown, refused = shown_to(source, eyes), ""
    except Refused:  # the reasons may be of vetting, which is between the partner and us, and not for this page
        shown, refused = (), f"{portal_of(request).settings.company} cannot give you visits at present."
    settings = portal_of(request).settings
    return page(
        request, viewer, "partner/visits.html", lines=lines_of(source, shown), refused=refused,
        before_h=settings.partner_sees_before_h, after_h=settings.partner_sees_after_h,
        manager=viewer.role is Role.PARTNER_MANAGER,
    )  # fmt: skip


@router.get("/partner/people")
def people(request: Request, viewer: Manager) -> Response:
    """The partner's own people, and who may be sent."""
    source, eyes = source_of(request), _eyes(request, viewer)
    try:
        shown = shown_to(source, eyes)
    except Refused:
        shown = ()
    return page(request, viewer, "partner/people.html", people=people_of(source, eyes, shown))


@router.get("/partner/work")
def work(request: Request, viewer: Manager) -> Response:
    """What was claimed, what is verified, what is payable and paid."""
    source = source_of(request)
    return page(request, viewer, "partner/work.html", work=work_page(source, _eyes(request, viewer).partner_id))


@router.get("/partner/sw.js")
def worker(_viewer: Partner) -> Response:
    """The script that keeps pages for when there is no connection."""
    return worker_script("/partner")


@router.get(VISIT)
def visit(request: Request, viewer: Partner, campaign_id: str, visit_id: str) -> Response:
    """One visit."""
    return _visit(request, viewer, campaign_id, visit_id, "partner/visit.html")


@router.get(f"{VISIT}/progress")
def progress(request: Request, viewer: Partner, campaign_id: str, visit_id: str) -> Response:
    """The machines of a visit as they stand now."""
    return _visit(request, viewer, campaign_id, visit_id, "engineer/_machines.html")


@router.post(f"{VISIT}/answer")
def answer(request: Request, viewer: Manager, form: Form, campaign_id: str, visit_id: str) -> Response:
    """Accept, decline, or offer something else."""
    source, eyes, shown = _shown(request, viewer, campaign_id, visit_id)
    made = acts.answer(source, eyes, shown, form, portal_of(request).settings.currency)
    audited(request, viewer, f"visit {made.state}", campaign_id=campaign_id, visit_id=visit_id)
    return told(request, _path(shown), SAID[made.fits])


@router.post(f"{VISIT}/technician")
def technician(request: Request, viewer: Manager, form: Form, campaign_id: str, visit_id: str) -> Response:
    """Ask for another of the partner's people."""
    source, eyes, shown = _shown(request, viewer, campaign_id, visit_id)
    made = acts.ask_swap(source, eyes, shown, form)
    audited(request, viewer, "swap asked", campaign_id=campaign_id, visit_id=visit_id, swap=made.id, comes=made.comes)
    return told(request, _path(shown), "Asked. It holds when the office has said yes.")


@router.post(f"{VISIT}/conduct")
def conduct(request: Request, viewer: Technician, _form: Form, campaign_id: str, visit_id: str) -> Response:
    """The technician goes by the rules of conduct."""
    source, eyes, shown = _shown(request, viewer, campaign_id, visit_id)
    acts.confirm(source, eyes, shown, _rules(request, source, shown))
    audited(request, viewer, "rules of conduct confirmed", campaign_id=campaign_id, visit_id=visit_id)
    return told(request, _path(shown), "Confirmed. You can start when it is time.")


@router.post(f"{VISIT}/start")
def start(request: Request, viewer: Technician, form: Form, campaign_id: str, visit_id: str) -> Response:
    """The visit begins; the rules must have been confirmed."""
    source, _, shown = _shown(request, viewer, campaign_id, visit_id)
    _must_have_confirmed(request, source, shown)
    field.start(services_of(request), _own(viewer, shown), form)
    audited(request, viewer, "visit started", campaign_id=campaign_id, visit_id=visit_id)
    return told(request, _path(shown), "The visit has begun.")


@router.post(f"{VISIT}/push")
def push(request: Request, viewer: Technician, _form: Form, campaign_id: str, visit_id: str) -> Response:
    """Muster pushes for the partner, who never sees a credential."""
    source, _, shown = _shown(request, viewer, campaign_id, visit_id)
    _must_have_confirmed(request, source, shown)
    push_visit(portal_of(request), _own(viewer, shown))
    audited(request, viewer, "push asked for", campaign_id=campaign_id, visit_id=visit_id)
    return told(request, _path(shown), "Muster is at work on the machines.")


@router.post(f"{VISIT}/say")
def say(request: Request, viewer: Technician, form: Form, campaign_id: str, visit_id: str) -> Response:
    """A problem, a delay, that one cannot come, what was done by hand: kept once."""
    _, _, shown = _shown(request, viewer, campaign_id, visit_id)
    if pictures := form.files.get("photo"):
        for one in pictures:
            one.file.close()
        raise InputError("the rules of conduct allow no pictures at a client", hint="say it in words")
    report = field.say(services_of(request), portal_of(request).settings.workspace, _own(viewer, shown), form)
    audited(request, viewer, f"said: {report.kind}", campaign_id=campaign_id, visit_id=visit_id, report=report.id)
    return told(request, _path(shown), "Thank you, the office sees it.")


@router.post(f"{VISIT}/finish")
def finish(request: Request, viewer: Technician, form: Form, campaign_id: str, visit_id: str) -> Response:
    """The visit is over, and claimed; it counts when fresh probes have found every machine right."""
    source, eyes, shown = _shown(request, viewer, campaign_id, visit_id)
    minutes = field.finish(services_of(request), _own(viewer, shown), form)
    if not acts.is_claimed(services_of(request), shown):
        acts.claim(source, eyes, shown, minutes)
    audited(request, viewer, "visit finished", campaign_id=campaign_id, visit_id=visit_id, minutes=minutes)
    return told(request, "/partner/visits", f"Finished after {minutes:g} minutes, and claimed. Thank you.")


@router.post(f"{VISIT}/matter")
def matter(request: Request, viewer: Partner, form: Form, campaign_id: str, visit_id: str) -> Response:
    """An incident, or a client who wants more work."""
    source, eyes, shown = _shown(request, viewer, campaign_id, visit_id)
    made = acts.report_matter(source, eyes, shown, form, portal_of(request).settings.company)
    audited(request, viewer, f"{made.kind} reported", campaign_id=campaign_id, visit_id=visit_id, matter=made.id)
    return told(request, _path(shown), f"Recorded as {made.id}. {made.owner} sees to it.")


def _eyes(request: Request, viewer: Viewer) -> Eyes:
    return eyes_of(viewer, portal_of(request).settings)


def _shown(request: Request, viewer: Viewer, campaign_id: str, visit_id: str) -> tuple[Source, Eyes, Shown]:
    source, eyes = source_of(request), _eyes(request, viewer)
    return source, eyes, one_shown(source, eyes, CampaignId(campaign_id), VisitId(visit_id))


def _rules(request: Request, source: Source, shown: Shown) -> acts.Rules:
    return acts.rules_of(source, shown, portal_of(request).settings.company)


def _must_have_confirmed(request: Request, source: Source, shown: Shown) -> None:
    if not acts.is_confirmed(source.services, shown, _rules(request, source, shown)):
        raise InputError("the rules of conduct come first", hint="read and confirm them on the page of the visit")


def _visit(request: Request, viewer: Viewer, campaign_id: str, visit_id: str, template: str) -> Response:
    source, eyes, shown = _shown(request, viewer, campaign_id, visit_id)
    found: VisitPage = page_of(source, eyes, shown)
    rules, swaps = _rules(request, source, shown), acts.swaps_of(source.services, eyes, shown)
    names = {one.id: one.name for one in source.reading.crew.engineers if one.partner_id == eyes.partner_id}
    others = [(person_id, name) for person_id, name in names.items() if person_id != shown.listed.person_id]
    confirmed = acts.is_confirmed(source.services, shown, rules)
    return page(
        request, viewer, template, visit=found, person=shown.listed.person, key=random_word(), base="/partner",
        pushing=is_pushing(found.card.campaign_id, found.card.visit_id), rules=rules, confirmed=confirmed,
        swaps=swaps, waiting=acts.waiting_swap(swaps), others=others, names=names,
        answer=acts.answer_of(source.book, shown),
        matters=acts.matters_of(source.services, eyes, shown), manager=viewer.role is Role.PARTNER_MANAGER,
        photos=False, may_start=viewer.role is Role.PARTNER_TECHNICIAN and confirmed,
    )  # fmt: skip


def _own(viewer: Viewer, shown: Shown) -> field.Own:
    return field.Own(viewer.account_id, viewer.by, shown.plan, shown.assignment, viewer.partner_id)


def _path(shown: Shown) -> str:
    return f"/partner/visits/{shown.campaign.id}/{shown.listed.visit_id}"
