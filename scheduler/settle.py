"""Visits of a plan that was searched go back to the minute at which they stood, where little stands against it.

A search puts a day's visits into whatever order is cheapest, for cents, and pushes every start to the front of the day.
Whoever is still on the old day of a visit need not move for that.
"""

from collections.abc import Mapping, Sequence

from scheduler.state import State
from scheduler.tour import Tour, Touring


def settled(state: State, stood: Mapping[int, tuple[Sequence[int], int]], hour_cents: int) -> State:
    """The same visits with the same people on the same days, as many as possible when they were.

    Args:
        state: is not changed.
        stood: the days and the start of each visit that should stay where it was.
        hour_cents: that a day may cost more for every visit that goes back to its start.
    """
    back = state.copy()
    for number, tour in enumerate(state.tours):
        if tour is None:
            continue
        starts = {v: stood[v][1] for v in tour.visits if v in stood and number in stood[v][0]}
        timed = zip(tour.visits, tour.starts, strict=True)
        fixed = {v: start for v, start in timed if v in state.touring.tied or starts.get(v) == start}
        best, least = tour, _price(tour, starts, hour_cents)
        for way in (
            _in_this_order(state.touring, tour, starts, fixed),
            _as_it_stood(state.touring, tour, starts, fixed),
        ):
            if way is not None and _price(way, starts, hour_cents) < least and _fits(back, tour, way):
                best, least = way, _price(way, starts, hour_cents)
        back.put(best)
    return back


def _price(tour: Tour, starts: Mapping[int, int], hour_cents: int) -> tuple[int, int]:
    """In cents; of two that are as dear the one that moves fewer."""
    moved = sum(starts.get(v, start) != start for v, start in zip(tour.visits, tour.starts, strict=True))
    return tour.cents + moved * hour_cents, moved


def _in_this_order(touring: Touring, tour: Tour, starts: Mapping[int, int], fixed: Mapping[int, int]) -> Tour:
    """Each in turn back to its start, where the others let it."""
    for visit in tour.visits:
        if visit in starts and visit not in fixed and starts[visit] >= 0:
            trial = touring.tour(tour.day, tour.visits, {**fixed, visit: starts[visit]})
            if trial is not None and trial.cents <= tour.cents:
                tour, fixed = trial, {**fixed, visit: starts[visit]}
    return tour


def _as_it_stood(touring: Touring, tour: Tour, starts: Mapping[int, int], fixed: Mapping[int, int]) -> Tour | None:
    """Those that were there to the minute, and the others between them wherever it is cheapest."""
    held = {**starts, **fixed}
    stay = sorted((v for v in tour.visits if v in held), key=lambda v: held[v])
    day = touring.tour(tour.day, stay, held) if stay and min(held.values()) >= 0 else None
    for visit in (v for v in tour.visits if v not in held):
        if day is None:
            return None
        there = day.visits
        ways = (touring.tour(tour.day, (*there[:k], visit, *there[k:]), held) for k in range(len(there) + 1))
        day = min((way for way in ways if way is not None), key=lambda way: way.cents, default=None)
    return day


def _fits(state: State, tour: Tour, way: Tour) -> bool:
    """Whether every cap has room for what the day's ways take more."""
    more = way.travel_minutes - tour.travel_minutes
    return more <= 0 or state.fits_caps(tour.day, 0, more)
