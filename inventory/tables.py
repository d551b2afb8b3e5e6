"""A table as it was read: cells as text, and for each row the place a person finds it at."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

FORMULA_WITHOUT_VALUE = "\0formula"
"""What stands in a cell whose formula was never calculated; no file can hold this text."""


class Word(StrEnum):
    """What a table holds; also the name of its file or sheet."""

    CLIENTS = "clients"
    SITES = "sites"
    HOSTS = "hosts"
    PARTNERS = "partners"
    CREW = "crew"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of one word from one file or sheet.

    Attributes:
        source: file, and sheet where there is one, such as ``fleet.xlsx sheet hosts``.
        unit: what a label is: ``line``, ``row`` or ``host``.
        header_place: where the names of the columns stand.
        columns: their names as they stand in the file.
        rows: cells as text, stripped; None where the row says nothing about the column.
        labels: for each row its line, row number or host name.
    """

    word: Word
    source: str
    unit: str
    header_place: str
    columns: tuple[str, ...]
    rows: Sequence[Sequence[str | None]] = field(repr=False)
    labels: Sequence[int | str] = field(repr=False)

    def place(self, index: int) -> str:
        """Where a row stands, such as ``fleet/hosts.csv line 12``."""
        return f"{self.source} {self.unit} {self.labels[index]}"

    def places(self, indices: Sequence[int]) -> str:
        """Where several rows stand, such as ``fleet/hosts.csv lines 2-251, 260``."""
        labels = [self.labels[index] for index in indices]
        if len(labels) == 1:
            return self.place(indices[0])
        return f"{self.source} {self.unit}s {_ranges(labels)}"


def _ranges(labels: Sequence[int | str]) -> str:
    spans: list[list[int | str]] = []
    for label in labels:
        last = spans[-1][-1] if spans else None
        if isinstance(label, int) and isinstance(last, int) and label == last + 1:
            spans[-1] = [spans[-1][0], label]
        else:
            spans.append([label])
    return ", ".join("-".join(str(end) for end in span) for span in spans)
