"""Ruin and recreate: take some visits out, put them back where they are cheapest, keep what is better.

After Schrimpf et al. (2000) and Christiaens and Vanden Berghe (SISR, 2020): what is taken out lies near together, in
place or on the same days, so that there is something to gain. Pure Python: for tens to hundreds of visits.
"""

from collections.abc import Callable, Sequence
from math import log
from random import Random

from scheduler.insertion import Inserter
from scheduler.state import State
from scheduler.stop import StopCriterion

MOST_REMOVED = 12
"""Visits taken out in one step, at most."""

BLINK = 0.02
"""Share of places that are overlooked while putting back."""

COOLING = 0.995
"""The temperature after a step, as a share of the one before; it starts at a twentieth of a visit's average cost."""


def first_plan(inserter: Inserter, random: Random) -> State:
    """A plan by cheapest insertion: the dearest to leave out first, and of those the ones with the fewest days."""
    state = State.empty(inserter.touring)
    price = inserter.touring.arrays.visits.unplaced_cents
    order = sorted(range(len(price)), key=lambda v: (-int(price[v]), len(inserter.days[v]), v))
    inserter.insert(state, order, random)
    return state


def improve(
    inserter: Inserter,
    start: State,
    stop: StopCriterion,
    random: Random,
    report: Callable[[int, State], None] | None = None,
    *,
    movable: frozenset[int] | None = None,
) -> State:
    """Search from a plan until told to stop; never worse than it was given. Only ``movable`` visits are taken out."""
    best = current = start
    best_cents = current_cents = start.objective()
    warmth = max(1.0, _spent(start) / max(1, len(start.days_of)) / 20)
    step = 0
    while not stop(step, best_cents):
        step += 1
        trial = current.copy()
        _ruin(inserter, trial, random, movable)
        _recreate(inserter, trial, random)
        cents = trial.objective()
        if cents < current_cents - warmth * log(max(random.random(), 1e-12)):
            current, current_cents = trial, cents
        if cents < best_cents:
            best, best_cents = trial, cents
            if report is not None:
                report(step, best)
        warmth *= COOLING
    return best


def _spent(state: State) -> int:
    return sum(tour.cents for tour in state.tours if tour is not None)


def _ruin(inserter: Inserter, state: State, random: Random, movable: frozenset[int] | None) -> None:
    """Take out the neighbours of one visit, or the whole of a few days."""
    placed = sorted(state.days_of if movable is None else movable.intersection(state.days_of))
    if not placed:
        return
    count = random.randint(1, min(MOST_REMOVED, len(placed)))
    centre = random.choice(placed)
    if random.random() < 0.7:
        state.remove(_near(inserter, centre, placed)[:count])
    else:
        days = sorted({day for visit in random.sample(placed, min(2, len(placed))) for day in state.days_of[visit]})
        there = [visit for day in days for visit in state.visits_on(day) if movable is None or visit in movable]
        state.remove(there[:count])


def _near(inserter: Inserter, centre: int, placed: Sequence[int]) -> list[int]:
    """Placed visits by their way from the centre; those done from home stand beside each other."""
    touring = inserter.touring
    spot = touring.spot[centre]
    if spot < 0:
        return sorted(placed, key=lambda v: (touring.spot[v] >= 0, abs(v - centre)))
    row = touring.travel[spot]
    return sorted(
        placed, key=lambda v: (int(row[touring.spot[v]]) if touring.spot[v] >= 0 else 10_000, abs(v - centre))
    )


def _recreate(inserter: Inserter, state: State, random: Random) -> None:
    """Put back everything that is out, in one of a few orders."""
    out = [v for v in range(len(inserter.problem.demands)) if v not in state.days_of and inserter.days[v]]
    random.shuffle(out)
    touring = inserter.touring
    choice = random.random()
    if choice < 0.4:
        out.sort(key=lambda v: -touring.effort[v])
    elif choice < 0.6:
        out.sort(key=lambda v: len(inserter.days[v]))
    elif choice < 0.8:
        out.sort(key=lambda v: -int(touring.arrays.visits.unplaced_cents[v]))
    inserter.insert(state, out, random, BLINK)
