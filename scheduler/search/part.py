"""A part of a problem (some visits, some days) as a search: made from a ``State``, run, and written back to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scheduler.problem import AT_HOME
from scheduler.search.anneal import anneal, insert_all
from scheduler.search.model import Raw, model_of
from scheduler.search.places import put_in
from scheduler.search.records import (
    ABSENT,
    BEST,
    CAP,
    COST,
    DAY,
    NEVER,
    PLACED,
    ROW,
    STEP,
    Ints,
    Model,
    Records,
    Work,
)
from scheduler.state import State
from scheduler.tour import Touring

MOST_CANDIDATES = 600
"""Days on which a visit is offered, at most: those on which it is cheapest alone."""

FIRST_CANDIDATES = 150
"""The same for a first plan, which is made once and quickly."""

NEIGHBOURS = 120
"""Rows that are near each row, for ruins."""

MOST_ON_A_DAY = 48

MOST_IN_A_ROW = 4_000
"""Spots that are numbered so that neighbours lie side by side: the ways that a step looks up are then together, too."""


@dataclass(frozen=True)
class Numbering:
    """Which visit a row is, and which of the problem's days a day is; locked rows come last."""

    visits: tuple[int, ...]
    days: tuple[int, ...]


class Search:
    """A search over records: knows nothing of where they came from."""

    def __init__(
        self, raw: Raw, seed: int, most_candidates: int = MOST_CANDIDATES, neighbours: int = NEIGHBOURS
    ) -> None:
        self.raw = raw
        self.model: Model
        self.work: Work
        self.model, self.work = model_of(raw, seed, most_candidates, neighbours)
        self._seen = self.work.version.copy()

    @property
    def cost(self) -> int:
        """Cents of the tours as they are."""
        return int(self.work.counts[COST])

    @property
    def best(self) -> int:
        """Cents of the best tours so far."""
        return int(self.work.counts[BEST])

    @property
    def placed(self) -> int:
        """Rows that are on a day now."""
        return int(self.work.counts[PLACED]) + len(self.model.row)

    def load(self, routes: Mapping[int, Sequence[int]]) -> None:
        """Put rows on days, in this order; what does not fit stays out. What stands then is the best so far."""
        for day, rows in routes.items():
            for row in rows:
                self._append(day, row)
        self.settle()

    def settle(self) -> None:
        """What stands now is the best so far."""
        work = self.work
        work.best_n[:] = work.tour["n"]
        work.best_route[:] = work.route
        work.is_dirty[:] = 0
        work.counts[BEST] = work.counts[COST]
        work.counts[BEST + 1] = 0

    def _append(self, day: int, row: int) -> None:
        """Put a row at the end of a day, also where it is no candidate: tours that are handed in hold as a whole."""
        raw = self.raw
        price = 0
        if not self.model.row["locked"][row]:
            moved = raw.previous[row] != NEVER and raw.previous[row] != raw.ordinal[day]
            price = int(raw.placing[raw.group[day], row] + raw.delay[row] * raw.ordinal[day])
            price += raw.change_cents if moved else 0
        put_in(self.model, self.work, row, day, int(self.work.tour[day]["n"]), price)

    def insert(self, order: Sequence[int]) -> None:
        """Put rows in, each where it adds least at its turn."""
        insert_all(self.model, self.work, np.array(order, dtype=np.int64))

    def anneal(self, steps: int, hot: float, cold: float) -> None:
        """Ruin and recreate, from hot to cold (cents)."""
        if self.work.counts[STEP] + steps > 2**31 - 2 or self.work.counts[1] > 2**30:
            self._start_counting_again()
        if len(self.model.row):
            anneal(self.model, self.work, steps, hot, cold)

    def _start_counting_again(self) -> None:
        """Steps and versions are 32-bit numbers in the records."""
        work = self.work
        work.candidate["version"] = -1
        work.version[:] = np.arange(len(work.tour))
        work.counts[1] = len(work.tour)
        work.touched[:] = 0
        work.counts[STEP] = 0

    def best_routes(self) -> dict[int, tuple[int, ...]]:
        """The best tours: rows by day."""
        n, route = self.work.best_n.tolist(), self.work.best_route
        return {day: tuple(route[day, :count].tolist()) for day, count in enumerate(n) if count}

    def routes_now(self) -> dict[int, tuple[int, ...]]:
        """The tours as they are now."""
        n, route = self.work.tour["n"].tolist(), self.work.route
        return {day: tuple(route[day, :count].tolist()) for day, count in enumerate(n) if count}

    def changed_routes(self) -> dict[int, tuple[int, ...]]:
        """The tours as they are now, of the days that have changed since this was asked last."""
        version, route, n = self.work.version, self.work.route, self.work.tour["n"]
        changed = np.flatnonzero((version != self._seen) & (n > 0)).tolist()
        self._seen = version.copy()
        return {day: tuple(route[day, : n[day]].tolist()) for day in changed}

    def by_difficulty(self) -> list[int]:
        """Rows in the order of a first plan: dear ones first, and of those the ones with the fewest days."""
        row = self.model.row
        days = row["cand_to"] - row["cand_from"]
        order = np.lexsort((-row["effort"], days, -row["unplaced"]))
        return [int(r) for r in order if not row["locked"][r]]


class Part:
    """The search of some visits on some days of a state, which stays as it is until ``write`` is called.

    Other visits that are on those days are locked: they keep their day and their order among themselves. Where
    several parts are searched ``at_once``, each may use up its share of what is left of a cap that goes beyond it.
    One that is made ``only_insert`` needs no neighbours; ``candidates`` are the days on which it offers a visit.
    """

    def __init__(
        self,
        touring: Touring,
        state: State,
        seed: int,
        visits: Sequence[int] | None = None,
        days: Sequence[int] | None = None,
        *,
        only_insert: bool = False,
        candidates: int = FIRST_CANDIDATES,
        at_once: int = 1,
    ) -> None:
        self.touring, self.state = touring, state
        self.is_whole = visits is None and days is None
        chosen = range(len(touring.problem.days)) if days is None else days
        free = range(len(touring.problem.demands)) if visits is None else visits
        self.numbering, locked = _numbering(touring, state, free, chosen)
        raw = _raw(touring, state, self.numbering, locked, at_once)
        self.search = Search(raw, seed, candidates, 0) if only_insert else Search(raw, seed)
        row_of = {v: r for r, v in enumerate(self.numbering.visits) if r not in locked}
        locked_on = {(self.numbering.visits[r], day): r for r, day in locked.items()}
        routes = {}
        for number, day in enumerate(self.numbering.days):
            rows = [locked_on.get((v, day), row_of.get(v)) for v in state.visits_on(day)]
            routes[number] = [row for row in rows if row is not None]
        self.search.load(routes)

    def routes(self) -> dict[int, tuple[int, ...]]:
        """The best order of visits for each of the part's days, by the problem's numbers."""
        found = self.search.best_routes()
        visits, days = self.numbering.visits, self.numbering.days
        return {day: tuple(visits[row] for row in found.get(number, ())) for number, day in enumerate(days)}

    def routes_now(self) -> dict[int, tuple[int, ...]]:
        """The same of the tours as they are now, which a search at some temperature goes on from."""
        found = self.search.routes_now()
        visits, days = self.numbering.visits, self.numbering.days
        return {day: tuple(visits[row] for row in found.get(number, ())) for number, day in enumerate(days)}

    def changed_routes(self) -> dict[int, tuple[int, ...]]:
        """The same of the days that have changed since this was asked last."""
        visits, days = self.numbering.visits, self.numbering.days
        found = self.search.changed_routes()
        return {days[number]: tuple(visits[row] for row in rows) for number, rows in found.items()}

    def write(self) -> None:
        """Bring the state to the best that was found."""
        apply_routes(self.state, self.routes())


def apply_routes(state: State, routes: Mapping[int, Sequence[int]]) -> None:
    """Give days of a state other visits; tied visits must be on the days that they were on."""
    touring = state.touring
    changed = {day: tuple(visits) for day, visits in routes.items() if tuple(visits) != state.visits_on(day)}
    for day in changed:
        for visit in state.visits_on(day):
            if visit not in touring.tied:
                state.days_of.pop(visit, None)
    for day, visits in changed.items():
        if not visits:
            state.clear(day)
            continue
        tour = touring.tour(day, visits, state.fixed)
        if tour is None:
            raise AssertionError(f"the search made a tour of day {day} that cannot be kept: {visits}")
        state.put(tour)
        for visit in visits:
            if visit not in touring.tied:
                state.days_of[visit] = (day,)


def _numbering(
    touring: Touring, state: State, free: Sequence[int], days: Sequence[int]
) -> tuple[Numbering, dict[int, int]]:
    """The numbering, and the day of each locked row."""
    visits = [v for v in free if v not in touring.tied]
    wanted = set(visits)
    locked: dict[int, int] = {}
    for day in days:
        for visit in state.visits_on(day):
            if visit in touring.tied or visit not in wanted:
                locked[len(visits)] = day
                visits.append(visit)
    return Numbering(tuple(visits), tuple(days)), locked


def raw_of_everything(touring: Touring) -> Raw:
    """Every visit and every day of a problem, nothing locked: tied visits are like any other."""
    return raw_of_some(touring, range(len(touring.problem.demands)), range(len(touring.problem.days)))


def raw_of_some(touring: Touring, visits: Sequence[int], days: Sequence[int]) -> Raw:
    """The same of some visits and days."""
    raw = _raw(touring, State.empty(touring), Numbering(tuple(visits), tuple(days)), {})
    several = np.array(touring.people, dtype=np.int64)[list(visits)] > 1
    raw.delay[several] = 0  # counted once for a visit, not for each of its people
    raw.previous[several] = NEVER
    return raw


def _raw(touring: Touring, state: State, numbering: Numbering, locked: Mapping[int, int], at_once: int = 1) -> Raw:
    visits = np.array(numbering.visits, dtype=np.int64)
    days = np.array(numbering.days, dtype=np.int64)
    of_visit, of_day = touring.arrays.visits, touring.arrays.days
    spots, travel = _spots(touring, visits, days)
    row = np.zeros(len(visits), dtype=ROW)
    row["effort"] = of_visit.effort[visits]
    row["spot"] = [spots.get(int(s), ABSENT) for s in of_visit.spot[visits]]
    row["unplaced"] = of_visit.unplaced_cents[visits]
    row["locked"][list(locked)] = 1
    spans = [
        [(state.fixed[v], state.fixed[v] + touring.effort[v])] if v in state.fixed else touring.spans[v]
        for r, v in enumerate(numbering.visits)
    ]
    offsets = np.zeros(len(visits) + 1, dtype=np.int64)
    offsets[1:] = np.cumsum([len(s) for s in spans])
    day, blocked = _days(touring, days, spots)
    cap, day_cap = _caps(touring, state, days, day, at_once)
    people, group = np.unique(of_day.person[days], return_inverse=True)
    chosen = np.ix_(people, visits)
    return Raw(
        row=row,
        day=day,
        span=np.array([pair for s in spans for pair in s], dtype=np.int64).reshape(-1, 2),
        span_offsets=offsets,
        travel=travel,
        blocked=blocked,
        cap=cap,
        day_cap=day_cap,
        group=group.astype(np.int64),
        placing=np.where(of_visit.allowed[chosen], of_visit.placing_cents[chosen], NEVER).astype(np.int64),
        ordinal=of_day.ordinal[days].astype(np.int64),
        delay=of_visit.delay_cents_per_day[visits].astype(np.int64),
        previous=of_visit.previous_ordinal[visits].astype(np.int64),
        change_cents=touring.arrays.change_day_cents,
        most_visits=_most_on_a_day(row, day),
    )


def _most_on_a_day(row: Records, day: Records) -> int:
    if not len(row) or not len(day):
        return 1
    longest = int((day["latest"] - day["start"]).max())
    efforts = np.sort(row["effort"])
    return min(MOST_ON_A_DAY, int(np.searchsorted(np.cumsum(efforts), longest, side="right")) + 1)


def _spots(touring: Touring, visits: Ints, days: Ints) -> tuple[dict[int, int], NDArray[np.int16]]:
    """New numbers of the spots that the part uses, and the travel between them.

    Of very many spots the problem's own table is used, which must not be written to: it may take hundreds of megabytes.
    """
    arrays = touring.arrays
    used = np.unique(
        np.concatenate((arrays.visits.spot[visits], arrays.days.start_spot[days], arrays.days.end_spot[days]))
    )
    used = used[used != AT_HOME]
    if len(used) > MOST_IN_A_ROW:
        return {spot: spot for spot in used.tolist()}, np.asarray(_Borrowed(arrays.travel))
    used = used[_one_by_one(arrays.travel[np.ix_(used, used)])]
    return {int(spot): number for number, spot in enumerate(used)}, arrays.travel[np.ix_(used, used)]


class _Borrowed:
    """A read-only table as one that compiled code takes, which is compiled for tables that may be written to."""

    def __init__(self, table: NDArray[np.int16]) -> None:
        self.table = table
        self.__array_interface__ = {**table.__array_interface__, "data": (table.ctypes.data, False)}


def _one_by_one(travel: NDArray[np.int16]) -> Ints:
    """Spots in an order in which each is followed by the nearest of those that are left."""
    order, left = np.zeros(len(travel), dtype=np.int64), np.ones(len(travel), dtype=np.bool_)
    for number in range(1, len(travel)):
        left[order[number - 1]] = False
        order[number] = np.where(left, travel[order[number - 1]], np.iinfo(np.int16).max).argmin()
    return order


def _days(touring: Touring, days: Ints, spots: Mapping[int, int]) -> tuple[Records, Ints]:
    of_day = touring.arrays.days
    day = np.zeros(len(days), dtype=DAY)
    for name, values in (
        ("start", of_day.starts),
        ("end", of_day.ends),
        ("latest", of_day.latest_end),
        ("fixed", of_day.fixed_cents),
        ("travel_rate", of_day.travel_cents_per_hour),
        ("overtime_rate", of_day.overtime_cents_per_hour),
        ("max_leg", of_day.max_leg),
        ("max_travel", of_day.max_travel),
        ("rest", of_day.rest_minutes),
        ("rest_earliest", of_day.rest_earliest),
        ("rest_latest", of_day.rest_latest),
        ("person", of_day.person),
    ):
        day[name] = values[days]
    day["start_spot"] = [spots[int(s)] for s in of_day.start_spot[days]]
    day["end_spot"] = [spots[int(s)] for s in of_day.end_spot[days]]
    if touring.has_shortcuts:  # then a visit that does not fit alone may fit between others, as where legs are limited
        day["max_leg"] = np.minimum(day["max_leg"], NEVER - 1)
    day["capacity"] = NEVER
    day["blocked_from"], day["blocked_to"] = of_day.blocked_offsets[days], of_day.blocked_offsets[days + 1]
    blocked = np.stack((of_day.blocked_starts, of_day.blocked_ends), axis=1).astype(np.int64)
    return day, blocked


def _caps(touring: Touring, state: State, days: Ints, day: Records, at_once: int) -> tuple[Records, Ints]:
    """The problem's caps, less what days outside of the part use or may use; fills in the caps of each day."""
    arrays = touring.arrays
    cap = np.zeros(len(arrays.cap_minutes), dtype=CAP)
    cap["counts_travel"] = arrays.cap_counts_travel
    inside = np.zeros(len(cap), dtype=np.int64)
    of_part = np.zeros(len(cap), dtype=np.int64)
    for number in days.tolist():
        tour = state.tours[number]
        of_day = arrays.days.cap[arrays.days.cap_offsets[number] : arrays.days.cap_offsets[number + 1]]
        of_part[of_day] += 1
        for c in of_day if tour is not None else ():
            inside[c] += tour.effort_minutes + (tour.travel_minutes if cap["counts_travel"][c] else 0)
    left = np.minimum(arrays.cap_minutes, NEVER).astype(np.int64) - np.array(state.cap_used, dtype=np.int64)
    beyond = of_part < np.bincount(arrays.days.cap, minlength=len(cap))
    cap["limit"] = inside + np.where(beyond & (left > 0), left // at_once, left)
    day["cap_from"], day["cap_to"] = arrays.days.cap_offsets[days], arrays.days.cap_offsets[days + 1]
    return cap, arrays.days.cap.astype(np.int64)
