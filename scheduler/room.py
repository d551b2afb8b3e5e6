"""Room for a visit that finds none: somebody else's place is taken over, and who had it goes elsewhere.

Every day that could take the visit is tried, cheapest first, with each of its visits out and with all of them out. It
is a chain of one link: whoever is sent away must find a place with nobody else moving.
"""

import time
from collections.abc import Callable, Sequence
from random import Random

from scheduler.insertion import Inserter
from scheduler.state import State

MOST_AWAY = 8
"""Visits that are sent away from one day, at most."""


def make_room(
    inserter: Inserter,
    state: State,
    wanted: Sequence[int],
    price: Callable[[int], int],
    seconds: float,
) -> State:
    """A state in which more of the wanted visits are placed, and no other one is left out for them.

    Args:
        inserter: knows the days of the wanted visits, and of all that may move.
        state: is not changed.
        wanted: visits without a place, in the order of their turns; tied ones are passed over.
        price: cents of sending a visit away; negative for one that stays in any case.
        seconds: after which no further way is tried.
    """
    ends = time.monotonic() + seconds
    for visit in wanted:
        if visit not in state.touring.tied and visit not in state.days_of:
            state = _with(inserter, state, visit, price, ends) or state
    return state


def _with(inserter: Inserter, state: State, visit: int, price: Callable[[int], int], ends: float) -> State | None:
    """The cheapest way to place one visit, the prices of those that are sent away included."""
    best: tuple[int, State] | None = None
    for *_, day in inserter.days[visit]:
        there = [v for v in state.visits_on(day) if v not in state.touring.tied and price(v) >= 0]
        all_at_once = [tuple(there)] if 1 < len(there) <= MOST_AWAY else []
        for away in (*((v,) for v in there), *all_at_once):
            if time.monotonic() >= ends:
                return best[1] if best else None
            trial = _sent_away(inserter, state, visit, day, away)
            if trial is not None:
                cents = trial.objective() + sum(map(price, away))
                if best is None or cents < best[0]:
                    best = cents, trial
    return best[1] if best else None


def _sent_away(inserter: Inserter, state: State, visit: int, day: int, away: Sequence[int]) -> State | None:
    """A visit on a day in the place of others, and those wherever there is room; None where there is none."""
    trial = state.copy()
    trial.remove(away)
    offer = inserter.on_day(trial, visit, day)
    if offer is None:
        return None
    trial.place(visit, offer.tours)
    random = Random(0)  # noqa: S311 - nothing is drawn without blinks
    inserter.insert(trial, sorted(away, key=lambda v: -state.touring.effort[v]), random)
    return trial if len(trial.days_of) > len(state.days_of) else None
