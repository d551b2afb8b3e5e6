"""Coming in and going out: name and password, the second factor, and the way to one's own first page."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends
from itsdangerous import BadData, URLSafeTimedSerializer
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from ledger.portal_rows import Account
from portal.access import LoginWanted, Role, Viewer, need, open_to_all
from portal.company_logout import end_address
from portal.factors import recovery_hash, step_of
from portal.forms import Form, OpenForm
from portal.keys import hashed
from portal.limits import TooOften, count_try, forgive
from portal.passwords import is_password
from portal.render import page
from portal.services import Portal, portal_of
from portal.sessions import address_of, begin, cookie_name, leave, own_session_hash, set_cookie, viewer_or_none

router = APIRouter()
HOME = {
    Role.MANAGER: "/manager",
    Role.AUDITOR: "/manager",
    Role.ENGINEER: "/engineer",
    Role.PARTNER_MANAGER: "/partner/visits",
    Role.PARTNER_TECHNICIAN: "/partner/visits",
    Role.CLIENT_CONTACT: "/client",
}
WRONG = "That name and password do not fit together."
WRONG_CODE = "That is not the code of now."
HALF = "muster-half"
HALF_LASTS = timedelta(minutes=5)


@router.get("/")
def home(viewer: Annotated[Viewer, Depends(need())]) -> Response:
    """To the first page of one's role."""
    return RedirectResponse(HOME[viewer.role], 303)


@router.get("/login", dependencies=[Depends(open_to_all)])
def login_page(request: Request, next: str = "") -> Response:  # noqa: A002 - what browsers are told to send
    """Ask for name and password."""
    if viewer_or_none(request) is not None:
        return RedirectResponse("/", 303)
    return _login_page(request, local_path(next))


@router.post("/login", dependencies=[Depends(open_to_all)])
def login(request: Request, form: OpenForm) -> Response:
    """Let somebody in who knows name and password, or ask for the second factor."""
    portal = portal_of(request)
    name, next_ = form.text("name", "").lower(), local_path(form.text("next", ""))
    try:
        count_try(request, name)
    except TooOften as error:
        return _login_page(request, next_, wrong=f"Too many tries: {error.hint}.", name=name, status=429)
    account = portal.store.account(name)
    fits = is_password(account.password_hash if account else None, form.text("password", ""))
    if account is None or not fits or account.disabled:
        _note_refused(request, name)
        return _login_page(request, next_, wrong=WRONG, name=name, status=401)
    if account.factor is None:
        return _let_in(request, account, next_)
    response = RedirectResponse("/login/code", 303)
    half = _serializer(portal).dumps([account.id, next_, hashed(account.password_hash or "")])
    set_cookie(portal, response, HALF, str(half), HALF_LASTS)
    return response


@router.get("/login/code", dependencies=[Depends(open_to_all)])
def code_page(request: Request) -> Response:
    """Ask for the second factor of somebody whose password was right."""
    _half(request)
    return page(request, None, "login_code.html", wrong="")


@router.post("/login/code", dependencies=[Depends(open_to_all)])
def code(request: Request, form: OpenForm) -> Response:
    """Let somebody in whose second factor is right, too."""
    account, next_ = _half(request)
    try:
        count_try(request, f"code of {account.id}")
    except TooOften as error:
        return page(request, None, "login_code.html", status=429, wrong=f"Too many tries: {error.hint}.")
    if not _is_code(portal_of(request), account, form.text("code", "")):
        _note_refused(request, account.id)
        return page(request, None, "login_code.html", status=401, wrong=WRONG_CODE)
    forgive(request, f"code of {account.id}")
    return _let_in(request, account, next_)


@router.post("/logout")
def logout(request: Request, viewer: Annotated[Viewer, Depends(need())], _form: Form) -> Response:
    """End the session; that of the company's login, too, where it was begun there."""
    portal = portal_of(request)
    there = end_address(portal, own_session_hash(request)) if viewer.how == "oidc" else None
    leave(request)
    # a page of its own leads there: the content policy lets no form end on another site, by a redirect neither
    response = page(request, None, "logged_out.html", address=there) if there else RedirectResponse("/login", 303)
    response.delete_cookie(cookie_name(portal_of(request)), path="/")
    return response


def local_path(path: str) -> str:
    """A path of our own to go on to; empty where it might lead elsewhere."""
    is_ours = path.startswith("/") and not path.startswith("//") and "\\" not in path
    return path if is_ours and path.isprintable() else ""


def _login_page(request: Request, next_: str, *, wrong: str = "", name: str = "", status: int = 200) -> Response:
    oidc = bool(portal_of(request).settings.portal_oidc_issuer)
    return page(request, None, "login.html", status=status, next=next_, wrong=wrong, name=name, oidc=oidc)


def _let_in(request: Request, account: Account, next_: str) -> Response:
    forgive(request, account.id)
    response = RedirectResponse(next_ or "/", 303)
    response.delete_cookie(HALF, path="/")
    begin(request, response, account=account)
    data = {"account": account.id, "from": address_of(request)}
    portal_of(request).services.ledger.note("portal: logged in", by=f"{account.name} ({account.id})", data=data)
    return response


def _note_refused(request: Request, name: str) -> None:
    data = {"account": name[:100], "from": address_of(request)}
    portal_of(request).services.ledger.note("portal: login refused", by="portal", data=data)


def _half(request: Request) -> tuple[Account, str]:
    """Whose password was right a moment ago.

    Raises:
        LoginWanted: nobody's, or it was too long ago.
    """
    portal = portal_of(request)
    try:
        account_id, next_, password = _serializer(portal).loads(
            request.cookies.get(HALF, ""), max_age=int(HALF_LASTS.total_seconds())
        )
    except (BadData, ValueError):
        raise LoginWanted("please log in") from None
    account = portal.store.account(account_id)
    if account is None or account.disabled or account.factor is None or hashed(account.password_hash or "") != password:
        raise LoginWanted("please log in")
    return account, local_path(next_)


def _is_code(portal: Portal, account: Account, code: str) -> bool:
    """Whether it is a code of now that was not used before, or a recovery code (which is used up)."""
    if account.factor is None:
        return False
    step = step_of(portal.keys.unseal(account.factor), code)
    if step is not None:
        return portal.store.use_factor_step(account.id, step)
    return portal.store.use_recovery(account.id, recovery_hash(code))


def _serializer(portal: Portal) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(portal.keys.tag("half", "a login"), salt="muster half")
