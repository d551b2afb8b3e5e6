"""One's own account: the password, the second factor, and where one is logged in."""

from typing import Annotated

from fastapi import APIRouter, Depends
from itsdangerous import BadData, URLSafeTimedSerializer
from starlette.requests import Request
from starlette.responses import Response

from ledger.portal_rows import Account
from muster.errors import InputError
from portal.access import Viewer, need_even_without_factor, nothing_there
from portal.accounts import Accounts
from portal.factors import address_of as factor_address
from portal.factors import new_secret, qr_code, step_of
from portal.forms import Form, audited
from portal.keys import hashed
from portal.limits import count_try
from portal.passwords import is_password
from portal.render import back_to, page
from portal.services import Portal, portal_of
from portal.sessions import begin, own_session_hash

router = APIRouter()
Own = Annotated[Viewer, Depends(need_even_without_factor())]
SECRET_LASTS_S = 900


@router.get("/account")
def account_page(request: Request, viewer: Own) -> Response:
    """The account, and where it is logged in."""
    account, portal = _account(request, viewer), portal_of(request)
    sessions = portal.store.sessions(account.id)
    here = own_session_hash(request)
    return page(request, viewer, "account.html", account=account, sessions=sessions, here=here)


@router.post("/account/password")
def change_password(request: Request, viewer: Own, form: Form) -> Response:
    """A new password; every other session of the account ends."""
    portal, account = portal_of(request), _account(request, viewer)
    count_try(request, account.id)
    if not is_password(account.password_hash, form.text("old", "")):
        raise InputError("that is not the password of now", hint="go back and type it again")
    if form.text("new") != form.text("again"):
        raise InputError("the new password was typed in two ways", hint="go back and type it twice the same")
    _accounts(portal, viewer).set_password(account.id, form.text("new"))
    audited(request, viewer, "changed their password")
    response = back_to(request, "/account", say="Your password is changed. You are logged out everywhere else.")
    begin(request, response, account=account)
    return response


@router.get("/account/second-factor")
def factor_page(request: Request, viewer: Own) -> Response:
    """A QR code to scan, and the code that the app then shows."""
    portal, account = portal_of(request), _account(request, viewer)
    secret = new_secret()
    sealed = portal.keys.seal(secret)
    signed = str(_serializer(portal, account).dumps(sealed))
    return page(request, viewer, "account_factor.html", account=account, secret=secret, signed=signed)


@router.get("/account/second-factor/code.svg")
def factor_code(request: Request, viewer: Own, signed: str = "") -> Response:
    """The QR code of a secret that was made for this page."""
    portal, account = portal_of(request), _account(request, viewer)
    secret = _unsigned(portal, account, signed)
    picture = qr_code(factor_address(secret, account.id, f"Muster {portal.settings.company}"))
    return Response(picture, media_type="image/svg+xml")


@router.post("/account/second-factor")
def set_factor(request: Request, viewer: Own, form: Form) -> Response:
    """Set the second factor; the recovery codes are shown once."""
    portal, account = portal_of(request), _account(request, viewer)
    count_try(request, account.id)
    if not is_password(account.password_hash, form.text("password", "")):
        raise InputError("that is not your password", hint="go back and type it again")
    secret = _unsigned(portal, account, form.text("signed"))
    step = step_of(secret, form.text("code"))
    if step is None:
        raise InputError(
            "that is not the code that the app shows now", hint="go back, and look at the telephone's clock"
        )
    codes = _accounts(portal, viewer).set_factor(account.id, secret, step)
    audited(request, viewer, "set a second factor")
    return page(request, viewer, "account_codes.html", codes=codes)


@router.post("/account/sessions")
def end_others(request: Request, viewer: Own, _form: Form) -> Response:
    """Log out everywhere else."""
    portal, account = portal_of(request), _account(request, viewer)
    here = own_session_hash(request)
    for session in portal.store.sessions(account.id):
        if session.id_hash != here:
            portal.store.end_session(session.id_hash)
    audited(request, viewer, "logged out everywhere else")
    return back_to(request, "/account", say="You are logged out everywhere else.")


def _account(request: Request, viewer: Viewer) -> Account:
    """The viewer's local account; who came by a link or by the company's login has nothing to change here."""
    found = portal_of(request).store.account(viewer.account_id)
    if found is None or found.password_hash is None:
        raise nothing_there()
    return found


def _accounts(portal: Portal, viewer: Viewer) -> Accounts:
    return Accounts(portal.services.ledger, portal.store, portal.keys, viewer.by)


def _serializer(portal: Portal, account: Account) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(portal.keys.tag("factor", account.id), salt=hashed(account.factor or ""))


def _unsigned(portal: Portal, account: Account, signed: str) -> str:
    try:
        sealed = _serializer(portal, account).loads(signed, max_age=SECRET_LASTS_S)
    except BadData:
        raise InputError("this page was open for too long", hint="begin again at your account") from None
    return portal.keys.unseal(str(sealed))
