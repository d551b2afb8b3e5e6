"""Visits that have no place are given one around a plan that stands still: a few of them, or thousands.

A few are put in by the insertion in plain Python, which needs nothing compiled. For each visit it looks at every day
that could take it, so that thousands of visits would take a quarter of an hour and gigabytes; those are put in by the
compiled search's insertion, some hundreds at a time.
"""

from collections.abc import Sequence
from random import Random

import numpy as np

from scheduler.insertion import Inserter
from scheduler.problem import AT_HOME
from scheduler.state import State

MOST_BY_HAND = 200
"""Visits up to which nothing compiled is loaded."""

MOST_REMEMBERED = 1_500_000
"""Pairs of a visit and a day that are remembered at a time: they take memory."""

CANDIDATES = 600
"""Days on which a visit is offered first, the cheapest alone; where all of them are full, on every other day too."""


def refill(state: State, visits: Sequence[int], random: Random) -> tuple[int, ...]:
    """Place each of these visits where it is cheapest at its turn; what stands keeps its day and its order.

    Returns:
        Those without a place that no day could take even if it were empty.

    Args:
        state: is changed.
        visits: in the order of their turns; the compiled insertion keeps to it hundred by hundred.
        random: of ties.
    """
    tied = [visit for visit in visits if visit in state.touring.tied]
    loose = [visit for visit in visits if visit not in state.touring.tied]
    if len(loose) <= MOST_BY_HAND:
        inserter = Inserter.for_visits(state.touring, visits)
        inserter.insert(state, visits, random)
        return _beside_others(inserter, state, [visit for visit in loose if not inserter.days[visit]])
    Inserter.for_visits(state.touring, tied).insert(state, tied, random)
    _compiled(state, loose, CANDIDATES, random)
    asked = Inserter.for_visits(state.touring, ())
    out = [visit for visit in loose if visit not in state.days_of]
    possible = [visit for visit in out if asked.takes(visit)]
    if len(state.problem.days) > CANDIDATES:
        _compiled(state, possible, len(state.problem.days), random)
    return _beside_others(asked, state, sorted(set(out) - set(possible)))


def _beside_others(inserter: Inserter, state: State, visits: Sequence[int]) -> tuple[int, ...]:
    """Place visits that are too far away for one leg beside others on the way; those that stay without a place."""
    touring, arrays = state.touring, state.touring.arrays
    stops = [(touring.spot[v], day) for v, days in state.days_of.items() for day in days if touring.spot[v] != AT_HOME]
    spots, days = np.array(stops, dtype=np.int64).reshape(-1, 2).T
    for visit in visits:
        if touring.spot[visit] == AT_HOME:
            continue
        here, most = touring.spot[visit], arrays.days.max_leg[days]
        far = (arrays.travel[arrays.days.start_spot[days], here] > most) | (
            arrays.travel[here, arrays.days.end_spot[days]] > most
        )
        near = (arrays.travel[spots, here] <= most) | (arrays.travel[here, spots] <= most)
        able = arrays.visits.allowed[arrays.days.person[days], visit]
        offers = [inserter.on_day(state, visit, day) for day in np.unique(days[far & near & able]).tolist()]
        best = min((offer for offer in offers if offer is not None), key=lambda offer: offer.cents, default=None)
        if best is not None and best.cents < arrays.visits.unplaced_cents[visit]:
            state.place(visit, best.tours)
    return tuple(visit for visit in visits if visit not in state.days_of)


def _compiled(state: State, visits: Sequence[int], candidates: int, random: Random) -> None:
    from scheduler.search import is_warm, warm_up  # they bring numba
    from scheduler.search.part import Part

    if visits and not is_warm():
        warm_up()
    chunk = max(1, MOST_REMEMBERED // max(1, candidates))
    for first in range(0, len(visits), chunk):
        some = visits[first : first + chunk]
        part = Part(state.touring, state, random.getrandbits(30), some, only_insert=True, candidates=candidates)
        part.search.insert(part.search.by_difficulty())
        part.write()
