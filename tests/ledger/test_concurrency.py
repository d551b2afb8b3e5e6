"""Several processes and threads on one ledger: no host to two of them."""

import json
import subprocess
import sys
import threading
from pathlib import Path

from ledger.replay import differences
from ledger.store import SqlLedger
from muster.ids import RunnerId
from muster.outcomes import HostStatus
from muster.records import Lease
from tests.ledger.conftest import Open
from tests.ledger.make import CAMPAIGN, begin_stale, claim, finish, ids, outcome

ROOT = Path(__file__).parents[2]
HOSTS = 60


def _rival(url: str, name: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "tests.ledger.rivals", url, name, str(HOSTS)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_three_processes_that_want_the_same_hosts_share_them_without_overlap(url: str, opened: Open) -> None:
    ledger = opened(url)
    begin_stale(ledger, HOSTS)
    rivals = [_rival(url, f"rival-{number}") for number in range(3)]
    said: list[list[list[object]]] = []
    try:
        for rival in rivals:
            assert rival.stdout is not None
            assert rival.stdout.readline() == "ready\n"
        for rival in rivals:
            assert rival.stdin is not None
            rival.stdin.write("go\n")
            rival.stdin.flush()
        said = [json.loads(rival.communicate(timeout=120)[0]) for rival in rivals]
    finally:
        for rival in rivals:
            rival.kill()
            rival.wait()
    got = [tuple(lease) for leases in said for lease in leases]
    assert sorted(got) == sorted((host_id, 1) for host_id in ids(HOSTS)), "every host once, by one of them"
    assert len(ledger.attempts(CAMPAIGN)) == HOSTS
    assert {state.status for state in ledger.hosts(CAMPAIGN)} == {HostStatus.VERIFIED}
    assert differences(ledger) == ()


def test_two_threads_that_claim_everything_at_once_never_hold_one_host_together(url: str, opened: Open) -> None:
    ledgers = [opened(url), opened(url)]
    begin_stale(ledgers[0], 20)
    held: set[str] = set()
    guard = threading.Lock()
    errors: list[str] = []

    def take(leases: tuple[Lease, ...]) -> None:
        with guard:
            for lease in leases:
                if lease.host_id in held:
                    errors.append(f"{lease.host_id} was held already")
                held.add(lease.host_id)

    def push(ledger: SqlLedger, name: str) -> None:
        for _ in range(15):
            leases = claim(ledger, ids(20), RunnerId(name))
            take(leases)
            with guard:
                held.difference_update(lease.host_id for lease in leases)
            if finish(ledger, leases, outcome(HostStatus.FAILED)):
                errors.append("a result was refused")

    threads = [threading.Thread(target=push, args=(one, f"t{n}")) for n, one in enumerate(ledgers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    fences = [(attempt.host_id, attempt.fence) for attempt in ledgers[0].attempts(CAMPAIGN)]
    assert len(fences) == len(set(fences)) > 20
    assert differences(ledgers[0]) == ()
