"""Workbooks as people keep them: numbers, dates, formulas, sheets by name."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter

from inventory.read import Imported, read_files
from tests.inventory.conftest import KNOWN, KNOWN_CREW

MIDNIGHT = datetime.combine(date(2027, 8, 31), time())


def _read(path: Path) -> Imported:
    return read_files([path], known=KNOWN, known_crew=KNOWN_CREW)


def _book(path: Path, sheets: Mapping[str, Sequence[Sequence[object]]]) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for number, row in enumerate(rows, start=1):
            for column, value in enumerate(row, start=1):
                if value is not None:
                    sheet.cell(number, column).value = value
    book.save(path)
    return path


def test_a_sheet_holds_each_word_and_rows_are_named_by_their_number(tmp_path: Path) -> None:
    sheets: dict[str, Sequence[Sequence[object]]] = {
        "Clients": [["id", "name"], ["b", "Bakery"]],
        "sites": [[], ["id", "client_id", "name", "timezone"], ["s1", "b", "Main", "UTC"], [], ["s2", "b", "X", "Y"]],
        "_notes": [["anything"]],
    }
    imported = _read(_book(tmp_path / "fleet.xlsx", sheets))
    assert [client.id for client in imported.fleet.clients] == ["b"]
    assert [site.id for site in imported.fleet.sites] == ["s1"]
    assert [problem.place for problem in imported.problems] == [f"{tmp_path}/fleet.xlsx sheet sites row 5"]


def test_numbers_dates_and_times_are_read_as_what_they_mean(tmp_path: Path) -> None:
    sheets: dict[str, Sequence[Sequence[object]]] = {
        "hosts": [["id", "site_id", "name", "port"], [7.0, 12.0, "h", 22.0]],
        "partners": [
            ["id", "name", "vetted", "vetted_by", "vetted_on", "vetted_until", "agreement_signed_on", "agreement_until",
             "capacity_hours"],
            ["p", "P", True, "Kim", date(2026, 9, 1), MIDNIGHT, date(2026, 9, 1), date(2027, 1, 1), 7.5],
        ],
    }  # fmt: skip
    imported = _read(_book(tmp_path / "fleet.xlsx", sheets))
    assert imported.problems == ()
    assert [(host.id, host.site_id, host.port) for host in imported.fleet.hosts] == [("7", "12", 22)]
    vetting, agreement = imported.crew.partners[0].vetting, imported.crew.partners[0].agreement
    assert vetting is not None
    assert agreement is not None
    assert (vetting.passed, vetting.judged_on, vetting.valid_until) == (True, date(2026, 9, 1), date(2027, 8, 31))
    assert agreement.capacity_minutes == 450


def test_a_formula_that_was_never_calculated_is_named(tmp_path: Path) -> None:
    sheets = {"clients": [["id", "name"], ["b", "=A2"], ["c", "Cafe"]]}
    imported = _read(_book(tmp_path / "fleet.xlsx", sheets))
    assert [client.id for client in imported.fleet.clients] == ["c"]
    (problem,) = imported.problems
    assert problem.place.endswith("row 2")
    assert problem.wrong == "holds a formula without a value"


def test_a_formula_with_its_value_is_its_value(tmp_path: Path) -> None:
    path = tmp_path / "clients.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("clients")
        sheet.write_row(0, 0, ["id", "name"])
        sheet.write_string(1, 0, "b")
        sheet.write_formula(1, 1, '=CONCATENATE("Bak","ery")', value="Bakery")
    assert [client.name for client in _read(path).fleet.clients] == ["Bakery"]


def test_a_workbook_of_one_sheet_may_be_named_by_its_file(tmp_path: Path) -> None:
    imported = _read(_book(tmp_path / "clients.xlsx", {"Sheet1": [["id", "name"], ["b", "Bakery"]]}))
    assert [client.id for client in imported.fleet.clients] == ["b"]


def test_a_sheet_that_tells_nothing_is_named_with_a_near_word(tmp_path: Path) -> None:
    sheets = {"clients": [["id", "name"], ["b", "B"]], "hostz": [["id"], ["x"]]}
    imported = _read(_book(tmp_path / "fleet.xlsx", sheets))
    (problem,) = imported.problems
    assert problem.place.endswith("sheet hostz")
    assert "did you mean 'hosts'" in problem.right


@pytest.mark.parametrize("content", [b"", b"not a zip", b"\xd0\xcf\x11\xe0locked", b"PK\x03\x04broken"])
def test_what_is_no_workbook_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "fleet.xlsx").write_bytes(content)
    (problem,) = _read(tmp_path / "fleet.xlsx").problems
    assert "is not a workbook" in problem.wrong


def test_an_empty_workbook_is_named(tmp_path: Path) -> None:
    (problem,) = _read(_book(tmp_path / "fleet.xlsx", {"clients": []})).problems
    assert problem.wrong == "is empty"


def test_a_time_of_day_in_a_cell_does_not_break_the_reader(tmp_path: Path) -> None:
    row: list[object] = ["s", "acme", "S", "UTC", time(8, 0)]
    book = _book(tmp_path / "fleet.xlsx", {"sites": [["id", "client_id", "name", "timezone", "access"], row]})
    (problem,) = _read(book).problems
    assert (problem.column, problem.value) == ("access", "08:00")
