"""Where a row adds least: on which of all days, or, where there are many rows, of those that are near.

What a place costs is remembered for each row and day until the day changes. Where there are many rows that is too
much to be read for each row that is put in: what a row costs on the days of its neighbours is worked out anew.
"""

from scheduler.search.chance import uniform
from scheduler.search.compiled import inlined
from scheduler.search.places import best_place, caps_allow, least_added
from scheduler.search.records import ABSENT, LOOK, NEVER, STEP, UNDO, Model, Work

MANY_ROWS, EVERYWHERE = 300, 0.1
"""Of so many rows and more, each is offered only to the days of rows that are near it and to those that the step has
changed, but for that share of cases: a step takes two thirds of the time, and is as good."""

NEAR_LOOKS = 20
"""So many rows that are near."""

SECOND_LOOKS = 0.2
"""There, a day that was too dear when it was looked at last, and has changed since, is looked at in that share of cases
alone: mostly it is too dear still."""


@inlined
def look_at(m: Model, w: Work, r: int, c: int, ceiling: int) -> int:
    """What a candidate costs as things stand; where that is ``ceiling`` or more, perhaps only a floor of it."""
    candidate = w.candidate[c]
    d = int(candidate.day)
    if candidate.version != w.version[d]:
        candidate.cost, candidate.place = least_added(m, w, r, d, int(candidate.price)), ABSENT
        candidate.version = w.version[d]
    if candidate.place == ABSENT and candidate.cost < ceiling:
        cost, place, travel = best_place(m, w, r, d, int(candidate.price), ceiling)
        candidate.cost, candidate.place, candidate.travel = cost, place, travel
    return int(candidate.cost)


@inlined
def is_passed_over(w: Work, d: int, c: int, ceiling: int) -> bool:
    """Whether not to look again at a candidate that was dearer: never where this very step has changed the day."""
    candidate = w.candidate[c]
    if candidate.version == w.version[d] or candidate.cost < ceiling or w.touched[d] == w.counts[STEP]:
        return False
    return uniform(w) >= SECOND_LOOKS


@inlined
def price_on(m: Model, d: int, r: int) -> int:
    """Cents of a row by itself on a day; ``NEVER`` and more where it must not be."""
    row, day = m.row[r], m.day[d]
    price: int = int(m.placing[r, day.group])
    if price >= NEVER:
        return NEVER
    price += row.delay * day.ordinal
    if row.previous < NEVER and row.previous != day.ordinal:
        price += m.change_cents[0]
    return price


@inlined
def look_near(m: Model, w: Work, r: int, blink: float) -> tuple[int, int, int, int]:
    """The cheapest place on the days that the step has changed and those of the nearest rows: cents, day, place, price.

    The day is ABSENT where none is cheaper than leaving the row out.
    """
    best, found, position, price_there = m.row[r].unplaced, ABSENT, ABSENT, 0
    w.counts[LOOK] += 1
    touched = w.counts[UNDO]
    for k in range(touched + min(NEAR_LOOKS, m.near.shape[1])):
        if k < touched:
            d = w.undo_day[k]
        else:
            neighbour = m.near[r, k - touched]
            if neighbour == ABSENT:
                break
            d = w.day_of[neighbour]
        if d == ABSENT or w.seen[d] == w.counts[LOOK]:
            continue
        w.seen[d] = w.counts[LOOK]
        if not w.busy[d]:
            continue
        price = price_on(m, d, r)
        if price >= best:
            continue
        cost, at, travel = best_place(m, w, r, d, price, best)
        if cost >= best or not caps_allow(m, w, d, m.row[r].effort, travel) or uniform(w) < blink:
            continue
        best, found, position, price_there = cost, d, at, price
    return best, found, position, price_there


@inlined
def look_everywhere(m: Model, w: Work, r: int, blink: float) -> tuple[int, int]:
    """The cheapest of a row's candidates whose days are busy: cents, and which it is.

    The place that it had last comes first: what costs more than that need not be looked at closely.
    """
    best, found = m.row[r].unplaced, ABSENT
    first = w.liked[r]
    hurried = blink > 0.0 and w.day_of.shape[0] > MANY_ROWS
    for k in range(m.row[r].cand_from - 1, m.row[r].cand_to):
        c = k
        if k < m.row[r].cand_from:
            if first == ABSENT:
                continue
            c = first
        elif k == first:
            continue  # it has had its turn, and perhaps been overlooked
        elif w.option[k, 1] >= best:
            break
        d = int(w.option[c, 0])
        if not w.busy[d] or (hurried and is_passed_over(w, d, c, best)):
            continue
        cost = look_at(m, w, r, c, best)
        if cost >= best or cost >= NEVER:
            continue
        if not caps_allow(m, w, d, m.row[r].effort, int(w.candidate[c].travel)):
            continue
        if blink > 0.0 and uniform(w) < blink:
            continue
        best, found = cost, c
    return best, found


@inlined
def cheapest_empty(m: Model, w: Work, r: int, blink: float, best: int) -> int:
    """The cheapest candidate whose day is empty, where it adds less than the best of the others; else ABSENT."""
    for k in range(m.row[r].cand_from, m.row[r].cand_to):
        if w.alone_cost[k] >= best:
            break
        c = w.alone[k]
        d = int(w.option[c, 0])
        if not w.busy[d]:
            look_at(m, w, r, c, NEVER)
            if not caps_allow(m, w, d, m.row[r].effort, int(w.candidate[c].travel)):
                continue
            if blink > 0.0 and uniform(w) < blink:
                continue
            return int(c)
    return ABSENT


@inlined
def cheapest(m: Model, w: Work, r: int, blink: float) -> tuple[int, int, int]:
    """Where a row adds least: day, position, and its price there; the day is ABSENT where leaving it out is cheaper."""
    c, d, position, price = ABSENT, ABSENT, ABSENT, 0
    if blink == 0.0 or w.day_of.shape[0] <= MANY_ROWS or m.row[r].spot == ABSENT or uniform(w) < EVERYWHERE:
        best, c = look_everywhere(m, w, r, blink)
    else:
        best, d, position, price = look_near(m, w, r, blink)
    alone = cheapest_empty(m, w, r, blink, best)
    if alone != ABSENT:
        c = alone
    if c != ABSENT:
        w.liked[r] = c
        d, position, price = int(w.candidate[c].day), int(w.candidate[c].place), int(w.candidate[c].price)
    return d, position, price
