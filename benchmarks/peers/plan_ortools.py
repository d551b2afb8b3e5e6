# mypy: ignore-errors
"""OR-Tools routing on a generated campaign: ``python plan_ortools.py JOB.npz SECONDS SEED THREADS``; one thread.

Said exactly: who may go where, all windows, travel, the longest leg, the longest way of a day, breaks, blocked times,
call-outs, labour, continuity, overtime, what a visit that is left out costs and, where there is memory for a table for
each day, the price of a later day (else: a usual sum for each day). Caps are not said: the judge forgives them.
The search is its guided local search after insertion; the seconds begin when the model is made.
"""

import json
import sys
import time
from itertools import pairwise

from campaign_job import NEVER, Job, breaks
from ortools.constraint_solver import pywrapcp, routing_enums_pb2

STRATEGY = "LOCAL_CHEAPEST_INSERTION"


def model(job):  # noqa: ANN001, ANN201 -- the peers' environment has no checker
    """The manager and the model."""
    visits, daily = len(job.spans), job.daily(8)
    manager = pywrapcp.RoutingIndexManager(visits + 1, len(job.days), 0)
    routing = pywrapcp.RoutingModel(manager)
    times, ways, costs = {}, {}, {}
    horizon = max(day["latest"] for day in job.days)
    for number, day in enumerate(job.days):
        person = day["person"]
        if person not in times:
            table = job.minutes(person).copy()
            table[1:] += job.effort[:, None]
            times[person] = routing.RegisterTransitMatrix(table.tolist())
            ways[person] = routing.RegisterTransitMatrix(job.way(person).tolist())
        key = (person, day["ordinal"] if daily else None)
        if key not in costs:
            costs[key] = routing.RegisterTransitMatrix(job.cents(*key).tolist())
        routing.SetArcCostEvaluatorOfVehicle(costs[key], number)
        routing.SetFixedCostOfVehicle(day["fixed"] + (0 if daily else job.usual_delay(day)), number)
    of_day = [times[day["person"]] for day in job.days]
    routing.AddDimensionWithVehicleTransits(of_day, horizon, horizon, False, "time")  # noqa: FBT003 -- its signature
    limits = [NEVER if day["max_travel"] is None else day["max_travel"] for day in job.days]
    way_of_day = [ways[day["person"]] for day in job.days]
    routing.AddDimensionWithVehicleTransitAndCapacity(way_of_day, 0, limits, True, "way")  # noqa: FBT003
    _hours(job, routing)
    _visits(job, routing, manager)
    return manager, routing


def _hours(job, routing) -> None:  # noqa: ANN001
    """Shifts, overtime and breaks."""
    clock, solver = routing.GetDimensionOrDie("time"), routing.solver()
    service = [0, *job.effort.tolist()] + [0] * (2 * len(job.days))
    for number, day in enumerate(job.days):
        clock.CumulVar(routing.Start(number)).SetRange(day["starts"], day["latest"])
        clock.CumulVar(routing.End(number)).SetRange(day["starts"], day["latest"])
        rate = round(job.people[day["person"]]["overtime_rate"] / 60)
        clock.SetCumulVarSoftUpperBound(routing.End(number), day["ends"], rate)
        spans = [
            solver.FixedDurationIntervalVar(early, late, minutes, False, f"break {number} {k}")  # noqa: FBT003
            for k, (early, late, minutes) in enumerate(breaks(day))
        ]
        if spans:
            clock.SetBreakIntervalsOfVehicle(spans, number, service)


def _visits(job, routing, manager) -> None:  # noqa: ANN001
    """Windows, who may go, and the price of nobody going."""
    clock = routing.GetDimensionOrDie("time")
    days_of = {}
    for number, day in enumerate(job.days):
        days_of.setdefault(day["person"], []).append(number)
    for visit, spans in enumerate(job.spans):
        index, effort = manager.NodeToIndex(visit + 1), int(job.effort[visit])
        routing.AddDisjunction([index], int(job.unplaced[visit]))
        starts = [(opens, closes - effort) for opens, closes in spans if closes - opens >= effort]
        if not starts:
            routing.ActiveVar(index).SetValue(0)
            continue
        at = clock.CumulVar(index)
        at.SetRange(starts[0][0], starts[-1][1])
        for (_, before), (after, _) in pairwise(starts):
            at.RemoveInterval(before + 1, after - 1)
        may = [
            number
            for person, numbers in days_of.items()
            if job.allowed[person, visit]
            for number in numbers
            if any(max(opens, job.days[number]["starts"]) <= min(latest, job.days[number]["latest"] - effort)
                   for opens, latest in starts)
        ]  # fmt: skip
        routing.VehicleVar(index).SetValues([-1, *may])


def main():  # noqa: ANN201
    """Tours by day."""
    job, seconds = Job(sys.argv[1]), float(sys.argv[2])
    began = time.monotonic()
    manager, routing = model(job)
    search = pywrapcp.DefaultRoutingSearchParameters()
    search.first_solution_strategy = getattr(routing_enums_pb2.FirstSolutionStrategy, STRATEGY)
    search.local_search_metaheuristic = routing_enums_pb2.LocalSearchMetaheuristic.GUIDED_LOCAL_SEARCH
    search.time_limit.FromMilliseconds(int(1000 * seconds))
    routing.CloseModelWithParameters(search)
    built = time.monotonic() - began
    began = time.monotonic()
    solution = routing.SolveWithParameters(search)
    took = time.monotonic() - began
    routes = {}
    for number in range(len(job.days)) if solution else ():
        index = solution.Value(routing.NextVar(routing.Start(number)))
        while not routing.IsEnd(index):
            routes.setdefault(number, []).append(manager.IndexToNode(index) - 1)
            index = solution.Value(routing.NextVar(index))
    told = "" if solution else "placed nothing"
    print(json.dumps({"routes": routes, "seconds": round(took, 1), "build_s": round(built, 1), "note": told}))


if __name__ == "__main__":
    main()
