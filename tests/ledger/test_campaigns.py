"""Campaigns are opened, stopped, let loose in waves and taken up again."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from ledger.replay import differences
from ledger.store import SqlLedger
from muster.campaign import EffortPolicy, WavePolicy
from muster.clock import ManualClock
from muster.crew import Crew
from muster.errors import CampaignStopped, Conflict, NotFound
from muster.ids import CampaignId, HostId
from muster.outcomes import HostStatus, Stage
from muster.records import Resumption, Stop, WaveState
from muster.steps import StepName
from tests.ledger.make import ANN, CAMPAIGN, begin, begin_stale, campaign, claim, finish, fleet, ids, outcome


def test_a_campaign_comes_out_as_it_went_in(ledger: SqlLedger) -> None:
    begin(ledger)
    assert ledger.campaign(CAMPAIGN) == campaign()
    assert ledger.campaigns() == (campaign(),)


def test_enrolled_hosts_are_pending(ledger: SqlLedger, clock: ManualClock) -> None:
    begin(ledger, 3)
    states = ledger.hosts(CAMPAIGN)
    assert [state.host_id for state in states] == ids(3)
    assert {state.status for state in states} == {HostStatus.PENDING}
    assert {state.changed_at for state in states} == {clock.now()}


def test_opening_it_again_changes_its_policy_and_adds_hosts(ledger: SqlLedger) -> None:
    begin_stale(ledger, 2)
    ledger.save_inventory(fleet(3), Crew(), by="ann")
    other = replace(campaign(), waves=WavePolicy(growth_factor=3.0), effort=EffortPolicy(setup_minutes=1))
    ledger.open_campaign(other, ids(3), by="ann")
    assert ledger.campaign(CAMPAIGN) == other
    states = [state.status for state in ledger.hosts(CAMPAIGN)]
    assert states == [HostStatus.STALE, HostStatus.STALE, HostStatus.PENDING]


def test_opening_it_again_as_it_is_writes_nothing(ledger: SqlLedger) -> None:
    begin(ledger)
    before = ledger.revision()
    ledger.open_campaign(campaign(), ids(4), by="bob")
    assert ledger.revision() == before


def test_opening_it_with_another_fix_is_a_conflict(ledger: SqlLedger) -> None:
    begin(ledger)
    with pytest.raises(Conflict, match="pushes the fix tzdata, not heartbleed"):
        ledger.open_campaign(campaign(fix="heartbleed"), (), by="ann")


def test_a_host_that_is_not_in_the_inventory_is_not_enrolled_and_nothing_is_kept(ledger: SqlLedger) -> None:
    ledger.save_inventory(fleet(1), Crew(), by="ann")
    with pytest.raises(NotFound, match="no host 'h7'"):
        ledger.open_campaign(campaign(), [HostId("h0"), HostId("h7")], by="ann")
    assert ledger.campaigns() == ()


def test_campaigns_are_in_the_order_of_their_opening(ledger: SqlLedger) -> None:
    begin(ledger)
    for name in ("zebra", "ape"):
        ledger.open_campaign(replace(campaign(), id=CampaignId(name)), (), by="ann")
    assert [one.id for one in ledger.campaigns()] == [CAMPAIGN, "zebra", "ape"]


def test_an_unknown_campaign_is_not_found_by_anything(ledger: SqlLedger) -> None:
    nowhere = CampaignId("nowhere")
    asks: list[Callable[[], object]] = [
        lambda: ledger.campaign(nowhere),
        lambda: ledger.hosts(nowhere),
        lambda: ledger.attempts(nowhere),
        lambda: ledger.plans(nowhere),
        lambda: ledger.dispatched(nowhere),
        lambda: ledger.waves(nowhere),
        lambda: ledger.stopped(nowhere),
        lambda: ledger.runners(nowhere),
        lambda: ledger.stop(nowhere, by="ann", reason="x"),
        lambda: ledger.resume(nowhere, by="ann"),
        lambda: ledger.recover(nowhere, dead=(), by="ann"),
        lambda: ledger.begin_probes(nowhere, (), by="ann"),
        lambda: ledger.open_wave(nowhere, (), by="ann"),
        lambda: ledger.note("x", by="ann", campaign_id=nowhere),
        lambda: ledger.claim(nowhere, (), runner_id=ANN, step=StepName.APPLY, wave=1, lease_s=1),
    ]
    for ask in asks:
        with pytest.raises(NotFound, match="no campaign 'nowhere'"):
            ask()


def test_a_stop_stands_until_somebody_resumes(ledger: SqlLedger, clock: ManualClock) -> None:
    begin_stale(ledger)
    ledger.stop(CAMPAIGN, by="ann", reason="a client called")
    stopped_at = clock.now()
    ledger.stop(CAMPAIGN, by="bob", reason="me too")
    assert ledger.stopped(CAMPAIGN) == Stop("ann", "a client called", stopped_at)
    with pytest.raises(CampaignStopped, match="stopped by ann: a client called"):
        claim(ledger, ids(4))
    ledger.resume(CAMPAIGN, by="ann")
    ledger.resume(CAMPAIGN, by="ann")
    assert ledger.stopped(CAMPAIGN) is None
    assert len(claim(ledger, ids(4))) == 4
    assert [event.kind for event in ledger.events()].count("stopped") == 1
    assert [event.kind for event in ledger.events()].count("resumed") == 1


def test_the_record_keeps_who_let_it_go_on_and_why(ledger: SqlLedger, clock: ManualClock) -> None:
    begin_stale(ledger)
    assert ledger.resumed(CAMPAIGN) is None
    ledger.resume(CAMPAIGN, by="Kim Lee", reason="nothing is stopped")
    assert ledger.resumed(CAMPAIGN) is None, "what is not stopped is not resumed"
    ledger.stop(CAMPAIGN, by="ann", reason="a client called")
    ledger.resume(CAMPAIGN, by="Kim Lee", reason="the client called back")
    assert ledger.resumed(CAMPAIGN) == Resumption("Kim Lee", "the client called back", clock.now())
    assert differences(ledger) == ()


def test_a_gentle_stop_gives_way_to_one_that_is_not_and_to_nothing_else(ledger: SqlLedger) -> None:
    begin_stale(ledger)
    ledger.stop(CAMPAIGN, by="budget", reason="3 lost", gentle=True)
    ledger.stop(CAMPAIGN, by="bob", reason="another budget", gentle=True)
    stop = ledger.stopped(CAMPAIGN)
    assert stop is not None
    assert (stop.by, stop.gentle) == ("budget", True)
    with pytest.raises(CampaignStopped, match="3 lost"):
        claim(ledger, ids(4))
    ledger.stop(CAMPAIGN, by="ann", reason="at once")
    ledger.stop(CAMPAIGN, by="budget", reason="4 lost", gentle=True)
    stop = ledger.stopped(CAMPAIGN)
    assert stop is not None
    assert (stop.by, stop.reason, stop.gentle) == ("ann", "at once", False)
    assert differences(ledger) == ()


def test_failures_that_a_person_explained_are_counted_anew(ledger: SqlLedger) -> None:
    begin_stale(ledger, 2)
    for _ in range(3):
        finish(ledger, claim(ledger, ids(1)), outcome(HostStatus.FAILED, Stage.COMMAND, "disk full"))
    first, second = ledger.hosts(CAMPAIGN)
    assert (first.failures_in_row, first.explanation) == (3, None)
    ledger.explain_failures(CAMPAIGN, ids(1), by="Kim Lee", cause="the disk was full of logs")
    first, again = ledger.hosts(CAMPAIGN)
    assert (first.failures_in_row, first.explanation) == (0, "Kim Lee: the disk was full of logs")
    assert first.status is HostStatus.FAILED
    assert again == second
    with pytest.raises(NotFound, match="no host 'h9'"):
        ledger.explain_failures(CAMPAIGN, [HostId("h9")], by="Kim Lee", cause="?")
    assert differences(ledger) == ()


def test_an_open_wave_is_taken_up_again_and_the_next_one_has_the_next_number(ledger: SqlLedger) -> None:
    begin_stale(ledger)
    first = ledger.open_wave(CAMPAIGN, ids(1), by="ann")
    assert ledger.open_wave(CAMPAIGN, ids(3), by="bob") == first
    assert (first.number, first.state, first.host_ids, first.closed_at) == (1, WaveState.OPEN, ("h0",), None)
    ledger.close_wave(CAMPAIGN, 1, WaveState.PASSED, "1 of 1 verified", by="ann")
    second = ledger.open_wave(CAMPAIGN, ids(3), by="bob")
    assert (second.number, second.host_ids) == (2, ("h0", "h1", "h2"))
    assert [wave.state for wave in ledger.waves(CAMPAIGN)] == [WaveState.PASSED, WaveState.OPEN]
    assert ledger.stopped(CAMPAIGN) is None


def test_a_halted_wave_stops_the_campaign_and_no_wave_opens_until_it_is_resumed(ledger: SqlLedger) -> None:
    begin_stale(ledger)
    ledger.open_wave(CAMPAIGN, ids(2), by="ann")
    ledger.close_wave(CAMPAIGN, 1, WaveState.HALTED, "0 of 2 verified", by="gate")
    stop = ledger.stopped(CAMPAIGN)
    assert stop is not None
    assert (stop.by, stop.reason) == ("gate", "0 of 2 verified")
    with pytest.raises(CampaignStopped):
        ledger.open_wave(CAMPAIGN, ids(4), by="ann")
    ledger.resume(CAMPAIGN, by="ann")
    assert ledger.open_wave(CAMPAIGN, ids(4), by="ann").number == 2


def test_a_wave_is_closed_one_way_only(ledger: SqlLedger) -> None:
    begin_stale(ledger)
    ledger.open_wave(CAMPAIGN, ids(2), by="ann")
    ledger.close_wave(CAMPAIGN, 1, WaveState.PASSED, "fine", by="ann")
    before = ledger.revision()
    ledger.close_wave(CAMPAIGN, 1, WaveState.PASSED, "fine", by="bob")
    assert ledger.revision() == before
    for state in (WaveState.HALTED, WaveState.OPEN):
        with pytest.raises(Conflict, match="wave 1 of vancouver is passed"):
            ledger.close_wave(CAMPAIGN, 1, state, "?", by="bob")
    with pytest.raises(NotFound, match="no wave 9"):
        ledger.close_wave(CAMPAIGN, 9, WaveState.PASSED, "?", by="bob")


def test_a_wave_takes_only_hosts_of_its_campaign(ledger: SqlLedger) -> None:
    begin(ledger, 1)
    with pytest.raises(NotFound, match="no host 'h5'"):
        ledger.open_wave(CAMPAIGN, [HostId("h5")], by="ann")
