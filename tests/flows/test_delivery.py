"""Delivery: at least once whatever dies, with the same key each time; not twice while a lease holds; never for ever."""

import asyncio
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from threading import Event

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from hypothesis import given
from hypothesis import strategies as st

from flows.alerts import alert_messages, raise_alert, stop_report
from flows.delivery import (
    BATCH,
    FIRST_PAUSE_S,
    LONGEST_PAUSE_S,
    LONGEST_WISH_S,
    MOST_TRIES,
    DeliveryCount,
    decide,
    deliver_due,
    pause_s,
)
from flows.server import free_port
from ledger.open import open_ledger
from muster.clock import ManualClock
from muster.errors import LedgerUnavailable
from muster.messages import Alert, Channel, Delivery, Message, MessageState, Severity
from muster.records import WaveState
from reports.sending.answers import Answer, Fate
from reports.sending.outlets import HookKind, Webhook
from tests.flows.outboxes import LEDGER_VARIABLE, NOW, Desk, letter, open_at, outlets
from tests.reports.scenes import TZ, campaign, crew, fleet
from tests.reports.sending.servers import (
    AT,
    PASSWORD,
    Mailbox,
    Receiver,
    http_server,
    queued,
    smtp_server,
)

ALERT = Alert(
    "forecast-low", Severity.WARNING, "the odds are 62 %, the limit is 90 %", None, (("odds", "62 %"),), ("x",)
)
HOOK = Webhook("ops", HookKind.JSON, "env:URL")
LATER = timedelta(hours=30)
"""By then every lease and every pause has run out."""


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/ledger.db"


@pytest.fixture
def desk(url: str, tmp_path: Path) -> Iterator[Desk]:
    made = Desk(open_at(url), outlets(tmp_path))
    yield made
    made.ledger.close()


def ids(letters: Sequence[EmailMessage]) -> Counter[str]:
    return Counter(str(one["Message-ID"]) for one in letters)


# --- decisions


@given(st.integers(1, 1000), st.floats(0, 1, exclude_max=True))
def test_pauses_grow_and_end_at_an_hour(attempts: int, dice: float) -> None:
    pause = pause_s(attempts, dice)
    assert FIRST_PAUSE_S / 2 <= pause <= LONGEST_PAUSE_S
    assert pause_s(attempts + 1, dice) >= pause


def test_what_failed_together_is_not_tried_again_together() -> None:
    assert len({pause_s(5, dice / 100) for dice in range(100)}) == 100


def test_a_receivers_wish_is_honoured_within_reason() -> None:
    assert pause_s(1, 0.0, 120.0) == 120
    assert pause_s(20, 0.0, 5.0) == 5
    assert pause_s(1, 0.9, 10**9) <= LONGEST_WISH_S * 1.1


def test_an_answer_decides_what_becomes_of_a_message() -> None:
    def of(fate: Fate, attempts: int = 1) -> Delivery:
        return decide(replace(queued(), attempts=attempts), Answer(fate, "said"), AT, 0.5)

    assert of(Fate.TAKEN) == Delivery(7, 1, sent=True, answer="said")
    assert of(Fate.REFUSED) == Delivery(7, 1, sent=False, error="said")
    again = of(Fate.LATER).next_try_at
    assert again is not None
    assert again > AT
    last = of(Fate.LATER, MOST_TRIES)
    assert last.next_try_at is None
    assert last.error == f"given up after {MOST_TRIES} tries; the last: said"


# --- sending


def test_what_is_due_is_sent_once_and_what_is_not_due_is_not(desk: Desk) -> None:
    box = Mailbox()
    soon = desk.clock.now() + timedelta(hours=1)
    desk.ledger.post([*map(letter, range(25)), letter(99, due_at=soon)], by="test")
    with smtp_server(box) as port:
        desk.outlets = replace(desk.outlets, mail=outlets(Path(), port).mail)
        assert deliver_due(desk.services, limit=7) == DeliveryCount(sent=7)
        assert deliver_due(desk.services) == DeliveryCount(sent=18)
        assert deliver_due(desk.services) == DeliveryCount()
    assert set(ids(box.letters).values()) == {1}
    assert sorted(box.receivers) == sorted(f"client{number}@example.com" for number in range(25))


def test_without_an_smtp_server_letters_become_files_that_say_so(desk: Desk) -> None:
    (number,) = desk.ledger.post([letter(1)], by="test")
    assert deliver_due(desk.services).sent == 1
    (file,) = desk.outlets.folder.glob("*.eml")
    assert b"this is letter 1" in file.read_bytes()
    assert desk.ledger.message(number).answer.endswith("no SMTP server is set")


def test_a_mail_server_that_is_down_costs_one_batch_a_try_and_nothing_is_lost(desk: Desk, url: str) -> None:
    desk.ledger.post([*map(letter, range(30))], by="test")
    receiver, port = Receiver(), free_port()
    with http_server(receiver) as address:
        ways = outlets(Path(), port, secrets={"env:URL": address}, webhooks=[HOOK])
        desk.outlets = ways
        raise_alert(desk.services, ALERT, by="test")
        done = deliver_due(desk.services)
    assert (done.sent, done.later, done.given_up) == (1, BATCH, 0), "the webhook is not held up"
    assert len(done.troubles) == 1
    assert "Connection refused" in done.troubles[0]
    box = Mailbox()
    afterwards = Desk(open_at(url, LATER), ways)
    with smtp_server(box, port=port):
        assert deliver_due(afterwards.services).sent == 30
    afterwards.ledger.close()
    assert len(ids(box.letters)) == 30


def test_a_message_that_is_refused_for_good_is_told_to_people_and_a_refused_alert_to_nobody_else(desk: Desk) -> None:
    receiver = Receiver(answers=[(404, {}, b"no_service")])
    box = Mailbox(refuses={"client1@example.com": "550 5.1.1 no such user"})
    desk.ledger.post([letter(1), letter(2)], by="test")
    with smtp_server(box) as port, http_server(receiver) as address:
        desk.outlets = outlets(
            Path(), port, secrets={"env:URL": address}, webhooks=[HOOK], alert_to=("ops@us.example",)
        )
        done = deliver_due(desk.services)
    assert (done.sent, done.given_up) == (2, 2)
    assert box.receivers == ["client2@example.com", "ops@us.example"]
    boards = desk.ledger.messages(channels=[Channel.BOARD])
    sentences = [one.message.content.alert.sentence for one in boards if one.message.content.alert]
    assert len(sentences) == 2
    assert "client1@example.com could not be delivered" in sentences[0]
    assert "no such user" in sentences[0]
    assert "alert message-given-up to ops could not be delivered: webhook ops answers 404" in sentences[1]


def test_one_message_that_nobody_can_send_does_not_keep_the_others(desk: Desk) -> None:
    gone = Message("a", Channel.WEBHOOK, "gone", "alert x", letter(0).content)
    desk.ledger.post([gone, letter(1)], by="test")
    done = deliver_due(desk.services)
    assert (done.sent, done.later) == (1, 1)
    (standing,) = desk.ledger.messages(states=[MessageState.WAITING])
    assert standing.error == "the settings have no webhook 'gone' (there are: none)"


def test_a_message_from_which_nobody_comes_back_is_given_up(desk: Desk, url: str) -> None:
    desk.ledger.post([letter(1)], by="test")
    for number in range(MOST_TRIES):
        ledger = open_at(url, timedelta(hours=number + 1))
        assert len(ledger.claim_messages(by="who dies", limit=1, lease_s=60)) == 1
        ledger.close()
    afterwards = Desk(open_at(url, timedelta(hours=99)), desk.outlets)
    assert deliver_due(afterwards.services).given_up == 1
    afterwards.ledger.close()
    (standing,) = desk.ledger.messages(states=[MessageState.FAILED])
    assert "nobody came back" in standing.error


# --- at least once


class DiesBeforeMarking:
    """A ledger that is gone in the moment when something was sent."""

    def __init__(self, real: object) -> None:
        self._real = real

    def __getattr__(self, name: str) -> object:
        if name == "settle_messages":
            raise LedgerUnavailable("the ledger cannot be reached")
        return getattr(self._real, name)


def test_what_was_sent_and_not_marked_is_sent_again_with_the_same_key(desk: Desk, url: str) -> None:
    box = Mailbox()
    desk.ledger.post([letter(1)], by="test")
    with smtp_server(box) as port:
        desk.outlets = outlets(Path(), port)
        broken = Desk(DiesBeforeMarking(desk.ledger), desk.outlets)  # type: ignore[arg-type]
        with pytest.raises(LedgerUnavailable):
            deliver_due(broken.services)
        assert deliver_due(desk.services) == DeliveryCount(), "the lease holds"
        afterwards = Desk(open_at(url, LATER), desk.outlets)
        assert deliver_due(afterwards.services).sent == 1
        afterwards.ledger.close()
    assert list(ids(box.letters).values()) == [2]


class Slow(Mailbox):
    """A mailbox that takes its time, so that two senders meet."""

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        answer = await super().handle_DATA(server, session, envelope)
        await asyncio.sleep(0.03)
        return answer


@dataclass
class Holding(Mailbox):
    """A mailbox that keeps its answer to one letter to itself, so that there is a middle to be killed in.

    Attributes:
        held: the number of that letter.
    """

    held: int = 0
    released: Event = field(default_factory=Event)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        answer = await super().handle_DATA(server, session, envelope)
        if len(self.letters) == self.held:
            await asyncio.to_thread(self.released.wait, 120)
        return answer


@pytest.mark.parametrize("after", [pytest.param(1, marks=pytest.mark.slow), 12])
def test_a_sender_that_is_killed_loses_nothing_and_repeats_one_at_most(
    desk: Desk, url: str, tmp_path: Path, after: int
) -> None:
    box = Holding(held=after)
    desk.ledger.post([*map(letter, range(40))], by="test")
    with smtp_server(box) as port:
        sender = subprocess.Popen(
            [sys.executable, "-m", "tests.flows.outboxes", str(port)],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, LEDGER_VARIABLE: url},
        )
        give_up_at = time.monotonic() + 60
        while len(box.letters) < after and time.monotonic() < give_up_at:
            time.sleep(0.005)
        sender.kill()
        sender.communicate()
        assert len(box.letters) == after, "it was killed in the middle"
        box.released.set()
        afterwards = Desk(open_at(url, LATER), outlets(tmp_path, port))
        deliver_due(afterwards.services)
        assert afterwards.ledger.message_counts()[MessageState.SENT] == 40
        afterwards.ledger.close()
    arrived = ids(box.letters)
    assert len(arrived) == 40
    assert sum(arrived.values()) == 41, "the one whose answer it never heard"


@pytest.mark.parametrize("database", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_senders_at_one_time_send_nothing_twice(tmp_path: Path, database: str, request: pytest.FixtureRequest) -> None:
    url = f"sqlite:///{tmp_path}/l.db" if database == "sqlite" else request.getfixturevalue("postgres_url")
    desk = Desk(open_at(url), outlets(tmp_path))
    desk.ledger.post([*map(letter, range(60))], by="test")
    box = Slow()
    with smtp_server(box) as port:
        command, known = [sys.executable, "-m", "tests.flows.outboxes", str(port)], {**os.environ, LEDGER_VARIABLE: url}
        senders = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=known) for _ in range(2)]
        sent = [int(sender.communicate()[0].split()[-1]) for sender in senders]
    desk.ledger.close()
    assert sum(sent) == 60
    assert set(ids(box.letters).values()) == {1}
    assert len(box.letters) == 60


# --- alerts


def test_an_alert_is_told_once_to_everybody_whom_the_settings_name(desk: Desk) -> None:
    others = replace(HOOK, name="others", alerts=frozenset({"campaign-stopped"}))
    desk.outlets = outlets(Path(), webhooks=[HOOK, others], alert_to=("ops@us.example",))
    assert len(raise_alert(desk.services, ALERT, by="test")) == 3
    assert raise_alert(desk.services, ALERT, by="somebody else") == ()
    told = {(one.message.channel, one.message.to) for one in desk.ledger.messages()}
    assert told == {(Channel.BOARD, "board"), (Channel.WEBHOOK, "ops"), (Channel.EMAIL, "ops@us.example")}
    assert len(raise_alert(desk.services, replace(ALERT, sentence="the odds are 50 %"), by="test")) == 3
    about = replace(ALERT, about="2026-10-19")
    assert len(raise_alert(desk.services, about, by="test")) == 3
    assert raise_alert(desk.services, replace(about, sentence="the odds are 49 %"), by="test") == ()


def test_an_alert_as_an_e_mail_says_what_helps(desk: Desk) -> None:
    message = alert_messages(replace(desk.outlets, alert_to=("a@b.example",)), ALERT)[-1]
    assert message.content.subject == "[Helpline] warning: the odds are 62 %, the limit is 90 %"
    assert "What helps:\n  1. x" in message.content.text


def test_neither_password_nor_address_of_a_webhook_is_kept_or_said(
    desk: Desk, url: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    address = f"http://127.0.0.1:{free_port()}/services/TOKEN-OF-THE-HOOK"
    box = Mailbox(data_answer=f"554 your password {PASSWORD} is not nice")
    with smtp_server(box) as port:
        desk.outlets = outlets(Path(), port, secrets={"env:URL": address}, webhooks=[HOOK])
        desk.ledger.post([letter(1)], by="test")
        raise_alert(desk.services, ALERT, by="test")
        done = deliver_due(desk.services)
    assert (done.given_up, done.later) == (1, 2)
    desk.ledger.close()
    kept = b"".join(file.read_bytes() for file in tmp_path.glob("ledger.db*"))
    out, err = capfd.readouterr()
    for secret in (PASSWORD, "TOKEN-OF-THE-HOOK"):
        assert secret.encode() not in kept
        assert secret not in out + err + repr(done)
    assert url


def test_the_machines_clock_and_the_campaigns_are_not_mixed_up(desk: Desk) -> None:
    """The campaign's clock says 2026; pauses are real time, whatever year that is."""
    desk.outlets = outlets(Path(), free_port())
    desk.ledger.post([letter(1)], by="test")
    deliver_due(desk.services)
    (standing,) = desk.ledger.messages()
    assert standing.next_try_at is not None
    assert timedelta() < standing.next_try_at - datetime.now(UTC) < timedelta(minutes=2)


def test_a_stop_is_told_in_its_own_transaction_whoever_stops(tmp_path: Path) -> None:
    ways = outlets(tmp_path, alert_to=("ops@us.example",))
    ledger = open_ledger(f"sqlite:///{tmp_path}/l.db", clock=ManualClock(NOW), report=stop_report(ways))
    ledger.save_inventory(fleet(), crew(), by="ann")
    ledger.open_campaign(campaign(), [host.id for host in fleet().hosts], by="ann")
    ledger.stop(TZ, by="ann", reason="a client called")
    ledger.stop(TZ, by="bob", reason="again")
    ledger.resume(TZ, by="kim", reason="all is well")
    wave = ledger.open_wave(TZ, [fleet().hosts[0].id], by="runner")
    ledger.close_wave(TZ, wave.number, WaveState.HALTED, "2 of 3 hosts failed", by="runner")
    ledger.note("stopped", by="somebody", campaign_id=TZ, data={"reason": "only a note"})
    told = [one.message.content.alert for one in ledger.messages(channels=[Channel.EMAIL])]
    ledger.close()
    assert [one.sentence for one in told if one] == [
        "ann stopped tz: a client called",
        "kim let go on tz: all is well",
        "runner stopped tz: 2 of 3 hosts failed",
    ]
