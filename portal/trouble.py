"""What a viewer is told when something does not work: a sentence and what to do, never a traceback.

A page is in the reader's language (``portal.trouble_speech``); a program is always answered in English. Sentences of
errors that clients do not meet are not in the table of languages: a client is told in general words instead, anybody
else in English.
"""

import logging
import re
from urllib.parse import quote

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from muster.errors import Conflict, ImportRejected, InputError, LedgerUnavailable, MusterError, NotFound, PlanError
from portal.access import FactorWanted, LoginWanted, Role
from portal.bounds import TooLarge
from portal.client.routes import nav_in
from portal.client.sentences import EN
from portal.client.speech import Speech
from portal.limits import TooOften
from portal.render import page
from portal.tokens import ScopeMissing
from portal.trouble_speech import speech_in_trouble, viewer_in_trouble
from reports.notices.languages import language

_LOG = logging.getLogger("muster.portal")
NOTHING = (EN["trouble_nothing"], EN["trouble_nothing_text"])
KEY_OF = {text: key for key, text in EN.items() if key.startswith("trouble_")}
"""Which sentence of the table an English one is."""


GENERAL = {"trouble_ledger", "trouble_error", "trouble_large"}
"""What can be told to anybody in general words: what is left out of the sentence concerns only who runs Muster."""
TRY_AGAIN = re.compile(r"try again in (?P<minutes>\d+) minutes?")
"""As ``portal.limits.TooOften`` has it."""


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
            status, title = 429, "trouble_often"
        case InputError():
            status, title = 400, "trouble_fit"
        case Conflict() | PlanError():
            status, title = 409, "trouble_hold"
        case LedgerUnavailable():
            status, title = 503, "trouble_ledger"
        case _:
            status, title = 409, "trouble_work"
    details = [str(one) for one in error.problems[:50]] if isinstance(error, ImportRejected) else []
    return _told(request, status, title, error.message, error.hint, details)


def _nothing_there(request: Request, _error: Exception) -> Response:
    return _told(request, 404, "trouble_nothing", NOTHING[1], "")


def _wrong_parameter(request: Request, error: Exception) -> Response:
    """A program is told which parameter; on a page it can only come from an address that somebody made up."""
    if not _is_api(request) or not isinstance(error, RequestValidationError):
        return _nothing_there(request, error)
    details = [f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}" for one in error.errors()]
    return _told(request, 422, "trouble_fit", "a parameter is wrong", "see the details", details[:50])


def _is_api(request: Request) -> bool:
    return request.scope.get("root_path", "").startswith("/api/") or request.url.path.startswith("/api/")


def _http(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status == 404:
        return _nothing_there(request, error)
    title, sentence = "trouble_here", EN["trouble_here_text"]
    if isinstance(error, TooLarge):
        title, sentence = "trouble_large", f"It is {error.detail}, and nothing was changed."
    told = _told(request, status, title, sentence, "")
    told.headers.update(getattr(error, "headers", None) or {})
    return told


def _unforeseen(request: Request, error: Exception) -> Response:
    _LOG.error("%s %s", request.method, request.url.path, exc_info=error)
    what_to_do = "try again; when it comes back, tell whoever runs Muster: the portal's log says more"
    return _told(request, 500, "trouble_error", type(error).__name__, what_to_do)


def _told(
    request: Request, status: int, title: str, sentence: str, hint: str, details: list[str] | None = None
) -> Response:
    """Answer with a page, or with JSON; ``title`` is a name of the table, sentence and hint are in English."""
    if _wants_json(request):
        return JSONResponse({"error": sentence, "what_to_do": hint, "details": details or []}, status)
    viewer = viewer_in_trouble(request)
    speech, is_client = speech_in_trouble(request, viewer), viewer is not None and viewer.role is Role.CLIENT_CONTACT
    if speech.code != "en" and (sentence in KEY_OF or title in GENERAL or is_client):
        sentence, hint, details = *_in_words_of(speech, title, sentence, hint), []
    else:
        speech = speech if is_client else Speech(language("en"))
    context: dict[str, object] = {"title": speech.say(title), "sentence": sentence, "hint": hint}
    context |= {"details": details or [], "t": speech, "language": speech.code}
    if is_client:
        context["nav"] = nav_in(speech, request.url.path)
    return page(request, viewer, "trouble.html", status=status, **context)


def _in_words_of(speech: Speech, title: str, sentence: str, hint: str) -> tuple[str, str]:
    """The sentence and what to do in another language: those of the table, else the general one of the title."""
    told = speech.say(KEY_OF.get(sentence, f"{title}_text"))
    if found := TRY_AGAIN.fullmatch(hint):
        return told, speech.say("trouble_often_hint", minutes=found["minutes"])
    return told, speech.say(KEY_OF[hint]) if hint in KEY_OF else ""


def _wants_json(request: Request) -> bool:
    return _is_api(request) or "application/json" in request.headers.get("accept", "")
