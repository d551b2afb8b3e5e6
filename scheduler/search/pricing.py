"""The best tour of each day at given prices of visits: a depth-first search, cut off by what could still be gained.

Money is counted in sixtieths of a cent, so that a minute at a rate of so many cents an hour is a whole number. Where
something is rounded, it is rounded so that a tour seems better than it is: what is found bounds the true gain of every
tour from above. The travel handed in must have no shortcuts (see ``without_shortcuts``): then a visit with nothing to
gain can be passed over, except on days whose legs are limited, where it may be a stop on the way.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from scheduler.search.clock import after_visit, at_home, begin, clear, served, spot_of
from scheduler.search.compiled import compiled, compiled_with_arrays
from scheduler.search.desk import FAR, Desk
from scheduler.search.labels import FOUND, best_by_labels
from scheduler.search.records import NEVER, Ints, Model

UNITS = 60
"""Sixtieths of a cent."""

BUCKET_MINUTES = 10

MOST_NODES = 250
"""Beginnings of tours that are gone through one by one; where there are more, labels take over."""


MOST_SPOTS = 2500
"""Above so many spots not every way round is looked at."""


class Pairs(NamedTuple):
    """Which rows a day can hold, and what each costs there by itself."""

    offsets: Ints  # [D + 1]
    row: Ints
    price: Ints  # cents


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
        near = way < day.latest - day.start and way <= day.max_travel  # nothing comes between without a longer way
        k.used[i] = 1 if near and gain - way * rate > -UNITS * k.stack.shape[0] else 0
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
        write_over(m, k, d, i)
    k.minutes[n + 1, n] = m.travel[day.start_spot, day.end_spot]


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
                k.over[i, minute] = begins + effort
                minute += 1
    while minute <= length:
        k.over[i, minute] = NEVER
        minute += 1


@compiled
def weigh(m: Model, k: Desk, n: int, rate: int) -> None:
    """What each row takes and brings at best, with the shortest way that leads to it, and the order by worth."""
    for j in range(n):
        way = k.minutes[n + 1, j]
        for i in range(n):
            if i != j:
                way = min(way, k.minutes[i, j])
        k.weight[j] = m.row[k.row[j]].effort + way
        k.net[j] = k.profit[j] - way * rate
        at = j
        while at > 0 and k.net[k.order[at - 1]] * k.weight[j] < k.net[j] * k.weight[k.order[at - 1]]:
            k.order[at] = k.order[at - 1]
            at -= 1
        k.order[at] = j


@compiled
def ceiling(m: Model, k: Desk, d: int, n: int, depth: int, rate: int) -> int:
    """The most that can still come of the tour so far: the rest of the day filled with what pays best by the minute.

    Once with the shortest way to each row, once with no way at all but the one home.
    """
    home = k.minutes[k.stack[depth, 0], n]
    left = m.day[d].latest - min(k.stack[depth, 1], k.stack[depth, 2])
    one = k.stack[depth, 3]
    for at in range(n):
        j = k.order[at]
        if left <= 0 or k.net[j] <= 0:
            break
        if not k.used[j]:
            one += k.net[j] if k.weight[j] <= left else k.net[j] * left // k.weight[j] + 1
            left -= k.weight[j]
    left = m.day[d].latest - min(k.stack[depth, 1], k.stack[depth, 2]) - home
    other = k.stack[depth, 3] - home * rate
    for j in range(n):
        if left <= 0 or k.profit[j] <= 0:
            break
        if not k.used[j]:
            effort = m.row[k.row[j]].effort
            other += k.profit[j] if effort <= left else k.profit[j] * left // effort + 1
            left -= effort
    least: int = min(one, other)
    return least


@compiled
def bound_ahead(m: Model, k: Desk, d: int, n: int, rate: int, width: int) -> None:  # noqa: C901 -- the inner loop
    """The most that can be gained from each row on, by the time it is over: no row right after the one before it."""
    length = m.day[d].latest - m.day[d].start
    for b in range(length // width, -1, -1):
        now = b * width
        for i in range(n + 2):
            if i == n or (i == n + 1 and b > 0):
                continue
            home = k.minutes[i, n]
            best, follow, second = FAR, -1, FAR
            # Nobody is at i then, or gets home from there in time, whatever comes between: there are no shortcuts.
            if now + home > length or (i < n and k.over[i, k.minutes[n + 1, i]] - m.day[d].start >= now + width):
                k.first[b, i], k.follow[b, i], k.second[b, i] = best, follow, second
                continue
            if home <= m.day[d].max_leg:
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
def look_ahead(m: Model, k: Desk, d: int, n: int, depth: int, rate: int, width: int, found: int) -> None:
    """What each row promises as the next one at this depth; FAR where it cannot be next."""
    at = k.stack[depth, 0]
    highest = ceiling(m, k, d, n, depth, rate)
    for j in range(n):
        k.promise[depth, j] = FAR
        if k.used[j] or highest <= found:
            continue
        leg = k.minutes[at, j]
        if leg > m.day[d].max_leg or k.stack[depth, 4] + leg + k.minutes[j, n] > m.day[d].max_travel:
            continue
        ready, rested = after_visit(m, d, k.row[j], leg, k.stack[depth, 1], k.stack[depth, 2])
        over = min(ready, rested) - m.day[d].start
        if over <= m.day[d].latest - m.day[d].start:
            then = over // width
            ahead = k.first[then, j] if k.follow[then, j] != at else k.second[then, j]
            k.promise[depth, j] = min(highest, k.stack[depth, 3] + k.profit[j] - leg * rate + ahead)


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
    k.best[0] = k.best[most + 1] = 0
    for j in range(n):
        k.used[j] = 0
    k.stack[0, 0] = n + 1
    k.stack[0, 1], k.stack[0, 2] = begin(m, d)
    k.stack[0, 3] = k.stack[0, 4] = 0
    look_ahead(m, k, d, n, 0, rate, width, found)
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
            k.best[most + 1], k.counts[FOUND] = 1, found
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
        look_ahead(m, k, d, n, depth, rate, width, found)
    return found


@compiled
def price_days(  # noqa: PLR0913, PLR0917 -- compiled code takes arrays one by one
    m: Model,
    pairs: Pairs,
    k: Desk,
    worth: Ints,
    cap_price: Ints,
    gain: Ints,
    tours: Ints,
    most_nodes: Ints,
    chosen: Ints,
) -> None:
    """For each chosen day the most that a tour gains beyond the day's own price (0: nothing), and such a tour.

    A line of ``tours`` is the number of visits, then the visits, and in its last place 1 where more than the day's
    ``most_nodes`` beginnings of tours would have to be looked at: then the gain is what the others could gain at most.
    """
    for d in chosen:
        rate, per_minute = m.day[d].travel_rate, 0
        for c in range(m.day[d].cap_from, m.day[d].cap_to):
            per_minute += cap_price[m.day_cap[c]]
            if m.cap[m.day_cap[c]].counts_travel:
                rate += cap_price[m.day_cap[c]]
        gain[d] = tours[d, 0] = tours[d, tours.shape[1] - 1] = 0
        n = choose(m, pairs, k, d, worth, rate, per_minute)
        if n == 0:
            continue
        lay_out(m, k, d, n)
        width = BUCKET_MINUTES
        for i in range(n):
            width = max(1, min(width, m.row[k.row[i]].effort))
        weigh(m, k, n, rate)
        bound_ahead(m, k, d, n, rate, width)
        # A leg's price is rounded to whole cents, halves up: it may be half a cent less than counted here.
        spare = UNITS * (k.stack.shape[0] + 1) if m.day[d].travel_rate % UNITS else 0
        floor = UNITS * m.day[d].fixed - spare
        if k.first[0, n + 1] <= floor:
            continue
        gained = explore(m, k, d, n, rate, width, floor, min(most_nodes[d], MOST_NODES))
        many = int(k.best[k.stack.shape[0]])
        if many and most_nodes[d] > MOST_NODES:
            gained = min(gained, best_by_labels(m, k, d, n, rate, width, k.counts[FOUND], most_nodes[d]))
            many = 1 if gained > k.counts[FOUND] else 0
        gain[d] = gained - floor
        tours[d, 0], tours[d, tours.shape[1] - 1] = k.best[0], many
        for step in range(k.best[0]):
            tours[d, step + 1] = k.row[k.best[step + 1]]


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
