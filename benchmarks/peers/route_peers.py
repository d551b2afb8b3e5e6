# mypy: ignore-errors
"""PyVRP, OR-Tools routing and VROOM on one published instance; runs in the peers' own environment.

``python route_peers.py pyvrp|ortools|vroom FILE SECONDS SEED`` prints one line of JSON. The file is Solomon's format;
distances are tenths, cut off, as for Muster.
"""

import json
import math
import sys
from pathlib import Path


def read(file):  # noqa: ANN001, ANN201 -- the peers' environment has no checker
    """Vehicles, capacity and the customers (first the depot), all in tenths."""
    lines = [line.split() for line in Path(file).read_text().splitlines() if line.strip()]
    numbers = [[int(word) for word in words] for words in lines if all(word.lstrip("-").isdigit() for word in words)]
    places = [
        (x, y, demand, 10 * ready, 10 * due, 10 * service) for _, x, y, demand, ready, due, service in numbers[1:]
    ]
    away = [[int(10 * math.dist(one[:2], other[:2]) + 1e-9) for other in places] for one in places]
    return numbers[0][0], numbers[0][1], places, away


def pyvrp(vehicles, capacity, places, away, seconds, seed):  # noqa: ANN001, ANN201 -- the peers' environment has no checker
    """PyVRP."""
    import pyvrp
    from pyvrp.stop import MaxRuntime

    model = pyvrp.Model()
    spots = [model.add_location(x=place[0], y=place[1]) for place in places]
    depot = model.add_depot(spots[0], tw_early=0, tw_late=places[0][4])
    model.add_vehicle_type(vehicles, capacity=capacity, start_depot=depot, end_depot=depot, tw_late=places[0][4])
    for spot, (_, _, demand, ready, due, service) in zip(spots[1:], places[1:], strict=True):
        model.add_client(spot, delivery=demand, tw_early=ready, tw_late=due, service_duration=service)
    for i, one in enumerate(spots):
        for j, other in enumerate(spots):
            if i != j:
                model.add_edge(one, other, distance=away[i][j], duration=away[i][j])
    result = model.solve(stop=MaxRuntime(seconds), seed=seed, display=False)
    return result.cost() / 10 if result.is_feasible() else None


def ortools(vehicles, capacity, places, away, seconds, seed):  # noqa: ANN001, ANN201, ARG001 -- the peers' environment has no checker
    """OR-Tools routing with guided local search."""
    from ortools.constraint_solver import pywrapcp, routing_enums_pb2

    manager = pywrapcp.RoutingIndexManager(len(places), vehicles, 0)
    routing = pywrapcp.RoutingModel(manager)
    cost = routing.RegisterTransitMatrix(away)
    time = routing.RegisterTransitMatrix(
        [[leg + place[5] for leg in row] for row, place in zip(away, places, strict=True)]
    )
    demand = routing.RegisterUnaryTransitVector([place[2] for place in places])
    routing.SetArcCostEvaluatorOfAllVehicles(cost)
    routing.AddDimension(time, places[0][4], places[0][4], False, "time")  # noqa: FBT003 -- its own signature
    routing.AddDimension(demand, 0, capacity, True, "load")  # noqa: FBT003 -- its own signature
    times = routing.GetDimensionOrDie("time")
    for node in range(1, len(places)):
        times.CumulVar(manager.NodeToIndex(node)).SetRange(places[node][3], places[node][4])
    search = pywrapcp.DefaultRoutingSearchParameters()
    search.first_solution_strategy = routing_enums_pb2.FirstSolutionStrategy.PARALLEL_CHEAPEST_INSERTION
    search.local_search_metaheuristic = routing_enums_pb2.LocalSearchMetaheuristic.GUIDED_LOCAL_SEARCH
    search.time_limit.seconds = int(seconds)
    solution = routing.SolveWithParameters(search)
    return solution.ObjectiveValue() / 10 if solution else None


def vroom(vehicles, capacity, places, away, seconds, seed):  # noqa: ANN001, ANN201, ARG001 -- the peers' environment has no checker
    """VROOM at its highest exploration, which ends by itself, or when the time is over."""
    from datetime import timedelta

    import numpy as np
    import vroom

    problem = vroom.Input()
    problem.set_durations_matrix(profile="car", matrix_input=np.array(away, dtype=np.uint32))
    for number in range(vehicles):
        problem.add_vehicle(vroom.Vehicle(number, start=0, end=0, capacity=[capacity], time_window=[0, places[0][4]]))
    for number, (_, _, demand, ready, due, service) in enumerate(places):
        if number:
            window = [vroom.TimeWindow(ready, due)]
            problem.add_job(
                vroom.Job(number, location=number, default_service=service, delivery=[demand], time_windows=window)
            )
    solution = problem.solve(exploration_level=5, nb_threads=1, timeout=timedelta(seconds=seconds))
    return None if solution.summary.unassigned else solution.summary.duration / 10


if __name__ == "__main__":
    contestant = {"pyvrp": pyvrp, "ortools": ortools, "vroom": vroom}[sys.argv[1]]
    print(json.dumps({"distance": contestant(*read(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]))}))
