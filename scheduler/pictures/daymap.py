"""Where everybody goes on one day: coordinates drawn to scale, north up, without any map from a network."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from math import cos, radians

from muster.fleet import Place
from muster.plan import Plan
from scheduler.pictures.svg import COLOURS, GRID, INK, PALE, box, document, dot, line, path, shorter, text
from scheduler.problem import AT_HOME, Problem
from scheduler.travel import distance_km

WIDTH, HEIGHT, LEGEND, MARGIN = 640, 520, 200, 40
MOST_IN_LEGEND = 24


@dataclass(frozen=True, slots=True)
class _Frame:
    """From degrees to the picture; a degree of longitude is shorter the farther north."""

    west: float
    north: float
    scale: float
    squeeze: float

    def at(self, place: Place) -> tuple[float, float]:
        x = MARGIN + (place.longitude - self.west) * self.squeeze * self.scale
        return x, MARGIN + 30 + (self.north - place.latitude) * self.scale


@dataclass(frozen=True, slots=True)
class _Tour:
    name: str
    home: Place | None
    end: Place | None
    sites: tuple[tuple[str, Place], ...]
    remote: int


def day_map(problem: Problem, plan: Plan, day: date) -> str:
    """Homes as squares, sites as dots, tours as lines in each person's colour; those without places in words."""
    tours = _tours(problem, plan, day)
    places = [place for tour in tours for place in _places(tour)]
    title = f"{day:%A %d %B %Y}: who goes where"
    parts = [text(MARGIN, 28, title, size=16, bold=True)]
    if places:
        frame = _frame(places)
        parts += _scale(frame)
        for number, tour in enumerate(tours):
            parts += _drawn(frame, tour, COLOURS[number % len(COLOURS)])
    else:
        parts.append(text(MARGIN, 80, "nobody travels to a place that is known", colour=PALE))
    parts += _legend(tours)
    return document(WIDTH + LEGEND, HEIGHT, title, parts)


def _tours(problem: Problem, plan: Plan, day: date) -> list[_Tour]:
    """The day of everybody who has a visit on that local date, by name."""
    found = []
    for spell in problem.days:
        if spell.day != day:
            continue
        person = problem.people[spell.person]
        made = sorted(
            (
                a
                for a in plan.assignments
                if a.person_id == person.id
                and a.visit_id in problem.demand_index
                and spell.starts <= problem.minute(a.starts_at) < spell.latest_end
            ),
            key=lambda a: a.starts_at,
        )
        if not made:
            continue
        demands = [problem.demands[problem.demand_index[a.visit_id]] for a in made]
        sites = [(str(d.visit.id), problem.spots[d.spot].place) for d in demands if d.spot != AT_HOME]
        known = tuple((name, place) for name, place in sites if place is not None)
        home, end = problem.spots[spell.start_spot].place, problem.spots[spell.end_spot].place
        found.append(_Tour(person.name, home, end, known, sum(d.spot == AT_HOME for d in demands)))
    return sorted(found, key=lambda tour: tour.name)


def _places(tour: _Tour) -> list[Place]:
    ends = [place for place in (tour.home, tour.end) if place is not None] if tour.sites else []
    return [*ends, *(place for _, place in tour.sites)]


def _frame(places: list[Place]) -> _Frame:
    south, north = min(p.latitude for p in places), max(p.latitude for p in places)
    west, east = min(p.longitude for p in places), max(p.longitude for p in places)
    squeeze = max(0.05, cos(radians((south + north) / 2)))
    wide, high = max((east - west) * squeeze, 0.005), max(north - south, 0.005)
    return _Frame(west, north, min((WIDTH - 2 * MARGIN) / wide, (HEIGHT - 2 * MARGIN - 60) / high), squeeze)


def _scale(frame: _Frame) -> Iterator[str]:
    """A bar of a round number of kilometres."""
    per_km = frame.scale / distance_km(Place(frame.north, frame.west), Place(frame.north - 1, frame.west))
    length = next((km for km in (0.1, 0.5, 1, 5, 10, 50, 100, 500) if km * per_km > 60), 1000)
    yield line(MARGIN, HEIGHT - 20, MARGIN + length * per_km, HEIGHT - 20, INK, 2)
    yield text(MARGIN, HEIGHT - 26, f"{length:g} km", size=10, colour=PALE)
    yield line(WIDTH, 0, WIDTH, HEIGHT, GRID)


def _drawn(frame: _Frame, tour: _Tour, colour: str) -> Iterator[str]:
    if not tour.sites:
        return
    stops = [
        *([tour.home] if tour.home else []),
        *(place for _, place in tour.sites),
        *([tour.end] if tour.end else []),
    ]
    yield path([frame.at(place) for place in stops], colour)
    if tour.home:
        x, y = frame.at(tour.home)
        yield box(x - 5, y - 5, 10, 10, colour, title=f"{tour.name} begins here")
    for number, (name, place) in enumerate(tour.sites, start=1):
        x, y = frame.at(place)
        yield dot(x, y, 7, colour, title=f"{tour.name}, {number}.: {name}")
        yield text(x, y + 3.5, str(number), size=9, anchor="middle", colour="white")


def _legend(tours: list[_Tour]) -> Iterator[str]:
    for number, tour in enumerate(tours[:MOST_IN_LEGEND]):
        y = 40 + number * 19
        yield box(WIDTH + 12, y - 9, 10, 10, COLOURS[number % len(COLOURS)])
        words = f"{shorter(tour.name, 16)}: {len(tour.sites)}" + (f" + {tour.remote} remote" if tour.remote else "")
        yield text(WIDTH + 28, y, words, size=11)
    if len(tours) > MOST_IN_LEGEND:
        more = f"and {len(tours) - MOST_IN_LEGEND} more"
        yield text(WIDTH + 28, 40 + MOST_IN_LEGEND * 19, more, size=11, colour=PALE)
