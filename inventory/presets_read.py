"""Reads exports that are taken by a preset or a mapping: good rows as typed things, bad cells by row and column."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from inventory.columns import squeeze
from inventory.csvfile import read_csv
from inventory.gather import Gathered, start
from inventory.machines import read_hosts
from inventory.people import read_crew, read_partners
from inventory.places import read_clients, read_sites
from inventory.presets import Preset, Taking, parts_of, targets_by
from inventory.presets_tables import Export, Made, tables_of
from inventory.read import Imported
from inventory.tables import Table, Word
from inventory.xlsxfile import read_workbook
from muster.crew import Crew
from muster.errors import InputError, Problem
from muster.fleet import Fleet

_READERS: Mapping[Word, Callable[[Table, Gathered], None]] = {
    Word.CLIENTS: read_clients,
    Word.SITES: read_sites,
    Word.HOSTS: read_hosts,
    Word.PARTNERS: read_partners,
    Word.CREW: read_crew,
}
KINDS = frozenset({".csv", ".tsv", ".tab", ".txt", ".xlsx", ".xlsm"})
_SPAN = re.compile(r"(\d+)(?:-(\d+))?")
_STAND_INS = {
    "sites.client_id": ("clients.id", "clients.name"),
    "sites.client_name": ("clients.name", "clients.id"),
    "hosts.site_id": ("sites.id", "sites.name", "clients.name"),
    "hosts.site_name": ("sites.name", "sites.id"),
    "hosts.client_name": ("clients.name", "clients.id"),
    "hosts.id": ("hosts.name",),
    "sites.id": ("sites.name",),
    "clients.id": ("clients.name",),
}
"""Where a person has to look when an id is wrong that was made of something else."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One thing that is wrong: in which row of an export, and in which of its columns (-1: in none that it has).

    Attributes:
        target: what the column is taken for, such as ``sites.timezone``.
    """

    row: int
    column: int
    target: str
    value: str
    wrong: str
    right: str


@dataclass(frozen=True, slots=True)
class Checked:
    """Exports that were read: what would be taken in, and what is wrong with each of them.

    Attributes:
        cells: for each export, its wrong cells by row.
        problems: the same as they are told on the command line, and what is wrong with whole files.
    """

    imported: Imported
    cells: tuple[Mapping[int, tuple[Cell, ...]], ...]
    problems: tuple[Problem, ...]


def read_exports(path: Path, source: str) -> tuple[list[Export], list[Problem], list[str]]:
    """The tables of a file, whatever they hold: one of a CSV file, one of each filled sheet of a workbook.

    Raises:
        InputError: it is another kind of file, or it cannot be read.
    """
    if path.suffix.lower() not in KINDS:
        kind = path.suffix.lower() or "without an ending"
        raise InputError(f"{source}: {kind} is not a kind of file that is read", hint="save it as .xlsx or 'CSV UTF-8'")
    try:
        return _workbook(path, source) if path.suffix.lower() in {".xlsx", ".xlsm"} else _csv(path, source)
    except OSError as error:
        raise InputError(f"{source}: cannot be read: {error.strerror}", hint="see to its permissions") from None


def _csv(path: Path, source: str) -> tuple[list[Export], list[Problem], list[str]]:
    records = read_csv(path, source)
    place = f"{source} line {records.header_line}"
    tables = [Export(source, "line", place, tuple(records.header), records.rows, records.lines)]
    return tables if records.header else [], records.problems, records.notes


def _workbook(path: Path, source: str) -> tuple[list[Export], list[Problem], list[str]]:
    sheets, wrong = read_workbook(path, source)
    filled = [sheet for sheet in sheets if sheet.header and not sheet.name.startswith("_")]
    tables = []
    for sheet in filled:
        name = source if len(filled) == 1 else f"{source} sheet {sheet.name}"
        place = f"{name} row {sheet.header_row}"
        tables.append(Export(name, "row", place, tuple(sheet.header), sheet.rows, sheet.numbers))
    if not filled and not wrong:
        wrong = [Problem(source, "", "", "is empty", "the first line names the columns, each further line is a row")]
    return tables, wrong, []


def taking_of(preset: Preset, export: Export, defaults: Mapping[str, str]) -> Taking:
    """How a preset takes an export.

    Raises:
        InputError: it has none of the preset's columns that are used.
    """
    targets = targets_by(preset.targets, export.columns)
    if not any(targets):
        used = ", ".join(name for name, target in preset.columns.items() if target)
        raise InputError(f"{export.source} has no column of {preset.title}", hint=f"it would have {used}")
    return Taking(targets, dict(defaults))


def unused(export: Export, taking: Taking) -> tuple[str, ...]:
    """The names of the columns that are not used."""
    return tuple(name for name, target in zip(export.columns, taking.targets, strict=True) if not target and name)


def check(exports: Sequence[tuple[Export, Taking]], *, known: Fleet, known_crew: Crew) -> Checked:
    """Read exports together, so that a row of one may refer to a row of another."""
    gathered = start(known, known_crew)
    tables = [(number, one) for number, (export, taking) in enumerate(exports)
              for one in tables_of(export, taking, known)]  # fmt: skip
    cells: list[dict[int, list[Cell]]] = [{} for _ in exports]
    for word, read in _READERS.items():
        for number, made in tables:
            if made.table.word is not word:
                continue
            before = len(gathered.problems)
            read(made.table, gathered)
            if word is Word.HOSTS and exports[number][1].is_combined:
                _refuse_without_system(made.table, gathered)
            for problem in gathered.problems[before:]:
                for cell in _cells(exports[number][1], made, problem):
                    cells[number].setdefault(cell.row, []).append(cell)
    crew = Crew(tuple(gathered.crew.good.values()), tuple(gathered.partners.good.values()))
    fleet = Fleet(*(tuple(shelf.good.values()) for shelf in (gathered.clients, gathered.sites, gathered.hosts)))  # type: ignore[arg-type]  # each shelf holds its own word
    found = tuple({row: _without_echoes(some, taking) for row, some in one.items()}
                  for one, (_, taking) in zip(cells, exports, strict=True))  # fmt: skip
    return Checked(Imported(fleet, crew, tuple(gathered.problems)), found, tuple(gathered.problems))


def _without_echoes(cells: Sequence[Cell], taking: Taking) -> tuple[Cell, ...]:
    """What is wrong in a row, without the ids that are empty only because the name that they are made of is empty."""
    direct = [one for one in cells if one.target in taking.taken or one.value]
    echoes = [one for one in cells if one not in direct]
    kept = direct or [one for one in echoes if one.target != "hosts.id"] or echoes
    gaps = [one for one in echoes if one.column < 0 and one not in kept]
    return (*kept, *gaps)


def _refuse_without_system(table: Table, gathered: Gathered) -> None:
    """An export's machine of which nobody says what it runs is not taken for Linux: a wrong family is a wrong fix."""
    at, id_at = table.columns.index("os"), table.columns.index("id")
    for index, row in enumerate(table.rows):
        if not row[at] and gathered.hosts.good.pop(row[id_at] or "", None) is not None:
            right = "write linux, windows or other, or give one for all"
            gathered.problems.append(Problem(table.place(index), "os", "", "is empty", right))


def _cells(taking: Taking, made: Made, problem: Problem) -> list[Cell]:
    """Where a problem of a table stands in the export; of a whole column: at every row."""
    target = f"{made.table.word}.{_canonical(made.table, problem.column)}" if problem.column else ""
    at = _column(taking, target)
    return [Cell(row, at, target, problem.value, problem.wrong, problem.right) for row in _rows(made, problem.place)]


def _canonical(table: Table, column: str) -> str:
    wanted = squeeze(column)
    return next((one for one in table.columns if squeeze(one) == wanted), column)


def _column(taking: Taking, target: str) -> int:
    for one in (target, *_STAND_INS.get(target, ())):
        for at, taken in enumerate(taking.targets):
            if one in parts_of(taken):
                return at
    return -1


def _rows(made: Made, place: str) -> list[int]:
    """The rows of the export that a place names; all where it names the header."""
    table = made.table
    if place == table.header_place:
        return list(dict.fromkeys(made.origin))
    by_label = dict(zip(table.labels, made.origin, strict=True))
    said = place.removeprefix(table.source).removeprefix(f" {table.unit}").removeprefix("s")
    wanted = [label for first, last in _SPAN.findall(said) for label in range(int(first), int(last or first) + 1)]
    return [by_label[label] for label in wanted if label in by_label]
