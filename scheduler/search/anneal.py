"""Ruin and recreate by strings, with simulated annealing, after Christiaens and Vanden Berghe (SISR, 2020).

A step takes strings of neighbouring visits out of a few days that lie near each other and puts every visit back,
or in, where it adds least. What a place costs is remembered for each visit and day until the day changes; a step that
is undone gives each day its old version back, and with it what was remembered of it.
"""

import math

from scheduler.search.chance import below, uniform
from scheduler.search.compiled import compiled, inlined
from scheduler.search.looks import cheapest
from scheduler.search.places import (
    empty,
    keep_for_undo,
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
BLINK = 0.02
CLEARED = 0.5
"""Share of ruins around a visit that is out in which a day is cleared for it."""

WHOLE_WEEKS = 0.5
"""Share of those in which the other days that share a cap with it are cleared, too."""

PASSED_OVER = 0.1
"""Share of neighbours that a ruin leaves alone: else equal neighbours are always taken in one order."""

MOST_WAITING, NEAR = 6, 30
"""Visits that were out before the step and are tried again in it: among so many that are nearest to where it began."""


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
def share_a_cap(m: Model, d: int, e: int) -> bool:
    """Whether work on either day counts for a cap of the other."""
    for k in range(m.day[d].cap_from, m.day[d].cap_to):
        for j in range(m.day[e].cap_from, m.day[e].cap_to):
            if m.day_cap[k] == m.day_cap[j]:
                return True
    return False


@inlined
def empty_for_now(m: Model, w: Work, d: int) -> bool:
    """Take everything out of a day in this step; whether what is locked on it can be kept."""
    keep_for_undo(w, d)
    empty(m, w, d)
    return refresh(m, w, d)


@compiled
def clear_for(m: Model, w: Work, r: int) -> bool:
    """Empty one of the days that a row which is out may be put on; False where there is nothing to take out.

    Who alone may do a visit, or comes so far, often has no visit near it: strings around it would not make room. And
    often their week is full: then it is all the days of theirs that share a cap with that one.
    """
    days = m.row[r].cand_to - m.row[r].cand_from
    if days == 0:
        return False
    d = int(w.option[m.row[r].cand_from + below(w, days), 0])
    if w.busy[d] and not empty_for_now(m, w, d):
        return False
    if uniform(w) < WHOLE_WEEKS:
        for e in range(m.day.shape[0]):
            same = m.day[e].person == m.day[d].person and share_a_cap(m, d, e)
            if same and w.busy[e] and room_for_undo(w) and not empty_for_now(m, w, e):
                return False
    return bool(w.counts[UNDO] > 0)


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
def place(m: Model, w: Work, r: int, blink: float) -> None:
    """Put a row where it adds least, if that is cheaper than leaving it out."""
    d, position, price = cheapest(m, w, r, blink)
    if d != ABSENT:
        keep_for_undo(w, d)
        put_in(m, w, r, d, position, price)


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
