"""A plan from the linear program of thousands of visits: what it takes most of is taken first.

A search moves visits between people who are near each other, and what a whole region should do for another is more than
its steps can undo. The program sees all at once, but takes each day's tours by fractions. So its tours are taken in the
order of their shares, each with those of its visits that are still free, and what is left is inserted. Such a plan
costs more than the one that was known, and a short search from it ends far below.
"""

import numpy as np

from scheduler.search.run import insert_left_out
from scheduler.search.shares import Shares
from scheduler.search.shelf import Shelf
from scheduler.search.taken import Taken
from scheduler.state import State

LEAST_SHARE = 0.02
"""Tours of which the program takes less than that are not looked at."""

LEAST_LEFT = 0.7
"""So much of a tour's visits, as a share, must be free yet."""


def rounded(shelf: Shelf, shares: Shares, best: State, seed: int) -> State:
    """A plan of the tours that the program takes most of; days with tied visits keep what ``best`` has on them."""
    taken = Taken(best.touring, best)
    order = np.argsort(-shares.share, kind="stable")
    for place in order[shares.share[order] >= LEAST_SHARE].tolist():
        taken.take(shelf.column(int(shares.tours[place])), LEAST_LEFT)
    state = taken.state()
    insert_left_out(best.touring, state, seed)
    return state
