"""What happens in mid-campaign: it is said, the plan that answers it is shown with what moves, and then it binds."""

from dataclasses import replace

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from flows.changes import ChangeRecord, accept
from muster.errors import Conflict, DispatchRejected, MusterError
from muster.words import count
from portal.access import Viewer, nothing_there
from portal.forms import Form, Posted, audited
from portal.manager import changing, searches
from portal.manager.common import Changer, Looker, back, campaign_now, head_of, path_of
from portal.manager.pages_searches import address
from portal.manager.queries_changes import change_page, decided_of, wanted_of
from portal.manager.queries_move import people_of, visits_to_come
from portal.manager.search_record import Search, SearchKind
from portal.reading import CampaignNow
from portal.render import back_to, page
from portal.services import reading_of, services_of

router = APIRouter()
FIELDS = ("happened", "visit", "person", "span", "until", "reason")
LONGEST = 400


@router.get("/manager/{campaign_id}/changes")
def changes(
    request: Request, viewer: Looker, campaign_id: str, happened: str = "", visit: str = "", person: str = ""
) -> Response:
    """What waits for a new plan, the form that says what happened, and what was decided before."""
    return _list(request, viewer, campaign_id, {"happened": happened, "visit": visit, "person": person})


@router.post("/manager/{campaign_id}/changes")
def happened(request: Request, viewer: Changer, campaign_id: str, form: Form) -> Response:
    """Say what happened; the plan that answers it is worked out, and nothing is written but that it was asked."""
    services = services_of(request)
    campaign = campaign_now(reading_of(request), campaign_id).campaign
    about = {name: form.text(name, "")[:LONGEST] for name in FIELDS}
    about = {name: text for name, text in about.items() if text}
    try:
        changing.edit_of(services, campaign.id, about, by=viewer.by)
    except MusterError as error:
        return _list(request, viewer, campaign_id, about, said=error.in_a_line, status=400)
    search = searches.ask(services, campaign.id, SearchKind.CHANGE, seconds=changing.SECONDS, by=viewer.by, about=about)
    audited(request, viewer, "change looked at", campaign_id=campaign.id, search=search.id, **about)
    return back_to(request, address(search))


@router.get("/manager/{campaign_id}/changes/{search_id}")
def one(request: Request, viewer: Looker, campaign_id: str, search_id: str) -> Response:
    """What a change would move."""
    return _show(request, viewer, campaign_now(reading_of(request), campaign_id), search_id)


@router.post("/manager/{campaign_id}/changes/{search_id}/accept")
def bind(request: Request, viewer: Changer, campaign_id: str, search_id: str, form: Form) -> Response:
    """Make it so: what happened is written, the plan binds, and everybody whom it concerns is told."""
    services = services_of(request)
    found = campaign_now(reading_of(request), campaign_id)
    search = searches.search_named(services, found.campaign.id, search_id)
    proposal = changing.proposal_of(services, search)
    if search.kind is not SearchKind.CHANGE:
        raise nothing_there()
    if search.decided:
        raise Conflict("it was decided already", hint="look at it again")
    if proposal is None:
        return back_to(request, address(searches.again(services, search)))
    number = int(form.number("choice", proposal.best))
    try:
        record = accept(
            services,
            proposal,
            by=viewer.by,
            why=form.text("why", ""),
            choice=number if proposal.choices else None,
            without_notice=form.text("without_notice", "") or None,
        )
    except DispatchRejected as error:
        return _show(request, viewer, found, search_id, rejected=error, status=409)
    except Conflict:
        changing.forget(services, search)
        search = searches.again(services, search)
        return back(
            request, address(search), say="Something has moved meanwhile: this is worked out anew.", tone="warn"
        )
    return _decided(request, viewer, search, record, form)


def _decided(request: Request, viewer: Viewer, search: Search, record: ChangeRecord, form: Posted) -> Response:
    services = services_of(request)
    said = _said(record)
    after = replace(search, plan_id=record.plan_after, decided=said)
    searches.keep(services, after, "change decided", by=viewer.by)
    changing.forget(services, search)
    audited(
        request,
        viewer,
        "change accepted",
        campaign_id=search.campaign_id,
        change=record.id,
        plan=record.plan_after,
        why=form.text("why", ""),
    )
    tone = "warn" if record.waits_for else "good"
    return back(request, f"{path_of(search.campaign_id)}/changes/{search.id}", say=said, tone=tone)


def _said(record: ChangeRecord) -> str:
    if record.waits_for:
        return f"It is written down; plan {record.plan_after} waits for an approval and binds after it."
    if record.plan_after is None:
        return "It is written down; the plan stays as it is."
    moved = count(record.moved, "visit")
    return f"Plan {record.plan_after} binds: {moved} not as before, and everybody concerned is told."


def _list(
    request: Request,
    viewer: Viewer,
    campaign_id: str,
    about: dict[str, str],
    *,
    said: str = "",
    status: int = 200,
) -> Response:
    reading, services = reading_of(request), services_of(request)
    found = campaign_now(reading, campaign_id)
    plan = reading.binding_plan(found.campaign.id)
    return page(
        request,
        viewer,
        "manager/changes.html",
        status=status,
        head=head_of(found, reading.now, viewer, "Changes"),
        wanted=wanted_of(services, reading, found.campaign.id),
        decided=decided_of(services, found.campaign.id),
        open_searches=[
            each
            for each in searches.searches_of(services, found.campaign.id, SearchKind.CHANGE)[: searches.SHOWN]
            if not each.decided and not each.trouble
        ],
        happened=changing.HAPPENED,
        spans=changing.SPANS,
        people=people_of(reading),
        visits=visits_to_come(reading, plan) if plan is not None else (),
        about=about,
        refused=said,
        binds=plan is not None,
    )


def _show(
    request: Request,
    viewer: Viewer,
    found: CampaignNow,
    search_id: str,
    rejected: DispatchRejected | None = None,
    status: int = 200,
) -> Response:
    reading, services = reading_of(request), services_of(request)
    search = searches.search_named(services, found.campaign.id, search_id)
    if search.kind is not SearchKind.CHANGE:
        raise nothing_there()
    proposal = changing.proposal_of(services, search)
    if not search.decided and (not search.ended or search.trouble or proposal is None):
        if search.ended and not search.trouble:  # it was worked out by a process that is gone
            search = searches.again(services, search)
        return back_to(request, address(search))
    return page(
        request,
        viewer,
        "manager/change.html",
        status=status,
        head=head_of(found, reading.now, viewer, "Changes"),
        search=search,
        shown=change_page(reading, proposal) if proposal is not None and not search.decided else None,
        rejected=rejected,
        address=f"{path_of(found.campaign.id)}/changes/{search.id}",
    )
