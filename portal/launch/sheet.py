"""The rows as they would be taken in: checked together, with what is wrong in its cell, and what an import would do."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock

from inventory.presets import label_of
from inventory.presets_read import Cell, Checked, check
from inventory.presets_tables import Export
from muster.fleet import Fleet
from muster.ports import Ledger
from muster.records import ImportSummary
from portal.launch.state import Launch, Part
from portal.launch.uploads import tables_in
from portal.manager.common import ROWS, Rows

_LOCK = Lock()
_LAST: dict[tuple[str, int, int], "Found"] = {}
_MOST = 4


@dataclass(frozen=True, slots=True)
class Found:
    """Everything that a launch's files hold.

    Attributes:
        summary: what an import would add, change and find the same.
        unseen: machines that are known of the clients in the files, and stand in none of them.
    """

    parts: tuple[Part, ...]
    exports: tuple[Export, ...]
    checked: Checked
    summary: ImportSummary
    unseen: tuple[str, ...] = ()

    def cells(self, key: str) -> Mapping[int, tuple[Cell, ...]]:
        """What is wrong in a part, by row."""
        return self.checked.cells[[one.key for one in self.parts].index(key)]

    @property
    def bad_rows(self) -> int:
        """Rows of all parts in which something is wrong."""
        return sum(len(one) for one in self.checked.cells)


@dataclass(frozen=True, slots=True)
class SheetCell:
    """One cell of the sheet; ``name`` is that of its input."""

    name: str
    text: str
    wrong: tuple[str, ...]
    edited: bool


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One row; ``also`` is what is wrong in none of the columns that the file has."""

    number: int
    label: int
    cells: tuple[SheetCell, ...]
    also: tuple[str, ...]
    bad: bool
    open: bool


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page of the sheet."""

    headings: tuple[tuple[str, str], ...]
    rows: Rows[SheetRow]
    bad: int
    total: int


def export_of(folder: Path, part: Part) -> Export:
    """The table of a part as the file has it.

    Raises:
        InputError: the file is not there any more.
    """
    return tables_in(folder / part.file, part.title)[part.sheet]


def edited(export: Export, part: Part) -> Export:
    """The table with the cells that were corrected."""
    if not part.edits:
        return export
    rows = [list(row) for row in export.rows]
    for place, text in part.edits.items():
        row, _, column = place.partition(":")
        cells = rows[int(row)]
        cells += [""] * (int(column) + 1 - len(cells))
        cells[int(column)] = text
    return replace(export, rows=rows)


def _unseen(known: Fleet, sent: Fleet) -> tuple[str, ...]:
    """The names of known machines of the clients whose machines were sent, that were not sent themselves."""
    site_of = {**known.site, **sent.site}
    clients = {site_of[host.site_id].client_id for host in sent.hosts if host.site_id in site_of}
    there = {host.id for host in sent.hosts}
    return tuple(
        host.name for host in known.hosts if host.id not in there and known.site[host.site_id].client_id in clients
    )


def found_in(ledger: Ledger, folder: Path, launch: Launch, version: int) -> Found:
    """What the files of a launch hold, checked against what is known; kept until one of the two changes."""
    key = (launch.id, version, ledger.revision())
    with _LOCK:
        if (there := _LAST.get(key)) is not None:
            return there
    exports = tuple(edited(export_of(folder, part), part) for part in launch.parts)
    takings = [part.taking() for part in launch.parts]
    known, known_crew = ledger.fleet(), ledger.crew()
    checked = check(list(zip(exports, takings, strict=True)), known=known, known_crew=known_crew)
    summary = ledger.save_inventory(checked.imported.fleet, checked.imported.crew, by="launch", dry_run=True)
    found = Found(launch.parts, exports, checked, summary, _unseen(known, checked.imported.fleet))
    with _LOCK:
        while len(_LAST) >= _MOST:
            del _LAST[next(iter(_LAST))]
        _LAST[key] = found
    return found


def sheet_of(found: Found, part: Part, page: int, *, only_bad: bool, opened: int) -> Sheet:
    """A page of a part's rows; of the row ``opened`` every cell can be changed."""
    at = [one.key for one in found.parts].index(part.key)
    export, cells = found.exports[at], found.checked.cells[at]
    columns = [number for number, target in enumerate(part.targets) if target]
    wanted = sorted(cells) if only_bad else range(len(export.rows))
    pages = max(1, -(-len(wanted) // ROWS))
    shown = min(max(1, page), pages)
    rows = tuple(
        _row(export, part, number, columns, cells.get(number, ()), opened=number == opened)
        for number in wanted[(shown - 1) * ROWS : shown * ROWS]
    )
    headings = tuple((label_of(part.targets[number]), export.columns[number]) for number in columns)
    return Sheet(headings, Rows(rows, len(wanted), shown, pages), len(cells), len(export.rows))


def _row(
    export: Export, part: Part, number: int, columns: list[int], wrong: tuple[Cell, ...], *, opened: bool
) -> SheetRow:
    cells = tuple(
        SheetCell(
            f"c-{number}-{column}",
            _shown(export, part, number, column, wrong),
            tuple(_sentence(one) for one in wrong if one.column == column),
            f"{number}:{column}" in part.edits,
        )
        for column in columns
    )
    also = tuple(
        f"{label_of(one.target) + ' ' if one.target else ''}{_sentence(one)}"
        for one in wrong
        if one.column not in columns
    )
    return SheetRow(number, export.labels[number], cells, tuple(dict.fromkeys(also)), bool(wrong), opened)


def _shown(export: Export, part: Part, number: int, column: int, wrong: tuple[Cell, ...]) -> str:
    """A cell's text; of a wrong credential nothing, because it may be the secret itself."""
    hidden = "credential" in part.targets[column] and any(one.column == column for one in wrong)
    return "" if hidden else export.cell(number, column)


def _sentence(cell: Cell) -> str:
    return f"{cell.wrong}: {cell.right}"
