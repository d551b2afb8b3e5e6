"""When a day's visits can begin: earliest times forwards, latest times backwards, with blocked spans and a rest.

A rest may be taken before any leg or visit, or lie before or after the whole tour. So each position of a day has two
times, one with the rest still to come and one after it; both grow with what comes before them, so the smallest are
the best, and what fits is told exactly. The rules are those of ``scheduler/problem.py``.
"""

from scheduler.search.compiled import inlined
from scheduler.search.records import ABSENT, NEVER, Model, Work


@inlined
def clear(m: Model, d: int, begins: int, minutes: int) -> int:
    """The first minute from ``begins`` on from which so many minutes are free of blocked spans."""
    if minutes > 0:
        for k in range(m.day[d].blocked_from, m.day[d].blocked_to):
            if begins < m.blocked[k, 1] and m.blocked[k, 0] < begins + minutes:
                begins = int(m.blocked[k, 1])
    return begins


@inlined
def clear_back(m: Model, d: int, ends: int, minutes: int) -> int:
    """The last minute up to ``ends`` before which so many minutes are free of blocked spans."""
    if minutes > 0:
        for k in range(m.day[d].blocked_to - 1, m.day[d].blocked_from - 1, -1):
            if ends - minutes < m.blocked[k, 1] and m.blocked[k, 0] < ends:
                ends = m.blocked[k, 0]
    return ends


@inlined
def served(m: Model, r: int, d: int, ready: int) -> int:
    """When a visit is over at the earliest; ``NEVER`` where it does not fit any more."""
    effort = m.row[r].effort
    for k in range(m.first_span[r, m.day[d].slot], m.row[r].span_end):
        if m.span[k, 1] - effort >= ready:
            if m.span[k, 0] > m.day[d].latest:
                return NEVER
            ends: int = clear(m, d, max(ready, m.span[k, 0]), effort) + effort
            if ends <= m.span[k, 1]:
                return ends
    return NEVER


@inlined
def served_back(m: Model, r: int, d: int, until: int) -> int:
    """When a visit begins at the latest if it must be over at ``until``."""
    effort = m.row[r].effort
    begins = -NEVER
    for k in range(m.first_span[r, m.day[d].slot], m.row[r].span_end):
        if m.span[k, 0] + effort > until:
            break
        ends = clear_back(m, d, min(until, m.span[k, 1]), effort)
        if ends - effort >= m.span[k, 0]:
            begins = ends - effort
    return begins


@inlined
def rest_over(m: Model, d: int, now: int) -> int:
    """When the rest is over that begins as soon as it can; ``NEVER`` where it does not fit any more."""
    minutes = m.day[d].rest
    ends = clear(m, d, max(now, m.day[d].rest_earliest), minutes) + minutes
    return ends if ends <= m.day[d].rest_latest else NEVER


@inlined
def rest_back(m: Model, d: int, until: int) -> int:
    """When the rest begins at the latest if it must be over at ``until``."""
    minutes = m.day[d].rest
    begins = clear_back(m, d, min(until, m.day[d].rest_latest), minutes) - minutes
    return begins if begins >= m.day[d].rest_earliest else -NEVER


@inlined
def begin(m: Model, d: int) -> tuple[int, int]:
    """Times at which the day begins: with the rest to come, and after it."""
    start = m.day[d].start
    if m.day[d].rest == 0:
        return NEVER, start
    return start, max(start, rest_over(m, d, m.day[d].rest_earliest))


@inlined
def after_visit(m: Model, d: int, r: int, leg: int, ready: int, rested: int) -> tuple[int, int]:
    """Times after one more leg and visit."""
    then_rested = NEVER
    if rested < NEVER:
        then_rested = served(m, r, d, clear(m, d, rested, leg) + leg)
    if ready >= NEVER:
        return NEVER, then_rested
    arrival = clear(m, d, ready, leg) + leg
    then_ready = served(m, r, d, arrival)
    over = rest_over(m, d, ready)
    if over < NEVER:
        then_rested = min(then_rested, served(m, r, d, clear(m, d, over, leg) + leg))
    over = rest_over(m, d, arrival)
    if over < NEVER:
        then_rested = min(then_rested, served(m, r, d, over))
    if then_rested <= then_ready:
        then_ready = NEVER
    return then_ready, then_rested


@inlined
def at_home(m: Model, d: int, leg: int, ready: int, rested: int) -> int:
    """When the tour is over after the last leg; ``NEVER`` where no rest fits in or it is too late."""
    ends: int = NEVER
    if rested < NEVER:
        ends = clear(m, d, rested, leg) + leg
    if ready < NEVER:
        arrival = clear(m, d, ready, leg) + leg
        if rest_over(m, d, arrival) < NEVER:
            ends = min(ends, arrival)
        over = rest_over(m, d, ready)
        if over < NEVER:
            ends = min(ends, clear(m, d, over, leg) + leg)
    return ends if ends <= m.day[d].latest else NEVER


@inlined
def spot_of(m: Model, d: int, r: int) -> int:
    """Where a visit is done."""
    spot: int = m.row[r].spot
    return m.day[d].start_spot if spot == ABSENT else spot


@inlined
def spot_after(m: Model, w: Work, d: int, k: int) -> int:
    """Where the day goes on from position k."""
    return m.day[d].end_spot if k == w.tour[d].n else spot_of(m, d, w.route[d, k])


@inlined
def leave_back(m: Model, d: int, leg: int, late: int, late_rested: int) -> tuple[int, int]:
    """Latest departures for latest arrivals, rest to come and after it."""
    rested = clear_back(m, d, late_rested, leg) - leg
    ready = -NEVER
    if m.day[d].rest > 0:
        ready = max(clear_back(m, d, late, leg) - leg, rest_back(m, d, rested))
    return ready, rested


@inlined
def arrive_back(m: Model, d: int, r: int, ready: int, rested: int) -> tuple[int, int]:
    """Latest arrivals at a visit for latest departures from it."""
    late_rested = served_back(m, r, d, rested)
    late = -NEVER
    if m.day[d].rest > 0:
        late = max(served_back(m, r, d, ready), rest_back(m, d, late_rested))
    return late, late_rested


@inlined
def write_latest(m: Model, w: Work, d: int) -> None:
    """Fill in the latest arrivals of a day, against its latest end and against the beginning of overtime."""
    n = w.tour[d].n
    soft = m.day[d].latest > m.day[d].end
    last_rest = rest_back(m, d, NEVER) if m.day[d].rest > 0 else -NEVER
    late, late_rested = min(m.day[d].latest, last_rest), m.day[d].latest
    early, early_rested = min(m.day[d].end, last_rest), m.day[d].end
    for k in range(n, -1, -1):
        if k < n:
            leg = int(w.legs[d, k + 1])
            ready, rested = leave_back(m, d, leg, late, late_rested)
            late, late_rested = arrive_back(m, d, w.route[d, k], ready, rested)
            if soft:
                ready, rested = leave_back(m, d, leg, early, early_rested)
                early, early_rested = arrive_back(m, d, w.route[d, k], ready, rested)
        w.times[d, k].late = late
        w.times[d, k].late_rested = late_rested
        w.times[d, k].soft = early if soft else late
        w.times[d, k].soft_rested = early_rested if soft else late_rested


@inlined
def in_time(m: Model, d: int, leg: int, ready: int, rested: int, late: int, late_rested: int) -> bool:
    """Whether what follows after a leg can still be kept."""
    if rested < NEVER and clear(m, d, rested, leg) + leg <= late_rested:
        return True
    if ready >= NEVER:
        return False
    if clear(m, d, ready, leg) + leg <= late:
        return True
    over = rest_over(m, d, ready)
    return over < NEVER and clear(m, d, over, leg) + leg <= late_rested
