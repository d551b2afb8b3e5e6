"""The API as an application of its own, mounted at ``/api/v1``: its errors are JSON and its description is its own."""

from fastapi import Depends, FastAPI
from starlette.requests import Request
from starlette.responses import JSONResponse

import muster
from portal.access import open_to_all
from portal.api import acts, reads
from portal.api.models import TROUBLES
from portal.services import Portal
from portal.trouble import add_handlers

ABOUT = """\
Campaigns, hosts, visits, plans and waves of one Muster, as the pages of the portal show them.

Every request carries a token (`Authorization: Bearer muster_...`, made by `muster portal token add`). It acts for an
account and sees what that account sees: what lies outside is answered as if it were not there.
"""


def create_api(portal: Portal) -> FastAPI:
    """The API of one portal."""
    api = FastAPI(
        title="Muster",
        version=muster.__version__,
        description=ABOUT,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        responses=TROUBLES,
    )
    api.state.portal = portal
    api.include_router(reads.router)
    api.include_router(acts.router)
    add_handlers(api)

    @api.get("/openapi.json", include_in_schema=False, dependencies=[Depends(open_to_all)])
    def description(request: Request) -> JSONResponse:
        """What there is."""
        return JSONResponse({**api.openapi(), "servers": [{"url": request.scope.get("root_path", "")}]})

    return api
