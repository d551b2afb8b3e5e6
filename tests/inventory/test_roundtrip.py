"""Import then export gives the same rows, and an import again changes nothing."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inventory.read import read_files
from inventory.tables import Word
from inventory.templates import template_rows, templates
from inventory.write import FileFormat, table_of, write_tables
from muster.crew import Crew
from muster.fleet import Fleet
from tests.inventory.fleets import crews, fleets

NOTHING = Fleet()
NOBODY = Crew()


def _again(fleet: Fleet, crew: Crew, file_format: FileFormat) -> None:
    with TemporaryDirectory() as folder:
        paths = write_tables(fleet, crew, Path(folder), file_format=file_format)
        filled = [path for path in paths if file_format == "xlsx" or table_of(Word(path.stem), fleet, crew)[1]]
        imported = read_files(filled, known=NOTHING, known_crew=NOBODY)
        assert imported.problems == ()
        assert imported.fleet == fleet
        assert imported.crew == crew


@given(st.data())
@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], max_examples=60)
def test_what_is_exported_as_csv_is_imported_as_it_was(data: st.DataObject) -> None:
    fleet = data.draw(fleets())
    crew = data.draw(crews(tuple(client.id for client in fleet.clients)))
    _again(fleet, crew, "csv")


@given(st.data())
@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], max_examples=20)
def test_what_is_exported_as_a_workbook_is_imported_as_it_was(data: st.DataObject) -> None:
    fleet = data.draw(fleets())
    crew = data.draw(crews(tuple(client.id for client in fleet.clients)))
    _again(fleet, crew, "xlsx")


@pytest.fixture
def templates_folder(tmp_path: Path) -> Path:
    for name, content in templates().items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


def test_the_templates_import_as_they_stand(templates_folder: Path) -> None:
    imported = read_files([templates_folder], known=NOTHING, known_crew=NOBODY)
    assert imported.problems == ()
    assert [len(rows) for rows in (imported.fleet.clients, imported.fleet.sites, imported.fleet.hosts)] == [2, 2, 2]
    assert [len(rows) for rows in (imported.crew.partners, imported.crew.engineers)] == [2, 2]


def test_rows_that_are_imported_and_exported_are_the_same_rows(templates_folder: Path) -> None:
    imported = read_files([templates_folder], known=NOTHING, known_crew=NOBODY)
    header, rows = table_of(Word.CREW, imported.fleet, imported.crew)
    assert header == template_rows(Word.CREW)[0]
    kim = dict(zip(header, rows[0], strict=True))
    assert kim["absences"] == "2026-10-26..2026-10-30 holiday"
    assert kim["shifts"] == "Mon-Fri 08:00-16:30"
    assert kim["rate_per_hour"] == "62.50"
