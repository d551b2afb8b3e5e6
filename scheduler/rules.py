"""The rules, one function each: may this visit be done on that person-day?

Each looks at one thing and takes everything else as given; it answers None where the rule holds, else one sentence
with names and figures. ``DAY_RULES`` need only the problem; ``PLAN_RULES`` need the plan as it stands. The searches
obey the same rules by ``scheduler/tour.py`` and ``scheduler/arrays.py``; these functions explain.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from muster.plan import VisitMode
from scheduler.localtime import zone
from scheduler.problem import AT_HOME, Demand, Person, PersonDay, Problem, Span
from scheduler.skills import SPEAKS
from scheduler.spans import without
from scheduler.state import State
from scheduler.tour import Touring


@dataclass(frozen=True, slots=True)
class Case:
    """One visit on one person-day."""

    touring: Touring
    visit: int
    day_number: int

    @property
    def problem(self) -> Problem:
        """The problem."""
        return self.touring.problem

    @property
    def demand(self) -> Demand:
        """The visit."""
        return self.problem.demands[self.visit]

    @property
    def day(self) -> PersonDay:
        """The day."""
        return self.problem.days[self.day_number]

    @property
    def person(self) -> Person:
        """Who works on it."""
        return self.problem.people[self.day.person]

    def local(self, minute: int, form: str = "%H:%M") -> str:
        """A minute in the site's local time."""
        return self.problem.at(minute).astimezone(zone(self.demand.timezone)).strftime(form)

    @property
    def date(self) -> str:
        """The day in words, such as ``Mon 19 Oct``."""
        return f"{datetime(self.day.day.year, self.day.day.month, self.day.day.day):%a %d %b}"  # noqa: DTZ001 - a date


DayRule = Callable[[Case], str | None]
PlanRule = Callable[[Case, State], str | None]


def skills(case: Case) -> str | None:
    """The person has every skill that the visit asks for."""
    missing = sorted(skill for skill in case.demand.visit.skills - case.person.skills if not skill.startswith(SPEAKS))
    return f"{case.person.name} has no {' and no '.join(missing)}" if missing else None


def language(case: Case) -> str | None:
    """The person speaks what the site asks for."""
    missing = sorted(case.demand.visit.skills - case.person.skills)
    unspoken = [skill.removeprefix(SPEAKS) for skill in missing if skill.startswith(SPEAKS)]
    return f"{case.person.name} does not speak {' and '.join(unspoken)}" if unspoken else None


def excluded(case: Case) -> str | None:
    """The person is not one of those who must not do this visit."""
    return f"{case.person.name} must not be sent there" if case.person.id in case.demand.visit.excluded else None


def partner_allowed(case: Case) -> str | None:
    """The client lets partners in, where the person is of one."""
    if case.person.partner_id is not None and not case.demand.partners_allowed:
        return f"client {case.demand.visit.client_id} does not allow partners ({case.person.partner_id})"
    return None


def agreement(case: Case) -> str | None:
    """The partner's agreement covers the client, where the person is of a partner."""
    covered = case.person.clients
    if case.person.partner_id is not None and covered is not None and case.demand.visit.client_id not in covered:
        return f"the agreement of {case.person.partner_id} does not cover client {case.demand.visit.client_id}"
    return None


def barred(case: Case) -> str | None:
    """Nothing bars the person's partner from the site: the client's wish, competition, its region, service levels."""
    found = [one for one in case.demand.barred if one.bars(case.person.partner_id, case.person.id)]
    return "; ".join(f"{one.rule}: {one.text}" for one in found) if found else None


def promised_person(case: Case) -> str | None:
    """The person is one of those who are promised, where everybody of the visit is promised."""
    named = {pin.person_id for pin in case.touring.pins.get(case.visit, ()) if pin.person_id is not None}
    if len(named) >= case.demand.visit.people and case.person.id not in named:
        return f"{' and '.join(sorted(str(n) for n in named))} is promised to do it"
    return None


def promised_start(case: Case) -> str | None:
    """The promised start lies inside the visit's own spans and the person's day."""
    effort = case.demand.visit.effort_minutes
    for pin in case.touring.pins.get(case.visit, ()):
        if pin.starts is None:
            continue
        told = case.local(pin.starts, "%a %d %b %H:%M")
        if not any(s.starts <= pin.starts and pin.starts + effort <= s.ends for s in case.demand.spans):
            return f"it is promised for {told}, when it cannot be done"
        if not (case.day.starts <= pin.starts and pin.starts + effort <= case.day.latest_end):
            return f"it is promised for {told}, when {case.person.name} does not work"
    return None


def length(case: Case) -> str | None:
    """The visit and its travel are not longer than the day, overtime included."""
    away = _way(case)
    needed = case.demand.visit.effort_minutes + away
    room = case.day.latest_end - case.day.starts
    if needed > room:
        travel = f" and {away} minutes of travel" if away else ""
        return (
            f"it takes {case.demand.visit.effort_minutes} minutes{travel}, and {case.person.name}'s {case.date} "
            f"has {room} minutes"
        )
    return None


def travel_limit(case: Case) -> str | None:
    """No leg is longer than the person's limit, nor both together than the day's."""
    there, back = _legs(case)
    leg, day = case.day.max_leg_minutes, case.day.max_travel_minutes
    if leg is not None and max(there, back) > leg:
        return f"the way takes {max(there, back)} minutes, and {case.person.name} goes {leg} at most"
    if day is not None and there + back > day:
        return (
            f"the way there and back takes {there + back} minutes, and {case.person.name} travels {day} a day at most"
        )
    return None


def deadline(case: Case) -> str | None:
    """There is a span of the visit, before the deadline, that is long enough for it."""
    effort = case.demand.visit.effort_minutes
    if any(span.ends - span.starts >= effort for span in case.demand.spans):
        return None
    end = case.local(case.problem.deadline, "%a %d %b %H:%M")
    longest = max((span.ends - span.starts for span in case.demand.spans), default=0)
    if longest:
        return f"it takes {effort} minutes, and the longest time in which it can be done before {end} has {longest}"
    return f"there is no time in which it can be done before {end}"


def access(case: Case) -> str | None:
    """On that day the visit's own hours and the person's overlap for long enough, as far as either lets them."""
    hours = Span(case.day.starts, case.day.latest_end)
    longest = max((span.ends - span.starts for span in case.demand.spans), default=0)
    effort = min(case.demand.visit.effort_minutes, hours.ends - hours.starts, longest)
    shared = [_overlap(span, hours) for span in case.demand.spans]
    if any(span.ends - span.starts >= effort for span in shared) or not case.demand.spans:
        return None
    today = [s for s in case.demand.spans if s.starts < hours.ends + 720 and hours.starts - 720 < s.ends]
    if not today:
        return f"{_closed_words(case)} on {case.date}"
    opened = ", ".join(dict.fromkeys(f"{case.local(s.starts)}-{case.local(s.ends)}" for s in today))
    works = f"{case.local(hours.starts)}-{case.local(hours.ends)}"
    return (
        f"it can be done {opened}, and {case.person.name} works {works} on {case.date}: no {effort} minutes in common"
    )


def _closed_words(case: Case) -> str:
    remote = case.demand.visit.mode is VisitMode.REMOTE
    return "its machines have no maintenance hours" if remote else "the site lets nobody in"


def busy(case: Case) -> str | None:
    """The person's calendar leaves a free stretch that is long enough."""
    free = without(Span(case.day.starts, case.day.latest_end), case.day.blocked)
    effort = min(case.demand.visit.effort_minutes, case.day.latest_end - case.day.starts)
    if case.day.blocked and all(span.ends - span.starts < effort for span in free):
        spans = ", ".join(f"{case.local(s.starts)}-{case.local(s.ends)}" for s in case.day.blocked)
        return f"{case.person.name} is busy {spans} on {case.date}"
    return None


def rest(case: Case) -> str | None:
    """The day has room for the break that is due."""
    due = case.day.rest
    if due is None or _alone(case) or not _alone(case, without_rest=True):
        return None
    return f"it leaves {case.person.name} no break of {due.minutes} minutes on {case.date}"


def reach(case: Case) -> str | None:
    """What hours, calendar, access and travel each allow by themselves meets, were the day empty."""
    by_itself = (promised_start, deadline, length, travel_limit, access, busy, rest)
    if any(rule(case) is not None for rule in by_itself) or _alone(case):
        return None
    there, back = _legs(case)
    return (
        f"with {there} minutes there and {back} back {case.person.name} cannot be there in time on {case.date}"
        if there + back
        else f"{case.person.name}'s free time and the visit's hours do not meet on {case.date}"
    )


def cap(case: Case, state: State) -> str | None:
    """Every agreement and weekly limit still has room."""
    effort = case.demand.visit.effort_minutes
    for number in case.touring.caps_of(case.day_number):
        limit = case.problem.caps[number]
        travel = _way(case) if limit.counts_travel and state.tours[case.day_number] is None else 0
        left = limit.minutes - state.cap_used[number]
        if effort + travel > left:
            return f"{limit.name} has {left} of {limit.minutes} minutes left, and it takes {effort + travel}"
    return None


def order(case: Case, state: State) -> str | None:
    """What it waits for is placed, and over in time."""
    effort = case.touring.effort
    for before in case.demand.visit.after:
        number = case.problem.demand_index.get(before)
        if number is None:
            continue
        if number not in state.days_of:
            return f"it waits for {before}, which is not placed"
        tour = state.tours[state.days_of[number][0]]
        over = tour.starts[tour.visits.index(number)] + effort[number] if tour else 0
        if not any(max(s.starts, over) + effort[case.visit] <= s.ends for s in case.demand.spans):
            return f"it waits for {before}, which ends {case.local(over, '%a %d %b %H:%M')}, and then it is too late"
    return None


def room(case: Case, state: State) -> str | None:
    """The visits that are on the day already leave room for it."""
    there = state.visits_on(case.day_number)
    fits = any(
        case.touring.tour(case.day_number, (*there[:place], case.visit, *there[place:]), state.fixed) is not None
        for place in range(len(there) + 1)
    )
    if fits:
        return None
    return f"{case.person.name} is full on {case.date} ({len(there)} visit{'s' if len(there) != 1 else ''})"


DAY_RULES: dict[str, DayRule] = {
    "skills": skills,
    "language": language,
    "excluded": excluded,
    "partner allowed": partner_allowed,
    "agreement": agreement,
    "barred": barred,
    "promised person": promised_person,
    "promised start": promised_start,
    "deadline": deadline,
    "length": length,
    "travel limit": travel_limit,
    "access": access,
    "busy": busy,
    "rest": rest,
    "reach": reach,
}
"""By name, in the order in which they are told."""

PLAN_RULES: dict[str, PlanRule] = {"order": order, "cap": cap, "room": room}
"""Rules that look at the other visits of the plan."""


def broken(case: Case, state: State | None = None) -> dict[str, str]:
    """Every rule that stops a visit on a day, with its sentence; rules of the plan only where those of the day hold."""
    said = {name: rule(case) for name, rule in DAY_RULES.items()}
    found = {name: sentence for name, sentence in said.items() if sentence is not None}
    if state is not None and not found:
        told = {name: rule(case, state) for name, rule in PLAN_RULES.items()}
        found = {name: sentence for name, sentence in told.items() if sentence is not None}
    return found


def _legs(case: Case) -> tuple[int, int]:
    if case.demand.spot == AT_HOME:
        return 0, case.problem.minutes_between(case.day.start_spot, case.day.end_spot)
    there = case.problem.minutes_between(case.day.start_spot, case.demand.spot)
    return there, case.problem.minutes_between(case.demand.spot, case.day.end_spot)


def _way(case: Case) -> int:
    return sum(_legs(case))


def _overlap(one: Span, other: Span) -> Span:
    return Span(max(one.starts, other.starts), min(one.ends, other.ends))


def _alone(case: Case, *, without_rest: bool = False) -> bool:
    """Whether the visit can be done were the day empty; skills and promises of people are not looked at."""
    if not without_rest or case.day.rest is None:
        return case.touring.tour(case.day_number, (case.visit,)) is not None
    return case.touring.tour_on(replace(case.day, rest=None), case.day_number, (case.visit,)) is not None
