"""Putting visits into days and taking them out, and what the cheapest place of a day costs."""

from scheduler.search.clock import (
    after_visit,
    at_home,
    begin,
    in_time,
    spot_after,
    spot_of,
    write_latest,
)
from scheduler.search.compiled import compiled, inlined
from scheduler.search.records import (
    ABSENT,
    COST,
    MOST_UNDO,
    NEVER,
    OUT,
    PLACED,
    STEP,
    UNDO,
    USED,
    VERSION,
    Model,
    Work,
)


@inlined
def money(minutes: int, cents_per_hour: int) -> int:
    """Whole cents, halves rounded up: as ``scheduler.problem.money``."""
    return (minutes * cents_per_hour + 30) // 60


@inlined
def count_caps(m: Model, w: Work, d: int, effort: int, travel: int) -> None:
    """Add minutes to every cap of a day."""
    for k in range(m.day[d].cap_from, m.day[d].cap_to):
        c = m.day_cap[k]
        w.cap_used[c] += effort + (travel if m.cap[c].counts_travel else 0)


@inlined
def caps_allow(m: Model, w: Work, d: int, effort: int, travel: int) -> bool:
    """Whether so much more work on a day stays within every cap."""
    for k in range(m.day[d].cap_from, m.day[d].cap_to):
        c = m.day_cap[k]
        if w.cap_used[c] + effort + (travel if m.cap[c].counts_travel else 0) > m.cap[c].limit:
            return False
    return True


@inlined
def refresh(m: Model, w: Work, d: int) -> bool:
    """Work out times, sums and cost of a day after its order has changed; whether the day can be kept."""
    tour = w.tour[d]
    old_cost, old_effort, old_travel = tour.cost, tour.effort, tour.travel
    ready, rested = begin(m, d)
    w.times[d, 0].ready, w.times[d, 0].rested = ready, rested
    effort = travel = load = cents = 0
    fits = True
    n, here = tour.n, m.day[d].start_spot
    for k in range(n + 1):
        there = spot_after(m, w, d, k)
        leg = int(m.travel[here, there])
        w.stops[d, k], w.legs[d, k] = here, leg
        here = there
        travel += leg
        cents += money(leg, m.day[d].travel_rate)
        if leg > m.day[d].max_leg:
            fits = False
        if k < n:
            r = w.route[d, k]
            ready, rested = after_visit(m, d, r, leg, ready, rested)
            w.times[d, k + 1].ready, w.times[d, k + 1].rested = ready, rested
            effort += m.row[r].effort
            load += m.row[r].load
        else:
            tour.end = at_home(m, d, leg, ready, rested)
    if n == 0:
        travel = cents = 0
        tour.end = m.day[d].start
    else:
        fits = fits and tour.end < NEVER and travel <= m.day[d].max_travel and load <= m.day[d].capacity
        cents += m.day[d].fixed + money(max(0, tour.end - m.day[d].end), m.day[d].overtime_rate)
    tour.effort, tour.travel, tour.load = effort, travel, load
    tour.cost = cents + tour.prices
    count_caps(m, w, d, effort - old_effort, travel - old_travel)
    w.counts[COST] += tour.cost - old_cost
    w.counts[VERSION] += 1
    w.version[d] = w.counts[VERSION]
    w.stops[d, n + 1] = here
    write_latest(m, w, d)
    return fits


@compiled
def refresh_all(m: Model, w: Work) -> None:
    """Refresh every day."""
    for d in range(m.day.shape[0]):
        refresh(m, w, d)


@inlined
def keep_for_undo(w: Work, d: int) -> None:
    """Remember a day as it is, once in a step."""
    if w.touched[d] == w.counts[STEP]:
        return
    w.touched[d] = w.counts[STEP]
    u = w.counts[UNDO]
    w.counts[UNDO] += 1
    n = w.tour[d].n
    w.undo_day[u] = d
    w.undo_tour[u] = w.tour[d]
    w.undo_version[u] = w.version[d]
    for k in range(n):
        w.undo_route[u, k] = w.route[d, k]
        w.undo_price[u, k] = w.price[d, k]
    for k in range(n + 1):
        w.undo_stops[u, k] = w.stops[d, k]
        w.undo_legs[u, k] = w.legs[d, k]
        w.undo_times[u, k] = w.times[d, k]
    w.undo_stops[u, n + 1] = w.stops[d, n + 1]


@inlined
def leave_out(m: Model, w: Work, r: int) -> None:
    """Note that a row is on no day now."""
    w.day_of[r] = ABSENT
    w.out_at[r] = w.counts[OUT]
    w.out[w.counts[OUT]] = r
    w.counts[OUT] += 1
    w.counts[COST] += m.row[r].unplaced
    w.counts[PLACED] -= 1


@inlined
def take_in(m: Model, w: Work, r: int, d: int) -> None:
    """Note that a row is on a day now."""
    last = w.out[w.counts[OUT] - 1]
    w.out[w.out_at[r]] = last
    w.out_at[last] = w.out_at[r]
    w.counts[OUT] -= 1
    w.counts[COST] -= m.row[r].unplaced
    w.counts[PLACED] += 1
    w.day_of[r] = d


@inlined
def take_out(m: Model, w: Work, d: int, k: int) -> None:
    """Take the visit after position k out of a day; the day must be refreshed afterwards."""
    tour = w.tour[d]
    r = w.route[d, k]
    n = tour.n
    tour.prices -= w.price[d, k]
    for j in range(k, n - 1):
        w.route[d, j] = w.route[d, j + 1]
        w.price[d, j] = w.price[d, j + 1]
    tour.n = n - 1
    if n == 1:
        w.busy[d] = 0
        w.counts[USED] -= 1
    leave_out(m, w, r)


@inlined
def put_in(m: Model, w: Work, r: int, d: int, k: int, price: int) -> bool:
    """Put a visit in at position k, and refresh the day."""
    tour = w.tour[d]
    n = tour.n
    for j in range(n, k, -1):
        w.route[d, j] = w.route[d, j - 1]
        w.price[d, j] = w.price[d, j - 1]
    w.route[d, k] = r
    w.price[d, k] = price
    tour.n = n + 1
    if n == 0:
        w.busy[d] = 1
        w.counts[USED] += 1
    tour.prices += price
    take_in(m, w, r, d)
    return refresh(m, w, d)


@inlined
def empty(m: Model, w: Work, d: int) -> None:
    """Take everything out of a day that is not locked."""
    for k in range(w.tour[d].n - 1, -1, -1):
        if m.row[w.route[d, k]].locked == 0:
            take_out(m, w, d, k)


@inlined
def overtime_with(m: Model, w: Work, d: int, k: int, leg: int, ready: int, rested: int) -> int:
    """Cents of overtime if the day goes on from position k at these times."""
    n = w.tour[d].n
    for j in range(k, n):
        r = w.route[d, j]
        ready, rested = after_visit(m, d, r, leg, ready, rested)
        leg = int(w.legs[d, j + 1])
    ends = at_home(m, d, leg, ready, rested)
    return money(max(0, ends - m.day[d].end), m.day[d].overtime_rate)


@inlined
def best_place(  # noqa: C901 -- the inner loop
    m: Model, w: Work, r: int, d: int, price: int, ceiling: int
) -> tuple[int, int, int]:
    """What putting a row on a day adds at least (NEVER: impossible), the position, and the minutes of travel added.

    Positions that cost ``ceiling`` or more are not looked at closely: where there is no cheaper one the position is
    ABSENT, and it costs no less than what is returned.
    """
    day, tour, n = m.day[d], w.tour[d], w.tour[d].n
    best, place, added, floor = ceiling, ABSENT, 0, NEVER
    if n >= w.route.shape[1] or tour.load + m.row[r].load > day.capacity:
        return NEVER, place, added
    if n == 0:
        price += day.fixed
    here = spot_of(m, d, r)
    overtime = money(max(0, tour.end - day.end), day.overtime_rate) if n > 0 else 0
    for k in range(n + 1):
        there, onward = int(m.travel_to[here, w.stops[d, k]]), int(m.travel[here, w.stops[d, k + 1]])
        instead = int(w.legs[d, k]) if n > 0 else 0
        travel = there + onward - instead
        if there > day.max_leg or onward > day.max_leg or tour.travel + travel > day.max_travel:
            continue
        cents = price + money(there, day.travel_rate) + money(onward, day.travel_rate) - money(instead, day.travel_rate)
        if cents - overtime >= best:
            floor = min(floor, cents - overtime)
            continue
        times = w.times[d, k]
        if min(times.ready, times.rested) + there > times.late_rested:
            continue
        ready, rested = after_visit(m, d, r, there, times.ready, times.rested)
        if not in_time(m, d, onward, ready, rested, times.late, times.late_rested):
            continue
        if day.latest > day.end:
            cents -= overtime
            if not in_time(m, d, onward, ready, rested, times.soft, times.soft_rested):
                cents += overtime_with(m, w, d, k, onward, ready, rested)
        if cents < best:
            best, place, added = cents, k, travel
        else:
            floor = min(floor, cents)
    return (floor if place == ABSENT else best), place, added


@inlined
def least_added(m: Model, w: Work, r: int, d: int, price: int) -> int:
    """Cents that putting a row on a day adds at least: by the shortest way there, whether or not there is time.

    Three legs are rounded to whole cents, each by itself.
    """
    here, n = spot_of(m, d, r), int(w.tour[d].n)
    if n == 0:
        return price + int(m.day[d].fixed)
    least: int = NEVER
    for k in range(n + 1):
        ways = int(m.travel_to[here, w.stops[d, k]]) + int(m.travel[here, w.stops[d, k + 1]])
        least = min(least, ways - int(w.legs[d, k]))
    overtime = money(max(0, w.tour[d].end - m.day[d].end), m.day[d].overtime_rate)
    cents: int = price + money(least, m.day[d].travel_rate) - 2 - overtime
    return cents


@compiled
def undo_step(m: Model, w: Work) -> None:
    """Set every day that the step has changed to what it was."""
    for u in range(w.counts[UNDO]):
        d = w.undo_day[u]
        for k in range(w.tour[d].n):
            leave_out(m, w, w.route[d, k])
    for u in range(w.counts[UNDO]):
        d = w.undo_day[u]
        was = w.undo_tour[u]
        now = w.tour[d]
        count_caps(m, w, d, was.effort - now.effort, was.travel - now.travel)
        w.counts[COST] += was.cost - now.cost
        w.counts[USED] += (was.n > 0) - (now.n > 0)
        w.tour[d] = was
        w.busy[d] = was.n > 0
        w.version[d] = w.undo_version[u]
        for k in range(was.n):
            w.route[d, k] = w.undo_route[u, k]
            w.price[d, k] = w.undo_price[u, k]
            take_in(m, w, w.route[d, k], d)
        for k in range(was.n + 1):
            w.stops[d, k] = w.undo_stops[u, k]
            w.legs[d, k] = w.undo_legs[u, k]
            w.times[d, k] = w.undo_times[u, k]
        w.stops[d, was.n + 1] = w.undo_stops[u, was.n + 1]


@inlined
def room_for_undo(w: Work) -> bool:
    """Whether a step may change one more day."""
    return bool(w.counts[UNDO] < MOST_UNDO)
