"""Parts of a large problem: tours that lie near each other, with the visits on them and days that are free nearby."""

from random import Random

import numpy as np

from scheduler.arrays import NOBODY, Ints
from scheduler.state import State
from scheduler.tour import Touring

MOST_TAKERS = 4
"""People in whose parts a visit that is out is tried, in one cut or another."""

Share = tuple[list[int], list[int]]
"""Visits and days of a part."""


def parts_of(
    touring: Touring, state: State, visits_each: int, random: Random, takers: int = MOST_TAKERS
) -> list[Share]:
    """Every visit and every day in one part, by where they are; another cut each time.

    People are put in order of the way from a random place (an axis that turns with the random numbers), and cut into
    parts with about ``visits_each`` visits. A person's days stay together. Visits that are out go to a part with one of
    the ``takers`` who live nearest.
    """
    problem = touring.problem
    count = max(1, round(len(problem.demands) / visits_each))
    homes, people = _homes(touring)
    home_of, reach = np.array(homes, dtype=np.int32), _reach(touring, people)
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
            taker = _taker(touring, visit, people, home_of, reach, takers, random)
            visits[part_of_person[taker]].append(visit)
    return [(v, d) for v, d in zip(visits, days, strict=True) if v and d]


def _taker(
    touring: Touring, visit: int, people: list[int], homes: Ints, reach: Ints, takers: int, random: Random
) -> int:
    """One of those who live nearest and may do a visit; for a visit from home anybody who may.

    Where there is a choice, in half of the cases only those count who may go so far at once: others come there at best
    by way of other visits.
    """
    able = np.flatnonzero(touring.arrays.visits.allowed[people, visit])
    if not len(able):
        return people[0]
    spot = touring.spot[visit]
    if spot == NOBODY:
        return people[int(random.choice(able))]
    away = touring.arrays.travel[spot, homes[able]]
    far_enough = np.flatnonzero(away <= reach[able])
    if takers > 1 and len(far_enough) and random.random() < 0.5:
        able, away = able[far_enough], away[far_enough]
    nearest = able[np.argsort(away, kind="stable")[:takers]]
    return people[int(random.choice(nearest))]


def _reach(touring: Touring, people: list[int]) -> Ints:
    """How many minutes each may go from home at once, on the day on which it is most."""
    days = touring.arrays.days
    farthest = np.zeros(max(people, default=0) + 1, dtype=np.int64)
    np.maximum.at(farthest, days.person, np.minimum(days.max_leg, days.max_travel // 2))
    return farthest[people].astype(np.int64)


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
