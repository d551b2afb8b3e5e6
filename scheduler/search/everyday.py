"""Every day of a large problem priced for all visits: pairs of days and visits are written down day by day.

Those of ten thousand visits and seven thousand days would take gigabytes; for one day they take a tenth of a
millisecond.
"""

import time
from collections.abc import Callable, Iterable

import numpy as np

from scheduler.arrays import Bools
from scheduler.search.columns import Column
from scheduler.search.desk import Desk, desk_for
from scheduler.search.detours import charges
from scheduler.search.lower import DayQueue, closed_travel, speed_of
from scheduler.search.model import bare_model
from scheduler.search.part import raw_of_everything
from scheduler.search.pricing import BUCKET_MINUTES
from scheduler.search.records import Ints, Pairs
from scheduler.search.skim import Terms, price_each
from scheduler.search.tracks import Crowd
from scheduler.tour import Touring

MOST_ROWS, FEWER_ROWS = 3000, 400
"""Rows among which tours of a day are looked for: two cities have so many, and more, that could go together.

The others are only bounded, by minutes and money alone, which is far too much: with 1,000 rows that was five sixths
of what the bound of 10,000 visits lacked. A desk takes 50 kilobytes for each. Where nothing is proved fewer do.
"""

BLOCK_DAYS = 4
"""Days that are priced before the clock is looked at again: a tenth of a second, or two."""

SAMPLE = 96
"""Days by which it is told how long all of them will take."""

MOST_LABELS, FEWER_LABELS = 300_000, 10_000
"""For one day: those that are priced once more have use for so many, and each takes 80 bytes. Skimming needs few."""

MOST_SEEDS = 8
"""Rows of a day around which it is skimmed, at most."""

SKIM_NODES = 250
"""Beginnings of tours looked at where a day is skimmed."""


class Everyday:
    """The model of all days, and a desk for each thread.

    Where it ``proves`` something it has a table of its own of all travel, without shortcuts: of ten thousand visits a
    hundred megabytes. To look for tours the problem's own does as well.

    Attributes:
        gain: by day, what the best tour gains at the prices that were tried last (sixtieths of a cent).
    """

    def __init__(self, touring: Touring, crowd: Crowd, *, proves: bool = True) -> None:
        raw = raw_of_everything(touring)
        travel = closed_travel(touring, raw) if proves else raw.travel
        detour, charge = charges(travel, raw.row["spot"], speed_of(touring))
        days, rows = len(raw.day), len(raw.row)
        longest = int((raw.day["latest"] - raw.day["start"]).max()) if days else 0
        self.crowd, self.model = crowd, bare_model(raw, travel)
        self.terms = Terms(
            group=raw.group,
            placing=raw.placing.astype(np.int32),
            ordinal=raw.ordinal,
            delay=raw.delay,
            previous=raw.previous,
            change=np.array([raw.change_cents], dtype=np.int64),
        )
        width = max(1, min(BUCKET_MINUTES, int(raw.row["effort"].min(initial=BUCKET_MINUTES))))
        most_rows, most_labels = (MOST_ROWS, MOST_LABELS) if proves else (FEWER_ROWS, FEWER_LABELS)
        self.places = [
            _Place(
                days,
                rows,
                desk_for(rows + 1, longest + 1, raw.most_visits, most_rows, width, most_labels),
                detour,
                charge,
            )
            for _ in range(crowd.threads)
        ]
        self.gain = np.zeros(days, dtype=np.int64)
        self.tours = np.zeros((MOST_SEEDS * days, raw.most_visits + 2), dtype=np.int64)

    def skim(
        self,
        worth: Ints,
        cap_price: Ints,
        known: Ints,
        seeds: int,
        turn: int,
        over: Callable[[], bool],
        every: int = 1,
    ) -> bool:
        """Look for tours around some rows of days; False where it was broken off.

        Args:
            worth: of visits, in sixtieths of a cent.
            cap_price: of a minute of each cap.
            known: by day, what its best known tour gains.
            seeds: rows of a day around which tours are looked for.
            turn: others each time.
            over: asked now and then.
            every: one day of so many, others each time.
        """
        self.tours[:, (0, -1)] = 0
        self.gain[:] = known
        days = np.arange(turn % every, len(self.gain), every, dtype=np.int64)
        return self._each(_blocks(days), worth, cap_price, known, SKIM_NODES, seeds, turn, over)

    def price(self, worth: Ints, cap_price: Ints, known: Ints, nodes: int, over: Callable[[float], bool]) -> bool:
        """Price every day; False where it was broken off, and ``gain`` then is no bound.

        ``over`` is told the seconds that this will still take, which some days are priced first for.
        """
        self.tours[:, (0, -1)] = 0
        days = np.arange(len(self.gain), dtype=np.int64)
        sample = days[:: max(1, len(days) // SAMPLE)]
        rest = np.setdiff1d(days, sample)
        began = time.monotonic()
        if not self._each(_blocks(sample), worth, cap_price, known, nodes, 0, 0, lambda: over(0.0)):
            return False
        took = time.monotonic() - began
        if len(rest) and over(took * len(rest) / len(sample)):
            return False
        return self._each(_blocks(rest), worth, cap_price, known, nodes, 0, 0, lambda: over(0.0))

    def price_again(
        self,
        days: Ints,
        worth: Ints,
        cap_price: Ints,
        known: Ints,
        gain: Ints,
        nodes: int,
        over: Callable[[float], bool],
    ) -> Bools:
        """Price some days more closely at prices for which ``gain`` is right or too high; which are told exactly now.

        Days that there is no time for keep their gain. ``over`` is told the seconds that one day has taken so far.
        """
        self.tours[:, (0, -1)] = 0
        self.tours[days * MOST_SEEDS, -1] = 1
        self.gain[:] = gain
        began, asked = time.monotonic(), 0

        def too_late() -> bool:
            nonlocal asked
            asked += 1
            return over((time.monotonic() - began) * self.crowd.threads / asked)

        self._each(_blocks(days, 1), worth, cap_price, known, nodes, 0, 0, too_late)
        np.minimum(self.gain, gain, out=self.gain)
        exact: Bools = self.tours[days * MOST_SEEDS, -1] == 0
        return exact

    def close(self) -> None:
        """Let go of the desks: nothing is priced any more."""
        self.places.clear()

    def found(self) -> Iterable[Column]:
        """The tours of the last pricing."""
        for line in np.flatnonzero(self.tours[:, 0]).tolist():
            yield line // MOST_SEEDS, tuple(self.tours[line, 1 : 1 + self.tours[line, 0]].tolist())

    def _each(
        self,
        blocks: list[Ints],
        worth: Ints,
        cap_price: Ints,
        known: Ints,
        nodes: int,
        seeds: int,
        turn: int,
        over: Callable[[], bool],
    ) -> bool:
        queue = DayQueue(blocks, over)

        def worker(place: "_Place") -> Callable[[], None]:
            def work() -> None:
                while (block := queue.taken()) is not None:
                    price_each(
                        self.model,
                        place.pairs,
                        self.terms,
                        place.desk,
                        worth,
                        cap_price,
                        known,
                        self.gain,
                        self.tours,
                        block,
                        nodes,
                        seeds,
                        turn,
                        place.key,
                    )

            return work

        self.crowd.each([worker(place) for place in self.places])
        return not queue.broken


def _blocks(days: Ints, size: int = BLOCK_DAYS) -> list[Ints]:
    return [days[k : k + size] for k in range(0, len(days), size)]


class _Place:
    """Where a thread prices days."""

    def __init__(self, days: int, rows: int, desk: Desk, detour: Ints, charge: Ints) -> None:
        self.desk = desk
        self.key = np.zeros(rows + 1, dtype=np.int64)
        self.pairs = Pairs(
            offsets=np.zeros(days + 1, dtype=np.int64),
            row=np.zeros(rows, dtype=np.int64),
            price=np.zeros(rows, dtype=np.int64),
            detour=detour,
            charge=charge,
        )
