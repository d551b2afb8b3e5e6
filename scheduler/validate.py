"""The second opinion: whether a plan keeps every rule of its problem, and costs what it says.

Written from the rules in ``scheduler/problem.py`` alone. It shares no code with the searches, the rule functions or
the arrays; it knows the problem and the words of ``muster/`` and nothing else, so that a mistake made there is not
made here again. It answers with sentences and raises nothing.
"""

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

from muster.ids import PersonId, VisitId
from muster.plan import Assignment, Plan
from scheduler.problem import Demand, Person, PersonDay, Problem, Span


@dataclass(frozen=True, slots=True)
class Violation:
    """One rule that a plan breaks, in plain words."""

    rule: str
    text: str
    visit_id: VisitId | None = None
    person_id: PersonId | None = None

    def __str__(self) -> str:
        return f"{self.rule}: {self.text}"


@dataclass(frozen=True, slots=True)
class _Stop:
    """An assignment in the problem's numbers."""

    demand: Demand
    person: Person
    day_number: int
    starts: int
    ends: int
    travel_minutes: int


def violations(problem: Problem, plan: Plan) -> tuple[Violation, ...]:
    """Everything that is wrong with a plan; empty for a plan that may be dispatched."""
    found = [*_register(problem, plan), *_assignments(problem, plan)]
    stops = _stops(problem, plan)
    for stop in stops:
        found += [*_person_may(problem, stop), *_hours(problem, stop)]
    days: dict[int, list[_Stop]] = defaultdict(list)
    for stop in stops:
        days[stop.day_number].append(stop)
    homes: dict[int, tuple[int, list[int]]] = {}
    for number, on_day in sorted(days.items()):
        on_day.sort(key=lambda stop: (stop.starts, stop.ends))
        complaints, home, legs = _day(problem, number, on_day)
        found += complaints
        homes[number] = (home, legs)
    found += [*_teams(problem, plan), *_order(problem, plan), *_caps(problem, days, homes), *_pins(problem, plan)]
    if not found:
        found += _sums(problem, plan, days, homes)
    return tuple(found)


def _register(problem: Problem, plan: Plan) -> Iterator[Violation]:
    """The plan answers this problem, and each visit is either placed or left out with a reason."""
    if plan.campaign_id != problem.campaign_id:
        yield Violation("campaign", f"the plan is of campaign {plan.campaign_id}, the problem of {problem.campaign_id}")
    if list(plan.visits) != [demand.visit for demand in problem.demands]:
        yield Violation("visits", "the plan's visits are not those of the problem")
    placed = {assignment.visit_id for assignment in plan.assignments}
    told = Counter(unplaced.visit_id for unplaced in plan.unplaced)
    for visit_id in sorted(one for one, times in told.items() if times > 1):
        yield Violation("visits", f"{visit_id} is told as left out more than once", visit_id)
    for demand in problem.demands:
        visit_id = demand.visit.id
        if visit_id in placed and visit_id in told:
            yield Violation("visits", f"{visit_id} is both placed and left out", visit_id)
    missing = {demand.visit.id for demand in problem.demands} - placed - told.keys()
    for visit_id in sorted(missing):
        yield Violation("visits", f"{visit_id} is neither placed nor told as left out", visit_id)
    for unplaced in plan.unplaced:
        if not unplaced.reasons:
            yield Violation("reasons", f"{unplaced.visit_id} is left out without a reason", unplaced.visit_id)


def _assignments(problem: Problem, plan: Plan) -> Iterator[Violation]:
    """Each assignment names a visit, a person and a whole-minute span of the right length on one of the days."""
    demands = {demand.visit.id: demand for demand in problem.demands}
    people = {person.id for person in problem.people}
    for made in plan.assignments:
        about = (made.visit_id, made.person_id)
        if made.visit_id not in demands:
            yield Violation("visits", f"{made.visit_id} is placed and is no visit of the problem", *about)
            continue
        if made.person_id not in people:
            yield Violation("people", f"{made.visit_id} is given to {made.person_id}, who is not in the crew", *about)
            continue
        if (made.starts_at - problem.epoch) % timedelta(minutes=1):
            yield Violation("minutes", f"{made.visit_id} does not start on a whole minute", *about)
        effort = timedelta(minutes=demands[made.visit_id].visit.effort_minutes)
        if made.ends_at - made.starts_at != effort:
            yield Violation("effort", f"{made.visit_id} is given {made.ends_at - made.starts_at}, not {effort}", *about)
        if _day_of(problem, made) is None:
            told = f"{made.starts_at:%Y-%m-%d %H:%M} to {made.ends_at:%H:%M} UTC"
            yield Violation("shift", f"{made.person_id} does not work {told} ({made.visit_id})", *about)


def _day_of(problem: Problem, made: Assignment) -> int | None:
    """The person-day that an assignment lies in, overtime included."""
    starts, ends = _minute(problem, made.starts_at), _minute(problem, made.ends_at)
    for number in problem.days_of.get(made.person_id, ()):
        day = problem.days[number]
        if day.starts <= starts and ends <= day.ends + day.overtime_minutes:
            return number
    return None


def _minute(problem: Problem, at: datetime) -> int:
    return (at - problem.epoch) // timedelta(minutes=1)


def _stops(problem: Problem, plan: Plan) -> list[_Stop]:
    """The assignments that can be judged further."""
    demands = {demand.visit.id: demand for demand in problem.demands}
    stops = []
    for made in plan.assignments:
        number = _day_of(problem, made)
        if made.visit_id in demands and number is not None:
            person = problem.people[problem.days[number].person]
            starts, ends = _minute(problem, made.starts_at), _minute(problem, made.ends_at)
            stops.append(_Stop(demands[made.visit_id], person, number, starts, ends, made.travel_minutes))
    return stops


def _person_may(problem: Problem, stop: _Stop) -> Iterator[Violation]:
    """Skills, exclusion, the client's word on partners, and the agreement."""
    del problem
    visit, person = stop.demand.visit, stop.person
    about = (visit.id, person.id)
    for skill in sorted(visit.skills):
        if skill not in person.skills:
            yield Violation("skills", f"{visit.id} needs {skill}, which {person.name} does not have", *about)
    if person.id in visit.excluded:
        yield Violation("excluded", f"{person.name} must not do {visit.id}", *about)
    if person.partner_id is not None:
        if not stop.demand.partners_allowed:
            yield Violation("partner allowed", f"{visit.client_id} allows no partners, {visit.id} has one", *about)
        if person.clients is not None and visit.client_id not in person.clients:
            text = f"the agreement of {person.partner_id} does not cover {visit.client_id} ({visit.id})"
            yield Violation("agreement", text, *about)
        for bar in stop.demand.barred:
            if bar.partner_id == person.partner_id and bar.person_id in {None, person.id}:
                yield Violation(bar.rule, f"{bar.text} ({visit.id})", *about)


def _hours(problem: Problem, stop: _Stop) -> Iterator[Violation]:
    """Earliest, latest, deadline and the hours in which the site can be worked at."""
    visit = stop.demand.visit
    about = (visit.id, stop.person.id)
    starts_at = problem.epoch + timedelta(minutes=stop.starts)
    ends_at = problem.epoch + timedelta(minutes=stop.ends)
    if starts_at < visit.earliest:
        yield Violation("earliest", f"{visit.id} starts before {visit.earliest}", *about)
    if ends_at > visit.latest:
        yield Violation("latest", f"{visit.id} ends after {visit.latest}", *about)
    if stop.ends > problem.deadline:
        yield Violation("deadline", f"{visit.id} ends after the deadline", *about)
    if not any(span[0] <= stop.starts and stop.ends <= span[1] for span in stop.demand.spans):
        yield Violation("access", f"{visit.id} is not wholly inside one of its access hours", *about)


def _day(problem: Problem, number: int, stops: Sequence[_Stop]) -> tuple[list[Violation], int, list[int]]:
    """A person's day in its order: nothing overlaps, every way fits, a rest is left; and when the person is home."""
    day = problem.days[number]
    legs = _legs(problem, day, stops)
    found = list(_apart(stops))
    found += _told_legs(stops, legs)
    found += _leg_limits(day, stops, legs)
    for stop in stops:
        for blocked in day.blocked:
            if stop.starts < blocked.ends and blocked.starts < stop.ends:
                text = f"{stop.person.name} is busy during {stop.demand.visit.id}"
                found.append(Violation("busy", text, stop.demand.visit.id, stop.person.id))
    gaps = _gaps(day, stops)
    for (lower, upper), leg, after in zip(gaps, legs, [*stops, None], strict=True):
        if _slot(day.blocked, lower, upper, leg) is None:
            where = f"before {after.demand.visit.id}" if after else "home at the end of the day"
            text = f"{stops[0].person.name} has no {leg} minutes for the way {where} on {day.day}"
            found.append(Violation("travel", text, after.demand.visit.id if after else None, stops[0].person.id))
    home = _home(day, gaps, legs)
    if home is None and not found:
        text = f"{stops[0].person.name} has no break of {day.rest.minutes if day.rest else 0} minutes on {day.day}"
        found.append(Violation("rest", text, None, stops[0].person.id))
    return found, home if home is not None else day.ends, legs


def _legs(problem: Problem, day: PersonDay, stops: Sequence[_Stop]) -> list[int]:
    here, legs = day.start_spot, []
    for stop in stops:
        there = day.start_spot if stop.demand.spot < 0 else stop.demand.spot
        legs.append(int(problem.travel_minutes[here, there]))
        here = there
    legs.append(int(problem.travel_minutes[here, day.end_spot]))
    return legs


def _apart(stops: Sequence[_Stop]) -> Iterator[Violation]:
    for before, after in itertools.pairwise(stops):
        if after.starts < before.ends:
            text = f"{after.person.name} has {before.demand.visit.id} and {after.demand.visit.id} at the same time"
            yield Violation("overlap", text, after.demand.visit.id, after.person.id)


def _told_legs(stops: Sequence[_Stop], legs: Sequence[int]) -> Iterator[Violation]:
    for stop, leg in zip(stops, legs, strict=False):
        if stop.travel_minutes != leg:
            text = f"the way to {stop.demand.visit.id} takes {leg} minutes, and the plan says {stop.travel_minutes}"
            yield Violation("travel told", text, stop.demand.visit.id, stop.person.id)


def _leg_limits(day: PersonDay, stops: Sequence[_Stop], legs: Sequence[int]) -> Iterator[Violation]:
    person = stops[0].person
    if day.max_leg_minutes is not None and any(leg > day.max_leg_minutes for leg in legs):
        yield Violation("travel limit", f"{person.name} travels {max(legs)} minutes at once", None, person.id)
    if day.max_travel_minutes is not None and sum(legs) > day.max_travel_minutes:
        yield Violation("travel limit", f"{person.name} travels {sum(legs)} minutes on {day.day}", None, person.id)


def _gaps(day: PersonDay, stops: Sequence[_Stop]) -> list[tuple[int, int]]:
    """The time before each visit and after the last, inside the day."""
    edges = [day.starts]
    for stop in stops:
        edges += [stop.starts, stop.ends]
    edges.append(day.ends + day.overtime_minutes)
    return list(zip(edges[0::2], edges[1::2], strict=True))


def _slot(blocked: Sequence[Span], lower: int, upper: int, minutes: int) -> int | None:
    """The first start of so many free minutes between two instants."""
    candidates = [lower, *(span.ends for span in blocked if lower < span.ends <= upper)]
    for begins in sorted(candidates):
        ends = begins + minutes
        hit = minutes > 0 and any(begins < span.ends and span.starts < ends for span in blocked)
        if ends <= upper and not hit:
            return begins
    return None


def _home(day: PersonDay, gaps: Sequence[tuple[int, int]], legs: Sequence[int]) -> int | None:
    """When the person can be home at the earliest, rest included; None where no rest fits."""
    last_lower, last_upper = gaps[-1]
    begins = _slot(day.blocked, last_lower, last_upper, legs[-1])
    if begins is None:
        return None
    home = begins + legs[-1]
    if day.rest is None or any(_rests_in(day, gaps, legs, number) for number in range(len(gaps))):
        return home
    rest = day.rest
    pause = _slot(day.blocked, max(last_lower, rest.earliest), rest.latest, rest.minutes)
    begins = None if pause is None else _slot(day.blocked, pause + rest.minutes, last_upper, legs[-1])
    return None if begins is None else begins + legs[-1]


def _rests_in(day: PersonDay, gaps: Sequence[tuple[int, int]], legs: Sequence[int], number: int) -> bool:
    """Whether the rest fits into a gap beside its way, without making the last way home any later."""
    rest = day.rest
    if rest is None:
        return True
    lower, upper = gaps[number]
    last = number == len(gaps) - 1
    way = _slot(day.blocked, lower, upper, legs[number])
    if way is None:
        return False
    until = rest.latest if last else min(upper, rest.latest)
    if _slot(day.blocked, max(way + legs[number], rest.earliest), until, rest.minutes) is not None:
        return True
    if last and legs[number] > 0:
        # Before the last way only where that way need not wait for it.
        return _slot(day.blocked, max(lower, rest.earliest), min(way, rest.latest), rest.minutes) is not None
    from_ = rest.earliest if number == 0 else max(lower, rest.earliest)
    pause = _slot(day.blocked, from_, rest.latest, rest.minutes)
    if pause is None:
        return False
    return _slot(day.blocked, max(pause + rest.minutes, lower), upper, legs[number]) is not None


def _teams(problem: Problem, plan: Plan) -> Iterator[Violation]:
    """As many different people as the visit takes, all at one time."""
    made: dict[VisitId, list[Assignment]] = defaultdict(list)
    for assignment in plan.assignments:
        made[assignment.visit_id].append(assignment)
    for demand in problem.demands:
        visit, team = demand.visit, made.get(demand.visit.id, [])
        if not team:
            continue
        if len(team) != visit.people or len({a.person_id for a in team}) != visit.people:
            yield Violation("people", f"{visit.id} takes {visit.people} people and has {len(team)}", visit.id)
        if len({a.starts_at for a in team}) > 1:
            yield Violation("people", f"the people of {visit.id} do not start at the same time", visit.id)


def _order(problem: Problem, plan: Plan) -> Iterator[Violation]:
    """What a visit waits for is placed and over."""
    starts: dict[VisitId, list[Assignment]] = defaultdict(list)
    for assignment in plan.assignments:
        starts[assignment.visit_id].append(assignment)
    known = {demand.visit.id for demand in problem.demands}
    for demand in problem.demands:
        visit = demand.visit
        for before in (b for b in visit.after if b in known and starts.get(visit.id)):
            if not starts.get(before):
                yield Violation("order", f"{visit.id} waits for {before}, which is left out", visit.id)
            elif max(a.ends_at for a in starts[before]) > min(a.starts_at for a in starts[visit.id]):
                yield Violation("order", f"{visit.id} starts before {before} has ended", visit.id)


def _caps(
    problem: Problem, days: dict[int, list[_Stop]], homes: dict[int, tuple[int, list[int]]]
) -> Iterator[Violation]:
    for cap in problem.caps:
        used = 0
        for number in set(cap.days):
            used += sum(stop.ends - stop.starts for stop in days.get(number, ()))
            if cap.counts_travel and number in homes:
                used += sum(homes[number][1])
        if used > cap.minutes:
            yield Violation("cap", f"{cap.name} allows {cap.minutes} minutes, and the plan uses {used}")


def _pins(problem: Problem, plan: Plan) -> Iterator[Violation]:
    """What is promised is kept, or the visit is left out."""
    teams: dict[VisitId, list[Assignment]] = defaultdict(list)
    for assignment in plan.assignments:
        teams[assignment.visit_id].append(assignment)
    for pin in problem.pins:
        team = teams.get(pin.visit_id, [])
        if not team:
            continue
        if pin.person_id is not None and pin.person_id not in {a.person_id for a in team}:
            yield Violation("pin", f"{pin.visit_id} is promised to be done by {pin.person_id}", pin.visit_id)
        if pin.starts is not None and any(a.starts_at != problem.epoch + timedelta(minutes=pin.starts) for a in team):
            yield Violation("pin", f"{pin.visit_id} is promised for another time", pin.visit_id)


def _cents(minutes: int, per_hour: int) -> int:
    """Rounded half up, by exact fractions."""
    return int((Fraction(minutes * per_hour, 60) + Fraction(1, 2)) // 1)


def _sums(
    problem: Problem, plan: Plan, days: dict[int, list[_Stop]], homes: dict[int, tuple[int, list[int]]]
) -> Iterator[Violation]:
    """The plan costs what it says, by part, and its bound is one."""
    labour = travel = overtime = partner = 0
    for number, stops in days.items():
        day, person = problem.days[number], stops[0].person
        home, legs = homes[number]
        work = day.fixed_cents + sum(_cents(s.ends - s.starts, person.rate_cents_per_hour) for s in stops)
        way = sum(_cents(leg, person.travel_cents_per_hour) for leg in legs)
        late = _cents(max(0, home - day.ends), person.overtime_cents_per_hour)
        if person.partner_id is None:
            labour, travel, overtime = labour + work, travel + way, overtime + late
        else:
            partner += work + way + late
    told = (plan.cost.labour_cents, plan.cost.travel_cents, plan.cost.overtime_cents, plan.cost.partner_cents)
    if told != (labour, travel, overtime, partner):
        yield Violation("cost", f"the plan says it costs {told}, and it costs {(labour, travel, overtime, partner)}")
    objective = labour + travel + overtime + partner + _soft(problem, days)
    if plan.objective != objective:
        yield Violation("objective", f"the plan says {plan.objective:.0f}, and it is {objective}")
    if plan.bound is not None and plan.bound > plan.objective:
        yield Violation("bound", f"the bound {plan.bound:.0f} is above the objective {plan.objective:.0f}")


def _soft(problem: Problem, days: dict[int, list[_Stop]]) -> int:
    """What is left out, slack, continuity and changes."""
    prices, cents = problem.prices, 0
    before = {previous.visit_id: previous for previous in problem.previous}
    pinned = {pin.visit_id for pin in problem.pins}
    ordinals: dict[VisitId, int] = {}
    for number, stops in days.items():
        for stop in stops:
            visit_id, ordinal = stop.demand.visit.id, problem.days[number].ordinal
            ordinals[visit_id] = min(ordinal, ordinals.get(visit_id, ordinal))
            if stop.demand.visit.preferred and stop.person.id not in stop.demand.visit.preferred:
                cents += prices.continuity_cents
            if visit_id in before and stop.person.id not in before[visit_id].person_ids:
                cents += prices.change_person_cents
    for demand in problem.demands:
        visit_id = demand.visit.id
        if visit_id not in ordinals:
            cents += demand.unplaced_cents + (prices.pinned_cents if visit_id in pinned else 0)
            continue
        cents += demand.delay_cents_per_day * ordinals[visit_id]
        if visit_id in before and before[visit_id].ordinal != ordinals[visit_id]:
            cents += prices.change_day_cents
    return cents
