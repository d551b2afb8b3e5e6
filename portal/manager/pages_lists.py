"""Lists of a campaign: its sites or clients, and its machines."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from muster.ids import ClientId, SiteId
from muster.outcomes import HostStatus
from portal.access import nothing_there
from portal.manager.common import Looker, PageNumber, campaign_now, head_of, path_of
from portal.manager.queries_hosts import Sifted, machines, places
from portal.manager.queries_map import box_named, map_of
from portal.render import page
from portal.services import reading_of

router = APIRouter()
STATES = (("", "any state"), *((one.name.lower(), one.value) for one in HostStatus))


@router.get("/manager/{campaign_id}/sites")
def sites(
    request: Request,
    viewer: Looker,
    campaign_id: str,
    by: str = "site",
    status: str = "",
    q: str = "",
    open_only: Annotated[bool, Query(alias="open")] = False,  # noqa: FBT002 - a box that is ticked or not
    page_number: PageNumber = 1,
) -> Response:
    """Sites or clients by state."""
    reading = reading_of(request)
    found = campaign_now(reading, campaign_id)
    sifted = Sifted(
        status=_known(status), words=q[:100], by="client" if by == "client" else "site", open_only=open_only
    )
    return page(
        request,
        viewer,
        "manager/sites.html",
        head=head_of(found, reading.now, viewer, "Sites"),
        found=places(reading, found.campaign.id, sifted, page_number),
        sifted=sifted,
        states=STATES,
        address=sifted.address(f"{path_of(found.campaign.id)}/sites"),
    )


@router.get("/manager/{campaign_id}/map")
def on_map(request: Request, viewer: Looker, campaign_id: str, box: str = "") -> Response:
    """Sites by state on a map; ``box`` is a part of it."""
    reading = reading_of(request)
    found = campaign_now(reading, campaign_id)
    return page(
        request,
        viewer,
        "manager/map.html",
        head=head_of(found, reading.now, viewer, "Sites"),
        drawn=map_of(reading, found.campaign.id, box_named(box)),
    )


@router.get("/manager/{campaign_id}/hosts")
def hosts(
    request: Request,
    viewer: Looker,
    campaign_id: str,
    status: str = "",
    site: str = "",
    client: str = "",
    q: str = "",
    page_number: PageNumber = 1,
) -> Response:
    """Machines as they stand."""
    reading = reading_of(request)
    found = campaign_now(reading, campaign_id)
    fleet = reading.fleet
    of_site, of_client = fleet.site.get(SiteId(site)), fleet.client.get(ClientId(client))
    if (site and of_site is None) or (client and of_client is None):
        raise nothing_there()
    sifted = Sifted(status=_known(status), site=site, client=client, words=q[:100])
    return page(
        request,
        viewer,
        "manager/hosts.html",
        head=head_of(found, reading.now, viewer, "Sites"),
        found=machines(reading, found.campaign.id, sifted, page_number),
        sifted=sifted,
        of=of_site.name if of_site else of_client.name if of_client else "",
        states=STATES,
        address=sifted.address(f"{path_of(found.campaign.id)}/hosts"),
    )


def _known(status: str) -> str:
    return status if status in dict(STATES) else ""
