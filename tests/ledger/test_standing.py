"""A campaign in sums is what its hosts say one by one."""

from collections import Counter

from ledger.store import SqlLedger
from muster.outcomes import HostStatus, Stage
from muster.records import WaveState, WaveSum
from tests.ledger.make import CAMPAIGN, begin_stale, claim, finish, ids, outcome, plan


def test_sums_are_those_of_the_hosts(ledger: SqlLedger) -> None:
    begin_stale(ledger, 9)
    finish(ledger, claim(ledger, ids(4)))
    finish(ledger, claim(ledger, ids(7)[4:]), outcome(HostStatus.FAILED, Stage.COMMAND, "disk full"))
    claim(ledger, ids(8)[7:])
    standing, states = ledger.standing(CAMPAIGN), ledger.hosts(CAMPAIGN)
    assert dict(standing.by_status) == Counter(state.status for state in states)
    assert (standing.hosts, standing.protected) == (9, 4)
    open_ones = Counter((s.status, s.stage, s.cause, s.hint) for s in states if not s.status.protected)
    assert {(one.status, one.stage, one.cause, one.hint): one.hosts for one in standing.open} == open_ones
    assert (standing.open[0].cause, standing.open[0].hosts) == ("disk full", 3)


def test_stop_plan_and_last_wave_are_told_without_their_hosts(ledger: SqlLedger) -> None:
    begin_stale(ledger)
    empty = ledger.standing(CAMPAIGN)
    assert (empty.stop, empty.dispatched, empty.last_wave) == (None, None, None)
    made = plan(revision=ledger.revision())
    ledger.save_plan(made, by="ann")
    ledger.dispatch(made.id, by="ann", expected_revision=ledger.revision())
    ledger.open_wave(CAMPAIGN, ids(3), by="ann")
    ledger.close_wave(CAMPAIGN, 1, WaveState.HALTED, "too many lost", by="gate")
    standing = ledger.standing(CAMPAIGN)
    assert standing.stop == ledger.stopped(CAMPAIGN)
    assert standing.dispatched == ledger.dispatched(CAMPAIGN)
    assert standing.last_wave == WaveSum(1, WaveState.HALTED, 3, "too many lost")
