"""Plans put together from tours that are known: those that the search has met, and those that the bound has priced.

``dive`` follows the linear program: what it takes for the most part is held, the program is solved again, and what
is left in the end is inserted. ``recombine`` lets CP-SAT choose among the tours. A visit may then be on several tours:
it stays on the first of them that it can, for a tour without one of its visits can still be kept and costs no more.

Days with tied visits (teams, orders) keep their tours.
"""

import math
import threading
from collections.abc import Callable, Iterable
from random import Random

from ortools.sat.python import cp_model

from scheduler.search.master import Choice, Master
from scheduler.search.part import apply_routes
from scheduler.search.run import insert_left_out
from scheduler.search.shelf import caps_of
from scheduler.search.taken import Taken, untied
from scheduler.state import State
from scheduler.tour import Touring

HELD_FROM = 0.6
"""The share from which on a dive holds a tour at once."""

MOST_SOLVES = 12
"""Linear programs in one dive; what is open then is inserted."""

WORK = 3.0
"""The most that CP-SAT may work where there is no clock, in its own measure."""

POLL_SECONDS = 0.1


def dive(touring: Touring, master: Master, best: State, seed: int, over: Callable[[], bool]) -> State:
    """A plan by rounding the linear program step by step.

    Args:
        touring: of the problem.
        master: holds the tours; is left as it was.
        best: whose tours of days with tied visits stay.
        seed: of the order among tours that are taken alike, and of the insertion.
        over: asked between the steps.
    """
    random = Random(seed)  # noqa: S311 - a search, not a secret
    taken = Taken(touring, best)
    state = taken.state()
    master.set_free()
    try:
        for tour in state.tours:
            if tour is not None:
                master.bring_in([(tour.day, tour.visits)])
        for column in master.inside:
            if taken.conflicts(column):
                master.bar(column)
        for _ in range(MOST_SOLVES):
            if not _step(master, taken, random) or over():
                break
    finally:
        master.let_go()
    state = taken.state()
    insert_left_out(touring, state, seed)
    return state


def _step(master: Master, taken: Taken, random: Random) -> bool:
    """Hold the tours that the program takes for the most part, at least one; whether there was any."""
    master.again()
    shares = {column: share for column, share in master.shares().items() if not taken.has(column)}
    order = sorted(shares, key=lambda column: (-shares[column] + 0.2 * random.random(), column))
    held = 0
    for column in order:
        if (shares[column] >= HELD_FROM or not held) and taken.take(column):
            master.hold(column)
            held += 1
    for column in master.inside:
        if taken.conflicts(column):
            master.bar(column)
    return held > 0


def recombine(
    touring: Touring, choices: Iterable[Choice], best: State, seconds: float, seed: int, stopped: Callable[[], bool]
) -> State:
    """The best plan that CP-SAT finds among known tours and those of ``best``; ``best`` itself where it finds none.

    Args:
        touring: of the problem.
        choices: the tours.
        best: where it begins.
        seconds: on the clock; without a clock (infinite) it works for so long as ``WORK`` says.
        seed: of CP-SAT; with infinite seconds the plan depends on nothing else.
        stopped: asked now and then.
    """
    model = _Model(touring, choices, best)
    routes = model.solved(seconds, seed, stopped)
    if routes is None:
        return best
    state = untied(touring, best)
    apply_routes(state, routes)
    insert_left_out(touring, state, seed)
    return state if state.objective() < best.objective() else best


class _Model:
    """Which tours are taken, as a model for CP-SAT."""

    def __init__(self, touring: Touring, choices: Iterable[Choice], best: State) -> None:
        self.touring = touring
        self.begun = untied(touring, best)
        self.model = cp_model.CpModel()
        known = {(choice.day, choice.visits): choice for choice in choices}
        hint = {(tour.day, tour.visits) for tour in best.tours if tour is not None}
        for tour in best.tours:
            if tour is not None and (tour.day, tour.visits) not in known:
                caps = caps_of(touring, tour.day, tour.effort_minutes, tour.travel_minutes)
                known[tour.day, tour.visits] = Choice(tour.day, tour.visits, tour.cents, tuple(caps))
        self.choices = [
            choice
            for choice in known.values()
            if self.begun.tours[choice.day] is None and touring.tied.isdisjoint(choice.visits)
        ]
        self.taken = [self.model.new_bool_var("") for _ in self.choices]
        for choice, taken in zip(self.choices, self.taken, strict=True):
            self.model.add_hint(taken, (choice.day, choice.visits) in hint)
        self._state_rules(best)

    def _state_rules(self, best: State) -> None:
        by_day: dict[int, list[cp_model.IntVar]] = {}
        by_visit: dict[int, list[cp_model.IntVar]] = {}
        by_cap: dict[int, list[cp_model.LinearExprT]] = {}
        cost: list[cp_model.LinearExprT] = []
        for choice, taken in zip(self.choices, self.taken, strict=True):
            by_day.setdefault(choice.day, []).append(taken)
            cost.append(choice.cents * taken)
            for visit in choice.visits:
                by_visit.setdefault(visit, []).append(taken)
            for c, minutes in choice.caps:
                by_cap.setdefault(c, []).append(minutes * taken)
        for tours in by_day.values():
            self.model.add_at_most_one(tours)
        for visit, tours in by_visit.items():
            if visit not in self.begun.days_of:
                out = self.model.new_bool_var("")
                self.model.add_hint(out, visit not in best.days_of)
                self.model.add_bool_or([*tours, out])
                cost.append(int(self.touring.arrays.visits.unplaced_cents[visit]) * out)
        for c, parts in by_cap.items():
            left = self.touring.problem.caps[c].minutes - self.begun.cap_used[c]
            self.model.add(sum(parts) <= max(0, left))
        self.model.minimize(sum(cost))

    def solved(self, seconds: float, seed: int, stopped: Callable[[], bool]) -> dict[int, tuple[int, ...]] | None:
        """Visits by day of the best choice, each visit once; None where there is none."""
        solver = cp_model.CpSolver()
        solver.parameters.random_seed = seed
        solver.parameters.num_workers = 1
        solver.parameters.linearization_level = 2
        if math.isfinite(seconds):
            solver.parameters.max_time_in_seconds = max(0.01, seconds)
        else:
            solver.parameters.max_deterministic_time = WORK
        done = threading.Event()

        def watch() -> None:
            while not done.wait(POLL_SECONDS):
                if stopped():
                    solver.stop_search()
                    return

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            status = solver.solve(self.model)
        finally:
            done.set()
            watcher.join()
        if status not in {cp_model.OPTIMAL, cp_model.FEASIBLE}:
            return None
        chosen = [choice for choice, taken in zip(self.choices, self.taken, strict=True) if solver.boolean_value(taken)]
        return self._each_once(chosen)

    def _each_once(self, chosen: list[Choice]) -> dict[int, tuple[int, ...]]:
        """A visit that is on several tours stays where it saves least to take it out."""
        routes = {choice.day: choice.visits for choice in chosen}
        days: dict[int, list[int]] = {}
        for day, visits in routes.items():
            for visit in visits:
                days.setdefault(visit, []).append(day)
        for visit, several in days.items():
            placed = visit in self.begun.days_of
            if len(several) > 1 or placed:
                without = {day: tuple(v for v in routes[day] if v != visit) for day in several}
                saved = {day: self._cents(day, routes[day]) - self._cents(day, without[day]) for day in several}
                stay = None if placed else min(several, key=lambda day: (saved[day], day))
                routes.update({day: without[day] for day in several if day != stay})
        return routes

    def _cents(self, day: int, visits: tuple[int, ...]) -> int:
        tour = self.touring.tour(day, visits) if visits else None
        return 0 if tour is None else tour.cents
