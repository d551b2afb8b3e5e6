"""Why a visit is left out: the rules that stop it, counted over everybody's days, the nearest way in first."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from muster.plan import Reason
from scheduler.problem import Problem
from scheduler.rules import Case, broken
from scheduler.state import State
from scheduler.tour import Touring

MOST_DAYS = 400
"""Person-days that are looked at for one visit; of more, so many spread evenly over all."""

HARDNESS = {
    **dict.fromkeys(("room", "cap", "order"), 0),
    **dict.fromkeys(("rest", "busy", "access", "promised start", "promised person"), 1),
    **dict.fromkeys(("reach", "length", "deadline", "travel limit"), 2),
}
"""What stands in the way only as the plan is comes first, then hours, then ways; a word or a skill comes last."""

ABOUT_PEOPLE = frozenset(
    {"skills", "language", "excluded", "partner allowed", "agreement", "barred", "promised person"}
)
"""Rules that stop somebody on every day alike: people are counted for them, and not days."""

NOBODY_WORKS = "nobody works"
"""The rule that is named where there is no person-day at all."""


@dataclass(frozen=True, slots=True)
class Obstacles:
    """What stops one visit.

    Attributes:
        by_day: each person-day that was looked at, with its broken rules and their sentences.
        minimal: the smallest set of rules without which some day could take the visit; of several such sets the one
            that is easiest to lift, then the one that holds for most days. Empty where some day could take it as it is.
    """

    visit: int
    by_day: dict[int, dict[str, str]]
    minimal: frozenset[str]

    def nearest_days(self) -> list[int]:
        """The days that only the minimal set keeps from taking the visit."""
        return [day for day, rules in self.by_day.items() if frozenset(rules) == self.minimal]


def obstacles(touring: Touring, state: State, visit: int) -> Obstacles:
    """Look at every person-day for one visit, as the plan stands."""
    days = _spread(range(len(touring.problem.days)))
    by_day = {day: broken(Case(touring, visit, day), state) for day in days}
    sets = Counter(frozenset(rules) for rules in by_day.values())
    minimal = min(
        sets, key=lambda rules: (len(rules), _hardness(rules), -sets[rules], sorted(rules)), default=frozenset[str]()
    )
    return Obstacles(visit, by_day, minimal)


def _hardness(rules: frozenset[str]) -> int:
    """How hard it is to lift the hardest of some rules: a full day before hours, hours before words and skills."""
    return max((HARDNESS.get(rule, len(HARDNESS)) for rule in rules), default=0)


def reasons_for(found: Obstacles, problem: Problem) -> tuple[Reason, ...]:
    """One reason for each rule that stops the visit; those of the minimal set first, then by the days they stop."""
    if not problem.days:
        return (Reason(NOBODY_WORKS, _nobody(problem), "add people, or move the deadline"),)
    if not found.minimal:
        return (Reason("price", "it could be done, but the search found no better plan with it in the time it had"),)
    counts = Counter(rule for rules in found.by_day.values() for rule in rules)
    rules = sorted(counts, key=lambda rule: (rule not in found.minimal, -counts[rule], rule))
    told = tuple(Reason(rule, _sentence(found, problem, rule)) for rule in rules)
    return (*told, *_kept_out(found, problem))


def _kept_out(found: Obstacles, problem: Problem) -> tuple[Reason, ...]:
    """Who has the skills and is not in the plan's world at all: partners without vetting, agreement or insurance."""
    skills = problem.demands[found.visit].visit.skills
    names: dict[str, list[str]] = {}
    for person in problem.left_out:
        if skills <= person.skills:
            names.setdefault(person.reason, []).append(person.name)
    return tuple(Reason("kept out", f"{', '.join(who)} cannot be sent: {why}") for why, who in names.items())


def _sentence(found: Obstacles, problem: Problem, rule: str) -> str:
    """The rule's sentence for the most telling day, and for how many others it holds."""
    stopped = [day for day, rules in found.by_day.items() if rule in rules]
    telling = [day for day in found.nearest_days() if rule in found.by_day[day]]
    sentences = Counter(found.by_day[day][rule] for day in telling or stopped)
    sentence = sentences.most_common(1)[0][0]
    return f"{sentence}{_how_many(found, problem, rule, stopped)}"


def _how_many(found: Obstacles, problem: Problem, rule: str, stopped: Sequence[int]) -> str:
    """Of how many people a rule about a person holds; of how many working days any other one does."""
    if rule in ABOUT_PEOPLE:
        people = {problem.days[day].person for day in found.by_day}
        these = {problem.days[day].person for day in stopped}
        of = f"all {len(people)}" if these == people else f"{len(these)} of {len(people)}"
        return f" (so it is with {of} people)" if len(these) > 1 else ""
    if len(found.by_day) == 1:
        return ""
    of = f"all {len(stopped)}" if len(stopped) == len(found.by_day) else f"{len(stopped)} of {len(found.by_day)}"
    return f" (on {of} working days)"


def _nobody(problem: Problem) -> str:
    out = "; ".join(f"{person.name}: {person.reason}" for person in problem.left_out[:3])
    return f"nobody works before the deadline{': ' + out if out else ''}"


def _spread(days: Sequence[int]) -> Sequence[int]:
    if len(days) <= MOST_DAYS:
        return days
    return sorted({days[len(days) * k // MOST_DAYS] for k in range(MOST_DAYS)})
