"""The inbox of the office: what people outside said, and the answers that only somebody of ours can give."""

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from flows.partner_work import decide_swap
from muster.ids import CampaignId
from partners.swaps import SwapState
from portal.access import Role, Viewer, need
from portal.client.slots import decide_request
from portal.engineer.inbox import inbox, photo_in
from portal.field.common import photo_response, source_of
from portal.forms import Form, audited
from portal.render import back_to, page
from portal.services import services_of

router = APIRouter()
Office = Annotated[Viewer, Depends(need(Role.MANAGER, Role.AUDITOR))]
Manager = Annotated[Viewer, Depends(need(Role.MANAGER))]


@router.get("/inbox")
def messages(request: Request, viewer: Office) -> Response:
    """What was said; what wants an answer first."""
    return page(
        request, viewer, "engineer/inbox.html", items=inbox(source_of(request)), may=viewer.role is Role.MANAGER
    )


@router.get("/inbox/{campaign_id}/photos/{sha256}")
def photo(request: Request, viewer: Office, campaign_id: str, sha256: str) -> Response:  # noqa: ARG001 - the check
    """A photo from the field."""
    return photo_response(request, photo_in(source_of(request), CampaignId(campaign_id), sha256))


@router.post("/inbox/time")
def time(request: Request, viewer: Manager, form: Form) -> Response:
    """Grant or refuse another time; what is granted binds at once, and the client is told."""
    granted = form.text("answer") == "yes"
    made = decide_request(
        services_of(request), form.text("key"), granted=granted, by=viewer.by, note=form.text("note", "")
    )
    audited(request, viewer, f"another time {made.state}", campaign_id=made.campaign_id, visit_id=made.visit_id)
    return back_to(
        request, "/inbox", say="The new time binds, and the client is told." if granted else "The old time stands."
    )


@router.post("/inbox/swap")
def swap(request: Request, viewer: Manager, form: Form) -> Response:
    """Approve or refuse another technician; what is approved is checked and binds at once."""
    state = SwapState.APPROVED if form.text("answer") == "yes" else SwapState.REFUSED
    made, plan_id = decide_swap(services_of(request), form.text("key"), state, by=viewer.by, note=form.text("note", ""))
    audited(request, viewer, f"swap {made.state}", campaign_id=made.campaign_id, visit_id=made.visit_id, plan=plan_id)
    return back_to(request, "/inbox", say=f"The swap is {made.state}.")
