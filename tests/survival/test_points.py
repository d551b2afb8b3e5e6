"""A campaign dies at any of its points: 200 of them, drawn by a seed, on each database.

Between two statements, before a commit, in the middle of a step at a host: whatever is left, the next process brings
the campaign to the same end, and no host is pushed twice without having answered in between. Half of the dead are
of another machine, so that nothing but the end of their leases tells that they are dead. A few points are part of the
usual suite, the others of ``make test-slow``.
"""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
import yaml

from benchmarks.stub_world import CAMPAIGN, StubWorld
from ledger.open import open_ledger
from ledger.replay import differences
from ledger.store import SqlLedger
from muster.campaign import WavePolicy
from muster.clock import SystemClock
from muster.outcomes import HostStatus
from tests.postgres import PostgresServer
from tests.scale.standin import FOLDER_VARIABLE, SECONDS_VARIABLE, shadow
from tests.survival.host_log import of_step, pushed_blindly, read_log
from tests.survival.nursery import Request
from tests.survival.test_killed import told_twice
from tests.survival.workplace import plain_environment

pytestmark = pytest.mark.timeout(3600)
HOSTS = 9
LEASE_S = 30.0
POINTS = 200
CHUNK = 10
USUAL = 2
SEED = 20261101
STEP_S = 0.002
DATABASES = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


class Nursery:
    """A process that forks campaigns which die when they are told to."""

    def __init__(self, folder: Path) -> None:
        environment = {**plain_environment(), "PYTHONPATH": shadow(folder / "shadow")}
        environment |= {FOLDER_VARIABLE: "", SECONDS_VARIABLE: str(STEP_S)}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.survival.nursery"],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, request: Request) -> dict[str, int]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        answer: dict[str, int] = json.loads(self.process.stdout.readline())
        return answer

    def close(self) -> None:
        self.process.communicate()


class Places:
    """Fresh copies of one dispatched campaign, on one database."""

    def __init__(self, folder: Path, server: PostgresServer | None) -> None:
        self.folder, self._server = folder, server
        self._made = 0
        waves = WavePolicy(growth_factor=2.0, max_wave_hosts=5, min_success_rate=0.1, tolerated_failures=9)
        self._world = StubWorld(HOSTS, waves=waves)

    def fresh(self) -> tuple[Path, str]:
        """A workspace with the campaign, dispatched and not begun, and the address of its ledger."""
        self._made += 1
        workspace = self.folder / f"w{self._made}"
        (workspace / "hosts").mkdir(parents=True)
        server = self._server
        url = server.url(server.ledger_database()) if server is not None else f"sqlite:///{workspace}/muster.db"
        lines = {"ledger_url": url, "lease_s": LEASE_S, "batch_hosts": 3, "parallel_hosts": 2}
        (workspace / "muster.yml").write_text(yaml.safe_dump({**lines, "default_credential": "key:/dev/null"}))
        with closing(open_ledger(url, clock=SystemClock())) as ledger:
            self._world.dispatch_in(ledger)
        return workspace, url

    def drop(self, url: str) -> None:
        if self._server is not None:
            self._server.drop(url.rpartition("/")[2])


@pytest.fixture(scope="module")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    made = Nursery(tmp_path_factory.mktemp("nursery"))
    yield made
    made.close()


@pytest.fixture(scope="module", params=DATABASES)
def places(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Places:
    """Campaigns on one database."""
    server = request.getfixturevalue("postgres_server") if request.param == "postgres" else None
    return Places(tmp_path_factory.mktemp("places"), server)


@pytest.fixture(scope="module")
def drawn(places: Places, nursery: Nursery) -> list[int]:
    """The points, drawn evenly over those that an undisturbed campaign passes."""
    workspace, url = places.fresh()
    undisturbed = nursery.ask(_request(workspace))
    assert undisturbed["code"] == 0
    assert undisturbed["points"] > 100
    places.drop(url)
    return [Random(f"{SEED} {number}").randint(1, undisturbed["points"]) for number in range(POINTS)]  # noqa: S311


def _request(workspace: Path, *, die_at: int = 0, later_s: float = 0.0, elsewhere: bool = False) -> Request:
    hosts = str(workspace / "hosts")
    return Request(workspace=str(workspace), hosts=hosts, die_at=die_at, later_s=later_s, elsewhere=elsewhere)


def _chunks() -> Iterator[object]:
    yield pytest.param(range(USUAL), id=f"0-{USUAL - 1}")
    for start in range(USUAL, POINTS, CHUNK):
        numbers = range(start, min(POINTS, start + CHUNK))
        yield pytest.param(numbers, id=f"{numbers[0]}-{numbers[-1]}", marks=pytest.mark.slow)


@pytest.mark.parametrize("numbers", tuple(_chunks()))
def test_a_campaign_that_dies_at_a_point_is_brought_to_the_same_end(
    numbers: range, places: Places, nursery: Nursery, drawn: list[int]
) -> None:
    ends: Counter[str] = Counter()
    for number in numbers:
        workspace, url = places.fresh()
        elsewhere = number % 2 == 1
        died = nursery.ask(_request(workspace, die_at=drawn[number], elsewhere=elsewhere))
        assert died["killed"] or died["code"] == 0, f"point {drawn[number]}"
        ends["died" if died["killed"] else "passed no such point"] += 1
        _hold_leases_to_their_time(url, number)
        later_s = LEASE_S + 1 if elsewhere else 0.0
        assert nursery.ask(_request(workspace, later_s=later_s))["code"] == 0, f"point {drawn[number]}"
        _judge(workspace, url, drawn[number])
        places.drop(url)
    assert ends["died"] >= len(numbers) * 0.7, f"most points must be met: {ends}"


def _hold_leases_to_their_time(url: str, number: int) -> None:
    with closing(open_ledger(url, clock=SystemClock())) as ledger:
        now = SystemClock().now()
        for state in ledger.hosts(CAMPAIGN):
            if state.lease_expires_at is not None:
                left_s = (state.lease_expires_at - now).total_seconds()
                assert left_s <= LEASE_S, f"number {number}: {state.host_id} is held for {left_s} s"


def _judge(workspace: Path, url: str, point: int) -> None:
    """Nothing lost, nothing doubled, nothing stuck; the hosts' own word counts."""
    sessions = read_log(workspace / "hosts" / "log")
    ended = [one if one.ended_s is not None else replace(one, ended_s=one.begun_s + STEP_S) for one in sessions]
    with closing(open_ledger(url, clock=SystemClock())) as ledger:
        assert isinstance(ledger, SqlLedger)
        assert {state.status for state in ledger.hosts(CAMPAIGN)} == {HostStatus.VERIFIED}, f"point {point}"
        attempts = ledger.attempts(CAMPAIGN)
        assert ledger.runners(CAMPAIGN) == (), f"point {point}: a lease is left"
        assert differences(ledger) == (), f"point {point}"
    assert pushed_blindly(ended) == [], f"point {point}"
    assert told_twice(attempts) == [], f"point {point}"
    pushes = Counter(one.host for one in of_step(ended, "apply"))
    intents = Counter(str(one.host_id) for one in attempts)
    assert all(pushes[host] <= intents[host] for host in pushes), f"point {point}: a push without an intent"
    assert set(pushes) == set(intents), f"point {point}: every host was pushed"
