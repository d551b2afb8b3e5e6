# mypy: ignore-errors
"""PyVRP on a generated campaign: ``python plan_pyvrp.py JOB.npz SECONDS SEED THREADS``; it has one thread.

Said exactly: who may go where on which day, all windows, travel, the longest leg, call-outs, labour, continuity,
overtime, the price of a later day and of leaving a visit out. For that every person-day is a kind of vehicle with
tables of its own, all on one clock of 24 hours, and a visit with several windows a day is a group of which one may be
visited. It has no breaks and no blocked times: a day is shorter by as much, and what does not fit is put right by the
judge. It does not know the longest way of a day nor caps. Without memory for the tables there is no answer.
"""

import json
import sys
import time

import numpy as np
import pyvrp
from campaign_job import Job
from pyvrp.stop import MaxRuntime

DAY = 1440
TOO_DEAR = 50_000_000
"""Cents of a way to a visit that the day or the person cannot take: more than leaving everything there out."""


def hours(spans):  # noqa: ANN001, ANN201 -- the peers' environment has no checker
    """The distinct windows within a day, and the dates on which each is open."""
    found = {}
    for opens, closes in spans:
        date = opens // DAY
        found.setdefault((opens - date * DAY, closes - date * DAY), set()).add(date)
    return found


def vehicle(job, number):  # noqa: ANN001, ANN201
    """One person-day; it leaves when the shift begins, so that what comes after the shift is overtime."""
    day = job.days[number]
    offset = day["ordinal"] * DAY
    away = sum(ends - starts for starts, ends in day["blocked"]) + (day["rest"][0] if day["rest"] else 0)
    starts = day["starts"] - offset
    return pyvrp.VehicleType(
        num_available=1,
        tw_early=starts,
        start_late=starts,
        tw_late=day["latest"] - offset - away,
        shift_duration=max(0, day["ends"] - day["starts"] - away),
        max_overtime=day["latest"] - day["ends"],
        unit_overtime_cost=round(job.people[day["person"]]["overtime_rate"] / 60),
        fixed_cost=day["fixed"],
        unit_distance_cost=1,
        profile=number,
    )


def model(job):  # noqa: ANN001, ANN201
    """The problem in its words; and the visit of each of its clients. A location is a visit with one set of dates."""
    places, clients, groups, visit_of = [-1], [], [], []
    dates = [None]
    for visit, spans in enumerate(job.spans):
        mine, location_of = [], {}
        for (opens, closes), on in hours(spans).items():
            effort = int(job.effort[visit])
            if closes - opens < effort:
                continue
            if frozenset(on) not in location_of:
                location_of[frozenset(on)] = len(places)
                places.append(visit)
                dates.append(frozenset(on))
            mine.append(len(clients))
            visit_of.append(visit)
            clients.append((location_of[frozenset(on)], effort, opens, closes - effort, int(job.unplaced[visit])))
        groups.append(mine)
    if len(job.days) * len(places) ** 2 * 16 > 6000 * 2**20:
        raise SystemExit(
            f"{len(job.days)} tables of {len(places)} places: {len(job.days) * len(places) ** 2 * 16 / 1e9:.0f} GB"
        )
    made, group_of = [], {}
    for mine in groups:
        if len(mine) > 1:
            made.append(mine)
            group_of.update(dict.fromkeys(mine, len(made) - 1))
    nodes = np.array([0, *(visit + 1 for visit in places[1:])])
    cents, minutes = [], []
    minutes_of = {}
    for day in job.days:
        person = day["person"]
        if person not in minutes_of:
            minutes_of[person] = np.ascontiguousarray(job.way(person)[np.ix_(nodes, nodes)])
        table = job.cents(person, day["ordinal"])[np.ix_(nodes, nodes)]
        never = job.minutes(person)[np.ix_(nodes, nodes)] > DAY
        closed = [
            k for k in range(1, len(places)) if day["ordinal"] not in dates[k] or not job.allowed[person, places[k]]
        ]
        table[never] = TOO_DEAR
        table[:, closed] = TOO_DEAR
        np.fill_diagonal(table, 0)
        cents.append(table)
        minutes.append(minutes_of[person])
    data = pyvrp.ProblemData(
        locations=[pyvrp.Location(0, 0) for _ in places],
        clients=[
            pyvrp.Client(
                location, service_duration=effort, tw_early=opens, tw_late=latest, prize=prize, required=False,
                group=group_of.get(number),
            )
            for number, (location, effort, opens, latest, prize) in enumerate(clients)
        ],
        depots=[pyvrp.Depot(0)],
        vehicle_types=[vehicle(job, number) for number in range(len(job.days))],
        distance_matrices=cents,
        duration_matrices=minutes,
        groups=[pyvrp.ClientGroup(mine, required=False) for mine in made],
    )  # fmt: skip
    return data, visit_of


def main():  # noqa: ANN201
    """Tours by day."""
    job, seconds, seed = Job(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
    data, visit_of = model(job)
    began = time.monotonic()
    result = pyvrp.solve(data, MaxRuntime(seconds), seed=seed, display=False)
    took = time.monotonic() - began
    routes = {
        route.vehicle_type(): [visit_of[stop.idx] for stop in route if stop.is_client()]
        for route in result.best.routes()
    }
    print(json.dumps({"routes": routes, "seconds": round(took, 1), "iterations": result.num_iterations}))


if __name__ == "__main__":
    main()
