"""The whole problem as one CP-SAT model: for small problems, where it finds the best plan and proves it.

Days are circuits over their visits; a visit has one start, whoever and however many come, so teams and order need
nothing special. On days with blocked spans or a rest the legs of travel are intervals of their own. Every cost is an
integer number of cents, rounded exactly as ``scheduler/problem.py`` says.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise, permutations

from ortools.sat.python import cp_model

from scheduler.problem import AT_HOME, PersonDay, money
from scheduler.state import Solution, State
from scheduler.tour import Tour, Touring

DEPOT = -1
"""The node at which a day's circuit begins and ends."""


@dataclass(frozen=True, slots=True)
class ExactLimits:
    """How long CP-SAT may think; ``work`` is its own measure, the same on every machine."""

    seconds: float = 60.0
    work: float = 20.0
    processes: int = 1


@dataclass(frozen=True, slots=True)
class ExactAnswer:
    """What CP-SAT found: a solution or None, a bound that holds in any case, and whether they meet."""

    solution: Solution | None
    bound: int
    proved: bool


@dataclass(slots=True)
class _Day:
    """The variables of one day."""

    number: int
    arcs: dict[tuple[int, int], cp_model.IntVar]
    on: dict[int, cp_model.IntVar]
    used: cp_model.IntVar
    ends: cp_model.IntVar
    legs: dict[int, cp_model.IntVar] = field(default_factory=dict)


def size(days_of: Iterable[Iterable[int]]) -> int:
    """About how many arcs the model has, given the possible days of each visit."""
    on_day: dict[int, int] = {}
    for days in days_of:
        for day in days:
            on_day[day] = on_day.get(day, 0) + 1
    return sum(count * (count + 2) for count in on_day.values())


def solve_exactly(
    touring: Touring,
    days_of: Mapping[int, Iterable[int]],
    *,
    hint: State | None = None,
    limits: ExactLimits | None = None,
    seed: int = 0,
) -> ExactAnswer:
    """The best plan in which each visit is on one of its possible days.

    Args:
        touring: of the problem.
        days_of: for each visit the days that can take it at all, from ``Inserter``.
        hint: a plan to begin from.
        limits: for CP-SAT.
        seed: for CP-SAT; with one process the answer depends on nothing else.
    """
    limits = limits or ExactLimits()
    builder = ModelBuilder(touring, days_of)
    builder.build()
    if hint is not None:
        builder.hint(hint)
    solver = cp_model.CpSolver()
    solver.parameters.random_seed = seed
    solver.parameters.num_workers = limits.processes
    solver.parameters.interleave_search = limits.processes > 1
    solver.parameters.max_deterministic_time = limits.work
    if math.isfinite(limits.seconds):
        solver.parameters.max_time_in_seconds = max(0.01, limits.seconds)
    status = solver.solve(builder.model)
    bound = math.ceil(solver.best_objective_bound - 1e-6)
    if status not in {cp_model.OPTIMAL, cp_model.FEASIBLE}:
        return ExactAnswer(None, max(0, bound), proved=False)
    return ExactAnswer(builder.read(solver), bound, proved=status == cp_model.OPTIMAL)


class ModelBuilder:
    """Writes the model, part by part."""

    def __init__(self, touring: Touring, days_of: Mapping[int, Iterable[int]]) -> None:
        self.touring = touring
        self.problem = touring.problem
        self.model = cp_model.CpModel()
        self.possible = {visit: tuple(days) for visit, days in days_of.items()}
        self.start: dict[int, cp_model.IntVar] = {}
        self.placed: dict[int, cp_model.IntVar] = {}
        self.days: dict[int, _Day] = {}
        self.cost: list[cp_model.LinearExprT] = []

    def build(self) -> None:
        """All of it."""
        for visit in range(len(self.problem.demands)):
            self._visit(visit)
        for number in sorted({day for days in self.possible.values() for day in days}):
            self._day(number)
        for visit in range(len(self.problem.demands)):
            self._people(visit)
            self._order(visit)
            self._counted_once(visit)
        self._caps()
        self.model.minimize(sum(self.cost))

    def _visit(self, visit: int) -> None:
        effort = self.touring.effort[visit]
        spans = [[o, c - effort] for o, c in self.touring.spans[visit] if c - effort >= o]
        placed = self.model.new_bool_var(f"placed {visit}")
        if not spans or not self.possible.get(visit):
            self.model.add(placed == 0)
            spans = [[0, 0]]
        domain = cp_model.Domain.from_intervals(spans)
        self.start[visit] = self.model.new_int_var_from_domain(domain, f"start {visit}")
        self.placed[visit] = placed
        unplaced = int(self.touring.arrays.visits.unplaced_cents[visit])
        self.cost.append(unplaced * (1 - placed))

    def _day(self, number: int) -> None:
        spell = self.problem.days[number]
        visits = [v for v in range(len(self.problem.demands)) if number in self.possible.get(v, ())]
        model = self.model
        day = _Day(
            number,
            arcs={},
            on={v: model.new_bool_var(f"day {number} visit {v}") for v in visits},
            used=model.new_bool_var(f"day {number}"),
            ends=model.new_int_var(spell.starts, spell.latest_end, f"end {number}"),
        )
        self.days[number] = day
        self._circuit(day, spell)
        self._times(day, spell)
        self._day_cost(day, spell)

    def _circuit(self, day: _Day, spell: PersonDay) -> None:
        """One round from home through the visits of the day."""
        nodes = {DEPOT: 0, **{v: n for n, v in enumerate(day.on, start=1)}}
        arcs = [(0, 0, day.used.negated()), *((nodes[v], nodes[v], on.negated()) for v, on in day.on.items())]
        for origin, destination in permutations(nodes, 2):
            minutes = self._minutes(spell, origin, destination)
            if spell.max_leg_minutes is None or minutes <= spell.max_leg_minutes:
                arc = self.model.new_bool_var(f"day {day.number} {origin}-{destination}")
                day.arcs[origin, destination] = arc
                arcs.append((nodes[origin], nodes[destination], arc))
        self.model.add_circuit(arcs)
        for on in day.on.values():
            self.model.add_implication(on, day.used)
        if spell.max_travel_minutes is not None:
            self.model.add(self._travel(day, spell) <= spell.max_travel_minutes)

    def _times(self, day: _Day, spell: PersonDay) -> None:
        """Every leg fits between what it joins; nothing overlaps what is blocked."""
        free = not spell.blocked and spell.rest is None
        for node in [*day.on, DEPOT]:
            name = f"leg {day.number} {node}"
            day.legs[node] = self.model.new_int_var(spell.starts, spell.latest_end, name)
        for (origin, destination), arc in day.arcs.items():
            leg = day.legs[destination]
            minutes = self._minutes(spell, origin, destination)
            arrives = day.ends if destination == DEPOT else self.start[destination]
            left = spell.starts if origin == DEPOT else self.start[origin] + self.touring.effort[origin]
            self.model.add(leg >= left).only_enforce_if(arc)
            if destination == DEPOT:
                self.model.add(arrives == leg + minutes).only_enforce_if(arc)
            else:
                self.model.add(arrives >= leg + minutes).only_enforce_if(arc)
        for visit, on in day.on.items():
            self.model.add(self.start[visit] + self.touring.effort[visit] <= spell.latest_end).only_enforce_if(on)
        if not free:
            self._no_overlap(day, spell)

    def _no_overlap(self, day: _Day, spell: PersonDay) -> None:
        model = self.model
        intervals = [
            model.new_fixed_size_interval_var(s.starts, s.ends - s.starts, f"blocked {day.number} {s.starts}")
            for s in spell.blocked
        ]
        for visit, on in day.on.items():
            size_ = self.touring.effort[visit]
            name = f"visit {visit} on {day.number}"
            intervals.append(model.new_optional_fixed_size_interval_var(self.start[visit], size_, on, name))
        for (origin, destination), arc in day.arcs.items():
            minutes = self._minutes(spell, origin, destination)
            if minutes > 0:
                name = f"way {origin}-{destination} on {day.number}"
                leg = day.legs[destination]
                intervals.append(model.new_optional_fixed_size_interval_var(leg, minutes, arc, name))
        if spell.rest is not None and spell.rest.latest - spell.rest.earliest >= spell.rest.minutes:
            rest = spell.rest
            begins = model.new_int_var(rest.earliest, rest.latest - rest.minutes, f"rest {day.number}")
            name = f"rest on {day.number}"
            intervals.append(model.new_optional_fixed_size_interval_var(begins, rest.minutes, day.used, name))
        elif spell.rest is not None:
            model.add(day.used == 0)
        model.add_no_overlap(intervals)

    def _day_cost(self, day: _Day, spell: PersonDay) -> None:
        person = self.problem.people[spell.person]
        placing = self.touring.placing[spell.person]
        self.cost.append(spell.fixed_cents * day.used)
        for visit, on in day.on.items():
            alone = self.touring.people[visit] == 1
            self.cost.append((placing[visit] + (self.touring.visit_cents(visit, spell.ordinal) if alone else 0)) * on)
        for (origin, destination), arc in day.arcs.items():
            minutes = self._minutes(spell, origin, destination)
            self.cost.append(money(minutes, person.travel_cents_per_hour) * arc)
        if spell.overtime_minutes and person.overtime_cents_per_hour:
            self._overtime(day, spell, person.overtime_cents_per_hour)

    def _overtime(self, day: _Day, spell: PersonDay, cents_per_hour: int) -> None:
        """Cents of the minutes after the regular end, rounded as ``money`` does."""
        over = self.model.new_int_var(0, spell.overtime_minutes, f"overtime {day.number}")
        self.model.add(over >= day.ends - spell.ends).only_enforce_if(day.used)
        cents = self.model.new_int_var(0, money(spell.overtime_minutes, cents_per_hour), f"overtime cents {day.number}")
        self.model.add_division_equality(cents, over * cents_per_hour + 30, 60)
        self.cost.append(cents)

    def _people(self, visit: int) -> None:
        """As many different people as it takes, or nobody."""
        by_person: dict[int, list[cp_model.IntVar]] = {}
        for number in self.possible.get(visit, ()):
            by_person.setdefault(self.problem.days[number].person, []).append(self.days[number].on[visit])
        everybody = [on for literals in by_person.values() for on in literals]
        self.model.add(sum(everybody) == self.touring.people[visit] * self.placed[visit])
        for literals in by_person.values():
            self.model.add_at_most_one(literals)
        for person in self.touring.arrays.visits.pinned_people[:, visit].nonzero()[0]:
            self.model.add(sum(by_person.get(int(person), [])) == self.placed[visit])

    def _order(self, visit: int) -> None:
        for waiter in self.touring.waiters.get(visit, ()):
            self.model.add_implication(self.placed[waiter], self.placed[visit])
            ended = self.start[visit] + self.touring.effort[visit]
            self.model.add(self.start[waiter] >= ended).only_enforce_if(self.placed[waiter])

    def _counted_once(self, visit: int) -> None:
        """Slack and a change of day, for a visit of several people: by the first of their days."""
        if self.touring.people[visit] == 1:
            return
        firsts = []
        days = [self.days[number] for number in self.possible.get(visit, ())]
        for day in days:
            ordinal = self.problem.days[day.number].ordinal
            first = self.model.new_bool_var(f"first {visit} {day.number}")
            self.model.add_implication(first, day.on[visit])
            for other in days:
                if self.problem.days[other.number].ordinal < ordinal:
                    self.model.add_implication(first, other.on[visit].negated())
            firsts.append(first)
            self.cost.append(self.touring.visit_cents(visit, ordinal) * first)
        self.model.add(sum(firsts) == self.placed[visit])

    def _caps(self) -> None:
        for cap in self.problem.caps:
            work: list[cp_model.LinearExprT] = []
            for number in cap.days:
                if number in self.days:
                    day = self.days[number]
                    work += [self.touring.effort[v] * on for v, on in day.on.items()]
                    if cap.counts_travel:
                        work.append(self._travel(day, self.problem.days[number]))
            if work:
                self.model.add(sum(work) <= cap.minutes)

    def _travel(self, day: _Day, spell: PersonDay) -> cp_model.LinearExprT:
        return sum(self._minutes(spell, a, b) * arc for (a, b), arc in day.arcs.items())

    def _minutes(self, spell: PersonDay, origin: int, destination: int) -> int:
        begins = spell.start_spot if origin == DEPOT else self._spot(spell, origin)
        reaches = spell.end_spot if destination == DEPOT else self._spot(spell, destination)
        return int(self.touring.travel[begins][reaches])

    def _spot(self, spell: PersonDay, visit: int) -> int:
        spot = self.touring.spot[visit]
        return spell.start_spot if spot == AT_HOME else spot

    def hint(self, state: State) -> None:
        """Begin from a plan that is known."""
        for visit, placed in self.placed.items():
            self.model.add_hint(placed, visit in state.days_of)
        for number, day in self.days.items():
            tour = state.tours[number]
            path = [DEPOT, *tour.visits, DEPOT] if tour else []
            steps = set(pairwise(path))
            self.model.add_hint(day.used, tour is not None)
            for arc, literal in day.arcs.items():
                self.model.add_hint(literal, arc in steps)
            if tour is None:
                continue
            self.model.add_hint(day.ends, tour.ends)
            for visit, start in zip(tour.visits, tour.starts, strict=True):
                self.model.add_hint(self.start[visit], start)

    def read(self, solver: cp_model.CpSolver) -> Solution:
        """The plan that CP-SAT found."""
        state = State.empty(self.touring)
        found: dict[int, list[Tour]] = {}
        for number, day in self.days.items():
            order, node = [], DEPOT
            steps = {a: b for (a, b), arc in day.arcs.items() if solver.boolean_value(arc)}
            while (node := steps.get(node, DEPOT)) != DEPOT:
                order.append(node)
            tied = {v: solver.value(self.start[v]) for v in order if v in self.touring.tied}
            tour = self.touring.tour(number, order, tied) if order else None
            if tour is not None:
                state.put(tour)
                for visit in order:
                    found.setdefault(visit, []).append(tour)
        state.days_of = {visit: tuple(tour.day for tour in tours) for visit, tours in found.items()}
        return state.solution()
