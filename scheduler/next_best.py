"""Who else could do a visit, and for how much more: beside what is planned, else in the place of something that moves.

Where nobody else has room as the plan stands, one visit of somebody's day is taken out, the asked-for one put in, and
the other placed anew wherever it is cheapest. What is told is what was found so; where nothing is found, the rules
that keep everybody else away are counted person by person, so that "nobody" always says why.
"""

from collections import Counter
from dataclasses import dataclass

from muster.words import amount
from scheduler.insertion import Inserter, Offer
from scheduler.problem import PersonDay
from scheduler.rules import PLAN_RULES, Case, broken
from scheduler.state import State
from scheduler.tour import Touring

MOST_DAYS = 25
"""Person-days that are tried with something else moved, the cheapest for the visit first."""

WORDS = {
    "skills": "lack a skill",
    "language": "do not speak the language",
    "excluded": "must not be sent there",
    "partner allowed": "are partners, whom the client does not allow",
    "agreement": "are of a partner whose agreement does not cover the client",
    "barred": "are barred there",
    "promised person": "were not promised",
    "promised start": "do not work at the promised time",
    "travel limit": "live too far away",
    "cap": "have no hours left",
    "room": "have no room left",
    "order": "have no room left",
}
"""What keeps people away, as the end of a sentence; other rules are about hours."""


@dataclass(frozen=True, slots=True)
class NextBest:
    """Another way to do a visit.

    Attributes:
        cents: what the plan would cost more than with the visit left out.
        moved: the visit that goes elsewhere for it, by index; None where nothing need move.
        moved_to: where to.
    """

    day: int
    starts: int
    cents: int
    moved: int | None = None
    moved_to: tuple[int, int] | None = None


def beside(touring: Touring, without: State, visit: int) -> list[NextBest]:
    """Every day that takes the visit as the plan stands without it, the cheapest first."""
    found = [_of_offer(visit, offer) for offer in _offers(touring, without, visit)]
    return sorted(found, key=lambda one: (one.cents, one.day))


def in_place_of(touring: Touring, without: State, visit: int, not_person: int) -> NextBest | None:
    """The cheapest way for somebody else to do it when one other visit goes elsewhere; None where none was found."""
    inserter = Inserter.for_visits(touring, [visit])
    days = [day for *_, day in inserter.days[visit] if touring.problem.days[day].person != not_person]
    best: NextBest | None = None
    for day in days[:MOST_DAYS]:
        for other in without.visits_on(day):
            found = None if other in touring.tied else _swapped(touring, without, visit, other, day)
            if found is not None and (best is None or found.cents < best.cents):
                best = found
    return best


def nobody_else(touring: Touring, without: State, visit: int, not_person: int) -> str:
    """Why nobody else can: everybody by the rule that keeps them away on the day on which least does."""
    days: dict[int, list[int]] = {}
    for number, day in enumerate(touring.problem.days):
        if day.person != not_person:
            days.setdefault(day.person, []).append(number)
    counts: Counter[str] = Counter()
    for numbers in days.values():
        sets = [broken(Case(touring, visit, number), without) for number in numbers]
        nearest = min(sets, key=lambda rules: (len(rules), not rules.keys() <= PLAN_RULES.keys()))
        rule = next(iter(nearest), "room")
        counts[WORDS.get(rule, "do not work when it can be done")] += 1
    if not counts:
        return "nobody else works before the deadline"
    told = ", ".join(f"{count} {_singular(words) if count == 1 else words}" for words, count in counts.most_common())
    return f"nobody else can: of the others {told}"


def _singular(words: str) -> str:
    verb, _, rest = words.partition(" ")
    return f"{ {'are': 'is', 'have': 'has', 'do': 'does', 'were': 'was', 'must': 'must'}.get(verb, verb + 's') } {rest}"


def at_the_same_time(touring: Touring, state: State, visit: int) -> list[NextBest]:
    """Everybody else who could do a tied visit when it is now, in the place of its first person; the cheapest first.

    What it is tied to stays where it is: the visits before and after it, and the others who come with that person.
    """
    day, *together = state.days_of[visit]
    tour = state.tours[day]
    if tour is None:
        return []
    start = tour.starts[tour.visits.index(visit)]
    without = state.copy()
    others = tuple(v for v in tour.visits if v != visit)
    alone = touring.tour(day, others, state.fixed)
    if alone is None:
        return []
    without.put(alone)
    del without.days_of[visit]
    without.fixed[visit] = start
    people = {touring.problem.days[number].person for number in (day, *together)}
    found = [_of_offer(visit, offer) for offer in _offers(touring, without, visit)]
    others_free = [one for one in found if one.starts == start and touring.problem.days[one.day].person not in people]
    return sorted(others_free, key=lambda one: (one.cents, one.day))


def _offers(touring: Touring, state: State, visit: int) -> list[Offer]:
    return Inserter.for_visits(touring, [visit]).offers(state, visit, limit=100_000, everything=True)


def _of_offer(visit: int, offer: Offer) -> NextBest:
    tour = offer.tours[0]
    return NextBest(tour.day, tour.starts[tour.visits.index(visit)], offer.cents)


def _swapped(touring: Touring, without: State, visit: int, other: int, day: int) -> NextBest | None:
    """The visit on a day instead of another one, and that one where it is cheapest then."""
    state = without.copy()
    before = _cents(state)
    state.remove([other])
    inserter = Inserter.for_visits(touring, [visit, other])
    here = [
        offer for offer in inserter.offers(state, visit, limit=100_000, everything=True) if offer.tours[0].day == day
    ]
    if not here:
        return None
    state.place(visit, here[0].tours)
    starts = here[0].tours[0].starts[here[0].tours[0].visits.index(visit)]
    there = inserter.best(state, other)
    if there is None:
        return None
    state.place(other, there.tours)
    gone_to = there.tours[0]
    cents = _cents(state) - before
    return NextBest(day, starts, cents, other, (gone_to.day, gone_to.starts[gone_to.visits.index(other)]))


def _cents(state: State) -> int:
    return sum(tour.cents for tour in state.tours if tour is not None)


def told(touring: Touring, visit: int, found: NextBest, cents: int) -> str:
    """The next best in words, against what the visit costs now."""
    case = Case(touring, visit, found.day)
    difference = found.cents - cents
    price = (
        f"{amount(difference)} more" if difference >= 0 else f"{amount(-difference)} less, which the search overlooked"
    )
    where = f"{case.person.name}, {case.date} {case.local(found.starts)}"
    if found.moved is None or found.moved_to is None:
        return f"the next best is {where}, for {price}"
    other = Case(touring, found.moved, found.moved_to[0])
    moved = f"{other.demand.visit.id} goes to {other.person.name}, {other.date} {other.local(found.moved_to[1])}"
    return f"nobody else has room as the plan stands; {where} could if {moved}, for {price}"


def same_person(touring: Touring, found: list[NextBest], day: PersonDay) -> NextBest | None:
    """The cheapest other day of the same person."""
    days = touring.problem.days
    others = [one for one in found if days[one.day].person == day.person and days[one.day].day != day.day]
    return min(others, key=lambda one: (one.cents, one.day), default=None)
