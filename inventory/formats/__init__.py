"""How one cell reads: a pure parser and its opposite for every format, each in its own small module.

Every ``parse_*`` takes the text of a cell, already stripped of spaces at its ends and never empty, and returns the
value or raises ``BadValue``. Every ``format_*`` returns a text that parses to the same value.
"""

from muster.errors import InputError


class BadValue(InputError):
    """A cell does not read as what its column holds.

    Attributes:
        wrong: what is wrong with it, such as ``is not a time zone``.
        right: what would be right, with an example.
    """

    def __init__(self, wrong: str, right: str) -> None:
        super().__init__(f"{wrong}; {right}")
        self.wrong = wrong
        self.right = right
