"""The profit of a campaign as a workbook whose sums are formulas over its lines: change one, and every sum follows."""

import io
from collections.abc import Callable, Sequence

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from muster.ids import ClientId
from partners.profit import Comparison, Line, LineKind, Statement
from reports.cells import disarm

HEADER = ("statement", "kind", "client", "partner", "week", "amount", "currency")
OWN = "own people"
_MONEY = "#,##0.00;[Red]-#,##0.00"


def profit_xlsx(comparison: Comparison) -> bytes:
    """The workbook: a summary, sums by client, partner and week, and the lines that they are made from."""
    buffer = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(buffer, options) as book:
        book.set_properties({"title": f"{comparison.campaign}: profit"})
        money, bold = book.add_format({"num_format": _MONEY}), book.add_format({"bold": True, "text_wrap": True})
        lines = [(one.name, line) for one in comparison.statements for line in (*one.lines, *one.other)]
        _summary(book, comparison, len(lines), money, bold)
        for title, column, key in (
            ("by client", "C", client_of),
            ("by partner", "D", partner_of),
            ("by week", "E", week_of),
        ):
            _sums(book, title, column, comparison, _names(comparison, key), len(lines), money, bold)
        _lines(book, lines, money, bold)
    return buffer.getvalue()


def client_of(line: Line) -> str:
    """The line's client, as the workbook writes it."""
    return disarm(line.client_id)


def partner_of(line: Line) -> str:
    """The line's partner, as the workbook writes it."""
    return disarm(line.partner_id or OWN)


def week_of(line: Line) -> str:
    """The line's week."""
    return line.week


def _names(comparison: Comparison, key: Callable[[Line], str]) -> list[str]:
    return sorted({key(line) for one in comparison.statements for line in one.lines})


def _summary(book: Workbook, comparison: Comparison, count: int, money: Format, bold: Format) -> None:
    sheet = book.add_worksheet("summary")
    sheet.set_column(0, 0, 18)
    sheet.set_column(1, len(comparison.statements), 20)
    sheet.write_string(0, 0, disarm(f"{comparison.campaign}, in {comparison.planned.currency}"), bold)
    sheet.write_row(1, 0, ["kind", *(one.name for one in comparison.statements)], bold)
    for row, kind in enumerate(LineKind, start=2):
        sheet.write_string(row, 0, kind.value)
        for column, one in enumerate(comparison.statements, start=1):
            formula = _sumifs(count, one.currency, ("A", f"{_letter(column)}$2"), ("B", f"$A{row + 1}"))
            sheet.write_formula(row, column, formula, money, float(one.total(kind).amount))
    last = 2 + len(LineKind)
    sheet.write_string(last, 0, "profit", bold)
    for column, one in enumerate(comparison.statements, start=1):
        letter = _letter(column)
        sheet.write_formula(last, column, f"=SUM({letter}3:{letter}{last})", money, float(one.profit.amount))
    sheet.write_string(last + 2, 0, "gain by partners", bold)
    sheet.write_formula(last + 2, 1, f"=B{last + 1}-E{last + 1}", money, float(comparison.gain.amount))
    _missed(sheet, last + 4, comparison, bold)
    chart = book.add_chart({"type": "column"})
    chart.add_series(
        {
            "name": "profit",
            "categories": ["summary", 1, 1, 1, len(comparison.statements)],
            "values": ["summary", last, 1, last, len(comparison.statements)],
        }
    )
    chart.set_title({"name": "Profit"})
    chart.set_legend({"none": True})
    sheet.insert_chart(1, len(comparison.statements) + 2, chart)


def _missed(sheet: Worksheet, at: int, comparison: Comparison, bold: Format) -> None:
    sheet.write_row(at, 0, ["client", "machines missed without partners"], bold)
    names: list[ClientId] = sorted(comparison.missed)
    for row, client_id in enumerate(names, start=at + 1):
        sheet.write_string(row, 0, disarm(client_id))
        sheet.write_number(row, 1, comparison.missed[client_id])


def _sums(
    book: Workbook,
    title: str,
    column: str,
    comparison: Comparison,
    names: Sequence[str],
    count: int,
    money: Format,
    bold: Format,
) -> None:
    """Profit by one column of the lines, for every statement, with a last row of all."""
    sheet = book.add_worksheet(title)
    sheet.set_column(0, 0, 24)
    sheet.set_column(1, len(comparison.statements), 20)
    sheet.write_row(0, 0, [title.removeprefix("by "), *(one.name for one in comparison.statements)], bold)
    key = {"C": client_of, "D": partner_of, "E": week_of}[column]
    found = [one.by(key) for one in comparison.statements]
    for row, name in enumerate(names, start=1):
        sheet.write_string(row, 0, name)
        for place, one in enumerate(comparison.statements):
            letter = _letter(place + 1)
            formula = _sumifs(count, one.currency, ("A", f"{letter}$1"), (column, f"$A{row + 1}"))
            sheet.write_formula(row, place + 1, formula, money, _amount(found[place].get(name)))
    last = len(names) + 1
    sheet.write_string(last, 0, "all", bold)
    for place, one in enumerate(comparison.statements):
        letter = _letter(place + 1)
        sheet.write_formula(last, place + 1, f"=SUM({letter}2:{letter}{last})", money, float(one.profit.amount))
    sheet.freeze_panes(1, 1)


def _amount(sum_: object) -> float:
    return float(getattr(sum_, "amount", 0.0))


def _lines(book: Workbook, lines: Sequence[tuple[str, Line]], money: Format, bold: Format) -> None:
    sheet = book.add_worksheet("lines")
    sheet.set_column(0, 6, 20)
    sheet.write_row(0, 0, HEADER, bold)
    for row, (name, line) in enumerate(lines, start=1):
        for column, text in enumerate((name, line.kind.value, client_of(line), partner_of(line), line.week)):
            sheet.write_string(row, column, text)
        sheet.write_number(
            row, 5, float(line.sum.amount), money
        )  # cents are exact in a double up to 90 million millions
        sheet.write_string(row, 6, line.sum.currency)
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, max(1, len(lines)), len(HEADER) - 1)


def _sumifs(count: int, currency: str, *wanted: tuple[str, str]) -> str:
    """The sum of the lines of one currency that have what the cells named in ``wanted`` say."""
    last = max(2, count + 1)
    asked = "".join(f",lines!${column}$2:${column}${last},{cell}" for column, cell in wanted)
    return f'=SUMIFS(lines!$F$2:$F${last}{asked},lines!$G$2:$G${last},"{currency}")'


def _letter(column: int) -> str:
    return chr(ord("A") + column)


def statement_rows(one: Statement) -> list[tuple[str, str, str, str, str, str, str]]:
    """The lines of a statement as text, amounts with their cents; for CSV and for scripts."""
    return [
        (
            one.name,
            line.kind.value,
            line.client_id,
            line.partner_id or OWN,
            line.week,
            str(line.sum.amount),
            line.sum.currency,
        )
        for line in (*one.lines, *one.other)
    ]
