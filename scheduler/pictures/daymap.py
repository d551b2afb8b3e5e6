"""Where everybody goes on one day: coordinates drawn to scale, north up, without any map from a network."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from math import cos, hypot, radians

import numpy as np

from muster.fleet import Place
from muster.plan import Plan
from scheduler.localtime import zone
from scheduler.pictures.svg import COLOURS, GRID, INK, PALE, box, document, dot, line, path, shorter, text
from scheduler.problem import AT_HOME, Problem
from scheduler.travel import distance_km

WIDTH, LEGEND, MARGIN, TOP = 860, 280, 40, 60
LEAST_HEIGHT, MOST_HEIGHT = 520, 1100
MOST_IN_LEGEND = 48
LETTERS = 42
"""Of a line of stops in the legend."""

RADIUS = 9
PUSHES = 60
"""Rounds in which dots that lie on each other are pushed apart."""


@dataclass(frozen=True, slots=True)
class _Frame:
    """From degrees to the picture; a degree of longitude is shorter the farther north."""

    west: float
    north: float
    scale: float
    squeeze: float
    left: float
    height: float

    def at(self, place: Place) -> tuple[float, float]:
        x = self.left + (place.longitude - self.west) * self.squeeze * self.scale
        return x, TOP + (self.north - place.latitude) * self.scale


@dataclass(frozen=True, slots=True)
class _Tour:
    name: str
    home: Place | None
    end: Place | None
    sites: tuple[tuple[str, Place], ...]
    remote: int
    stops: tuple[str, ...] = ()


def day_map(problem: Problem, plan: Plan, day: date) -> str:
    """Homes as squares, sites as dots, tours as lines in each person's colour; those without places in words.

    Every tour has a letter, because there are more people than colours: ``B2`` is the second stop of tour B. Dots that
    would lie on each other are moved a little apart; their lines end where the sites are.
    """
    tours = _tours(problem, plan, day)
    places = [place for tour in tours for place in _places(tour)]
    title = f"{day:%A %d %B %Y}: who goes where"
    parts = [text(MARGIN, 28, title, size=16, bold=True)]
    rows = _rows(tours)
    height: float = max(LEAST_HEIGHT, 60 + sum(high for *_, high in rows))
    if places:
        frame = _frame(places, height)
        height = frame.height
        parts += _scale(frame)
        for number, tour in enumerate(tours):
            parts += _ways(frame, tour, COLOURS[number % len(COLOURS)])
        parts += _stops(frame, tours)
    else:
        parts.append(text(MARGIN, 80, "nobody travels to a place that is known", colour=PALE))
    parts += _legend(rows, len(tours))
    return document(WIDTH + LEGEND, height, title, parts)


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
        stops = tuple(
            f"{n} {d.visit.site_id} {a.starts_at.astimezone(zone(d.timezone)):%H:%M}"
            for n, (a, d) in enumerate(
                [
                    (a, d)
                    for a, d in zip(made, demands, strict=True)
                    if d.spot != AT_HOME and problem.spots[d.spot].place
                ],
                start=1,
            )
        )
        found.append(_Tour(person.name, home, end, known, sum(d.spot == AT_HOME for d in demands), stops))
    return sorted(found, key=lambda tour: tour.name)


def _places(tour: _Tour) -> list[Place]:
    ends = [place for place in (tour.home, tour.end) if place is not None] if tour.sites else []
    return [*ends, *(place for _, place in tour.sites)]


def _frame(places: list[Place], height: float) -> _Frame:
    """As large as the width allows, in a picture as high as that takes; narrow ones stand in the middle."""
    south, north = min(p.latitude for p in places), max(p.latitude for p in places)
    west, east = min(p.longitude for p in places), max(p.longitude for p in places)
    squeeze = max(0.05, cos(radians((south + north) / 2)))
    wide, high = max((east - west) * squeeze, 0.005), max(north - south, 0.005)
    room = WIDTH - 2 * MARGIN
    scale = min(room / wide, (MOST_HEIGHT - TOP - 60) / high)
    taken = max(height, min(MOST_HEIGHT, high * scale + TOP + 60))
    return _Frame(west, north, scale, squeeze, MARGIN + (room - wide * scale) / 2, taken)


def _scale(frame: _Frame) -> Iterator[str]:
    """A bar of a round number of kilometres."""
    per_km = frame.scale / distance_km(Place(frame.north, frame.west), Place(frame.north - 1, frame.west))
    length = next((km for km in (0.1, 0.5, 1, 5, 10, 50, 100, 500) if km * per_km > 60), 1000)
    y = frame.height - 20
    yield line(MARGIN, y, MARGIN + length * per_km, y, INK, 2)
    yield text(MARGIN, y - 6, f"{length:g} km", size=10, colour=PALE)
    yield line(WIDTH, 0, WIDTH, frame.height, GRID)


def _letter(number: int) -> str:
    """A to Z, then AA, AB and so on."""
    letters = chr(ord("A") + number % 26)
    return letters if number < 26 else _letter(number // 26 - 1) + letters


def _ways(frame: _Frame, tour: _Tour, colour: str) -> Iterator[str]:
    if not tour.sites:
        return
    stops = [
        *([tour.home] if tour.home else []),
        *(place for _, place in tour.sites),
        *([tour.end] if tour.end else []),
    ]
    yield path([frame.at(place) for place in stops], colour)


def _stops(frame: _Frame, tours: list[_Tour]) -> Iterator[str]:
    """Homes and sites with their letters and numbers, apart from each other."""
    marks = []
    for number, tour in enumerate(tours):
        colour, letter = COLOURS[number % len(COLOURS)], _letter(number)
        if tour.home and tour.sites:
            marks.append((frame.at(tour.home), colour, letter, f"{tour.name} begins here", True))
        for stop, (name, place) in enumerate(tour.sites, start=1):
            marks.append((frame.at(place), colour, f"{letter}{stop}", f"{tour.name}, {stop}.: {name}", False))
    moved = _apart([mark[0] for mark in marks])
    for (x, y), (true, colour, words, title, home) in zip(moved, marks, strict=True):
        if hypot(x - true[0], y - true[1]) > RADIUS:
            yield line(*true, x, y, colour)
        if home:
            yield box(x - RADIUS, y - RADIUS, 2 * RADIUS, 2 * RADIUS, colour, title=title)
        else:
            yield dot(x, y, RADIUS, colour, title=title)
        yield text(x, y + 3, words, size=8, anchor="middle", colour="white", bold=home)


def _apart(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Points pushed away from each other until no two of them cover each other, or the rounds are over."""
    at = np.array(points, dtype=np.float64).reshape(-1, 2)
    turns = np.arange(len(at)) * 2.4  # where two lie exactly on each other, each goes its own way
    at += 0.01 * np.column_stack([np.cos(turns), np.sin(turns)])
    for _ in range(PUSHES):
        between = at[:, None, :] - at[None, :, :]
        distance = np.sqrt((between**2).sum(axis=2)) + np.eye(len(at)) * 1e9
        overlap = np.maximum(0.0, 2 * RADIUS + 1 - distance)
        if not overlap.any():
            break
        at += (between / np.maximum(distance, 1e-6)[:, :, None] * overlap[:, :, None] / 2).sum(axis=1) * 0.5
    return [(float(x), float(y)) for x, y in at]


def _rows(tours: list[_Tour]) -> list[tuple[_Tour, list[str], int]]:
    """The legend: each tour with its stops and their local times, in lines, and its height; no stops where too many."""
    told = [(tour, _lines(tour.stops)) for tour in tours[:MOST_IN_LEGEND]]
    if sum(19 + 12 * len(lines) for _, lines in told) > MOST_HEIGHT - 60:
        told = [(tour, []) for tour, _ in told]
    return [(tour, lines, 19 + 12 * len(lines)) for tour, lines in told]


def _lines(stops: Sequence[str]) -> list[str]:
    """Stops one after the other, as many on a line as fit."""
    lines: list[str] = []
    for stop in stops:
        if lines and len(lines[-1]) + len(stop) + 3 <= LETTERS:
            lines[-1] += f" · {stop}"
        else:
            lines.append(shorter(stop, LETTERS))
    return lines


def _legend(rows: list[tuple[_Tour, list[str], int]], tours: int) -> Iterator[str]:
    y = 40
    for number, (tour, lines, high) in enumerate(rows):
        yield box(WIDTH + 12, y - 12, 22, 15, COLOURS[number % len(COLOURS)])
        yield text(WIDTH + 23, y - 1, _letter(number), size=9, anchor="middle", colour="white", bold=True)
        words = f"{shorter(tour.name, 24)}: {len(tour.sites)}" + (f" + {tour.remote} remote" if tour.remote else "")
        yield text(WIDTH + 40, y, words, size=11)
        for k, words in enumerate(lines, start=1):
            yield text(WIDTH + 40, y + 12 * k, words, size=9, colour=PALE)
        y += high
    if tours > len(rows):
        yield text(WIDTH + 40, y, f"and {tours - len(rows)} more", size=11, colour=PALE)
