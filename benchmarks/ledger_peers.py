"""The same rows without a ledger: by a driver alone, by SQLAlchemy alone, and as Prefect's task runs."""

import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import psutil
import psycopg
from sqlalchemy import insert, update
from sqlalchemy.sql import bindparam

from benchmarks.ledger_work import finding, ids, ready
from benchmarks.stub_world import CAMPAIGN
from ledger import tables
from ledger.address import read_address
from ledger.codec import EVIDENCE, FINDING, to_json
from ledger.database import DEFAULT_LIMITS, Database
from ledger.open import open_ledger
from muster.clock import SystemClock
from muster.outcomes import Evidence, Verdict

ServerCpu = Callable[[], float]
"""Seconds of CPU that the database's server has used so far."""
Values = list[dict[str, object]]
ATTEMPTS = ("id", "campaign_id", "host_id", "runner_id", "fence", "step", "wave", "visit_id", "begun_at")
OUTCOMES = ("attempt_id", "status", "stage", "cause", "hint", "evidence", "duration_s", "at")
EVENTS = ("revision", "at", "campaign_id", "host_id", "kind", "effect", "by", "data")


class Write(Protocol):
    """Writes rows of one transaction."""

    def __call__(self, attempts: Values, outcomes: Values, events: Values, states: Values) -> None:
        """Whatever is not empty."""
        ...


def _measured(write: Write, first: int, hosts: int, batch: int, server_s: ServerCpu) -> tuple[float, ...]:
    """Hand over what the ledger would have written, two transactions for each batch."""
    begun, begun_cpu, begun_server = time.perf_counter(), time.process_time(), server_s()
    revision = first
    for start in range(0, hosts, batch):
        page = ids(start, min(batch, hosts - start))
        now = datetime.now(UTC)
        claimed = [_claimed(start + place, str(one), now) for place, one in enumerate(page)]
        write(
            claimed,
            [],
            [_event(revision + 1 + place, "claimed", row, now) for place, row in enumerate(claimed)],
            [_state(row, "in progress", now) for row in claimed],
        )
        revision += len(page)
        ended = [_ended(row, place, now) for place, row in enumerate(claimed)]
        write(
            [],
            ended,
            [_event(revision + 1 + place, "finished", row, now) for place, row in enumerate(claimed)],
            [_state(row, "verified", now) for row in claimed],
        )
        revision += len(page)
    return time.perf_counter() - begun, time.process_time() - begun_cpu, server_s() - begun_server


def _claimed(number: int, host_id: str, now: datetime) -> dict[str, object]:
    values = (number + 1, str(CAMPAIGN), host_id, "bench:1:0", 1, "apply", 1, None, now)
    return dict(zip(ATTEMPTS, values, strict=True))


def _ended(row: dict[str, object], place: int, now: datetime) -> dict[str, object]:
    evidence = EVIDENCE.to_text(Evidence(finding(Verdict.STALE, place), finding(Verdict.RIGHT, place), ("tzdata",)))
    return dict(zip(OUTCOMES, (row["id"], "verified", "finished", "", "", evidence, 12.5, now), strict=True))


def _event(revision: int, kind: str, row: dict[str, object], now: datetime) -> dict[str, object]:
    data = to_json({"attempt": row["id"], "fence": 1, "finding": FINDING.to_plain(finding(Verdict.RIGHT, revision))})
    values = (revision, now, row["campaign_id"], row["host_id"], kind, "moves", "bench:1:0", data)
    return dict(zip(EVENTS, values, strict=True))


def _state(row: dict[str, object], status: str, now: datetime) -> dict[str, object]:
    found = to_json(FINDING.to_plain(finding(Verdict.RIGHT, 1)))
    return {"status": status, "finding": found, "changed_at": now, "attempt_id": row["id"], "key": row["host_id"]}


def driver_alone(url: str, hosts: int, batch: int, server_s: ServerCpu) -> tuple[float, ...]:
    """``sqlite3`` or ``psycopg``, and nothing else."""
    with closing(open_ledger(url, clock=SystemClock())) as ledger:
        ready(ledger, hosts)
        first = ledger.revision()
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as there:
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
                there.execute(f"PRAGMA {pragma}").close()
            return _measured(_by_sqlite(there), first, hosts, batch, server_s)
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        return _measured(_by_psycopg(connection), first, hosts, batch, server_s)


def _by_sqlite(there: sqlite3.Connection) -> Write:
    def write(attempts: Values, outcomes: Values, events: Values, states: Values) -> None:
        there.execute("BEGIN IMMEDIATE").close()
        for table, names, rows in _tables(attempts, outcomes, events):
            marks = ",".join("?" * len(names))
            shown = ",".join(f'"{name}"' for name in names)
            there.executemany(f"INSERT INTO {table} ({shown}) VALUES ({marks})", [_plain(row, names) for row in rows])  # noqa: S608 - our own names
        named = ("status", "finding", "changed_at", "attempt_id", "key")
        there.executemany(
            "UPDATE host_states SET status=?, finding=?, changed_at=?, attempt_id=? "
            "WHERE campaign_id='stub' AND host_id=?",
            [_plain(row, named) for row in states],
        )
        there.execute("COMMIT").close()

    return write


def _plain(row: dict[str, object], names: Sequence[str]) -> list[object]:
    return [one.isoformat(timespec="microseconds") if isinstance(one, datetime) else one for one in map(row.get, names)]


def _by_psycopg(connection: psycopg.Connection[tuple[object, ...]]) -> Write:
    def write(attempts: Values, outcomes: Values, events: Values, states: Values) -> None:
        with connection.transaction(), connection.cursor() as cursor:
            for table, names, rows in _tables(attempts, outcomes, events):
                shown, marks = ",".join(f'"{name}"' for name in names), ",".join(f"%({name})s" for name in names)
                cursor.executemany(f"INSERT INTO {table} ({shown}) VALUES ({marks})", rows)  # noqa: S608 - our own names
            cursor.executemany(
                "UPDATE host_states SET status=%(status)s, finding=%(finding)s, changed_at=%(changed_at)s, "
                "attempt_id=%(attempt_id)s WHERE campaign_id='stub' AND host_id=%(key)s",
                states,
            )

    return write


def _tables(attempts: Values, outcomes: Values, events: Values) -> list[tuple[str, tuple[str, ...], Values]]:
    made = [("attempts", ATTEMPTS, attempts), ("outcomes", OUTCOMES, outcomes), ("events", EVENTS, events)]
    return [one for one in made if one[2]]


def sqlalchemy_alone(url: str, hosts: int, batch: int, server_s: ServerCpu) -> tuple[float, ...]:
    """SQLAlchemy's statements on the ledger's own tables and connections."""
    with closing(open_ledger(url, clock=SystemClock())) as ledger:
        ready(ledger, hosts)
        first = ledger.revision()
    database = Database(read_address(url), DEFAULT_LIMITS)
    state = tables.host_states
    change = (
        update(state)
        .where(state.c.campaign_id == CAMPAIGN, state.c.host_id == bindparam("key"))
        .values({name: bindparam(name) for name in ("status", "finding", "changed_at", "attempt_id")})
    )

    def write(attempts: Values, outcomes: Values, events: Values, states: Values) -> None:
        with database.writing() as connection:
            for table, rows in ((tables.attempts, attempts), (tables.outcomes, outcomes), (tables.events, events)):
                if rows:
                    connection.execute(insert(table), rows)
            connection.execute(change, states)

    with closing(database):
        return _measured(write, first, hosts, batch, server_s)


PEERS: Mapping[str, Callable[[str, int, int, ServerCpu], tuple[float, ...]]] = {
    "driver alone": driver_alone,
    "SQLAlchemy alone": sqlalchemy_alone,
}

FLOW = """
import sys, time
from prefect import flow, task
@task(persist_result=False)
def host(number):
    return None
@flow(persist_result=False)
def hosts(count):
    for future in host.map(range(count)):
        future.wait()
hosts(int(sys.argv[1]))
"""


def prefect_task_runs(count: int) -> tuple[float, float]:
    """So many empty task runs until the server has written them down; seconds, and the server's CPU."""
    from flows.server import free_port
    from tests.scale.company import PrefectServer

    with tempfile.TemporaryDirectory(prefix="muster-prefect-") as name:
        server = PrefectServer(Path(name) / "home", free_port())
        server.start()
        try:
            assert server.process is not None
            before = _cpu_s(server.process.pid)
            environment = {**os.environ, "PREFECT_API_URL": server.url, "PREFECT_LOGGING_LEVEL": "CRITICAL"}
            begun = time.perf_counter()
            subprocess.run([sys.executable, "-c", FLOW, str(count)], env=environment, check=True)
            _wait_until_written(server.url, count)
            return time.perf_counter() - begun, _cpu_s(server.process.pid) - before
        finally:
            server.kill()


def _wait_until_written(url: str, count: int) -> None:
    import httpx

    give_up_at = time.monotonic() + 600
    question = {"task_runs": {"state": {"type": {"any_": ["COMPLETED"]}}}}
    while time.monotonic() < give_up_at:
        if json.loads(httpx.post(f"{url}/task_runs/count", json=question, timeout=60).text) >= count:
            return
        time.sleep(0.5)
    raise RuntimeError("Prefect has not written every task run down within ten minutes")


def _cpu_s(pid: int) -> float:
    family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    return sum(sum(one.cpu_times()[:2]) for one in family)
