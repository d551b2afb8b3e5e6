"""The tours that a search has met: what a plan may be put together from."""

from scheduler.search.part import Part

Column = tuple[int, tuple[int, ...]]
"""A day and the visits on it, in order."""

MOST = 200_000


class Columns:
    """A set of tours by day, without those of day and order that are there already."""

    def __init__(self, most: int = MOST) -> None:
        self.most = most
        self.known: dict[Column, None] = {}

    def note(self, part: Part) -> None:
        """Keep the tours as they stand in a part now, those that have changed since the last time."""
        for day, visits in part.changed_routes().items():
            self.add(day, visits)

    def add(self, day: int, visits: tuple[int, ...]) -> None:
        """Keep one tour; where there are too many, the one that is known longest goes."""
        column = (day, visits)
        self.known.pop(column, None)
        self.known[column] = None
        if len(self.known) > self.most:
            del self.known[next(iter(self.known))]
