"""The routes of the client."""

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from portal.access import Role, Viewer, need
from portal.render import page

router = APIRouter()


@router.get("/client")
def first(request: Request, viewer: Annotated[Viewer, Depends(need(Role.CLIENT_CONTACT))]) -> Response:
    """The first page."""
    return page(request, viewer, "client/first.html")
