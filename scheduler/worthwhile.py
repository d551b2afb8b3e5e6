"""Of the changes that lead from one plan to a cheaper one: those that are worth what they move.

A search over everything moves hundreds of visits by some minutes for a few cents. Days that hand each other no visit
change independently of each other, so the two plans fall apart into groups of days, of which each can be as it was or
as it was found; caps are all that they have in common.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from scheduler.state import State
from scheduler.tour import Tour


@dataclass(frozen=True, slots=True)
class Change:
    """Days that change together.

    Attributes:
        days: by number.
        visits: that stand there before or after.
        saved_cents: by how much the plan gets cheaper, less the price of what moves.
        moves: how many more visits move; fewer where it is negative.
    """

    days: tuple[int, ...]
    visits: tuple[int, ...]
    saved_cents: int
    moves: int


def worthwhile(kept: State, found: State, price: Callable[[State, int], int], most_moves: int) -> State:
    """The plan that was kept, with those changes that save more than their moves cost, the best for each move first.

    Args:
        kept: from which it goes out; it is not changed.
        found: what it may become, of the same visits and days.
        price: cents of a visit's place in a state; 0 for one that is where it should be.
        most_moves: more visits with a price than ``kept`` has.
    """
    mixed, left = kept.copy(), most_moves
    waiting = sorted(_changes(kept, found, price), key=lambda one: (-one.saved_cents / max(1, one.moves), one.days))
    before = -1
    while len(waiting) != before:  # what is taken may make room under a cap for what was refused
        before = len(waiting)
        for change in tuple(waiting):
            if change.saved_cents > 0 and change.moves <= left and _taken(mixed, found, change):
                left -= change.moves
                waiting.remove(change)
    rest = _together(waiting)
    if rest.saved_cents > 0 and rest.moves <= left:
        _taken(mixed, found, rest)
    return mixed


def _together(changes: Sequence[Change]) -> Change:
    days = tuple(day for change in changes for day in change.days)
    visits = tuple(visit for change in changes for visit in change.visits)
    return Change(days, visits, sum(one.saved_cents for one in changes), sum(one.moves for one in changes))


def _changes(kept: State, found: State, price: Callable[[State, int], int]) -> Iterable[Change]:
    unplaced = found.touring.arrays.visits.unplaced_cents
    for days in _groups(kept, found):
        visits = sorted({visit for day in days for visit in (*kept.visits_on(day), *found.visits_on(day))})
        saved = sum(_cents(kept.tours[day]) - _cents(found.tours[day]) for day in days)
        moves = 0
        for visit in visits:
            before, after = (_visit_cents(state, visit, int(unplaced[visit])) for state in (kept, found))
            dear, dearer = price(kept, visit), price(found, visit)
            saved += before - after + dear - dearer
            moves += (dearer > 0) - (dear > 0)
        yield Change(days, tuple(visits), saved, moves)


def _groups(kept: State, found: State) -> list[tuple[int, ...]]:
    """The days that differ, those together that share a visit, or one visit of which waits for another's."""
    differ = {day for day in range(len(kept.tours)) if _look(kept.tours[day]) != _look(found.tours[day])}
    leader = {day: day for day in differ}

    def led_by(day: int) -> int:
        while leader[day] != day:
            leader[day] = leader[leader[day]]
            day = leader[day]
        return day

    index = kept.problem.demand_index
    for visit in sorted({*kept.days_of, *found.days_of}):
        waits = [index[one] for one in kept.problem.demands[visit].visit.after if one in index]
        days = [day for v in (visit, *waits) for state in (kept, found) for day in state.days_of.get(v, ())]
        together = [day for day in days if day in differ]
        for day in together[1:]:
            leader[led_by(day)] = led_by(together[0])
    groups: dict[int, list[int]] = defaultdict(list)
    for day in sorted(differ):
        groups[led_by(day)].append(day)
    return [tuple(days) for days in groups.values()]


def _taken(mixed: State, found: State, change: Change) -> bool:
    """Make the days as they were found; False, and nothing is done, where a cap has no room for it."""
    used = list(mixed.cap_used)
    before = {day: mixed.tours[day] for day in change.days}
    for day in change.days:
        _set(mixed, day, found.tours[day])
    caps = mixed.problem.caps
    if any(now > was and now > cap.minutes for now, was, cap in zip(mixed.cap_used, used, caps, strict=True)):
        for day, tour in before.items():
            _set(mixed, day, tour)
        return False
    for visit in change.visits:
        mixed.days_of.pop(visit, None)
        mixed.fixed.pop(visit, None)
        if visit in found.days_of:
            mixed.days_of[visit] = found.days_of[visit]
        if visit in found.fixed:
            mixed.fixed[visit] = found.fixed[visit]
    return True


def _set(state: State, day: int, tour: Tour | None) -> None:
    if tour is None:
        state.clear(day)
    else:
        state.put(tour)


def _look(tour: Tour | None) -> tuple[tuple[int, ...], tuple[int, ...]]:
    return ((), ()) if tour is None else (tour.visits, tour.starts)


def _cents(tour: Tour | None) -> int:
    return 0 if tour is None else tour.cents


def _visit_cents(state: State, visit: int, unplaced_cents: int) -> int:
    """What is counted once for a visit and not with its days (``State.objective``)."""
    if visit not in state.days_of:
        return unplaced_cents
    if state.touring.people[visit] == 1:
        return 0
    return state.touring.visit_cents(visit, min(state.problem.days[day].ordinal for day in state.days_of[visit]))
