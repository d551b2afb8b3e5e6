"""The most that can have been gained on the way to a visit; arcs that no tour needs which gains enough are let go.

The counterpart of ``ahead.py``, in the same buckets, minute by minute forwards: what a tour gains up to a row, and
what it can gain from there on, together bound every tour that goes that way. Where that is too little nothing is
followed any further, so that little of the day is looked at, and few arcs are left.
"""

import numpy as np

from scheduler.search.ahead import but, slot, value_of
from scheduler.search.clock import begin
from scheduler.search.compiled import compiled
from scheduler.search.desk import BITS, FAR, LENGTH, NO_KEY, WIDTH, Desk
from scheduler.search.records import ABSENT, Ints, Model


@compiled
def note(table: Ints, j: int, b: int, value: int, i: int) -> None:
    """Note what a tour gained up to row ``j``, which is over in a bucket, right after row ``i``, or ``ABSENT``."""
    key = (value << BITS) + i + 1
    best = table[j, b, 0]
    if key > best:
        if but(best, NO_KEY, i) > FAR:
            table[j, b, 1] = best
        table[j, b, 0] = key
    elif key > table[j, b, 1] and but(best, NO_KEY, i) > FAR:
        table[j, b, 1] = key


@compiled
def come(m: Model, k: Desk, d: int, a: int, now: int, i: int, value: int, early: int) -> None:
    """Note an arc that is gone along from a row that is over then, with the rest to come or past."""
    j, arrival, width = k.arc[a, 0], now + k.arc[a, 1], k.counts[WIDTH]
    k.alive[a] = 1
    over = k.over[j, arrival]
    if not early:
        note(k.behind, j, over // width, value, i)
        return
    if over <= k.counts[LENGTH]:
        note(k.behind_early, j, over // width, value, i)
    rested = max(arrival, int(m.day[d].rest_earliest - m.day[d].start)) + int(m.day[d].rest)
    if rested <= k.counts[LENGTH] and k.over[j, rested] <= k.counts[LENGTH]:
        note(k.behind, j, k.over[j, rested] // width, value, i)


@compiled
def go_on(m: Model, k: Desk, d: int, i: int, b: int, floor: int, early: int) -> None:
    """Follow every arc from a row that is over in a bucket, if all of a tour that way may bring more than ``floor``."""
    came, ahead = (k.behind_early, k.early) if early else (k.behind, k.ahead)
    onward, other = (k.before, k.before_else) if early else (k.after, k.after_else)
    best, second = came[i, b, 0], came[i, b, 1]
    if best <= NO_KEY // 2 or (best >> BITS) + value_of(ahead[i, b, 0]) <= floor:
        return
    for a in range(k.arc_from[i], k.arc_from[i + 1]):
        at = k.reach[a] + np.uint32(b)
        gained = but(best, second, k.arc[a, 0])
        value = gained + (k.gains[a] >> BITS)
        if gained > FAR and value + but(onward[at], other[at], i) > floor:
            come(m, k, d, a, b * k.counts[WIDTH], i, value, early)


@compiled
def set_out(m: Model, k: Desk, d: int, n: int, floor: int) -> None:
    """Follow every arc from where the day begins, with the rest to come, and after it."""
    _ready, rested = begin(m, d)
    now = rested - m.day[d].start
    for a in range(k.arc_from[n + 1], k.arc_from[n + 2]):
        gained = k.gains[a] >> BITS
        if (
            now + k.arc[a, 1] <= k.counts[LENGTH]
            and gained + value_of(k.after[slot(k, k.arc[a, 0], now + k.arc[a, 1])]) > floor
        ):
            come(m, k, d, a, now, ABSENT, gained, 0)
        if m.day[d].rest > 0 and gained + value_of(k.before[k.reach[a]]) > floor:
            come(m, k, d, a, 0, ABSENT, gained, 1)


@compiled
def let_go(m: Model, k: Desk, d: int, n: int, floor: int) -> None:
    """Let go of arcs that are part of no tour that brings more than ``floor``."""
    buckets = k.counts[LENGTH] // k.counts[WIDTH] + 1
    for a in range(k.arc_from[n + 2]):
        k.alive[a] = 0
    for i in range(n):
        for b in range(buckets):
            k.behind[i, b, 0] = k.behind[i, b, 1] = k.behind_early[i, b, 0] = k.behind_early[i, b, 1] = NO_KEY
    set_out(m, k, d, n, floor)
    for b in range(buckets):
        for i in range(n):
            if m.day[d].rest > 0:
                go_on(m, k, d, i, b, floor, 1)
            go_on(m, k, d, i, b, floor, 0)
    kept = first = 0
    for i in range(n + 2):
        last = k.arc_from[i + 1]
        for a in range(first, last):
            if k.alive[a]:
                k.arc[kept, 0], k.arc[kept, 1] = k.arc[a, 0], k.arc[a, 1]
                k.reach[kept], k.gains[kept] = k.reach[a], k.gains[a]
                kept += 1
        first = last
        k.arc_from[i + 1] = kept
