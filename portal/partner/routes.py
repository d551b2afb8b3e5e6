"""The routes of the partner."""

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from portal.access import Role, Viewer, need
from portal.render import page

router = APIRouter()


@router.get("/partner")
def first(
    request: Request, viewer: Annotated[Viewer, Depends(need(Role.PARTNER_MANAGER, Role.PARTNER_TECHNICIAN))]
) -> Response:
    """The first page."""
    return page(request, viewer, "partner/first.html")
