"""The routes of the manager."""

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from portal.access import Role, Viewer, need
from portal.render import page

router = APIRouter()


@router.get("/manager")
def first(request: Request, viewer: Annotated[Viewer, Depends(need(Role.MANAGER, Role.AUDITOR))]) -> Response:
    """The first page."""
    return page(request, viewer, "manager/first.html")
