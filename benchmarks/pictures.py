"""A picture of a generated campaign, as SVG: the map, and how its figures are spread."""

from collections.abc import Callable, Sequence

import numpy as np

from muster.fleet import Place
from scheduler.problem import AT_HOME, Problem

SIDE = 420
BARS = 20
MOST_DOTS = 2000
PRIORITY_COLOURS = ("#7f1d1d", "#c2410c", "#ca8a04", "#4d7c0f", "#0f766e")


def draw_problem(problem: Problem) -> str:
    """The map on the left (dots: visits by priority; squares: own people; triangles: partners'), figures right."""
    efforts = [demand.visit.effort_minutes for demand in problem.demands]
    open_hours = [sum(span.ends - span.starts for span in demand.spans) / 60 for demand in problem.demands]
    able = [sum(d.visit.skills <= person.skills for person in problem.people) for d in problem.demands]
    per_date = [0] * (max(day.ordinal for day in problem.days) + 1)
    for day in problem.days:
        per_date[day.ordinal] += 1
    homes = {day.start_spot for day in problem.days}
    nearest = [int(problem.travel_minutes[d.spot, sorted(homes)].min()) for d in problem.demands if d.spot != AT_HOME]
    panels = [
        _histogram("effort, minutes", efforts),
        _histogram("hours a visit is open, in all", open_hours),
        _histogram("people with the skills, per visit", able),
        _histogram("minutes from the nearest home, on-site visits", nearest),
        _bars("people at work, by day", per_date, 0, len(per_date)),
    ]
    height = max(SIDE, 90 * len(panels)) + 30
    body = "".join(
        f'<g transform="translate({SIDE + 40},{20 + 90 * number})">{panel}</g>' for number, panel in enumerate(panels)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{SIDE + 400}" height="{height}" '
        f'font-family="sans-serif" font-size="11"><rect width="100%" height="100%" fill="white"/>'
        f'<text x="10" y="14">{len(problem.demands)} visits, {len(problem.people)} people, '
        f"{len(problem.days)} person-days</text>{_map(problem)}{body}</svg>\n"
    )


def _map(problem: Problem) -> str:
    places = [spot.place for spot in problem.spots if spot.place is not None]
    onto = _projection(places)
    marks = []
    for demand in problem.demands[:MOST_DOTS]:  # they are drawn in no order: the first ones are a sample
        place = None if demand.spot == AT_HOME else problem.spots[demand.spot].place
        if place is not None:
            x, y = onto(place)
            colour = PRIORITY_COLOURS[demand.visit.priority - 1]
            marks.append(f'<circle cx="{x}" cy="{y}" r="1.6" fill="{colour}" fill-opacity=".6"/>')
    for spot, person in sorted({(day.start_spot, day.person) for day in problem.days}):
        place = problem.spots[spot].place
        if place is not None:
            x, y = onto(place)
            own = problem.people[person].partner_id is None
            path = f"M{x - 4} {y - 4}h8v8h-8z" if own else f"M{x} {y - 5}l5 9h-10z"
            marks.append(f'<path d="{path}" fill="none" stroke="{"#1d4ed8" if own else "#9333ea"}"/>')
    return "".join(marks)


def _projection(places: Sequence[Place]) -> Callable[[Place], tuple[int, int]]:
    west = min(p.longitude for p in places)
    north = max(p.latitude for p in places)
    shrink = float(np.cos(np.radians(north)))
    wide = max((max(p.longitude for p in places) - west) * shrink, north - min(p.latitude for p in places))

    def onto(place: Place) -> tuple[int, int]:
        x = 15 + (place.longitude - west) * shrink / wide * (SIDE - 20)
        return round(x), round(25 + (north - place.latitude) / wide * (SIDE - 20))

    return onto


def _histogram(title: str, values: Sequence[float]) -> str:
    counts, edges = np.histogram(values, bins=BARS)
    return _bars(title, [int(count) for count in counts], float(edges[0]), float(edges[-1]))


def _bars(title: str, counts: Sequence[int], low: float, high: float) -> str:
    width = 320 / len(counts)
    tallest = max(counts) or 1
    bars = "".join(
        f'<rect x="{number * width:.1f}" y="{60 - 50 * count / tallest:.1f}" width="{width - 1:.1f}" '
        f'height="{50 * count / tallest:.1f}" fill="#64748b"/>'
        for number, count in enumerate(counts)
    )
    ends = f'<text y="72">{low:g}</text><text x="300" y="72">{high:g}</text>'
    return f'<text y="4">{title} (highest bar: {tallest})</text>{bars}{ends}'
