"""Parts of a large problem: tours that lie near each other, with the visits on them and days that are free nearby."""

from random import Random

import numpy as np

from scheduler.search.takers import Takers
from scheduler.state import State
from scheduler.tour import Touring

Share = tuple[list[int], list[int]]
"""Visits and days of a part."""


def parts_of(
    touring: Touring, state: State, visits_each: int, random: Random, takers: Takers | None = None
) -> list[Share]:
    """Every visit and every day in one part, by where they are; another cut each time.

    People are put in order of the way from a random place (an axis that turns with the random numbers), and cut into
    parts with about ``visits_each`` visits. A person's days stay together. Visits that are out go to the part of one
    whom the ``takers`` draw, or, where there are none, of whoever lives nearest.
    """
    problem = touring.problem
    count = max(1, round(len(problem.demands) / visits_each))
    homes, people = _homes(touring)
    nearby = Takers(touring) if takers is None else takers
    part_of_person = _cut(touring, state, people, homes, count, random)
    visits: list[list[int]] = [[] for _ in range(count)]
    days: list[list[int]] = [[] for _ in range(count)]
    for number, day in enumerate(problem.days):
        days[part_of_person[day.person]].append(number)
    for visit in range(len(problem.demands)):
        if visit in touring.tied:
            continue
        placed = state.days_of.get(visit)
        if placed is not None:
            visits[part_of_person[problem.days[placed[0]].person]].append(visit)
        else:
            taker = nearby.nearest(visit) if takers is None else takers.draw(visit, random)
            visits[part_of_person[taker]].append(visit)
    return [(v, d) for v, d in zip(visits, days, strict=True) if v and d]


def _homes(touring: Touring) -> tuple[list[int], list[int]]:
    """Where people begin their days, and who they are."""
    home = {day.person: day.start_spot for day in touring.problem.days}
    people = sorted(home)
    return [home[person] for person in people], people


def _cut(
    touring: Touring, state: State, people: list[int], homes: list[int], count: int, random: Random
) -> dict[int, int]:
    """The part of each person: halves of halves, each cut across the way between two far ends."""
    load = dict.fromkeys(people, 0)
    for tour in state.tours:
        if tour is not None:
            load[touring.problem.days[tour.day].person] += len(tour.visits)
    home = dict(zip(people, homes, strict=True))
    groups = [(people, count)]
    done: list[list[int]] = []
    while groups:
        group, pieces = groups.pop()
        if pieces <= 1 or len(group) < 2:
            done.append(group)
            continue
        first, second = _halves(touring, group, home, load, (pieces // 2) / pieces, random)
        groups += [(first, pieces // 2), (second, pieces - pieces // 2)]
    return {person: number for number, group in enumerate(done) for person in group}


def _halves(
    touring: Touring,
    group: list[int],
    home: dict[int, int],
    load: dict[int, int],
    share: float,
    random: Random,
) -> tuple[list[int], list[int]]:
    """Two groups that hold about ``share`` and the rest of the visits."""
    travel = touring.arrays.travel
    spots = np.array([home[person] for person in group])
    one = home[random.choice(group)]
    other = int(spots[travel[one, spots].argmax()])
    keys = travel[one, spots].astype(np.int64) - travel[other, spots]
    order = sorted(range(len(group)), key=lambda k: (keys[k], random.random()))
    total = sum(load[person] + 1 for person in group)
    so_far = 0
    first: list[int] = []
    for k in order[:-1]:
        if so_far >= share * total and first:
            break
        so_far += load[group[k]] + 1
        first.append(group[k])
    chosen = set(first)
    return first, [person for person in group if person not in chosen]
