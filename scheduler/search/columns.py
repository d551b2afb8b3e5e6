"""The tours that a search has met: what a plan may be put together from."""

from collections.abc import Iterable

Column = tuple[int, tuple[int, ...]]
"""A day and the visits on it, in order."""

MOST = 50_000


class Columns:
    """A set of tours by day, without those of day and order that are there already."""

    def __init__(self, most: int = MOST) -> None:
        self.most = most
        self.known: dict[Column, None] = {}

    def add(self, columns: Iterable[Column]) -> None:
        """Keep tours; where there are a quarter too many, those that were met last longest ago go."""
        for column in columns:
            self.known.pop(column, None)
            self.known[column] = None
        if len(self.known) > self.most + self.most // 4:  # one by one each would be looked for past all that are gone
            self.known = dict.fromkeys(self.latest(self.most))

    def latest(self, count: int) -> list[Column]:
        """So many of them, those that were met last."""
        return list(self.known)[-count:]
