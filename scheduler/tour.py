"""One person's day as a tour: whether an order of visits can be kept, when each begins, and what the day costs.

The solver, the rules and the explanations ask here; ``scheduler/validate.py`` does not.
"""

from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from scheduler.arrays import Ints, ProblemArrays, arrays_of, with_pins_of
from scheduler.problem import AT_HOME, PersonDay, Pin, Problem, Span, money
from scheduler.spans import joined, without
from scheduler.travel import SpeedTravel

MOST_SPOTS = 400
"""Up to so many spots the quickest ways over others are worked out (a tenth of a second)."""

SHORTCUT_MINUTES = 5
"""A way over another spot that saves less is no shortcut: rounded tables are full of them."""

NEVER = 2**30
"""A minute that is never reached."""


@dataclass(frozen=True, slots=True)
class Tour:
    """A day that can be kept.

    Attributes:
        starts: when each visit begins; each as early as the ones before it let it.
        legs: minutes of travel before each visit, and last the way home.
        ends: when the person is home.
        cents: the day's part of the objective: all but what is left out, and, for visits of several people, all but
            what is counted once for the visit.
    """

    day: int
    visits: tuple[int, ...]
    starts: tuple[int, ...]
    legs: tuple[int, ...]
    ends: int
    cents: int
    effort_minutes: int

    @property
    def travel_minutes(self) -> int:
        """All legs together."""
        return sum(self.legs)


class Touring:
    """Answers for one problem; holds what would otherwise be looked up again for every question."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.arrays: ProblemArrays = arrays_of(problem)
        self.effort = [demand.visit.effort_minutes for demand in problem.demands]
        self.people = [demand.visit.people for demand in problem.demands]
        self.spot = [demand.spot for demand in problem.demands]
        self.spans = _spans(self.arrays, len(problem.demands))
        self.placing = _rows(self.arrays.visits.placing_cents)
        self.travel = _rows(self.arrays.travel)
        self.waiters = _waiters(problem)
        self.pins = _pins(problem)
        self.tied = {
            number
            for number, demand in enumerate(problem.demands)
            if demand.visit.people > 1
            or number in self.waiters
            or any(before in problem.demand_index for before in demand.visit.after)
        }
        self._previous = {p.visit_id: p.ordinal for p in problem.previous}

    def with_pins(self, pins: Iterable[Pin]) -> "Touring":
        """The same with other promises; what they do not change is shared, which of thousands of visits is most."""
        other = copy(self)
        other.problem = replace(self.problem, pins=tuple(pins))
        other.arrays = with_pins_of(self.arrays, other.problem)
        other.spans = _spans(other.arrays, len(other.problem.demands))
        other.pins = _pins(other.problem)
        return other

    @cached_property
    def shortest(self) -> Ints | None:
        """The quickest way between any two spots, over any others; None where there are too many to work it out."""
        if len(self.arrays.travel) > MOST_SPOTS:
            return None
        shortest = self.arrays.travel.astype(np.int32)
        for over in range(len(shortest)):
            np.minimum(shortest, shortest[:, over, None] + shortest[None, over, :], out=shortest)
        return shortest

    @cached_property
    def has_shortcuts(self) -> bool:
        """Whether a way over another spot is known to be quicker than the direct one, by more than rounding can make.

        The speed model has none but over spots whose place is unknown. Of a large table it is not known.
        """
        if isinstance(self.problem.travel, SpeedTravel) and all(spot.place for spot in self.problem.spots):
            return False
        return self.shortest is not None and bool(
            (self.arrays.travel - self.shortest).max(initial=0) >= SHORTCUT_MINUTES
        )

    def caps_of(self, day_number: int) -> list[int]:
        """The caps that a day counts for, by index."""
        of = self.arrays.days
        found: list[int] = of.cap[of.cap_offsets[day_number] : of.cap_offsets[day_number + 1]].tolist()
        return found

    def tour(self, day_number: int, visits: Sequence[int], fixed: Mapping[int, int] | None = None) -> Tour | None:
        """The earliest tour of these visits in this order; None where it cannot be kept.

        Args:
            day_number: whose day, by index.
            visits: in the order of the day.
            fixed: starts that are promised or bound to other people's, by visit.
        """
        return self.tour_on(self.problem.days[day_number], day_number, visits, fixed)

    def tour_on(
        self, day: PersonDay, day_number: int, visits: Sequence[int], fixed: Mapping[int, int] | None = None
    ) -> Tour | None:
        """The same on a day that differs from the problem's: what-if for explanations."""
        starts = fixed or {}
        legs = self._legs(day, visits)
        if legs is None:
            return None
        times = self._times(day, visits, legs, starts)
        if times is not None and day.rest is not None and not self._rested(day, visits, legs, times):
            times = self._times_with_rest(day, visits, legs, starts, times)
        if times is None:
            return None
        begins = tuple(times[2 * k + 1] for k in range(len(visits)))
        cents = self._cents(day, visits, legs, times[-1] + legs[-1])
        effort = sum(self.effort[v] for v in visits)
        return Tour(day_number, tuple(visits), begins, tuple(legs), times[-1] + legs[-1], cents, effort)

    def visit_cents(self, visit: int, ordinal: int) -> int:
        """What is counted once for a visit, however many people it takes: slack and a change of day."""
        demand = self.problem.demands[visit]
        before = self._previous.get(demand.visit.id)
        moved = before is not None and before != ordinal
        return demand.delay_cents_per_day * ordinal + (self.problem.prices.change_day_cents if moved else 0)

    def _legs(self, day: PersonDay, visits: Sequence[int]) -> list[int] | None:
        """Minutes before each visit and home; None where a limit on travel is broken."""
        spots = [day.start_spot if self.spot[v] == AT_HOME else self.spot[v] for v in visits]
        path = [day.start_spot, *spots, day.end_spot]
        legs = [int(self.travel[path[k]][path[k + 1]]) for k in range(len(path) - 1)]
        if day.max_leg_minutes is not None and max(legs) > day.max_leg_minutes:
            return None
        if day.max_travel_minutes is not None and sum(legs) > day.max_travel_minutes:
            return None
        return legs

    def _times(
        self,
        day: PersonDay,
        visits: Sequence[int],
        legs: Sequence[int],
        fixed: Mapping[int, int],
        before: Sequence[int] = (),
        now: int = -1,
    ) -> list[int] | None:
        """When each leg and each visit begins, in turn; None where the day is too short.

        Where ``before`` holds the times of the first legs and visits, the next begins at ``now`` at the earliest.
        """
        times, latest, blocked, effort = list(before), day.latest_end, day.blocked, self.effort
        now = day.starts if now < 0 else now
        for number in range(len(times), 2 * len(visits) + 1):
            if number % 2 == 0:
                length = legs[number // 2]
                begins = _clear_of(blocked, now, length) if blocked else now
            else:
                visit = visits[number // 2]
                length = effort[visit]
                begins = self._start(day, visit, now, fixed.get(visit))
            times.append(begins)
            now = begins + length
            if now > latest:
                return None
        return times

    def _times_with_rest(
        self,
        day: PersonDay,
        visits: Sequence[int],
        legs: Sequence[int],
        fixed: Mapping[int, int],
        times: Sequence[int],
    ) -> list[int] | None:
        """The times with the rest where the day ends soonest; ``times`` are those without it.

        Of the places whose time comes before the rest may begin only the last is tried: what lies between it and an
        earlier one is then done while waiting. Where the day ends inside its regular hours no other place is better.
        """
        best: list[int] | None = None
        for number, now in self._rest_places(day, visits, legs, times):
            over = max(now, _after_rest(day, now if number else -NEVER))
            trial = self._times(day, visits, legs, fixed, times[:number], over)
            if trial is not None and (best is None or trial[-1] < best[-1]):
                best = trial
                if best[-1] + legs[-1] <= day.ends:
                    break
        return best

    def _rest_places(
        self, day: PersonDay, visits: Sequence[int], legs: Sequence[int], times: Sequence[int]
    ) -> list[tuple[int, int]]:
        """Before which leg or visit the rest may be worth taking, and when that is; the middle of its span first."""
        rest = day.rest
        if rest is None:
            return []
        ends = [t + (self.effort[visits[n // 2]] if n % 2 else legs[n // 2]) for n, t in enumerate(times)]
        ready = [day.starts, *ends[:-1]]
        places = [
            (number, now)
            for number, now in enumerate(ready)
            if (now + rest.minutes <= rest.latest or number == 0)
            and not (number + 1 < len(ready) and ready[number + 1] <= rest.earliest)
        ]
        middle = (rest.earliest + rest.latest - rest.minutes) // 2
        return sorted(places, key=lambda place: (abs(place[1] - middle), place[0]))

    def _start(self, day: PersonDay, visit: int, ready: int, fixed: int | None) -> int:
        """The first minute from ``ready`` on at which a visit can begin; ``NEVER`` where there is none."""
        effort = self.effort[visit]
        for opens, closes in self.spans[visit] if fixed is None else ((fixed, fixed + effort),):
            if closes - effort < ready:
                continue
            start = max(ready, opens)
            if day.blocked:
                start = _clear_of(day.blocked, start, effort)
            if start + effort <= closes:
                return start
        return NEVER

    def _rested(self, day: PersonDay, visits: Sequence[int], legs: Sequence[int], times: Sequence[int]) -> bool:
        """Whether the day leaves a free stretch for its rest."""
        rest = day.rest
        if rest is None:
            return True
        taken = list(day.blocked)
        for number, begins in enumerate(times):
            length = self.effort[visits[number // 2]] if number % 2 else legs[number // 2]
            taken.append(Span(begins, begins + length))
        free = without(Span(rest.earliest, rest.latest), joined(taken))
        return any(span.ends - span.starts >= rest.minutes for span in free)

    def _cents(self, day: PersonDay, visits: Sequence[int], legs: Sequence[int], ends: int) -> int:
        if not visits:
            return 0
        person = self.problem.people[day.person]
        cents = day.fixed_cents + money(max(0, ends - day.ends), person.overtime_cents_per_hour)
        cents += sum(money(leg, person.travel_cents_per_hour) for leg in legs)
        placing = self.placing[day.person]
        for visit in visits:
            cents += placing[visit]
            if self.people[visit] == 1:
                cents += self.visit_cents(visit, day.ordinal)
        return cents


def _rows(table: NDArray[np.int16] | Ints) -> "list[memoryview[int]]":
    """The rows of a table, of which single figures are plain ints, sooner than numpy's and without a copy of it."""
    return [memoryview(row) for row in np.ascontiguousarray(table)]


def _spans(arrays: ProblemArrays, visits: int) -> list[list[tuple[int, int]]]:
    """Each visit's spans, pins applied."""
    offsets = arrays.visits.span_offsets.tolist()
    pairs = list(zip(arrays.visits.span_starts.tolist(), arrays.visits.span_ends.tolist(), strict=True))
    return [pairs[offsets[v] : offsets[v + 1]] for v in range(visits)]


def _pins(problem: Problem) -> dict[int, list[Pin]]:
    """The promises of each visit that has any."""
    found: dict[int, list[Pin]] = {}
    for pin in problem.pins:
        found.setdefault(problem.demand_index[pin.visit_id], []).append(pin)
    return found


def _waiters(problem: Problem) -> dict[int, tuple[int, ...]]:
    """The visits that wait for each visit."""
    waiting: dict[int, list[int]] = {}
    for number, demand in enumerate(problem.demands):
        for before in demand.visit.after:
            if before in problem.demand_index:
                waiting.setdefault(problem.demand_index[before], []).append(number)
    return {visit: tuple(numbers) for visit, numbers in waiting.items()}


def _clear_of(blocked: Sequence[Span], begins: int, minutes: int) -> int:
    """The first minute from ``begins`` on from which so many minutes are free of blocked spans."""
    for span in blocked:
        if minutes > 0 and begins < span.ends and span.starts < begins + minutes:
            begins = span.ends
    return begins


def _after_rest(day: PersonDay, now: int) -> int:
    """When the rest is over that begins as soon as it can; ``NEVER`` where it does not fit any more."""
    if day.rest is None:
        return now
    begins = _clear_of(day.blocked, max(now, day.rest.earliest), day.rest.minutes)
    ends = begins + day.rest.minutes
    return ends if ends <= day.rest.latest else NEVER
