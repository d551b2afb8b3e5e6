"""One contestant of ``benchmarks/schedule.py`` in a process of its own, so that its memory can be measured.

``python -m benchmarks.schedule_contestants plan|replan|vrptw ...`` prints one line of JSON. ``--clock cpu`` counts the
seconds that one core has computed instead of those on the wall, for machines that others use, too.
"""

import argparse
import json
import math
import resource
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks import vrptw
from benchmarks.instances import Recipe, make
from benchmarks.prices import Kept, kept_for
from benchmarks.schedule_peers import placed_cost
from benchmarks.schedule_replan import Answer, change
from scheduler.assemble import plan_of, state_of
from scheduler.search import Bounded, first, prove, warm_up
from scheduler.search.at_prices import must_fit, prove_at
from scheduler.search.columns import Columns
from scheduler.search.proving import WHOLE_VISITS
from scheduler.search.tracks import cores_at_most
from scheduler.solve_large import Large
from scheduler.state import State
from scheduler.stop import MaxSeconds
from scheduler.tour import Touring
from scheduler.validate import violations

COLUMNS, HUGE_COLUMNS = 30_000, 100_000
"""Tours of the search that the bound begins with; the second where it has no linear program over everything."""


BOUND_SECONDS = 120.0
"""For a bound, where no prices are kept for the campaign."""


@dataclass(frozen=True, slots=True)
class Bound:
    """How the bound is proved.

    Attributes:
        seconds: to look for prices; 0: no bound; None: as many as are usual where none are ``known``.
        known: prices that prove it.
        kept: the file that those at which it was proved are written to.
    """

    seconds: float | None = None
    known: Kept | None = None
    kept: Path | None = None

    @property
    def looks(self) -> bool:
        """Whether prices are looked for."""
        return self.known is None and self.seconds != 0


def plans(recipe: Recipe, seconds: Sequence[float], how: Bound, threads: int) -> list[Answer]:
    """A generated campaign: for each of the seconds first plan, search and the validator's word; one bound for all."""
    touring = Touring(make(recipe))
    if how.known is not None:
        must_fit(touring, how.known.prices, how.known.thought)
    first(touring, recipe.seed)  # what is loaded at the first use is not measured
    with cores_at_most(threads):
        made = [_plan(touring, limit, recipe.seed, threads, keeps_columns=how.looks) for limit in seconds]
        if how.seconds == 0:
            return [answer for answer, *_ in made]
        if how.known is not None:
            bounded = prove_at(touring, how.known.prices, how.known.thought, threads)
        else:
            most = HUGE_COLUMNS if recipe.visits > WHOLE_VISITS else COLUMNS
            best, columns = min(((state, found) for _, state, found in made), key=lambda one: one[0].objective())
            limit = BOUND_SECONDS if how.seconds is None else how.seconds
            bounded = prove(touring, [best.solution()], limit, columns=columns.latest(most), threads=threads)
    if how.kept is not None:
        Kept.of(bounded).write(how.kept, recipe)
    return [answer | _gap(touring, state, bounded) for answer, state, _ in made]


def _plan(
    touring: Touring, seconds: float, seed: int, threads: int, *, keeps_columns: bool
) -> tuple[Answer, State, Columns]:
    """One plan from nothing, by all that ``solve`` does, and the tours that it met where a bound begins with them.

    Elsewhere they would only add to the memory of the next plan.
    """
    began, computed = time.monotonic(), time.process_time()
    told: list[tuple[float, int]] = []

    def said(steps: int, cents: int, placed: int, note: str = "") -> None:
        del steps, placed, note
        told.append((time.monotonic() - began, cents))

    stop = MaxSeconds(seconds)
    stop(0, math.inf)  # its clock begins with the first question
    large = Large(touring, stop, seed, said)
    state = state_of(touring, large.solution(None))
    searched_s = time.monotonic() - began
    made = plan_of(touring, state.solution(), bound=large.bound, seed=seed, seconds=searched_s, with_reasons=False)
    broken = violations(touring.problem, made)
    assert not broken, broken[:3]
    first_s, first_cents = told[0]
    answer: Answer = {
        "person_days": len(touring.problem.days),
        "threads": threads,
        "first_plan_s": round(first_s, 3),
        "first_cost": first_cents,
        "seconds": round(searched_s, 1),
        "cpu_s": round(time.process_time() - computed, 1),
        "cost": state.objective(),
        "placed_cost": placed_cost(state),
        "visits_left_out": len(touring.problem.demands) - len(state.days_of),
        "own_bound": large.bound,
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,  # the bound's is not the plan's
    }
    return answer, state, large.columns if keeps_columns else Columns()


def _gap(touring: Touring, state: State, bounded: Bounded) -> Answer:
    """The bound, and the gap with and without the price of visits that no day could take, which no plan can avoid."""
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
    parser.add_argument("kind", choices=["plan", "replan", "vrptw"])
    parser.add_argument("--visits", type=int, default=500)
    parser.add_argument("--people", type=int, default=50)
    parser.add_argument("--seconds", default="10")
    parser.add_argument("--bound-seconds", type=float)
    parser.add_argument("--prices", type=Path)
    parser.add_argument("--keep-prices", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--late", type=int, default=40)
    parser.add_argument("--search-seconds", type=float, default=2.0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--clock", choices=["wall", "cpu"], default="wall")
    parser.add_argument("--file", type=Path)
    options = parser.parse_args(arguments)
    warm_up()
    if options.clock == "cpu":
        time.monotonic = time.process_time
    size = (options.visits, options.people)
    seconds = [float(word) for word in options.seconds.split(",")]
    if options.kind == "plan":
        recipe = Recipe(*size, options.seed)
        file = options.prices
        if file is None and options.bound_seconds is None and kept_for(recipe).exists():
            file = kept_for(recipe)
        try:
            known = None if file is None else Kept.read(file, recipe)
            how = Bound(options.bound_seconds, known, options.keep_prices)
            answers = plans(recipe, seconds, how, options.threads)
        except ValueError as error:
            parser.error(str(error))
    elif options.kind == "replan":
        answers = [change(*size, options.late, seconds[0], options.search_seconds, options.seed)]
    else:
        answers = [route(options.file, seconds[0], options.seed)]
    print(json.dumps(answers))


if __name__ == "__main__":
    main()
