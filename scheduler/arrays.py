"""The one place that turns a ``Problem`` into arrays, for code that is compiled over them.

Nothing here decides anything: each array says in its comment which fields it holds. Visits, people and person-days
keep the indices that they have in the problem. Variable-length fields are flat arrays with offsets: the rows of item
``i`` are ``offsets[i] .. offsets[i + 1]``. Minutes count from the problem's epoch, prices are whole cents.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from scheduler.problem import AT_HOME, Demand, Pin, Problem, Span, money

NO_LIMIT = 2**30
"""Stands for ``None`` where a limit is not set."""

NOBODY = -1
"""Stands for no person, no visit, no spot."""

Ints = NDArray[np.int32]
Longs = NDArray[np.int64]
Bools = NDArray[np.bool_]

T = TypeVar("T")


@dataclass(frozen=True)
class VisitArrays:
    """One row per visit; V visits, P people."""

    effort: Ints  # [V] minutes for each person
    people: Ints  # [V] how many at the same time
    spot: Ints  # [V] index of the spot, NOBODY (-1) for a visit from home
    unplaced_cents: Longs  # [V] pinned_cents included where a pin is set
    delay_cents_per_day: Longs  # [V]
    span_offsets: Ints  # [V + 1]
    span_starts: Ints  # flat; a pin on the start has cut the spans down to that one
    span_ends: Ints
    after_offsets: Ints  # [V + 1]
    after: Ints  # flat; indices of visits that must have ended before
    previous_ordinal: Ints  # [V] the day before the change, NO_LIMIT where there was none
    allowed: Bools  # [P, V] skills, exclusion, client's and agreement's word, pinned people
    pinned_people: Bools  # [P, V] must be on it (a pin names them)
    placing_cents: Ints  # [P, V] labour, continuity and change of person, where allowed


@dataclass(frozen=True)
class DayArrays:
    """One row per person-day; D of them."""

    person: Ints  # [D]
    ordinal: Ints  # [D]
    starts: Ints  # [D]
    ends: Ints  # [D] regular
    latest_end: Ints  # [D] overtime included
    start_spot: Ints  # [D]
    end_spot: Ints  # [D]
    fixed_cents: Longs  # [D]
    travel_cents_per_hour: Ints  # [D]
    overtime_cents_per_hour: Ints  # [D]
    max_leg: Ints  # [D] NO_LIMIT where none
    max_travel: Ints  # [D] NO_LIMIT where none
    rest_minutes: Ints  # [D] 0 where none is due
    rest_earliest: Ints  # [D]
    rest_latest: Ints  # [D]
    blocked_offsets: Ints  # [D + 1]
    blocked_starts: Ints
    blocked_ends: Ints
    cap_offsets: Ints  # [D + 1]
    cap: Ints  # flat; caps that this day counts for


@dataclass(frozen=True)
class ProblemArrays:
    """A problem, in arrays.

    Attributes:
        travel: [S, S] minutes between spots, int16.
        cap_minutes: [C] the limit of each cap.
        cap_counts_travel: [C].
        change_day_cents: for a visit that moves to another day than ``previous_ordinal``.
    """

    visits: VisitArrays
    days: DayArrays
    travel: NDArray[np.int16]
    cap_minutes: Ints
    cap_counts_travel: Bools
    change_day_cents: int


def arrays_of(problem: Problem) -> ProblemArrays:
    """The arrays of a problem; pure, and the same for the same problem."""
    return ProblemArrays(
        visits=_visit_arrays(problem),
        days=_day_arrays(problem),
        travel=problem.travel_minutes,
        cap_minutes=_ints(cap.minutes for cap in problem.caps),
        cap_counts_travel=np.array([cap.counts_travel for cap in problem.caps], dtype=np.bool_),
        change_day_cents=problem.prices.change_day_cents,
    )


def with_pins_of(arrays: ProblemArrays, problem: Problem) -> ProblemArrays:
    """The arrays of a problem that differs in nothing but its pins: only what pins change is worked out again."""
    pins = _pins_by_visit(problem)
    span_offsets, flat_spans = _flat(_spans_of(problem, pins))
    pinned = _pinned_people(problem, pins)
    visits = replace(
        arrays.visits,
        unplaced_cents=_unplaced_cents(problem, pins),
        span_offsets=span_offsets,
        span_starts=_ints(span.starts for span in flat_spans),
        span_ends=_ints(span.ends for span in flat_spans),
        allowed=_allowed(problem, pins, pinned),
        pinned_people=pinned,
    )
    return replace(arrays, visits=visits)


def _spans_of(problem: Problem, pins: Mapping[int, Sequence[Pin]]) -> list[Sequence[Span]]:
    """The spans of each visit, pins applied."""
    return [
        _pinned_spans(demand, pins[number]) if number in pins else demand.spans
        for number, demand in enumerate(problem.demands)
    ]


def _unplaced_cents(problem: Problem, pins: Mapping[int, Sequence[Pin]]) -> Longs:
    more = problem.prices.pinned_cents
    return np.array([d.unplaced_cents + more * (n in pins) for n, d in enumerate(problem.demands)], dtype=np.int64)


def _visit_arrays(problem: Problem) -> VisitArrays:
    pins = _pins_by_visit(problem)
    span_offsets, flat_spans = _flat(_spans_of(problem, pins))
    index = problem.demand_index
    after_offsets, after = _flat([[index[v] for v in d.visit.after if v in index] for d in problem.demands])
    previous = {index[p.visit_id]: p for p in problem.previous if p.visit_id in index}
    pinned = _pinned_people(problem, pins)
    return VisitArrays(
        effort=_ints(d.visit.effort_minutes for d in problem.demands),
        people=_ints(d.visit.people for d in problem.demands),
        spot=_ints(NOBODY if d.spot == AT_HOME else d.spot for d in problem.demands),
        unplaced_cents=_unplaced_cents(problem, pins),
        delay_cents_per_day=np.array([d.delay_cents_per_day for d in problem.demands], dtype=np.int64),
        span_offsets=span_offsets,
        span_starts=_ints(span.starts for span in flat_spans),
        span_ends=_ints(span.ends for span in flat_spans),
        after_offsets=after_offsets,
        after=_ints(after),
        previous_ordinal=_ints(previous[n].ordinal if n in previous else NO_LIMIT for n in range(len(problem.demands))),
        allowed=_allowed(problem, pins, pinned),
        pinned_people=pinned,
        placing_cents=_placing_cents(problem),
    )


def _pins_by_visit(problem: Problem) -> dict[int, list[Pin]]:
    pins: dict[int, list[Pin]] = {}
    for pin in problem.pins:
        pins.setdefault(problem.demand_index[pin.visit_id], []).append(pin)
    return pins


def _pinned_spans(demand: Demand, pins: Sequence[Pin]) -> list[Span]:
    """The spans of a visit, cut down to its promised start; none where the promise lies outside them."""
    spans = list(demand.spans)
    for starts in {pin.starts for pin in pins if pin.starts is not None}:
        promised = Span(starts, starts + demand.visit.effort_minutes)
        spans = [promised for span in spans if span.starts <= promised.starts and promised.ends <= span.ends]
    return spans


def _pinned_people(problem: Problem, pins: dict[int, list[Pin]]) -> Bools:
    pinned = np.zeros((len(problem.people), len(problem.demands)), dtype=np.bool_)
    for number, of_visit in pins.items():
        for pin in of_visit:
            if pin.person_id in problem.person_index:
                pinned[problem.person_index[pin.person_id], number] = True
    return pinned


def _allowed(problem: Problem, pins: dict[int, list[Pin]], pinned: Bools) -> Bools:
    allowed = np.ones((len(problem.people), len(problem.demands)), dtype=np.bool_)
    allowed &= _skilled(problem)
    allowed &= _open_to_partners(problem)
    for number, demand in enumerate(problem.demands):
        for person_id in demand.visit.excluded:
            if person_id in problem.person_index:
                allowed[problem.person_index[person_id], number] = False
    for number, of_visit in pins.items():
        named = [pin.person_id for pin in of_visit if pin.person_id is not None]
        if any(person_id not in problem.person_index for person_id in named):
            allowed[:, number] = False
        elif len(named) >= problem.demands[number].visit.people:
            allowed[:, number] &= pinned[:, number]
    return allowed


def _skilled(problem: Problem) -> Bools:
    """[P, V]: computed once for each set of skills, of which there are few."""
    wanted = sorted({d.visit.skills for d in problem.demands}, key=sorted)
    row = {skills: number for number, skills in enumerate(wanted)}
    has = np.array([[skills <= person.skills for skills in wanted] for person in problem.people], dtype=np.bool_)
    has = has.reshape(len(problem.people), len(wanted))
    return has[:, [row[d.visit.skills] for d in problem.demands]]


def _open_to_partners(problem: Problem) -> Bools:
    """[P, V]: whether the clients allow partners, the agreements cover them, and nothing bars the partner.

    Agreements and bars are looked at once for each client, and for the visits that bar anybody: both are few.
    """
    clients = sorted({d.visit.client_id for d in problem.demands})
    place = {client: number for number, client in enumerate(clients)}
    client_of = np.array([place[d.visit.client_id] for d in problem.demands], dtype=np.int64)
    allowed = np.array([d.partners_allowed for d in problem.demands], dtype=np.bool_)
    barring = [(number, d.barred) for number, d in enumerate(problem.demands) if d.barred]
    found = np.ones((len(problem.people), len(problem.demands)), dtype=np.bool_)
    for who, person in enumerate(problem.people):
        if person.partner_id is None:
            continue
        found[who] = allowed
        if person.clients is not None:
            found[who] &= np.array([client in person.clients for client in clients], dtype=np.bool_)[client_of]
        for number, barred in barring:
            found[who, number] &= not any(one.bars(person.partner_id, person.id) for one in barred)
    return found


def _placing_cents(problem: Problem) -> Ints:
    efforts = sorted({d.visit.effort_minutes for d in problem.demands})
    rates = sorted({person.rate_cents_per_hour for person in problem.people})
    price = np.array([[money(effort, rate) for effort in efforts] for rate in rates], dtype=np.int32)
    price = price.reshape(len(rates), len(efforts))
    effort_of = np.searchsorted(efforts, [d.visit.effort_minutes for d in problem.demands])
    rate_of = np.searchsorted(rates, [person.rate_cents_per_hour for person in problem.people])
    cents = price[np.ix_(rate_of, effort_of)]
    preferred: dict[tuple[str, ...], list[int]] = {}
    for number, demand in enumerate(problem.demands):
        if demand.visit.preferred:
            preferred.setdefault(demand.visit.preferred, []).append(number)
    known = {str(person_id): number for person_id, number in problem.person_index.items()}
    for named, numbers in preferred.items():
        cents[:, numbers] += problem.prices.continuity_cents * _others(known, named)[:, None]
    for previous in problem.previous:
        if previous.visit_id in problem.demand_index:
            number = problem.demand_index[previous.visit_id]
            cents[:, number] += problem.prices.change_person_cents * _others(known, previous.person_ids)
    return cents


def _others(known: Mapping[str, int], named: Iterable[str]) -> Ints:
    """[P]: 1 for everybody who is not named, 0 for those who are."""
    others = np.ones(len(known), dtype=np.int32)
    others[[known[name] for name in named if name in known]] = 0
    return others


def _day_arrays(problem: Problem) -> DayArrays:
    days = problem.days
    people = [problem.people[day.person] for day in days]
    rests = [(day.rest.minutes, day.rest.earliest, day.rest.latest) if day.rest else (0, 0, 0) for day in days]
    blocked_offsets, blocked = _flat([day.blocked for day in days])
    caps_of_day: list[list[int]] = [[] for _ in days]
    for number, cap in enumerate(problem.caps):
        for day_number in cap.days:
            caps_of_day[day_number].append(number)
    cap_offsets, caps = _flat(caps_of_day)
    return DayArrays(
        person=_ints(day.person for day in days),
        ordinal=_ints(day.ordinal for day in days),
        starts=_ints(day.starts for day in days),
        ends=_ints(day.ends for day in days),
        latest_end=_ints(day.latest_end for day in days),
        start_spot=_ints(day.start_spot for day in days),
        end_spot=_ints(day.end_spot for day in days),
        fixed_cents=np.array([day.fixed_cents for day in days], dtype=np.int64),
        travel_cents_per_hour=_ints(person.travel_cents_per_hour for person in people),
        overtime_cents_per_hour=_ints(person.overtime_cents_per_hour for person in people),
        max_leg=_ints(_limit(day.max_leg_minutes) for day in days),
        max_travel=_ints(_limit(day.max_travel_minutes) for day in days),
        rest_minutes=_ints(rest[0] for rest in rests),
        rest_earliest=_ints(rest[1] for rest in rests),
        rest_latest=_ints(rest[2] for rest in rests),
        blocked_offsets=blocked_offsets,
        blocked_starts=_ints(span.starts for span in blocked),
        blocked_ends=_ints(span.ends for span in blocked),
        cap_offsets=cap_offsets,
        cap=_ints(caps),
    )


def _limit(minutes: int | None) -> int:
    return NO_LIMIT if minutes is None else minutes


def _ints(values: Iterable[int]) -> Ints:
    return np.fromiter(values, dtype=np.int32)


def _flat(rows: Sequence[Sequence[T]]) -> tuple[Ints, list[T]]:
    """Rows one after the other, and where each begins."""
    offsets = np.zeros(len(rows) + 1, dtype=np.int32)
    offsets[1:] = np.cumsum([len(row) for row in rows])
    return offsets, [item for row in rows for item in row]
