"""The best tour of a day where there are too many beginnings to go through one by one: labels that outdo each other.

A label is the beginning of a tour: where it is, when it can leave, and what it has gained. One that is at the same
place no later, has gained no less and has been to no more of the *watched* rows makes another one superfluous. Rows
that are not watched may come twice; the best tour with such repetitions is gone through again with the repeated rows
watched (decremental state space relaxation, Righini and Salani 2008). So what is found bounds every true tour from
above at any time, and is exact as soon as the best one repeats nothing.
"""

from scheduler.search.ahead import likely, most_ahead
from scheduler.search.clock import after_visit, at_home, begin
from scheduler.search.compiled import compiled
from scheduler.search.desk import AIM, FAR, Desk
from scheduler.search.records import ABSENT, NEVER, Model

MOST_WATCHED = 62
"""They are bits of one number."""

MOST_PASSES = 100
UNIT = 60
"""A cent."""

SHARES = 8
"""The first aim lies below what is known to be the most by one of so many shares of all that is in doubt."""

LEAST_STEP = 20 * UNIT
"""An aim that is nearer is not worth a pass."""

ROOMS = 2
"""So many times the room may be filled with labels, in all passes of a day together."""

AT, READY, RESTED, VALUE, TRAVEL, SEEN, PARENT, NEXT_HERE, NEXT_NOW, AHEAD = range(10)
"""Columns of ``Desk.label``. ``here`` holds the newest label of each place and ``now`` that of each minute, from
which the others follow by ``NEXT_HERE`` and ``NEXT_NOW``; ``bit`` says which bit of ``SEEN`` a watched row is."""

ANYWHERE = -2
"""No row: a label stands for others, too, that came from elsewhere."""

COUNT, WATCHED, FOUND, RELAXED, LOST, WORST = range(6)
"""Places in ``Desk.counts``: labels, rows watched, the gain of the best true tour, the gain of the best tour with
repetitions, what a label could bring for which there was no room, and the label of the best repetition."""


@compiled
def outdone(k: Desk, at: int, ready: int, rested: int, value: int, travel: int, seen: int) -> bool:
    """Whether a label that is there already makes this one superfluous; those that it outdoes are let go."""
    before, i = ABSENT, k.here[at]
    while i != ABSENT:
        after = k.label[i, NEXT_HERE]
        if (
            k.label[i, READY] <= ready
            and k.label[i, RESTED] <= rested
            and k.label[i, VALUE] >= value
            and k.label[i, TRAVEL] <= travel
            and (k.label[i, SEEN] & ~seen) == 0
        ):
            return True
        if (
            k.label[i, READY] >= ready
            and k.label[i, RESTED] >= rested
            and k.label[i, VALUE] <= value
            and k.label[i, TRAVEL] >= travel
            and (seen & ~k.label[i, SEEN]) == 0
        ):
            k.label[i, VALUE] = FAR  # it still stands in the list of its minute
            if before == ABSENT:
                k.here[at] = after
            else:
                k.label[before, NEXT_HERE] = after
        else:
            before = i
        i = after
    return False


@compiled
def repeats(k: Desk, i: int) -> bool:
    """Whether a label has been somewhere twice."""
    while k.label[i, PARENT] != ABSENT:
        j = k.label[i, PARENT]
        while k.label[j, PARENT] != ABSENT:
            if k.label[j, AT] == k.label[i, AT]:
                return True
            j = k.label[j, PARENT]
        i = k.label[i, PARENT]
    return False


@compiled
def watch_more(k: Desk) -> bool:
    """Watch the rows that the best repetition repeats; False where there is no room for more."""
    i, before = k.counts[WORST], k.counts[WATCHED]
    while k.label[i, PARENT] != ABSENT:
        j = k.label[i, PARENT]
        while k.label[j, PARENT] != ABSENT:
            at = k.label[j, AT]
            if at == k.label[i, AT] and k.bit[at] == ABSENT and k.counts[WATCHED] < MOST_WATCHED:
                k.bit[at] = k.counts[WATCHED]
                k.counts[WATCHED] += 1
            j = k.label[j, PARENT]
        i = k.label[i, PARENT]
    return bool(k.counts[WATCHED] > before)


@compiled
def note_tour(k: Desk, i: int) -> None:
    """Keep the tour that a label stands for as the best one."""
    depth, j = 0, i
    while k.label[j, PARENT] != ABSENT:
        depth, j = depth + 1, k.label[j, PARENT]
    k.best[0] = depth
    while k.label[i, PARENT] != ABSENT:
        k.best[depth] = k.label[i, AT]
        depth, i = depth - 1, k.label[i, PARENT]


@compiled
def close(m: Model, k: Desk, d: int, i: int, rate: int) -> None:
    """Go home from a label, and keep what is gained if it is more than before: apart for true tours and others."""
    leg = k.back[k.label[i, AT]]
    ends = at_home(m, d, leg, k.label[i, READY], k.label[i, RESTED])
    if ends >= NEVER or leg > m.day[d].max_leg or k.label[i, TRAVEL] + leg > m.day[d].max_travel:
        return
    value = k.label[i, VALUE] - leg * rate
    if ends > m.day[d].end:
        value -= max(0, (ends - m.day[d].end) * m.day[d].overtime_rate - UNIT)
    if value > max(k.counts[FOUND], k.counts[RELAXED]):
        if repeats(k, i):
            k.counts[RELAXED], k.counts[WORST] = value, i
        else:
            k.counts[FOUND] = value
            note_tour(k, i)


@compiled
def put_label(  # noqa: PLR0913, PLR0917 -- compiled code takes numbers one by one
    k: Desk, i: int, at: int, ready: int, rested: int, value: int, travel: int, seen: int, parent: int, over: int
) -> None:
    """Write a label, and hook it into the lists of its place and its minute."""
    k.label[i, AT], k.label[i, READY], k.label[i, RESTED] = at, ready, rested
    k.label[i, VALUE], k.label[i, TRAVEL], k.label[i, SEEN], k.label[i, PARENT] = value, travel, seen, parent
    k.label[i, NEXT_HERE], k.label[i, NEXT_NOW] = k.here[at], k.now[over]
    k.here[at] = k.now[over] = i


@compiled
def extend(m: Model, k: Desk, d: int, i: int, rate: int, width: int, room: int) -> None:
    """Every label that follows from one, but those that are outdone or promise too little."""
    start = m.day[d].start
    at, ready_here, rested_here = k.label[i, AT], k.label[i, READY], k.label[i, RESTED]
    seen_here, travel_here = k.label[i, SEEN], k.label[i, TRAVEL]
    for a in range(k.arc_from[at], k.arc_from[at + 1]):
        j, leg = k.arc[a, 0], k.arc[a, 1]
        if k.bit[j] != ABSENT and (seen_here >> k.bit[j]) & 1:
            continue
        value = k.label[i, VALUE] + k.profit[j] - leg * rate
        least = max(k.counts[FOUND], k.counts[RELAXED], k.counts[AIM])
        if travel_here + leg + k.back[j] > m.day[d].max_travel:
            continue
        if value + likely(m, k, d, j, leg, ready_here, rested_here) <= least:
            continue
        ready, rested = after_visit(m, d, k.row[j], leg, ready_here, rested_here)
        ahead = value + most_ahead(m, k, d, ANYWHERE, j, ready, rested, width)
        if ahead <= least:
            continue
        seen = seen_here | (1 << k.bit[j] if k.bit[j] != ABSENT else 0)
        travel = travel_here + leg if m.day[d].max_travel < NEVER else 0
        if outdone(k, j, ready, rested, value, travel, seen):
            continue
        if k.counts[COUNT] >= room:
            k.counts[LOST] = ahead
            return
        k.counts[COUNT] += 1
        put_label(k, k.counts[COUNT] - 1, j, ready, rested, value, travel, seen, i, min(ready, rested) - start)
        k.label[k.counts[COUNT] - 1, AHEAD] = ahead


@compiled
def one_pass(m: Model, k: Desk, d: int, n: int, rate: int, width: int, room: int) -> None:
    """All labels that may bring more than the aim, minute by minute; broken off where there is no room for all."""
    length = m.day[d].latest - m.day[d].start
    k.counts[COUNT], k.counts[RELAXED], k.counts[LOST] = 1, FAR, FAR
    for at in range(n + 2):
        k.here[at] = ABSENT
    for minute in range(length + 1):
        k.now[minute] = ABSENT
    ready, rested = begin(m, d)
    put_label(k, 0, n + 1, ready, rested, 0, 0, 0, ABSENT, 0)
    extend(m, k, d, 0, rate, width, room)
    for minute in range(1, length + 1):
        i = k.now[minute]
        while i != ABSENT and k.counts[LOST] <= FAR:
            if k.label[i, VALUE] > FAR and k.label[i, AHEAD] > max(k.counts[FOUND], k.counts[RELAXED]):
                close(m, k, d, i, rate)
                extend(m, k, d, i, rate, width, room)
            i = k.label[i, NEXT_NOW]


@compiled
def best_by_labels(  # noqa: PLR0913, PLR0917 -- compiled code takes numbers one by one
    m: Model, k: Desk, d: int, n: int, rate: int, width: int, found: int, most: int, room: int
) -> int:
    """The most that a tour gains, or a little more than that: never less than any true tour above ``found``.

    ``k.best`` is the best true tour that is known, ``found`` and then ``k.counts[FOUND]`` its gain; none gains more
    than ``most``. With room for so many labels. There are few that may bring nearly the most, and ever more below: so
    the aim comes down step by step, and up again where there is no room for what lies above it.
    """
    k.counts[FOUND], k.counts[WATCHED] = found, 0
    for at in range(n + 2):
        k.bit[at] = ABSENT
    room = min(room, k.label.shape[0])
    left, step = ROOMS * room, max(LEAST_STEP, (most - found) // SHARES)
    for _ in range(MOST_PASSES):
        if most <= k.counts[FOUND] or left <= 0 or step < LEAST_STEP:
            break
        k.counts[AIM] = max(k.counts[FOUND], most - step)
        one_pass(m, k, d, n, rate, width, room)
        left -= k.counts[COUNT]
        if k.counts[LOST] > FAR:
            step //= 4
        elif k.counts[RELAXED] > max(k.counts[FOUND], k.counts[AIM]):
            most = min(most, k.counts[RELAXED])
            if not watch_more(k):
                break
        else:
            most = min(most, max(k.counts[FOUND], k.counts[AIM]))
            step *= 2
    gained: int = max(most, k.counts[FOUND])
    return gained
