"""The best tour of each day at given prices of visits: a depth-first search, cut off by what could still be gained.

Money is counted in sixtieths of a cent, so that a minute at a rate of so many cents an hour is a whole number. Where
something is rounded, it is rounded so that a tour seems better than it is: what is found bounds the true gain of every
tour from above. The travel handed in must have no shortcuts (see ``without_shortcuts``): then a visit with nothing to
gain can be passed over, except on days whose legs are limited, where it may be a stop on the way.
"""

import numpy as np

from scheduler.search.ahead import bound_ahead, likely, most_ahead, write_over
from scheduler.search.behind import let_go
from scheduler.search.clock import after_visit, at_home, begin, served
from scheduler.search.compiled import compiled, compiled_with_arrays
from scheduler.search.desk import FAR, KEPT, LENGTH, Desk
from scheduler.search.labels import FOUND, best_by_labels
from scheduler.search.records import NEVER, Ints, Model, Pairs
from scheduler.search.sieve import begin_rows, keep_best_rows, link, sift

UNITS = 60
"""Sixtieths of a cent."""

BUCKET_MINUTES = 10

MOST_NODES = 250
"""Beginnings of tours that are gone through one by one; where there are more, labels take over."""


RAISES = 24
"""Where there is no room for all arcs the floor is raised by one of so many shares of what is in doubt, and by twice as
much each time."""

FEW_ROWS, FEW_NODES = 40, 100
"""Rows and beginnings among which a first tour is looked for on days that have many rows."""


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
def ceiling(k: Desk, n: int, at: int, used: int, value: int, rate: int) -> int:
    """The most that can still come of a tour: what is left of the day filled with what pays best by the minute.

    Args:
        k: the desk.
        n: rows.
        at: where the tour is.
        used: minutes of the day that are gone.
        value: of the tour so far.
        rate: of travel.
    """
    way = k.back[at] - k.slack[at]
    left = k.counts[LENGTH] - used - way
    value -= way * rate
    for s in range(n):
        j = k.order[s]
        if left <= 0 or k.net[j] <= 0:
            break
        if not k.used[j]:
            value += k.net[j] if k.weight[j] <= left else k.net[j] * left // k.weight[j] + 1
            left -= k.weight[j]
    return value


@compiled
def look_ahead(m: Model, k: Desk, d: int, n: int, depth: int, rate: int, width: int, found: int) -> None:
    """What each row promises as the next one at this depth, by its arc; FAR where it cannot be next."""
    at, ready_here, rested_here = k.stack[depth, 0], k.stack[depth, 1], k.stack[depth, 2]
    value, travel = k.stack[depth, 3], k.stack[depth, 4]
    highest = ceiling(k, n, at, min(ready_here, rested_here) - m.day[d].start, value, rate)
    first = k.arc_from[at]
    for a in range(first, k.arc_from[at + 1]):
        j, leg = k.arc[a, 0], k.arc[a, 1]
        k.promise[depth, a - first] = FAR
        if k.used[j] or highest <= found or travel + leg + k.back[j] > m.day[d].max_travel:
            continue
        gained = value + k.profit[j] - leg * rate
        if gained + likely(m, k, d, j, leg, ready_here, rested_here) <= found:
            continue
        ready, rested = after_visit(m, d, k.row[j], leg, ready_here, rested_here)
        k.promise[depth, a - first] = min(highest, gained + most_ahead(m, k, d, at, j, ready, rested, width))


@compiled
def go_home(m: Model, k: Desk, d: int, depth: int, rate: int, found: int) -> int:
    """Keep the tour as it stands if it is the best one; the gain of the best one."""
    leg = k.back[k.stack[depth, 0]]
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
        chosen, promise = -1, found
        first = k.arc_from[k.stack[depth, 0]]
        for a in range(k.arc_from[k.stack[depth, 0] + 1] - first):
            if k.promise[depth, a] > promise:
                chosen, promise = a, k.promise[depth, a]
        if chosen < 0 or depth == most:
            if depth > 0:
                k.used[k.stack[depth, 0]] = 0
            depth -= 1
            continue
        nodes += 1
        if nodes > most_nodes:
            k.best[most + 1], k.counts[FOUND] = 1, found
            return promised(k, depth, found)
        k.promise[depth, chosen] = FAR
        at, leg = k.arc[first + chosen, 0], k.arc[first + chosen, 1]
        ready, rested = after_visit(m, d, k.row[at], leg, k.stack[depth, 1], k.stack[depth, 2])
        value = k.stack[depth, 3] + k.profit[at] - leg * rate
        k.stack[depth + 1, 4] = k.stack[depth, 4] + leg
        depth += 1
        k.stack[depth, 0], k.stack[depth, 1], k.stack[depth, 2], k.stack[depth, 3] = at, ready, rested, value
        k.used[at] = 1
        found = go_home(m, k, d, depth, rate, found)
        look_ahead(m, k, d, n, depth, rate, width, found)
    return found


@compiled
def promised(k: Desk, depth: int, found: int) -> int:
    """The most that the tours which have not been looked at could gain."""
    for level in range(depth + 1):
        at = k.stack[level, 0]
        for a in range(k.arc_from[at + 1] - k.arc_from[at]):
            found = max(found, k.promise[level, a])
    return found


@compiled
def link_what_fits(m: Model, k: Desk, d: int, n: int, rate: int, floor: int) -> int:
    """Write the arcs of tours that bring more than ``floor``, or more than that where there is no room: what it is."""
    highest = floor
    for i in range(n):
        highest = max(highest, k.upper[i])
    step = max(UNITS, (highest - floor) // RAISES)
    while not link(m, k, d, n, rate, floor):
        floor, step = floor + step, 2 * step
    return floor


@compiled
def look(m: Model, k: Desk, d: int, n: int, rate: int, floor: int, most_nodes: int) -> int:
    """The most that a tour of the rows on the desk brings, if it is more than ``floor``, which else is given back.

    ``k.tour`` becomes the tour, if there is one; ``k.best`` ends with 1 where the answer may be more than it brings.
    """
    width, last = BUCKET_MINUTES, k.stack.shape[0]
    for i in range(n):
        write_over(m, k, d, i)
        width = max(1, min(width, m.row[k.row[i]].effort))
    raised = link_what_fits(m, k, d, n, rate, floor)
    bound_ahead(m, k, d, n, rate, width)
    let_go(m, k, d, n, raised)
    gained = explore(m, k, d, n, rate, width, raised, min(most_nodes, MOST_NODES))
    if not k.best[last]:
        k.counts[FOUND] = gained
    elif most_nodes > MOST_NODES:
        gained = best_by_labels(m, k, d, n, rate, width, k.counts[FOUND], gained, most_nodes)
        k.best[last] = 1 if gained > k.counts[FOUND] else 0
    if raised > floor and k.counts[FOUND] == raised:
        k.best[last], k.counts[FOUND] = 1, floor
    if k.best[0]:
        k.tour[0] = k.best[0]
        for step in range(1, k.best[0] + 1):
            k.tour[step] = k.row[k.best[step]]
    return gained


@compiled
def price_whole(m: Model, k: Desk, d: int, n: int, rate: int, floor: int, most_nodes: int) -> int:
    """The most that a tour of the rows on the desk brings, if it is more than ``floor``, which else is given back.

    Tours of rows for which there is no room are bounded.
    """
    others, most = floor, k.used.shape[0]
    if n > most:
        others = max(floor, keep_best_rows(k, n, most))
        n = k.counts[KEPT]
    return int(max(others, look(m, k, d, n, rate, floor, most_nodes)))


@compiled
def price_day(  # noqa: PLR0913, PLR0917 -- compiled code takes arrays one by one
    m: Model,
    pairs: Pairs,
    k: Desk,
    d: int,
    worth: Ints,
    rate: int,
    per_minute: int,
    floor: int,
    most_nodes: int,
) -> int:
    """The same of all rows. Where they are many, a tour of the best ones is looked for first: it rules others out."""
    k.tour[0] = k.best[k.stack.shape[0]] = 0
    n = begin_rows(m, pairs, k, d, worth, rate, per_minute)
    n = sift(m, k, d, n, rate, floor)
    if n > 2 * FEW_ROWS:
        keep_best_rows(k, n, FEW_ROWS)
        look(m, k, d, k.counts[KEPT], rate, floor, FEW_NODES)
        floor = k.counts[FOUND]
        k.best[k.stack.shape[0]] = 0
        n = begin_rows(m, pairs, k, d, worth, rate, per_minute)
        n = sift(m, k, d, n, rate, floor)
    return floor if n == 0 else price_whole(m, k, d, n, rate, floor, most_nodes)


@compiled
def rounded_off(rate: int) -> int:
    """By how many sixtieths of a cent the price of a leg may be less than its minutes cost: halves are rounded up."""
    step, rest = UNITS, rate % UNITS
    while rest > 0:
        step, rest = rest, step % rest
    return (UNITS // 2 - 1) // step * step


@compiled
def terms_of_day(m: Model, k: Desk, d: int, cap_price: Ints) -> tuple[int, int, int]:
    """What a minute of travel and one of effort cost on a day with its caps, and the day by itself, rounded down."""
    rate, per_minute = int(m.day[d].travel_rate), 0
    for c in range(m.day[d].cap_from, m.day[d].cap_to):
        per_minute += cap_price[m.day_cap[c]]
        if m.cap[m.day_cap[c]].counts_travel:
            rate += cap_price[m.day_cap[c]]
    return rate, per_minute, UNITS * int(m.day[d].fixed) - k.stack.shape[0] * rounded_off(int(m.day[d].travel_rate))


@compiled
def note_tour(k: Desk, tours: Ints, line: int) -> None:
    """Write the tour that was found last: the number of its visits, the visits, and whether there is a better one."""
    tours[line, 0], tours[line, tours.shape[1] - 1] = k.tour[0], k.best[k.stack.shape[0]]
    for step in range(1, k.tour[0] + 1):
        tours[line, step] = k.tour[step]


@compiled
def price_days(  # noqa: PLR0913, PLR0917 -- compiled code takes arrays one by one
    m: Model,
    pairs: Pairs,
    k: Desk,
    worth: Ints,
    cap_price: Ints,
    known: Ints,
    gain: Ints,
    tours: Ints,
    most_nodes: Ints,
    chosen: Ints,
) -> None:
    """For each chosen day the most that a tour gains beyond the day's own price, and such a tour.

    ``known`` is what a tour of the day that is known already truly gains, 0 for none: others are not looked for.
    A line of ``tours`` is the number of visits, then the visits, and in its last place 1 where more than the day's
    ``most_nodes`` beginnings of tours would have to be looked at: then the gain is what the others could gain at most.
    """
    for d in chosen:
        rate, per_minute, own = terms_of_day(m, k, d, cap_price)
        gain[d] = price_day(m, pairs, k, d, worth, rate, per_minute, own + known[d], most_nodes[d]) - own
        note_tour(k, tours, d)
