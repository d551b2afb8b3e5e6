"""The events alone make the projections, whatever was played."""

import random
import shutil
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.events import every_event
from ledger.open import open_ledger
from ledger.replay import differences, open_attempts, replay
from ledger.store import SqlLedger
from muster.clock import ManualClock
from tests.ledger.conftest import Open
from tests.ledger.make import CAMPAIGN, begin_stale, claim, ids
from tests.ledger.player import HOSTS, PLAYED, Player

Move = tuple[str, Sequence[int], int]

moves = st.lists(
    st.tuples(
        st.sampled_from(PLAYED),
        st.lists(st.integers(0, HOSTS - 1), unique=True, max_size=HOSTS),
        st.integers(0, 11),
    ),
    max_size=25,
)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with an empty ledger; a copy of it is much quicker than migrations."""
    file = tmp_path_factory.mktemp("template") / "empty.db"
    open_ledger(f"sqlite:///{file}", clock=ManualClock(datetime(2026, 10, 19, tzinfo=UTC))).close()
    return file


@contextmanager
def _player(empty: Path) -> Iterator[Player]:
    with TemporaryDirectory() as folder:
        file = shutil.copy(empty, folder)
        clock, lease_clock = (ManualClock(datetime(2026, 10, 19, tzinfo=UTC)) for _ in range(2))
        ledger = open_ledger(f"sqlite:///{file}", clock=clock, lease_clock=lease_clock)
        assert isinstance(ledger, SqlLedger)
        with closing(ledger):
            yield Player(ledger, clock, lease_clock)


def _play(player: Player, played: Sequence[Move]) -> None:
    player.start()
    for move in played:
        player.move(*move)


def _laws_hold(ledger: SqlLedger) -> None:
    assert differences(ledger) == (), "the tables are what the events make of them"
    with ledger.database.reading() as connection:
        events = list(every_event(connection))
        without_outcome = open_attempts(connection)
    assert [event.revision for event in events] == list(range(1, len(events) + 1))
    once, twice = replay(events), replay(events)
    assert once == twice
    held = {row.attempt_id for row in once.hosts.values() if row.attempt_id is not None}
    assert held == without_outcome, "the attempts that are open are those of the hosts that are held"
    attempts = ledger.attempts(CAMPAIGN)
    fences = [(attempt.host_id, attempt.fence) for attempt in attempts]
    assert len(set(fences)) == len(fences), "no two attempts with one fence"
    ended = sum(event.effect != "none" and event.kind in {"finished", "recovered"} for event in events)
    assert ended == sum(attempt.outcome is not None for attempt in attempts), "every outcome was written once"


@settings(max_examples=40)
@given(played=moves)
def test_replaying_the_events_rebuilds_the_projections_exactly(empty: Path, played: Sequence[Move]) -> None:
    with _player(empty) as player:
        _play(player, played)
        _laws_hold(player.ledger)


@pytest.mark.postgres
@pytest.mark.parametrize("seed", [1, 3, 4])
def test_replaying_on_postgresql_too(
    postgres_url: str, opened: Open, clock: ManualClock, lease_clock: ManualClock, seed: int
) -> None:
    dice = random.Random(seed)  # noqa: S311 - a game
    player = Player(opened(postgres_url), clock, lease_clock)
    played = [
        (dice.choice(PLAYED), dice.sample(range(HOSTS), dice.randint(0, HOSTS)), dice.randint(0, 11))
        for _ in range(200)
    ]
    _play(player, played)
    _laws_hold(player.ledger)
    assert len(player.ledger.attempts(CAMPAIGN)) > 10, "the game was played"


def test_a_projection_that_was_changed_by_hand_is_found(ledger: SqlLedger) -> None:
    begin_stale(ledger)
    claim(ledger, ids(2))
    assert differences(ledger) == ()
    with ledger.database.writing() as connection:
        connection.exec_driver_sql("UPDATE host_states SET status = 'verified' WHERE host_id = 'h0'")
        connection.exec_driver_sql("UPDATE campaigns SET stopped_by = 'eve'")
    found = differences(ledger)
    assert [line.split(":")[0] for line in found] == ["campaign vancouver", "host ('vancouver', 'h0')"]


def test_the_history_of_events_is_read_whole_in_pages(ledger: SqlLedger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ledger.events.PAGE", 3)
    begin_stale(ledger, 8)
    with ledger.database.reading() as connection:
        assert len(list(every_event(connection))) == ledger.revision() > 10
