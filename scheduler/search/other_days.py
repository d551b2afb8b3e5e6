"""The same tour on other days of the same person, where that promises more than what is known of them."""

from scheduler.search.columns import Column
from scheduler.search.pricing import UNITS
from scheduler.search.records import Ints
from scheduler.tour import Touring

MOST_OTHERS = 3
"""Other days of the same person on which a new tour is tried."""


class OtherDays:
    """The days of each person, and what it costs when visits are later."""

    def __init__(self, touring: Touring) -> None:
        self.delay, self.ordinal = touring.arrays.visits.delay_cents_per_day, touring.arrays.days.ordinal.tolist()
        self.person = touring.arrays.days.person.tolist()
        self.days_of: dict[int, list[int]] = {}
        for number, person in enumerate(self.person):
            self.days_of.setdefault(person, []).append(number)

    def of(self, column: Column, cents: int, worth: Ints, day_price: Ints) -> list[Column]:
        """A tour on the days where it gains most beyond their prices, as far as can be told without looking.

        Args:
            column: the tour.
            cents: what it costs.
            worth: of visits, in sixtieths of a cent.
            day_price: of days.
        """
        day, visits = column
        chosen = list(visits)
        gain, delay = int(worth[chosen].sum()) - UNITS * cents, UNITS * int(self.delay[chosen].sum())
        gains = []
        for other in self.days_of[self.person[day]]:
            more = gain - delay * (self.ordinal[other] - self.ordinal[day]) - int(day_price[other])
            if other != day and more > 0:
                gains.append((-more, other))
        return [(other, visits) for _, other in sorted(gains)[:MOST_OTHERS]]
