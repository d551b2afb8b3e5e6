# mypy: ignore-errors
"""VROOM on a generated campaign: ``python plan_vroom.py JOB.npz SECONDS SEED THREADS``; 0 seconds: until it ends.

Said exactly: who may go where, all windows, travel, the longest leg, the longest way of a day, breaks, blocked times,
call-outs, labour, continuity and, where there is memory for a table for each day, the price of a later day (else: a
usual sum for each day). It does not know overtime's price (the hours are there) nor caps. Who may do a visit is a skill
for each distinct crowd. What may be left out is told by priorities. It has no seed.
"""

import json
import sys
import time
from datetime import timedelta

import numpy as np
import vroom
from campaign_job import Job, breaks, crowds

HIGHEST = 5


def model(job):  # noqa: ANN001, ANN201 -- the peers' environment has no checker
    """The problem in its words."""
    problem, daily = vroom.Input(), job.daily(8)
    of_visit, of_person = crowds(job)
    names = set()
    for number, day in enumerate(job.days):
        person = day["person"]
        name = f"day {number}" if daily else f"person {person}"
        if name not in names:
            names.add(name)
            problem.set_durations_matrix(name, (60 * job.minutes(person)).astype(np.uint32))
            problem.set_costs_matrix(name, job.cents(person, day["ordinal"] if daily else None).astype(np.uint32))
        problem.add_vehicle(
            vroom.Vehicle(
                number,
                start=0,
                end=0,
                profile=name,
                skills=set(of_person[person]),
                time_window=[60 * day["starts"], 60 * day["latest"]],
                breaks=[
                    vroom.Break(k, time_windows=[vroom.TimeWindow(60 * early, 60 * late)], service=60 * minutes)
                    for k, (early, late, minutes) in enumerate(breaks(day))
                ],
                costs=vroom.VehicleCosts(fixed=day["fixed"] + (0 if daily else job.usual_delay(day))),
                max_travel_time=None if day["max_travel"] is None else 60 * day["max_travel"],
            )
        )
    for visit, spans in enumerate(job.spans):
        effort = int(job.effort[visit])
        windows = [vroom.TimeWindow(60 * opens, 60 * (closes - effort)) for opens, closes in spans]
        if windows:
            problem.add_job(
                vroom.Job(
                    visit,
                    location=visit + 1,
                    default_service=60 * effort,
                    skills={of_visit[visit]},
                    priority=20 * (6 - job.priority[visit]),
                    time_windows=windows,
                )
            )
    return problem


def main():  # noqa: ANN201
    """Tours by day."""
    job, seconds, threads = Job(sys.argv[1]), float(sys.argv[2]), int(sys.argv[4])
    problem = model(job)
    began = time.monotonic()
    limit = timedelta(seconds=seconds) if seconds else None
    solution = problem.solve(exploration_level=HIGHEST, nb_threads=threads, timeout=limit)
    took = time.monotonic() - began
    stops = solution.routes[solution.routes["type"] == "job"]
    routes = {int(day): [int(visit) for visit in part["id"]] for day, part in stops.groupby("vehicle_id")}
    print(json.dumps({"routes": routes, "seconds": round(took, 1)}))


if __name__ == "__main__":
    main()
