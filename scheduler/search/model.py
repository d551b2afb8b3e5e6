"""From plain arrays to the records of the search: candidates, neighbours, and tours without visits."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scheduler.search.clock import spot_of
from scheduler.search.compiled import compiled, compiled_with_arrays
from scheduler.search.places import best_place, money, refresh_all
from scheduler.search.records import (
    ABSENT,
    CANDIDATE,
    COST,
    LOOK,
    MOST_UNDO,
    NEVER,
    TIMES,
    TOUR,
    Ints,
    Model,
    Records,
    Work,
)


@dataclass(frozen=True)
class Raw:
    """What a search is made from, in its own numbering of R rows, D days, S spots and G groups of days.

    Attributes:
        row, day, cap: records; the candidates of ``row`` and ``slot`` of ``day`` are filled in later.
        span, span_offsets: of each row, sorted.
        group: [D] which line of ``placing`` a day uses.
        placing: [G, R] cents of a row by itself, ``NEVER`` where it must not be.
        ordinal: [D] the calendar day.
        delay: [R] cents for each calendar day.
        previous: [R] the calendar day before a change, ``NEVER`` for none; another one costs ``change_cents``.
        most_visits: on one day.
    """

    row: Records
    day: Records
    span: Ints
    span_offsets: Ints
    travel: NDArray[np.int16]
    blocked: Ints
    cap: Records
    day_cap: Ints
    group: Ints
    placing: Ints
    ordinal: Ints
    delay: Ints
    previous: Ints
    change_cents: int
    most_visits: int


def model_of(raw: Raw, seed: int, most_candidates: int, neighbours: int) -> tuple[Model, Work]:
    """The records of a search in which every row is out (locked ones, too), with so many neighbours for each row."""
    travel = np.ascontiguousarray(raw.travel)
    symmetric = np.array_equal(travel, travel.T)
    model = bare_model(raw, travel)._replace(
        travel_to=travel if symmetric else np.ascontiguousarray(travel.T),
        near=_neighbours(raw, seed, neighbours),
        placing=np.ascontiguousarray(raw.placing.T.astype(np.int32)),
    )
    work = _idle(model, raw.most_visits, seed)
    refresh_all(model, work)
    return model, _with_candidates(model, work, raw, most_candidates)


def bare_model(raw: Raw, travel: NDArray[np.int16]) -> Model:
    """The records without neighbours, and with one table for the ways there and back: pricing needs no more."""
    slots, slot = np.unique(raw.ordinal, return_inverse=True)
    raw.day["slot"] = slot
    raw.row["span_end"] = raw.span_offsets[1:]
    raw.row["delay"], raw.row["previous"] = raw.delay, raw.previous
    raw.day["group"], raw.day["ordinal"] = raw.group, raw.ordinal
    first_day = np.full(len(slots), NEVER, dtype=np.int64)
    np.minimum.at(first_day, slot, raw.day["start"])
    return Model(
        row=raw.row,
        day=raw.day,
        span=raw.span.reshape(-1, 2),
        first_span=first_spans(raw.span.reshape(-1, 2), raw.span_offsets, first_day),
        travel=travel,
        travel_to=travel,
        blocked=raw.blocked.reshape(-1, 2),
        cap=raw.cap,
        day_cap=raw.day_cap,
        near=np.zeros((0, 0), dtype=np.int64),
        placing=np.zeros((0, 0), dtype=np.int32),
        change_cents=np.array([raw.change_cents], dtype=np.int64),
    )


def _idle(m: Model, most: int, seed: int) -> Work:
    days, rows = len(m.day), len(m.row)
    ints = np.int64
    counts = np.zeros(LOOK + 1, dtype=np.int64)
    counts[0] = rows
    counts[COST] = counts[COST + 1] = int(m.row["unplaced"].sum())
    return Work(
        tour=np.zeros(days, dtype=TOUR),
        route=np.zeros((days, most), dtype=ints),
        price=np.zeros((days, most), dtype=ints),
        stops=np.zeros((days, most + 2), dtype=np.int32),
        legs=np.zeros((days, most + 1), dtype=np.int32),
        times=np.zeros((days, most + 1), dtype=TIMES),
        version=np.zeros(days, dtype=ints),
        candidate=np.zeros(0, dtype=CANDIDATE),
        option=np.zeros((0, 2), dtype=np.int32),
        busy=np.zeros(days, dtype=np.uint8),
        alone=np.zeros(0, dtype=ints),
        alone_cost=np.zeros(0, dtype=ints),
        day_of=np.full(rows, ABSENT, dtype=ints),
        out=np.arange(rows, dtype=ints),
        out_at=np.arange(rows, dtype=ints),
        cap_used=np.zeros(len(m.cap), dtype=ints),
        counts=counts,
        random=np.array([(seed * 2654435761 + 88172645463325252) % 2**63 + 1], dtype=np.uint64),
        undo_day=np.zeros(MOST_UNDO + 64, dtype=ints),
        undo_tour=np.zeros(MOST_UNDO + 64, dtype=TOUR),
        undo_route=np.zeros((MOST_UNDO + 64, most), dtype=ints),
        undo_price=np.zeros((MOST_UNDO + 64, most), dtype=ints),
        undo_stops=np.zeros((MOST_UNDO + 64, most + 2), dtype=np.int32),
        undo_legs=np.zeros((MOST_UNDO + 64, most + 1), dtype=np.int32),
        undo_times=np.zeros((MOST_UNDO + 64, most + 1), dtype=TIMES),
        undo_version=np.zeros(MOST_UNDO + 64, dtype=ints),
        touched=np.zeros(days, dtype=ints),
        best_n=np.zeros(days, dtype=ints),
        best_route=np.zeros((days, most), dtype=ints),
        liked=np.full(rows, ABSENT, dtype=ints),
        seen=np.zeros(days, dtype=ints),
        turn=np.zeros(rows, dtype=ints),
        key=np.zeros(rows, dtype=ints),
        dirty=np.zeros(days, dtype=ints),
        is_dirty=np.zeros(days, dtype=ints),
    )


@compiled_with_arrays
def first_spans(span: Ints, offsets: Ints, first_day: Ints) -> Ints:
    """For each row and slot of days, the first span that ends after they begin."""
    found = np.empty((offsets.shape[0] - 1, first_day.shape[0]), dtype=np.int64)
    for r in range(offsets.shape[0] - 1):
        for slot in range(first_day.shape[0]):
            k = offsets[r]
            while k < offsets[r + 1] and span[k, 1] <= first_day[slot]:
                k += 1
            found[r, slot] = k
    return found


def _with_candidates(model: Model, work: Work, raw: Raw, most: int) -> Work:
    """The days that each row may be put on, by price; where there are too many, those that are cheapest alone."""
    rows = len(model.row)
    count = np.zeros(rows + 1, dtype=np.int64)
    found = candidates_of(
        model, work, raw.group, raw.placing, raw.ordinal, raw.delay, raw.previous, raw.change_cents, count, most
    )
    ends = np.cumsum(count[:rows])
    model.row["cand_to"] = ends
    model.row["cand_from"][1:] = ends[: rows - 1]
    cost = found["cost"].astype(np.int64)
    alone = order_within(cost, ends)
    option = np.stack((found["day"], found["price"]), axis=1)
    return work._replace(candidate=found.copy(), option=option, alone=alone, alone_cost=cost[alone])


@compiled_with_arrays
def order_within(values: Ints, ends: Ints) -> Ints:
    """Places of the values, the least first, of one stretch after the other; each begins where the last one ends."""
    order = np.empty(values.shape[0], np.int64)
    begin = 0
    for end in ends:
        order[begin:end] = begin + np.argsort(values[begin:end], kind="mergesort")
        begin = end
    return order


@compiled_with_arrays
def candidates_of(  # noqa: PLR0913, PLR0917 -- compiled code takes arrays one by one
    m: Model,
    w: Work,
    group: Ints,
    placing: Ints,
    ordinal: Ints,
    delay: Ints,
    previous: Ints,
    change_cents: int,
    count: Ints,
    most: int,
) -> Records:
    """For one row after the other the days that it may be put on, by price; fills in how many they are."""
    days = m.day.shape[0]
    size, total = 1024, 0
    kept = np.empty(size, dtype=w.candidate.dtype)
    day, price, alone = np.empty(days, np.int64), np.empty(days, np.int64), np.empty(days, np.int64)
    for r in range(m.row.shape[0]):
        if m.row[r].locked:
            continue
        n = 0
        for d in range(days):
            by_itself = placing[group[d], r]
            k = m.first_span[r, m.day[d].slot]
            if by_itself >= NEVER or k >= m.row[r].span_end or m.span[k, 0] >= m.day[d].latest:
                continue
            moved = previous[r] != NEVER and previous[r] != ordinal[d]
            day[n], price[n] = d, by_itself + delay[r] * ordinal[d] + (change_cents if moved else 0)
            alone[n] = price[n] + cents_alone(m, d, r)
            if price[n] < m.row[r].unplaced:
                n += 1
        if n > most:
            n = keep_cheapest(day, price, alone, n, most)
        while total + n > size:
            size *= 2
            more = np.empty(size, dtype=kept.dtype)
            more[:total] = kept[:total]
            kept = more
        before = total
        for i in np.argsort(price[:n], kind="mergesort"):
            d = day[i]
            cost, place, travel = best_place(m, w, r, d, price[i], NEVER)
            if cost >= NEVER and m.day[d].max_leg >= NEVER:
                continue  # where legs are limited it may still fit between others
            kept[total].day, kept[total].price, kept[total].cost = d, price[i], cost
            kept[total].place, kept[total].travel = place, travel
            kept[total].version = w.version[d]
            total += 1
        count[r] = total - before
    return kept[:total]


@compiled_with_arrays
def keep_cheapest(day: Ints, price: Ints, alone: Ints, n: int, most: int) -> int:
    """Of the first days those that are cheapest alone, in their order; how many they are."""
    limit = np.partition(alone[:n], most)[most]
    kept = 0
    for i in range(n):
        if alone[i] <= limit:
            day[kept], price[kept] = day[i], price[i]
            kept += 1
    return kept


@compiled
def cents_alone(m: Model, d: int, r: int) -> int:
    """What a day costs with this row alone, beside the row's own price; overtime is not looked at."""
    here = spot_of(m, d, r)
    way = int(m.travel[m.day[d].start_spot, here]) + int(m.travel[here, m.day[d].end_spot])
    cents: int = m.day[d].fixed + money(way, m.day[d].travel_rate)
    return cents


def _neighbours(raw: Raw, seed: int, most: int) -> Ints:
    """Rows near each row by travel; a visit from home has others from home, and some that are anywhere."""
    rows = len(raw.row)
    count = min(most, rows - 1)
    if count < 1:
        return np.full((rows, 1), ABSENT, dtype=np.int64)
    draw = np.random.default_rng(seed)
    spots, free = raw.row["spot"], raw.row["locked"] == 0
    homely = np.flatnonzero(spots == ABSENT)
    near = nearest_rows(raw.travel, int(raw.travel.max(initial=0)), spots.copy(), free.astype(np.int64), count)
    for r in homely[free[homely]].tolist():
        from_home = draw.permutation(homely)[: count // 2]
        others = draw.integers(0, rows, count - len(from_home))
        near[r] = draw.permutation(np.concatenate((from_home, others)))
    return near


@compiled_with_arrays
def nearest_rows(travel: NDArray[np.int16], longest: int, spot: Ints, free: Ints, count: int) -> Ints:
    """For each free row so many others by the way there, the nearest first; none where there is no spot.

    Ways have at most so many minutes: rows are counted minute by minute, which is quicker than sorting them.
    """
    rows = spot.shape[0]
    near = np.full((rows, count), ABSENT, np.int64)
    at = np.empty(longest + 2, np.int64)
    for r in range(rows):
        if spot[r] == ABSENT or not free[r]:
            continue
        at[:] = 0
        for j in range(rows):
            if spot[j] != ABSENT and j != r:
                at[travel[spot[r], spot[j]] + 1] += 1
        for minutes in range(1, at.shape[0]):
            at[minutes] += at[minutes - 1]
        for j in range(rows):
            if spot[j] != ABSENT and j != r:
                minutes = travel[spot[r], spot[j]]
                if at[minutes] < count:
                    near[r, at[minutes]] = j
                at[minutes] += 1
    return near
