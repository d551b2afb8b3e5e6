"""What the campaign pushes is another thing than before: it begins with a canary again."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ledger.open import open_ledger
from muster.campaign import WavePolicy
from muster.clock import ManualClock
from muster.ports import Ledger
from muster.records import WaveState
from push.ramp import NEW_CONTENT, counted_waves, end_outdated_wave
from push.waves import kinds_seen, next_wave
from tests.ledger.make import CAMPAIGN, begin, campaign, fleet

NOON = datetime(2026, 10, 19, 12, tzinfo=UTC)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON)


@pytest.fixture
def ledger(tmp_path: Path, clock: ManualClock) -> Iterator[Ledger]:
    """Forty hosts of two kinds; a canary of two and a wave of four have passed."""
    opened = open_ledger(f"sqlite:///{tmp_path}/ledger.db", clock=clock)
    hosts = begin(opened, 40)  # type: ignore[arg-type]
    for first, last in ((0, 2), (2, 6)):
        clock.advance(timedelta(minutes=1))
        wave = opened.open_wave(CAMPAIGN, hosts[first:last], by="x")
        opened.close_wave(CAMPAIGN, wave.number, WaveState.PASSED, "all well", by="x")
    clock.advance(timedelta(minutes=1))
    yield opened
    opened.close()


def size_of_next(ledger: Ledger) -> int:
    waves = counted_waves(ledger, CAMPAIGN)
    hosts = fleet(40).hosts[6:]
    return len(next_wave(WavePolicy(), hosts, waves, seen=kinds_seen(waves, fleet(40))))


def change(ledger: Ledger, **changes: object) -> None:
    ledger.open_campaign(replace(ledger.campaign(CAMPAIGN), **changes), (), by="x")  # type: ignore[arg-type]


def test_the_ramp_goes_on_where_nothing_has_changed(ledger: Ledger) -> None:
    assert size_of_next(ledger) == 8


def test_other_parameters_of_the_fix_begin_with_a_canary_of_every_kind(ledger: Ledger) -> None:
    change(ledger, parameters={"instants": "2027-03-14T12:00:00Z"})
    assert counted_waves(ledger, CAMPAIGN) == ()
    assert size_of_next(ledger) == 2, "one host of each of the two kinds"


def test_another_reason_or_wave_policy_changes_nothing(ledger: Ledger) -> None:
    change(ledger, reason="another sentence")
    change(ledger, waves=WavePolicy(soak_seconds=3))
    assert size_of_next(ledger) == 8


def test_a_person_who_says_that_the_fix_is_another_one_has_a_canary(ledger: Ledger) -> None:
    ledger.note(NEW_CONTENT, by="kim", campaign_id=CAMPAIGN, data={"why": "Exchange first, says the vendor"})
    assert size_of_next(ledger) == 2


def test_waves_after_the_change_count_again(ledger: Ledger, clock: ManualClock) -> None:
    change(ledger, parameters={"instants": "2027-03-14T12:00:00Z"})
    clock.advance(timedelta(minutes=1))
    wave = ledger.open_wave(CAMPAIGN, [host.id for host in fleet(40).hosts[6:8]], by="x")
    ledger.close_wave(CAMPAIGN, wave.number, WaveState.PASSED, "all well", by="x")
    assert [one.number for one in counted_waves(ledger, CAMPAIGN)] == [3]
    assert size_of_next(ledger) == 4


def test_a_wave_that_is_open_when_the_fix_changes_is_ended_early(ledger: Ledger, clock: ManualClock) -> None:
    ledger.open_wave(CAMPAIGN, [host.id for host in fleet(40).hosts[6:14]], by="x")
    end_outdated_wave(ledger, CAMPAIGN, by="x")
    assert ledger.waves(CAMPAIGN)[-1].state is WaveState.OPEN, "nothing has changed yet"
    clock.advance(timedelta(minutes=1))
    change(ledger, parameters={"instants": "2027-03-14T12:00:00Z"})
    end_outdated_wave(ledger, CAMPAIGN, by="x")
    last = ledger.waves(CAMPAIGN)[-1]
    assert last.state is WaveState.PASSED
    assert "ended early" in last.verdict
    assert size_of_next(ledger) == 2
    assert campaign().parameters != ledger.campaign(CAMPAIGN).parameters
