"""Spreadsheets as people expect them: frozen header, filters, real dates, one sheet for one thing."""

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING

from reports.cells import disarm

if TYPE_CHECKING:  # only who writes a spreadsheet needs it
    from xlsxwriter.format import Format
    from xlsxwriter.workbook import Workbook

Cell = str | int | float | datetime | None
_OPTIONS = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}


class Look(Enum):
    """How the cells of a column look."""

    TEXT = "@"
    WRAPPED = "wrapped"
    WHOLE = "#,##0"
    HOURS = "0.00"
    MOMENT = "ddd d mmm yyyy hh:mm"


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its heading, its width in characters, its look."""

    title: str
    width: int = 16
    look: Look = Look.TEXT


@dataclass(frozen=True)
class Sheet:
    """One thing: a heading for each column, and the rows. ``frozen`` columns stay in sight."""

    name: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    frozen: int = 1


def workbook(sheets: Iterable[Sheet], *, title: str, created: datetime) -> bytes:
    """The file; no cell of it is a formula or a link. Moments are shown as their own clock has them."""
    import xlsxwriter

    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, _OPTIONS) as book:
        book.set_properties({"title": title, "created": created.replace(tzinfo=None)})
        header = book.add_format({"bold": True, "bg_color": "#22313F", "font_color": "#FFFFFF", "valign": "vcenter",
                                  "text_wrap": True, "border": 1, "border_color": "#FFFFFF"})  # fmt: skip
        looks = {look: book.add_format(_format(look)) for look in Look}
        for sheet in sheets:
            _write(book, sheet, header, looks)
    return buffer.getvalue()


def _format(look: Look) -> dict[str, object]:
    plain: dict[str, object] = {"valign": "top", "bottom": 1, "bottom_color": "#D5DBE1"}
    if look is Look.WRAPPED:
        return {**plain, "text_wrap": True}
    return plain if look is Look.TEXT else {**plain, "num_format": look.value, "align": "right"}


def _write(book: "Workbook", sheet: Sheet, header: "Format", looks: "dict[Look, Format]") -> None:
    made = book.add_worksheet(sheet.name)
    made.set_row(0, 30)
    for number, column in enumerate(sheet.columns):
        made.set_column(number, number, column.width)
        made.write_string(0, number, column.title, header)
    for line, row in enumerate(sheet.rows, start=1):
        for number, (column, cell) in enumerate(zip(sheet.columns, row, strict=True)):
            shape = looks[column.look]
            if isinstance(cell, datetime):
                made.write_datetime(line, number, cell.replace(tzinfo=None), shape)
            elif isinstance(cell, int | float):
                made.write_number(line, number, cell, shape)
            else:
                made.write_string(line, number, disarm(cell or ""), shape)
    made.freeze_panes(1, sheet.frozen)
    made.autofilter(0, 0, max(1, len(sheet.rows)), len(sheet.columns) - 1)
    made.set_landscape()
    made.set_paper(9)
    made.repeat_rows(0)
    made.fit_to_pages(1, 0)
    made.set_footer("&L&A&R&P / &N")
