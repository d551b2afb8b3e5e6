"""Which visits, and which one right after which, could be part of a tour that gains enough: by minutes and money alone.

A tour lasts no longer than its day. It goes at least as far as the way to any one of its visits and back, and every
other place on it takes a *charge* on top: the least that a place adds to any way between two others. So what a tour
with a certain visit gains is at most the visit's own gain and what a knapsack of the others brings in the minutes that
are left. Visits far from home are worth much because the way is long; so that they do not seem to be had without it,
the knapsack is filled in *rings*: for a tour that goes no farther than a ring, with the way to that ring paid for.
"""

from scheduler.search.clock import served, spot_of
from scheduler.search.compiled import compiled
from scheduler.search.desk import FAR, KEPT, LENGTH, OVERTIME, RINGS, ROOM, Desk
from scheduler.search.records import NEVER, Ints, Model, Pairs

UNITS = 60
"""Sixtieths of a cent."""


@compiled
def least_stop(m: Model, pairs: Pairs, d: int) -> int:
    """The least minutes of a stop on the way, which is at a visit, on a day whose legs are limited."""
    least = NEVER
    if m.day[d].max_leg < NEVER:
        for p in range(pairs.offsets[d], pairs.offsets[d + 1]):
            least = min(least, m.row[pairs.row[p]].effort)
    return int(least)


@compiled
def stopping(m: Model, d: int, way: int, stop: int) -> int:
    """The minutes of a way with the stops that its length takes where legs are limited."""
    limit = max(1, m.day[d].max_leg)
    return int(way + (way - 1) // limit * stop if way > limit else way)


@compiled
def begin_rows(m: Model, pairs: Pairs, k: Desk, d: int, worth: Ints, rate: int, per_minute: int) -> int:
    """Write the rows that bring something, and can be reached and left in time, to the desk; how many they are."""
    day = m.day[d]
    stop = least_stop(m, pairs, d)
    n = 0
    for p in range(pairs.offsets[d], pairs.offsets[d + 1]):
        r = pairs.row[p]
        effort = m.row[r].effort
        profit = worth[r] - UNITS * pairs.price[p] - per_minute * effort
        if profit <= -UNITS and day.max_leg >= NEVER:
            continue
        here = spot_of(m, d, r)
        out, back = int(m.travel[day.start_spot, here]), int(m.travel[here, day.end_spot])
        there, home = stopping(m, d, out, stop), stopping(m, d, back, stop)
        if out + back > day.max_travel or there + home + effort > day.latest - day.start:
            continue
        if served(m, r, d, day.start + there) + home > day.latest:
            continue
        charge, detour = pairs.charge[r], pairs.detour[r]
        if out == 0 or back == 0:
            charge = detour = 0
        k.row[n], k.profit[n], k.out[n], k.back[n] = r, profit, out, back
        k.charge[n], k.slack[n], k.weight[n] = charge, detour - charge, max(1, effort + charge)
        k.net[n] = profit - charge * rate
        n += 1
    return n


@compiled
def copy_row(k: Desk, i: int, j: int) -> None:
    """Write a row of the desk to place ``j``."""
    k.row[j], k.profit[j], k.out[j], k.back[j] = k.row[i], k.profit[i], k.out[i], k.back[i]
    k.charge[j], k.slack[j], k.weight[j], k.net[j] = k.charge[i], k.slack[i], k.weight[i], k.net[i]
    k.upper[j] = k.upper[i]


@compiled
def sort_rows(k: Desk, n: int) -> None:
    """Write the places of the rows by net for each minute of weight, most first (Shell's sort)."""
    for i in range(n):
        k.order[i] = i
    gap = n // 2
    while gap > 0:
        for i in range(gap, n):
            at = k.order[i]
            j = i
            while j >= gap and k.net[k.order[j - gap]] * k.weight[at] < k.net[at] * k.weight[k.order[j - gap]]:
                k.order[j] = k.order[j - gap]
                j -= gap
            k.order[j] = at
        gap = gap // 2 if gap > 2 else gap - 1


@compiled
def fill(k: Desk, n: int, line: int, edge: int, length: int, less: int) -> None:
    """The most that rows within an edge bring in so many minutes, each of which costs ``less``."""
    value, at = 0, 0
    for s in range(n):
        j = k.order[s]
        weight = k.weight[j]
        net = k.net[j] - less * weight
        if net <= 0 or at > length:
            break
        if k.out[j] + k.back[j] > edge:
            continue
        for c in range(at, min(length + 1, at + weight)):
            k.table[line, c] = value + net * (c - at) // weight + 1
        value += net
        at += weight
    for c in range(min(at, length + 1), length + 1):
        k.table[line, c] = value + 1


@compiled
def draw_rings(m: Model, k: Desk, d: int, n: int) -> None:
    """Note the minutes of the day, tell the rows' rings, and fill in the tables."""
    day = m.day[d]
    k.counts[ROOM] = minutes_of(m, d, day.latest)
    k.counts[OVERTIME] = k.counts[ROOM] - minutes_of(m, d, day.end)
    k.counts[LENGTH] = day.latest - day.start
    low, high, widest = NEVER, 0, 0
    for i in range(n):
        low, high = min(low, k.out[i] + k.back[i]), max(high, k.out[i] + k.back[i])
        widest = max(widest, k.charge[i] + k.slack[i])
    k.edge[RINGS] = widest
    for q in range(RINGS):
        k.edge[q] = low + (high - low) * (q + 1) // RINGS
        fill(k, n, q, k.edge[q], k.counts[LENGTH], 0)
        if k.counts[OVERTIME] > 0:
            fill(k, n, RINGS + q, k.edge[q], k.counts[LENGTH], day.overtime_rate)
    for i in range(n):
        q = 0
        while k.out[i] + k.back[i] > k.edge[q]:
            q += 1
        k.ring[i] = q


@compiled
def filled(k: Desk, q: int, minutes: int) -> int:
    """What a ring's rows bring in so many minutes, the last of which may be overtime; no bound beyond the day."""
    if minutes < 0:
        return FAR
    if minutes > k.counts[LENGTH]:
        return -FAR
    if k.counts[OVERTIME] <= 0:
        return int(k.table[q, minutes])
    regular = max(0, minutes - k.counts[OVERTIME])
    more = k.table[RINGS + q, minutes] - k.table[RINGS + q, regular] + UNITS + 2  # a cent: prices are rounded
    return int(k.table[q, regular] + more)


@compiled
def beside(k: Desk, q: int, minutes: int, weight: int, net: int) -> int:
    """The same without some rows: no more than all bring, and no more than all in as much more time, less them."""
    if minutes < 0:
        return FAR
    return min(filled(k, q, minutes), filled(k, q, minutes + weight) - net)


@compiled
def most_with(k: Desk, i: int, rate: int) -> int:
    """The most that a tour with a row brings, the day's price not counted."""
    way = k.out[i] + k.back[i] - k.slack[i] - k.charge[i]
    minutes = k.counts[ROOM] - k.weight[i]
    most = k.net[i] - way * rate + beside(k, k.ring[i], minutes - way, k.weight[i], k.net[i])
    for q in range(k.ring[i] + 1, RINGS):
        way = k.edge[q - 1] + 1 - k.edge[RINGS]
        most = max(most, k.net[i] - way * rate + beside(k, q, minutes - way, k.weight[i], k.net[i]))
    return int(most)


@compiled
def both(k: Desk, i: int, j: int, way: int, rate: int, floor: int) -> bool:
    """Whether a tour with a row right after another one may bring more than ``floor``; ``way`` is that of just them."""
    q = max(k.ring[i], k.ring[j])
    way -= k.slack[i] + k.slack[j] + k.charge[i] + k.charge[j]
    weight, net = k.weight[i] + k.weight[j], k.net[i] + k.net[j]
    minutes = k.counts[ROOM] - weight
    if net - way * rate + beside(k, q, minutes - way, weight, net) > floor:
        return True
    for after in range(q + 1, RINGS):
        way = max(way, k.edge[after - 1] + 1 - k.edge[RINGS])
        if net - way * rate + beside(k, after, minutes - way, weight, net) > floor:
            return True
    return False


@compiled
def minutes_of(m: Model, d: int, until: int) -> int:
    """The minutes up to then in which a day's work can be done; the rest is counted where it must lie before then."""
    day = m.day[d]
    minutes = until - day.start
    if day.rest > 0 and day.rest_earliest >= day.start and day.rest_latest <= until:
        minutes -= day.rest
    covered = day.start
    for b in range(day.blocked_from, day.blocked_to):
        minutes -= max(0, min(until, m.blocked[b, 1]) - max(covered, m.blocked[b, 0]))
        covered = max(covered, m.blocked[b, 1])
    return max(0, int(minutes))


@compiled
def sift(m: Model, k: Desk, d: int, n: int, rate: int, floor: int) -> int:
    """Let go of rows that are part of no tour that brings more than ``floor``; how many are left."""
    while n > 0:
        sort_rows(k, n)
        draw_rings(m, k, d, n)
        for i in range(n):
            k.upper[i] = most_with(k, i, rate)
        kept = 0
        for i in range(n):
            if k.upper[i] > floor:
                copy_row(k, i, kept)
                kept += 1
        if 8 * kept > 7 * n:
            return kept
        n = kept
    return n


@compiled
def over_a_stop(m: Model, k: Desk, d: int, j: int, n: int, back: int) -> int:
    """The least minutes to a row that is farther than a leg may be, or ``back`` from it, with the stops on the way."""
    limit, way = int(m.day[d].max_leg), k.back[j] if back else k.out[j]
    if way <= limit:
        return int(way)
    here, one, least = spot_of(m, d, k.row[j]), NEVER, NEVER
    for i in range(n):
        effort = m.row[k.row[i]].effort
        least = min(least, effort)
        first = k.back[i] if back else k.out[i]
        if first <= limit and first + effort < one:
            there = spot_of(m, d, k.row[i])
            leg = int(m.travel[here, there] if back else m.travel[there, here])
            if leg <= limit:
                one = min(one, first + effort + leg)
    return int(min(one, way + 2 * least))


@compiled
def within_reach(m: Model, k: Desk, d: int, n: int) -> int:
    """Let go of rows that cannot be reached and left in time where legs are limited; how many are left."""
    if m.day[d].max_leg >= NEVER:
        return n
    start, latest = m.day[d].start, m.day[d].latest
    room, kept = minutes_of(m, d, latest), 0
    for j in range(n):
        k.order[j] = 0
        there, home = over_a_stop(m, k, d, j, n, 0), over_a_stop(m, k, d, j, n, 1)
        effort = m.row[k.row[j]].effort
        if there + effort + home <= room and served(m, k.row[j], d, start + there) + home <= latest:
            k.order[j] = 1
    for j in range(n):
        if k.order[j]:
            copy_row(k, j, kept)
            kept += 1
    return kept


@compiled
def sort_by_key(k: Desk, key: Ints, n: int) -> None:
    """Write the places of the rows by their keys, largest first (Shell's sort)."""
    for i in range(n):
        k.order[i] = i
    gap = n // 2
    while gap > 0:
        for i in range(gap, n):
            at = k.order[i]
            j = i
            while j >= gap and key[k.order[j - gap]] < key[at]:
                k.order[j] = k.order[j - gap]
                j -= gap
            k.order[j] = at
        gap = gap // 2 if gap > 2 else gap - 1


@compiled
def keep_best_rows(k: Desk, n: int, most: int) -> int:
    """Keep so many rows, those whose tours may bring most; the most that a tour with another one brings."""
    sort_by_key(k, k.upper, n)
    dropped = k.upper[k.order[most]]
    kept = 0
    for i in range(n):
        if k.upper[i] > dropped and kept < most:
            copy_row(k, i, kept)
            kept += 1
    k.counts[KEPT] = kept
    return int(dropped)


@compiled
def link(m: Model, k: Desk, d: int, n: int, rate: int, floor: int) -> bool:
    """Write for each row which ones may follow right after it in a tour that brings more than ``floor``.

    Whether there is room for all of these arcs.
    """
    day = m.day[d]
    sort_rows(k, n)
    draw_rings(m, k, d, n)
    total, length = 0, k.counts[LENGTH]
    for i in range(n):
        k.arc_from[i] = total
        if total + 2 * n - 1 > k.arc.shape[0]:  # as many as may follow this row, and all first ones
            return False
        here, done = spot_of(m, d, k.row[i]), k.over[i, k.out[i]]
        for j in range(n):
            leg = int(m.travel[here, spot_of(m, d, k.row[j])])
            way = k.out[i] + leg + k.back[j]
            if j == i or leg > day.max_leg or way > day.max_travel or done + leg > length:
                continue
            if k.over[j, done + leg] + k.back[j] <= length and both(k, i, j, way, rate, floor):
                k.arc[total, 0], k.arc[total, 1] = j, leg
                total += 1
    k.arc_from[n] = k.arc_from[n + 1] = total
    for j in range(n):
        if k.out[j] <= day.max_leg:
            k.arc[total, 0], k.arc[total, 1] = j, k.out[j]
            total += 1
    k.arc_from[n + 2] = total
    k.out[n + 1] = k.slack[n + 1] = 0
    k.back[n + 1] = m.travel[day.start_spot, day.end_spot]
    return True
