"""Which resources are tight: what one more hour of somebody's week would be worth, by the relaxation's prices."""

from dataclasses import dataclass

from muster.ids import PersonId
from scheduler.bound import day_prices
from scheduler.insertion import Inserter
from scheduler.left_out import euros
from scheduler.problem import Problem
from scheduler.tour import Touring

WORTH_TELLING_CENTS = 100
"""Prices per hour below this are noise."""


@dataclass(frozen=True, slots=True)
class Tight:
    """One person's week: how much the objective would fall for each hour more, as far as the relaxation sees.

    It sees skills, hours and the shortest ways, and no order of visits: a price says where to look, not what is
    saved to the cent.
    """

    person_id: PersonId
    year: int
    week: int
    cents_per_hour: int
    text: str


def tight(problem: Problem, seconds: float = 5.0) -> tuple[Tight, ...]:
    """The weeks that are worth more hours, the dearest first; empty where nobody's time is short."""
    touring = Touring(problem)
    inserter = Inserter(touring)
    days_of = inserter.possible_days()
    prices = day_prices(touring, days_of, seconds)
    best: dict[tuple[int, int, int], float] = {}
    for number, day in enumerate(problem.days):
        year, week, _ = day.day.isocalendar()
        key = (day.person, year, week)
        best[key] = max(best.get(key, 0.0), float(prices[number]) * 60)
    found = []
    for (person, year, week), cents in best.items():
        if cents >= WORTH_TELLING_CENTS:
            who = problem.people[person]
            text = f"an hour more of {who.name} in week {week} is worth about {euros(round(cents))}"
            found.append(Tight(who.id, year, week, round(cents), text))
    return tuple(sorted(found, key=lambda t: (-t.cents_per_hour, t.year, t.week, t.person_id)))
