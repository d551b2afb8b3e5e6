"""How much of each tour the linear program over all that are known takes: about, and within seconds.

The simplex method wants hours for the program of ten thousand visits and a quarter of a million tours. Google's
first-order method (PDLP; Applegate and others 2021) comes near its solution in seconds, and rounding needs no more.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray
from ortools.math_opt import model_pb2
from ortools.math_opt.python import mathopt
from ortools.pdlp import solvers_pb2
from ortools.util.python.solve_interrupter import SolveInterrupter

from scheduler.search.pricing import UNITS
from scheduler.search.records import Ints
from scheduler.search.shelf import Shelf, spread
from scheduler.search.taken import untied
from scheduler.state import State
from scheduler.tour import Touring

Floats = NDArray[np.float64]

FAR_CENTS = 30_000
"""Tours that gain less than nothing by more than that are not in the program: the prices are rough themselves."""

DEARER, DEARER_CENTS = 1.5, 3_000
"""A visit may be left out for so many times its price, and so much more: its true one is a hundred times as high,
and so large numbers among small ones would double the seconds."""

EXACT = 1e-3
"""How far the program may be from solved, as a share."""

COST_UNIT, CAP_UNIT = 100.0, 60.0
"""Cents, and minutes, that are one in the program: its numbers are then of one size."""

POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Shares:
    """What the program takes of each tour.

    Attributes:
        tours: their numbers on the shelf.
        share: of each.
        left_out: of each visit.
    """

    tours: Ints
    share: Floats
    left_out: Floats


def shares_of(
    shelf: Shelf,
    worth: Ints,
    cap_price: Ints,
    best: State,
    seconds: float,
    threads: int,
    over: Callable[[], bool],
) -> Shares | None:
    """The program's solution; None where there was no time for it.

    Args:
        shelf: the tours.
        worth: about what each visit is worth, in sixtieths of a cent.
        cap_price: about what a minute of each cap is.
        best: whose tours of days with tied visits stay.
        seconds: for it, at most.
        threads: that compute at the same time.
        over: asked now and then.
    """
    touring = best.touring
    gains = shelf.all_gains(worth, shelf.gains(worth, cap_price), cap_price)
    model = _model(touring, shelf, np.flatnonzero(gains >= -UNITS * FAR_CENTS), worth, best)
    if not len(model.tours):
        return None
    taken = _solved(model.proto, seconds, threads, over)
    if taken is None:
        return None
    return Shares(model.tours, taken[: len(model.tours)], taken[len(model.tours) :])


@dataclass(frozen=True, slots=True)
class _Model:
    """The program, and which tours its first variables are; the others are visits that are left out."""

    proto: model_pb2.ModelProto
    tours: Ints


def _model(touring: Touring, shelf: Shelf, near: Ints, worth: Ints, best: State) -> _Model:
    """Every visit on a tour or left out, one tour a day, caps: as far as days with tied visits leave them open."""
    table, visits, begins, lengths = shelf.laid_out()
    begun = untied(touring, best)
    closed_day, closed = np.zeros(shelf.days, dtype=np.bool_), np.zeros(len(worth), dtype=np.bool_)
    closed_day[[tour.day for tour in begun.tours if tour is not None]] = True
    closed[[*touring.tied, *begun.days_of]] = True
    tours = near[~closed_day[table[near, 0]]]
    on, place = spread(begins[tours], lengths[tours])
    visit = visits[place]
    on, visit = on[~closed[visit]], visit[~closed[visit]]
    day, cents, effort, travel = table[tours].T
    counted, share = spread(shelf.cap_offsets[day], shelf.cap_offsets[day + 1] - shelf.cap_offsets[day])
    cap = shelf.cap_of[share].astype(np.int64)
    minutes = effort[counted] + travel[counted] * shelf.counts_travel[cap]
    left = np.array([limit.minutes for limit in touring.problem.caps]) - np.array(begun.cap_used)
    dearest = np.minimum(touring.arrays.visits.unplaced_cents, DEARER * worth / UNITS + DEARER_CENTS)

    count, out, days, caps = len(tours), len(worth), shelf.days, len(left)
    proto = model_pb2.ModelProto()
    proto.variables.ids.extend(range(count + out))
    proto.variables.lower_bounds.extend(np.zeros(count + out))
    proto.variables.upper_bounds.extend(np.ones(count + out))
    proto.variables.integers.extend([False] * (count + out))
    proto.objective.linear_coefficients.ids.extend(range(count + out))
    proto.objective.linear_coefficients.values.extend(np.concatenate((cents, dearest)) / COST_UNIT)
    rows = proto.linear_constraints
    rows.ids.extend(range(out + days + caps))
    rows.lower_bounds.extend(np.concatenate((np.where(closed, 0.0, 1.0), np.full(days + caps, -np.inf))))
    rows.upper_bounds.extend(np.concatenate((np.full(out, np.inf), np.ones(days), np.maximum(0, left) / CAP_UNIT)))
    row = np.concatenate((visit, np.arange(out), out + day, out + days + cap))
    column = np.concatenate((on, count + np.arange(out), np.arange(count), counted))
    coefficient = np.concatenate((np.ones(len(visit) + out + count), minutes / CAP_UNIT))
    order = np.lexsort((column, row))
    proto.linear_constraint_matrix.row_ids.extend(row[order])
    proto.linear_constraint_matrix.column_ids.extend(column[order])
    proto.linear_constraint_matrix.coefficients.extend(coefficient[order])
    return _Model(proto, tours)


def _solved(proto: model_pb2.ModelProto, seconds: float, threads: int, over: Callable[[], bool]) -> Floats | None:
    """The values of the variables; None where there was no time for them."""
    method = solvers_pb2.PrimalDualHybridGradientParams()
    method.termination_criteria.simple_optimality_criteria.eps_optimal_relative = EXACT
    method.termination_criteria.simple_optimality_criteria.eps_optimal_absolute = EXACT
    limit = mathopt.SolveParameters(threads=threads, pdlp=method, time_limit=timedelta(seconds=max(0.01, seconds)))
    interrupter, done = SolveInterrupter(), threading.Event()

    def watch() -> None:
        while not done.wait(POLL_SECONDS):
            if over():
                interrupter.interrupt()
                return

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        model = mathopt.Model.from_model_proto(proto)
        result = mathopt.solve(model, mathopt.SolverType.PDLP, params=limit, interrupter=interrupter)
    finally:
        done.set()
        watcher.join()
    if result.termination.reason != mathopt.TerminationReason.OPTIMAL:
        return None
    values = result.variable_values()
    return np.fromiter(values.values(), dtype=np.float64, count=len(values))
