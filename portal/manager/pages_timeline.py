"""The timeline, and moving a visit on it: by dragging, by keyboard, or by the form beside it."""

from datetime import date

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from flows.moving import Moving
from muster.errors import InputError
from portal.access import Role, Viewer
from portal.forms import JSON_TYPE, Form, audited
from portal.manager.common import Changer, Looker, PageNumber, back, campaign_now, head_of, path_of
from portal.manager.queries_move import Answer, Panel, checked, get_ready, moved, panel_of, wish_of
from portal.manager.queries_timeline import crews, shown_plan, timeline_of
from portal.reading import CampaignNow
from portal.render import page, templates
from portal.services import portal_of, reading_of, services_of

router = APIRouter()


@router.get("/manager/{campaign_id}/timeline")
def timeline(
    request: Request,
    viewer: Looker,
    campaign_id: str,
    day: str = "",
    who: str = "",
    visit: str = "",
    page_number: PageNumber = 1,
) -> Response:
    """Crew and partners by day, visits as bars; ``visit`` opens the form that moves it."""
    found = campaign_now(reading_of(request), campaign_id)
    return _page(request, viewer, found, Chosen(day, who, visit, page_number))


@router.post("/manager/{campaign_id}/timeline")
def move(request: Request, viewer: Changer, campaign_id: str, form: Form) -> Response:
    """Say what breaks (``check``), what else moves (``move``), or keep that as a proposal (``propose``)."""
    reading, services = reading_of(request), services_of(request)
    found = campaign_now(reading, campaign_id)
    plan = shown_plan(reading, found)
    if plan is None:
        raise InputError("there is no plan yet", hint="make one first: Plan")
    wish, note = wish_of(reading, plan, form)
    what = form.text("do", "check")
    if what == "check":
        answer = checked(services, reading, plan, wish, note)
    else:
        answer, way = moved(services, reading, plan, wish, note)
        if what == "propose" and answer.proposal:
            return _propose(request, viewer, found, way, answer)
    shown = panel_of(reading, plan, wish.visit_id, wish)
    currency = portal_of(request).settings.currency
    if request.headers.get("content-type", "").startswith(JSON_TYPE):
        html = templates().get_template("manager/_answer.html").render(answer=answer, panel=shown, currency=currency)
        return JSONResponse({"html": html, "breaks": len(answer.breaks), "proposal": answer.proposal})
    chosen = Chosen(form.text("day", ""), form.text("who", ""), wish.visit_id, 1)
    return _page(request, viewer, found, chosen, panel=shown, answer=answer)


class Chosen:
    """What a reader has chosen to see."""

    def __init__(self, day: str, who: str, visit: str, page_number: int) -> None:
        self.day, self.who, self.visit, self.page_number = day, who, visit, page_number

    @property
    def date(self) -> date | None:
        """The day; None where none is named, or it cannot be read."""
        try:
            return date.fromisoformat(self.day) if self.day else None
        except ValueError:
            return None


def _page(
    request: Request,
    viewer: Viewer,
    found: CampaignNow,
    chosen: Chosen,
    *,
    panel: Panel | None = None,
    answer: Answer | None = None,
) -> Response:
    reading, services = reading_of(request), services_of(request)
    plan = shown_plan(reading, found)
    drawn = None
    if plan is not None:
        drawn = timeline_of(services, reading, found, plan, chosen.date, chosen.who, chosen.page_number)
        if viewer.role is Role.MANAGER:
            get_ready(services, reading, plan)
        if chosen.visit and panel is None:
            panel = panel_of(reading, plan, chosen.visit)
    return page(
        request,
        viewer,
        "manager/timeline.html",
        head=head_of(found, reading.now, viewer, "Timeline"),
        drawn=drawn,
        panel=panel,
        answer=answer,
        who=chosen.who,
        crews=crews(reading.crew),
        address=f"{path_of(found.campaign.id)}/timeline",
    )


def _propose(request: Request, viewer: Viewer, found: CampaignNow, way: Moving, answer: Answer) -> Response:
    campaign_id = found.campaign.id
    services_of(request).ledger.save_plan(way.plan, by=viewer.by)
    audited(
        request, viewer, "move proposed", campaign_id=campaign_id, plan=way.plan.id, to=f"{answer.who}, {answer.when}"
    )
    there = f"{path_of(campaign_id)}/plan/{way.plan.id}"
    said = "proposed; nobody is bound and nobody was told before it is dispatched"
    if request.headers.get("content-type", "").startswith(JSON_TYPE):
        return JSONResponse({"there": there, "said": said})
    return back(request, there, say=said)
