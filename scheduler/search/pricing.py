"""The best tour of each day at given prices of visits: a depth-first search, cut off by what could still be gained.

Money is counted in sixtieths of a cent, so that a minute at a rate of so many cents an hour is a whole number. Where
something is rounded, it is rounded so that a tour seems better than it is: what is found bounds the true gain of every
tour from above. The travel handed in must have no shortcuts (see ``without_shortcuts``): then a visit with nothing to
gain can be passed over, except on days whose legs are limited, where it may be a stop on the way.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from scheduler.search.clock import after_visit, at_home, begin, served, spot_of
from scheduler.search.compiled import compiled, compiled_with_arrays
from scheduler.search.records import NEVER, Ints, Model

FAR = -(2**60)
UNITS = 60
"""Sixtieths of a cent."""

BUCKET_MINUTES = 10


class Pairs(NamedTuple):
    """Which rows a day can hold, and what each costs there by itself."""

    offsets: Ints  # [D + 1]
    row: Ints
    price: Ints  # cents


class Desk(NamedTuple):
    """Room for pricing one day; n rows at most, T buckets, H minutes, M visits on a day."""

    row: Ints  # [n]
    profit: Ints  # [n]
    weight: Ints  # [n]
    minutes: Ints  # [n + 2, n + 2]; n stands for the way home, n + 1 for where the day begins
    over: Ints  # [n, H]
    first: Ints  # [T, n + 2]
    follow: Ints  # [T, n + 2]
    second: Ints  # [T, n + 2]
    promise: Ints  # [M + 1, n]
    used: Ints  # [n]
    stack: Ints  # [M + 1, 5]: chosen, ready, rested, value, travel
    best: Ints  # [M + 1]: length, then places in row


def desk_for(rows: int, minutes: int, most: int) -> Desk:
    """Room for days of so many rows, minutes and visits."""

    def zeros(*shape: int) -> Ints:
        return np.zeros(shape, dtype=np.int64)

    buckets = minutes + 2  # one for each minute at worst
    return Desk(
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
    )


@compiled_with_arrays
def pairs_of(
    m: Model,
    group: Ints,
    placing: Ints,
    ordinal: Ints,
    delay: Ints,
    previous: Ints,
    change_cents: int,
) -> tuple[Ints, Ints, Ints]:
    """For each day the rows that it could hold if there were no travel."""
    days, rows = m.day.shape[0], m.row.shape[0]
    offsets = np.zeros(days + 1, dtype=np.int64)
    found = np.empty((rows, 2), dtype=np.int64)
    kept = np.empty((4096, 2), dtype=np.int64)
    total = 0
    for d in range(days):
        count = 0
        for r in range(rows):
            if placing[group[d], r] >= NEVER:
                continue
            moved = previous[r] != NEVER and previous[r] != ordinal[d]
            price = placing[group[d], r] + delay[r] * ordinal[d] + (change_cents if moved else 0)
            if price < m.row[r].unplaced and served(m, r, d, m.day[d].start) <= m.day[d].latest:
                found[count, 0], found[count, 1] = r, price
                count += 1
        while total + count > kept.shape[0]:
            more = np.empty((2 * kept.shape[0], 2), dtype=np.int64)
            more[:total] = kept[:total]
            kept = more
        kept[total : total + count] = found[:count]
        total += count
        offsets[d + 1] = total
    return offsets, kept[:total, 0].copy(), kept[:total, 1].copy()


@compiled
def choose(m: Model, pairs: Pairs, k: Desk, d: int, worth: Ints, rate: int, per_minute: int) -> int:
    """Write the rows that could be part of a gainful tour to the desk; how many they are."""
    day = m.day[d]
    n = 0
    for p in range(pairs.offsets[d], pairs.offsets[d + 1]):
        r = pairs.row[p]
        profit = worth[r] - UNITS * pairs.price[p] - per_minute * m.row[r].effort
        if profit > -UNITS or day.max_leg < NEVER:
            j = n
            while j > 0 and k.profit[j - 1] * m.row[r].effort < profit * m.row[k.row[j - 1]].effort:
                k.row[j], k.profit[j] = k.row[j - 1], k.profit[j - 1]
                j -= 1
            k.row[j], k.profit[j] = r, profit
            n += 1
    kept = 0
    for i in range(n):
        here = spot_of(m, d, k.row[i])
        way = int(m.travel[day.start_spot, here]) + int(m.travel[here, day.end_spot])
        left = day.latest - day.start - way - m.row[k.row[i]].effort
        gain = k.profit[i]
        for j in range(n):  # dearest by the minute first: the last one that fits is counted whole
            if left <= 0:
                break
            if j != i:
                gain += max(0, k.profit[j])
                left -= m.row[k.row[j]].effort
        k.used[i] = 1 if gain - way * rate > -UNITS * k.stack.shape[0] and way < day.latest - day.start else 0
    for i in range(n):
        if k.used[i]:
            k.row[kept], k.profit[kept] = k.row[i], k.profit[i]
            kept += 1
    return kept


@compiled
def lay_out(m: Model, k: Desk, d: int, n: int) -> None:
    """Write minutes between the chosen rows, and when each is over for every minute of arrival."""
    day = m.day[d]
    for i in range(n):
        here = spot_of(m, d, k.row[i])
        k.minutes[n + 1, i] = m.travel[day.start_spot, here]
        k.minutes[i, n] = m.travel[here, day.end_spot]
        for j in range(n):
            k.minutes[i, j] = m.travel[here, spot_of(m, d, k.row[j])]
        for minute in range(day.latest - day.start + 1):
            k.over[i, minute] = served(m, k.row[i], d, day.start + minute)
    k.minutes[n + 1, n] = m.travel[day.start_spot, day.end_spot]


@compiled
def bound_ahead(m: Model, k: Desk, d: int, n: int, rate: int, width: int) -> None:
    """The most that can be gained from each row on, by the time it is over: no row right after the one before it."""
    length = m.day[d].latest - m.day[d].start
    for b in range(length // width, -1, -1):
        now = b * width
        for i in range(n + 2):
            if i == n or (i == n + 1 and b > 0):
                continue
            home = k.minutes[i, n]
            best, follow, second = FAR, -1, FAR
            if now + home <= length and home <= m.day[d].max_leg:
                best = -home * rate
            for j in range(n):
                arrival = now + k.minutes[i, j]
                if j == i or arrival > length or k.minutes[i, j] > m.day[d].max_leg:
                    continue
                over = k.over[j, arrival] - m.day[d].start
                if over > length:
                    continue
                then = over // width
                ahead = k.first[then, j] if k.follow[then, j] != i else k.second[then, j]
                value = k.profit[j] - k.minutes[i, j] * rate + ahead
                if value > best:
                    best, follow, second = value, j, best
                elif value > second:
                    second = value
            k.first[b, i], k.follow[b, i], k.second[b, i] = best, follow, second


@compiled
def look_ahead(m: Model, k: Desk, d: int, n: int, depth: int, rate: int, width: int) -> None:
    """What each row promises as the next one at this depth; FAR where it cannot be next."""
    at = k.stack[depth, 0]
    for j in range(n):
        k.promise[depth, j] = FAR
        if k.used[j]:
            continue
        leg = k.minutes[at, j]
        if leg > m.day[d].max_leg or k.stack[depth, 4] + leg + k.minutes[j, n] > m.day[d].max_travel:
            continue
        ready, rested = after_visit(m, d, k.row[j], leg, k.stack[depth, 1], k.stack[depth, 2])
        over = min(ready, rested) - m.day[d].start
        if over <= m.day[d].latest - m.day[d].start:
            then = over // width
            ahead = k.first[then, j] if k.follow[then, j] != at else k.second[then, j]
            k.promise[depth, j] = k.stack[depth, 3] + k.profit[j] - leg * rate + ahead


@compiled
def go_home(m: Model, k: Desk, d: int, n: int, depth: int, rate: int, found: int) -> int:
    """Keep the tour as it stands if it is the best one; the gain of the best one."""
    leg = k.minutes[k.stack[depth, 0], n]
    ends = at_home(m, d, leg, k.stack[depth, 1], k.stack[depth, 2])
    if ends >= NEVER or leg > m.day[d].max_leg or k.stack[depth, 4] + leg > m.day[d].max_travel:
        return found
    value: int = k.stack[depth, 3] - leg * rate
    if ends > m.day[d].end:
        value -= max(0, (ends - m.day[d].end) * m.day[d].overtime_rate - UNITS)
    if value > found:
        k.best[0] = depth
        for step in range(1, depth + 1):
            k.best[step] = k.stack[step, 0]
        return value
    return found


@compiled
def explore(m: Model, k: Desk, d: int, n: int, rate: int, width: int, floor: int, most_nodes: int) -> int:
    """The gain of the best tour above ``floor``, or a bound of it where there are too many; ``k.best`` is the tour."""
    most = k.stack.shape[0] - 1
    found, nodes, depth = floor, 0, 0
    k.best[0] = 0
    for j in range(n):
        k.used[j] = 0
    k.stack[0, 0] = n + 1
    k.stack[0, 1], k.stack[0, 2] = begin(m, d)
    k.stack[0, 3] = k.stack[0, 4] = 0
    look_ahead(m, k, d, n, 0, rate, width)
    while depth >= 0:
        at, promise = -1, found
        for j in range(n):
            if k.promise[depth, j] > promise:
                at, promise = j, k.promise[depth, j]
        if at < 0 or depth == most:
            if depth > 0:
                k.used[k.stack[depth, 0]] = 0
            depth -= 1
            continue
        nodes += 1
        if nodes > most_nodes:
            for level in range(depth + 1):
                for j in range(n):
                    found = max(found, k.promise[level, j])
            return found
        k.promise[depth, at] = FAR
        leg = k.minutes[k.stack[depth, 0], at]
        ready, rested = after_visit(m, d, k.row[at], leg, k.stack[depth, 1], k.stack[depth, 2])
        value = k.stack[depth, 3] + k.profit[at] - leg * rate
        k.stack[depth + 1, 4] = k.stack[depth, 4] + leg
        depth += 1
        k.stack[depth, 0], k.stack[depth, 1], k.stack[depth, 2], k.stack[depth, 3] = at, ready, rested, value
        k.used[at] = 1
        found = go_home(m, k, d, n, depth, rate, found)
        look_ahead(m, k, d, n, depth, rate, width)
    return found


@compiled
def price_days(
    m: Model, pairs: Pairs, k: Desk, worth: Ints, cap_price: Ints, gain: Ints, tours: Ints, most_nodes: int
) -> None:
    """For each day the most that a tour gains beyond the day's own price (0: nothing), and such a tour.

    A line of ``tours`` is the number of visits and then the visits. Where more than ``most_nodes`` beginnings of tours
    would have to be looked at for a day, its gain is what the others could gain at most.
    """
    for d in range(m.day.shape[0]):
        rate, per_minute = m.day[d].travel_rate, 0
        for c in range(m.day[d].cap_from, m.day[d].cap_to):
            per_minute += cap_price[m.day_cap[c]]
            if m.cap[m.day_cap[c]].counts_travel:
                rate += cap_price[m.day_cap[c]]
        gain[d] = tours[d, 0] = 0
        n = choose(m, pairs, k, d, worth, rate, per_minute)
        if n == 0:
            continue
        lay_out(m, k, d, n)
        width = BUCKET_MINUTES
        for i in range(n):
            width = max(1, min(width, m.row[k.row[i]].effort))
        bound_ahead(m, k, d, n, rate, width)
        # A leg's price is rounded to whole cents, halves up: it may be half a cent less than counted here.
        spare = UNITS * (k.stack.shape[0] + 1) if m.day[d].travel_rate % UNITS else 0
        floor = UNITS * m.day[d].fixed - spare
        if k.first[0, n + 1] <= floor:
            continue
        gain[d] = explore(m, k, d, n, rate, width, floor, most_nodes) - floor
        tours[d, 0] = k.best[0]
        for step in range(k.best[0]):
            tours[d, step + 1] = k.row[k.best[step + 1]]


def without_shortcuts(travel: NDArray[np.int16], limit: int = 2500) -> NDArray[np.int16]:
    """Travel in which no way round is shorter: the shortest way between any two spots.

    For more than ``limit`` spots only ways over spots at the same place are looked at, which is all there is with the
    documented speed model; the caller must not hand in a larger table from elsewhere.
    """
    table = travel.copy()
    if len(table) <= limit:
        for spot in range(len(table)):
            np.minimum(table, table[:, spot, None] + table[None, spot], out=table)
        return table
    changed = True
    while changed:
        before = int(table.sum(dtype=np.int64))
        for one, other in zip(*np.nonzero(table == 0), strict=True):
            if one != other:
                np.minimum(table[one], table[other], out=table[one])
                np.minimum(table[:, one], table[:, other], out=table[:, one])
        changed = int(table.sum(dtype=np.int64)) != before
    return table
