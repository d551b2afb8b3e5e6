"""The most that can still be gained on a day from a visit on, by the time it is over: what a search is cut off by.

Time is counted in buckets, and rounded down, so that what is told is never too little. No row comes right after the
one before it, but rows may come twice otherwise. Whether the rest has been taken is told apart; blocked spans hold
visits up, and not what lies between them.

What can be gained and the row that comes next then stand in one number, a *key*: see ``value_of`` and ``row_of``.
"""

from scheduler.search.clock import clear
from scheduler.search.compiled import compiled
from scheduler.search.desk import BITS, FAR, LATE, LENGTH, NEXT, NO_KEY, STRIDE, Desk
from scheduler.search.records import ABSENT, NEVER, Model

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
def after_rest(m: Model, k: Desk, d: int, i: int, now: int, b: int, rate: int) -> None:
    """Fill in what follows from a row that is over in a bucket, the rest having been taken."""
    best, second = key_of(going_home(m, d, now + k.back[i], k.back[i], rate), ABSENT), NO_KEY
    own = i + 1
    for a in range(k.arc_from[i], k.arc_from[i + 1]):
        key = k.after[k.reach[a] + now]
        if key & NEXT == own:
            key = k.after_else[k.reach[a] + now]
        key = (key & ~NEXT) + k.gains[a]
        if key > second:
            if key > best:
                best, second = key, best
            else:
                second = key
    k.ahead[i, b, 0] = best if best > NO_KEY // 2 else NO_KEY
    k.ahead[i, b, 1] = second if second > NO_KEY // 2 else NO_KEY


@compiled
def before_rest(m: Model, k: Desk, d: int, i: int, now: int, b: int, rate: int) -> None:
    """The same with the rest still to come: before or after any leg, or at home."""
    if rested_by(m, d, now + k.back[i]) < NEVER:
        home = going_home(m, d, now + k.back[i], k.back[i], rate)
    else:
        home = going_home(m, d, rested_by(m, d, now) + k.back[i], k.back[i], rate)
    best, second = key_of(home, ABSENT), NO_KEY
    own = i + 1
    for a in range(k.arc_from[i], k.arc_from[i + 1]):
        key = k.before[k.reach[a] + now]
        if key & NEXT == own:
            key = k.before_else[k.reach[a] + now]
        key = (key & ~NEXT) + k.gains[a]
        if key > second:
            if key > best:
                best, second = key, best
            else:
                second = key
    k.early[i, b, 0] = best if best > NO_KEY // 2 else NO_KEY
    k.early[i, b, 1] = second if second > NO_KEY // 2 else NO_KEY


@compiled
def spread(m: Model, k: Desk, d: int, i: int, now: int, b: int, low: int) -> None:
    """Write down what follows from a row for every minute of arrival that ends in this bucket, the last ones first.

    Whoever arrives with the rest to come may take it there and then. A rest before the leg ends no sooner than that.
    """
    base, minute = i * k.counts[STRIDE], k.left[i]
    best, other = k.ahead[i, b, 0], k.ahead[i, b, 1]
    rest, earliest = int(m.day[d].rest), int(m.day[d].rest_earliest - m.day[d].start)
    while minute >= low and k.over[i, minute] >= now:
        k.after[base + minute], k.after_else[base + minute] = best, other
        minute -= 1
    if rest > 0:
        early, early_other = k.early[i, b, 0], k.early[i, b, 1]
        for arrival in range(k.left[i], minute, -1):
            rested = max(arrival, earliest) + rest
            k.before[base + arrival], k.before_else[base + arrival] = early, early_other
            if rested <= k.counts[LENGTH]:
                merge(k, base + arrival, k.after[base + rested], k.after_else[base + rested])
    k.left[i] = minute


@compiled
def merge(k: Desk, at: int, best: int, other: int) -> None:
    """Have the better of two pairs of keys before the rest; the second one tells another row than the first."""
    first, second = k.before[at], k.before_else[at]
    if best > first:
        first, second, best, other = best, other, first, second
    k.before[at] = first
    k.before_else[at] = max(second, other if best & NEXT == first & NEXT else best)


@compiled
def write_arcs(k: Desk, n: int, rate: int) -> None:
    """Write where each arc reaches in the tables by minute, and what it brings, and clear what is beyond the day."""
    length, longest = k.counts[LENGTH], 0
    for a in range(k.arc_from[n + 2]):
        longest = max(longest, k.arc[a, 1])
    stride = length + 1 + longest
    k.counts[STRIDE] = stride
    for a in range(k.arc_from[n + 2]):
        j, leg = k.arc[a, 0], k.arc[a, 1]
        k.reach[a] = j * stride + leg
        k.gains[a] = ((k.profit[j] - leg * rate) << BITS) + j + 1
    for i in range(n):
        last = length
        while last >= 0 and k.over[i, last] > length:
            last -= 1
        k.left[i] = last
        for at in range(i * stride + last + 1, (i + 1) * stride):
            k.after[at] = k.after_else[at] = k.before[at] = k.before_else[at] = NO_KEY


@compiled
def bound_ahead(m: Model, k: Desk, d: int, n: int, rate: int, width: int) -> None:
    """The most that can be gained from each row on, by the bucket in which it is over, with the rest to come or past.

    Nobody is at a row in a bucket that ends before the row can be over at all or begins when it must have been, or gets
    home from there in time when it is too late for the direct way: there are no shortcuts. A bucket is no longer than
    any row takes.
    """
    write_arcs(k, n, rate)
    length, rest = k.counts[LENGTH], int(m.day[d].rest)
    begins = max(0, int(m.day[d].rest_earliest - m.day[d].start) + rest) if rest > 0 else 0
    for b in range(length // width, -1, -1):
        now = b * width
        for i in range(n):
            k.ahead[i, b, 0] = k.ahead[i, b, 1] = k.early[i, b, 0] = k.early[i, b, 1] = NO_KEY
            low = max(0, k.out[i] - width)
            if k.left[i] < low or k.over[i, k.left[i]] < now:
                continue
            if now + k.back[i] <= length and k.over[i, k.out[i]] < now + width:
                arrival = max(k.out[i], begins)
                if arrival <= length and k.over[i, arrival] < now + width:
                    after_rest(m, k, d, i, now, b, rate)
                if rest > 0 and rested_by(m, d, now) < NEVER:
                    before_rest(m, k, d, i, now, b, rate)
            spread(m, k, d, i, now, b, low)


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
    base = j * k.counts[STRIDE] + leg - start
    most = FAR
    if rested - start + leg <= length:
        most = value_of(k.after[base + rested])
    if ready - start + leg <= length:
        most = max(most, value_of(k.before[base + ready]))
    return int(most)
