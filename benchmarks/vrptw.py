"""Classic vehicle routing with time windows (Solomon; Gehring and Homberger) for the search of ``scheduler/search``.

Distances are cut to one decimal (DIMACS) and counted in tenths; the number of vehicles is the file's. A vehicle is a
day, a customer is a visit, and a tenth of distance costs a cent: nothing in the search knows that it is not a campaign.
"""

import csv
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from scheduler.search.model import Raw
from scheduler.search.part import Search
from scheduler.search.records import CAP, DAY, NEVER, ROW

TENTHS = 10
HOT, COLD = 1000.0, 10.0
"""In tenths of distance; the temperatures of the paper on SISR."""

CHUNK_S = 0.1


@dataclass(frozen=True)
class Instance:
    """A file: customers are the rows after the first, which is the depot.

    Attributes:
        table: [N + 1, 6] x, y, demand, ready, due, service.
    """

    name: str
    vehicles: int
    capacity: int
    table: np.ndarray[tuple[int, ...], np.dtype[np.float64]]

    def distances(self) -> np.ndarray[tuple[int, ...], np.dtype[np.int16]]:
        """Tenths, cut off."""
        away = self.table[:, None, :2] - self.table[None, :, :2]
        return np.asarray(np.floor(TENTHS * np.sqrt((away**2).sum(axis=2)) + 1e-9), dtype=np.int16)


def read(file: Path) -> Instance:
    """An instance in Solomon's format."""
    lines = [line.split() for line in file.read_text().splitlines() if line.strip()]
    numbers = [words for words in lines if all(word.lstrip("-").isdigit() for word in words)]
    vehicles, capacity = (int(word) for word in numbers[0])
    table = np.array([[float(word) for word in words[1:]] for words in numbers[1:]])
    return Instance(file.stem, vehicles, capacity, table)


def best_known(folder: Path) -> dict[str, float]:
    """Best known distance by name in lower case."""
    with (folder / "best_known.csv").open() as file:
        return {row["instance"].lower(): float(row["bks_distance_dimacs"]) for row in csv.DictReader(file)}


def raw_of(instance: Instance) -> Raw:
    """An instance for the search."""
    depot, customers = instance.table[0], instance.table[1:]
    count, vehicles = len(customers), instance.vehicles
    row = np.zeros(count, dtype=ROW)
    row["effort"] = TENTHS * customers[:, 5]
    row["spot"] = np.arange(1, count + 1)
    row["load"] = customers[:, 2]
    row["unplaced"] = 1_000_000
    day = np.zeros(vehicles, dtype=DAY)
    day["end"] = day["latest"] = TENTHS * depot[4]
    day["travel_rate"] = 60
    day["max_leg"] = day["max_travel"] = NEVER
    day["capacity"] = instance.capacity
    spans = np.stack((TENTHS * customers[:, 3], TENTHS * (customers[:, 4] + customers[:, 5])), axis=1)
    zeros = np.zeros(vehicles, dtype=np.int64)
    by_load = np.searchsorted(np.cumsum(np.sort(row["load"])), instance.capacity, side="right")
    return Raw(
        row=row,
        day=day,
        span=spans.astype(np.int64),
        span_offsets=np.arange(count + 1, dtype=np.int64),
        travel=instance.distances(),
        blocked=np.zeros((0, 2), dtype=np.int64),
        cap=np.zeros(0, dtype=CAP),
        day_cap=np.zeros(0, dtype=np.int64),
        group=zeros,
        placing=np.zeros((1, count), dtype=np.int64),
        ordinal=zeros,
        delay=np.zeros(count, dtype=np.int64),
        previous=np.full(count, NEVER, dtype=np.int64),
        change_cents=0,
        most_visits=int(by_load) + 1,
    )


def solve(instance: Instance, seconds: float, seed: int) -> tuple[float, int]:
    """Total distance and customers left out after so many seconds, the first plan included."""
    began = time.monotonic()
    search = Search(raw_of(instance), seed)
    search.insert(search.by_difficulty())
    chunk = 100
    while (share := (time.monotonic() - began) / seconds) < 1:
        warmth = HOT * (COLD / HOT) ** share
        before = time.monotonic()
        search.anneal(chunk, warmth, warmth)
        chunk = max(20, int(chunk * min(2.0, CHUNK_S / max(1e-4, time.monotonic() - before))))
    routes = search.best_routes()
    left_out = len(search.model.row) - sum(len(rows) for rows in routes.values())
    return _distance(instance, list(routes.values())), left_out


def _distance(instance: Instance, routes: list[tuple[int, ...]]) -> float:
    """Counted and checked anew, from the file alone.

    Raises:
        AssertionError: a route breaks a window or the capacity, or a customer is visited twice.
    """
    away, table = instance.distances(), instance.table
    total = 0
    seen: set[int] = set()
    for rows in routes:
        now, at, load = 0.0, 0, 0.0
        for customer in [row + 1 for row in rows]:
            total += int(away[at, customer])
            now = max(now + away[at, customer], TENTHS * table[customer, 3])
            assert now <= TENTHS * table[customer, 4]
            assert customer not in seen
            seen.add(customer)
            now, at, load = now + TENTHS * table[customer, 5], customer, load + table[customer, 2]
        total += int(away[at, 0])
        assert now + away[at, 0] <= TENTHS * table[0, 4]
        assert load <= instance.capacity
    assert len(routes) <= instance.vehicles
    return total / TENTHS
