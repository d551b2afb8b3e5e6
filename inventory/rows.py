"""Reads the columns of one table, each cell by its parser, and collects what is wrong with row, column and value.

A column is read as a whole and each different text in it is parsed once, which is what makes 100,000 rows quick.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Generic, TypeVar

from inventory.columns import COLUMNS, PASSED_OVER, Column, squeeze
from inventory.formats import BadValue
from inventory.formats.credentials import HIDDEN, REFUSED_RIGHT, REFUSED_WRONG, names_secret
from inventory.formats.texts import did_you_mean, parse_id
from inventory.tables import FORMULA_WITHOUT_VALUE, Table
from muster.errors import Problem

Known = TypeVar("Known")
Value = TypeVar("Value")

_EXCEL_ERRORS = frozenset({"#N/A", "#REF!", "#NAME?", "#VALUE!", "#DIV/0!", "#NUM!", "#NULL!", "#SPILL!", "#CALC!"})
_LONGEST_SHOWN = 80
MOST_SEARCHES = 100
"""Of the wrong values of a column so many are looked up for near ones; a column full of others is another column."""


class TableReader(Generic[Known]):
    """One table on its way to typed rows.

    Attributes:
        ids: the id of every row, empty where it has none.
        old: what is known already under the row's id.
        problems: everything that is wrong, in the order it was found.
    """

    def __init__(self, table: Table) -> None:
        self.table = table
        self.size = len(table.rows)
        self.problems: list[Problem] = []
        self.ids: list[str] = [""] * self.size
        self.old: list[Known | None] = [None] * self.size
        self._bad: set[int] = set()
        self._at = self._find_columns(COLUMNS[table.word])
        self._refuse_overlong_rows()

    def has(self, name: str) -> bool:
        """Whether the table has the column."""
        return name in self._at

    def cells(self, name: str) -> list[str | None]:
        """The texts of a column; None where the table or the row says nothing about it."""
        at = self._at.get(name)
        if at is None:
            return [None] * self.size
        return [row[at] if at < len(row) else None for row in self.table.rows]

    def read_ids(self, known: Mapping[str, Known], seen: dict[str, str], ids: Sequence[str] | None = None) -> None:
        """Read the ids, or take those given; look up what is known; refuse an id that was there before.

        Args:
            known: what is known already, by id.
            seen: the place of every id of this word in the files read so far; added to.
            ids: where the table has no column of ids.
        """
        self.ids = self.required("id", parse_id, "") if ids is None else list(ids)
        self.old = [known.get(id_) for id_ in self.ids]
        for index, id_ in enumerate(self.ids):
            if not id_:
                continue
            if id_ in seen:
                self.refuse(
                    index, "id", id_, f"is there already in {seen[id_]}", "give each its own id, or drop one row"
                )
            else:
                seen[id_] = self.table.place(index)

    def column(
        self, name: str, parse: Callable[[str], Value], *, default: Value, keep: Callable[[Known], Value]
    ) -> list[Value]:
        """A column that may be missing: then what is known stays, else ``default``; an empty cell is ``default``."""
        cells = self.cells(name)
        parsed = self._parse(name, cells, parse, default)
        return [
            keep(old) if text is None and old is not None else parsed.get(text, default) if text else default
            for text, old in zip(cells, self.old, strict=True)
        ]

    def required(self, name: str, parse: Callable[[str], Value], default: Value) -> list[Value]:
        """A column that must be there, with a value in every row; ``default`` only fills rows that are refused."""
        at = self._at.get(name)
        if at is None:
            self.lack(name)
            return [default] * self.size
        cells = self.cells(name)
        for index, text in enumerate(cells):
            if not text:
                self.refuse(index, name, "", "is empty", f"every row needs one{_such_as(self._spec(name))}")
        parsed = self._parse(name, cells, parse, default)
        return [parsed.get(text, default) if text else default for text in cells]

    def lack(self, name: str, right: str = "") -> None:
        """The whole table lacks a column it cannot do without: one problem, and no row is good."""
        right = right or f"add the column {name}{_such_as(self._spec(name))}"
        self.problems.append(Problem(self.table.header_place, name, "", "is missing", right))
        self._bad.update(range(self.size))

    def refuse(self, index: int, column: str, value: str, wrong: str, right: str) -> None:
        """Refuse a row."""
        self.problems.append(Problem(self.table.place(index), column, _shown(value), wrong, right))
        self._bad.add(index)

    def refuse_together(self, indices: Sequence[int], column: str, value: str, wrong: str, right: str) -> None:
        """Refuse several rows for one reason that lies elsewhere; one problem names all of their lines."""
        self.problems.append(Problem(self.table.places(indices), column, _shown(value), wrong, right))
        self._bad.update(indices)

    def is_good(self, index: int) -> bool:
        """Whether nothing was found wrong with the row."""
        return index not in self._bad

    def good(self) -> Iterator[int]:
        """The rows that nothing was found wrong with."""
        return (index for index in range(self.size) if index not in self._bad)

    def bad(self) -> Iterable[int]:
        """The rows that were refused."""
        return sorted(self._bad)

    def _parse(
        self, name: str, cells: Sequence[str | None], parse: Callable[[str], Value], default: Value
    ) -> dict[str | None, Value]:
        parsed: dict[str | None, Value] = {}
        wrong: dict[str, BadValue] = {}
        for text in dict.fromkeys(cells):
            if not text:
                continue
            try:
                parsed[text] = parse(_usable(text))
            except BadValue as refusal:
                parsed[text], wrong[text] = default, refusal
        if wrong:
            self._refuse_cells(name, cells, wrong)
        return parsed

    def _refuse_cells(self, name: str, cells: Sequence[str | None], wrong: Mapping[str, BadValue]) -> None:
        """Refuse every row with one of these texts; near values are searched for the first of them only."""
        advice = {
            text: why.right if number < MOST_SEARCHES else why.usual for number, (text, why) in enumerate(wrong.items())
        }
        hidden = name.endswith("credential")
        for index, text in enumerate(cells):
            if text and text in wrong:
                self.refuse(index, self._title(name), HIDDEN if hidden else text, wrong[text].wrong, advice[text])

    def _find_columns(self, specs: Sequence[Column]) -> dict[str, int]:
        """Where each column stands; columns that are unknown, nameless or there twice are problems."""
        squeezed = [squeeze(name) for name in self.table.columns]
        at: dict[str, int] = {}
        for spec in specs:
            for name in (spec.name, *spec.aliases):
                found = [index for index, other in enumerate(squeezed) if other == squeeze(name)]
                if found and spec.name not in at and found[0] not in at.values():
                    at[spec.name] = found[0]
                    self._refuse_twins(found)
        self._name_unknown(squeezed, at, specs)
        return at

    def _refuse_twins(self, found: Sequence[int]) -> None:
        for index in found[1:]:
            self._column_problem(index, "is there twice", f"keep one; column {found[0] + 1} is the one that was read")

    def _name_unknown(self, squeezed: Sequence[str], at: Mapping[str, int], specs: Sequence[Column]) -> None:
        used = {squeezed[index] for index in at.values()}
        names = [spec.name for spec in specs]
        for index, title in enumerate(squeezed):
            name = self.table.columns[index]
            if title in used or name.lower().startswith("x_") or (not title and not self._has_cells(index)):
                continue
            if names_secret(name):
                self._column_problem(index, REFUSED_WRONG, REFUSED_RIGHT)
                self._bad.update(i for i, row in enumerate(self.table.rows) if index < len(row) and row[index])
            elif title not in PASSED_OVER:
                unused = [name for name in names if name not in at]
                near = did_you_mean(name.lower(), unused) or did_you_mean(name.lower(), names)
                right = f"rename it, or let it begin with x_ to have it passed over{near}"
                self._column_problem(index, "is not a column of this table", right)

    def _column_problem(self, index: int, wrong: str, right: str) -> None:
        name = self.table.columns[index] or f"column {index + 1} (without a name)"
        self.problems.append(Problem(self.table.header_place, name, "", wrong, right))

    def _has_cells(self, index: int) -> bool:
        return any(index < len(row) and row[index] for row in self.table.rows)

    def _refuse_overlong_rows(self) -> None:
        width = len(self.table.columns)
        for index, row in enumerate(self.table.rows):
            if len(row) > width and any(row[width:]):
                value = next(cell for cell in row[width:] if cell)
                right = f"the first line names {width} columns; put quotes around a text that holds the separator"
                self.refuse(index, "", value, f"has {len(row)} cells", right)

    def _spec(self, name: str) -> Column:
        return next(spec for spec in COLUMNS[self.table.word] if spec.name == name)

    def _title(self, name: str) -> str:
        """The column as the file names it, and as Muster does where that differs."""
        title = self.table.columns[self._at[name]]
        return title if squeeze(title) == squeeze(name) else f"{title} ({name})"


def _usable(text: str) -> str:
    if text == FORMULA_WITHOUT_VALUE:
        raise BadValue("holds a formula without a value", "open the file in a spreadsheet and save it, or paste values")
    if text in _EXCEL_ERRORS:
        raise BadValue("is a spreadsheet's error", "mend the formula, or write the value")
    return text


def _shown(value: str) -> str:
    if value == FORMULA_WITHOUT_VALUE:
        return ""
    return value if len(value) <= _LONGEST_SHOWN else f"{value[: _LONGEST_SHOWN - 1]}…"


def _such_as(column: Column) -> str:
    return f", such as {column.example}" if column.example else ""
