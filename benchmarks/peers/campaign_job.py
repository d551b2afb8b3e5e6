# mypy: ignore-errors
"""A generated campaign as the peers need it: the file that Muster's benchmark writes, and its tables.

Runs in the peers' own environment and imports nothing of Muster. Node 0 of a person's tables is that person's home,
node ``v + 1`` is visit ``v``; a remote visit stands at the home, whosever that is. Every price that a way can carry is
in the cents of the way that leads to a visit: travel, labour, continuity and, in a day's own table, delay.
"""

import json
from pathlib import Path

import numpy as np

NEVER = 10_000
"""Minutes of a way that nobody goes: longer than the leg that the person accepts."""

TABLES_MB = 6000
"""A table for each person-day is made up to so many megabytes; beyond that one for each person, without delay."""


class Job:
    """What the file says."""

    def __init__(self, file) -> None:  # noqa: ANN001 -- the peers' environment has no checker
        data = np.load(file)
        self.travel, self.spot, self.effort = data["travel"], data["spot"], data["effort"]
        self.placing, self.allowed = data["placing"].astype(np.int64), data["allowed"]
        self.unplaced, self.delay = data["unplaced"].astype(np.int64), data["delay"].astype(np.int64)
        words = json.loads(Path(file).with_suffix(".json").read_text())
        self.days, self.people, self.spans = words["days"], words["people"], words["spans"]
        self.priority = words["priority"]
        self.ways = {}

    def way(self, person):  # noqa: ANN001, ANN201
        """[V + 1, V + 1] minutes, without the limit on a leg; that of the last person who was asked for is kept."""
        if person not in self.ways:
            home = self.people[person]["home"]
            spots = np.concatenate(([home], np.where(self.spot < 0, home, self.spot)))
            self.ways = {person: self.travel[np.ix_(spots, spots)].astype(np.int64)}
        return self.ways[person]

    def minutes(self, person):  # noqa: ANN001, ANN201
        """The same; a leg that the person does not accept takes for ever."""
        limit = self.people[person]["max_leg"]
        way = self.way(person)
        return way if limit is None else np.where(way > limit, NEVER, way)

    def cents(self, person, ordinal=None):  # noqa: ANN001, ANN201
        """[V + 1, V + 1] cents of each way and the visit it leads to; with delay where a day is named."""
        table = (self.way(person) * self.people[person]["travel_rate"] + 30) // 60
        table[:, 1:] += self.placing[person]
        if ordinal is not None:
            table[:, 1:] += self.delay * ordinal
        np.fill_diagonal(table, 0)
        return table

    def daily(self, bytes_each):  # noqa: ANN001, ANN201
        """Whether there is memory for a table for each person-day, at so many bytes for each of its ways."""
        return len(self.days) * len(self.way(0)) ** 2 * bytes_each <= TABLES_MB * 2**20

    def usual_delay(self, day, visits=5):  # noqa: ANN001, ANN201
        """Where delay is in no table: what a usual day of so many visits pays for it."""
        return round(visits * float(self.delay.mean()) * day["ordinal"])


def crowds(job):  # noqa: ANN001, ANN201
    """A number for each distinct set of people who may do a visit: by visit, and the numbers of each person."""
    distinct, number = np.unique(job.allowed.T, axis=0, return_inverse=True)
    number = number.reshape(-1)
    return number.tolist(), [np.flatnonzero(distinct[:, person]).tolist() for person in range(len(job.people))]


def breaks(day):  # noqa: ANN001, ANN201
    """Earliest start, latest start and minutes of all breaks of a day, in order.

    They must be told apart: whether the rest comes before or after a meeting is chosen by where there is more room.
    """
    fixed = [(starts, starts, ends - starts) for starts, ends in day["blocked"]]
    if day["rest"] is None:
        return fixed
    minutes, early, late = day["rest"][0], day["rest"][1], day["rest"][2] - day["rest"][0]
    for starts, ends in day["blocked"]:
        if starts - early >= day["rest"][2] - ends:
            late = min(late, starts - minutes)
        else:
            early = max(early, ends)
    return sorted([*fixed, (early, max(early, late), minutes)])
