"""Can we make it: capacity, what-if side by side, and what could go wrong."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from flows.premortem import case_in
from muster.errors import InputError
from muster.wiring import Wired
from portal.access import Viewer
from portal.forms import Form, audited
from portal.manager import searches
from portal.manager.common import Changer, Looker, back, campaign_now, head_of, path_of
from portal.manager.kept import kept_besides
from portal.manager.pages_searches import address
from portal.manager.queries_capacity import LONGEST_SECONDS, asked_worlds, capacity_page, examples, forms
from portal.manager.queries_plan import plan_named, premortem_of
from portal.manager.search_record import Search, SearchKind
from portal.reading import CampaignNow, Reading
from portal.render import page
from portal.services import portal_of, reading_of, services_of
from reports.premortem.check import heed, ignore

router = APIRouter()
USUAL_SECONDS = 2.0
LONGEST = 200


@router.get("/manager/{campaign_id}/capacity")
def capacity(request: Request, viewer: Looker, campaign_id: str) -> Response:
    """Hours needed against hours at hand, and where they are short."""
    reading, services = reading_of(request), services_of(request)
    found = campaign_now(reading, campaign_id)
    before = _compared(services, reading, found)
    return page(
        request,
        viewer,
        "manager/capacity.html",
        head=head_of(found, reading.now, viewer, "Capacity"),
        shown=capacity_page(services_of(request), reading, found.campaign.id),
        examples=examples(reading.crew),
        compared=next((one for one in before if one.worlds), None),
        has_plan=plan_named(reading, found, "") is not None,
    )


@router.get("/manager/{campaign_id}/what-if")
def what_if(request: Request, viewer: Looker, campaign_id: str, s: str = "", search: str = "") -> Response:
    """Other worlds beside today's: those that were compared last, or in ``search``; ``s`` fills in the first one."""
    services, reading = services_of(request), reading_of(request)
    found = campaign_now(reading, campaign_id)
    before = _compared(services, reading, found)
    if search:
        shown: Search | None = searches.search_named(services, found.campaign.id, search)
    else:
        shown = next((one for one in before if one.worlds), None) if not s else None
    return _what_if(request, viewer, found, (s[:LONGEST],) if s else shown.asked if shown else ("",), shown, before)


@router.post("/manager/{campaign_id}/what-if")
def live(request: Request, viewer: Looker, campaign_id: str, form: Form) -> Response:
    """Plan each world for as long, and set them side by side. The comparison is kept; plans and campaign stay."""
    reading, services = reading_of(request), services_of(request)
    found = campaign_now(reading, campaign_id)
    plan = plan_named(reading, found, "")
    if plan is None:
        raise InputError("there is no plan yet, and worlds are planned from it", hint="make one first: Plan")
    asked = asked_worlds(services, plan, [one[:LONGEST] for one in form.all("scenario")])
    seconds = min(LONGEST_SECONDS, max(0.2, form.number("seconds", USUAL_SECONDS)))
    search = searches.ask(services, found.campaign.id, SearchKind.WORLDS, seconds=seconds, by=viewer.by, asked=asked)
    return back(request, address(search))


@router.get("/manager/{campaign_id}/premortem")
def premortem(request: Request, viewer: Looker, campaign_id: str) -> Response:
    """What could go wrong, asked before anything starts."""
    reading, services = reading_of(request), services_of(request)
    found = campaign_now(reading, campaign_id)
    folder, campaign = portal_of(request).settings.workspace, found.campaign
    worries = premortem_of(services, reading, folder, campaign.id)
    return page(
        request,
        viewer,
        "manager/premortem.html",
        head=head_of(found, reading.now, viewer, "Premortem"),
        ready=worries is not None,
        answered=[one for one in worries or () if one.ignored],
        open_worries=[one for one in worries or () if not one.ignored],
        tones={"severe": "bad", "warning": "warn", "remark": "idle"},
    )


@router.post("/manager/{campaign_id}/premortem/{rule}")
def answer(request: Request, viewer: Changer, campaign_id: str, rule: str, form: Form) -> Response:
    """Live with what a rule says, with a reason; or take that back."""
    services = services_of(request)
    campaign = campaign_now(reading_of(request), campaign_id).campaign
    there = f"{path_of(campaign.id)}/premortem"
    if form.text("do", "ignore") == "heed":
        heed(services.ledger, campaign.id, rule, by=viewer.by)
        audited(request, viewer, "premortem heeded", campaign_id=campaign.id, rule=rule)
        return back(request, there, say=f"{rule} is not ignored any more")
    reason = form.text("reason")
    case = case_in(services, portal_of(request).settings.workspace, campaign)
    said = ignore(services.ledger, case, rule, by=viewer.by, reason=reason)
    audited(request, viewer, "premortem ignored", campaign_id=campaign.id, rule=rule, reason=reason)
    return back(request, there, say=f"{rule} is lived with, for {said.concerned:,} {said.of}: {reason}")


def _compared(services: Wired, reading: Reading, found: CampaignNow) -> tuple[Search, ...]:
    """Every comparison of worlds, the newest first."""
    campaign_id = found.campaign.id
    key = ("searches", campaign_id, SearchKind.WORLDS)
    return kept_besides(reading, key, lambda: searches.searches_of(services, campaign_id, SearchKind.WORLDS))


def _what_if(
    request: Request,
    viewer: Viewer,
    found: CampaignNow,
    asked: tuple[str, ...],
    shown: Search | None,
    before: tuple[Search, ...],
) -> Response:
    reading = reading_of(request)
    return page(
        request,
        viewer,
        "manager/what_if.html",
        head=head_of(found, reading.now, viewer, "What-if"),
        asked=(*asked, "", "", "")[:3] if len(asked) < 3 else asked,
        shown=shown,
        before=[one for one in before if one.worlds and one != shown][: searches.SHOWN],
        examples=examples(reading.crew),
        forms=forms(),
        has_plan=plan_named(reading, found, "") is not None,
    )
