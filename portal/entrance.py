"""Coming in and going out: the login page, the way to one's own first page, and the door out."""

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from portal.access import Role, Viewer, need, open_to_all
from portal.forms import Form, OpenForm
from portal.passwords import is_password
from portal.render import page
from portal.services import portal_of
from portal.sessions import begin, cookie_name, leave, viewer_or_none

router = APIRouter()
HOME = {
    Role.MANAGER: "/manager",
    Role.AUDITOR: "/manager",
    Role.ENGINEER: "/engineer",
    Role.PARTNER_MANAGER: "/partner",
    Role.PARTNER_TECHNICIAN: "/partner",
    Role.CLIENT_CONTACT: "/client",
}
WRONG = "That name and password do not fit together."


@router.get("/")
def home(viewer: Annotated[Viewer, Depends(need())]) -> Response:
    """To the first page of one's role."""
    return RedirectResponse(HOME[viewer.role], 303)


@router.get("/login", dependencies=[Depends(open_to_all)])
def login_page(request: Request, next: str = "") -> Response:  # noqa: A002 - what browsers are told to send
    """Ask for name and password."""
    if viewer_or_none(request) is not None:
        return RedirectResponse("/", 303)
    return page(request, None, "login.html", next=local_path(next), wrong="", name="")


@router.post("/login", dependencies=[Depends(open_to_all)])
def login(request: Request, form: OpenForm) -> Response:
    """Let somebody in who knows name and password."""
    portal = portal_of(request)
    name, next_ = form.text("name", "").lower(), local_path(form.text("next", ""))
    account = portal.store.account(name)
    if not is_password(account.password_hash if account else None, form.text("password", "")) or account is None:
        return page(request, None, "login.html", status=401, next=next_, wrong=WRONG, name=name)
    if account.disabled:
        return page(request, None, "login.html", status=401, next=next_, wrong=WRONG, name=name)
    response = RedirectResponse(next_ or "/", 303)
    begin(request, response, account=account)
    return response


@router.post("/logout")
def logout(request: Request, _viewer: Annotated[Viewer, Depends(need())], _form: Form) -> Response:
    """End the session."""
    leave(request)
    response = RedirectResponse("/login", 303)
    response.delete_cookie(cookie_name(portal_of(request)), path="/")
    return response


def local_path(path: str) -> str:
    """A path of our own to go on to; empty where it might lead elsewhere."""
    is_ours = path.startswith("/") and not path.startswith(("//", "/\\")) and "\\" not in path
    return path if is_ours and path.isprintable() else ""
