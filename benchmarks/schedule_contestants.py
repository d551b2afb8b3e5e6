"""One contestant of ``benchmarks/schedule.py`` in a process of its own, so that its memory can be measured.

``python -m benchmarks.schedule_contestants plan|vrptw ...`` prints one line of JSON.
"""

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks import vrptw
from benchmarks.instances import Recipe, make
from scheduler.assemble import plan_of
from scheduler.search import first, prove, search, warm_up
from scheduler.state import State
from scheduler.stop import MaxSeconds
from scheduler.tour import Touring
from scheduler.validate import violations

Answer = dict[str, float | int | str | None]


def plan(visits: int, people: int, seconds: float, seed: int, bound_seconds: float) -> Answer:
    """A generated campaign: first plan, search, the validator's word, and a bound."""
    touring = Touring(make(Recipe(visits, people, seed)))
    small = Touring(make(Recipe(30, 4, seed)))
    warm_up(small, first(small, seed))
    began = time.monotonic()
    state = first(touring, seed)
    first_s, first_cents = time.monotonic() - began, state.objective()
    state = search(touring, state, MaxSeconds(seconds - first_s), seed)
    searched_s = time.monotonic() - began
    made = plan_of(touring, state.solution(), bound=None, seed=seed, seconds=searched_s, with_reasons=False)
    broken = violations(touring.problem, made)
    assert not broken, broken[:3]
    answer: Answer = {
        "first_plan_s": round(first_s, 3),
        "first_cost": first_cents,
        "seconds": round(searched_s, 1),
        "cost": state.objective(),
        "visits_left_out": visits - len(state.days_of),
    }
    return answer | (_bound(touring, state, bound_seconds) if bound_seconds > 0 else {})


def _bound(touring: Touring, state: State, seconds: float) -> Answer:
    """The bound, and the gap with and without the price of visits that no day could take, which no plan can avoid."""
    bounded = prove(touring, [state.solution()], seconds)
    prices = touring.arrays.visits.unplaced_cents
    worth = np.array(bounded.worth_cents) * np.array(touring.people)
    lost = int(prices[(worth >= prices - 1) & ~np.isin(np.arange(len(prices)), list(state.days_of))].sum())
    over = state.objective() - bounded.cents
    return {
        "bound": bounded.cents,
        "gap_to_bound_percent": round(100 * over / max(1, bounded.cents), 3),
        "gap_without_visits_left_out_percent": round(100 * over / max(1, bounded.cents - lost), 3),
        "master_cost": round(bounded.master_cents),
        "bound_s": round(bounded.seconds, 1),
        "bound_rounds": bounded.rounds,
    }


def route(file: Path, seconds: float, seed: int) -> Answer:
    """A published instance."""
    small = vrptw.read(file)
    vrptw.solve(vrptw.Instance("small", 5, small.capacity, small.table[:20]), 0.1, seed)
    distance, left_out = vrptw.solve(small, seconds, seed)
    return {"distance": distance, "visits_left_out": left_out}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one and print its line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("kind", choices=["plan", "vrptw"])
    parser.add_argument("--visits", type=int, default=500)
    parser.add_argument("--people", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--bound-seconds", type=float, default=0.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--file", type=Path)
    options = parser.parse_args(arguments)
    if options.kind == "plan":
        answer = plan(options.visits, options.people, options.seconds, options.seed, options.bound_seconds)
    else:
        answer = route(options.file, options.seconds, options.seed)
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
