"""The prices of visits that the bound begins with: from a plan, low enough that no day gains much by them."""

import numpy as np

from scheduler.arrays import NOBODY
from scheduler.insertion import Inserter
from scheduler.search.pricing import UNITS
from scheduler.search.records import Ints
from scheduler.state import Solution
from scheduler.tour import Touring

MOST_TRIED = 200
"""Days on which a visit that is left out is tried by itself."""


def first_prices(touring: Touring, plan: Solution) -> Ints:
    """What a plan saves without each visit, and no more than it would cost alone; in sixtieths of a cent."""
    return np.minimum(savings(touring, plan), alone(touring, plan))


def savings(touring: Touring, solution: Solution) -> Ints:
    """What a plan's tours would save without each visit, in sixtieths of a cent: the first prices."""
    people = np.array(touring.people, dtype=np.int64)
    worth = UNITS * touring.arrays.visits.unplaced_cents // np.maximum(1, people)
    for tour in solution.tours:
        for place, visit in enumerate(tour.visits):
            rest = touring.tour(tour.day, (*tour.visits[:place], *tour.visits[place + 1 :]))
            if rest is not None:
                worth[visit] = min(int(worth[visit]), UNITS * max(0, tour.cents - rest.cents))
    return worth


def alone(touring: Touring, plan: Solution) -> Ints:
    """About what each visit would cost on a day of its own, in sixtieths of a cent: it is worth no more than that.

    A piece may lack the people for a visit that others could do on an empty day; its prices then are far too high. For
    visits that are left out it is made sure that there is such a day.
    """
    visits, days, travel = touring.arrays.visits, touring.arrays.days, touring.arrays.travel
    cents = np.full(len(visits.effort), 2**40, dtype=np.int64)
    for person, start, end in {
        *zip(days.person.tolist(), days.start_spot.tolist(), days.end_spot.tolist(), strict=True)
    }:
        first = int(np.flatnonzero(days.person == person)[0])
        spot = np.where(visits.spot == NOBODY, start, visits.spot)
        way = travel[start, spot].astype(np.int64) + travel[spot, end]
        price = visits.placing_cents[person] + way * int(days.travel_cents_per_hour[first]) // 60
        price += int(days.fixed_cents[first])
        cents = np.where(visits.allowed[person], np.minimum(cents, price), cents)
    used = {tour.day for tour in plan.tours}
    placed = {visit for tour in plan.tours for visit in tour.visits}
    out = [v for v in range(len(cents)) if v not in placed]
    inserter = Inserter.for_visits(touring, out)
    for visit in out:
        empty = [day for *_, day in inserter.days[visit] if day not in used][:MOST_TRIED]
        tours = (touring.tour(day, (visit,)) for day in empty)
        cents[visit] = next((tour.cents for tour in tours if tour is not None), 2**40)
    return UNITS * cents
