"""CSV files as programs and people write them: encodings, separators, quotes, and lines that stay right."""

from pathlib import Path

import pytest

from inventory.read import read_files
from muster.crew import Crew
from muster.fleet import Fleet
from tests.inventory.conftest import ReadText

HEADER = "id,name,email"


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_separators_and_line_ends_are_found_out(read_text: ReadText, separator: str, line_end: str) -> None:
    text = line_end.join(["id,name", "a,Anna", "b,Bert"]).replace(",", separator)
    assert [client.name for client in read_text({"clients.csv": text}).fleet.clients] == ["Anna", "Bert"]


def test_the_first_line_may_name_the_separator_as_excel_has_it(read_text: ReadText) -> None:
    imported = read_text({"clients.csv": "sep=;\nid;name;email\na;Anna, Bert;bad\n"})
    assert [problem.place for problem in imported.problems] == ["clients.csv line 3"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_unicode_with_and_without_its_mark_is_read(read_text: ReadText, encoding: str) -> None:
    imported = read_text({"clients.csv": "id,name\nm,Montréal\n".encode(encoding)})
    assert (imported.fleet.clients[0].name, imported.problems, imported.notes) == ("Montréal", (), ())


def test_windows_1252_is_read_with_a_note_that_says_where_to_look(read_text: ReadText) -> None:
    imported = read_text({"clients.csv": "id,name\na,Anna\nm,Montréal\n".encode("cp1252")})
    assert imported.fleet.clients[1].name == "Montréal"
    assert len(imported.notes) == 1
    assert "line 3" in imported.notes[0]
    assert "Windows-1252" in imported.notes[0]


@pytest.mark.parametrize("data", [b"id,name\na,\x81\x8d\n", b"\x00\x01\x02", b"PK\x03\x04\x00\x00"])
def test_what_is_no_text_is_refused_with_what_to_do(read_text: ReadText, data: bytes) -> None:
    (problem,) = read_text({"clients.csv": data}).problems
    assert "CSV UTF-8" in problem.right


def test_lines_stay_right_after_a_quoted_line_break(read_text: ReadText) -> None:
    text = 'id,name,email\na,"Anna\nand\nBert",anna@example.com\nb,Bert,nonsense\n'
    imported = read_text({"clients.csv": text})
    assert imported.fleet.clients[0].name == "Anna and Bert"
    assert [(p.place, p.column, p.value) for p in imported.problems] == [("clients.csv line 5", "email", "nonsense")]


def test_lines_stay_right_after_blank_lines(read_text: ReadText) -> None:
    imported = read_text({"clients.csv": "\n\nid,name\n\na,Anna\n,,\nb,\n"})
    assert [problem.place for problem in imported.problems] == ["clients.csv line 7"]


def test_a_quote_that_is_never_closed_costs_its_own_line_only(read_text: ReadText) -> None:
    imported = read_text({"clients.csv": 'id,name\na,Anna\nb,"Bert\nc,Carl\nd,Dora\n'})
    assert [client.id for client in imported.fleet.clients] == ["a", "c", "d"]
    assert [(p.place, "never closed" in p.wrong) for p in imported.problems] == [("clients.csv line 3", True)]


def test_a_quote_in_a_wrong_place_costs_its_own_line_only(read_text: ReadText) -> None:
    imported = read_text({"clients.csv": 'id,name\na,"An"na\nb,Bert\n'})
    assert [client.id for client in imported.fleet.clients] == ["b"]
    assert [problem.place for problem in imported.problems] == ["clients.csv line 2"]


def test_a_row_with_too_many_cells_is_refused_and_the_next_is_read(read_text: ReadText) -> None:
    imported = read_text({"clients.csv": "id,name\na,Anna, Bert\nb,Bert,\n"})
    assert [client.id for client in imported.fleet.clients] == ["b"]
    assert "has 3 cells" in imported.problems[0].wrong


@pytest.mark.parametrize("text", ["", "\n\n", " \n"])
def test_an_empty_file_is_named(read_text: ReadText, text: str) -> None:
    (problem,) = read_text({"clients.csv": text}).problems
    assert (problem.place, problem.wrong) == ("clients.csv", "is empty")


def test_a_file_with_a_header_only_is_named(read_text: ReadText) -> None:
    (problem,) = read_text({"clients.csv": HEADER}).problems
    assert "no rows" in problem.wrong


def test_files_that_are_not_there_or_of_another_kind_are_named_beside_good_ones(read_text: ReadText) -> None:
    read_text({"clients.csv": "id,name\na,Anna\n"})
    Path("old.xls").write_bytes(b"\xd0\xcf\x11\xe0")
    imported = read_files([Path("clients.csv"), Path("no.csv"), Path("old.xls")], known=Fleet(), known_crew=Crew())
    assert len(imported.fleet.clients) == 1
    assert [problem.place for problem in imported.problems] == ["no.csv", "old.xls"]
    assert ".xlsx" in imported.problems[1].right


def test_cells_that_a_spreadsheet_would_calculate_are_kept_as_data(read_text: ReadText) -> None:
    name = '=HYPERLINK("http://x")'
    imported = read_text({"clients.csv": 'id,name\na,"=HYPERLINK(""http://x"")"\nb,+1\n'})
    assert [client.name for client in imported.fleet.clients] == [name, "+1"]


def test_a_hundred_thousand_rows_import(read_text: ReadText) -> None:
    rows = "".join(f"h{i},van,HOST{i},10.{i >> 16}.{i >> 8 & 255}.{i & 255},Ubuntu 22.04\n" for i in range(100_000))
    imported = read_text({"hosts.csv": f"id,site_id,name,address,os\n{rows}"})
    assert imported.problems == ()
    assert len(imported.fleet.hosts) == 100_000
    assert imported.fleet.hosts[99_999].address == "10.1.134.159"
