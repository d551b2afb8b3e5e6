"""What would place a visit that is left out: the smallest changes of the world, each tried for real.

For a person-day and the rules that stop the visit there, each rule is loosened just enough on a small problem of that
one day, and the day's tour is worked out anew. A change is offered only where the visit then fits. Changes are ranked
by how easily they are had (``EASE``), then by how much of them it takes, then by cents.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from muster.ids import PersonId
from muster.plan import VisitMode
from scheduler.problem import AT_HOME, Demand, Person, PersonDay, Problem, Span
from scheduler.reasons import Obstacles
from scheduler.rules import Case
from scheduler.skills import SPEAKS
from scheduler.state import State
from scheduler.tour import Tour, Touring
from scheduler.travel import Spot

EASE = (
    "overtime",
    "rest",
    "busy",
    "access",
    "cap",
    "promise",
    "travel limit",
    "excluded",
    "agreement",
    "barred",
    "partner allowed",
    "skills",
    "language",
    "person",
)
"""Kinds of change, the easiest to be had first: an hour of overtime before a word from the client before a new skill,
and one more person last."""

MOST_OVERTIME = 180
"""Nobody is asked for more minutes beyond the hours that are planned already."""

TIME_RULES = frozenset(
    {"promised start", "deadline", "length", "travel limit", "access", "busy", "rest", "reach", "room"}
)
"""Rules about which longer hours, the person's or the site's, may do something."""

MOST_DAYS_TRIED = 30
"""Person-days for which changes are tried, those with the fewest broken rules first."""

MOST_ALIKE = 2
"""Of one person's days with the same broken rules, so many are tried."""


@dataclass(frozen=True, slots=True)
class Change:
    """One way to place a visit.

    Attributes:
        kinds: of ``EASE``; more than one where one alone is not enough.
        amount: minutes that it takes, over all kinds; decides between changes of the same kinds.
        text: what to do, for the manager.
        who: who would do the visit, and when, in words.
        cents: what the plan's cost would grow by.
    """

    kinds: tuple[str, ...]
    amount: int
    text: str
    who: str
    cents: int

    @property
    def rank(self) -> tuple[int, int, int, int]:
        """Smaller is easier."""
        places = [EASE.index(kind) for kind in self.kinds]
        return len(places), sum(places), self.amount, self.cents


@dataclass(slots=True)
class _Trial:
    """One person-day with its visits and the one that is to fit in, loosened step by step."""

    case: Case
    demand: Demand
    person: Person
    day: PersonDay
    kinds: list[str]
    words: list[str]
    amount: int = 0
    pinned: bool = True


def changes_for(touring: Touring, state: State, found: Obstacles) -> list[Change]:
    """Every change that was found to place the visit, the easiest first; one for each text."""
    days = _worth_trying(touring, found)
    offered = [_change(Case(touring, found.visit, day), state, found.by_day[day]) for day in days]
    changes = [change for change in offered if change is not None]
    changes += _one_more(touring, found.visit)
    best: dict[str, Change] = {}
    for change in sorted(changes, key=lambda c: c.rank):
        best.setdefault(change.text, change)
    return list(best.values())


def _worth_trying(touring: Touring, found: Obstacles) -> list[int]:
    """Days that something keeps from taking the visit, the nearest to taking it first, few that are alike."""
    alike: Counter[tuple[int, frozenset[str]]] = Counter()
    days = []
    for day in sorted(found.by_day, key=lambda number: (len(found.by_day[number]), number)):
        kind = (touring.problem.days[day].person, frozenset(found.by_day[day]))
        alike[kind] += 1
        if found.by_day[day] and alike[kind] <= MOST_ALIKE:
            days.append(day)
    return days[:MOST_DAYS_TRIED]


def _change(case: Case, state: State, broken: Iterable[str]) -> Change | None:
    trial = _Trial(case, case.demand, case.person, case.day, [], [])
    rules = set(broken)
    if "order" in rules or case.demand.visit.people > 1:
        return None
    for rule in sorted(rules):
        _loosen(trial, rule)
    if rules & {"cap"}:
        _raise_caps(trial, state)
    tour = _fitted(trial, state, rules)
    return None if tour is None else _described(trial, state, tour)


def _loosen(trial: _Trial, rule: str) -> None:
    """Take one rule away; what that means is put into words, or, for hours, when the tour is known."""
    case, visit = trial.case, trial.demand.visit
    match rule:
        case "skills" | "language":
            _teach(trial, spoken=rule == "language")
        case "excluded":
            trial.demand = replace(trial.demand, visit=replace(visit, excluded=()))
            _say(trial, "excluded", f"{trial.person.name} might be sent there")
        case "partner allowed":
            trial.demand = replace(trial.demand, partners_allowed=True)
            _say(trial, "partner allowed", f"client {visit.client_id} allowed partners ({trial.person.partner_id})")
        case "agreement":
            trial.person = replace(trial.person, clients=None)
            _say(trial, "agreement", f"the agreement of {trial.person.partner_id} covered client {visit.client_id}")
        case "barred":
            trial.demand = replace(trial.demand, barred=())
            _say(trial, "barred", f"nothing barred {trial.person.partner_id} from {visit.site_id}")
        case "promised person" | "promised start":
            trial.pinned = False
            _say(trial, "promise", "its promise were given up")
        case "travel limit":
            trial.day = replace(trial.day, max_leg_minutes=None, max_travel_minutes=None)
            _say(trial, "travel limit", f"{trial.person.name} might travel farther on {case.date}")
        case "rest":
            trial.day = replace(trial.day, rest=None)
            _say(trial, "rest", f"{trial.person.name}'s break on {case.date} could be moved")
        case "busy":
            trial.day = replace(trial.day, blocked=())
            _say(trial, "busy", f"{trial.person.name} were free all {case.date}")


def _teach(trial: _Trial, *, spoken: bool) -> None:
    """Give the person the skills, or the languages, that are missing."""
    missing = sorted(trial.demand.visit.skills - trial.person.skills)
    lacking = [skill for skill in missing if skill.startswith(SPEAKS) is spoken]
    trial.person = replace(trial.person, skills=trial.person.skills | frozenset(lacking))
    words = " and ".join(skill.removeprefix(SPEAKS) for skill in lacking)
    if spoken:
        _say(trial, "language", f"{trial.person.name} spoke {words}")
    else:
        _say(trial, "skills", f"{trial.person.name} could do {words}")


def _say(trial: _Trial, kind: str, words: str) -> None:
    if kind not in trial.kinds:
        trial.kinds.append(kind)
        trial.words.append(words)


def _raise_caps(trial: _Trial, state: State) -> None:
    effort = trial.demand.visit.effort_minutes
    for number in trial.case.touring.caps_of(trial.case.day_number):
        cap = trial.case.problem.caps[number]
        short = state.cap_used[number] + effort - cap.minutes
        if short > 0:
            trial.amount += short
            _say(trial, "cap", f"{cap.name} were raised by {_hours(short)}")


def _fitted(trial: _Trial, state: State, rules: set[str]) -> Tour | None:
    """The day's best tour with the visit: as it is, else with overtime, else with other access hours, else both."""
    ways = ((False, False), (True, False), (False, True), (True, True)) if rules & TIME_RULES else ((False, False),)
    for overtime, access in ways:
        tour = _try(trial, state, overtime=overtime, access=access)
        if tour is not None:
            return tour
    return None


def _try(trial: _Trial, state: State, *, overtime: bool, access: bool) -> Tour | None:
    day, demand = trial.day, trial.demand
    if overtime:
        day = replace(day, overtime_minutes=day.overtime_minutes + MOST_OVERTIME)
    if not access:
        return _best_place(trial, state, day, demand)
    for span in _wider(trial, day):
        tour = _best_place(trial, state, day, replace(demand, spans=(span,)))
        if tour is not None:
            return tour
    return None


def _wider(trial: _Trial, day: PersonDay) -> Iterator[Span]:
    """Longer hours of the site on a day: a later end, an earlier beginning, then the whole day."""
    whole = Span(max(0, day.starts), min(day.latest_end, trial.case.problem.deadline))
    if whole.starts < whole.ends:
        today = [span for span in trial.demand.spans if span.starts < whole.ends and whole.starts < span.ends]
        yield from (Span(max(span.starts, whole.starts), whole.ends) for span in today)
        yield from (Span(whole.starts, min(span.ends, whole.ends)) for span in today)
        yield whole


def _best_place(trial: _Trial, state: State, day: PersonDay, demand: Demand) -> Tour | None:
    """The cheapest tour of the day's visits and this one."""
    others = [trial.case.problem.demands[v] for v in state.visits_on(trial.case.day_number)]
    small = _small(trial, day, [*others, demand])
    touring = Touring(small)
    new = len(others)
    tied = {n: state.fixed[v] for n, v in enumerate(state.visits_on(trial.case.day_number)) if v in state.fixed}
    if not touring.arrays.visits.allowed[0, new]:
        return None
    tours = [touring.tour(0, (*range(place), new, *range(place, new)), tied) for place in range(new + 1)]
    return min((tour for tour in tours if tour is not None), key=lambda tour: tour.cents, default=None)


def _small(trial: _Trial, day: PersonDay, demands: list[Demand]) -> Problem:
    """A problem of one person-day, with the spots that it needs and the same prices."""
    problem = trial.case.problem
    ids = {demand.visit.id for demand in demands}
    kept = ids if trial.pinned else ids - {trial.demand.visit.id}
    used = sorted({day.start_spot, day.end_spot, *(demand.spot for demand in demands if demand.spot != AT_HOME)})
    new = {AT_HOME: AT_HOME, **{old: number for number, old in enumerate(used)}}
    return replace(
        problem,
        demands=tuple(replace(demand, spot=new[demand.spot]) for demand in demands),
        people=(trial.person,),
        days=(replace(day, person=0, start_spot=new[day.start_spot], end_spot=new[day.end_spot]),),
        spots=tuple(problem.spots[old] for old in used),
        caps=(),
        pins=tuple(pin for pin in problem.pins if pin.visit_id in kept),
        previous=tuple(previous for previous in problem.previous if previous.visit_id in ids),
        travel=_Known(problem, tuple(used)),
    )


@dataclass(frozen=True, slots=True)
class _Known:
    """The travel that was worked out already, between some of the spots."""

    problem: Problem
    used: tuple[int, ...]

    def matrix(self, spots: Sequence[Spot]) -> NDArray[np.int16]:
        """The part of the table."""
        del spots
        return self.problem.travel_minutes[np.ix_(self.used, self.used)]


def _described(trial: _Trial, state: State, tour: Tour) -> Change:
    case = trial.case
    new = max(tour.visits)
    starts = tour.starts[tour.visits.index(new)]
    ends = starts + trial.demand.visit.effort_minutes
    late = tour.ends - trial.case.day.latest_end
    if late > 0:
        trial.amount += late
        _say(trial, "overtime", f"{case.person.name} worked {late} minutes longer on {case.date}")
    widening = _widening(case.demand.spans, Span(starts, ends))
    if widening:
        trial.amount += widening
        _say(trial, "access", _access_words(case, Span(starts, ends)))
    old = state.tours[case.day_number]
    who = f"{case.person.name}, {case.date} {case.local(starts)}"
    cents = tour.cents - (old.cents if old else 0)
    return Change(tuple(trial.kinds), trial.amount, " and ".join(trial.words), who, cents)


def _access_words(case: Case, needed: Span) -> str:
    """What the site would have to allow: an hour earlier or later than on that day, or the day at all."""
    today = [span for span in case.demand.spans if span.starts < case.day.latest_end and case.day.starts < span.ends]
    remote = case.demand.visit.mode is VisitMode.REMOTE
    given = "its machines could be touched" if remote else "access were given"
    if any(span.starts <= needed.starts < span.ends for span in today):
        return f"{given} until {case.local(needed.ends)} on {case.date}"
    if any(span.starts < needed.ends <= span.ends for span in today):
        return f"{given} from {case.local(needed.starts)} on {case.date}"
    return f"{given} {case.local(needed.starts)}-{case.local(needed.ends)} on {case.date}"


def _widening(spans: Iterable[Span], needed: Span) -> int:
    """By how many minutes the nearest span would have to grow to hold another one; its length where none is near."""
    growth = [max(0, span.starts - needed.starts) + max(0, needed.ends - span.ends) for span in spans]
    return min([*growth, 1440], default=0)


def _one_more(touring: Touring, visit: int) -> Iterator[Change]:
    """One more person who lives where the visit is, with its skills, on a day like those of the others."""
    problem, demand = touring.problem, touring.problem.demands[visit]
    if demand.visit.people > 1:
        return
    for number in _one_for_each_date(problem):
        model = problem.days[number]
        spot = model.start_spot if demand.spot == AT_HOME else demand.spot
        day = replace(model, start_spot=spot, end_spot=spot, blocked=(), fixed_cents=0)
        rates = [p.rate_cents_per_hour for p in problem.people] or [0]
        new = Person(PersonId("one more"), "one more person", demand.visit.skills, rate_cents_per_hour=min(rates))
        free = replace(demand, visit=replace(demand.visit, excluded=(), after=()))
        trial = _Trial(Case(touring, visit, number), free, new, day, [], [])
        small = Touring(_small(trial, day, [free]))
        tour = small.tour(0, (0,)) if small.arrays.visits.allowed[0, 0] else None
        if tour is not None:
            case = trial.case
            where = f" in {demand.region}" if demand.region else ""
            what = " and ".join(s for s in sorted(demand.visit.skills) if not s.startswith(SPEAKS))
            spoken = [s.removeprefix(SPEAKS) for s in sorted(demand.visit.skills) if s.startswith(SPEAKS)]
            what = f"{' and '.join(spoken)}-speaking {what}" if spoken else what
            week = model.day.isocalendar().week
            text = f"there were one more {what} engineer{where} in week {week}".replace("  ", " ")
            who = f"{case.date} {case.local(tour.starts[0])}"
            yield Change(("person",), model.ordinal, text, who, tour.cents)
            return


def _one_for_each_date(problem: Problem) -> list[int]:
    """The longest day of each date, in order of time."""
    longest: dict[int, int] = {}
    for number, day in enumerate(problem.days):
        best = longest.get(day.ordinal)
        if best is None or day.latest_end - day.starts > problem.days[best].latest_end - problem.days[best].starts:
            longest[day.ordinal] = number
    return [longest[ordinal] for ordinal in sorted(longest)]


def _hours(minutes: int) -> str:
    if minutes < 60:
        return f"{minutes} minutes"
    return f"{minutes // 60} h" + (f" {minutes % 60} min" if minutes % 60 else "")
