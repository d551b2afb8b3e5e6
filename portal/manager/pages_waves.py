"""Waves with their gates, and approvals that are waited for."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from flows.approvals import decide, find_approval
from muster.approvals import who_may
from muster.errors import InputError
from portal.access import Viewer, nothing_there
from portal.forms import Form, audited
from portal.manager.common import Changer, Looker, PageNumber, back, campaign_now, head_of, path_of, rows_of
from portal.manager.queries_waves import decided, waiting, waves_of
from portal.render import page
from portal.services import Portal, portal_of, reading_of, services_of

router = APIRouter()


@router.get("/manager/{campaign_id}/waves")
def waves(request: Request, viewer: Looker, campaign_id: str, page_number: PageNumber = 1) -> Response:
    """The rules, how each wave went, what comes next, and whom gates hold."""
    reading = reading_of(request)
    found = campaign_now(reading, campaign_id)
    return page(
        request,
        viewer,
        "manager/waves.html",
        head=head_of(found, reading.now, viewer, "Waves"),
        found=waves_of(services_of(request), reading, found, page_number),
        address=f"{path_of(found.campaign.id)}/waves",
    )


@router.get("/manager/{campaign_id}/approvals")
def approvals(request: Request, viewer: Looker, campaign_id: str, page_number: PageNumber = 1) -> Response:
    """What waits for a person's yes, and what was said before."""
    reading, services = reading_of(request), services_of(request)
    found = campaign_now(reading, campaign_id)
    return page(
        request,
        viewer,
        "manager/approvals.html",
        head=head_of(found, reading.now, viewer, "Approvals"),
        waiting=waiting(services, found),
        decided=rows_of(decided(services, found.campaign.id), page_number),
        address=f"{path_of(found.campaign.id)}/approvals",
    )


@router.post("/manager/{campaign_id}/approvals/{approval_id}")
def say(request: Request, viewer: Changer, campaign_id: str, approval_id: str, form: Form) -> Response:
    """Say yes or no to a request; who asked cannot."""
    services = services_of(request)
    campaign = campaign_now(reading_of(request), campaign_id).campaign
    asked = find_approval(services.book, approval_id).value
    if asked.campaign_id != campaign.id:
        raise nothing_there()
    if asked.asked_by in {viewer.by, viewer.name, viewer.account_id}:
        raise InputError("you asked for this yourself, so somebody else decides it", hint="ask a second person")
    person = _name_of(portal_of(request), viewer, who_may(campaign.approvals.rule(asked.act), services.approvers))
    approved, why = form.text("say") == "yes", form.text("why", "")
    said = decide(services, approval_id, approved=approved, person=person, login=viewer.account_id, why=why)
    word = "approved" if approved else "refused"
    audited(request, viewer, f"request {word}", campaign_id=campaign.id, approval=approval_id, why=why)
    there = f"{path_of(campaign.id)}/approvals"
    return back(request, there, say=f"{word}: {said.sentence}", tone="good" if approved else "warn")


def _name_of(portal: Portal, viewer: Viewer, may: tuple[str, ...]) -> str:
    """The name under which the rules know a viewer: their own, their login, or one that the login stands behind."""
    behind = [name for name, login in portal.services.approvers.items() if login == viewer.account_id]
    known = {one.casefold() for one in may}
    return next((one for one in (viewer.name, viewer.account_id, *behind) if one.casefold() in known), viewer.name)
