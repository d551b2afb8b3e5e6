"""Reads the files of a fleet: every good row as a typed thing, every bad one as a problem, all of them at once."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from inventory.ansible import read_ansible
from inventory.csvfile import read_csv
from inventory.gather import Gathered, start
from inventory.machines import read_hosts
from inventory.people import read_crew, read_partners
from inventory.places import read_clients, read_sites
from inventory.tables import Table, Word
from inventory.words import sheet_problem, table_problem, word_of
from inventory.xlsxfile import read_workbook
from muster.crew import Crew
from muster.errors import ImportRejected, Problem
from muster.fleet import Fleet

_CSV = frozenset({".csv", ".tsv", ".tab", ".txt"})
_WORKBOOK = frozenset({".xlsx", ".xlsm"})
_ANSIBLE = frozenset({".ini", ".yml", ".yaml", ".cfg", ""})
_READERS: dict[Word, Callable[[Table, Gathered], None]] = {
    Word.CLIENTS: read_clients,
    Word.SITES: read_sites,
    Word.HOSTS: read_hosts,
    Word.PARTNERS: read_partners,
    Word.CREW: read_crew,
}
"""In this order, so that what a row refers to has been read before it."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What the files hold.

    Attributes:
        fleet: the good rows of clients, sites and hosts; what is only known from before is not repeated.
        crew: the good rows of people and partners.
        problems: everything that is wrong; its rows are in neither.
        notes: what was read in a way that a person may want to check.
    """

    fleet: Fleet
    crew: Crew
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()

    def raise_problems(self) -> None:
        """Refuse everything when anything is wrong.

        Raises:
            ImportRejected: there are problems.
        """
        if self.problems:
            raise ImportRejected(self.problems, hint="docs/fleet-files.md describes every column with examples.")


def read_files(paths: Sequence[Path], *, known: Fleet, known_crew: Crew) -> Imported:
    """Read files of clients, sites, hosts, partners and crew, in whatever order they are given.

    Args:
        paths: CSV files, workbooks, Ansible inventories; of a folder, its CSV files and workbooks.
        known: what there is already: rows may refer to it, and columns that a file does not have keep its values.
        known_crew: the same of people and partners.

    Returns:
        Good rows and problems side by side; nothing is raised because of what stands in a file.
    """
    gathered = start(known, known_crew)
    notes: list[str] = []
    tables: list[Table] = []
    inventories: list[Path] = []
    for path in _files(paths, gathered.problems):
        if path.suffix.lower() in _ANSIBLE:
            inventories.append(path)
        else:
            tables += _tables(path, gathered.problems, notes)
    for word, read in _READERS.items():
        for table in tables:
            if table.word is word:
                read(table, gathered)
        if word is Word.SITES:
            tables += _inventories(inventories, gathered)
    return _imported(gathered, notes)


def _imported(gathered: Gathered, notes: Sequence[str]) -> Imported:
    return Imported(
        Fleet(
            tuple(gathered.clients.good.values()),
            tuple(gathered.sites.good.values()),
            tuple(gathered.hosts.good.values()),
        ),
        Crew(tuple(gathered.crew.good.values()), tuple(gathered.partners.good.values())),
        _in_order(gathered.problems),
        tuple(notes),
    )


def _in_order(problems: Sequence[Problem]) -> tuple[Problem, ...]:
    """As a person goes through the files, line by line; they were found column by column."""
    files: dict[str, int] = {}

    def place(problem: Problem) -> tuple[int, int]:
        file, _, line = problem.place.rpartition(" ")
        if not line.isdigit():
            file, line = problem.place, "0"
        return files.setdefault(file, len(files)), int(line)

    return tuple(sorted(problems, key=place))


def _files(paths: Sequence[Path], problems: list[Problem]) -> Iterator[Path]:
    """The files that can be read, each once."""
    wanted = [file for path in paths for file in _in_folder(path, problems)]
    for path in dict.fromkeys(wanted):
        if (problem := _out_of_reach(path)) is not None:
            problems.append(problem)
        elif not path.is_file():
            problems.append(
                Problem(str(path), "", "", "is not there", "give the path of a file or of a folder of files")
            )
        elif path.suffix.lower() not in _CSV | _WORKBOOK | _ANSIBLE:
            right = "save it as .xlsx or as 'CSV UTF-8', or give an Ansible inventory (.ini, .yml)"
            problems.append(Problem(str(path), "", path.suffix, "is not a kind of file that is read", right))
        else:
            yield path


def _out_of_reach(path: Path) -> Problem | None:
    """A path in a folder that may not be entered: whether it is there cannot even be asked."""
    try:
        path.stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        return Problem(str(path), "", "", f"cannot be read: {error.strerror}", "see to its permissions")
    return None


def _in_folder(path: Path, problems: list[Problem]) -> list[Path]:
    if not path.is_dir():
        return [path]
    found = sorted(
        file
        for file in path.iterdir()
        if file.suffix.lower() in _CSV | _WORKBOOK and file.suffix != ".txt" and not file.name.startswith((".", "~$"))
    )
    if not found:
        problems.append(Problem(str(path), "", "", "holds no CSV file and no workbook", "give the files themselves"))
    return found


def _tables(path: Path, problems: list[Problem], notes: list[str]) -> list[Table]:
    try:
        read = _workbook_tables if path.suffix.lower() in _WORKBOOK else _csv_tables
        return read(path, problems, notes)
    except OSError as error:
        problems.append(Problem(str(path), "", "", f"cannot be read: {error.strerror}", "see to its permissions"))
        return []


def _csv_tables(path: Path, problems: list[Problem], notes: list[str]) -> list[Table]:
    source = str(path)
    records = read_csv(path, source)
    problems += records.problems
    notes += records.notes
    if not records.header:
        return []
    place = f"{source} line {records.header_line}"
    word = word_of(path.stem, records.header)
    if word is None:
        problems.append(table_problem(source))
        return []
    if not records.rows:
        problems.append(Problem(place, "", "", "is followed by no rows", "add rows, or leave the file out"))
    return [Table(word, source, "line", place, tuple(records.header), records.rows, records.lines)]


def _workbook_tables(path: Path, problems: list[Problem], notes: list[str]) -> list[Table]:
    del notes
    sheets, wrong = read_workbook(path, str(path))
    problems += wrong
    filled = [sheet for sheet in sheets if sheet.header and not sheet.name.startswith("_")]
    if not filled and not wrong:
        problems.append(
            Problem(str(path), "", "", "is empty", "fill a sheet named clients, sites, hosts, partners or crew")
        )
    tables: list[Table] = []
    for sheet in filled:
        source = f"{path} sheet {sheet.name}"
        word = word_of(sheet.name, []) or (word_of(path.stem, sheet.header) if len(filled) == 1 else None)
        if word is None:
            problems.append(sheet_problem(source, sheet.name))
            continue
        place = f"{source} row {sheet.header_row}"
        if not sheet.rows and len(filled) == 1:
            problems.append(Problem(place, "", "", "is followed by no rows", "add rows, or leave the file out"))
        tables.append(Table(word, source, "row", place, tuple(sheet.header), sheet.rows, sheet.numbers))
    return tables


def _inventories(paths: Sequence[Path], gathered: Gathered) -> list[Table]:
    """Read after the sites, because a group may be named like one."""
    site_ids = frozenset(gathered.sites.known) | frozenset(gathered.sites.seen)
    tables: list[Table] = []
    for path in paths:
        table, wrong = read_ansible(path, str(path), site_ids)
        gathered.problems += wrong
        tables += [table] if table else []
    return tables
