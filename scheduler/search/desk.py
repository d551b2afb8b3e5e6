"""Room for pricing one day: made once for each thread, because compiled code must not make arrays."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from scheduler.search.records import Ints

FAR = -(2**60)
"""A gain that is none."""

BITS = 12
NEXT = (1 << BITS) - 1
"""A key holds a gain and, in its last bits, one more than a row that goes with it; 0 for none."""

NO_KEY = -(2**62)
"""The key of no gain; whatever is less than half of it is none, either."""

LATE = 2**15 - 1
"""A minute of a day that is never reached."""

LANES = 4
"""Buckets that are worked on at once."""

MOST_LABELS = 100_000

MOST_ROWS = 600
"""Rows among which tours of a day are looked for; where more could gain, the others are only bounded."""

MOST_ARCS = 2_000_000
"""Ways between two rows of a day; where more could be gone, only tours that gain more are looked for."""

RINGS = 6
"""Ways from home, and back, by which rows are told apart."""


ROOM, OVERTIME, LENGTH, KEPT, STRIDE, WIDTH, AIM = range(6, 13)
"""Places in ``Desk.counts`` besides those of labels: the minutes of a day that can be worked, how many of them are
overtime, the minutes of the day, how many rows were kept, the minutes of a row in the tables by minute, those of a
bucket, and a gain below which labels are not followed."""


class Desk(NamedTuple):
    """Room for pricing one day; P rows it could hold, n that are looked at, A arcs, T buckets, H minutes, M visits."""

    row: Ints  # [P]
    profit: Ints  # [P]
    out: Ints  # [P + 2] minutes from where the day begins
    back: Ints  # [P + 2] minutes to where it ends; n + 1 is where it begins
    charge: Ints  # [P] minutes of travel that the row adds to any tour
    slack: Ints  # [P + 2] minutes less of it for rows at the same place
    weight: Ints  # [P] effort and charge
    net: Ints  # [P] profit less the charge
    order: Ints  # [P] by net for each minute of weight
    ring: Ints  # [P]
    upper: Ints  # [P] the most that a tour with the row brings
    edge: Ints  # [RINGS + 1] the longest way there and back of each ring, after that of no row at all
    table: Ints  # [2 * RINGS, H] the most that rows of a ring and inside of it bring in so many minutes
    arc_from: Ints  # [n + 3] where the arcs of each row begin
    short_from: Ints  # [n + 3] and of those the short ones
    arc: NDArray[np.int32]  # [A, 2] the row that follows, and the minutes to it
    reach: NDArray[np.uint32]  # [A] of each arc where the minute of arrival 0 stands in the tables by minute
    gains: Ints  # [A] of each arc the profit of the row that follows less the way, as a key with that row
    alive: NDArray[np.int8]  # [A] whether an arc is part of a tour that may gain enough
    over: NDArray[np.int16]  # [n, H] when a row is over, from the day's start, for each minute of arrival
    left: Ints  # [n] minutes of arrival up to this one are not in the tables by minute yet
    open: Ints  # [n, 4] first and last bucket in which a row can be over, after the rest and with the rest to come
    column: Ints  # [2H] where a minute stands in a row of the two tables that follow
    after: Ints  # [n * 2H] keys: the most from each row on, after the rest, and the row next; see ``slot``
    after_else: Ints  # [n * 2H] the most with another row next
    before: Ints  # [n * 2H] the same with the rest still to come
    before_else: Ints  # [n * 2H]
    ahead: Ints  # [n, T, 2] the same two keys by the bucket in which a row is over, after the rest
    early: Ints  # [n, T, 2] and with the rest still to come
    behind: Ints  # [n, T, 2] keys: the most up to each row, and the row right before it, by the same buckets
    behind_early: Ints  # [n, T, 2] the same with the rest still to come
    promise: Ints  # [M + 1, n]
    used: Ints  # [n]
    stack: Ints  # [M + 1, 5]: chosen, ready, rested, value, travel
    tour: Ints  # [M + 1] the best tour so far: its length, then its rows
    best: Ints  # [M + 2]: length, then places in row; the last one: whether there were too many beginnings to look at
    label: Ints  # [L, 10] see labels.py for these five
    here: Ints  # [n + 2]
    now: Ints  # [H + 1]
    bit: Ints  # [n + 2]
    counts: Ints


def desk_for(
    rows: int, minutes: int, most: int, most_rows: int = MOST_ROWS, width: int = 1, labels: int = MOST_LABELS
) -> Desk:
    """Room for days of so many rows, minutes and visits; tours of a day are looked for among ``most_rows`` of them.

    No bucket is shorter than ``width`` minutes.
    """
    looked = min(rows, most_rows)
    arcs = min(looked * (looked + 1), max(MOST_ARCS, 3 * looked))

    def zeros(*shape: int) -> Ints:
        return np.zeros(shape, dtype=np.int64)

    buckets = minutes // width + 2 + LANES
    return Desk(
        row=zeros(rows),
        profit=zeros(rows),
        out=zeros(rows + 2),
        back=zeros(rows + 2),
        charge=zeros(rows),
        slack=zeros(rows + 2),
        weight=zeros(rows),
        net=zeros(rows),
        order=zeros(rows),
        ring=zeros(rows),
        upper=zeros(rows),
        edge=zeros(RINGS + 1),
        table=zeros(2 * RINGS, minutes + 2),
        arc_from=zeros(looked + 3),
        short_from=zeros(looked + 3),
        arc=np.zeros((arcs, 2), dtype=np.int32),
        reach=np.zeros(arcs, dtype=np.uint32),
        gains=zeros(arcs),
        alive=np.zeros(arcs, dtype=np.int8),
        over=np.zeros((looked, minutes + 1), dtype=np.int16),
        left=zeros(looked),
        open=zeros(looked, 4),
        column=zeros(2 * minutes + 2),
        after=zeros(looked * (2 * minutes + 100)),
        after_else=zeros(looked * (2 * minutes + 100)),
        before=zeros(looked * (2 * minutes + 100)),
        before_else=zeros(looked * (2 * minutes + 100)),
        ahead=zeros(looked, buckets, 2),
        early=zeros(looked, buckets, 2),
        behind=zeros(looked, buckets, 2),
        behind_early=zeros(looked, buckets, 2),
        promise=zeros(most + 1, looked),
        used=zeros(looked),
        stack=zeros(most + 1, 5),
        tour=zeros(most + 1),
        best=zeros(most + 2),
        label=zeros(labels, 10),
        here=zeros(looked + 2),
        now=zeros(minutes + 2),
        bit=zeros(looked + 2),
        counts=zeros(13),
    )
