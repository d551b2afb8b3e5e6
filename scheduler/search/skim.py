"""A day priced where there are thousands of visits: what it could hold is written down when its turn comes.

A day is *skimmed* where a good tour is wanted and no bound: tours are looked for among a few rows that go well
together, which finds most of what there is to find in a tenth of the time.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from scheduler.search.clock import spot_of
from scheduler.search.compiled import compiled
from scheduler.search.desk import Desk
from scheduler.search.labels import FOUND
from scheduler.search.pricing import UNITS, look, note_tour, price_whole, terms_of_day
from scheduler.search.records import NEVER, Ints, Model, Pairs
from scheduler.search.sieve import begin_rows, copy_row, sift, sort_by_key, within_reach

FEW_ROWS = 50
"""Rows among which tours are looked for where a day is skimmed."""


class Terms(NamedTuple):
    """What rows cost on a day by themselves; P people, R rows, D days."""

    group: Ints  # [D] which line of placing
    placing: NDArray[np.int32]  # [P, R] cents, NEVER where they must not be
    ordinal: Ints  # [D] the calendar day
    delay: Ints  # [R] cents for each calendar day
    previous: Ints  # [R] the calendar day before a change, NEVER for none
    change: Ints  # [1] cents for another one


@compiled
def lay_out(m: Model, pairs: Pairs, terms: Terms, d: int, worth: Ints) -> None:
    """Write the rows that a day could hold, and that are worth more than they cost there, in the day's place."""
    limited = m.day[d].max_leg < NEVER
    g, n = terms.group[d], 0
    for r in range(m.row.shape[0]):
        if terms.placing[g, r] >= NEVER:
            continue
        price = int(terms.placing[g, r]) + terms.delay[r] * terms.ordinal[d]
        if terms.previous[r] != NEVER and terms.previous[r] != terms.ordinal[d]:
            price += terms.change[0]
        if price < m.row[r].unplaced and (limited or worth[r] - UNITS * price > -UNITS):
            pairs.row[n], pairs.price[n] = r, price
            n += 1
    pairs.offsets[d], pairs.offsets[d + 1] = 0, n


@compiled
def gather(m: Model, k: Desk, d: int, n: int, seed: int, rate: int, key: Ints) -> None:
    """Bring a row, and those that pay best by the minute on a way that leads there, to the front."""
    here = spot_of(m, d, k.row[seed])
    for j in range(n):
        there = spot_of(m, d, k.row[j])
        way = k.out[seed] + int(m.travel[here, there]) + k.back[j]
        way = min(way, k.out[j] + int(m.travel[there, here]) + k.back[seed]) - k.out[seed] - k.back[seed]
        way = max(0, way)
        key[j] = (k.profit[j] - way * rate) * UNITS // (m.row[k.row[j]].effort + way + 1)
    key[seed] = 2**60
    sort_by_key(k, key, n)
    for i in range(n):
        key[i] = 0
    for i in range(FEW_ROWS):
        key[k.order[i]] = 1
    last = FEW_ROWS
    for i in range(FEW_ROWS):
        if not key[i]:
            while not key[last]:
                last += 1
            copy_row(k, i, n)
            copy_row(k, last, i)
            copy_row(k, n, last)
            last += 1


@compiled
def skim_day(  # noqa: PLR0913, PLR0917 -- compiled code takes arrays one by one
    m: Model,
    k: Desk,
    d: int,
    n: int,
    rate: int,
    floor: int,
    most_nodes: int,
    seeds: int,
    turn: int,
    key: Ints,
    tours: Ints,
) -> int:
    """The gain of the best tour that is found among a few of the rows on the desk, around so many of them in turn."""
    first = d * (tours.shape[0] // m.day.shape[0])
    if n <= FEW_ROWS:
        look(m, k, d, n, rate, floor, most_nodes)
        note_tour(k, tours, first)
        return int(k.counts[FOUND])
    best, beyond = floor, FEW_ROWS + 1  # a place that is written over by ``look``
    for s in range(turn * seeds, (turn + 1) * seeds):
        seed = ((d + 1) * 2654435761 + s * 320733387) % 1000003 % n
        gather(m, k, d, n, seed, rate, key)
        out, back, slack = k.out[beyond], k.back[beyond], k.slack[beyond]
        k.tour[0] = 0
        look(m, k, d, FEW_ROWS, rate, floor, most_nodes)
        k.out[beyond], k.back[beyond], k.slack[beyond] = out, back, slack
        note_tour(k, tours, first + s - turn * seeds)
        best = max(best, k.counts[FOUND])
    return best


@compiled
def price_each(  # noqa: PLR0913, PLR0917 -- compiled code takes arrays one by one
    m: Model,
    pairs: Pairs,
    terms: Terms,
    k: Desk,
    worth: Ints,
    cap_price: Ints,
    known: Ints,
    gain: Ints,
    tours: Ints,
    chosen: Ints,
    most_nodes: int,
    seeds: int,
    turn: int,
    key: Ints,
) -> None:
    """``price_days`` of days that are laid out one by one; where there are ``seeds`` they are skimmed.

    Then ``gain`` is that of a tour which was found, and proves nothing. Each day has as many lines in ``tours``.
    """
    for d in chosen:
        rate, per_minute, own = terms_of_day(m, k, d, cap_price)
        floor = own + known[d]
        k.tour[0] = k.best[k.stack.shape[0]] = 0
        lay_out(m, pairs, terms, d, worth)
        n = begin_rows(m, pairs, k, d, worth, rate, per_minute)
        pairs.offsets[d + 1] = 0
        n = sift(m, k, d, n, rate, floor)
        if n > 0 and not seeds:
            n = sift(m, k, d, within_reach(m, k, d, n), rate, floor)
        if n > 0:
            if seeds > 0:
                floor = skim_day(m, k, d, n, rate, floor, most_nodes, seeds, turn, key, tours)
            else:
                floor = price_whole(m, k, d, n, rate, floor, most_nodes)
                note_tour(k, tours, d * (tours.shape[0] // m.day.shape[0]))
        gain[d] = floor - own
