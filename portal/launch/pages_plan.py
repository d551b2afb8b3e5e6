"""Steps 5 and 6: ask the machines, then the plan with what it leaves out; dispatching is on the manager's pages."""

from dataclasses import replace

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from muster.errors import InputError
from muster.ids import CampaignId
from muster.outcomes import HostStatus
from portal.forms import Form, audited
from portal.launch import asking
from portal.launch.common import show
from portal.launch.queries import visit_lines
from portal.launch.state import keep, launch_named
from portal.launch.steps import path_of
from portal.manager import searches
from portal.manager.common import Changer, campaign_now
from portal.manager.common import path_of as campaign_path
from portal.manager.queries_capacity import capacity_page
from portal.manager.queries_plan import plan_named, plan_page, premortem_of
from portal.manager.search_record import SearchKind
from portal.render import back_to
from portal.services import portal_of, reading_of, services_of

router = APIRouter()
LONGEST_SOLVE_S = 120.0
SECONDS = (("5", "5 seconds"), ("15", "15 seconds"), ("60", "a minute"), ("120", "two minutes"))


@router.get("/launch/{launch_id}/probe")
def probe(request: Request, viewer: Changer, launch_id: str) -> Response:
    """How the machines stand, and the button that asks them."""
    launch = launch_named(request, launch_id).value
    if not launch.campaign_id:
        return back_to(request, path_of(launch_id, "campaign"))
    reading = reading_of(request)
    found = campaign_now(reading, launch.campaign_id)
    counts = reading.counts(found.campaign.id)
    return show(
        request,
        viewer,
        launch,
        "probe",
        campaign=found.campaign,
        counts={status.value: number for status, number in counts.items()},
        total=counts.total(),
        pending=counts.get(HostStatus.PENDING, 0),
        untrusted=counts.get(HostStatus.UNTRUSTED, 0),
        asking=asking.asking_of(portal_of(request).settings.workspace, found.campaign.id),
    )


@router.post("/launch/{launch_id}/probe")
def ask(request: Request, viewer: Changer, launch_id: str, form: Form) -> Response:
    """Ask every machine, in the background."""
    del form
    before = launch_named(request, launch_id)
    found = campaign_now(reading_of(request), before.value.campaign_id)
    services, folder = services_of(request), portal_of(request).settings.workspace
    begun = asking.begin(services.ledger, folder, found.campaign.id, by=viewer.by)
    if begun:
        keep(request, viewer, replace(before.value, asked_at=services.clock.now()), before, "launch machines asked")
        audited(request, viewer, "probe asked", campaign_id=found.campaign.id, launch=launch_id)
    said = "The machines are being asked. You may go on meanwhile." if begun else "They are being asked already."
    return back_to(request, path_of(launch_id, "probe"), say=said)


@router.get("/launch/{launch_id}/plan")
def plan(request: Request, viewer: Changer, launch_id: str) -> Response:
    """Whether the people are enough, and the plan."""
    launch = launch_named(request, launch_id).value
    if not launch.campaign_id:
        return back_to(request, path_of(launch_id, "campaign"))
    services, reading = services_of(request), reading_of(request)
    found = campaign_now(reading, launch.campaign_id)
    campaign, folder = found.campaign, portal_of(request).settings.workspace
    search = searches.newest(services, campaign.id, SearchKind.PLAN)
    running = search is not None and not search.ended
    now = searches.standing(services, search) if search is not None else None
    made = None if running else plan_named(reading, found, "")
    worries = (premortem_of(services, reading, folder, campaign.id) or ()) if made else ()
    counts = reading.counts(campaign.id)
    return show(
        request,
        viewer,
        launch,
        "plan",
        campaign=campaign,
        search=search,
        standing=now,
        running=running,
        capacity=None if running else capacity_page(services, reading, campaign.id),
        crew=len(reading.crew.engineers),
        asked=counts.total() - counts.get(HostStatus.PENDING, 0),
        total=counts.total(),
        plan=plan_page(reading, found, made, 1) if made else None,
        visits=visit_lines(reading, made) if made else (),
        severe=[one for one in worries if not one.ignored and one.blocks],
        seconds=SECONDS,
        there=campaign_path(campaign.id),
    )


@router.post("/launch/{launch_id}/plan")
def make(request: Request, viewer: Changer, launch_id: str, form: Form) -> Response:
    """Begin to search for a plan; binds nobody."""
    launch = launch_named(request, launch_id).value
    if not launch.campaign_id:
        raise InputError("there is no campaign yet", hint="choose the fix and the date first")
    seconds = min(LONGEST_SOLVE_S, max(1.0, form.number("seconds", 5)))
    services, campaign_id = services_of(request), CampaignId(launch.campaign_id)
    searches.ask(services, campaign_id, SearchKind.PLAN, seconds=seconds, by=viewer.by)
    audited(request, viewer, "plan asked", campaign_id=launch.campaign_id, launch=launch_id, seconds=seconds)
    return back_to(request, path_of(launch_id, "plan"))
