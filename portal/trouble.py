"""What a viewer is told when something does not work: a sentence and what to do, never a traceback."""

import logging
from urllib.parse import quote

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from muster.errors import Conflict, ImportRejected, InputError, LedgerUnavailable, MusterError, NotFound, PlanError
from portal.access import FactorWanted, LoginWanted
from portal.bounds import TooLarge
from portal.limits import TooOften
from portal.render import page
from portal.sessions import viewer_or_none
from portal.tokens import ScopeMissing

_LOG = logging.getLogger("muster.portal")
NOTHING = ("There is no such page", "It may have moved, or it is not yours to see.")


def add_handlers(app: FastAPI) -> None:
    """Every error ends in one of these."""
    app.add_exception_handler(LoginWanted, _login_wanted)
    app.add_exception_handler(FactorWanted, _factor_wanted)
    app.add_exception_handler(ScopeMissing, _scope_missing)
    app.add_exception_handler(MusterError, _known)
    app.add_exception_handler(RequestValidationError, _wrong_parameter)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unforeseen)


def _login_wanted(request: Request, _error: Exception) -> Response:
    if _wants_json(request):
        return JSONResponse(
            {"error": "log in first", "what_to_do": "send a token"}, 401, {"www-authenticate": "Bearer"}
        )
    if request.method != "GET":
        return RedirectResponse("/login", 303)
    return RedirectResponse(f"/login?next={quote(request.url.path)}" if request.url.path != "/" else "/login", 303)


def _factor_wanted(_request: Request, _error: Exception) -> Response:
    return RedirectResponse("/account/second-factor", 303)


def _scope_missing(_request: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error), "what_to_do": "use a token with that scope", "details": []}, 403)


def _known(request: Request, error: Exception) -> Response:
    if not isinstance(error, MusterError):
        raise error
    if isinstance(error, NotFound):  # its sentence may name what else there is
        return _nothing_there(request, error)
    match error:
        case TooOften():
            status, title = 429, "Too many tries"
        case InputError():
            status, title = 400, "That does not fit"
        case Conflict() | PlanError():
            status, title = 409, "That does not hold any more"
        case LedgerUnavailable():
            status, title = 503, "The ledger cannot be reached just now"
        case _:
            status, title = 409, "That did not work"
    details = [str(one) for one in error.problems[:50]] if isinstance(error, ImportRejected) else []
    return _told(request, status, title, error.message, error.hint, details)


def _nothing_there(request: Request, _error: Exception) -> Response:
    return _told(request, 404, NOTHING[0], NOTHING[1], "")


def _wrong_parameter(request: Request, error: Exception) -> Response:
    """A program is told which parameter; on a page it can only come from an address that somebody made up."""
    if not _is_api(request) or not isinstance(error, RequestValidationError):
        return _nothing_there(request, error)
    details = [f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}" for one in error.errors()]
    return _told(request, 422, "That does not fit", "a parameter is wrong", "see the details", details[:50])


def _is_api(request: Request) -> bool:
    return request.scope.get("root_path", "").startswith("/api/") or request.url.path.startswith("/api/")


def _http(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status == 404:
        return _nothing_there(request, error)
    title, sentence = "That does not work here", "The portal does not take this request."
    if isinstance(error, TooLarge):
        title, sentence = "That is too large", f"It is {error.detail}, and nothing was changed."
    told = _told(request, status, title, sentence, "")
    told.headers.update(getattr(error, "headers", None) or {})
    return told


def _unforeseen(request: Request, error: Exception) -> Response:
    _LOG.error("%s %s", request.method, request.url.path, exc_info=error)
    what_to_do = "try again; when it comes back, tell whoever runs Muster: the portal's log says more"
    return _told(request, 500, "An error nobody foresaw", type(error).__name__, what_to_do)


def _told(
    request: Request, status: int, title: str, sentence: str, hint: str, details: list[str] | None = None
) -> Response:
    if _wants_json(request):
        return JSONResponse({"error": sentence, "what_to_do": hint, "details": details or []}, status)
    context = {"title": title, "sentence": sentence, "hint": hint, "details": details or []}
    return page(request, viewer_or_none(request), "trouble.html", status=status, **context)


def _wants_json(request: Request) -> bool:
    return _is_api(request) or "application/json" in request.headers.get("accept", "")
