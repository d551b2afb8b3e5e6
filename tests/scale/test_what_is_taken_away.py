"""A campaign of 2,000 hosts on three workers; a worker, Prefect's server and PostgreSQL are taken away in its middle.

By hand: ``pytest -m slow tests/scale/test_what_is_taken_away.py -s``; it prints what every accident cost.
"""

import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from benchmarks.stub_world import CAMPAIGN, StubWorld
from flows.server import free_port
from ledger.open import open_ledger
from ledger.replay import differences
from ledger.store import SqlLedger
from muster.campaign import WavePolicy
from muster.clock import SystemClock
from tests.postgres import PostgresServer, find_binaries
from tests.scale.company import Company, PrefectServer, kill_family, wait_for
from tests.survival.host_log import Session, of_step, pushed_blindly

pytestmark = [pytest.mark.slow, pytest.mark.postgres, pytest.mark.timeout(3600)]
HOSTS = 2_000
WORKERS = 3
LEASE_S = 20
AWAY_S = 8.0
QUIET_S = 5.0
"""So long without a single push is time lost."""
HEARTBEAT_S = 92.0
"""After so long Prefect says that a flow run whose machine is gone has crashed (three heartbeats and a little)."""
BOUND_S = 3 * HEARTBEAT_S + 2 * LEASE_S + 600
"""All three accidents together: the dead worker's runs are found out, its leases run out, and flows begin anew. Ten
minutes are for the machine: each flow run starts a process, which takes 3 seconds where it is idle and 25 where not."""


@pytest.fixture
def postgres() -> Iterator[PostgresServer]:
    """One of our own: it is stopped and started, and it flushes to the disk."""
    binaries = find_binaries()
    if binaries is None:
        pytest.skip("PostgreSQL's initdb and postgres were not found on PATH or in /usr/lib/postgresql")
    server = PostgresServer(binaries, durable=True)
    server.start()
    yield server
    server.remove()


@pytest.fixture
def prefect(postgres: PostgresServer, tmp_path: Path) -> Iterator[PrefectServer]:
    """A server whose database is PostgreSQL, too."""
    url = make_url(postgres.url(postgres.empty_database())).set(drivername="postgresql+asyncpg")
    server = PrefectServer(tmp_path / "prefect", free_port(), url.render_as_string(hide_password=False))
    server.start()
    yield server
    server.kill()


@pytest.fixture
def company(postgres: PostgresServer, prefect: PrefectServer, tmp_path: Path) -> Iterator[Company]:
    url = postgres.url(postgres.empty_database())
    waves = WavePolicy(canary_per_kind=200, growth_factor=3.0, max_wave_hosts=600, min_success_rate=0.5)
    settings = {"lease_s": LEASE_S, "part_hosts": 100, "batch_hosts": 25}
    company = Company(tmp_path / "company", prefect.url, url, StubWorld(HOSTS, waves=waves), 1.0, settings)
    yield company
    company.close()


def test_every_host_ends_right_and_none_is_pushed_blindly(
    company: Company, prefect: PrefectServer, postgres: PostgresServer
) -> None:
    workers = [company.start("worker", "--limit", "3") for _ in range(WORKERS)]
    wait_for(lambda: all("started!" in company.said(one) for one in workers), "no workers")
    began = time.monotonic()
    runs = [company.start("run", "--ahead")]
    accidents: dict[str, float] = {}

    def meanwhile() -> bool:
        """Begin the run anew where it ended before everything was done: what a person, or the reconciler, does."""
        if runs[-1].poll() is not None and not _all_right(company):
            runs.append(company.start("run", "--ahead"))
        return True

    wait_for(lambda: meanwhile() and company.pushed() >= HOSTS * 0.3, "a third was never pushed")
    kill_family(workers[0])
    accidents["a worker with all its flows, kill -9"] = time.monotonic()
    wait_for(lambda: meanwhile() and company.pushed() >= HOSTS * 0.5, "half was never pushed")
    prefect.kill()
    accidents[f"Prefect's server, kill -9, back after {AWAY_S:.0f} s"] = time.monotonic()
    time.sleep(AWAY_S)
    prefect.start()
    wait_for(lambda: meanwhile() and company.pushed() >= HOSTS * 0.7, "two thirds were never pushed")
    postgres.stop()
    accidents[f"PostgreSQL (ledger and Prefect), back after {AWAY_S:.0f} s"] = time.monotonic()
    time.sleep(AWAY_S)
    postgres.start()
    wait_for(lambda: meanwhile() and _all_right(company), "it never came to its end", limit_s=1800)
    sessions = company.sessions()
    _tell(sessions, began, accidents, len(runs))
    assert company.standing() == {"verified": HOSTS}
    assert pushed_blindly(sessions) == []
    assert _differences(company.ledger_url) == ()
    with closing(company.ledger()) as ledger:
        assert ledger.runners(CAMPAIGN) == (), "no lease is left"
    assert lost_s(sessions) < BOUND_S


def lost_s(sessions: list[Session]) -> float:
    """Seconds in which nobody pushed anything, gaps shorter than ``QUIET_S`` left out."""
    ends = sorted(one.begun_s for one in of_step(sessions, "apply"))
    return sum(second - first for first, second in pairwise(ends) if second - first > QUIET_S)


def _tell(sessions: list[Session], began: float, accidents: dict[str, float], runs: int) -> None:
    pushes = of_step(sessions, "apply")
    twice = sum(number > 1 for number in Counter(one.host for one in pushes).values())
    lines = [
        f"{HOSTS} hosts in {time.monotonic() - began:.0f} s; {len(pushes)} pushes, {twice} hosts had more than one"
    ]
    begins = sorted(one.begun_s for one in pushes)
    for what, at in accidents.items():
        after = min((each for each in begins if each > at), default=at) - at
        longest = max((second - first for first, second in pairwise(begins) if second > at), default=0.0)
        lines.append(f"  {what}: the next push after {after:.1f} s, the longest gap since then {longest:.1f} s")
    lines.append(f"  time lost in all: {lost_s(sessions):.0f} s of {BOUND_S:.0f} s; muster run was begun {runs} times")
    sys.stdout.write("\n" + "\n".join(lines) + "\n")


def _all_right(company: Company) -> bool:
    """Asked of the hosts' own log, and of the ledger only once they say so."""
    try:
        return company.pushed() >= HOSTS and company.standing() == {"verified": HOSTS}
    except Exception:  # noqa: BLE001 - the ledger is away: that is what is played here
        return False


def _differences(url: str) -> tuple[str, ...]:
    with closing(open_ledger(url, clock=SystemClock())) as ledger:
        assert isinstance(ledger, SqlLedger)
        return differences(ledger)
