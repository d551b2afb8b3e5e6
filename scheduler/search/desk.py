"""Room for pricing one day: made once for each thread, because compiled code must not make arrays."""

from typing import NamedTuple

import numpy as np

from scheduler.search.records import Ints

FAR = -(2**60)
"""A gain that is none."""

MOST_LABELS = 100_000


class Desk(NamedTuple):
    """Room for pricing one day; n rows at most, T buckets, H minutes, M visits on a day."""

    row: Ints  # [n]
    profit: Ints  # [n]
    weight: Ints  # [n] minutes with the shortest way to it
    net: Ints  # [n] profit less that way
    order: Ints  # [n] by net for each minute of weight
    minutes: Ints  # [n + 2, n + 2]; n stands for the way home, n + 1 for where the day begins
    over: Ints  # [n, H]
    first: Ints  # [T, n + 2]
    follow: Ints  # [T, n + 2]
    second: Ints  # [T, n + 2]
    promise: Ints  # [M + 1, n]
    used: Ints  # [n]
    stack: Ints  # [M + 1, 5]: chosen, ready, rested, value, travel
    best: Ints  # [M + 2]: length, then places in row; the last one: whether there were too many beginnings to look at
    label: Ints  # [L, 9] see labels.py for these five
    here: Ints  # [n + 2]
    now: Ints  # [H + 1]
    bit: Ints  # [n + 2]
    counts: Ints


def desk_for(rows: int, minutes: int, most: int) -> Desk:
    """Room for days of so many rows, minutes and visits."""

    def zeros(*shape: int) -> Ints:
        return np.zeros(shape, dtype=np.int64)

    buckets = minutes + 2  # one for each minute at worst
    return Desk(
        zeros(rows),
        zeros(rows),
        zeros(rows),
        zeros(rows),
        zeros(rows),
        zeros(rows + 2, rows + 2),
        zeros(rows, minutes + 1),
        zeros(buckets, rows + 2),
        zeros(buckets, rows + 2),
        zeros(buckets, rows + 2),
        zeros(most + 1, rows),
        zeros(rows),
        zeros(most + 1, 5),
        zeros(most + 2),
        zeros(MOST_LABELS, 9),
        zeros(rows + 2),
        zeros(minutes + 2),
        zeros(rows + 2),
        zeros(6),
    )
