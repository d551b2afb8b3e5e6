"""What a probe's answer changes, and when it is too old to count."""

import pytest

from ledger.store import SqlLedger
from muster.errors import NotFound
from muster.ids import HostId
from muster.outcomes import HostStatus, Stage
from muster.records import HostState
from tests.ledger.make import (
    BOB,
    CAMPAIGN,
    RIGHT,
    STALE,
    answer,
    begin,
    begin_stale,
    claim,
    finish,
    ids,
    outcome,
    probe,
)


def _first(ledger: SqlLedger) -> HostState:
    return ledger.hosts(CAMPAIGN)[0]


def test_an_answer_sets_status_stage_and_finding(ledger: SqlLedger) -> None:
    begin(ledger)
    probe(ledger, ids(1), RIGHT, HostStatus.RIGHT)
    state = _first(ledger)
    assert (state.status, state.stage, state.finding, state.cause) == (HostStatus.RIGHT, Stage.FINISHED, RIGHT, "")
    assert ledger.hosts(CAMPAIGN)[1].status is HostStatus.PENDING


def test_silence_sets_the_status_and_keeps_the_last_finding(ledger: SqlLedger) -> None:
    begin_stale(ledger)
    probe(ledger, ids(1), None, HostStatus.UNREACHABLE)
    state = _first(ledger)
    assert (state.status, state.cause, state.finding) == (HostStatus.UNREACHABLE, "refused", STALE)


def test_the_answer_of_a_claimed_host_is_kept_as_an_event_only(ledger: SqlLedger) -> None:
    begin_stale(ledger)
    claim(ledger, ids(1))
    before = _first(ledger)
    probe(ledger, ids(1), RIGHT, HostStatus.RIGHT)
    assert _first(ledger) == before
    event = ledger.events()[-1]
    assert (event.kind, event.host_id, event.data["status"]) == ("probe set aside", "h0", "already right")


def test_a_failed_host_asks_for_a_probe_until_it_has_answered_one(ledger: SqlLedger) -> None:
    begin_stale(ledger)
    finish(ledger, claim(ledger, ids(1)), outcome(HostStatus.FAILED))
    (lease,) = claim(ledger, ids(1))
    assert lease.probe_first
    finish(ledger, [lease], outcome(HostStatus.FAILED))
    probe(ledger, ids(1), None, HostStatus.UNKNOWN)
    (lease,) = claim(ledger, ids(1))
    assert lease.probe_first, "silence says nothing about what the attempt left behind"
    finish(ledger, [lease], outcome(HostStatus.FAILED))
    probe(ledger, ids(1))
    (lease,) = claim(ledger, ids(1))
    assert not lease.probe_first
    assert lease.before == STALE


def test_an_answer_to_a_question_from_before_another_push_is_set_aside(ledger: SqlLedger) -> None:
    """Two runs at once: the slow one's answer must not clear what the quick one's failed push left behind."""
    begin_stale(ledger)
    ledger.begin_probes(CAMPAIGN, ids(1), by="slow")
    finish(ledger, claim(ledger, ids(1), BOB), outcome(HostStatus.FAILED))
    answer(ledger, ids(1))
    assert _first(ledger).status is HostStatus.FAILED
    assert ledger.events()[-1].kind == "probe set aside"
    (lease,) = claim(ledger, ids(1))
    assert lease.probe_first


def test_a_question_asked_during_a_push_is_answered_too_early(ledger: SqlLedger) -> None:
    begin_stale(ledger)
    leases = claim(ledger, ids(1), BOB)
    ledger.begin_probes(CAMPAIGN, ids(1), by="slow")
    finish(ledger, leases, outcome(HostStatus.UNKNOWN))
    answer(ledger, ids(1))
    assert _first(ledger).status is HostStatus.UNKNOWN
    probe(ledger, ids(1))
    assert _first(ledger).status is HostStatus.STALE


def test_a_host_outside_the_campaign_cannot_be_asked_or_answered_for(ledger: SqlLedger) -> None:
    begin(ledger, 1)
    with pytest.raises(NotFound, match="no host 'h9'"):
        ledger.begin_probes(CAMPAIGN, [HostId("h9")], by="ann")
    with pytest.raises(NotFound, match="no host 'h9'"):
        answer(ledger, [HostId("h0"), HostId("h9")])
    assert _first(ledger).status is HostStatus.PENDING


def test_a_question_is_on_record_before_its_answer(ledger: SqlLedger) -> None:
    begin(ledger, 2)
    ledger.begin_probes(CAMPAIGN, ids(2), by="ann")
    assert ledger.events()[-1].data == {"hosts": ["h0", "h1"]}
