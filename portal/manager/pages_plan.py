"""Plans: look at one, make one, say why, and dispatch it."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from flows.notices import scene_of
from flows.planning import dispatch_plan
from muster.errors import ApprovalNeeded, DispatchRejected
from muster.ids import VisitId
from muster.plan import Plan
from muster.words import count
from portal.access import Viewer, nothing_there
from portal.forms import Form, audited
from portal.manager import searches
from portal.manager.common import Changer, Looker, PageNumber, back, campaign_now, head_of, path_of
from portal.manager.pages_searches import address
from portal.manager.queries_plan import dispatching_of, plan_named, plan_page, reasons_of
from portal.manager.search_record import SearchKind
from portal.reading import CampaignNow
from portal.render import page
from portal.services import portal_of, reading_of, services_of
from reports.notices.due import held_back
from reports.notices.outbox import waive_held

router = APIRouter()
LONGEST_SOLVE_S = 60.0


@router.get("/manager/{campaign_id}/plan")
def newest(request: Request, viewer: Looker, campaign_id: str, page_number: PageNumber = 1) -> Response:
    """The plan that binds, else the newest."""
    return _show(request, viewer, campaign_now(reading_of(request), campaign_id), "", page_number)


@router.get("/manager/{campaign_id}/plan/{plan_id}")
def one_plan(request: Request, viewer: Looker, campaign_id: str, plan_id: str, page_number: PageNumber = 1) -> Response:
    """One plan."""
    return _show(request, viewer, campaign_now(reading_of(request), campaign_id), plan_id, page_number)


@router.get("/manager/{campaign_id}/plan/{plan_id}/why/{visit_id}")
def why(request: Request, viewer: Looker, campaign_id: str, plan_id: str, visit_id: str) -> Response:
    """Why a visit stands where it stands, or why nobody is given it."""
    reading, services = reading_of(request), services_of(request)
    found = campaign_now(reading, campaign_id)
    plan = plan_named(reading, found, plan_id)
    if plan is None:
        raise nothing_there()
    reasons = reasons_of(services, reading, plan, visit_id)
    visit = plan.visit[VisitId(visit_id)]
    return page(
        request,
        viewer,
        "manager/why.html",
        head=head_of(found, reading.now, viewer, "Plan"),
        plan=plan,
        visit=visit,
        site=reading.fleet.site[visit.site_id],
        client=reading.fleet.client[visit.client_id],
        placed=reading.assignments(plan).get(visit.id, ()),
        people=reading.crew.engineer,
        reasons=reasons,
    )


@router.post("/manager/{campaign_id}/plan")
def make(request: Request, viewer: Changer, campaign_id: str, form: Form) -> Response:
    """Make a plan of what machines still need; binds nobody."""
    campaign = campaign_now(reading_of(request), campaign_id).campaign
    seconds = min(LONGEST_SOLVE_S, max(1.0, form.number("seconds", 10)))
    search = searches.ask(services_of(request), campaign.id, SearchKind.PLAN, seconds=seconds, by=viewer.by)
    audited(request, viewer, "plan asked", campaign_id=campaign.id, search=search.id, seconds=seconds)
    return back(request, address(search))


@router.post("/manager/{campaign_id}/plan/{plan_id}/dispatch")
def dispatch(request: Request, viewer: Changer, campaign_id: str, plan_id: str, form: Form) -> Response:
    """Make a plan binding, after checking it against what is true now; its clients are told in the same moment."""
    reading, services = reading_of(request), services_of(request)
    found = campaign_now(reading, campaign_id)
    plan = plan_named(reading, found, plan_id)
    if plan is None:
        raise nothing_there()
    try:
        _hold_back(request, viewer, found, plan, form.text("without_notice", ""))
        dispatch_plan(services, plan.id, by=viewer.by, why=form.text("why", ""))
    except DispatchRejected as error:
        return _show(request, viewer, found, plan_id, 1, rejected=error, status=409)
    except ApprovalNeeded as error:
        return back(request, f"{path_of(found.campaign.id)}/approvals", say=error.message, tone="warn")
    audited(request, viewer, "plan dispatched", campaign_id=found.campaign.id, plan=plan.id)
    said = f"plan {plan.id} binds: {count(len(plan.assignments), 'visit')}; clients are told"
    return back(request, f"{path_of(found.campaign.id)}/plan/{plan.id}", say=said)


def _hold_back(request: Request, viewer: Viewer, found: CampaignNow, plan: Plan, without_notice: str) -> None:
    """Hold a plan back where clients cannot be told, unless somebody says why they may go without a notice.

    Raises:
        DispatchRejected: visits are held back.
    """
    services = services_of(request)
    scene = scene_of(services, found.campaign, plan)
    held = held_back(plan, scene)
    if held and without_notice:
        waive_held(services.ledger, scene, by=viewer.by, reason=without_notice)
        audited(request, viewer, "notices waived", campaign_id=found.campaign.id, reason=without_notice)
    elif held:
        raise DispatchRejected(
            f"{count(len(held), 'visit')} of plan {plan.id} held back: their clients cannot be told",
            tuple(f"{one.visit_id}: {one.reason.text}; {one.reason.remedy}" for one in held),
            hint="give what is missing, or say why they may go without a notice",
        )


def _show(
    request: Request,
    viewer: Viewer,
    found: CampaignNow,
    plan_id: str,
    page_number: int,
    rejected: DispatchRejected | None = None,
    status: int = 200,
) -> Response:
    reading, services = reading_of(request), services_of(request)
    plan = plan_named(reading, found, plan_id)
    binds = plan is not None and found.dispatched is not None and found.dispatched.plan_id == plan.id
    folder = portal_of(request).settings.workspace
    dispatching = None
    if plan is not None and not binds:
        dispatching = dispatching_of(services, folder, reading, found, plan)
    return page(
        request,
        viewer,
        "manager/plan.html",
        status=status,
        head=head_of(found, reading.now, viewer, "Plan"),
        shown=plan_page(reading, found, plan, page_number) if plan is not None else None,
        dispatching=dispatching,
        waits=dispatching is None and plan is not None and not binds,
        rejected=rejected,
        address=f"{path_of(found.campaign.id)}/plan/{plan.id}" if plan is not None else "",
        seconds=(("3", "3 seconds"), ("10", "10 seconds"), ("30", "30 seconds"), ("60", "a minute")),
    )
