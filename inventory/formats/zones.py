"""Time zones: IANA names that exist, with near names suggested for those that do not."""

import difflib
import zoneinfo
from functools import cache

from inventory.formats import BadValue

_NOT_PLACES = frozenset(
    {
        "Factory",
        "localtime",
        "EST",
        "MST",
        "HST",
        "EST5EDT",
        "CST6CDT",
        "MST7MDT",
        "PST8PDT",
        "CET",
        "MET",
        "EET",
        "WET",
    }
)
"""Names that zoneinfo knows and that name no place: an abbreviation says nothing about the next clock change."""

_SHORTEST_CITY = 5
"""Shorter texts are near to some city or other by chance."""


def parse_zone(text: str) -> str:
    """An IANA name in its own spelling, whatever the case it was written in.

    Raises:
        BadValue: there is no such zone (near ones are named), or it is an abbreviation such as ``EST``.
    """
    known = _zones()
    if (name := known.get(text.replace(" ", "_").casefold())) is not None:
        return name
    raise BadValue(
        "is not a time zone",
        "write the IANA name of a place, such as America/Vancouver or Europe/Berlin",
        near=lambda: _suggestion(text),
    )


def _suggestion(text: str) -> str:
    near = [] if text.upper() in _NOT_PLACES else _near(text)
    return f"did you mean {' or '.join(near)}?" if near else ""


def _near(text: str) -> list[str]:
    """Zones whose city is the text, else those that are spelled much like it; at most three."""
    known = _zones()
    word = text.replace(" ", "_").casefold()
    cities = [name for folded, name in known.items() if folded.rpartition("/")[2] == word]
    if cities:
        return sorted(cities)[:3]
    near = difflib.get_close_matches(word, list(known), n=2, cutoff=0.75)
    if len(word) < _SHORTEST_CITY:
        return [known[folded] for folded in near]
    by_city = {folded.rpartition("/")[2]: folded for folded in known}
    near += [by_city[city] for city in difflib.get_close_matches(word, list(by_city), n=1, cutoff=0.8)]
    return [known[folded] for folded in dict.fromkeys(near)]


@cache
def _zones() -> dict[str, str]:
    names = zoneinfo.available_timezones() - _NOT_PLACES
    return {name.casefold(): name for name in sorted(names) if not name.startswith(("posix/", "right/"))}
