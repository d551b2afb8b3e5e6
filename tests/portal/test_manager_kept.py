"""Figures that are kept: fresh where they are cheap, a moment old where they are dear."""

import threading
import time
from dataclasses import dataclass

import pytest

from portal.manager import kept as kept_module
from portal.manager.kept import SMALL_HOSTS, forget, kept, kept_soon
from portal.reading import Reading
from tests.portal.conftest import RunningPortal
from tests.portal.world import CAMPAIGN


@dataclass
class Figure:
    """Something that takes a while to work out."""

    takes_s: float
    made: int = 0

    def __call__(self) -> int:
        time.sleep(self.takes_s)
        self.made += 1
        return self.made


@pytest.fixture
def reading(fresh_portal: RunningPortal, monkeypatch: pytest.MonkeyPatch) -> Reading:
    """What a portal knows; what is cheap, dear and soon does not hang on how busy this machine is."""
    monkeypatch.setattr(kept_module, "CHEAP_S", 0.09)
    monkeypatch.setattr(kept_module, "PROMPT_S", 60.0)
    monkeypatch.setattr(kept_module, "PATIENCE", 10_000.0)
    known = fresh_portal.portal.reading
    known.refresh()
    return known


def move(running: RunningPortal) -> None:
    """Something happens in the ledger, and the portal has read it."""
    running.world.ledger.note("looked at", by="test", campaign_id=CAMPAIGN)
    running.portal.reading.refresh()


def wait_for(figure: Figure, made: int) -> None:
    """Until it was worked out so often."""
    give_up = time.monotonic() + 60
    while figure.made < made and time.monotonic() < give_up:
        time.sleep(0.01)
    assert figure.made == made


def test_what_is_cheap_is_worked_out_when_the_ledger_moves_and_only_then(
    fresh_portal: RunningPortal, reading: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_module, "CHEAP_S", 60.0)  # nothing is dear here, however busy the machine is
    cheap = Figure(0.0)
    assert [kept(reading, "cheap", cheap) for _ in range(5)] == [1] * 5
    move(fresh_portal)
    assert kept(reading, "cheap", cheap) == 2


def test_what_is_dear_is_shown_as_it_was_and_not_worked_out_for_each_reader(
    fresh_portal: RunningPortal, reading: Reading
) -> None:
    dear = Figure(0.1)
    assert kept(reading, "dear", dear) == 1
    for _ in range(5):
        move(fresh_portal)
        assert kept(reading, "dear", dear) == 1
    assert dear.made == 1


def test_who_changed_something_sees_it_at_once(fresh_portal: RunningPortal, reading: Reading) -> None:
    dear = Figure(0.1)
    kept(reading, "dear", dear)
    move(fresh_portal)
    forget(reading)
    assert kept(reading, "dear", dear) == 2


def test_what_is_dear_in_a_large_campaign_is_worked_out_beside_its_readers(reading: Reading) -> None:
    go_on, made = threading.Event(), []

    def dear() -> int:
        assert go_on.wait(60)
        made.append("figure")
        return len(made)

    assert kept_soon(reading, "large", dear, SMALL_HOSTS + 1) is None
    assert kept_soon(reading, "large", dear, SMALL_HOSTS + 1) is None, "and nobody begins it twice"
    go_on.set()
    give_up = time.monotonic() + 60
    while (found := kept_soon(reading, "large", dear, SMALL_HOSTS + 1)) is None and time.monotonic() < give_up:
        time.sleep(0.01)
    assert (found, made) == (1, ["figure"])
    assert kept_soon(reading, "small", Figure(0.2), 10) == 1, "of a small one it is waited for"


def test_many_readers_have_it_worked_out_once(reading: Reading) -> None:
    dear = Figure(0.2)
    readers = [threading.Thread(target=kept, args=(reading, "shared", dear)) for _ in range(8)]
    for one in readers:
        one.start()
    for one in readers:
        one.join(60)
    assert dear.made == 1


def test_an_error_is_told_to_whoever_asks(reading: Reading) -> None:
    def wrong() -> int:
        raise ValueError("no figure")

    for _ in range(2):
        with pytest.raises(ValueError, match="no figure"):
            kept(reading, "wrong", wrong)
