"""A bound at prices that are given: every day is priced at them, and nothing is looked for.

Prices that took an hour to be found prove their bound again within minutes, and none of it has to be believed. Any
prices prove a bound, where no visit is worth more than what leaving it out costs; and what a day is thought to gain
only tells sooner which tours cannot gain more.
"""

import time
from collections.abc import Callable

import numpy as np

from scheduler.search.everyday import MOST_SEEDS, Everyday
from scheduler.search.gathering import Prices
from scheduler.search.lower import Bounded, dearest_of, lagrangian
from scheduler.search.pricing import UNITS
from scheduler.search.records import Ints
from scheduler.search.tracks import Crowd, cores
from scheduler.tour import Touring

NODES = (16_000, 64_000, 300_000)
"""Beginnings of tours that are looked at for one day: more each time, on the days that were too hard before."""


def must_fit(touring: Touring, prices: Prices, thought: Ints) -> None:
    """ValueError where these prices prove nothing about this problem."""
    sizes = len(touring.problem.demands), len(touring.problem.caps), len(touring.problem.days)
    given = prices.worth.shape, prices.cap.shape, thought.shape
    if given != tuple((size,) for size in sizes):
        told = "{} visits, {} caps and {} days".format
        raise ValueError(f"prices of {told(*map(np.prod, given))} do not fit {told(*sizes)}")
    too_dear = np.flatnonzero(prices.worth > dearest_of(touring))
    if len(too_dear):
        visit = touring.problem.demands[too_dear[0]].visit.id
        raise ValueError(f"{visit} is worth more than what leaving it out costs, so that nothing is proved")
    below = np.flatnonzero(prices.cap < 0)
    if len(below):
        raise ValueError(f"a minute of cap {below[0]} has a price below 0, so that nothing is proved")


def prove_at(
    touring: Touring,
    prices: Prices,
    thought: Ints,
    threads: int | None = None,
    heard: Callable[[int, int], None] | None = None,
) -> Bounded:
    """What these prices prove.

    Args:
        touring: of the problem.
        prices: of its visits and caps.
        thought: by day, what its best tour is thought to gain (sixtieths of a cent): where it gains less, the bound is
            that much lower than it could be; where more, that is found.
        threads: that compute at the same time; as many as there are cores where it is not said.
        heard: told every better bound, and how many days may gain less than is counted.

    Raises:
        ValueError: they are prices of another problem.
    """
    must_fit(touring, prices, thought)
    began, looks = time.monotonic(), 0
    people = np.array(touring.people, dtype=np.int64)
    limits = np.array([cap.minutes for cap in touring.problem.caps], dtype=np.int64)
    crowd = Crowd(cores() if threads is None else threads)
    try:
        everyday = Everyday(touring, crowd)
        everyday.price(prices.worth, prices.cap, thought, NODES[0], lambda _: False)
        hard = np.flatnonzero(everyday.tours[::MOST_SEEDS, -1])
        while True:
            looks, gain = looks + 1, everyday.gain.copy()
            bound = lagrangian(people, limits, prices.worth, prices.cap, gain)
            seconds = time.monotonic() - began
            made = Bounded.at(bound, bound / UNITS, looks, seconds, (prices.worth, gain, prices.cap))
            if heard is not None:
                heard(made.cents, len(hard))
            if not len(hard) or looks >= len(NODES):
                return made
            exact = everyday.price_again(hard, prices.worth, prices.cap, thought, gain, NODES[looks], lambda _: False)
            hard = hard[~exact]
    finally:
        crowd.close()
