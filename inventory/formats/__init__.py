"""How one cell reads: a pure parser and its opposite for every format, each in its own small module.

Every ``parse_*`` takes the text of a cell, already stripped of spaces at its ends and never empty, and returns the
value or raises ``BadValue``. Every ``format_*`` returns a text that parses to the same value.
"""

from collections.abc import Callable

from muster.errors import InputError


class BadValue(InputError):
    """A cell does not read as what its column holds.

    Attributes:
        wrong: what is wrong with it, such as ``is not a time zone``.
        usual: what would be right for any cell of the column, with an example.
    """

    def __init__(self, wrong: str, usual: str, *, near: Callable[[], str] | None = None) -> None:
        super().__init__(f"{wrong}; {usual}")
        self.wrong = wrong
        self.usual = usual
        self._near = near

    @property
    def right(self) -> str:
        """What would be right for this cell: something near where there is such a thing, which takes a search."""
        return (self._near() if self._near else "") or self.usual
