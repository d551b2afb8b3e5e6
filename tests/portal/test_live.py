"""Live numbers: within two seconds of a commit, one reader for all who look, and an end when the session ends."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from muster.ids import RunnerId
from muster.outcomes import HostStatus
from muster.steps import StepName
from portal import live
from portal.live import LOOK_S, Watcher
from portal.reading import Reading
from tests.portal.conftest import RunningPortal
from tests.portal.world import BY, CAMPAIGN, _outcome, hosts_of

SPARE = hosts_of("harbour-port")


def push_one(portal: RunningPortal, number: int) -> None:
    """One more machine is verified."""
    ledger = portal.world.ledger
    leases = ledger.claim(
        CAMPAIGN, [SPARE[number]], runner_id=RunnerId("desk:1:1"), step=StepName.APPLY, wave=2, lease_s=60
    )
    ledger.finish([(lease, _outcome(HostStatus.VERIFIED)) for lease in leases])


@contextmanager
def stream(portal: RunningPortal, who: str, path: str) -> Iterator[Iterator[dict[str, object]]]:
    """The numbers that a viewer is sent."""
    with portal.client(who) as client, client.stream("GET", path, timeout=60) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = answer.iter_lines()
        yield (json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: "))


def test_a_commit_is_on_the_way_before_the_reader_has_looked_twice(
    fresh_portal: RunningPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told in looks at the record, of which there are two a second, so that a busy machine does not change it."""
    watch, seen = fresh_portal.portal.watch, list[tuple[int, str]]()
    make = live.numbers_of

    def noted(reading: Reading, topic: live.Topic) -> dict[str, object]:
        made = make(reading, topic)
        seen.append((watch.looks, made["shown"]["verified"]))  # type: ignore[index]
        return made

    monkeypatch.setattr(live, "numbers_of", noted)
    with stream(fresh_portal, "ana", "/live/vancouver") as numbers:
        assert next(numbers)["shown"]["verified"] == "11"  # type: ignore[index]
        push_one(fresh_portal, 0)
        committed = watch.looks
        now = next(numbers)
        while now["shown"]["verified"] == "11":  # type: ignore[index]  # it looked between claim and end
            now = next(numbers)
        assert now["shown"]["verified"] == "12"  # type: ignore[index]
        assert now["shown"]["right"] == "13"  # type: ignore[index]
    first = next(look for look, verified in seen if verified == "12")
    assert first <= committed + 2
    assert 2 * LOOK_S <= 2.0


def test_twenty_who_look_cost_no_more_than_one(fresh_portal: RunningPortal) -> None:
    threads, got = [], []
    ready = threading.Barrier(21)

    def look() -> None:
        with stream(fresh_portal, "ana", "/live/vancouver") as numbers:
            next(numbers)
            ready.wait(60)
            got.append(next(numbers)["counts"])

    for _ in range(20):
        threads.append(threading.Thread(target=look))
        threads[-1].start()
    ready.wait(60)
    reading = fresh_portal.portal.reading
    before, asked = reading.refresh, []

    def counted() -> int:
        asked.append(threading.current_thread().name)
        return before()

    reading.refresh = counted  # type: ignore[method-assign]
    push_one(fresh_portal, 0)
    for thread in threads:
        thread.join(60)
    assert len(got) == 20
    assert set(asked) == {"portal live"}, "only the one reader asks the ledger"


def reads(watch: Watcher) -> bool:
    return watch._thread is not None


def test_nobody_who_looks_no_reader(fresh_portal: RunningPortal) -> None:
    watch = fresh_portal.portal.watch
    with stream(fresh_portal, "ana", "/live/vancouver") as numbers:
        next(numbers)
        assert reads(watch)
    push_one(fresh_portal, 0)  # what is sent to somebody who has left ends the stream
    give_up = time.monotonic() + 60
    while reads(watch) and time.monotonic() < give_up:
        time.sleep(0.1)
    assert not reads(watch)


def test_a_visits_numbers_are_for_those_who_may_see_it(portal: RunningPortal) -> None:
    for who in ("ana", "nils", "pat", "dora"):
        with stream(portal, who, "/live/vancouver/v4") as numbers:
            assert next(numbers)["counts"]["failed"] == 2, who  # type: ignore[index]
    for who in ("kim", "cora", "hugo"):
        with portal.client(who) as client:
            assert client.get("/live/vancouver/v4").status_code == 404, who
            assert client.get("/live/vancouver").status_code == 404, who


def test_a_stream_ends_when_the_portal_does(fresh_portal: RunningPortal) -> None:
    with stream(fresh_portal, "ana", "/live/vancouver") as numbers:
        next(numbers)
        fresh_portal.portal.watch.close()
        with pytest.raises((StopIteration, httpx.HTTPError)):
            next(numbers)


def test_a_stop_is_seen_too(fresh_portal: RunningPortal) -> None:
    with stream(fresh_portal, "ana", "/live/vancouver") as numbers:
        assert next(numbers)["stopped"] is False
        fresh_portal.world.ledger.stop(CAMPAIGN, by=BY, reason="a client called")
        assert next(numbers)["stopped"] is True
