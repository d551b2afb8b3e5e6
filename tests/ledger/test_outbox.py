"""The outbox: queued with what it reports, claimed by one at a time, never lost, never marked by who lost its turn."""

import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from ledger.store import SqlLedger
from muster.clock import ManualClock
from muster.errors import Conflict, LedgerError, NotFound
from muster.ids import ClientId
from muster.messages import Alert, Channel, Content, Delivery, Message, MessageState, Queued, Severity
from muster.records import Note, WaveState
from tests.ledger.conftest import Open
from tests.ledger.make import AT, CAMPAIGN, begin_stale, ids, plan

STOPPED = Alert(
    "campaign-stopped", Severity.CRITICAL, "Ann stopped it", CAMPAIGN, (("wave", "3"), ("by", "Ann")), ("x",)
)


def message(key: str = "k1", **changes: object) -> Message:
    content = Content("a subject", "a text\n", "<p>a text</p>", "BEGIN:VCALENDAR", STOPPED)
    made = Message(key, Channel.EMAIL, "it@acme.example", "notice dispatched", content, CAMPAIGN, ClientId("c1"))
    return replace(made, **changes)  # type: ignore[arg-type]


def take(ledger: SqlLedger, limit: int = 10, lease_s: float = 60, by: str = "ann") -> tuple[Queued, ...]:
    return ledger.claim_messages(by=by, limit=limit, lease_s=lease_s)


def kinds(ledger: SqlLedger) -> list[str]:
    return [event.kind for event in ledger.events() if event.kind.startswith("message")]


def failed(one: Queued, seconds: float | None = None) -> Delivery:
    again = None if seconds is None or one.claimed_until is None else one.claimed_until + timedelta(seconds=seconds)
    return Delivery(one.id, one.fence, sent=False, error="the server said no", next_try_at=again)


def test_a_message_comes_back_as_it_was_posted(ledger: SqlLedger, clock: ManualClock) -> None:
    begin_stale(ledger)
    posted = message(topic="visit v1", due_at=clock.at + timedelta(hours=3))
    (number,) = ledger.post([posted], by="ann")
    queued = ledger.message(number)
    assert queued.message == posted
    assert (queued.state, queued.queued_at, queued.attempts) == (MessageState.WAITING, clock.at, 0)
    (event,) = ledger.events(kinds=["message queued"])
    assert {**event.data, "subject": ""} == {
        "message": number, "key": "k1", "channel": "email", "to": "it@acme.example", "what": "notice dispatched",
        "subject": "", "client": "c1",
    }  # fmt: skip
    assert "a text" not in str(event.data), "the record does not carry the letter"


def test_a_key_is_queued_once_however_often_it_is_posted(ledger: SqlLedger) -> None:
    begin_stale(ledger)
    assert len(ledger.post([message(), message(), message("k2")], by="ann")) == 2
    assert ledger.post([message(kind="something else")], by="bob") == ()
    (one, _) = take(ledger)
    ledger.settle_messages([Delivery(one.id, one.fence, sent=True)], by="ann")
    assert ledger.post([message()], by="ann") == ()
    assert [queued.message.key for queued in ledger.messages()] == ["k1", "k2"]


def test_what_is_reported_and_its_report_are_written_together_or_not_at_all(ledger: SqlLedger) -> None:
    begin_stale(ledger)
    ledger.note("forecast", by="ann", campaign_id=CAMPAIGN, messages=[message("note")])
    ledger.note_all(
        CAMPAIGN, [Note("seen", ids(1)[0], {}), Note("all", None, {})], by="ann", messages=[message("notes")]
    )
    wave = ledger.open_wave(CAMPAIGN, ids(2), by="ann")
    ledger.close_wave(CAMPAIGN, wave.number, WaveState.HALTED, "too bad", by="ann", messages=[message("wave")])
    ledger.stop(CAMPAIGN, by="ann", reason="ill", messages=[message("stop")])
    assert [one.message.key for one in ledger.messages()] == ["note", "notes", "wave", "stop"]
    before = ledger.revision()
    with pytest.raises(NotFound):
        ledger.note("x", by="ann", campaign_id=type(CAMPAIGN)("none"), messages=[message("lost")])
    with pytest.raises(LedgerError, match="aware times only"):
        ledger.note("x", by="ann", campaign_id=CAMPAIGN, messages=[message("lost", due_at=AT.replace(tzinfo=None))])
    assert ledger.revision() == before
    assert len(ledger.messages()) == 4


def test_dispatch_tells_clients_in_its_own_transaction(ledger: SqlLedger) -> None:
    begin_stale(ledger)
    ledger.save_plan(plan(), by="ann")
    (old,) = ledger.post([message("old")], by="ann")
    seen = ledger.revision()
    told = Note("notice written", None, {"occasion": "dispatched"})
    with pytest.raises(Conflict):
        ledger.dispatch(plan().id, by="ann", expected_revision=1, notes=[told], messages=[message()], call_off=[old])
    assert ledger.revision() == seen
    assert ledger.message(old).state is MessageState.WAITING
    ledger.dispatch(plan().id, by="ann", expected_revision=seen, notes=[told], messages=[message()], call_off=[old])
    assert [event.kind for event in ledger.events(after=seen)] == [
        "plan dispatched", "notice written", "message called off", "message queued",
    ]  # fmt: skip
    assert ledger.message(old).state is MessageState.CALLED_OFF


def test_only_what_is_due_is_given_away_the_longest_due_first(ledger: SqlLedger, clock: ManualClock) -> None:
    begin_stale(ledger)
    hours = {"late": 5, "soon": 1, "now": 0}
    ledger.post([message(key, due_at=clock.at + timedelta(hours=value)) for key, value in hours.items()], by="ann")
    assert [one.message.key for one in take(ledger)] == ["now"]
    clock.advance(timedelta(hours=6))
    assert [one.message.key for one in take(ledger, limit=1)] == ["soon"]
    assert [one.message.key for one in take(ledger)] == ["late"]
    assert take(ledger) == ()


def test_a_claimed_message_is_nobody_elses_until_its_lease_has_run_out(
    ledger: SqlLedger, lease_clock: ManualClock
) -> None:
    begin_stale(ledger)
    ledger.post([message()], by="ann")
    (first,) = take(ledger, lease_s=60)
    assert (first.attempts, first.claimed_by) == (1, "ann")
    lease_clock.advance(timedelta(seconds=59))
    assert take(ledger, by="bob") == ()
    lease_clock.advance(timedelta(seconds=1))
    (second,) = take(ledger, by="bob")
    assert (second.id, second.attempts, second.message.key) == (first.id, 2, first.message.key)


def test_a_failure_is_tried_again_no_sooner_than_was_said(ledger: SqlLedger, lease_clock: ManualClock) -> None:
    begin_stale(ledger)
    ledger.post([message()], by="ann")
    (one,) = take(ledger)
    assert ledger.settle_messages([failed(one, 100)], by="ann") == ()
    standing = ledger.message(one.id)
    assert (standing.state, standing.error, standing.claimed_by) == (MessageState.WAITING, "the server said no", None)
    assert take(ledger) == ()
    lease_clock.advance(timedelta(seconds=160))
    assert len(take(ledger)) == 1
    assert kinds(ledger) == ["message queued"], "a try that is repeated leaves no trace in the record"


def test_a_message_that_was_given_up_stays_until_a_person_has_it_tried_again(ledger: SqlLedger) -> None:
    begin_stale(ledger)
    ledger.post([message()], by="ann")
    (one,) = take(ledger)
    ledger.settle_messages([failed(one)], by="ann", messages=[message("alert", channel=Channel.WEBHOOK, to="ops")])
    assert ledger.message(one.id).state is MessageState.FAILED
    assert [queued.message.key for queued in take(ledger)] == ["alert"]
    ledger.retry_message(one.id, by="kim")
    (again,) = take(ledger)
    assert (again.id, again.attempts, again.fence) == (one.id, 1, 2)
    ledger.settle_messages([Delivery(again.id, again.fence, sent=True, answer="250 ok")], by="ann")
    assert ledger.message(one.id).sent_at is not None
    with pytest.raises(Conflict, match="was sent at"):
        ledger.retry_message(one.id, by="kim")
    with pytest.raises(NotFound, match="no message 99"):
        ledger.retry_message(99, by="kim")
    assert kinds(ledger) == [
        "message queued", "message failed", "message queued", "message retried", "message sent",
    ]  # fmt: skip


def test_a_late_failure_changes_nothing_and_a_late_success_is_the_truth(
    ledger: SqlLedger, lease_clock: ManualClock
) -> None:
    begin_stale(ledger)
    ledger.post([message()], by="ann")
    (slow,) = take(ledger, lease_s=10)
    lease_clock.advance(timedelta(seconds=11))
    (quick,) = take(ledger, by="bob")
    assert ledger.settle_messages([failed(slow)], by="ann") == (slow.id,)
    assert ledger.message(slow.id).claimed_by == "bob"
    ledger.settle_messages([Delivery(slow.id, slow.fence, sent=True)], by="ann")
    assert ledger.message(slow.id).state is MessageState.SENT
    assert ledger.settle_messages([failed(quick)], by="bob") == (quick.id,)
    ledger.settle_messages([Delivery(quick.id, quick.fence, sent=True)], by="bob")
    assert kinds(ledger) == ["message queued", "message sent"]


def test_what_is_called_off_is_not_sent_and_waits_again_when_it_is_posted_again(ledger: SqlLedger) -> None:
    begin_stale(ledger)
    (number,) = ledger.post([message()], by="ann")
    (claimed,) = take(ledger)
    assert ledger.call_off_messages([number, 77], by="kim", reason="the visit moved") == (number,)
    assert ledger.settle_messages([failed(claimed, 1)], by="ann") == (number,)
    assert take(ledger) == ()
    content = replace(message().content, subject="another subject")
    assert ledger.post([message(content=content)], by="ann") == (number,)
    (again,) = take(ledger)
    assert (again.message.content.subject, again.fence) == ("another subject", claimed.fence + 1)


def test_messages_are_found_by_campaign_state_topic_and_kind(ledger: SqlLedger) -> None:
    begin_stale(ledger)
    ledger.post([message("a", topic="v1"), message("b", kind="alert x"), message("c", campaign_id=None)], by="ann")
    (taken,) = take(ledger, limit=1)
    ledger.settle_messages([failed(taken)], by="ann")

    def keys(found: Sequence[Queued]) -> str:
        return "".join(one.message.key for one in found)

    assert keys(ledger.messages()) == "abc"
    assert keys(ledger.messages(limit=2)) == "bc"
    assert keys(ledger.messages(campaign_id=CAMPAIGN)) == "ab"
    assert keys(ledger.messages(topic="v1")) == "a"
    assert keys(ledger.messages(kind="alert x")) == "b"
    assert keys(ledger.messages(states=[MessageState.FAILED])) == "a"
    assert ledger.message_counts()[MessageState.WAITING] == 2
    assert ledger.message_counts(CAMPAIGN) == {
        MessageState.WAITING: 1, MessageState.SENT: 0, MessageState.FAILED: 1, MessageState.CALLED_OFF: 0,
    }  # fmt: skip


def test_a_secret_in_a_message_or_an_error_is_taken_out_before_it_is_kept(url: str, opened: Open) -> None:
    ledger = opened(url, redact=lambda words: words.replace("hunter2", "•••"))
    begin_stale(ledger)
    ledger.post([message(content=Content("hunter2", "it is hunter2"))], by="ann")
    (one,) = take(ledger)
    assert one.message.content == Content("•••", "it is •••")
    ledger.settle_messages([Delivery(one.id, one.fence, sent=False, error="535 hunter2")], by="ann")
    assert ledger.message(one.id).error == "535 •••"
    assert "hunter2" not in str(ledger.events())


def test_many_who_deliver_at_once_never_hold_the_same_message(ledger: SqlLedger) -> None:
    begin_stale(ledger)
    ledger.post([message(f"k{number}") for number in range(120)], by="ann")
    got: dict[str, list[int]] = {}
    start = threading.Barrier(4)

    def deliver(name: str) -> None:
        start.wait()
        mine = got.setdefault(name, [])
        while claimed := take(ledger, limit=7, by=name):
            mine += [one.id for one in claimed]
            ledger.settle_messages([Delivery(one.id, one.fence, sent=True) for one in claimed], by=name)

    threads = [threading.Thread(target=deliver, args=(f"d{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    everything = [number for mine in got.values() for number in mine]
    assert sorted(everything) == sorted(set(everything))
    assert len(everything) == 120
    assert ledger.message_counts()[MessageState.SENT] == 120
