"""Putting visits into days: the cheapest place for one visit, several people at once, and visits that wait for others.

A visit that is waited for, waits itself, or takes several people gets a fixed start when it is placed: then its
neighbours cannot push it past those it is tied to.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from random import Random

import numpy as np
from numpy.typing import NDArray

from scheduler.arrays import NO_LIMIT, Ints, Longs
from scheduler.problem import AT_HOME, money
from scheduler.state import State
from scheduler.tour import NEVER, Tour, Touring

NEAR_DAYS = 60
"""A visit is offered on so many days at most: the cheapest by themselves. Keeps large problems quick."""


@dataclass(frozen=True, slots=True)
class Offer:
    """One way to place a visit: the days as they would be, what it adds in cents, and the start if it is tied."""

    cents: int
    tours: tuple[Tour, ...]
    start: int | None = None


def _nearest(travel: NDArray[np.int16]) -> tuple[Ints, Ints]:
    """The shortest leg into each spot from another one, and out of it to another one."""
    others = travel.astype(np.int32)
    np.fill_diagonal(others, NEVER)
    return others.min(axis=0, initial=NEVER), others.min(axis=1, initial=NEVER)


class Inserter:
    """Finds offers; knows for each visit the days that could take it at all."""

    def __init__(self, touring: Touring, visits: Iterable[int] | None = None, most_days: int | None = None) -> None:
        self.touring, self._most = touring, most_days
        self.problem = touring.problem
        wanted = set(range(len(self.problem.demands)) if visits is None else visits)
        self.days = [self._possible_days(n) if n in wanted else [] for n in range(len(self.problem.demands))]

    @classmethod
    def for_visits(cls, touring: Touring, visits: Iterable[int], most_days: int | None = None) -> "Inserter":
        """One that knows only these visits, and the days that are cheapest alone; for questions about a few of many."""
        return cls(touring, visits, most_days)

    def insert(self, state: State, visits: Iterable[int], random: Random, blink: float = 0.0) -> None:
        """Place each of these visits where it is cheapest at its turn; those that fit nowhere stay out.

        Args:
            state: is changed.
            visits: in the order of their turns.
            random: for blinks.
            blink: the share of places that are overlooked, which keeps a search from going in circles.
        """
        waiting = [v for v in visits if v not in state.days_of]
        while waiting:
            later = []
            for visit in waiting:
                if any(before not in state.days_of for before in self._waits_for(visit)):
                    later.append(visit)
                    continue
                offer = self.best(state, visit, random, blink)
                if offer is not None:
                    state.place(visit, offer.tours, offer.start)
            waiting = later if len(later) < len(waiting) else []

    def best(self, state: State, visit: int, random: Random | None = None, blink: float = 0.0) -> Offer | None:
        """The cheapest way to place a visit as things stand; None where there is none that is worth its price."""
        if visit in self.touring.tied:
            offer = self._tied_offer(state, visit)
        else:
            offers = self.offers(state, visit, random, blink)
            offer = min(offers, key=lambda o: o.cents, default=None)
        price = int(self.touring.arrays.visits.unplaced_cents[visit])
        return offer if offer is not None and offer.cents < price else None

    def offers(
        self,
        state: State,
        visit: int,
        random: Random | None = None,
        blink: float = 0.0,
        *,
        limit: int = NEAR_DAYS,
        everything: bool = False,
    ) -> list[Offer]:
        """The cheapest place on each day that can take an untied visit.

        Days that cannot be better than one that was found are passed over, unless ``everything`` is wanted.
        """
        found: list[Offer] = []
        best = int(self.touring.arrays.visits.unplaced_cents[visit])
        for floor, alone, day in self.days[visit]:
            if len(found) >= limit:
                break
            least = alone if state.tours[day] is None else floor
            if everything or least < best:
                ceiling = NEVER if everything else best - floor
                offer = self.on_day(state, visit, day, ceiling, random, blink)
                if offer is not None:
                    found.append(offer)
                    best = min(best, offer.cents)
        return found

    def on_day(
        self,
        state: State,
        visit: int,
        day: int,
        ceiling: int = NEVER,
        random: Random | None = None,
        blink: float = 0.0,
    ) -> Offer | None:
        """The cheapest place of one day; places whose detour alone costs ``ceiling`` or more are not looked at."""
        if not state.fits_caps(day, self.touring.effort[visit], 0):
            return None
        before, old = state.visits_on(day), state.tours[day]
        spent, travelled = (old.cents, old.travel_minutes) if old else (0, 0)
        detours = self._detours(visit, day, before)
        best: Tour | None = None
        for place in range(len(before) + 1):
            if detours[place] >= ceiling or (random is not None and blink > 0 and random.random() < blink):
                continue
            tour = self.touring.tour(day, (*before[:place], visit, *before[place:]), state.fixed)
            if tour is None or (best is not None and tour.cents >= best.cents):
                continue
            if state.fits_caps(day, self.touring.effort[visit], tour.travel_minutes - travelled):
                best = tour
        return None if best is None else Offer(best.cents - spent, (best,))

    def _detours(self, visit: int, number: int, before: Sequence[int]) -> list[int]:
        """What the travel of a day grows by, in cents, with the visit at each place of it."""
        day, travel, spot = self.problem.days[number], self.touring.travel, self.touring.spot
        price = self.problem.people[day.person].travel_cents_per_hour
        path = [day.start_spot, *(day.start_spot if spot[v] == AT_HOME else spot[v] for v in before), day.end_spot]
        here = day.start_spot if spot[visit] == AT_HOME else spot[visit]
        there = [money(int(travel[stop][here]), price) for stop in path[:-1]]
        onward = [money(int(travel[here][stop]), price) for stop in path[1:]]
        if not before:
            return [there[0] + onward[0]]
        straight = [money(int(travel[one][other]), price) for one, other in pairwise(path)]
        return [there[k] + onward[k] - straight[k] for k in range(len(straight))]

    def _tied_offer(self, state: State, visit: int) -> Offer | None:
        """The cheapest start at which enough people can come, among those that somebody's day suggests."""
        ready = max(
            (self._ends(state, before) for before in self._waits_for(visit)),
            default=0,
        )
        deadline = min((state.fixed[w] for w in self.touring.waiters.get(visit, ()) if w in state.fixed), default=None)
        best: Offer | None = None
        for start in self._starts(state, visit, ready):
            if deadline is not None and start + self.touring.effort[visit] > deadline:
                continue
            offer = self._at(state, visit, start)
            if offer is not None and (best is None or offer.cents < best.cents):
                best = offer
        return best

    def _starts(self, state: State, visit: int, ready: int) -> list[int]:
        """Starts worth trying: the openings of its spans, and the earliest on each day as it stands."""
        effort = self.touring.effort[visit]
        spans = [(max(opens, ready), closes) for opens, closes in self.touring.spans[visit]]
        starts = {opens for opens, closes in spans if opens + effort <= closes}
        for *_, day in self.days[visit][:NEAR_DAYS]:
            tour = self.touring.tour(day, (*state.visits_on(day), visit), state.fixed)
            if tour is not None:
                starts.add(max(tour.starts[-1], ready))
            alone = self.touring.tour(day, (visit,), state.fixed)
            if alone is not None:
                starts.add(max(alone.starts[0], ready))
        return sorted(s for s in starts if any(o <= s and s + effort <= c for o, c in spans))

    def _at(self, state: State, visit: int, start: int) -> Offer | None:
        """The cheapest people for a start that is given."""
        wanted = self.touring.people[visit]
        state.fixed[visit] = start
        try:
            offers: list[tuple[int, int, Tour]] = []
            for *_, day in self.days[visit]:
                spell = self.problem.days[day]
                if spell.starts <= start < spell.latest_end:
                    offer = self.on_day(state, visit, day)
                    if offer is not None:
                        offers.append((offer.cents, day, offer.tours[0]))
        finally:
            del state.fixed[visit]
        chosen = self._team(state, visit, sorted(offers, key=lambda o: o[:2]), wanted)
        if chosen is None:
            return None
        cents = sum(cents for cents, _, _ in chosen)
        if wanted > 1:
            cents += self.touring.visit_cents(visit, min(self.problem.days[day].ordinal for _, day, _ in chosen))
        return Offer(cents, tuple(tour for _, _, tour in chosen), start)

    def _team(
        self, state: State, visit: int, offers: Sequence[tuple[int, int, Tour]], wanted: int
    ) -> list[tuple[int, int, Tour]] | None:
        """The cheapest different people, those first whom a pin names, within every cap together."""
        pinned = self.touring.arrays.visits.pinned_people[:, visit]
        trial = state.copy()
        chosen: list[tuple[int, int, Tour]] = []
        people: set[int] = set()
        by_promise = sorted(offers, key=lambda o: not pinned[self.problem.days[o[1]].person])
        for offer in by_promise:
            tour = offer[2]
            person = self.problem.days[tour.day].person
            old = trial.tours[tour.day]
            more = tour.travel_minutes - (old.travel_minutes if old else 0)
            if person in people or not trial.fits_caps(tour.day, self.touring.effort[visit], more):
                continue
            trial.put(tour)
            chosen.append(offer)
            people.add(person)
            if len(chosen) == wanted:
                return chosen if all(p in people for p in pinned.nonzero()[0]) else None
        return None

    def _ends(self, state: State, visit: int) -> int:
        return state.start_of(visit) + self.touring.effort[visit]

    def _waits_for(self, visit: int) -> tuple[int, ...]:
        index = self.problem.demand_index
        return tuple(index[v] for v in self.problem.demands[visit].visit.after if v in index)

    def _possible_days(self, visit: int) -> list[tuple[int, int, int]]:
        """The days that could take a visit if they were empty: the least it adds there, what it costs alone, the day.

        In order of what the visit would cost there by itself. Blocked spans and rests are not looked at, so a few of
        the days may turn out to be impossible.
        """
        days = self.touring.arrays.days
        numbers, ways = self._open_days(visit)
        travel = (ways * days.travel_cents_per_hour[numbers] + 30) // 60
        floors = self._floors(visit, numbers)
        alone = floors + travel + days.fixed_cents[numbers]
        order = np.lexsort((numbers, alone))[: self._most]
        return list(zip(floors[order].tolist(), alone[order].tolist(), numbers[order].tolist(), strict=True))

    def takes(self, visit: int) -> bool:
        """Whether there is any day that could take a visit if it were empty, as ``days`` has them."""
        return len(self._open_days(visit)[0]) > 0

    def _open_days(self, visit: int) -> tuple[NDArray[np.intp], Ints]:
        """The days that could take a visit if they were empty, and the minutes there and back of each."""
        arrays, effort = self.touring.arrays, self.touring.effort[visit]
        days = arrays.days
        there, back = self._ways(visit)
        starts, ends = days.starts + there, days.latest_end - back
        possible = arrays.visits.allowed[days.person, visit] & (there <= days.max_leg) & (back <= days.max_leg)
        possible &= there + back <= days.max_travel
        meets = np.zeros(len(starts), dtype=np.bool_)
        for opens, closes in self.touring.spans[visit]:
            meets |= np.maximum(starts, opens) + effort <= np.minimum(ends, closes)
        numbers = np.flatnonzero(possible & meets)
        return numbers, (there + back)[numbers]

    def possible_days(self) -> dict[int, list[int]]:
        """For each visit every day that could take it beside whatever else, as the exact model and the bound want them.

        More of them than days that could take it alone: a place that is too far for one leg may be reached over
        another visit, and a table of travel may have shortcuts.
        """
        shortest = self.touring.shortest
        if shortest is None:
            return {visit: [day for *_, day in days] for visit, days in enumerate(self.days)}
        into, out_of = _nearest(self.touring.arrays.travel)
        return {visit: self._days_over_others(visit, shortest, into, out_of) for visit in range(len(self.days))}

    def _days_over_others(self, visit: int, shortest: Ints, into: Ints, out_of: Ints) -> list[int]:
        arrays, effort, spot = self.touring.arrays, self.touring.effort[visit], self.touring.spot[visit]
        days = arrays.days
        if not len(days.person):
            return []
        here = days.start_spot if spot == AT_HOME else np.full(len(days.start_spot), spot)
        there, back = shortest[days.start_spot, here], shortest[here, days.end_spot]
        possible = arrays.visits.allowed[days.person, visit] & (there + back <= days.max_travel)
        travel = arrays.travel
        possible &= np.minimum(into[here], travel[days.start_spot, here]) <= days.max_leg
        possible &= np.minimum(out_of[here], travel[here, days.end_spot]) <= days.max_leg
        meets = np.zeros(len(here), dtype=np.bool_)
        for opens, closes in self.touring.spans[visit]:
            meets |= np.maximum(days.starts + there, opens) + effort <= np.minimum(days.latest_end - back, closes)
        return [int(number) for number in np.flatnonzero(possible & meets)]

    def _ways(self, visit: int) -> tuple[Ints, Ints]:
        """Minutes there and back, by day."""
        days, travel = self.touring.arrays.days, self.touring.arrays.travel
        spot = self.touring.spot[visit]
        if spot == AT_HOME:
            there = np.zeros(len(days.start_spot), dtype=np.int32)
            return there, travel[days.start_spot, days.end_spot].astype(np.int32)
        return travel[days.start_spot, spot].astype(np.int32), travel[spot, days.end_spot].astype(np.int32)

    def _floors(self, visit: int, numbers: NDArray[np.intp]) -> Longs:
        """The least a visit adds to each day whatever else is on it: its labour and its place in the calendar."""
        arrays = self.touring.arrays
        cents: Longs = arrays.visits.placing_cents[arrays.days.person[numbers], visit].astype(np.int64)
        if self.touring.people[visit] > 1:
            return cents
        ordinals, before = arrays.days.ordinal[numbers], int(arrays.visits.previous_ordinal[visit])
        cents += arrays.visits.delay_cents_per_day[visit] * ordinals
        if before != NO_LIMIT:
            cents += arrays.change_day_cents * (ordinals != before)
        return cents
