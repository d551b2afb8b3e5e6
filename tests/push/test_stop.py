"""A stop is seen within seconds, wherever it comes from, and a gentle one holds back without breaking off."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from muster.errors import LedgerUnavailable
from push.stop import STOP_FILE, StopWatch
from tests.push.fakes import CAMPAIGN, World, make_world


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path, {"a": "old"})


@pytest.fixture
def watch(world: World, tmp_path: Path) -> Iterator[StopWatch]:
    made = StopWatch(world.ledger, CAMPAIGN, tmp_path)
    yield made
    made.leave()


def seen_within(seconds: float, signal: Callable[[], bool]) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end and not signal():
        time.sleep(0.05)
    return signal()


def test_a_stop_in_the_ledger_is_seen_and_stays_seen(world: World, watch: StopWatch) -> None:
    assert not watch.is_set()
    world.ledger.stop(CAMPAIGN, by="ann", reason="a client called")
    assert seen_within(5, watch.is_set)
    assert watch.held_back.is_set()
    world.ledger.resume(CAMPAIGN, by="ann")
    time.sleep(1)
    assert watch.is_set(), "nothing begins again by itself"


def test_a_gentle_stop_holds_back_and_breaks_nothing_off_until_somebody_stops_it(
    world: World, watch: StopWatch
) -> None:
    world.ledger.stop(CAMPAIGN, by="error budget", reason="spent", gentle=True)
    assert seen_within(5, watch.held_back.is_set)
    assert not watch.is_set()
    world.ledger.stop(CAMPAIGN, by="ann", reason="at once")
    assert seen_within(5, watch.is_set)


def test_a_stop_file_is_seen_and_its_words_are_the_reason(world: World, watch: StopWatch, tmp_path: Path) -> None:
    (tmp_path / STOP_FILE).write_text("Exchange first, says the vendor\nmore\n")
    assert seen_within(5, watch.is_set)
    assert seen_within(5, lambda: world.ledger.stopped(CAMPAIGN) is not None)
    stop = world.ledger.stopped(CAMPAIGN)
    assert stop is not None
    assert stop.by == "stop file"
    assert stop.reason.endswith("is there: Exchange first, says the vendor")


def test_a_stop_file_is_seen_while_the_ledger_hangs(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = StopWatch(world.ledger, CAMPAIGN, tmp_path)

    def hangs(*_: object, **__: object) -> None:
        time.sleep(20)
        raise LedgerUnavailable("it does not answer")

    monkeypatch.setattr(world.ledger, "stopped", hangs)
    time.sleep(1)  # the look at the ledger is under way
    (tmp_path / STOP_FILE).touch()
    assert seen_within(5, watch.is_set)
    monkeypatch.undo()
    watch._left.set()
