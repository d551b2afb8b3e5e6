"""What can be done: stop, let go on, and say yes or no to what waits for a person, such as the next wave."""

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request

from flows.approvals import approvals_of, decide, find_approval, still_waiting
from muster.approvals import who_may
from muster.errors import InputError
from portal.access import Role, Viewer, nothing_there
from portal.api import models
from portal.api.guard import DESCRIBED, token_need
from portal.api.reads import Id, Overseer, campaign_now
from portal.forms import audited
from portal.services import reading_of, services_of
from portal.tokens import Scope

router = APIRouter(dependencies=DESCRIBED, responses=models.ACT_TROUBLES)
Changer = Annotated[Viewer, Depends(token_need(Scope.ACT, Role.MANAGER))]


@router.post("/campaigns/{campaign_id}/stop")
def stop(request: Request, viewer: Changer, campaign_id: Id, order: models.StopOrder) -> models.Done:
    """Nothing new starts from now on."""
    campaign = campaign_now(reading_of(request), campaign_id).campaign
    services_of(request).ledger.stop(campaign.id, by=viewer.by, reason=order.reason, gentle=order.gentle)
    audited(request, viewer, "stopped a campaign", campaign_id=campaign.id, reason=order.reason)
    return models.Done(done="stopped: nothing new starts")


@router.post("/campaigns/{campaign_id}/resume")
def go_on(request: Request, viewer: Changer, campaign_id: Id, order: models.GoOnOrder) -> models.Done:
    """Lift the stop."""
    now = campaign_now(reading_of(request), campaign_id)
    if now.stop is None:
        raise InputError("no stop is in force", hint="there is nothing to lift")
    services_of(request).ledger.resume(now.campaign.id, by=viewer.by, reason=order.reason)
    audited(request, viewer, "let a campaign go on", campaign_id=now.campaign.id, reason=order.reason)
    return models.Done(done="it may go on")


@router.get("/campaigns/{campaign_id}/approvals")
def waiting(request: Request, _viewer: Overseer, campaign_id: Id) -> models.Approvals:
    """What waits for a person's yes."""
    campaign = campaign_now(reading_of(request), campaign_id).campaign
    found = still_waiting(approvals_of(services_of(request).book, campaign.id))
    return models.Approvals(
        waiting=[
            models.Waiting(id=one.id, act=str(one.act), asked_by=one.asked_by, sentence=one.sentence) for one in found
        ]
    )


@router.post("/campaigns/{campaign_id}/approvals/{approval_id}")
def promote(
    request: Request, viewer: Changer, campaign_id: Id, approval_id: Id, decision: models.Decision
) -> models.Done:
    """Say yes or no; a yes to a wave lets it begin. Who asked for it cannot say so."""
    services = services_of(request)
    campaign = campaign_now(reading_of(request), campaign_id).campaign
    asked = find_approval(services.book, approval_id).value
    if asked.campaign_id != campaign.id:
        raise nothing_there()
    if asked.asked_by in {viewer.by, viewer.name, viewer.account_id}:
        raise InputError("the account asked for this itself", hint="somebody else decides it")
    may = {one.casefold() for one in who_may(campaign.approvals.rule(asked.act), services.approvers)}
    behind = [name for name, login in services.approvers.items() if login == viewer.account_id]
    names = (viewer.name, viewer.account_id, *behind)
    person = next((one for one in names if one.casefold() in may), viewer.name)
    said = decide(
        services, approval_id, approved=decision.approve, person=person, login=viewer.account_id, why=decision.why
    )
    word = "approved" if decision.approve else "refused"
    audited(request, viewer, f"request {word}", campaign_id=campaign.id, approval=approval_id, why=decision.why)
    return models.Done(done=f"{word}: {said.sentence}")
