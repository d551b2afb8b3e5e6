"""VROOM, PyVRP and OR-Tools routing on a generated campaign: what they are given, and what their tours are worth.

Each peer is told all that it can express (``benchmarks/peers/plan_*.py`` say what that is) over the same travel,
windows, people and shifts. Its tours are then judged by Muster's prices: a visit that breaks a rule that the peer does
not know is taken out, every visit that is out is offered to every day again, and ``scheduler/validate.py`` judges what
comes of it. Caps are forgiven the peers, and counted.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from benchmarks.common import Row
from scheduler.assemble import plan_of
from scheduler.search import insert_left_out
from scheduler.search.part import apply_routes
from scheduler.state import State
from scheduler.tour import Touring
from scheduler.validate import violations

CAMPAIGN_PEERS = ("vroom", "pyvrp", "ortools")


def write_job(touring: Touring, file: Path) -> None:
    """The campaign for ``benchmarks/peers/campaign_job.py``: tables in ``file``, words beside it."""
    arrays, problem = touring.arrays, touring.problem
    of_visit = arrays.visits
    np.savez(
        file,
        travel=arrays.travel,
        spot=of_visit.spot,
        effort=of_visit.effort,
        placing=of_visit.placing_cents,
        allowed=of_visit.allowed,
        unplaced=of_visit.unplaced_cents,
        delay=of_visit.delay_cents_per_day,
    )
    homes = {day.person: day.start_spot for day in problem.days}
    assert all(day.start_spot == day.end_spot == homes[day.person] for day in problem.days), "one home for each"
    legs = {day.person: day.max_leg_minutes for day in problem.days}
    words = {
        "people": [
            {
                "home": homes.get(number, 0),
                "max_leg": legs.get(number),
                "travel_rate": person.travel_cents_per_hour,
                "overtime_rate": person.overtime_cents_per_hour,
            }
            for number, person in enumerate(problem.people)
        ],
        "days": [
            {
                "person": day.person,
                "ordinal": day.ordinal,
                "starts": day.starts,
                "ends": day.ends,
                "latest": day.latest_end,
                "fixed": day.fixed_cents,
                "max_travel": day.max_travel_minutes,
                "blocked": day.blocked,
                "rest": None if day.rest is None else (day.rest.minutes, day.rest.earliest, day.rest.latest),
            }
            for day in problem.days
        ],
        "spans": [
            [(opens, closes) for opens, closes in touring.spans[v] if closes - opens >= touring.effort[v]]
            for v in range(len(problem.demands))
        ],
        "priority": [demand.visit.priority for demand in problem.demands],
    }
    file.with_suffix(".json").write_text(json.dumps(words))


def placed_cost(state: State) -> int:
    """The cost without the price of what is left out: of two plans that leave out the same, what can differ."""
    prices = state.touring.arrays.visits.unplaced_cents
    left_out = sum(int(prices[v]) for v in range(len(prices)) if v not in state.days_of)
    return state.objective() - left_out


def judged(touring: Touring, routes: Mapping[str, Sequence[int]]) -> Row:
    """A peer's tours by Muster's prices."""
    state = State.empty(touring)
    dropped = 0
    for name, visits in routes.items():
        day = int(name)
        kept: list[int] = []
        for visit in visits:
            fits = touring.arrays.visits.allowed[touring.problem.days[day].person, visit]
            if fits and touring.tour(day, [*kept, visit]) is not None:
                kept.append(visit)
        dropped += len(visits) - len(kept)
        apply_routes(state, {day: kept})
    insert_left_out(touring, state, 1)
    plan = plan_of(touring, state.solution(), bound=None, seed=0, seconds=0.0, with_reasons=False)
    broken = violations(touring.problem, plan)
    assert all(one.rule == "cap" for one in broken), [one for one in broken if one.rule != "cap"][:3]
    return {
        "cost": state.objective(),
        "placed_cost": placed_cost(state),
        "visits_left_out": len(touring.problem.demands) - len(state.days_of),
        "visits_that_broke_a_rule": dropped,
        "caps_broken": len(broken),
    }
