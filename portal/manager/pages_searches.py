"""A search while it is under way: how far it is, and then on to what it found."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from portal.forms import Form
from portal.manager import searches
from portal.manager.common import Changer, Looker, back, campaign_now, head_of, path_of
from portal.manager.kept import forget
from portal.manager.search_record import Search, SearchKind
from portal.render import back_to, page
from portal.services import reading_of, services_of

router = APIRouter()
TITLES = {
    SearchKind.PLAN: ("Plan", "Searching for the best plan"),
    SearchKind.WORLDS: ("What-if", "Planning other worlds"),
    SearchKind.CHANGE: ("Changes", "Finding the plan that moves least"),
}


@router.get("/manager/{campaign_id}/searches/{search_id}")
def look(request: Request, viewer: Looker, campaign_id: str, search_id: str) -> Response:
    """How far a search is; when it has ended, what it found."""
    reading, services = reading_of(request), services_of(request)
    found = campaign_now(reading, campaign_id)
    search = searches.search_named(services, found.campaign.id, search_id)
    now = searches.standing(services, search)
    if search.ended and not search.trouble:
        return back_to(request, there(search))
    tab, title = TITLES[search.kind]
    return page(
        request,
        viewer,
        "manager/search.html",
        head=head_of(found, reading.now, viewer, tab),
        standing=now,
        title=title,
        address=address(search),
    )


@router.get("/manager/{campaign_id}/searches/{search_id}/progress")
def progress(request: Request, viewer: Looker, campaign_id: str, search_id: str) -> JSONResponse:
    """The same for a script."""
    del viewer
    services = services_of(request)
    search = searches.search_named(services, campaign_now(reading_of(request), campaign_id).campaign.id, search_id)
    now = searches.standing(services, search)
    if search.ended:
        forget(reading_of(request))
    return JSONResponse({"ended": search.ended, "share": round(now.share, 3), "words": now.words})


@router.post("/manager/{campaign_id}/searches/{search_id}/again")
def again(request: Request, viewer: Changer, campaign_id: str, search_id: str, form: Form) -> Response:
    """Search for the same once more."""
    del form, viewer
    services = services_of(request)
    campaign = campaign_now(reading_of(request), campaign_id).campaign
    search = searches.again(services, searches.search_named(services, campaign.id, search_id))
    return back(request, address(search))


def address(search: Search) -> str:
    """Where a search can be looked at."""
    return f"{path_of(search.campaign_id)}/searches/{search.id}"


def there(search: Search) -> str:
    """Where stands what a search found."""
    base = path_of(search.campaign_id)
    match search.kind:
        case SearchKind.PLAN:
            return f"{base}/plan/{search.plan_id}"
        case SearchKind.WORLDS:
            return f"{base}/what-if?search={search.id}"
        case SearchKind.CHANGE:
            return f"{base}/changes/{search.id}"
