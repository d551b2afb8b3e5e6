"""``prove``: the bound by the linear program over everything, or, for thousands of visits, by days alone."""

import time
from collections.abc import Callable, Iterable

from scheduler.assemble import state_of
from scheduler.search.columns import Column
from scheduler.search.lower import Bounded, Bounding, can_be_bounded
from scheduler.search.wide import prove_wide
from scheduler.state import Solution, State
from scheduler.tour import Touring

WHOLE_VISITS = 4_000
"""Above it there is no linear program over everything: it would take gigabytes."""


def prove(
    touring: Touring,
    known: Iterable[Solution],
    seconds: float,
    stopped: Callable[[], bool] | None = None,
    *,
    columns: Iterable[Column] = (),
    most_rounds: int = 2**30,
    threads: int | None = None,
    heard: Callable[[int], None] | None = None,
) -> Bounded:
    """The best bound that is found within these seconds.

    Args:
        touring: of the problem.
        known: plans whose tours the master begins with; better ones make it quicker.
        seconds: on the clock.
        stopped: asked between rounds, and now and then in them.
        columns: more tours for the master to begin with.
        most_rounds: of master and pricing; with infinite ``seconds`` the bound depends on nothing else.
        threads: that compute at the same time; as many as there are cores where it is not said.
        heard: told every better bound.
    """
    began = time.monotonic()

    def over() -> bool:
        return time.monotonic() - began >= seconds or (stopped is not None and stopped())

    known, visits = list(known), len(touring.problem.demands)
    if not can_be_bounded(touring):
        return Bounded(0, float("inf"), 0, 0.0, (0.0,) * visits)
    if visits > WHOLE_VISITS:
        start = state_of(touring, known[-1]) if known else State.empty(touring)
        return prove_wide(touring, start, seconds, over, threads, heard, columns, most_rounds)
    with Bounding(touring, known, columns, threads) as bounding:
        bounding.go_on(over, most_rounds, heard)
        return bounding.bounded()
