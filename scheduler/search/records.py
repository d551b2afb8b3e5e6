"""The arrays that compiled code works on: records that do not change (``Model``) and records that do (``Work``).

Rows of the search are visits in their own numbering: only those of the part that is searched. A visit that is tied
to others (several people, an order) is *locked*: it has a row on each of its days, with the one start it was given,
and the search goes round it. So is a visit that shares a day with the part but is not to be moved.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

NEVER = 2**30
"""A minute that is never reached; ``-NEVER`` one that is always past."""

ABSENT = -1

# Minutes and places take four bytes: what a step reads comes from a cache that others fill, too.

ROW = np.dtype(
    [
        ("effort", "i4"),  # minutes
        ("spot", "i4"),  # ABSENT: done from where the day begins
        ("load", "i4"),  # of the day's capacity
        ("span_end", "i4"),  # one past its last span
        ("locked", "i4"),
        ("cand_from", "i4"),  # its candidates: days it may be put on
        ("cand_to", "i4"),
        ("unplaced", "i8"),  # cents
        ("delay", "i8"),  # cents for each calendar day
        ("previous", "i4"),  # the calendar day before a change, NEVER for none
    ]
)

DAY = np.dtype(
    [
        ("start", "i4"),
        ("end", "i4"),
        ("latest", "i4"),
        ("start_spot", "i4"),
        ("end_spot", "i4"),
        ("fixed", "i8"),  # cents
        ("travel_rate", "i4"),  # cents per hour
        ("overtime_rate", "i4"),
        ("max_leg", "i4"),
        ("max_travel", "i4"),
        ("rest", "i4"),  # minutes, 0 for none
        ("rest_earliest", "i4"),
        ("rest_latest", "i4"),
        ("blocked_from", "i4"),
        ("blocked_to", "i4"),
        ("cap_from", "i4"),
        ("cap_to", "i4"),
        ("slot", "i4"),  # which column of first_span
        ("capacity", "i4"),  # of load
        ("person", "i4"),
        ("group", "i4"),  # which column of placing
        ("ordinal", "i4"),  # the calendar day
    ]
)

TOUR = np.dtype(
    [
        ("n", "i4"),  # visits on the day
        ("effort", "i4"),
        ("travel", "i4"),
        ("load", "i4"),
        ("end", "i4"),  # when the tour is over
        ("prices", "i8"),  # cents of its visits by themselves
        ("cost", "i8"),  # cents of the day
    ]
)

TIMES = np.dtype(
    [
        # Position k of a day lies after its k-th visit; position 0 where the day begins.
        ("ready", "i4"),  # earliest departure from k with the rest still to come
        ("rested", "i4"),  # earliest departure from k after the rest
        ("late", "i4"),  # latest arrival at the visit (or home) after k, rest still to come
        ("late_rested", "i4"),  # the same after the rest
        ("soft", "i4"),  # as late, but home before overtime begins
        ("soft_rested", "i4"),
    ]
)

CANDIDATE = np.dtype(
    [
        ("day", "i4"),
        ("price", "i4"),  # of the visit by itself on that day; ascending for each row
        ("cost", "i4"),  # what putting it there adds, price included, as of version; at least so much without place
        ("version", "i4"),
        ("place", "i2"),
        ("travel", "i2"),  # minutes it adds there
    ]
)

CAP = np.dtype([("limit", "i8"), ("counts_travel", "i8")])

Ints = NDArray[np.int64]
"""One width of number nearly everywhere: numba compiles a function anew for each it meets."""

Records = NDArray[np.void]


class Model(NamedTuple):
    """What does not change while a part is searched."""

    row: Records
    day: Records
    span: Ints  # [., 2]
    first_span: Ints  # [R, slots] first span that ends after the days of that slot begin
    travel: NDArray[np.int16]  # [S, S]
    travel_to: NDArray[np.int16]  # [S, S] rows and columns exchanged: a row holds the ways to one spot
    blocked: Ints  # [., 2]
    cap: Records
    day_cap: Ints  # caps of each day, by DAY.cap_from
    near: Ints  # [R, K] rows near each row, nearest first
    placing: NDArray[np.int32]  # [R, G] cents of a row by itself on the days of a group, NEVER where it must not be
    change_cents: Ints  # [1] for another calendar day than before


class Pairs(NamedTuple):
    """Which rows a day can hold, what each costs there by itself, and what travel each adds to any tour."""

    offsets: Ints  # [D + 1]
    row: Ints
    price: Ints  # cents
    detour: Ints  # [R] the least minutes that the row's place adds to any way
    charge: Ints  # [R] its share of that among the rows at the place


class Work(NamedTuple):
    """A set of tours that is changed step by step, what is needed to undo a step, and the best so far."""

    tour: Records  # [D]
    route: Ints  # [D, M]
    price: Ints  # [D, M] of each visit by itself
    stops: NDArray[np.int32]  # [D, M + 2] where the day begins, where its visits are, where it ends
    legs: NDArray[np.int32]  # [D, M + 1] minutes between them
    times: Records  # [D, M + 1]
    version: Ints  # [D] changes with the tour; two states of equal version are the same
    candidate: Records  # [C]
    option: NDArray[np.int32]  # [C, 2] the day and price of each candidate once more: read the most
    busy: NDArray[np.uint8]  # [D] whether somebody is on the day
    alone: Ints  # [C] of each row its candidates, by what they cost while the day is empty
    alone_cost: Ints  # [C] that cost, in the same order
    day_of: Ints  # [R] ABSENT where the row is out
    out: Ints  # [R] the rows that are out, first counts[OUT] of them
    out_at: Ints  # [R] where in out
    cap_used: Ints
    counts: Ints  # see the names below
    random: NDArray[np.uint64]  # [1]
    undo_day: Ints  # [U]
    undo_tour: Records
    undo_route: Ints
    undo_price: Ints
    undo_stops: NDArray[np.int32]
    undo_legs: NDArray[np.int32]
    undo_times: Records
    undo_version: Ints
    touched: Ints  # [D] step in which the day was last kept for undoing
    best_n: Ints  # [D]
    best_route: Ints
    liked: Ints  # [R] the candidate at which a row was put last; ABSENT for none
    seen: Ints  # [D] the last look around a row in which the day came up
    turn: Ints  # [R] rows that wait for their turn
    key: Ints  # [R] what they are sorted by
    dirty: Ints  # [D] days that differ from the best
    is_dirty: Ints


OUT, VERSION, STEP, UNDO, COST, BEST, DIRTY, PLACED, USED, SEED, LOOK = range(11)
"""Places in ``Work.counts``: rows out, last version, step, days kept for undoing, cents now, cents at best, dirty
days, rows placed, days in use, the row that the last ruin began at, looks around a row so far."""

MOST_UNDO = 160
"""Days that one step may change; a step that would change more takes no further visit."""
