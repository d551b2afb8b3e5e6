"""Leases: nobody touches a host without one, and only the newest counts."""

from dataclasses import replace
from datetime import timedelta

import pytest

from ledger.store import SqlLedger
from muster.clock import ManualClock
from muster.errors import InputError
from muster.ids import HostId
from muster.outcomes import Evidence, HostStatus, Stage
from muster.steps import StepName
from tests.ledger.make import (
    ANN,
    BOB,
    CAMPAIGN,
    RIGHT,
    STALE,
    begin,
    begin_stale,
    claim,
    finish,
    ids,
    outcome,
    probe,
)


def test_a_claim_is_on_record_with_its_lease_before_anybody_is_touched(
    ledger: SqlLedger, clock: ManualClock, lease_clock: ManualClock
) -> None:
    begin_stale(ledger, 2)
    leases = claim(ledger, ids(2), lease_s=60)
    assert [lease.host_id for lease in leases] == ids(2)
    assert {lease.fence for lease in leases} == {1}
    assert {lease.expires_at for lease in leases} == {lease_clock.now() + timedelta(seconds=60)}
    assert {lease.before for lease in leases} == {STALE}
    assert not any(lease.probe_first for lease in leases)
    states = ledger.hosts(CAMPAIGN)
    assert {(state.status, state.runner_id, state.attempts, state.wave) for state in states} == {
        (HostStatus.CLAIMED, ANN, 1, 1)
    }
    attempts = ledger.attempts(CAMPAIGN)
    assert [attempt.id for attempt in attempts] == [lease.attempt_id for lease in leases]
    assert {(attempt.begun_at, attempt.outcome) for attempt in attempts} == {(clock.now(), None)}
    assert ledger.runners(CAMPAIGN) == (ANN,)


def test_a_claimed_host_is_left_out_without_an_error(ledger: SqlLedger) -> None:
    begin_stale(ledger, 3)
    claim(ledger, ids(2), ANN)
    assert [lease.host_id for lease in claim(ledger, ids(3), BOB)] == ["h2"]
    assert claim(ledger, ids(3), BOB) == ()
    assert claim(ledger, [HostId("nowhere")], BOB) == ()


@pytest.mark.parametrize(
    ("status", "steps"),
    [
        (HostStatus.PENDING, ()),
        (HostStatus.RIGHT, ()),
        (HostStatus.UNREACHABLE, ()),
        (HostStatus.UNTRUSTED, ()),
        (HostStatus.UNSUPPORTED, ()),
        (HostStatus.STALE, (StepName.APPLY,)),
        (HostStatus.FAILED, (StepName.APPLY, StepName.ROLLBACK)),
        (HostStatus.UNKNOWN, (StepName.APPLY, StepName.ROLLBACK)),
        (HostStatus.VERIFIED, (StepName.ROLLBACK,)),
        (HostStatus.ROLLED_BACK, ()),
    ],
)
def test_which_hosts_can_be_claimed_for_what(
    ledger: SqlLedger, status: HostStatus, steps: tuple[StepName, ...]
) -> None:
    begin_stale(ledger, 2)
    finish(ledger, claim(ledger, ids(2)), outcome(status))
    granted = tuple(
        step
        for host_id, step in zip(ids(2), (StepName.APPLY, StepName.ROLLBACK), strict=True)
        if claim(ledger, [host_id], step=step)
    )
    assert granted == steps


def test_a_probe_needs_no_lease_and_gets_none(ledger: SqlLedger) -> None:
    begin_stale(ledger)
    with pytest.raises(InputError, match="apply or rollback, not for probe"):
        claim(ledger, ids(1), step=StepName.PROBE)


def test_the_end_of_an_attempt_frees_the_host_and_keeps_the_whole_evidence(ledger: SqlLedger) -> None:
    begin_stale(ledger, 1)
    leases = claim(ledger, ids(1))
    assert finish(ledger, leases) == ()
    (state,) = ledger.hosts(CAMPAIGN)
    assert (state.status, state.runner_id, state.lease_expires_at) == (HostStatus.VERIFIED, None, None)
    assert (state.finding, state.failures_in_row) == (RIGHT, 0)
    (attempt,) = ledger.attempts(CAMPAIGN)
    assert attempt.outcome == outcome()
    assert ledger.runners(CAMPAIGN) == ()


def test_failures_in_a_row_are_counted_until_a_success(ledger: SqlLedger) -> None:
    begin_stale(ledger, 1)
    counts = []
    for status in (HostStatus.FAILED, HostStatus.UNKNOWN, HostStatus.STALE, HostStatus.FAILED, HostStatus.VERIFIED):
        finish(ledger, claim(ledger, ids(1)), outcome(status))
        (state,) = ledger.hosts(CAMPAIGN)
        counts.append(state.failures_in_row)
    assert counts == [1, 2, 2, 3, 0]
    assert state.attempts == 5


def test_a_rollback_is_not_counted_as_a_push(ledger: SqlLedger) -> None:
    begin_stale(ledger, 1)
    finish(ledger, claim(ledger, ids(1)))
    finish(ledger, claim(ledger, ids(1), step=StepName.ROLLBACK), outcome(HostStatus.ROLLED_BACK))
    (state,) = ledger.hosts(CAMPAIGN)
    assert (state.attempts, state.status) == (1, HostStatus.ROLLED_BACK)


def test_an_attempt_that_never_began_leaves_the_host_as_it_was(ledger: SqlLedger) -> None:
    begin_stale(ledger, 1)
    finish(ledger, claim(ledger, ids(1)), outcome(HostStatus.STALE, Stage.NOT_STARTED, "stopped"))
    (lease,) = claim(ledger, ids(1))
    assert not lease.probe_first
    finish(ledger, [lease], outcome(HostStatus.STALE, Stage.COMMAND, "stopped in the middle"))
    (lease,) = claim(ledger, ids(1))
    assert lease.probe_first


def test_what_a_failed_push_left_behind_is_not_forgotten_by_an_attempt_that_never_began(ledger: SqlLedger) -> None:
    begin_stale(ledger, 2)
    finish(ledger, claim(ledger, ids(1)), outcome(HostStatus.FAILED, Stage.COMMAND))
    finish(ledger, claim(ledger, ids(1)), outcome(HostStatus.STALE, Stage.NOT_STARTED))
    finish(ledger, claim(ledger, ids(2)[1:]), outcome(HostStatus.FAILED, Stage.NOT_STARTED))
    assert [lease.probe_first for lease in claim(ledger, ids(2))] == [True, True]


def test_a_lease_that_runs_out_is_recovered_as_unknown_and_asks_for_a_probe(
    ledger: SqlLedger, lease_clock: ManualClock, clock: ManualClock
) -> None:
    begin_stale(ledger, 2)
    claim(ledger, ids(1), ANN, lease_s=60)
    claim(ledger, ids(2)[1:], BOB, lease_s=600)
    clock.advance(timedelta(days=30))  # the campaign's clock has nothing to do with leases
    assert ledger.recover(CAMPAIGN, dead=(), by="ann") == ()
    lease_clock.advance(timedelta(seconds=60))
    assert ledger.recover(CAMPAIGN, dead=(), by="ann") == ("h0",)
    state = ledger.hosts(CAMPAIGN)[0]
    assert (state.status, state.failures_in_row, state.runner_id) == (HostStatus.UNKNOWN, 1, None)
    assert "may or may not have happened" in state.cause
    assert ledger.runners(CAMPAIGN) == (BOB,)
    attempt = ledger.attempts(CAMPAIGN)[0]
    assert attempt.outcome is not None
    assert attempt.outcome.status is HostStatus.UNKNOWN
    (lease,) = claim(ledger, ids(1), BOB)
    assert (lease.fence, lease.probe_first) == (2, True)


def test_the_hosts_of_a_dead_runner_are_recovered_at_once(ledger: SqlLedger) -> None:
    begin_stale(ledger, 3)
    claim(ledger, ids(2), ANN)
    claim(ledger, ids(3)[2:], BOB)
    assert ledger.recover(CAMPAIGN, dead=[ANN], by="bob") == ("h0", "h1")
    assert ledger.recover(CAMPAIGN, dead=[ANN], by="bob") == ()
    assert ledger.hosts(CAMPAIGN)[2].status is HostStatus.CLAIMED


def test_a_result_with_an_old_fence_is_refused_and_kept_as_an_event(ledger: SqlLedger) -> None:
    begin_stale(ledger, 2)
    late = claim(ledger, ids(2), ANN)
    ledger.recover(CAMPAIGN, dead=[ANN], by="bob")
    (new,) = claim(ledger, ids(1), BOB)
    assert finish(ledger, late) == late, "one is Bob's now, one is nobody's: both are lost to Ann"
    states = ledger.hosts(CAMPAIGN)
    assert [(state.status, state.runner_id) for state in states] == [
        (HostStatus.CLAIMED, BOB),
        (HostStatus.UNKNOWN, None),
    ]
    refused = [event for event in ledger.events() if event.kind == "result refused"]
    assert [(event.host_id, event.by, event.data["status"]) for event in refused] == [
        ("h0", ANN, "verified"),
        ("h1", ANN, "verified"),
    ]
    assert finish(ledger, [new]) == ()
    assert ledger.hosts(CAMPAIGN)[0].status is HostStatus.VERIFIED


def test_one_batch_may_hold_good_and_lost_results(ledger: SqlLedger, lease_clock: ManualClock) -> None:
    begin_stale(ledger, 2)
    (short,) = claim(ledger, ids(1), lease_s=10)
    (long,) = claim(ledger, ids(2)[1:], lease_s=100)
    lease_clock.advance(timedelta(seconds=50))
    ledger.recover(CAMPAIGN, dead=(), by="bob")
    assert finish(ledger, [short, long]) == (short,)
    assert [state.status for state in ledger.hosts(CAMPAIGN)] == [HostStatus.UNKNOWN, HostStatus.VERIFIED]


def test_the_same_end_twice_is_no_loss_and_another_end_is(ledger: SqlLedger) -> None:
    """After a connection broke at the commit the caller cannot know, and hands the result in again."""
    begin_stale(ledger, 1)
    leases = claim(ledger, ids(1))
    finish(ledger, leases)
    before = ledger.revision()
    assert finish(ledger, leases) == ()
    assert ledger.revision() == before
    assert finish(ledger, leases, outcome(HostStatus.FAILED)) == leases
    assert ledger.hosts(CAMPAIGN)[0].status is HostStatus.VERIFIED


def test_renewing_lengthens_what_is_ours_and_leaves_out_what_is_lost(
    ledger: SqlLedger, lease_clock: ManualClock
) -> None:
    begin_stale(ledger, 2)
    mine = claim(ledger, ids(2), ANN, lease_s=60)
    finish(ledger, mine[:1])
    lease_clock.advance(timedelta(seconds=50))
    renewed = ledger.renew(mine, lease_s=60)
    later = lease_clock.now() + timedelta(seconds=60)
    assert renewed == (replace(mine[1], expires_at=later),)
    assert ledger.hosts(CAMPAIGN)[1].lease_expires_at == later
    lease_clock.advance(timedelta(seconds=50))
    assert ledger.recover(CAMPAIGN, dead=(), by="bob") == ()


def test_fences_grow_with_every_lease_of_a_host(ledger: SqlLedger) -> None:
    begin_stale(ledger, 1)
    fences = []
    for _ in range(4):
        (lease,) = claim(ledger, ids(1))
        fences.append(lease.fence)
        finish(ledger, [lease], outcome(HostStatus.FAILED))
    assert fences == [1, 2, 3, 4]


def test_evidence_from_a_probe_inside_the_attempt_becomes_the_finding(ledger: SqlLedger) -> None:
    begin_stale(ledger, 1)
    end = replace(outcome(HostStatus.UNKNOWN), evidence=Evidence(RIGHT, None))
    finish(ledger, claim(ledger, ids(1)), end)
    assert ledger.hosts(CAMPAIGN)[0].finding == RIGHT


def test_naming_a_host_twice_claims_it_once(ledger: SqlLedger) -> None:
    begin_stale(ledger, 1)
    assert len(claim(ledger, [*ids(1), *ids(1)])) == 1


def test_a_probed_host_that_was_never_stale_is_not_claimed(ledger: SqlLedger) -> None:
    begin(ledger, 1)
    probe(ledger, ids(1), RIGHT, HostStatus.RIGHT)
    assert claim(ledger, ids(1)) == ()
