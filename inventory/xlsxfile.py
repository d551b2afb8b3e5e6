"""Workbooks in: each sheet as text cells with the row numbers that a person sees, in openpyxl's read-only mode."""

import re
import warnings
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from inventory.tables import FORMULA_WITHOUT_VALUE
from muster.errors import Problem

_FORMULA = re.compile(rb"<(?:\w+:)?f[ />]")
_SHEET_PART = re.compile(r"xl/worksheets/[^/]+\.xml")
_CHUNK_BYTES = 1 << 20


@dataclass(slots=True)
class Sheet:
    """One sheet: the first row that holds anything is its header."""

    name: str
    header: list[str] = field(default_factory=list)
    header_row: int = 1
    rows: list[list[str]] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)


def read_workbook(path: Path, source: str) -> tuple[list[Sheet], list[Problem]]:
    """Every visible or hidden sheet of a workbook that is not a chart; no macro is carried out."""
    try:
        holds_formulas = _holds_formulas(path)
        sheets = _read_sheets(path, holds_formulas=holds_formulas)
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, OSError, EOFError):
        wrong = "is not a workbook that can be read" + (" (it may be locked with a password)" if _is_ole(path) else "")
        return [], [Problem(source, "", "", wrong, "open it and save it as .xlsx or as 'CSV UTF-8'")]
    return sheets, []


def cell_text(value: object) -> str:
    """The text of a cell's value: whole numbers without ``.0``, dates as ISO dates, yes and no."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, date | time | timedelta):
        return _time_text(value)
    return str(value).strip()


def _time_text(value: date | time | timedelta) -> str:
    if isinstance(value, timedelta):
        minutes = round(value.total_seconds() / 60)
        return f"{minutes // 60}:{minutes % 60:02d}"
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(sep=" ", timespec="minutes")
    return value.isoformat(timespec="minutes") if isinstance(value, time) else value.isoformat()


def _read_sheets(path: Path, *, holds_formulas: bool) -> list[Sheet]:
    formulas = _grids(path, data_only=False) if holds_formulas else None
    sheets = []
    for name, grid in _grids(path, data_only=True):
        written = next(formulas)[1] if formulas else None
        sheets.append(_sheet(name, grid, written))
    return sheets


def _grids(path: Path, *, data_only: bool) -> Iterator[tuple[str, Iterator[tuple[object, ...]]]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # openpyxl tells of extensions (validation, styles) that hold no data
        book = openpyxl.load_workbook(path, read_only=True, data_only=data_only, keep_links=False)
    try:
        for sheet in book.worksheets:
            sheet.reset_dimensions()  # some programs write a wrong size, which would cut rows off
            yield sheet.title, sheet.iter_rows(values_only=True)
    finally:
        book.close()


def _sheet(name: str, grid: Iterator[tuple[object, ...]], written: Iterator[tuple[object, ...]] | None) -> Sheet:
    sheet = Sheet(name)
    for number, values in enumerate(grid, start=1):
        cells = [cell_text(value) for value in values]
        if written is not None:
            cells = _mark_formulas(cells, next(written, ()))
        if not any(cells):
            continue
        if sheet.header:
            sheet.rows.append(cells)
            sheet.numbers.append(number)
        else:
            sheet.header, sheet.header_row = cells, number
    return sheet


def _mark_formulas(cells: list[str], written: tuple[object, ...]) -> list[str]:
    """A formula whose value was never calculated (the file comes from a program, not from a spreadsheet) is marked."""
    return [
        FORMULA_WITHOUT_VALUE if not cell and index < len(written) and _is_formula(written[index]) else cell
        for index, cell in enumerate(cells)
    ]


def _is_formula(value: object) -> bool:
    return (isinstance(value, str) and value.startswith("=")) or type(value).__name__ in {
        "ArrayFormula",
        "DataTableFormula",
    }


def _holds_formulas(path: Path) -> bool:
    """Look for a formula in the raw sheets, so that a second reading is paid for only where there is one."""
    with zipfile.ZipFile(path) as book:
        return any(_part_holds_formula(book, name) for name in book.namelist() if _SHEET_PART.fullmatch(name))


def _part_holds_formula(book: zipfile.ZipFile, name: str) -> bool:
    with book.open(name) as part:
        tail = b""
        while chunk := part.read(_CHUNK_BYTES):
            if _FORMULA.search(tail + chunk):
                return True
            tail = chunk[-16:]
    return False


def _is_ole(path: Path) -> bool:
    """Old .xls files and workbooks with a password are compound files."""
    try:
        with path.open("rb") as file:
            return file.read(4) == b"\xd0\xcf\x11\xe0"
    except OSError:
        return False
