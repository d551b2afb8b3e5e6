"""Making a page: one template, and around it the navigation, the viewer, and what was said last."""

from collections.abc import Hashable
from functools import lru_cache
from pathlib import Path
from typing import cast
from urllib.parse import quote, unquote

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

import muster
from portal import words
from portal.access import Viewer
from portal.nav import NavItem, is_current, nav_of
from portal.services import portal_of

FOLDER = Path(__file__).parent
FLASH = "muster-said"
"""The cookie that carries one sentence over a redirect."""


@lru_cache(maxsize=1)
def templates() -> Environment:
    """The templates; text in them is escaped, and a name that is not there is an error rather than nothing."""
    made = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=select_autoescape(("html",), default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters.update(words.FILTERS)
    made.globals.update(span=words.span, static=static_address, part=part)
    return made


PARTS_KEPT = 4_000
"""Some kilobytes each."""


@lru_cache(maxsize=PARTS_KEPT)
def part(template: str, *values: Hashable) -> Markup:
    """A part of a page, such as a row of a long list: the same values make the same text, so it is made once.

    Nothing but ``values`` is known in such a template, so that it cannot hold what only one viewer may see.
    """
    return Markup(templates().get_template(template).render(values=values))  # noqa: S704 - a template escapes


@lru_cache(maxsize=256)
def static_address(name: str) -> str:
    """The address of a file of ``static/``, with its age in it, so that browsers may keep it for long."""
    file = FOLDER / "static" / name
    return f"/static/{name}?{int(file.stat().st_mtime)}" if file.is_file() else f"/static/{name}"


def page(
    request: Request, viewer: Viewer | None, template: str, *, status: int = 200, **context: object
) -> HTMLResponse:
    """A page for a viewer (None where nobody is logged in)."""
    said = request.cookies.get(FLASH, "")
    text = templates().get_template(template).render({**_frame(request, viewer, unquote(said)), **context})
    response = HTMLResponse(text, status)
    if said:
        response.delete_cookie(FLASH, path="/")
    return response


def back_to(request: Request, path: str, *, say: str = "", tone: str = "good") -> Response:
    """After a change: to the page that shows it (always by GET), which says one sentence once."""
    response = RedirectResponse(path, 303)
    if say:
        secure = portal_of(request).settings.portal_url.startswith("https://")
        said = quote(f"{tone}|{say[:600]}")
        response.set_cookie(FLASH, said, max_age=60, path="/", httponly=True, samesite="lax", secure=secure)
    return response


def _frame(request: Request, viewer: Viewer | None, said: str) -> dict[str, object]:
    portal, path = portal_of(request), request.url.path
    items = cast("tuple[NavItem, ...]", request.app.state.nav)
    tone, _, sentence = said.rpartition("|")
    return {
        "request_path": path,
        "viewer": viewer,
        "nav": [(one, is_current(one, path)) for one in nav_of(items, viewer.role)] if viewer else [],
        "csrf_token": getattr(request.state, "csrf", ""),
        "said": sentence,
        "said_tone": tone if tone in {"good", "warn", "bad"} else "good",
        "company": portal.settings.company,
        "currency": portal.settings.currency,
        "language": (viewer.language if viewer else "") or "en",
        "now": portal.services.clock.now(),
        "version": muster.__version__,
    }
