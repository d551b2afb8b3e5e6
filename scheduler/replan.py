"""After a change of the world: a plan that moves as little as possible, and what more moves would save.

What still holds is kept where it is, to the minute. What does not (somebody is ill, a partner is suspended, a site
closed) and what is new is placed around it. Then, if it is asked for, more and more may move, and each choice says
what it saves. Promised visits never move unless they are named; one that cannot be kept is told first.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import islice
from random import Random

from muster.ids import VisitId
from muster.plan import Plan
from scheduler.assemble import plan_of
from scheduler.diff import Kind, Move, PlanDiff, diff
from scheduler.insertion import Inserter
from scheduler.places import Place, places_in, put, state_at
from scheduler.problem import Pin, Previous, Problem
from scheduler.refill import refill
from scheduler.room import make_room
from scheduler.ruin import improve
from scheduler.rules import Case, broken
from scheduler.settle import settled
from scheduler.solve import solve
from scheduler.state import Solution, State
from scheduler.stop import AnyOf, MaxIterations, MaxSeconds, StopCriterion
from scheduler.tour import Touring
from scheduler.worthwhile import worthwhile

ROOM_STEPS = 50
"""Search steps that are spent on making room for visits that found none."""

ROOM_SECONDS = 6.0
"""However many visits there are, making room for some takes no longer."""

ROOM_DAYS = 60
"""Days, the cheapest for each visit, on which room is made."""

MOST_WANTED, MOST_LOOSE = 40, 600
"""Visits for which room is made, the dearest to leave out, and visits that may move for them."""

MOST_EXPLAINED = 5
"""Visits left out whose reasons come with a choice: a replan is to answer in seconds."""


FORBIDDEN_CENTS = 10**15
"""Of moving a visit whose client was told: more than any plan costs. A search may leave one out for a dearer one."""


class Freedom(StrEnum):
    """How much may move."""

    LEAST = "least"
    """Only what does not hold any more."""
    ROOM = "make room"
    """Also what stands in the way of a visit that would be left out."""
    FEW = "few moves"
    """Everything but what is promised, where a move pays for ``DEAR`` times the price of a change, and no more
    than ``FEW_SHARE`` of what could stay."""
    CHEAPER = "cheaper"
    """The same where it pays for the price of a change."""
    CHEAPEST = "cheapest"
    """The same where changes have no price."""


KEEPING = (Freedom.LEAST, Freedom.ROOM)
"""Answers within seconds: no search over everything."""

DOING = {
    Freedom.LEAST: "the others find new places",
    Freedom.ROOM: "room is made for what found none",
    Freedom.FEW: "a cheaper plan with few moves is searched",
    Freedom.CHEAPER: "a cheaper plan is searched",
    Freedom.CHEAPEST: "the cheapest plan is searched",
}
"""What is done for each choice, in words."""

DEAR = 5
"""How many times its price a change must save in ``FEW``."""

TIMES = {Freedom.FEW: DEAR, Freedom.CHEAPER: 1, Freedom.CHEAPEST: 0}
"""How many times its price a change must save."""

FEW_SHARE, FEW_AT_LEAST = 0.05, 3
"""In ``FEW`` this share of the visits that could stay may move, and so many in any case."""

CHANGE_CENTS = (2_000, 1_000)
"""Of another person and of another day, where the problem has no prices of its own."""

HOUR_SHARE = 0.2
"""Of the price of another day: what another hour on the same day costs."""


@dataclass(frozen=True, slots=True)
class Caused:
    """One visit that moves, and why."""

    move: Move
    cause: str


@dataclass(frozen=True, slots=True)
class Choice:
    """One way to go on.

    Attributes:
        difference: to the plan that binds.
        moves: every visit that is not as it was, promised ones first.
        broken_promises: promised visits that could not stay, and now stand elsewhere or nowhere.
        stayed_share: of the visits that could stay exactly where they were: how many do.
    """

    freedom: Freedom
    plan: Plan
    difference: PlanDiff
    moves: tuple[Caused, ...]
    broken_promises: tuple[VisitId, ...]
    stayed_share: float

    @property
    def elsewhere(self) -> int:
        """How many visits have another person or day."""
        return self.difference.elsewhere

    @property
    def kept_share(self) -> float:
        """Of the visits that were placed and are still needed: how many are exactly where they were."""
        return self.difference.kept_share


@dataclass(frozen=True, slots=True)
class Replan:
    """The choices, from the fewest moves to the lowest cost; those that bring nothing are left out."""

    choices: tuple[Choice, ...]

    @property
    def least(self) -> Choice:
        """The one that moves least."""
        return self.choices[0]


def replan(
    problem: Problem,
    current: Plan,
    stop: StopCriterion,
    seed: int = 0,
    *,
    promised: Iterable[VisitId] = (),
    freedoms: Sequence[Freedom] = (Freedom.LEAST, Freedom.ROOM),
    told: Callable[[str], None] | None = None,
) -> Replan:
    """Go on from the plan that binds.

    Args:
        problem: the world as it is now; its visits keep the ids of ``current`` where they are the same.
        current: the plan that binds.
        stop: for each of the choices that are searches, which begin with a copy of it; the others take as long as
            they need, which is little.
        seed: of every random choice.
        promised: visits whose clients were told who comes and when; kept to the minute in every choice, where that
            is possible at all. The problem's own pins are kept too.
        freedoms: which choices are wanted, from the least on.
        told: hears in words how far it is; of thousands of visits it takes a while.
    """
    keeper = _Keeper(problem, current, frozenset(promised))
    choices: list[Choice] = []
    for freedom in sorted(freedoms, key=list(Freedom).index):
        if told is not None:
            told(f"{len(keeper.held):,} visits stay where they are; {DOING[freedom]}")
        plan = keeper.plan(freedom, deepcopy(stop), seed)
        choice = keeper.choice(freedom, plan)
        if not choices or _brings(plan, choices[-1].plan):
            while choices and choices[-1].freedom not in KEEPING and choice.elsewhere <= choices[-1].elsewhere:
                choices.pop()  # it moves no less and costs more; those that keep to the minute stay in any case
            choices.append(choice)
    return Replan(tuple(choices))


def _brings(plan: Plan, before: Plan) -> bool:
    """Whether a plan places more, or costs less, than the one that moves less."""
    out, out_before = len(plan.unplaced), len(before.unplaced)
    return out < out_before or (out == out_before and plan.cost.total_cents < before.cost.total_cents)


class _Keeper:
    """Knows what still holds of the plan that binds, and why the rest does not."""

    def __init__(self, problem: Problem, current: Plan, promised: frozenset[VisitId]) -> None:
        self.problem, self.current, self.promised = problem, current, promised
        self.touring = Touring(problem)
        self.old = places_in(problem, current)
        self.held, self.fallen = self._held()
        self._filled: dict[int, State] = {}
        self._roomy: dict[int, State] = {}
        self._hopeless: frozenset[int] = frozenset()
        self._made: tuple[State, Plan] | None = None

    def plan(self, freedom: Freedom, stop: StopCriterion, seed: int) -> Plan:
        if freedom not in KEEPING:
            return self._searched(freedom, stop, seed)
        state = self._around_what_holds(seed) if freedom is Freedom.LEAST else self._with_room(seed)
        if self._made is None or self._made[0] is not state:  # where no room was made it is the plan before
            self._made = state, self._plan_of(state, seed, 0.0)
        return self._made[1]

    def _around_what_holds(self, seed: int) -> State:
        """What holds where it was, the rest wherever there is room; the same for every choice that begins with it."""
        if seed not in self._filled:
            state = self._kept(self.held)
            self._hopeless = frozenset(refill(state, self._free(state), Random(seed)))  # noqa: S311 - a search
            self._filled[seed] = state
            self._hold_what_stands(state)
        return self._filled[seed]

    def _hold_what_stands(self, state: State) -> None:
        """What seemed not to hold, looked at by itself, and stands where it stood all the same: others let it."""
        for visit, places in self.old.items():
            days = [place.day for place in places if place.day is not None]
            as_it_was = sorted(state.days_of.get(visit, ())) == sorted(days) and len(days) == len(places)
            if visit not in self.held and as_it_was and state.start_of(visit) == places[0].start:
                self.held[visit] = places[0].start
                del self.fallen[self.problem.demands[visit].visit.id]

    def _with_room(self, seed: int) -> State:
        """The same, and room made for what found none; every search begins with it."""
        if seed not in self._roomy:
            self._roomy[seed] = self._room(self._around_what_holds(seed), Random(seed))  # noqa: S311 - a search
        return self._roomy[seed]

    def _plan_of(self, state: State, seed: int, seconds: float) -> Plan:
        """The tours of a state, with their starts, at the prices of the problem without those of the search."""
        same = State.empty(self.touring)
        same.days_of = dict(state.days_of)
        same.tours = list(state.tours)
        solution = Solution(tuple(tour for tour in state.tours if tour is not None), same.objective())
        return plan_of(self.touring, solution, bound=None, seed=seed, seconds=seconds, explained=MOST_EXPLAINED)

    def choice(self, freedom: Freedom, plan: Plan) -> Choice:
        difference = diff(self.current, plan)
        moves = [Caused(move, self._cause(move, freedom)) for move in difference.changed]
        first = sorted(moves, key=lambda caused: (caused.move.visit_id not in self.promised, caused.move.visit_id))
        changed = {move.visit_id for move in difference.changed}
        lost = tuple(v for v in sorted(self.promised) if v in self.fallen and v in changed)
        could = {self.problem.demands[visit].visit.id for visit in self.held}
        stayed = sum(move.kind is Kind.SAME and move.visit_id in could for move in difference.moves)
        return Choice(freedom, plan, difference, tuple(first), lost, stayed / len(could) if could else 1.0)

    def _held(self) -> tuple[dict[int, int], dict[VisitId, str]]:
        """The visits that can stay exactly where they are, with their starts; and why the others cannot."""
        held: dict[int, int] = {}
        fallen: dict[VisitId, str] = {}
        for visit, places in self.old.items():
            visit_id = self.problem.demands[visit].visit.id
            cause = self._why_not(visit, places)
            if cause:
                fallen[visit_id] = cause
            else:
                held[visit] = places[0].start
        state = self._kept(held)
        for visit in [v for v in held if v not in state.days_of]:
            visit_id = self.problem.demands[visit].visit.id
            waits = [str(v) for v in self.problem.demands[visit].visit.after if v in fallen]
            fallen[visit_id] = (
                f"it waits for {waits[0]}, which cannot stay"
                if waits
                else "it does not fit any more beside what is kept"
            )
            del held[visit]
        return held, fallen

    def _why_not(self, visit: int, places: Sequence[Place]) -> str:
        """Why a visit cannot stay, looked at by itself; empty where it can."""
        demand = self.problem.demands[visit]
        if len(places) != demand.visit.people:
            return f"it takes {demand.visit.people} people now"
        for place in places:
            if place.day is None:
                out = next((one.reason for one in self.problem.left_out if one.name == place.name), "")
                return f"{place.name} does not work then any more{f': {out}' if out else ''}"
            case = Case(self.touring, visit, place.day)
            rules = broken(case)
            if rules:
                return next(iter(rules.values()))
            if self.touring.tour(place.day, (visit,), {visit: place.start}) is None:
                return f"{place.name} cannot be there at {case.local(place.start)} any more"
            if not any(
                o <= place.start and place.start + self.touring.effort[visit] <= c for o, c in self.touring.spans[visit]
            ):
                return f"it cannot be done at {case.local(place.start)} any more"
        return ""

    def _kept(self, held: Mapping[int, int]) -> State:
        """A state in which the held visits stand to the minute: each is pinned to its people and its start."""
        pins = [
            Pin(self.problem.demands[v].visit.id, self.problem.people[self.problem.days[p.day].person].id, held[v])
            for v in held
            for p in self.old[v]
            if p.day is not None
        ]
        state = State.empty(self.touring.with_pins((*self.problem.pins, *pins)))
        by_day: dict[int, list[tuple[int, int]]] = {}
        for visit in held:
            for place in self.old[visit]:
                if place.day is not None:
                    by_day.setdefault(place.day, []).append((held[visit], visit))
        for day, entries in sorted(by_day.items()):
            put(state, day, sorted(entries), held)
        _drop_incomplete(state, held)
        return state

    def _free(self, state: State) -> list[int]:
        """What is to be placed: the dearest to leave out first."""
        price = self.touring.arrays.visits.unplaced_cents
        out = [v for v in range(len(self.problem.demands)) if v not in state.days_of]
        return sorted(out, key=lambda v: (-int(price[v]), v))

    def _room(self, state: State, random: Random) -> State:
        """Let the visits move that share days with those that are left out, but no more than brings them in."""
        possible = (v for v in self._free(state) if self._may_move(v) and v not in self._hopeless)
        out = list(islice(possible, MOST_WANTED))
        if not out:
            return state
        loose = self._in_the_way(state, out)
        kept = {v: start for v, start in self.held.items() if v not in loose}
        trial = _moved_to(self._kept(kept).touring, state, kept)
        new = sorted(set(state.days_of) - set(self.held))
        movable = sorted(loose | set(out) | set(new[:MOST_LOOSE]))
        inserter = Inserter.for_visits(trial.touring, movable, ROOM_DAYS)
        trial = make_room(inserter, trial, out, self._away_cents(movable), ROOM_SECONDS / 2)
        stop = AnyOf(MaxIterations(ROOM_STEPS), MaxSeconds(ROOM_SECONDS))
        found = improve(inserter, trial, stop, random, movable=frozenset(movable))
        if len(found.days_of) <= len(state.days_of):
            return state
        return self._worthwhile(state, found, DEAR, len(self.held))

    def _away_cents(self, movable: Sequence[int]) -> Callable[[int], int]:
        """What it costs to send a visit away for another one: nothing where it has to find a new place anyway."""
        may = frozenset(movable)
        dear, _ = self._change_prices(1)
        return lambda visit: -1 if visit not in may else dear if visit in self.held else 0

    def _in_the_way(self, state: State, out: Sequence[int]) -> set[int]:
        """The visits that may move and stand on the days that are cheapest for those that are out, day after day."""
        wanted = Inserter.for_visits(self.touring, out, ROOM_DAYS)
        loose: set[int] = set()
        for turn in range(ROOM_DAYS):
            for visit in out:
                days = wanted.days[visit]
                if turn < len(days) and len(loose) < MOST_LOOSE:
                    loose.update(v for v in state.visits_on(days[turn][2]) if self._may_move(v))
        return loose

    def _may_move(self, visit: int) -> bool:
        """Whether a visit has to find a new place anyway, or nobody was told of the one that it has."""
        return visit not in self.held or self.problem.demands[visit].visit.id not in self.promised

    def _searched(self, freedom: Freedom, stop: StopCriterion, seed: int) -> Plan:
        """A search with nothing fixed but the promises; of what it finds, what is worth its moves."""
        base = self._with_room(seed)
        who, when = self._change_prices(TIMES[freedom])
        pins = [
            Pin(self.problem.demands[v].visit.id, self.problem.people[self.problem.days[p.day].person].id, start)
            for v, start in self.held.items()
            for p in self.old[v]
            if p.day is not None and self.problem.demands[v].visit.id in self.promised
        ]
        free = replace(
            self.problem,
            pins=(*self.problem.pins, *pins),
            previous=self._previous(),
            prices=replace(self.problem.prices, change_person_cents=who, change_day_cents=when),
        )
        begun = plan_of(self.touring, base.solution(), bound=None, seed=seed, seconds=0.0, with_reasons=False)
        found = solve(free, stop, seed, start=begun, with_reasons=False)
        most = max(FEW_AT_LEAST, int(FEW_SHARE * len(self.held))) if freedom is Freedom.FEW else len(self.held)
        state = self._worthwhile(base, state_at(self.touring, found), TIMES[freedom], most)
        return self._plan_of(state, seed, found.solve_seconds)

    def _change_prices(self, times: int) -> tuple[int, int]:
        """So many times the cents of another person and of another day."""
        prices = self.problem.prices
        return (
            times * (prices.change_person_cents or CHANGE_CENTS[0]),
            times * (prices.change_day_cents or CHANGE_CENTS[1]),
        )

    def _worthwhile(self, kept: State, found: State, times: int, most: int) -> State:
        """What was found, where it saves so many times the price of what moves; the rest as it was kept."""
        who, when = self._change_prices(times)
        hour = int(HOUR_SHARE * when)
        stood = {v: ([p.day for p in self.old[v] if p.day is not None], start) for v, start in self.held.items()}

        def price(state: State, visit: int) -> int:
            if visit not in stood:
                return 0
            days, (were, start) = state.days_of.get(visit, ()), stood[visit]
            same_days = sorted(days) == sorted(were)
            if same_days and state.start_of(visit) == start:
                return 0
            if not self._may_move(visit):
                return FORBIDDEN_CENTS
            people, whose = (sorted(self.problem.days[day].person for day in some) for some in (days, were))
            return hour if same_days else when if people == whose else who

        return worthwhile(kept, settled(found, stood, hour), price, most)

    def _previous(self) -> tuple[Previous, ...]:
        """Where what could stay stood, for the price of a change; the others have to find a new place anyway."""
        found = []
        for visit in self.held:
            places = self.old[visit]
            days = [self.problem.days[place.day] for place in places if place.day is not None]
            people = tuple(self.problem.people[day.person].id for day in days)
            if days:
                ordinal = min(day.ordinal for day in days)
                found.append(Previous(self.problem.demands[visit].visit.id, people, ordinal, places[0].start))
        return tuple(found)

    def _cause(self, move: Move, freedom: Freedom) -> str:
        if move.visit_id in self.fallen:
            return self.fallen[move.visit_id]
        if move.kind is Kind.GONE:
            return "none of its machines needs it any more"
        if move.kind in {Kind.NEW, Kind.PLACED}:
            return "it is new" if move.kind is Kind.NEW else "there is room for it now"
        return "it makes room for others" if freedom is Freedom.ROOM else "the plan is cheaper with it there"


def _drop_incomplete(state: State, held: Mapping[int, int]) -> None:
    """Take out visits that lack people, or what they wait for."""
    index = state.problem.demand_index
    lacking = []
    for visit, days in state.days_of.items():
        waits = [index[v] for v in state.problem.demands[visit].visit.after if v in index]
        early = any(w not in state.days_of or held[w] + state.touring.effort[w] > held[visit] for w in waits)
        if len(days) != state.touring.people[visit] or early:
            lacking.append(visit)
    state.remove(lacking)


def _moved_to(touring: Touring, state: State, kept: Mapping[int, int]) -> State:
    """The same tours in a state with fewer pins: what is kept stands to the minute, the rest may be shifted."""
    moved = State.empty(touring)
    moved.days_of = dict(state.days_of)
    moved.fixed = dict(state.fixed)
    for tour in state.tours:
        if tour is not None:
            again = touring.tour(tour.day, tour.visits, {**state.fixed, **kept})
            moved.put(again or tour)
    return moved
