# mypy: ignore-errors
"""VROOM on a generated campaign; runs in the peers' own environment: ``python plan_vroom.py JOB.json THREADS``.

It knows time windows, skills, travel, breaks, blocked times, the call-out and the price of travel. It does not know
overtime, the price of a later day, continuity, caps or what an hour of different people costs in a visit; labour is
given as its cost per vehicle cannot be: not at all. Who may do a visit is a skill of its own for each distinct crowd.
"""

import json
import sys

import numpy as np
import vroom


def solve(job, threads):  # noqa: ANN001, ANN201 -- the peers' environment has no checker
    """Visits by day, in their order."""
    problem = vroom.Input()
    problem.set_durations_matrix(profile="car", matrix_input=np.array(job["travel"], dtype=np.uint32) * 60)
    for number, day in enumerate(job["days"]):
        breaks = [
            vroom.Break(k, time_windows=[vroom.TimeWindow(60 * early, 60 * late)], service=60 * minutes)
            for k, (early, late, minutes) in enumerate(day["breaks"])
        ]
        problem.add_vehicle(
            vroom.Vehicle(
                number,
                start=day["start_spot"],
                end=day["end_spot"],
                skills=set(day["skills"]),
                time_window=[60 * day["starts"], 60 * day["latest"]],
                breaks=breaks,
                costs=vroom.VehicleCosts(fixed=day["fixed"], per_hour=day["rate"]),
            )
        )
    for number, visit in enumerate(job["visits"]):
        windows = [vroom.TimeWindow(60 * early, 60 * late) for early, late in visit["windows"]]
        if windows:
            problem.add_job(
                vroom.Job(
                    number,
                    location=visit["spot"],
                    default_service=60 * visit["effort"],
                    skills=set(visit["skills"]),
                    priority=visit["priority"],
                    time_windows=windows,
                )
            )
    solution = problem.solve(exploration_level=job["exploration"], nb_threads=threads)
    routes = solution.routes
    routes = routes[routes["type"] == "job"]
    return {int(day): [int(visit) for visit in part["id"]] for day, part in routes.groupby("vehicle_id")}


if __name__ == "__main__":
    with open(sys.argv[1]) as file:  # noqa: PTH123 -- a plain script
        print(json.dumps(solve(json.load(file), int(sys.argv[2]))))
