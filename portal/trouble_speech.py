"""The language of a page that tells of trouble; to find it must never make more trouble."""

import re

from starlette.requests import Request

from portal.access import Role, Viewer
from portal.client.speech import COOKIE, Speech, known_language
from portal.links import language_of_link
from portal.services import reading_of
from portal.sessions import viewer_or_none
from reports.notices.languages import LANGUAGES, language

LONGEST = 500
"""Characters of the header that are looked at."""
WEIGHT = re.compile(r"q=(?P<weight>[01](?:\.\d{0,3})?)")


def viewer_in_trouble(request: Request) -> Viewer | None:
    """Who is logged in, as far as that can be known now."""
    try:
        return viewer_or_none(request)
    except Exception:  # noqa: BLE001 - the trouble may be that nothing can be read; it is told without a name
        return None


def speech_in_trouble(request: Request, viewer: Viewer | None) -> Speech:
    """A client's language, or that of the link that was followed (also one that has ended), else the browser's.

    The pages of everybody else who is logged in are in English, and so is what they are told here. That an ended link
    still has its language tells something only to who has its whole random word, which was sent and cannot be guessed.
    """
    if viewer is not None and viewer.role is not Role.CLIENT_CONTACT:
        return Speech(language("en"))
    try:
        found = _known(request, viewer)
    except Exception:  # noqa: BLE001 - as above
        found = ""
    return Speech(language(found or preferred(request.headers.get("accept-language", "")) or "en"))


def preferred(header: str) -> str:
    """Which of our languages a browser asks for first; empty where it asks for none of them.

    >>> preferred("it, fr-CA;q=0.5, de;q=0.8")
    'de'
    """
    wanted = [(_weight(one), one.strip()[:2].lower()) for one in header[:LONGEST].split(",")]
    ours = [one for one in wanted if one[1] in LANGUAGES and one[0] > 0]
    return max(ours, key=lambda one: one[0])[1] if ours else ""  # of equals the first


def _weight(one: str) -> float:
    found = WEIGHT.search(one.replace(" ", ""))
    return float(found["weight"]) if found else 1.0


def _known(request: Request, viewer: Viewer | None) -> str:
    if viewer is not None:
        return known_language(request, viewer, reading_of(request))
    of_link = language_of_link(request)
    return of_link or next((one for one in (request.cookies.get(COOKIE, ""),) if one in LANGUAGES), "")
