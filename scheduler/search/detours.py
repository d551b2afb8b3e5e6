"""Travel without shortcuts, and the least that a place adds to any way between two others.

Pricing relies on both: a visit that is taken out of a tour never makes it longer, and makes it shorter by so much.
"""

import math

import numpy as np
from numpy.typing import NDArray

from scheduler.arrays import Bools
from scheduler.search.records import ABSENT, Ints
from scheduler.travel import SAME_PLACE_KM, SpeedTravel

MOST_SPOTS = 2500
"""Above so many spots not every way round is looked at."""

BLOCK_SPOTS = 512

MOST_LOOKED_AT = 600
"""Above so many spots not every detour is looked at: then only those of the speed model are known."""


def without_shortcuts(travel: NDArray[np.int16], limit: int = MOST_SPOTS, over: int = -1) -> NDArray[np.int16]:
    """Travel in which no way round is shorter: the shortest way between any two spots.

    For more than ``limit`` spots only ways over spots at the same place, and over ``over``, are looked at, which is all
    there is with the documented speed model where ``over`` is a spot whose place is unknown; the caller must not hand
    in a larger table from elsewhere.
    """
    table = travel.copy()
    if len(table) <= limit:
        for spot in range(len(table)):
            np.minimum(table, table[:, spot, None] + table[None, spot], out=table)
        return table
    if over >= 0:
        np.minimum(table, table[:, over, None] + table[None, over], out=table)
    changed = True
    while changed:
        before = int(table.sum(dtype=np.int64))
        for one, other in zip(*np.nonzero(table == 0), strict=True):
            if one != other:
                np.minimum(table[one], table[other], out=table[one])
                np.minimum(table[:, one], table[:, other], out=table[:, one])
        changed = int(table.sum(dtype=np.int64)) != before
    return table


def charges(travel: NDArray[np.int16], spot_of_row: Ints, speed: SpeedTravel | None) -> tuple[Ints, Ints]:
    """For each row the least minutes that its place adds to any way, and its share of that among the rows there.

    Args:
        travel: without shortcuts.
        spot_of_row: ``ABSENT`` for rows that are done from home: they add nothing.
        speed: the model, where all travel is by it and every place is known.
    """
    if not len(travel):
        return np.zeros(len(spot_of_row), dtype=np.int64), np.zeros(len(spot_of_row), dtype=np.int64)
    same = travel == 0
    for first in range(0, len(same), BLOCK_SPOTS):  # tables of thousands of spots take a hundred megabytes
        block = slice(first, first + BLOCK_SPOTS)
        same[block] &= (travel[:, block] == 0).T
    place = same.argmax(axis=1)
    if speed is not None:
        detour = _by_speed(speed, same)
    elif len(travel) <= MOST_LOOKED_AT:
        detour = _looked_at(travel, same)
    else:
        detour = np.zeros(len(travel), dtype=np.int64)
    there = spot_of_row != ABSENT
    rows_at = np.bincount(place[spot_of_row[there]], minlength=len(travel))
    least, share = np.zeros(len(spot_of_row), dtype=np.int64), np.zeros(len(spot_of_row), dtype=np.int64)
    least[there] = detour[spot_of_row[there]]
    share[there] = least[there] // np.maximum(1, rows_at[place[spot_of_row[there]]])
    return least, share


def _by_speed(speed: SpeedTravel, same: Bools) -> Ints:
    """A leg is its distance and fixed minutes, rounded up; a place is as wide as a row of its spots may be."""
    wide = (same.sum(axis=1) - 1) * SAME_PLACE_KM * speed.detour / speed.kilometres_per_hour * 60.0
    least = np.floor(np.maximum(0.0, math.floor(speed.fixed_minutes) - 1 - wide))
    return np.asarray(least, dtype=np.int64)


def _looked_at(travel: NDArray[np.int16], same: Bools) -> Ints:
    """Every way over every place between two others."""
    table = travel.astype(np.int32)
    detour = np.zeros(len(table), dtype=np.int64)
    for spot in range(len(table)):
        others = np.flatnonzero(~same[spot])
        if len(others):
            ways = table[others, spot, None] + table[None, spot, others] - table[np.ix_(others, others)]
            detour[spot] = max(0, int(ways.min()))
    return detour
