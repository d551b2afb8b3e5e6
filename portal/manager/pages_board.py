"""The list of campaigns, the board of one, and what is pressed on it: stop, pause, go on, say why, try again."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from flows.causes import explain
from flows.forecast import forecast_campaign
from muster.errors import InputError
from muster.words import count
from portal.access import Role
from portal.forms import Form, audited
from portal.manager import hands
from portal.manager.common import Changer, Looker, back, campaign_now, head_of, path_of
from portal.manager.queries_board import board_of, failures_of, hosts_of_failure
from portal.manager.queries_campaigns import campaign_cards
from portal.manager.queries_changes import wanted_of
from portal.render import page
from portal.services import portal_of, reading_of, services_of
from push.stop import STOP_FILE

router = APIRouter()

REMEDY_SECONDS = 0.5
LAUNCH = "/launch"
"""Where a campaign is launched step by step."""


@router.get("/manager")
def campaigns(request: Request, viewer: Looker) -> Response:
    """Every campaign, in a line and a bar each."""
    cards = campaign_cards(reading_of(request))
    return page(
        request, viewer, "manager/campaigns.html", cards=cards, launch=LAUNCH if viewer.role is Role.MANAGER else ""
    )


@router.get("/manager/{campaign_id}")
def board(request: Request, viewer: Looker, campaign_id: str) -> Response:
    """The state of a campaign in one glance."""
    reading, services = reading_of(request), services_of(request)
    found = campaign_now(reading, campaign_id)
    return page(
        request,
        viewer,
        "manager/board.html",
        head=head_of(found, reading.now, viewer, "Board"),
        board=board_of(services, reading, found),
        wanted=wanted_of(services, reading, found.campaign.id),
        campaign=found.campaign,
    )


@router.get("/manager/{campaign_id}/failures")
def failures(request: Request, viewer: Looker, campaign_id: str) -> Response:
    """Every machine that wants a person's eye, by cause."""
    reading = reading_of(request)
    found = campaign_now(reading, campaign_id)
    return page(
        request,
        viewer,
        "manager/failures.html",
        head=head_of(found, reading.now, viewer, "Board"),
        failures=failures_of(reading, found.campaign),
    )


@router.post("/manager/{campaign_id}/stop")
def stop(request: Request, viewer: Changer, campaign_id: str, form: Form) -> Response:
    """Stop every push of a campaign, wherever it runs; or pause: what was begun comes to its end."""
    campaign = campaign_now(reading_of(request), campaign_id).campaign
    gentle, reason = form.text("how", "stop") == "pause", form.text("reason")
    services_of(request).ledger.stop(campaign.id, by=viewer.by, reason=reason, gentle=gentle)
    what = "paused" if gentle else "stopped"
    audited(request, viewer, f"campaign {what}", campaign_id=campaign.id, reason=reason)
    return back(
        request, _back(form.text("back", ""), campaign.id), say=f"{campaign.name} is {what}: {reason}", tone="warn"
    )


@router.post("/manager/{campaign_id}/resume")
def resume(request: Request, viewer: Changer, campaign_id: str, form: Form) -> Response:
    """Let a stopped campaign go on: after a stop, a pause, a wave that halted, or a spent budget. Starts nothing."""
    campaign = campaign_now(reading_of(request), campaign_id).campaign
    reason = form.text("reason")
    if (portal_of(request).settings.workspace / STOP_FILE).exists():
        raise InputError("the stop file is there", hint="remove the file STOP from the workspace first")
    services_of(request).ledger.resume(campaign.id, by=viewer.by, reason=reason)
    audited(request, viewer, "campaign let go on", campaign_id=campaign.id, reason=reason)
    said = f"{campaign.name} may go on: {reason}. What is due begins with the next run."
    return back(request, _back(form.text("back", ""), campaign.id), say=said)


@router.post("/manager/{campaign_id}/failures/{key}")
def treat(request: Request, viewer: Changer, campaign_id: str, key: str, form: Form) -> Response:
    """Do the next step for machines with the same trouble: say why and try again, or ask them anew."""
    reading, services = reading_of(request), services_of(request)
    campaign = campaign_now(reading, campaign_id).campaign
    host_ids = hosts_of_failure(reading, campaign, key)
    folder, what = portal_of(request).settings.workspace, form.text("do")
    machines = count(len(host_ids), "machine")
    if what == "retry":
        cause = form.text("cause", "")
        explain(services, campaign, host_ids, cause=cause, by=viewer.by)
        audited(request, viewer, "retry asked", campaign_id=campaign.id, hosts=len(host_ids), cause=cause)
        hands.retry(services.ledger, folder, campaign.id, host_ids, viewer)
        said = f"{machines} tried again; each is asked first"
    elif what == "ask":
        audited(request, viewer, "probe asked", campaign_id=campaign.id, hosts=len(host_ids))
        hands.ask(services.ledger, folder, campaign.id, host_ids, viewer)
        said = f"{machines} asked how they stand"
    else:
        raise InputError(f"{what!r} is nothing that can be done", hint="retry or ask")
    return back(request, path_of(campaign.id), say=said)


@router.post("/manager/{campaign_id}/forecast")
def forecast(request: Request, viewer: Changer, campaign_id: str, form: Form) -> Response:
    """Make a forecast now."""
    del form
    campaign = campaign_now(reading_of(request), campaign_id).campaign
    made = forecast_campaign(services_of(request), campaign.id, by=viewer.by, seconds=REMEDY_SECONDS)
    audited(request, viewer, "forecast asked", campaign_id=campaign.id)
    said = f"forecast made: all done in time in {made.all_done:.0%} of {made.lives} lives"
    return back(request, path_of(campaign.id), say=said, tone="warn" if made.falls_short else "good")


def _back(wanted: str, campaign_id: str) -> str:
    """Where a form came from, if that is a page of this campaign; else its board."""
    base = path_of(campaign_id)
    return wanted if wanted == base or wanted.startswith(f"{base}/") else base
