"""Who plays in the demo: clients and sites around British Columbia, and a seeded spread of hosts of every kind.

All names are invented. The coordinates are those of the cities.
"""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

VANCOUVER = "America/Vancouver"
SEATTLE = "America/Los_Angeles"


class Kind(StrEnum):
    """What a host of the demo is like, as the demo built it; Muster has to find out for itself."""

    STALE = "stale"
    """Reachable, and wrong about the change."""
    RIGHT = "right"
    """Has the fresh zone files already."""
    UNAFFECTED = "unaffected"
    """Has the stale files, and lives in a zone that they are right about."""
    REFUSING = "refusing"
    """Nobody listens on its port."""
    SILENT = "silent"
    """Accepts connections and never says a word."""
    CHANGED_KEY = "changed key"
    """Shows another host key than the one in known_hosts."""
    FULL_DISK = "full disk"
    """Stale, and nothing can be written to its disk."""
    ONSITE_ONLY = "on site only"
    """No server at all: a person has to go there."""


@dataclass(frozen=True, slots=True)
class ClientPart:
    """An invented client."""

    id: str
    name: str
    email: str
    priority: int
    partners_allowed: bool


@dataclass(frozen=True, slots=True)
class SitePart:
    """A place of a client; ``access`` is in the notation of the fleet files, ``weight`` its share of the hosts."""

    id: str
    client_id: str
    name: str
    address: str
    region: str
    latitude: float
    longitude: float
    timezone: str = VANCOUVER
    access: str = "Mon-Fri 08:00-18:00"
    weight: int = 2


CLIENTS = (
    ClientPart("harbour-dental", "Harbour Dental Group", "office@harbour-dental.example", 2, partners_allowed=True),
    ClientPart("coast-savings", "Coast Savings", "it@coast-savings.example", 1, partners_allowed=False),
    ClientPart("lake-orchards", "Lake Country Orchards", "hello@lake-orchards.example", 4, partners_allowed=True),
    ClientPart("northern-timber", "Northern Timber", "yard@northern-timber.example", 3, partners_allowed=True),
    ClientPart("two-rivers", "Two Rivers Clinics", "desk@two-rivers.example", 1, partners_allowed=True),
    ClientPart("salish-outfitters", "Salish Outfitters", "shop@salish-outfitters.example", 3, partners_allowed=True),
)

SITES = (
    SitePart("van-dental", "harbour-dental", "Vancouver practice", "Vancouver, BC", "coast", 49.2827, -123.1207),
    SitePart("vic-dental", "harbour-dental", "Victoria practice", "Victoria, BC", "island", 48.4284, -123.3656),
    SitePart("van-savings", "coast-savings", "Vancouver head office", "Vancouver, BC", "coast", 49.2849, -123.1140,
             access="Mon-Fri 07:00-20:00", weight=4),
    SitePart("kam-savings", "coast-savings", "Kamloops branch", "Kamloops, BC", "interior", 50.6745, -120.3273),
    SitePart("kel-orchards", "lake-orchards", "Kelowna packing house", "Kelowna, BC", "interior", 49.8880, -119.4960,
             access="Mon-Sat 06:00-16:00"),
    SitePart("pg-timber", "northern-timber", "Prince George mill", "Prince George, BC", "north", 53.9171, -122.7497,
             access=""),
    SitePart("kam-clinic", "two-rivers", "Kamloops clinic", "Kamloops, BC", "interior", 50.6761, -120.3408),
    SitePart("pg-clinic", "two-rivers", "Prince George clinic", "Prince George, BC", "north", 53.9130, -122.7453),
    SitePart("van-shop", "salish-outfitters", "Vancouver shop", "Vancouver, BC", "coast", 49.2634, -123.1380),
    SitePart("sea-shop", "salish-outfitters", "Seattle shop", "Seattle, WA", "washington", 47.6062, -122.3321,
             timezone=SEATTLE, weight=0),
)  # fmt: skip

ROLES = (
    ("server", "srv", "Debian 12", 3),
    ("workstation", "ws", "Ubuntu 24.04", 5),
    ("kiosk", "kiosk", "Debian 11", 2),
)
"""Role, its short form in names, what it runs, and its share of the hosts."""

LocaltimeStyle = Literal["link", "link to alias", "copy"]
AliasStyle = Literal["symbolic link", "hard link", "copy"]


@dataclass(frozen=True, slots=True)
class Look:
    """How a host's zone files lie about: real machines differ in this.

    Attributes:
        localtime: what ``/etc/localtime`` is.
        aliases: what names such as ``Canada/Pacific`` are.
        python_data: whether a Python installation brings its own copy of the zone files.
    """

    localtime: LocaltimeStyle
    aliases: AliasStyle
    python_data: bool


@dataclass(frozen=True, slots=True)
class Part:
    """One host as it is cast, before it has an address."""

    id: str
    kind: Kind
    site: SitePart
    role: str
    os_version: str
    look: Look


_PLACES: tuple[tuple[int, Kind], ...] = (
    (4, Kind.REFUSING),
    (5, Kind.SILENT),
    (6, Kind.CHANGED_KEY),
    (7, Kind.FULL_DISK),
    (8, Kind.UNAFFECTED),
    (9, Kind.ONSITE_ONLY),
)
"""From how many hosts on a kind that is there once (or, unaffected, a few times) has its place."""


def cast_hosts(hosts: int, seed: int) -> tuple[Part, ...]:
    """Spread ``hosts`` hosts over the sites: one of every trouble, a third right, the rest stale.

    The same numbers give the same cast. Fewer than nine hosts leave out some kinds; with one host it is stale.
    """
    chance = random.Random(seed)  # noqa: S311 -- a repeatable spread, no secret
    kinds = _kinds(hosts)
    chance.shuffle(kinds)
    sites = _sites(kinds, chance)
    digits = max(2, len(str(hosts)))
    seen: Counter[str] = Counter()
    parts = []
    for kind, site in zip(kinds, sites, strict=True):
        role, short, os_version, _ = chance.choices(ROLES, [role[-1] for role in ROLES])[0]
        seen[site.id] += 1
        name = f"{site.id}-{short}{seen[site.id]:0{digits}d}"
        parts.append(Part(name, kind, site, role, os_version, _look(chance)))
    return tuple(sorted(parts, key=lambda part: part.id))


def _kinds(hosts: int) -> list[Kind]:
    kinds = [kind for at_least, kind in _PLACES if hosts >= at_least]
    if Kind.UNAFFECTED in kinds:
        kinds += [Kind.UNAFFECTED] * (hosts // 12 - 1)
    right = round(hosts / 3) if hosts > 1 else 0
    kinds += [Kind.RIGHT] * min(right, hosts - len(kinds) - 1)
    return kinds + [Kind.STALE] * (hosts - len(kinds))


def _sites(kinds: Sequence[Kind], chance: random.Random) -> list[SitePart]:
    """Seattle for the unaffected, Prince George for the one on site; the rest by weight."""
    by_id = {site.id: site for site in SITES}
    fixed = {Kind.UNAFFECTED: by_id["sea-shop"], Kind.ONSITE_ONLY: by_id["pg-timber"]}
    drawn = chance.choices(SITES, [site.weight for site in SITES], k=len(kinds))
    return [fixed.get(kind, site) for kind, site in zip(kinds, drawn, strict=True)]


def _look(chance: random.Random) -> Look:
    return Look(
        localtime=chance.choices(("link", "link to alias", "copy"), (6, 1, 3))[0],
        aliases=chance.choices(("symbolic link", "hard link", "copy"), (6, 2, 2))[0],
        python_data=chance.random() < 0.15,
    )
