"""The sites of a campaign on a map of our own: no tiles from anywhere, so that it works in a closed network.

Sites that would lie on each other are one mark, with the number of their open machines; it leads into that part of the
map, a site by itself to its machines. North is up, a degree of longitude is as wide as it is in the middle of the map.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil, cos, floor, log10, pi, radians, sqrt

from muster.fleet import Place as Point
from muster.fleet import Site
from muster.ids import CampaignId, SiteId
from muster.outcomes import HostStatus
from portal.manager.common import path_of
from portal.manager.following import TROUBLE
from portal.manager.kept import kept
from portal.reading import Reading

WIDE, TALL, MARGIN = 960.0, 560.0, 40.0
NARROW, NARROW_TALL = 360.0, 420.0
LEAST_TALL = 240
"""The tallest are given; a part of the world that is wide and flat makes a lower picture."""
CELL = 50.0
"""Sites that lie in one square of this size are one mark."""
SMALL, LARGE = 7.0, 18.0
"""Radii of marks."""
BAD = 0.1
WORDS_FROM = 11.0
"""A mark of this radius has room for a number."""
NAMED = 8
NAME_WIDTH = 150.0
"""Of the names beside marks."""
KM_PER_DEGREE = 111.2
LEAST_SPAN = 0.02
"""Degrees; what is closer together is drawn at this scale."""


@dataclass(frozen=True, slots=True)
class Box:
    """A part of the world, in degrees."""

    west: float
    south: float
    east: float
    north: float

    def holds(self, point: Point) -> bool:
        """Whether a point lies in it."""
        return self.west <= point.longitude <= self.east and self.south <= point.latitude <= self.north

    @property
    def words(self) -> str:
        """As an address has it."""
        return ",".join(f"{one:.4f}" for one in (self.west, self.south, self.east, self.north))


@dataclass(frozen=True, slots=True)
class Mark:
    """One site, or several that lie close together.

    Attributes:
        share, trouble: of the machines those that are protected, and those that want a person's eye, 0 to 1.
        tone: ``good`` where all are protected, ``bad`` where more than ``BAD`` want an eye, else ``warn``.
        label: in the mark; empty where it has no room.
        name: beside it, to the left where there is no room to the right; only the largest have one.
        title: all of it in a sentence.
    """

    x: float
    y: float
    radius: float
    share: float
    trouble: float
    tone: str
    label: str
    name: str
    title: str
    path: str
    leftwards: bool = False

    @property
    def round(self) -> float:
        """The length of the ring around it."""
        return 2 * pi * self.radius


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the grid, with its degrees."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Picture:
    """The map at one size."""

    width: float
    height: float
    marks: tuple[Mark, ...]
    meridians: tuple[Line, ...]
    parallels: tuple[Line, ...]
    scale_width: float
    scale_label: str


@dataclass(frozen=True, slots=True)
class SiteMap:
    """The map for a wide screen and for a phone.

    Attributes:
        sites: that are drawn.
        unknown: sites of which nobody has said where they are.
        whole: whether it is the whole campaign.
    """

    pictures: tuple[Picture, Picture]
    sites: int
    unknown: int
    whole: bool


def map_of(reading: Reading, campaign_id: CampaignId, box: Box | None) -> SiteMap | None:
    """The sites of a campaign, or of a part of the world; None where no place of any site is known."""
    return kept(reading, ("map", campaign_id, box), lambda: _map(reading, campaign_id, box))


def box_named(text: str) -> Box | None:
    """The part of the world that an address names; None where it names none."""
    try:
        west, south, east, north = (float(one) for one in text.split(","))
    except ValueError:
        return None
    inside = -180 <= west < east <= 180 and -90 <= south < north <= 90
    return Box(west, south, east, north) if inside else None


def _map(reading: Reading, campaign_id: CampaignId, box: Box | None) -> SiteMap | None:
    counts = reading.counts_by_site(campaign_id)
    sites = [one for one in (reading.fleet.site.get(site_id) for site_id in counts) if one is not None]
    known = [one for one in sites if one.place is not None]
    shown = [one for one in known if box is None or (one.place and box.holds(one.place))]
    if not shown:
        return None
    frame = box or _around([one.place for one in shown if one.place])
    pictures = tuple(
        _picture(reading, campaign_id, shown, counts, _Sheet(frame, *size))
        for size in ((WIDE, TALL), (NARROW, NARROW_TALL))
    )
    return SiteMap((pictures[0], pictures[1]), len(shown), len(sites) - len(known), box is None)


def _around(points: Sequence[Point]) -> Box:
    """The part of the world that holds these, with a little more."""
    west, east = min(one.longitude for one in points), max(one.longitude for one in points)
    south, north = min(one.latitude for one in points), max(one.latitude for one in points)
    more_x, more_y = max(LEAST_SPAN, (east - west) * 0.03), max(LEAST_SPAN, (north - south) * 0.03)
    return Box(max(-180, west - more_x), max(-89.9, south - more_y), min(180, east + more_x), min(89.9, north + more_y))


class _Sheet:
    """Where places lie on a picture; the whole box is in it, at the same scale up and across."""

    def __init__(self, box: Box, width: float, height: float) -> None:
        self.box, self.width = box, width
        self.squeeze = max(0.05, cos(radians((box.south + box.north) / 2)))
        across, up = (box.east - box.west) * self.squeeze, box.north - box.south
        self.per_degree = min((width - 2 * MARGIN) / across, (height - 2 * MARGIN) / up)
        self.height = max(LEAST_TALL, round(up * self.per_degree + 2 * MARGIN))
        self.left = (width - across * self.per_degree) / 2
        self.top = (self.height - up * self.per_degree) / 2

    def x(self, longitude: float) -> float:
        return self.left + (longitude - self.box.west) * self.squeeze * self.per_degree

    def y(self, latitude: float) -> float:
        return self.top + (self.box.north - latitude) * self.per_degree

    def longitude(self, x: float) -> float:
        return self.box.west + (x - self.left) / (self.squeeze * self.per_degree)

    def latitude(self, y: float) -> float:
        return self.box.north - (y - self.top) / self.per_degree


def _picture(
    reading: Reading,
    campaign_id: CampaignId,
    sites: Sequence[Site],
    counts: Mapping[SiteId, Counter[HostStatus]],
    sheet: _Sheet,
) -> Picture:
    cells: dict[tuple[int, int], list[Site]] = defaultdict(list)
    for site in sites:
        if site.place is not None:
            x, y = sheet.x(site.place.longitude), sheet.y(site.place.latitude)
            cells[int(x // CELL), int(y // CELL)].append(site)
    most = max(sum(counts[one.id].total() for one in some) for some in cells.values())
    marks = [_mark(reading, campaign_id, sheet, some, counts, most) for some in cells.values()]
    marks = _named(sorted(marks, key=lambda one: -one.radius), sheet.width)
    km, width = _scale(sheet)
    label = f"{km:,.0f} km" if km >= 1 else f"{km * 1000:,.0f} m"
    return Picture(
        sheet.width,
        sheet.height,
        tuple(marks),
        tuple(_lines(sheet.longitude(0), sheet.longitude(sheet.width), sheet.x, "EW")),
        tuple(_lines(sheet.latitude(sheet.height), sheet.latitude(0), sheet.y, "NS")),
        round(width, 1),
        label,
    )


def _mark(
    reading: Reading,
    campaign_id: CampaignId,
    sheet: _Sheet,
    sites: Sequence[Site],
    counts: Mapping[SiteId, Counter[HostStatus]],
    most: int,
) -> Mark:
    together: Counter[HostStatus] = sum((counts[one.id] for one in sites), Counter())
    hosts = together.total()
    still = sum(number for status, number in together.items() if not status.protected)
    trouble = sum(number for status, number in together.items() if status in TROUBLE)
    places = [one.place for one in sites if one.place is not None]
    x = sum(sheet.x(one.longitude) for one in places) / len(places)
    y = sum(sheet.y(one.latitude) for one in places) / len(places)
    radius = round(SMALL + (LARGE - SMALL) * sqrt(hosts / most), 1) if most else SMALL
    what = sites[0].name if len(sites) == 1 else f"{len(sites)} sites"
    client = f" ({reading.fleet.client[sites[0].client_id].name})" if len(sites) == 1 else ""
    title = f"{what}{client}: {still:,} of {hosts:,} machines open{f', {trouble:,} in trouble' if trouble else ''}"
    return Mark(
        round(x, 1),
        round(y, 1),
        radius,
        (hosts - still) / hosts if hosts else 1.0,
        trouble / hosts if hosts else 0.0,
        "bad" if trouble > BAD * hosts else "warn" if still else "good",
        _short(still) if radius >= WORDS_FROM else "",
        what,
        title,
        _path(campaign_id, sites, places),
    )


def _path(campaign_id: CampaignId, sites: Sequence[Site], places: Sequence[Point]) -> str:
    """Into the map, or to the machines of a site; sites at one and the same spot are found by their client."""
    base = path_of(campaign_id)
    if len(sites) == 1:
        return f"{base}/hosts?site={sites[0].id}"
    spread = max(
        max(one.longitude for one in places) - min(one.longitude for one in places),
        max(one.latitude for one in places) - min(one.latitude for one in places),
    )
    if spread < LEAST_SPAN / 20:
        return f"{base}/sites?q={sites[0].name}"
    return f"{base}/map?box={_around(places).words}"


def _named(marks: Sequence[Mark], width: float) -> list[Mark]:
    """Only the largest keep their names, and of them only those that no other mark is near to; within the picture."""
    names, found = 0, []
    for one in marks:
        leftwards = one.x > width - NAME_WIDTH
        near = any(_covers(one, other, leftwards=leftwards) for other in marks if other is not one)
        named = names < NAMED and not near
        names += named
        found.append(replace(one, name=one.name if named else "", leftwards=leftwards))
    return found


def _covers(one: Mark, other: Mark, *, leftwards: bool) -> bool:
    """Whether a mark lies where the name of another would stand."""
    along = one.x - other.x if leftwards else other.x - one.x
    return 0 < along < NAME_WIDTH and abs(other.y - one.y) < 10 + other.radius


def _short(number: int) -> str:
    """``940``, ``1.2k``, ``12k``: what has room in a mark."""
    if number < 1000:
        return str(number)
    return f"{number / 1000:.1f}k" if number < 9950 else f"{number / 1000:.0f}k"


def _scale(sheet: _Sheet) -> tuple[float, float]:
    """A round number of kilometres that is about a sixth of the width, and how wide it is drawn."""
    wanted = sheet.width / 6 / sheet.per_degree * KM_PER_DEGREE
    power = 10.0 ** floor(log10(wanted))
    km = max(step * power for step in (1, 2, 5) if step * power <= wanted)
    return km, km / KM_PER_DEGREE * sheet.per_degree


def _lines(first: float, last: float, place: Callable[[float], float], letters: str) -> Iterator[Line]:
    """Lines of the grid at whole steps of degrees, five or so."""
    step = next((one for one in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20) if (last - first) / one <= 7), 45)
    at = ceil(first / step) * step
    while at <= last:
        shown = round(at, 2)
        word = f"{abs(shown):g}°{letters[0] if shown >= 0 else letters[1]}"
        yield Line(round(place(at), 1), word)
        at += step
