"""How long ways take, from elsewhere than the speed model: a table in a file, or a routing service that is asked.

``speed``                        the documented model of ``scheduler/travel.py``
``FILE.csv``                     a table of minutes, as a list (``from,to,minutes``) or as a square
``osrm:http://host:5000``        the table service of OSRM (profile ``driving``)
``valhalla:http://host:8002``    the matrix service of Valhalla (costing ``auto``)

A service tells the time on the road; ``STOP_MINUTES`` for parking, walking and signing in come on top, as in the speed
model. Its answers are kept in the workspace, so that each pair of places is asked for once in ``KEPT_DAYS`` days.
"""

import csv
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Protocol

import httpx
import numpy as np
from numpy.typing import NDArray

from muster.errors import ImportRejected, InputError, PlanError, Problem, SettingsError
from muster.fleet import Place
from scheduler.travel import LONGEST_MINUTES, SpeedTravel, Spot, TableTravel, Travel

STOP_MINUTES = 12
KEPT_DAYS = 90
BLOCK = 50
"""Places in one question, on each side: what both services allow when nobody has set them otherwise."""

TRIES = 3
PAUSE_S = 0.5
"""Before the second try; twice as long before each further one."""

CACHE_FILE = "travel.sqlite"
Seconds = NDArray[np.float64]
"""[from, to] on the road; infinite where there is no way, NaN where it is not known yet."""


class Router(Protocol):
    """A routing service: one question, one answer."""

    def request(self, origins: Sequence[Place], destinations: Sequence[Place]) -> httpx.Request:
        """The question for all ways from some places to others."""
        ...

    def seconds(self, answer: object) -> list[list[float | None]]:
        """The answer's rows; None where there is no way. Raises ``ValueError`` or ``KeyError`` where it is none."""
        ...


@dataclass(frozen=True, slots=True)
class Osrm:
    """OSRM's table service, ``/table/v1``."""

    address: str

    def request(self, origins: Sequence[Place], destinations: Sequence[Place]) -> httpx.Request:
        """Coordinates as longitude,latitude; sources first, destinations after them."""
        places = ";".join(f"{place.longitude:.6f},{place.latitude:.6f}" for place in (*origins, *destinations))
        numbers = [str(number) for number in range(len(origins) + len(destinations))]
        query = {
            "annotations": "duration",
            "sources": ";".join(numbers[: len(origins)]),
            "destinations": ";".join(numbers[len(origins) :]),
        }
        return httpx.Request("GET", f"{self.address}/table/v1/driving/{places}", params=query)

    def seconds(self, answer: object) -> list[list[float | None]]:
        """``durations``, where ``code`` is Ok."""
        if not isinstance(answer, dict) or answer.get("code") != "Ok":
            raise ValueError(_told(answer, "message", "code"))
        return [[None if cell is None else float(cell) for cell in row] for row in answer["durations"]]


@dataclass(frozen=True, slots=True)
class Valhalla:
    """Valhalla's matrix service, ``/sources_to_targets``."""

    address: str

    def request(self, origins: Sequence[Place], destinations: Sequence[Place]) -> httpx.Request:
        """Places as ``lat`` and ``lon``."""
        body = {
            "sources": [{"lat": place.latitude, "lon": place.longitude} for place in origins],
            "targets": [{"lat": place.latitude, "lon": place.longitude} for place in destinations],
            "costing": "auto",
            "verbose": True,
        }
        return httpx.Request("POST", f"{self.address}/sources_to_targets", json=body)

    def seconds(self, answer: object) -> list[list[float | None]]:
        """``time`` of each cell of ``sources_to_targets``."""
        if not isinstance(answer, dict) or "sources_to_targets" not in answer:
            raise ValueError(_told(answer, "error", "status_message"))
        rows = answer["sources_to_targets"]
        return [[None if cell.get("time") is None else float(cell["time"]) for cell in row] for row in rows]


@dataclass(frozen=True)
class RoutedTravel:
    """Travel that a routing service knows; asked when a problem wants its table.

    Attributes:
        folder: where answers are kept.
        timeout_s: for one question.
        otherwise: answers for places that nobody has located.
    """

    name: str
    router: Router
    folder: Path
    timeout_s: float = 20.0
    otherwise: Travel = SpeedTravel()  # noqa: RUF009 - it is frozen

    def matrix(self, spots: Sequence[Spot]) -> NDArray[np.int16]:
        """Minutes from row to column; zero on the diagonal and within one building.

        Raises:
            PlanError: the service cannot be reached, or answers with something else than times.
        """
        table = self.otherwise.matrix(spots)
        located = [(number, spot.place) for number, spot in enumerate(spots) if spot.place is not None]
        places = list(dict.fromkeys(place for _, place in located))
        if len(places) < 2:
            return table
        seconds = self._known(places)
        index = {place: number for number, place in enumerate(places)}
        rows = np.array([number for number, _ in located])
        which = np.array([index[place] for _, place in located])
        table[np.ix_(rows, rows)] = _minutes(places, seconds)[np.ix_(which, which)]
        return table

    def _known(self, places: Sequence[Place]) -> Seconds:
        """What is kept already, and for the rest what the service says."""
        with closing(_opened(self.folder)) as cache:
            seconds = _kept(cache, self.name, places)
            blocks = [slice(first, first + BLOCK) for first in range(0, len(places), BLOCK)]
            with httpx.Client(timeout=self.timeout_s) as client:
                for rows, columns in product(blocks, blocks):
                    if np.isnan(seconds[rows, columns]).any():
                        seconds[rows, columns] = self._ask(client, places[rows], places[columns])
                        _keep(cache, self.name, places[rows], places[columns], seconds[rows, columns])
        return seconds

    def _ask(self, client: httpx.Client, origins: Sequence[Place], destinations: Sequence[Place]) -> Seconds:
        """One question, tried again where that may help."""
        said = ""
        for attempt in range(TRIES):
            time.sleep(PAUSE_S * 2 ** (attempt - 1) if attempt else 0)
            try:
                answer = client.send(self.router.request(origins, destinations))
            except httpx.TransportError as error:
                said = f"no answer ({type(error).__name__})"
                continue
            if answer.status_code >= 500 or answer.status_code == 429:
                said = f"HTTP {answer.status_code}"
                continue
            return self._read(answer, (len(origins), len(destinations)))
        raise PlanError(f"{self.name} gives no travel times: {said}, tried {TRIES} times", hint=HINT)

    def _read(self, answer: httpx.Response, shape: tuple[int, int]) -> Seconds:
        try:
            rows = self.router.seconds(answer.json())
            table = np.array([[np.inf if cell is None else cell for cell in row] for row in rows], dtype=np.float64)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise self._no_table(answer, str(error)) from None
        if table.shape != shape or (table < 0).any() or np.isnan(table).any():
            raise self._no_table(answer, f"a table of {table.shape} instead of {shape}")
        return table

    def _no_table(self, answer: httpx.Response, said: str) -> PlanError:
        told = f"HTTP {answer.status_code}: {said[:200]}"
        return PlanError(f"{self.name} answers with something else than travel times ({told})", hint=HINT)


HINT = "see that the address of the setting travel is right and the service runs; or set travel to speed"


def travel_of(setting: str, folder: Path, timeout_s: float) -> Travel:
    """The travel that a workspace's setting names.

    Args:
        setting: see the head of this module.
        folder: the workspace; a file is looked for in it, and answers are kept in it.
        timeout_s: for one question to a service.

    Raises:
        SettingsError: the setting names neither.
        InputError: the file cannot be read; ``ImportRejected`` names each line that is wrong.
    """
    kind, _, address = setting.partition(":")
    if setting == "speed":
        return SpeedTravel()
    if kind in {"osrm", "valhalla"} and address.startswith(("http://", "https://")):
        base = address.rstrip("/")
        return RoutedTravel(setting, Osrm(base) if kind == "osrm" else Valhalla(base), folder, timeout_s)
    if setting.lower().endswith(".csv"):
        return read_table(folder / Path(setting).expanduser())
    raise SettingsError(
        f"travel: {setting!r} is neither speed, a .csv file, osrm:http://… nor valhalla:http://…",
        hint="docs/settings.md lists every setting with its default.",
    )


def read_table(path: Path) -> TableTravel:
    """Minutes between places from a file.

    A place is a site's or a person's id; ``site:ID``, ``home:ID`` and ``end:ID`` where one id is both. A way that is
    given in one direction only counts in both. Pairs that are not in the file are the speed model's.

    Raises:
        ImportRejected: lines are wrong; each is named.
        InputError: the file cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read: {error}", hint="the setting travel names it") from None
    lines = [(number, [cell.strip() for cell in row]) for number, row in enumerate(csv.reader(text.splitlines()), 1)]
    filled = [(number, row) for number, row in lines if any(row)]
    if not filled:
        raise InputError(f"{path}: is empty", hint="write from,to,minutes and a line for each way")
    header = [cell.lower() for cell in filled[0][1]]
    problems: list[Problem] = []
    ways = _listed if header[:3] == ["from", "to", "minutes"] else _squared
    minutes: dict[tuple[str, str], int] = {}
    for origin, destination, taken in ways(str(path), filled, problems):
        for one, other in product(_keys(origin), _keys(destination)):
            minutes[one, other] = taken
    if problems:
        raise ImportRejected(tuple(problems), hint="docs/scheduler.md shows both forms of the file.")
    both = {**{(other, one): taken for (one, other), taken in minutes.items()}, **minutes}
    return TableTravel(both)


Lines = Sequence[tuple[int, Sequence[str]]]


def _listed(place: str, lines: Lines, problems: list[Problem]) -> Iterator[tuple[str, str, int]]:
    for number, row in lines[1:]:
        cells = [*row, "", "", ""]
        taken = _whole(f"{place} line {number}", "minutes", cells[2], problems)
        if not cells[0] or not cells[1]:
            lacking = "from" if not cells[0] else "to"
            problems.append(Problem(f"{place} line {number}", lacking, "", "is empty", "give the id of a place"))
        elif taken is not None:
            yield cells[0], cells[1], taken


def _squared(place: str, lines: Lines, problems: list[Problem]) -> Iterator[tuple[str, str, int]]:
    """The first line and the first column name the places; an empty cell says nothing."""
    names = lines[0][1][1:]
    for number, row in lines[1:]:
        if len(row) - 1 > len(names):
            problems.append(Problem(f"{place} line {number}", "", "", f"has {len(row)} cells", "as many as the head"))
            continue
        for name, cell in zip(names, row[1:], strict=False):
            taken = _whole(f"{place} line {number}", name, cell, problems) if cell else None
            if taken is not None and name != row[0]:
                yield row[0], name, taken


def _whole(place: str, column: str, cell: str, problems: list[Problem]) -> int | None:
    if cell.isascii() and cell.isdigit() and int(cell) <= LONGEST_MINUTES:
        return int(cell)
    problems.append(Problem(place, column, cell, "is no time", f"whole minutes, 0 to {LONGEST_MINUTES}"))
    return None


def _keys(name: str) -> tuple[str, ...]:
    if name.startswith(("site:", "home:", "end:")):
        return (name,)
    return (f"site:{name}", f"home:{name}")


def _minutes(places: Sequence[Place], seconds: Seconds) -> NDArray[np.int16]:
    """Whole minutes with the stop; nothing within one building; a day where there is no way."""
    minutes = np.minimum(np.ceil(seconds / 60 + STOP_MINUTES - 1e-9), LONGEST_MINUTES).astype(np.int16)
    spots = [Spot(str(number), place) for number, place in enumerate(places)]
    near = SpeedTravel(fixed_minutes=1, detour=0.0).matrix(spots) == 0  # of the speed model's own rule of one building
    minutes[near] = 0
    return minutes


def _told(answer: object, *keys: str) -> str:
    found: Mapping[object, object] = answer if isinstance(answer, dict) else {}
    return " ".join(str(found[key]) for key in keys if key in found) or "no table in it"


def _opened(folder: Path) -> sqlite3.Connection:
    """The answers that are kept; a file that is none is begun anew, because it holds nothing that is not known."""
    path = folder / CACHE_FILE
    table = """create table if not exists ways (service text, origin text, destination text, seconds real,
        asked_at real, primary key (service, origin, destination)) without rowid"""
    try:
        cache = sqlite3.connect(path, timeout=30)
        cache.execute(table)
    except sqlite3.DatabaseError as error:
        if not path.exists() or isinstance(error, sqlite3.OperationalError):
            raise PlanError(f"{path}: cannot be used: {error}", hint="see that the folder can be written") from None
        cache.close()
        path.unlink()
        cache = sqlite3.connect(path, timeout=30)
        cache.execute(table)
    return cache


def _point(place: Place) -> str:
    return f"{place.latitude:.6f},{place.longitude:.6f}"


def _kept(cache: sqlite3.Connection, service: str, places: Sequence[Place]) -> Seconds:
    index = {_point(place): number for number, place in enumerate(places)}
    seconds = np.full((len(places), len(places)), np.nan)
    oldest = time.time() - KEPT_DAYS * 86_400
    query = "select origin, destination, seconds from ways where service = ? and origin = ? and asked_at > ?"
    for origin, number in index.items():
        for _, destination, taken in cache.execute(query, (service, origin, oldest)):
            if destination in index:
                seconds[number, index[destination]] = np.inf if taken is None else taken
    np.fill_diagonal(seconds, 0.0)
    return seconds


def _keep(
    cache: sqlite3.Connection,
    service: str,
    origins: Sequence[Place],
    destinations: Sequence[Place],
    seconds: Seconds,
) -> None:
    now = time.time()
    rows = [
        (service, _point(one), _point(other), None if np.isinf(seconds[a, b]) else float(seconds[a, b]), now)
        for a, one in enumerate(origins)
        for b, other in enumerate(destinations)
    ]
    with cache:
        cache.executemany("insert or replace into ways values (?, ?, ?, ?, ?)", rows)
