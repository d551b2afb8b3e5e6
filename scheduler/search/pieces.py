"""A piece of a large problem as a problem of its own: some visits, some days, and what is left of the caps.

What the bound's linear program cannot do for thousands of visits at once, it can do for pieces of some hundred: better
plans (a piece's plan is put back into the whole), and prices of visits (which are good ones for the whole, too).
Days with tied visits (teams, orders) are of no piece.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

import numpy as np
from numpy.typing import NDArray

from scheduler.problem import AT_HOME, Cap, Demand, PersonDay, Problem
from scheduler.search.part import apply_routes
from scheduler.search.regions import parts_of
from scheduler.state import State
from scheduler.tour import Touring
from scheduler.travel import Spot, Travel


@dataclass(frozen=True)
class Given:
    """Travel that is known already: the rows and columns of a larger table."""

    table: NDArray[np.int16]
    whole: Travel

    def matrix(self, spots: Sequence[Spot]) -> NDArray[np.int16]:
        """Minutes from row to column."""
        del spots
        return self.table


@dataclass(frozen=True)
class Piece:
    """A part of a problem, and whose visits, days and caps its own are.

    Attributes:
        state: the whole's plan, as far as it lies in the piece.
    """

    touring: Touring
    state: State
    visits: tuple[int, ...]
    days: tuple[int, ...]
    caps: tuple[int, ...]

    def put_back(self, whole: State, better: State) -> None:
        """Bring a plan of the piece into the plan of the whole."""
        tours: list[tuple[int, ...]] = [() for _ in self.days]
        for tour in better.tours:
            if tour is not None:
                tours[tour.day] = tuple(self.visits[v] for v in tour.visits)
        apply_routes(whole, dict(zip(self.days, tours, strict=True)))


def pieces_of(touring: Touring, state: State, visits_each: int, random: Random) -> list[Piece]:
    """The whole cut into pieces of about so many visits, by where they are; another cut each time."""
    tied = {
        number
        for number, tour in enumerate(state.tours)
        if tour is not None and not touring.tied.isdisjoint(tour.visits)
    }
    found = []
    for visits, days in parts_of(touring, state, visits_each, random):
        free = [v for v in visits if tied.isdisjoint(state.days_of.get(v, ()))]
        open_days = [d for d in days if d not in tied]
        if free and open_days:
            found.append(piece_of(touring, state, free, open_days))
    return found


def piece_of(touring: Touring, state: State, visits: Sequence[int], days: Sequence[int]) -> Piece:
    """A piece; its days hold none but its visits."""
    whole = touring.problem
    spots, new_spot = _spots(whole, visits, days)
    caps, numbers = _caps(touring, state, days)
    chosen = {whole.demands[v].visit.id for v in visits}
    part = Problem(
        campaign_id=whole.campaign_id,
        epoch=whole.epoch,
        deadline=whole.deadline,
        demands=tuple(_demand(whole.demands[v], new_spot) for v in visits),
        people=whole.people,
        days=tuple(_day(whole.days[d], new_spot) for d in days),
        spots=tuple(whole.spots[s] for s in spots),
        travel=Given(whole.travel_minutes[np.ix_(spots, spots)], _original(whole.travel)),
        caps=caps,
        pins=tuple(pin for pin in whole.pins if pin.visit_id in chosen),
        previous=tuple(one for one in whole.previous if one.visit_id in chosen),
        prices=whole.prices,
        created_at=whole.created_at,
        ledger_revision=whole.ledger_revision,
    )
    of_piece = Touring(part)
    begun = State.empty(of_piece)
    number = {v: n for n, v in enumerate(visits)}
    apply_routes(begun, {n: tuple(number[v] for v in state.visits_on(d)) for n, d in enumerate(days)})
    return Piece(of_piece, begun, tuple(visits), tuple(days), numbers)


def _original(travel: Travel) -> Travel:
    """What a table was made by."""
    return travel.whole if isinstance(travel, Given) else travel


def _demand(demand: Demand, new_spot: Mapping[int, int]) -> Demand:
    """The same in a piece, where nothing that it could wait for is."""
    spot = demand.spot if demand.spot == AT_HOME else new_spot[demand.spot]
    return replace(demand, spot=spot, visit=replace(demand.visit, after=()))


def _day(day: PersonDay, new_spot: Mapping[int, int]) -> PersonDay:
    return replace(day, start_spot=new_spot[day.start_spot], end_spot=new_spot[day.end_spot])


def _spots(whole: Problem, visits: Sequence[int], days: Sequence[int]) -> tuple[list[int], dict[int, int]]:
    used = {whole.demands[v].spot for v in visits} - {AT_HOME}
    used |= {spot for d in days for spot in (whole.days[d].start_spot, whole.days[d].end_spot)}
    spots = sorted(used)
    return spots, {spot: number for number, spot in enumerate(spots)}


def _caps(touring: Touring, state: State, days: Sequence[int]) -> tuple[tuple[Cap, ...], tuple[int, ...]]:
    """The caps of these days, less what other days use, and their numbers."""
    whole, number = touring.problem, {d: n for n, d in enumerate(days)}
    caps, numbers = [], []
    for c, cap in enumerate(whole.caps):
        inside = tuple(number[d] for d in cap.days if d in number)
        if inside:
            used = sum(_minutes(cap, state, d) for d in cap.days if d not in number)
            caps.append(replace(cap, days=inside, minutes=max(0, cap.minutes - used)))
            numbers.append(c)
    return tuple(caps), tuple(numbers)


def _minutes(cap: Cap, state: State, day: int) -> int:
    tour = state.tours[day]
    if tour is None:
        return 0
    return tour.effort_minutes + (tour.travel_minutes if cap.counts_travel else 0)
