"""The routes of the guide, and its list of launches."""

import secrets

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from portal.forms import Form, audited
from portal.launch import pages_campaign, pages_columns, pages_fleet, pages_plan, pages_rows
from portal.launch.queries import launch_cards
from portal.launch.state import Launch, book_of, keep, launch_named
from portal.launch.steps import path_of
from portal.launch.tidying import put_away, tidy
from portal.manager.common import Changer
from portal.render import back_to, page
from portal.services import portal_of, reading_of, services_of

router = APIRouter()


@router.get("/launch")
def launches(request: Request, viewer: Changer) -> Response:
    """Begin, or carry on where one was."""
    reading = reading_of(request)
    return page(
        request, viewer, "launch/begin.html", cards=launch_cards(book_of(request), reading), fleet=reading.fleet
    )


@router.post("/launch")
def begin(request: Request, viewer: Changer, form: Form) -> Response:
    """Begin a new one."""
    del form
    tidy(book_of(request), portal_of(request).settings.workspace, services_of(request).clock.now())
    launch = Launch(secrets.token_hex(4), services_of(request).clock.now(), viewer.by)
    keep(request, viewer, launch, None, "launch begun")
    audited(request, viewer, "launch begun", launch=launch.id)
    return back_to(request, path_of(launch.id, "fleet"))


@router.post("/launch/{launch_id}/away")
def away(request: Request, viewer: Changer, launch_id: str, form: Form) -> Response:
    """Delete its files, and take it off the list; what was imported stays."""
    del form
    kept, now = launch_named(request, launch_id), services_of(request).clock.now()
    put_away(book_of(request), portal_of(request).settings.workspace, kept, now, by=viewer.by)
    audited(request, viewer, "launch put away", launch=launch_id)
    return back_to(request, "/launch", say="Put away; its files are deleted, and what was imported stays.")


for part in (pages_fleet, pages_columns, pages_rows, pages_campaign, pages_plan):
    router.include_router(part.router)
