"""The last step of a plan: work goes from who has much of it to who has little, where that costs next to nothing.

Fairness is no part of the objective: it would tie every day of the crew to every other, and no bound would hold. It is
a tie-breaker between plans that cost nearly the same. Whole days change hands, of one date, between the company's own
people: given away, or exchanged for a shorter one. How much somebody has is measured against the regular hours that
they are there for. A move is made where the one with more still has no less than the other afterwards, every rule
holds, and an hour so moved costs no more than the price. Visits that are tied to others stay where they are.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from muster.plan import Plan
from scheduler.assemble import plan_of, solution_of, state_of
from scheduler.problem import Problem
from scheduler.state import State
from scheduler.tour import Tour, Touring

MOST_TRIES = 40_000
"""Days that are worked out anew, in all: about two seconds, and the same answer on every machine."""


@dataclass(frozen=True, slots=True)
class _Move:
    """Two days of one date that change hands: the tours as they would be, None for a day without a visit."""

    tours: tuple[tuple[int, Tour | None], tuple[int, Tour | None]]
    minutes: int
    cents: int


def evened(problem: Problem, plan: Plan, cents_per_hour: int) -> Plan:
    """The plan with its work spread more evenly; the same plan where nothing can be gained at that price."""
    touring = Touring(problem)
    evening = _Evening(touring, state_of(touring, solution_of(touring, plan)), cents_per_hour)
    if not evening.run():
        return plan
    made = plan_of(
        touring,
        evening.state.solution(),
        bound=None if plan.bound is None else int(plan.bound),
        seed=plan.seed,
        seconds=plan.solve_seconds,
        with_reasons=False,
    )
    return replace(made, unplaced=plan.unplaced)


def shares(problem: Problem, plan: Plan) -> dict[int, float]:
    """For each of the company's own people how much of their regular hours the plan takes, travel included."""
    touring = Touring(problem)
    return _Evening(touring, state_of(touring, solution_of(touring, plan)), 0).shares()


class _Evening:
    """The plan while days change hands."""

    def __init__(self, touring: Touring, state: State, cents_per_hour: int) -> None:
        self.touring, self.state, self.price = touring, state, cents_per_hour
        problem = touring.problem
        self.own = [number for number, person in enumerate(problem.people) if person.partner_id is None]
        self.hours = dict.fromkeys(self.own, 0)
        self.tries = MOST_TRIES
        self.stuck: set[int] = set()
        self.dates: dict[int, dict[int, int]] = {}
        for number, day in enumerate(problem.days):
            if day.person in self.hours:
                self.hours[day.person] += day.ends - day.starts - sum(s.ends - s.starts for s in day.blocked)
                self.dates.setdefault(day.ordinal, {}).setdefault(day.person, number)
        self.used = dict.fromkeys(self.own, 0)
        for tour in state.tours:
            if tour is not None and problem.days[tour.day].person in self.used:
                self.used[problem.days[tour.day].person] += _minutes(tour)

    def run(self) -> int:
        """Move while something is gained; how many moves were made."""
        moves = 0
        while self.tries > 0 and self._step():
            moves += 1
        return moves

    def shares(self) -> dict[int, float]:
        """How much of their hours each person works."""
        return {person: self._share(person, 0) for person in self.own if self.hours[person] > 0}

    def _share(self, person: int, more: int) -> float:
        return (self.used[person] + more) / self.hours[person]

    def _step(self) -> bool:
        """One move, from the person with most to the one with least for whom there is one."""
        share = self.shares()
        ordered = sorted(share, key=lambda person: (-share[person], person))
        for busy in (person for person in ordered if person not in self.stuck):
            for idle in reversed(ordered):
                if share[idle] >= share[busy] or self.tries <= 0:
                    break
                best = min(
                    self._moves(busy, idle),
                    key=lambda move: (move.cents / move.minutes, move.tours[0][0]),
                    default=None,
                )
                if best is not None:
                    self._make(best, busy, idle)
                    return True
            self.stuck.add(busy)
        return False

    def _moves(self, busy: int, idle: int) -> Iterator[_Move]:
        """The moves between two people that are worth their price."""
        for people in self.dates.values():
            if busy in people and idle in people:
                move = self._exchange(people[busy], people[idle], busy, idle)
                if move is not None and move.cents * 60 <= self.price * move.minutes:
                    yield move

    def _exchange(self, one: int, other: int, busy: int, idle: int) -> _Move | None:
        """Both days' visits the other way round, where the busy one still has no less afterwards."""
        mine, theirs = self.state.tours[one], self.state.tours[other]
        if mine is None or any(v in self.touring.tied for t in (mine, theirs) if t for v in t.visits):
            return None
        if self._share(busy, _minutes(theirs) - _minutes(mine)) <= self._share(idle, 0):
            return None  # even without any travel of the one and the other it would be too much
        given = self._on(other, mine)
        taken = None if theirs is None else self._on(one, theirs)
        if given is None or (theirs is not None and taken is None):
            return None
        less = _minutes(mine) - _minutes(taken)
        more = _minutes(given) - _minutes(theirs)
        if less <= 0 or more <= 0 or self._share(busy, -less) < self._share(idle, more):
            return None
        cents = _cents(given) + _cents(taken) - _cents(mine) - _cents(theirs)
        move = _Move(((one, taken), (other, given)), less, cents)
        return move if self._within_caps(move) else None

    def _on(self, day: int, tour: Tour) -> Tour | None:
        """The same visits in the same order on another day; None where it cannot have them."""
        person, allowed = self.touring.problem.days[day].person, self.touring.arrays.visits.allowed
        if not all(allowed[person, visit] for visit in tour.visits):
            return None
        self.tries -= 1
        return self.touring.tour(day, tour.visits, self.state.fixed)

    def _within_caps(self, move: _Move) -> bool:
        trial = self.state.copy()
        _put(trial, move)
        return all(used <= cap.minutes for used, cap in zip(trial.cap_used, self.touring.problem.caps, strict=True))

    def _make(self, move: _Move, busy: int, idle: int) -> None:
        for person in (busy, idle):
            self.used[person] -= sum(
                _minutes(self.state.tours[day]) for day, _ in move.tours if self._of(day) == person
            )
        _put(self.state, move)
        for person in (busy, idle):
            self.used[person] += sum(
                _minutes(self.state.tours[day]) for day, _ in move.tours if self._of(day) == person
            )

    def _of(self, day: int) -> int:
        return self.touring.problem.days[day].person


def _put(state: State, move: _Move) -> None:
    for day, tour in move.tours:
        if tour is None:
            state.clear(day)
            continue
        state.put(tour)
        for visit in tour.visits:
            state.days_of[visit] = (day,)


def _minutes(tour: Tour | None) -> int:
    return 0 if tour is None else tour.effort_minutes + tour.travel_minutes


def _cents(tour: Tour | None) -> int:
    return 0 if tour is None else tour.cents
