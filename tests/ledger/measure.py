"""How long the ledger takes for what a campaign asks of it most: ``python -m tests.ledger.measure [ADDRESS]``.

Without an address it measures a SQLite file in a temporary folder, then a PostgreSQL of its own. Medians, in
milliseconds, of real time and of CPU time of this process.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from ledger.open import open_ledger
from ledger.store import SqlLedger
from muster.clock import SystemClock
from muster.crew import Crew
from muster.outcomes import Evidence, Finding, Verdict
from muster.records import Lease
from muster.steps import Fact
from tests.ledger.make import CAMPAIGN, begin, claim, finish, fleet, ids, outcome, probe
from tests.postgres import PostgresServer, find_binaries

HOSTS = 10_000
BATCH = 500
ROUNDS = 10


def finding(verdict: Verdict, number: int) -> Finding:
    """Six facts, one of them different from host to host."""
    facts = tuple(Fact("system", f"2026-11-0{day}T00:00:00Z", "-25200") for day in range(1, 6))
    return Finding(verdict, "what was found", (*facts, Fact("system", "uptime", str(number))))


def median_ms(rounds: int, work: Callable[[int], object]) -> tuple[float, float]:
    """Real time and CPU time of one round."""
    real: list[float] = []
    cpu: list[float] = []
    for number in range(rounds):
        began, began_cpu = time.perf_counter(), time.process_time()
        work(number)
        real.append(time.perf_counter() - began)
        cpu.append(time.process_time() - began_cpu)
    return statistics.median(real) * 1000, statistics.median(cpu) * 1000


def measure(name: str, url: str) -> None:
    """Print one line for each thing that is measured; the database must be empty."""
    ledger = open_ledger(url, clock=SystemClock())
    assert isinstance(ledger, SqlLedger)
    large = fleet(100_000)
    show(name, "import 100,000 hosts", median_ms(1, lambda _: ledger.save_inventory(large, Crew(), by="ann")))
    show(name, "import the same again", median_ms(1, lambda _: ledger.save_inventory(large, Crew(), by="ann")))
    show(name, "read 100,000 hosts of the fleet", median_ms(3, lambda _: ledger.fleet()))
    begin(ledger, HOSTS)
    show(name, "probe 10,000 hosts", median_ms(1, lambda _: probe(ledger, ids(HOSTS), finding(Verdict.STALE, 0))))
    measure_pushing(name, ledger)
    show(name, "read 10,000 host states", median_ms(5, lambda _: ledger.hosts(CAMPAIGN)))
    ledger.close()


def measure_pushing(name: str, ledger: SqlLedger) -> None:
    """Claim, renew and finish batches of 500."""
    leases: list[tuple[Lease, ...]] = []

    def take(number: int) -> None:
        leases.append(claim(ledger, ids(HOSTS)[number * BATCH : (number + 1) * BATCH]))

    show(name, "claim 500 hosts", median_ms(ROUNDS, take))
    show(name, "renew 500 leases", median_ms(ROUNDS, lambda number: ledger.renew(leases[number], lease_s=60)))
    evidence = [Evidence(finding(Verdict.STALE, n), finding(Verdict.RIGHT, n), ("tzdata",)) for n in range(BATCH)]
    ends = [replace(outcome(), evidence=one) for one in evidence]

    def end(number: int) -> None:
        assert ledger.finish(list(zip(leases[number], ends, strict=True))) == ()

    show(name, "finish 500 hosts", median_ms(ROUNDS, end))
    show(name, "finish 1 host", median_ms(ROUNDS, lambda _: finish(ledger, claim(ledger, ids(HOSTS)[-1:]))))


def show(name: str, what: str, took_ms: tuple[float, float]) -> None:
    """One line."""
    sys.stdout.write(f"{name:12} {what:34} {took_ms[0]:9.1f} ms   {took_ms[1]:9.1f} ms CPU\n")


def main() -> None:
    """Measure what was asked for."""
    if len(sys.argv) > 1:
        measure("given", sys.argv[1])
        return
    with tempfile.TemporaryDirectory() as folder:
        measure("SQLite", f"sqlite:///{Path(folder)}/ledger.db")
    binaries = find_binaries()
    if binaries is None:
        sys.stdout.write("PostgreSQL   was not found\n")
        return
    server = PostgresServer(binaries)
    try:
        server.start()
        measure("PostgreSQL", server.url(server.empty_database()))
    finally:
        server.remove()


if __name__ == "__main__":
    main()
