"""The most that can still be gained on a day from a visit on, by the time it is over: what a search is cut off by.

Time is counted in buckets, and rounded down, so that what is told is never too little. No row comes right after the
one before it, but rows may come twice otherwise. Whether the rest has been taken is told apart; blocked spans hold
visits up, and not what lies between them.
"""

from scheduler.search.clock import clear
from scheduler.search.compiled import compiled
from scheduler.search.desk import FAR, LENGTH, Desk
from scheduler.search.records import ABSENT, NEVER, Model

UNITS = 60
"""Sixtieths of a cent."""


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
            while minute <= until:
                k.over[i, minute] = begins + effort - start
                minute += 1
    while minute <= length:
        k.over[i, minute] = NEVER
        minute += 1


@compiled
def rested_by(m: Model, d: int, now: int) -> int:
    """When the rest is over that begins as soon as it can, in minutes from the day's start; ``NEVER``: too late."""
    ends = max(now, int(m.day[d].rest_earliest - m.day[d].start)) + int(m.day[d].rest)
    return ends if ends <= m.day[d].rest_latest - m.day[d].start else NEVER


@compiled
def rest_before(m: Model, d: int, now: int, leg: int) -> int:
    """When one can begin at the end of a leg after the rest, which is taken before the leg or after it."""
    over = rested_by(m, d, now + leg)
    if over >= NEVER:
        over = rested_by(m, d, now) + leg
    return over


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
    length = k.counts[LENGTH]
    best, follow, second = going_home(m, d, now + k.back[i], k.back[i], rate), -1, FAR
    for a in range(k.arc_from[i], k.arc_from[i + 1]):
        j, leg = k.arc[a, 0], k.arc[a, 1]
        if now + leg > length:
            continue
        then = k.then[j, now + leg]
        value = k.profit[j] - leg * rate + (k.ahead[j, then, 0] if k.ahead[j, then, 2] != i else k.ahead[j, then, 1])
        if value > second:
            if value > best:
                best, follow, second = value, j, best
            else:
                second = value
    k.ahead[i, b, 0], k.ahead[i, b, 1], k.ahead[i, b, 2] = best, second, follow


@compiled
def before_rest(m: Model, k: Desk, d: int, i: int, now: int, b: int, rate: int) -> None:
    """The same with the rest still to come: before or after any leg, or at home."""
    length = k.counts[LENGTH]
    earliest, latest = m.day[d].rest_earliest - m.day[d].start, m.day[d].rest_latest - m.day[d].start
    rest = m.day[d].rest
    follow, second = -1, FAR
    if rested_by(m, d, now + k.back[i]) < NEVER:
        best = going_home(m, d, now + k.back[i], k.back[i], rate)
    else:
        best = going_home(m, d, rested_by(m, d, now) + k.back[i], k.back[i], rate)
    first = max(now, earliest) + rest
    for a in range(k.arc_from[i], k.arc_from[i + 1]):
        j, leg = k.arc[a, 0], k.arc[a, 1]
        if now + leg > length:
            continue
        then = k.then[j, now + leg]
        ahead = k.early[j, then, 0] if k.early[j, then, 2] != i else k.early[j, then, 1]
        arrival = max(now + leg, earliest) + rest
        if arrival > latest:
            arrival = first + leg
        if arrival <= length:
            then = k.then[j, arrival]
            ahead = max(ahead, k.ahead[j, then, 0] if k.ahead[j, then, 2] != i else k.ahead[j, then, 1])
        value = k.profit[j] - leg * rate + ahead
        if value > second:
            if value > best:
                best, follow, second = value, j, best
            else:
                second = value
    k.early[i, b, 0], k.early[i, b, 1], k.early[i, b, 2] = best, second, follow


@compiled
def write_buckets(k: Desk, n: int, width: int) -> None:
    """Write the bucket in which each row is over, by minute of arrival, and the last of them."""
    never, length = k.ahead.shape[1] - 1, k.counts[LENGTH]
    for i in range(n):
        k.last[i] = ABSENT
        for minute in range(length + 1):
            if k.over[i, minute] <= length:
                k.then[i, minute] = k.last[i] = k.over[i, minute] // width
            else:
                k.then[i, minute] = never
        k.ahead[i, never, 0] = k.ahead[i, never, 1] = k.early[i, never, 0] = k.early[i, never, 1] = FAR
        k.ahead[i, never, 2] = k.early[i, never, 2] = -1


@compiled
def bound_ahead(m: Model, k: Desk, d: int, n: int, rate: int, width: int) -> None:
    """The most that can be gained from each row on, by the bucket in which it is over, with the rest to come or past.

    Nobody is at a row in a bucket that ends before the row can be over at all or begins when it must have been, or gets
    home from there in time when it is too late for the direct way: there are no shortcuts. A bucket is no longer than
    any row takes.
    """
    write_buckets(k, n, width)
    length, rest = k.counts[LENGTH], int(m.day[d].rest)
    begins = max(0, int(m.day[d].rest_earliest - m.day[d].start) + rest) if rest > 0 else 0
    for b in range(length // width, -1, -1):
        now = b * width
        for i in range(n):
            k.ahead[i, b, 0] = k.ahead[i, b, 1] = k.early[i, b, 0] = k.early[i, b, 1] = FAR
            k.ahead[i, b, 2] = k.early[i, b, 2] = -1
            if b > k.last[i] or now + k.back[i] > length or k.over[i, k.out[i]] >= now + width:
                continue
            arrival = max(k.out[i], begins)
            if arrival <= length and k.over[i, arrival] < now + width:
                after_rest(m, k, d, i, now, b, rate)
            if rest > 0 and rested_by(m, d, now) < NEVER:
                before_rest(m, k, d, i, now, b, rate)


@compiled
def most_ahead(m: Model, k: Desk, d: int, at: int, j: int, ready: int, rested: int, width: int) -> int:
    """The most that can be gained from row ``j`` on, right after ``at``, when it is over with and without the rest."""
    start, length = m.day[d].start, k.counts[LENGTH]
    most = FAR
    if rested - start <= length:
        then = (rested - start) // width
        most = k.ahead[j, then, 0] if k.ahead[j, then, 2] != at else k.ahead[j, then, 1]
    if ready - start <= length:
        then = (ready - start) // width
        most = max(most, k.early[j, then, 0] if k.early[j, then, 2] != at else k.early[j, then, 1])
    return int(most)


@compiled
def likely(m: Model, k: Desk, d: int, j: int, leg: int, ready: int, rested: int) -> int:
    """The same at first sight, from when one leaves for the row: blocked spans before it are not looked at."""
    start, length = m.day[d].start, k.counts[LENGTH]
    most = FAR
    arrival = min(NEVER, rested - start + leg)
    if ready < NEVER:
        early = ready - start + leg
        arrival = min(arrival, rest_before(m, d, ready - start, leg))
        if early <= length:
            most = k.early[j, k.then[j, early], 0]
    if arrival <= length:
        most = max(most, k.ahead[j, k.then[j, arrival], 0])
    return int(most)
