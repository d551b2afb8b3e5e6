"""``prove``: the bound by the linear program over everything, or, for thousands of visits, by pieces and blocks."""

import time
from collections.abc import Callable, Iterable

from scheduler.assemble import state_of
from scheduler.search.columns import Column
from scheduler.search.lower import Bounded, Bounding, can_be_bounded
from scheduler.search.wide import prices_by_pieces, prove_wide
from scheduler.state import Solution, State
from scheduler.tour import Touring

PIECES_FROM = 1_000
"""Visits from which on the first prices come from pieces."""

WHOLE_VISITS = 4_000
"""Above it there is no linear program over everything: it would take more than a gigabyte."""

PIECES_SHARE = 0.4
"""Of the seconds, for the first prices, where they come from pieces."""


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
    in_pieces = visits >= PIECES_FROM and bool(known) and most_rounds > 1
    if visits > WHOLE_VISITS:
        start = state_of(touring, known[-1]) if known else State.empty(touring)
        return prove_wide(touring, start, seconds, over, threads, heard)
    with Bounding(touring, known, columns, threads) as bounding:
        if in_pieces and seconds > 0:
            prices = prices_by_pieces(touring, state_of(touring, known[-1]), PIECES_SHARE * seconds, over, threads)
            bounding.begin_at(prices.worth, prices.cap)
        bounding.go_on(over, most_rounds, heard)
        return bounding.bounded()
