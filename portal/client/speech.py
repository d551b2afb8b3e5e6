"""A client's page in its language: asked for on this device, else the viewer's, else the site's, else English."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from starlette.requests import Request

from portal.access import Viewer
from portal.client.sentences import SENTENCES
from portal.reading import Reading
from reports.notices.languages import LANGUAGES, Language, language

COOKIE = "muster-language"
LASTS_S = 180 * 86400


@dataclass(frozen=True)
class Speech:
    """One language: the sentences of pages and of letters, dates and times."""

    letters: Language

    @property
    def code(self) -> str:
        """Such as ``fr``."""
        return self.letters.code

    def say(self, name: str, **values: object) -> str:
        """A sentence of pages, else of letters."""
        own = SENTENCES[self.code]
        return own[name].format(**values) if name in own else self.letters.say(name, **values)

    def span(self, starts: datetime, ends: datetime) -> str:
        """``Tuesday, 20 October 2026, 10:00 to 11:30 (Vancouver, UTC-07:00)``, as letters have it."""
        offset = f"{starts:%z}"
        place = starts.tzinfo.key.rpartition("/")[2].replace("_", " ") if isinstance(starts.tzinfo, ZoneInfo) else ""
        zone = f"{place}, UTC{offset[:3]}:{offset[3:]}"
        start, end = self.letters.time(starts), self.letters.time(ends)
        return self.letters.say("span", date=self.day(starts), start=start, end=end, zone=zone)

    def day(self, at: datetime) -> str:
        """A date in words."""
        return self.letters.date(at.date())

    def hours(self, starts: datetime, ends: datetime) -> str:
        """``10:00-11:30``, as the language writes times."""
        end = self.letters.time(ends)
        start, unit = self.letters.time(starts), end.rpartition(" ")[2]
        if unit.isalpha():  # such as Uhr, which is said once
            start = start.removesuffix(f" {unit}")
        return f"{start}\N{EN DASH}{end}"

    def others(self) -> list[tuple[str, str]]:
        """The other languages: code and own name."""
        return [(code, SENTENCES[code]["language"]) for code in LANGUAGES if code != self.code]


def speech_of(request: Request, viewer: Viewer, reading: Reading) -> Speech:
    """The language of a request."""
    return Speech(language(known_language(request, viewer, reading)))


def known_language(request: Request, viewer: Viewer, reading: Reading) -> str:
    """The code that was asked for on the device, else the viewer's, else the site's; empty where there is none."""
    asked = request.query_params.get("lang", "")
    if asked not in LANGUAGES:
        asked = request.cookies.get(COOKIE, "")
    if asked not in LANGUAGES:
        asked = viewer.language or _of_sites(viewer, reading)
    return asked


def _of_sites(viewer: Viewer, reading: Reading) -> str:
    return next(
        (one.language for one in reading.fleet.sites if one.client_id in viewer.client_ids and one.language), ""
    )
