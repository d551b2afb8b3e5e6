"""Visits that wait for others, made searchable: each in turn is held only by where its neighbours in the order stand.

The compiled search knows no order between visits. While the visits before and after one stand still, its order is
nothing but a narrower span of time, so for one cooling some visits of the orders are set free, no two of them
neighbours, with their spans cut. Visits of several people are moved by insertion, between two coolings.
"""

from collections.abc import Iterable
from copy import copy
from dataclasses import replace
from random import Random

from scheduler.insertion import Inserter
from scheduler.ruin import improve
from scheduler.state import State
from scheduler.stop import StopCriterion
from scheduler.tour import NEVER, Touring

HELD_CENTS = 100_000_000
"""On top of the price of a visit that others wait for: it must stay placed."""


def loosened(state: State, random: Random) -> State:
    """The same plan in a problem in which some visits of the orders are free; ``tightened`` brings it back."""
    touring = state.touring
    free = _not_neighbours(touring, state, random)
    if not free:
        return state
    other = copy(touring)
    other.spans = list(touring.spans)
    other.tied = touring.tied - free
    price = touring.arrays.visits.unplaced_cents.copy()
    before = _before(touring)
    for visit in free:
        other.spans[visit] = _cut(touring, state, visit, before.get(visit, []))
        if any(waiter in state.days_of for waiter in touring.waiters.get(visit, ())):
            price[visit] += HELD_CENTS
    other.arrays = replace(touring.arrays, visits=replace(touring.arrays.visits, unplaced_cents=price))
    loose = state.copy()
    loose.touring = other
    for visit in free:
        loose.fixed.pop(visit, None)
    return loose


def tightened(loose: State, touring: Touring) -> State:
    """What ``loosened`` gave, after a search, in its own problem again: every tied visit has a fixed start."""
    if loose.touring is touring:
        return loose
    state = loose.copy()
    state.touring = touring
    for tour in loose.tours:
        if tour is not None:
            for visit, start in zip(tour.visits, tour.starts, strict=True):
                if visit in touring.tied:
                    state.fixed[visit] = start
    return state


def _not_neighbours(touring: Touring, state: State, random: Random) -> set[int]:
    """Some visits of one person each that can be placed as things stand, none of which waits for another."""
    before = _before(touring)
    order = sorted(v for v in touring.tied if touring.people[v] == 1)
    random.shuffle(order)
    free: set[int] = set()
    for visit in order:
        around = {*before.get(visit, ()), *touring.waiters.get(visit, ())}
        ready = all(b in state.days_of for b in before.get(visit, ()))
        if ready and not around & free:
            free.add(visit)
    return free


def _before(touring: Touring) -> dict[int, list[int]]:
    """What each visit waits for."""
    found: dict[int, list[int]] = {}
    for visit, waiters in touring.waiters.items():
        for waiter in waiters:
            found.setdefault(waiter, []).append(visit)
    return found


def _cut(touring: Touring, state: State, visit: int, before: list[int]) -> list[tuple[int, int]]:
    """The spans of a visit between the ends of those before it and the starts of those that wait for it."""
    ready = max((state.fixed[b] + touring.effort[b] for b in before), default=-NEVER)
    until = min((state.fixed[w] for w in touring.waiters.get(visit, ()) if w in state.days_of), default=NEVER)
    spans = [(max(opens, ready), min(closes, until)) for opens, closes in touring.spans[visit]]
    return [(opens, closes) for opens, closes in spans if closes - opens >= touring.effort[visit]]


def moved(state: State, inserter: Inserter, tied: Iterable[int], stop: StopCriterion, random: Random) -> State:
    """The tied visits by themselves taken out and put back where they are cheapest, the others standing still."""
    movable = frozenset(tied)
    if not movable:
        return state
    return improve(inserter, state, stop, random, movable=movable)
