"""The most that can still be gained on a day from a visit on, by the time it is over: what a search is cut off by.

Time is counted in buckets, and rounded down, so that what is told is never too little. No row comes right after the
one before it, but rows may come twice otherwise. Whether the rest has been taken is told apart; blocked spans hold
visits up, and not what lies between them.

What can be gained and the row that comes next then stand in one number, a *key*: see ``value_of`` and ``row_of``.
"""

import numpy as np

from scheduler.search.clock import clear
from scheduler.search.compiled import compiled, side_by_side
from scheduler.search.desk import BITS, FAR, LANES, LATE, LENGTH, NEXT, NO_KEY, STRIDE, WIDTH, Desk
from scheduler.search.records import ABSENT, NEVER, Model

ONE, TWO, THREE = np.uint32(1), np.uint32(2), np.uint32(3)
"""Numbers without a sign: compiled code does not look whether they count from the end."""

UNITS = 60
"""Sixtieths of a cent."""


@compiled
def value_of(key: int) -> int:
    """The gain that a key tells; ``FAR`` for none."""
    return int(key >> BITS) if key > NO_KEY // 2 else FAR


@compiled
def row_of(key: int) -> int:
    """The row that a key tells, ``ABSENT`` for none."""
    return (key & NEXT) - 1


@compiled
def key_of(value: int, row: int) -> int:
    """The key of a gain and a row, or ``ABSENT``."""
    return (value << BITS) + row + 1 if value > FAR else NO_KEY


@compiled
def free_until(m: Model, d: int, begins: int, minutes: int) -> int:
    """The last minute from which so many minutes are free of blocked spans, and all that begin since ``begins``."""
    last = NEVER
    if minutes > 0:
        for b in range(m.day[d].blocked_from, m.day[d].blocked_to):
            if m.blocked[b, 0] >= begins + minutes:
                last = min(last, m.blocked[b, 0] - minutes)
    return last


@compiled
def write_over(m: Model, k: Desk, d: int, i: int) -> None:
    """When a row is over for every minute of arrival; whoever arrives while it cannot begin waits."""
    start, length, effort = m.day[d].start, m.day[d].latest - m.day[d].start, m.row[k.row[i]].effort
    minute = 0
    for s in range(m.first_span[k.row[i], m.day[d].slot], m.row[k.row[i]].span_end):
        last = min(length, m.span[s, 1] - effort - start)
        while minute <= last:
            begins = clear(m, d, max(start + minute, m.span[s, 0]), effort)
            if begins + effort > m.span[s, 1] or begins > m.day[d].latest:
                break
            until = min(length, begins - start)
            for waiting in range(minute, until + 1):
                k.over[i, waiting] = begins + effort - start
            minute = until + 1
            until = min(last, free_until(m, d, begins, effort) - start)
            for going in range(minute, until + 1):
                k.over[i, going] = going + effort
            minute = max(minute, until + 1)
    for never in range(minute, length + 1):
        k.over[i, never] = LATE


@compiled
def rested_by(m: Model, d: int, now: int) -> int:
    """When the rest is over that begins as soon as it can, in minutes from the day's start; ``NEVER``: too late."""
    ends = max(now, int(m.day[d].rest_earliest - m.day[d].start)) + int(m.day[d].rest)
    return ends if ends <= m.day[d].rest_latest - m.day[d].start else NEVER


@compiled
def going_home(m: Model, d: int, ends: int, leg: int, rate: int) -> int:
    """What it brings to be home then, in minutes from the day's start: the price of the leg and of overtime, or FAR."""
    if ends > m.day[d].latest - m.day[d].start or leg > m.day[d].max_leg:
        return FAR
    late = ends - int(m.day[d].end - m.day[d].start)
    overtime = late * int(m.day[d].overtime_rate) - UNITS if late > 0 else 0
    return -leg * rate - max(0, overtime)


@compiled
def slot(k: Desk, j: int, minute: int) -> int:
    """Where a row and a minute stand in the tables by minute: minutes that are buckets apart next to each other."""
    return int(j * k.counts[STRIDE] + k.column[minute])


@compiled
def rest_there(m: Model, d: int, arrival: int) -> int:
    """When a rest taken on arrival is over, in minutes from the day's start; one before the leg is over no sooner."""
    return max(arrival, int(m.day[d].rest_earliest - m.day[d].start)) + int(m.day[d].rest)


@side_by_side
def sweep(k: Desk, i: int, b: int, early: int) -> None:
    """What follows from a row that is over in one of four buckets, over those arcs that last longer than these.

    Before it stands there what going home brings. The four are the same steps side by side and without a branch: the
    compiler makes one step of them.
    """
    table, other, into = (k.before, k.before_else, k.early) if early else (k.after, k.after_else, k.ahead)
    own, column = i + 1, np.uint32(b)
    best0, best1, best2, best3 = into[i, b, 0], into[i, b + 1, 0], into[i, b + 2, 0], into[i, b + 3, 0]
    second0 = second1 = second2 = second3 = NO_KEY
    for a in range(k.arc_from[i], k.short_from[i]):
        at, gains = k.reach[a] + column, k.gains[a]
        key0, key1, key2, key3 = table[at], table[at + ONE], table[at + TWO], table[at + THREE]
        else0, else1, else2, else3 = other[at], other[at + ONE], other[at + TWO], other[at + THREE]
        key0 = else0 if key0 & NEXT == own else key0
        key1 = else1 if key1 & NEXT == own else key1
        key2 = else2 if key2 & NEXT == own else key2
        key3 = else3 if key3 & NEXT == own else key3
        key0, key1 = (key0 & ~NEXT) + gains, (key1 & ~NEXT) + gains
        key2, key3 = (key2 & ~NEXT) + gains, (key3 & ~NEXT) + gains
        second0, best0 = max(second0, min(best0, key0)), max(best0, key0)
        second1, best1 = max(second1, min(best1, key1)), max(best1, key1)
        second2, best2 = max(second2, min(best2, key2)), max(best2, key2)
        second3, best3 = max(second3, min(best3, key3)), max(best3, key3)
    into[i, b, 0], into[i, b + 1, 0], into[i, b + 2, 0], into[i, b + 3, 0] = best0, best1, best2, best3
    into[i, b, 1], into[i, b + 1, 1], into[i, b + 2, 1], into[i, b + 3, 1] = second0, second1, second2, second3


@compiled
def sweep_short(k: Desk, i: int, b: int, early: int) -> None:
    """The same over the other arcs, from one bucket."""
    table, other, into = (k.before, k.before_else, k.early) if early else (k.after, k.after_else, k.ahead)
    best, second, column = into[i, b, 0], into[i, b, 1], np.uint32(b)
    for a in range(k.short_from[i], k.arc_from[i + 1]):
        at = k.reach[a] + column
        key = table[at]
        if key & NEXT == i + 1:
            key = other[at]
        key = (key & ~NEXT) + k.gains[a]
        second, best = max(second, min(best, key)), max(best, key)
    into[i, b, 0] = best if best > NO_KEY // 2 else NO_KEY
    into[i, b, 1] = second if second > NO_KEY // 2 else NO_KEY


@compiled
def go_home_from(m: Model, k: Desk, d: int, i: int, b: int, rate: int, early: int) -> int:
    """The key of going home from a row that is over in a bucket; with the rest to come it is taken before or there."""
    now, back = b * k.counts[WIDTH], k.back[i]
    if early and rested_by(m, d, now + back) >= NEVER:
        return key_of(going_home(m, d, rested_by(m, d, now) + back, back, rate), ABSENT)
    return key_of(going_home(m, d, now + back, back, rate), ABSENT)


@compiled
def spread(m: Model, k: Desk, d: int, i: int, b: int) -> None:
    """Write down what follows from a row for every minute of arrival that ends in this bucket, the last ones first."""
    now, base, minute = b * k.counts[WIDTH], i * k.counts[STRIDE], k.left[i]
    low = max(0, k.out[i] - k.counts[WIDTH])
    best, other = k.ahead[i, b, 0], k.ahead[i, b, 1]
    while minute >= low and k.over[i, minute] >= now:
        at = base + k.column[minute]
        k.after[at], k.after_else[at] = best, other
        minute -= 1
    if m.day[d].rest > 0:
        best, other = k.early[i, b, 0], k.early[i, b, 1]
        for arrival in range(k.left[i], minute, -1):
            at, rested = base + k.column[arrival], rest_there(m, d, arrival)
            k.before[at], k.before_else[at] = best, other
            if rested <= k.counts[LENGTH]:
                merge(k, at, base + k.column[rested])
    k.left[i] = minute


@compiled
def merge(k: Desk, at: int, rested: int) -> None:
    """Have the better of two pairs of keys before the rest; the second one tells another row than the first."""
    first, second = k.before[at], k.before_else[at]
    best, other = k.after[rested], k.after_else[rested]
    if best > first:
        first, second, best, other = best, other, first, second
    k.before[at] = first
    k.before_else[at] = max(second, other if best & NEXT == first & NEXT else best)


@compiled
def write_arcs(m: Model, k: Desk, n: int, rate: int, width: int) -> None:
    """Write where each arc reaches in the tables by minute, and what it brings; long arcs of a row before short ones.

    Long ones go from four buckets in a row to later ones than those four.
    """
    longest = 0
    for a in range(k.arc_from[n + 2]):
        longest = max(longest, k.arc[a, 1])
    column = (k.counts[LENGTH] + longest) // width + 1 + LANES
    k.counts[WIDTH], k.counts[STRIDE] = width, column * width
    for minute in range(k.counts[LENGTH] + longest + 1):
        k.column[minute] = minute % width * column + minute // width
    for i in range(n + 2):
        k.short_from[i] = k.arc_from[i]
        for a in range(k.arc_from[i], k.arc_from[i + 1]):
            j, leg = k.arc[a, 0], k.arc[a, 1]
            if leg + m.row[k.row[j]].effort >= LANES * width:
                short = k.short_from[i]
                k.arc[a, 0], k.arc[a, 1] = k.arc[short, 0], k.arc[short, 1]
                k.arc[short, 0], k.arc[short, 1] = j, leg
                k.short_from[i] += 1
    for a in range(k.arc_from[n + 2]):
        j, leg = k.arc[a, 0], k.arc[a, 1]
        k.reach[a] = slot(k, j, leg)
        k.gains[a] = ((k.profit[j] - leg * rate) << BITS) + j + 1
    for at in range(n * column * width):
        k.after[at] = k.after_else[at] = k.before[at] = k.before_else[at] = NO_KEY


@compiled
def open_buckets(m: Model, k: Desk, d: int, i: int, width: int) -> None:
    """Write the buckets in which a row can be over: after the rest, and with the rest to come.

    Nobody is at a row in a bucket that ends before the row can be over at all or begins when it must have been, or gets
    home from there in time when it is too late for the direct way: there are no shortcuts.
    """
    length, rest = k.counts[LENGTH], int(m.day[d].rest)
    last = length
    while last >= 0 and k.over[i, last] > length:
        last -= 1
    k.left[i] = last
    k.open[i, 0], k.open[i, 1], k.open[i, 2], k.open[i, 3] = 0, -1, 0, -1
    if last < k.out[i]:
        return
    until = min(length - k.back[i], k.over[i, last]) // width
    rested = max(k.out[i], int(m.day[d].rest_earliest - m.day[d].start) + rest if rest > 0 else 0)
    if rested <= last:
        k.open[i, 0], k.open[i, 1] = k.over[i, rested] // width, until
    by = int(m.day[d].rest_latest - m.day[d].start) - rest
    if rest > 0 and by >= 0:
        k.open[i, 2], k.open[i, 3] = k.over[i, k.out[i]] // width, min(until, by // width)


@compiled
def is_open(k: Desk, i: int, b: int, early: int) -> bool:
    """Whether a row can be over in a bucket, with the rest to come or past."""
    return bool(k.open[i, 2 * early] <= b <= k.open[i, 2 * early + 1])


@compiled
def bound_ahead(m: Model, k: Desk, d: int, n: int, rate: int, width: int) -> None:
    """The most that can be gained from each row on, by the bucket in which it is over, with the rest to come or past.

    A bucket is no longer than any row takes.
    """
    write_arcs(m, k, n, rate, width)
    for i in range(n):
        open_buckets(m, k, d, i, width)
    for first in range(k.counts[LENGTH] // width // LANES * LANES, -1, -LANES):
        for i in range(n):
            for early in range(2):
                some = 0
                into = k.early if early else k.ahead
                for b in range(first, first + LANES):
                    into[i, b, 0] = into[i, b, 1] = NO_KEY
                    if is_open(k, i, b, early):
                        into[i, b, 0] = go_home_from(m, k, d, i, b, rate, early)
                        some = 1
                if some:
                    sweep(k, i, first, early)
        for b in range(first + LANES - 1, first - 1, -1):
            for i in range(n):
                finish(m, k, d, i, b)


@compiled
def finish(m: Model, k: Desk, d: int, i: int, b: int) -> None:
    """Add the short arcs from a row that is over in a bucket, and write down what follows."""
    if k.left[i] < 0 or k.over[i, k.left[i]] < b * k.counts[WIDTH]:
        return
    for early in range(2):  # as a loop: with either written out the compiler makes slower steps of short arcs
        into = k.early if early else k.ahead
        if is_open(k, i, b, early):
            sweep_short(k, i, b, early)
        else:
            into[i, b, 0] = into[i, b, 1] = NO_KEY
    spread(m, k, d, i, b)


@compiled
def but(key: int, other: int, row: int) -> int:
    """What the first key tells, or the second one where the first one goes on to this row."""
    return value_of(key if row_of(key) != row else other)


@compiled
def most_ahead(m: Model, k: Desk, d: int, at: int, j: int, ready: int, rested: int, width: int) -> int:
    """The most that can be gained from row ``j`` on, right after ``at``, when it is over with and without the rest."""
    start, length = m.day[d].start, k.counts[LENGTH]
    most = FAR
    if rested - start <= length:
        then = (rested - start) // width
        most = but(k.ahead[j, then, 0], k.ahead[j, then, 1], at)
    if ready - start <= length:
        then = (ready - start) // width
        most = max(most, but(k.early[j, then, 0], k.early[j, then, 1], at))
    return int(most)


@compiled
def likely(m: Model, k: Desk, d: int, j: int, leg: int, ready: int, rested: int) -> int:
    """The same at first sight, from when one leaves for the row: blocked spans before it are not looked at."""
    start, length = m.day[d].start, k.counts[LENGTH]
    arrival, early = rested - start + leg, ready - start + leg
    most = FAR
    if arrival <= length:
        most = value_of(k.after[slot(k, j, arrival)])
    if early <= length:
        most = max(most, value_of(k.before[slot(k, j, early)]))
    return int(most)
