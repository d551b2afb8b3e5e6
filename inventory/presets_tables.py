"""Tables of Muster's own columns, made from an export and from how it is taken.

In an export of machines the client and the site stand in every row. Each client and each site becomes one row, at the
place where it is named first. What is known already under the same name keeps its id, so that the next export changes
nothing; what has no id gets one made of its name.
"""

import hashlib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from inventory.formats.texts import parse_text
from inventory.presets import Taking, parts_of
from inventory.tables import Table, Word
from inventory.write import table_of
from muster.crew import Crew
from muster.fleet import Fleet

Row = dict[str, str]
"""Texts by column, of one word."""


@dataclass(frozen=True, slots=True)
class Export:
    """A table as a program wrote it, of nobody knows what.

    Attributes:
        source: file, and sheet where there is one.
        unit: what a label is: ``line`` or ``row``.
        labels: for each row its number in the file.
    """

    source: str
    unit: str
    header_place: str
    columns: tuple[str, ...]
    rows: Sequence[Sequence[str]]
    labels: Sequence[int]

    def cell(self, row: int, column: int) -> str:
        """A cell's text; empty where the row is shorter."""
        cells = self.rows[row]
        return cells[column] if column < len(cells) else ""


@dataclass(frozen=True, slots=True)
class Made:
    """A table, and for each of its rows the row of the export that it is made from."""

    table: Table
    origin: tuple[int, ...]


@dataclass(frozen=True)
class _Known:
    """What is known already: texts by word and id, ids by name."""

    cells: Mapping[Word, Mapping[str, Row]]

    def text(self, word: Word, id_: str, column: str) -> str:
        return self.cells[word].get(id_, {}).get(column, "")

    def client_named(self, name: str) -> str:
        found = [id_ for id_, row in self.cells[Word.CLIENTS].items() if _fold(row["name"]) == _fold(name)]
        return found[0] if len(found) == 1 else ""

    def site_named(self, client_id: str, name: str) -> str:
        found = [
            id_
            for id_, row in self.cells[Word.SITES].items()
            if row["client_id"] == client_id and _fold(row["name"]) == _fold(name)
        ]
        return found[0] if len(found) == 1 else ""


def tables_of(export: Export, taking: Taking, known: Fleet) -> list[Made]:
    """The tables that an export holds when it is taken so, in the order in which they refer to each other."""
    rows = _rows_by_word(export, taking)
    if not taking.is_combined:
        return [_plain(export, taking, word, rows[word]) for word in Word if rows[word]]
    return _Combined(export, taking, _known_of(known)).tables(rows)


def _rows_by_word(export: Export, taking: Taking) -> dict[Word, list[Row]]:
    """The cells of every row under the words that they belong to; a word without a column has no rows."""
    found: dict[Word, list[Row]] = {word: [] for word in Word}
    places = [(one.partition("."), at) for at, target in enumerate(taking.targets) for one in parts_of(target)]
    for word in {Word(name) for (name, _, _), _ in places}:
        of_word = [(column, at) for (name, _, column), at in places if name == word]
        found[word] = [{column: export.cell(row, at) for column, at in of_word} for row in range(len(export.rows))]
    return found


def _plain(export: Export, taking: Taking, word: Word, rows: Sequence[Row]) -> Made:
    """One table as it stands, with defaults in what is empty."""
    defaults = _of_word(taking.defaults, word)
    filled = [{**defaults, **{column: text for column, text in row.items() if text or column not in defaults}}
              for row in rows]  # fmt: skip
    return _made(export, word, filled, range(len(rows)))


def _made(export: Export, word: Word, rows: Sequence[Row], origin: Sequence[int]) -> Made:
    columns = tuple(dict.fromkeys(column for row in rows for column in row))
    table = Table(
        word,
        export.source,
        export.unit,
        export.header_place,
        columns,
        [[row.get(column) for column in columns] for row in rows],
        [export.labels[one] for one in origin],
    )
    return Made(table, tuple(origin))


class _Combined:
    """Clients, sites and machines out of rows that hold all three."""

    def __init__(self, export: Export, taking: Taking, known: _Known) -> None:
        self._export, self._taking, self._known = export, taking, known
        self._clients: dict[str, tuple[int, Row]] = {}
        self._sites: dict[str, tuple[int, Row]] = {}
        self._client_ids: dict[str, str] = {}
        self._site_ids: dict[tuple[str, str], str] = {}

    def tables(self, rows: Mapping[Word, Sequence[Row]]) -> list[Made]:
        """The three tables; one that nothing is said of is left out."""
        hosts: list[Row] = []
        for index in range(len(self._export.rows)):
            client = self._client(index, rows[Word.CLIENTS][index] if rows[Word.CLIENTS] else {})
            site = self._site(index, rows[Word.SITES][index] if rows[Word.SITES] else {}, client)
            if rows[Word.HOSTS]:
                hosts.append(self._host(rows[Word.HOSTS][index], site, client))
        made = [self._table(Word.CLIENTS, self._clients), self._table(Word.SITES, self._sites)]
        machines = [_made(self._export, Word.HOSTS, hosts, range(len(hosts)))] if hosts else []
        return [one for one in made if one.table.rows] + machines

    def _table(self, word: Word, found: Mapping[str, tuple[int, Row]]) -> Made:
        return _made(self._export, word, [row for _, row in found.values()], [at for at, _ in found.values()])

    def _client(self, index: int, row: Row) -> str:
        told = self._filled(Word.CLIENTS, row, "", "")
        id_, name = told.get("id", ""), told.get("name", "")
        if not id_ and not name and "clients" not in {one.partition(".")[0] for one in self._told()}:
            return ""
        id_ = id_ or self._client_id(name)
        if id_ not in self._clients:
            name = name or self._known.text(Word.CLIENTS, id_, "name") or id_
            full = {**self._filled(Word.CLIENTS, row, id_, id_), "id": id_, "name": name}
            self._clients[id_] = (index, full)
        return id_

    def _client_id(self, name: str) -> str:
        key = _fold(name)
        if key not in self._client_ids:
            taken = set(self._client_ids.values())
            self._client_ids[key] = self._known.client_named(name) or _unlike(_slug(name), name, taken)
        return self._client_ids[key]

    def _site(self, index: int, row: Row, client: str) -> str:
        told = self._filled(Word.SITES, row, "", client)
        id_, name = told.get("id", ""), told.get("name", "")
        if not id_ and not name and not client:
            return ""
        id_ = id_ or self._site_id(client, name)
        if id_ not in self._sites:
            name = name or self._known.text(Word.SITES, id_, "name") or id_
            full = {**self._filled(Word.SITES, row, id_, client), "id": id_, "name": name}
            zone = full.get("timezone") or self._known.text(Word.SITES, id_, "timezone")
            owner = {"client_id": client} if client else {}
            self._sites[id_] = (index, {**full, **owner, "timezone": zone})
        return id_

    def _site_id(self, client: str, name: str) -> str:
        if not name:
            return ""
        key = (client, _fold(name))
        if key not in self._site_ids:
            taken = set(self._site_ids.values())
            slug = "-".join(one for one in (client.lower(), _slug(name)) if one)
            slug = slug if _slug(name) != client.lower() else client.lower()
            self._site_ids[key] = self._known.site_named(client, name) or _unlike(slug, f"{client}/{name}", taken)
        return self._site_ids[key]

    def _host(self, row: Row, site: str, client: str) -> Row:
        id_ = row.get("id", "") or made_id(site, row.get("name", ""))
        filled = self._filled(Word.HOSTS, row, id_, client)
        system = filled.get("os") or self._known.text(Word.HOSTS, id_, "os")
        return {**filled, "id": id_, "site_id": site, "os": system}

    def _filled(self, word: Word, row: Row, id_: str, client: str) -> Row:
        """A row with what is known, else the client's default, else the default for all in what it leaves empty."""
        defaults = {
            **_of_word(self._taking.defaults, word),
            **_of_word(self._taking.of_client.get(client, {}), word),
        }
        stand_in = {
            column: (self._known.text(word, id_, column) if id_ else "") or text for column, text in defaults.items()
        }
        return {**row, **{column: row.get(column) or text for column, text in stand_in.items()}}

    def _told(self) -> frozenset[str]:
        return self._taking.taken | frozenset(key for key, text in self._taking.defaults.items() if text)


def made_id(site: str, name: str) -> str:
    """The id of a machine that has none: as ``inventory.machines`` makes it."""
    return f"{site}/{parse_text(name)}".lower().replace(",", " ").replace(";", " ") if site and name else ""


def _of_word(values: Mapping[str, str], word: Word) -> Row:
    found = ((target.partition("."), text) for target, text in values.items() if text)
    return {column: text for (name, _, column), text in found if name == word}


def _known_of(fleet: Fleet) -> _Known:
    cells: dict[Word, dict[str, Row]] = {}
    for word in (Word.CLIENTS, Word.SITES, Word.HOSTS):
        header, rows = table_of(word, fleet, Crew())
        cells[word] = {row[0]: dict(zip(header, row, strict=True)) for row in rows}
    return _Known(cells)


def _slug(name: str) -> str:
    """``Acme Dental & Co.`` -> ``acme-dental-co``; a name without a Latin letter gets a number of its own."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    return slug[:60] or (f"n-{_short_hash(name)}" if name else "")


def _unlike(slug: str, name: str, taken: set[str]) -> str:
    """The slug; where another name has it already, with a mark of this name."""
    return slug if slug not in taken else f"{slug}-{_short_hash(name)}"


def _short_hash(name: str) -> str:
    return hashlib.sha256(_fold(name).encode()).hexdigest()[:6]


def _fold(name: str) -> str:
    return parse_text(name).casefold()
