"""Ruin and recreate by strings, with simulated annealing, after Christiaens and Vanden Berghe (SISR, 2020).

A step takes strings of neighbouring visits out of a few days that lie near each other and puts every visit back,
or in, where it adds least. What a place costs is remembered for each visit and day until the day changes; a step that
is undone gives each day its old version back, and with it what was remembered of it.
"""

import math

import numpy as np

from scheduler.search.compiled import compiled, inlined
from scheduler.search.places import (
    best_place,
    caps_allow,
    empty,
    keep_for_undo,
    least_added,
    put_in,
    refresh,
    room_for_undo,
    take_out,
    undo_step,
)
from scheduler.search.records import (
    ABSENT,
    BEST,
    COST,
    DIRTY,
    NEVER,
    OUT,
    PLACED,
    SEED,
    STEP,
    UNDO,
    USED,
    Ints,
    Model,
    Work,
)

AVERAGE_REMOVED = 10.0
LONGEST_STRING = 10.0
BLINK = 0.01
CLEARED = 0.5
"""Share of ruins around a visit that is out in which a day is cleared for it."""

PASSED_OVER = 0.1
"""Share of neighbours that a ruin leaves alone: else equal neighbours are always taken in one order."""

MANY_ROWS, SECOND_LOOKS = 1_000, 0.08
"""Of so many rows and more, a day that was too dear when it was looked at last, and has changed since, is looked at in
that share of cases alone: mostly it is too dear still, and a step takes half as long."""

MOST_WAITING, NEAR = 6, 30
"""Visits that were out before the step and are tried again in it: among so many that are nearest to where it began."""


@inlined
def uniform(w: Work) -> float:
    """A random number from 0 up to 1 (xorshift64*)."""
    x = w.random[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    w.random[0] = x
    return float((x * np.uint64(2685821657736338717)) >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@inlined
def below(w: Work, limit: int) -> int:
    """A random whole number from 0 up to ``limit``."""
    return int(uniform(w) * limit)


@inlined
def take_string(m: Model, w: Work, d: int, r: int, length: int) -> None:
    """Take a string of visits that holds row ``r`` out of its day; now and then one with a gap that stays."""
    n = w.tour[d].n
    keep = 0
    if length < n and length > 1 and uniform(w) < 0.5:
        keep = 1
        while length + keep < n and uniform(w) < 0.5:
            keep += 1
    at = 0
    while w.route[d, at] != r:
        at += 1
    first = max(0, at - length - keep + 1)
    last = min(at, n - length - keep)
    first += below(w, last - first + 1)
    stay = first + 1 + below(w, length) if keep > 0 else n
    for k in range(first + length + keep - 1, first - 1, -1):
        kept = stay <= k < stay + keep and w.route[d, k] != r
        if not kept and m.row[w.route[d, k]].locked == 0:
            take_out(m, w, d, k)


@inlined
def clear_for(m: Model, w: Work, r: int) -> bool:
    """Empty one of the days that a row which is out may be put on; False where there is nothing to take out.

    Who alone may do a visit, or comes so far, often has no visit near it: strings around it would not make room.
    """
    days = m.row[r].cand_to - m.row[r].cand_from
    if days == 0:
        return False
    d = int(w.option[m.row[r].cand_from + below(w, days), 0])
    if not w.busy[d]:
        return False
    keep_for_undo(w, d)
    empty(m, w, d)
    return refresh(m, w, d)


@compiled
def ruin(m: Model, w: Work) -> bool:
    """Take strings out of days around a random visit; False where a day cannot be kept without what was taken.

    Where that visit is out, in some cases a day is cleared for it instead.
    """
    rows = w.day_of.shape[0]
    average = w.counts[PLACED] / max(1, w.counts[USED])
    longest = min(LONGEST_STRING, max(1.0, average))
    strings = int(uniform(w) * (4.0 * AVERAGE_REMOVED / (1.0 + longest) - 1.0) + 1.0)
    w.counts[SEED] = seed = below(w, rows)
    if w.day_of[seed] == ABSENT and uniform(w) < CLEARED:
        return clear_for(m, w, seed)
    for k in range(-1, m.near.shape[1]):
        r = seed if k < 0 else m.near[seed, k]
        if strings == 0 or r == ABSENT:
            break
        d = w.day_of[r]
        if d == ABSENT or w.touched[d] == w.counts[STEP] or m.row[r].locked or uniform(w) < PASSED_OVER:
            continue
        keep_for_undo(w, d)
        length = int(uniform(w) * min(longest, float(w.tour[d].n)) + 1.0)
        take_string(m, w, d, r, min(length, w.tour[d].n))
        if not refresh(m, w, d):
            empty(m, w, d)
            if not refresh(m, w, d):
                return False
        strings -= 1
    return True


@compiled
def take_turns(m: Model, w: Work, count: int) -> None:
    """Put the rows that wait (the first of ``w.turn``) into the order of their turns."""
    order, keys = w.turn, w.key
    for k in range(count - 1, 0, -1):
        j = below(w, k + 1)
        order[k], order[j] = order[j], order[k]
    way = below(w, 10)
    if way < 3:
        return
    for k in range(count):
        row = m.row[order[k]]
        if way < 6:
            keys[k] = -row.effort if row.load == 0 else -row.load
        elif way < 8:
            keys[k] = row.cand_to - row.cand_from
        else:
            keys[k] = -row.unplaced
    for k in range(1, count):
        r, key, j = order[k], keys[k], k - 1
        while j >= 0 and keys[j] > key:
            order[j + 1], keys[j + 1] = order[j], keys[j]
            j -= 1
        order[j + 1], keys[j + 1] = r, key


@inlined
def come_first(w: Work, r: int, count: int) -> None:
    """Have a row of those that wait take its turn before all others."""
    for k in range(count):
        if w.turn[k] == r:
            w.turn[k], w.turn[0] = w.turn[0], r


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
def cheapest(m: Model, w: Work, r: int, blink: float) -> int:
    """The candidate at which a row adds least; ABSENT where leaving it out is cheaper.

    The place that it had last comes first: what costs more than that need not be looked at closely.
    """
    best, found = m.row[r].unplaced, ABSENT
    first = w.liked[r]
    hurried = blink > 0.0 and w.day_of.shape[0] > MANY_ROWS
    for c in range(m.row[r].cand_from - 1, m.row[r].cand_to):
        at = c
        if c < m.row[r].cand_from:
            if first == ABSENT:
                continue
            at = first
        elif c == first:
            continue  # it has had its turn, and perhaps been overlooked
        elif w.option[c, 1] >= best:
            break
        d = int(w.option[at, 0])
        if not w.busy[d] or (hurried and is_passed_over(w, d, at, best)):
            continue
        cost = look_at(m, w, r, at, best)
        if cost >= best or cost >= NEVER:
            continue
        if not caps_allow(m, w, d, m.row[r].effort, int(w.candidate[at].travel)):
            continue
        if blink > 0.0 and uniform(w) < blink:
            continue
        best, found = cost, at
    return cheapest_empty(m, w, r, blink, best, found)


@inlined
def cheapest_empty(m: Model, w: Work, r: int, blink: float, best: int, found: int) -> int:
    """The cheapest candidate whose day is empty, where it adds less than the best of the others, which it else is."""
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
    return found


@compiled
def recreate(m: Model, w: Work, was_out: int, blink: float) -> None:
    """Put rows back where they add least: all that the step took out, and some near them that were out before."""
    count = 0
    for k in range(was_out, w.counts[OUT]):
        w.turn[count] = w.out[k]
        count += 1
    seed, most = w.counts[SEED], count + min(was_out, MOST_WAITING)
    for k in range(-1, min(NEAR, m.near.shape[1])):
        r = seed if k < 0 else m.near[seed, k]
        if r == ABSENT or count == most:
            break
        if w.day_of[r] == ABSENT and w.out_at[r] < was_out:
            w.turn[count] = r
            count += 1
    take_turns(m, w, count)
    if w.day_of[seed] == ABSENT and w.out_at[seed] < was_out:
        come_first(w, seed, count)
    for k in range(count):
        if not room_for_undo(w):
            return
        if w.day_of[w.turn[k]] == ABSENT:  # it may be told as a neighbour twice
            place(m, w, w.turn[k], blink)


@inlined
def place(m: Model, w: Work, r: int, blink: float) -> None:
    """Put a row where it adds least, if that is cheaper than leaving it out."""
    c = cheapest(m, w, r, blink)
    if c != ABSENT:
        d = int(w.candidate[c].day)
        keep_for_undo(w, d)
        w.liked[r] = c
        put_in(m, w, r, d, int(w.candidate[c].place), int(w.candidate[c].price))


@compiled
def note_dirty(w: Work) -> None:
    """Days that the step has changed differ from the best now."""
    for u in range(w.counts[UNDO]):
        d = w.undo_day[u]
        if not w.is_dirty[d]:
            w.is_dirty[d] = 1
            w.dirty[w.counts[DIRTY]] = d
            w.counts[DIRTY] += 1


@compiled
def keep_best(w: Work) -> None:
    """The tours as they are now are the best so far."""
    for k in range(w.counts[DIRTY]):
        d = w.dirty[k]
        n = w.tour[d].n
        w.best_n[d] = n
        for j in range(n):
            w.best_route[d, j] = w.route[d, j]
        w.is_dirty[d] = 0
    w.counts[DIRTY] = 0
    w.counts[BEST] = w.counts[COST]


@compiled
def anneal(m: Model, w: Work, steps: int, hot: float, cold: float) -> None:
    """So many steps, while the temperature (cents) falls geometrically."""
    warmth = hot
    fall = (cold / hot) ** (1.0 / max(1, steps))
    for _ in range(steps):
        w.counts[STEP] += 1
        w.counts[UNDO] = 0
        cost, out = w.counts[COST], w.counts[OUT]
        kept = ruin(m, w)
        if kept:
            recreate(m, w, out, BLINK)
        if kept and w.counts[COST] < cost - warmth * math.log(max(uniform(w), 1e-300)):
            note_dirty(w)
            if w.counts[COST] < w.counts[BEST]:
                keep_best(w)
        else:
            undo_step(m, w)
        warmth *= fall


@compiled
def insert_all(m: Model, w: Work, order: Ints) -> None:
    """Put rows in, in this order, each where it adds least: a first plan."""
    for r in order:
        w.counts[STEP] += 1
        w.counts[UNDO] = 0
        if w.day_of[r] == ABSENT:
            place(m, w, r, 0.0)
            note_dirty(w)
    if w.counts[COST] < w.counts[BEST]:
        keep_best(w)
