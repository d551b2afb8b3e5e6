"""What the ledger costs: attempts written down per second, the state of a large campaign, bytes per host.

::

    python -m benchmarks.ledger --attempts 20000               # claim and finish, on SQLite and PostgreSQL, with peers
    python -m benchmarks.ledger --status 100000 --events 1000000   # muster status of a very large campaign

An attempt is what the pusher does with a host: an intent that is committed before (row of ``attempts``, event, lease)
and an end with its evidence after it (row of ``outcomes``, event, state), in batches of ``--batch`` hosts. Evidence is
that of a host with six facts before and after. Every commit is flushed to the disk (SQLite ``synchronous=FULL``,
PostgreSQL with fsync): an intent that a power cut can take back is worth nothing.

The peers write the same rows, in the same number of transactions, flushed as well, by a driver or by SQLAlchemy alone:
without fences, leases, the check that nobody else holds the host, projections that follow from events, redaction, and
the numbering that makes the order of events the order of commits. ``Prefect`` is its own database with one task run per
host, which is how the same would be kept without a ledger.

- ``attempts_per_s``: of wall time; ``cpu_ms_per_attempt`` of the writing process and ``server_cpu_ms_per_attempt`` of
  PostgreSQL; ``attempts_per_cpu_s`` for each second of both: what a machine full of other work distorts less.
- ``status_ms``: what ``muster status`` reads and prints, without the start of Python; the median of ``--rounds``.
- ``bytes_per_host``: the whole database by its hosts, indexes and the record included.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.common import Row, options_of, show
from benchmarks.ledger_peers import PEERS, prefect_task_runs
from benchmarks.ledger_work import attempt_all, attempts_in_processes, grow, ready
from benchmarks.stub_world import CAMPAIGN
from ledger.open import open_ledger
from muster.clock import SystemClock
from muster.garbage import collect_seldom
from muster.ports import Ledger
from tests.postgres import PostgresServer, find_binaries


@dataclass(frozen=True, slots=True)
class Maker:
    """Makes fresh empty databases of one sort; ``cpu_s`` is what their server has used, 0 where there is none."""

    fresh: Callable[[], str]
    cpu_s: Callable[[], float] = lambda: 0.0


@contextmanager
def databases() -> Iterator[dict[str, Maker]]:
    """SQLite, and PostgreSQL where it is installed."""
    with tempfile.TemporaryDirectory(prefix="muster-ledger-") as folder:
        numbers = iter(range(10_000))
        made = {"SQLite": Maker(lambda: f"sqlite:///{folder}/{next(numbers)}.db")}
        binaries = find_binaries()
        if binaries is None:
            yield made
            return
        server = PostgresServer(binaries, durable=True)
        try:
            server.start()
            made["PostgreSQL"] = Maker(lambda: server.url(server.empty_database()), server.cpu_s)
            yield made
        finally:
            server.remove()


def measure_attempts(made: dict[str, Maker], options: argparse.Namespace) -> tuple[list[Row], dict[str, float]]:
    """Muster and the plain peers in turn on each database; medians."""
    rows: list[Row] = []
    ratios: dict[str, float] = {}
    contestants = {"muster": _muster, **PEERS}
    for name, maker in made.items():
        found: dict[str, list[tuple[float, ...]]] = {who: [] for who in contestants}
        for _ in range(options.rounds):
            for who, measure in contestants.items():
                found[who].append(measure(maker.fresh(), options.attempts, options.batch, maker.cpu_s))
                _say(name, f"{who}: {options.attempts / found[who][-1][0]:.0f}/s")
        rows += [_attempts_row(who, name, options.attempts, times) for who, times in found.items()]
        if name == "PostgreSQL":
            seconds = attempts_in_processes(maker.fresh(), options.attempts, options.batch, processes=3)
            rows.append(_attempts_row("muster", f"{name}, three processes", options.attempts, [(seconds, 0.0, 0.0)]))
    if options.task_runs:
        seconds, server_s = prefect_task_runs(options.task_runs)
        times = [(seconds, 0.0, server_s)]
        rows.append(_attempts_row("Prefect, a task run per host", "SQLite", options.task_runs, times))
    for name in made:
        ratios |= _ratios(rows, name)
    return rows, ratios


def _muster(url: str, hosts: int, batch: int, server_s: Callable[[], float]) -> tuple[float, ...]:
    with closing(open_ledger(url, clock=SystemClock())) as ledger:
        ready(ledger, hosts)
        before = server_s()
        seconds, cpu_s = attempt_all(ledger, 0, hosts, batch)
        return seconds, cpu_s, server_s() - before


def _attempts_row(who: str, case: str, attempts: int, times: Sequence[tuple[float, ...]]) -> Row:
    seconds, cpu_s, server_s = (statistics.median(each) for each in zip(*times, strict=True))
    return {
        "who": who,
        "case": case,
        "attempts_per_s": round(attempts / seconds),
        "cpu_ms_per_attempt": round(1000 * cpu_s / attempts, 3) if cpu_s else None,
        "server_cpu_ms_per_attempt": round(1000 * server_s / attempts, 3) if server_s else None,
        "attempts_per_cpu_s": round(attempts / (cpu_s + server_s)) if cpu_s else None,
        "rounds": len(times),
    }


def _ratios(rows: list[Row], name: str) -> dict[str, float]:
    rates = {str(row["who"]): float(str(row["attempts_per_s"])) for row in rows if row["case"] == name}
    return {
        f"attempts_per_s muster/{who}, {name}": round(rates["muster"] / rates[who], 2)
        for who in rates
        if who != "muster"
    }


def measure_status(made: dict[str, Maker], options: argparse.Namespace) -> list[Row]:
    """A very large campaign, and how long it takes to say how it stands."""
    rows: list[Row] = []
    for name, maker in made.items():
        url = maker.fresh()
        with closing(open_ledger(url, clock=SystemClock())) as ledger:
            ready(ledger, options.status)
            events = grow(
                ledger,
                options.status,
                options.events,
                report=partial(_say, name),
            )
            row: dict[str, float | int | str | None] = {
                "who": "muster",
                "case": f"{name}, {options.status:,} hosts, {events:,} events",
            }
            row["status_ms"] = _median_ms(options.rounds, lambda: _status(ledger))
            row["counts_ms"] = _median_ms(options.rounds, lambda: ledger.standing(CAMPAIGN))
            row["every_host_ms"] = _median_ms(1, lambda: ledger.hosts(CAMPAIGN))
            row["bytes_per_host"] = round(_bytes(url) / options.status)
            row["bytes_per_event"] = round(_bytes(url) / events)
        rows.append(row)
    return rows


def _say(name: str, words: str) -> None:
    print(f"  {name} {words}", file=sys.stderr, flush=True)


def _status(ledger: Ledger) -> None:
    """What the command does between its start and its end, its page thrown away."""
    from io import StringIO

    from rich.console import Console

    from muster.cli.standing import sums_page

    Console(file=StringIO(), width=120).print(sums_page(ledger, CAMPAIGN, now=SystemClock().now()))


def _median_ms(rounds: int, work: Callable[[], object]) -> float:
    times = []
    for _ in range(rounds + 1):
        begun = time.perf_counter()
        work()
        times.append(1000 * (time.perf_counter() - begun))
    return round(statistics.median(times[1:]), 1)  # the first one warms the caches


def _bytes(url: str) -> int:
    if url.startswith("sqlite"):
        file = Path(url.removeprefix("sqlite:///"))
        return sum(each.stat().st_size for each in file.parent.glob(f"{file.name}*"))
    from sqlalchemy import create_engine, text

    engine = create_engine(url)
    with engine.connect() as connection:
        found: int = connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one()
    engine.dispose()
    return found


def main() -> None:
    """Measure, and show."""
    parser = options_of("ledger", "Attempts written down per second, the state of a large campaign, bytes per host.")
    parser.add_argument("--attempts", type=int, default=20_000, help="hosts that are claimed and finished")
    parser.add_argument("--batch", type=int, default=100, help="hosts in one transaction")
    parser.add_argument("--task-runs", type=int, default=0, help="task runs of Prefect as a peer; takes minutes")
    parser.add_argument("--status", type=int, default=0, metavar="HOSTS", help="measure the state of such a campaign")
    parser.add_argument("--events", type=int, default=1_000_000, help="events of that campaign")
    parser.add_argument("--only", default="", help="SQLite or PostgreSQL")
    options = parser.parse_args()
    collect_seldom()  # as every process of Muster's does; the peers gain by it, too
    with databases() as made:
        chosen = {name: maker for name, maker in made.items() if options.only in {"", name}}
        rows, ratios = (
            (measure_status(chosen, options), dict[str, float]())
            if options.status
            else measure_attempts(chosen, options)
        )
    show("ledger", vars(options), rows, ratios, as_json=options.json)


if __name__ == "__main__":
    main()
