"""Finds clients and sites by what a file calls them: by id, else by name, as exports of other programs have it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Generic

from inventory.formats.texts import did_you_mean, parse_id, parse_text
from inventory.gather import Gathered
from inventory.rows import MOST_SEARCHES, Known, TableReader
from muster.fleet import Site


@dataclass(frozen=True, slots=True)
class Miss:
    """Why nothing was found; ``column`` is the one to look at."""

    column: str
    value: str
    wrong: str
    right: str
    names: Iterable[str] = ()
    """Where something near may be found."""


def find_clients(reader: TableReader[Known], gathered: Gathered) -> list[str]:
    """The client's id for every row of sites; an id that is not known is returned as it stands, to be checked."""
    if not reader.has("client_id") and not reader.has("client_name"):
        reader.lack("client_id")
        return [""] * reader.size
    by_name = _ids_by_name((client.id, client.name) for client in gathered.clients.all())
    found: list[str] = []
    misses = _Misses(reader)
    for index, (id_, name) in enumerate(zip(reader.cells("client_id"), reader.cells("client_name"), strict=True)):
        answer = _client(id_, name, gathered, by_name)
        found.append(answer if isinstance(answer, str) else misses.refuse(index, answer))
    return found


def find_sites(reader: TableReader[Known], gathered: Gathered) -> list[str]:
    """The site's id for every row of hosts; an id that is not known is returned as it stands, to be checked."""
    columns = ("site_id", "client_name", "site_name")
    if not any(reader.has(name) for name in columns):
        reader.lack("site_id", "add the column site_id, or client_name and site_name")
        return [""] * reader.size
    finder = _SiteFinder(gathered)
    answers: dict[tuple[str | None, ...], str | Miss] = {}
    found: list[str] = []
    misses = _Misses(reader)
    for index, key in enumerate(zip(*(reader.cells(name) for name in columns), strict=True)):
        answer = answers.get(key)
        if answer is None:
            answer = answers[key] = finder.find(*(cell or "" for cell in key))
        found.append(answer if isinstance(answer, str) else misses.refuse(index, answer))
    return found


class _Misses(Generic[Known]):
    """Refuses rows, with something near for the first names that were not found."""

    def __init__(self, reader: TableReader[Known]) -> None:
        self._reader = reader
        self._advice: dict[tuple[str, str], str] = {}

    def refuse(self, index: int, miss: Miss) -> str:
        """Refuse a row; the empty id that stands in for what was not found."""
        key = (miss.value, miss.wrong)
        if key not in self._advice:
            search = len(self._advice) < MOST_SEARCHES
            self._advice[key] = miss.right + (did_you_mean(_fold(miss.value), miss.names) if search else "")
        self._reader.refuse(index, miss.column, miss.value, miss.wrong, self._advice[key])
        return ""


def _client(id_: str | None, name: str | None, gathered: Gathered, by_name: dict[str, list[str]]) -> str | Miss:
    if id_:
        wanted = parse_id(id_) if "," not in id_ and ";" not in id_ and id_.isprintable() else id_
        if gathered.clients.get(wanted) is not None or wanted in gathered.clients.seen:
            return wanted
        by_its_name = by_name.get(_fold(id_), [])
        return by_its_name[0] if len(by_its_name) == 1 else wanted
    if not name:
        return Miss("client_id", "", "is empty", "every site belongs to a client, such as acme")
    return _only(by_name.get(_fold(name), []), "client_name", name, "client", by_name)


def _only(ids: Sequence[str], column: str, name: str, word: str, by_name: dict[str, list[str]]) -> str | Miss:
    plural = f"{word.split(maxsplit=1)[0]}s"
    if len(ids) == 1:
        return ids[0]
    if ids:
        return Miss(column, name, f"is the name of {len(ids)} {plural}", f"write the id: {' or '.join(ids[:5])}")
    return Miss(
        column, name, f"is not the name of a {word} that is known", f"add it to {plural}, or write its id", by_name
    )


class _SiteFinder:
    """Looks a site up by its id, else by its name (and its client's), else as the only site of a client."""

    def __init__(self, gathered: Gathered) -> None:
        self._gathered = gathered
        sites = list(gathered.sites.all())
        self._clients = _ids_by_name((client.id, client.name) for client in gathered.clients.all())
        self._sites = _ids_by_name((site.id, site.name) for site in sites)
        self._of_client: dict[str, list[Site]] = {}
        for site in sites:
            self._of_client.setdefault(site.client_id, []).append(site)

    def find(self, id_: str, client: str, site: str) -> str | Miss:
        """The id, or why there is none."""
        if id_:
            return self._by_id(id_, client, site)
        if client:
            return self._of(client, site)
        if site:
            return _only(self._sites.get(_fold(site), []), "site_name", site, "site", self._sites)
        return Miss("site_id", "", "is empty", "every host stands at a site, such as acme-van")

    def _by_id(self, id_: str, client: str, site: str) -> str | Miss:
        wanted = parse_id(id_) if "," not in id_ and ";" not in id_ and id_.isprintable() else id_
        if self._gathered.sites.get(wanted) is not None or wanted in self._gathered.sites.seen:
            return wanted
        if client or site:
            return self.find("", client, site)
        by_its_name = self._sites.get(_fold(id_), [])
        return by_its_name[0] if len(by_its_name) == 1 else wanted

    def _of(self, client: str, site: str) -> str | Miss:
        client_id = client
        if self._gathered.clients.get(client) is None:
            answer = _only(self._clients.get(_fold(client), []), "client_name", client, "client", self._clients)
            if isinstance(answer, Miss):
                return answer
            client_id = answer
        theirs = self._of_client.get(client_id, [])
        if not site and len(theirs) == 1:
            return theirs[0].id
        if not site:
            return Miss("site_name", "", f"is empty, and {client} has {len(theirs)} sites", "write the name of one")
        by_name = _ids_by_name((one.id, one.name) for one in theirs)
        return _only(by_name.get(_fold(site), []), "site_name", site, f"site of {client}", by_name)


def _ids_by_name(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    ids: dict[str, list[str]] = {}
    for id_, name in pairs:
        ids.setdefault(_fold(name), []).append(id_)
    return ids


def _fold(name: str) -> str:
    return parse_text(name).casefold()
