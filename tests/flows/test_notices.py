"""Notices from the plan to the client's mailbox: queued with the dispatch, sent once, replaced with the plan."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import icalendar
import pytest

from flows.delivery import deliver_due
from flows.notices import queue_notices, telling_of, undelivered
from flows.reconcile_rules import CampaignView, Duty, DutyKind, View, tell_due
from muster.clock import ManualClock
from muster.errors import Conflict
from muster.ids import HostId, PlanId, RunnerId
from muster.messages import MessageState, Queued
from muster.outcomes import Finding, HostStatus, Stage, Verdict
from muster.plan import Plan
from muster.records import ProbeRecord
from reports.notices.told import read_told
from tests.flows.outboxes import Desk, open_at, outlets
from tests.reports.notices.test_due import shifted
from tests.reports.scenes import NEW_YORK, PARIS, TZ, campaign, crew, fleet, local, plan
from tests.reports.sending.servers import Mailbox, smtp_server

EARLY = local(NEW_YORK, 20, 9)


@pytest.fixture
def box() -> Mailbox:
    return Mailbox()


@pytest.fixture
def desk(tmp_path: Path, box: Mailbox) -> Iterator[Desk]:
    """A ledger with the fleet and the campaign of the scenes, and a mail server."""
    with smtp_server(box) as port:
        made = Desk(open_at(f"sqlite:///{tmp_path}/ledger.db"), outlets(tmp_path, port))
        clock = made.ledger._clock
        assert isinstance(clock, ManualClock)
        clock.at, made.clock = EARLY, clock
        made.ledger.save_inventory(fleet(), crew(), by="ann")
        made.ledger.open_campaign(campaign(), [host.id for host in fleet().hosts], by="ann")
        yield made
        made.ledger.close()


def stand_at(desk: Desk, at: datetime) -> None:
    clock = desk.clock
    assert isinstance(clock, ManualClock)
    clock.at = at


def dispatch(desk: Desk, chosen: Plan, why: str = "") -> None:
    """As ``flows.planning.dispatch_plan`` does it, without the scheduler's own checks."""
    ledger = desk.ledger
    ledger.save_plan(chosen, by="planner")
    revision = ledger.revision()
    telling = telling_of(desk.services, ledger.campaign(TZ), chosen, why=why)
    ledger.dispatch(
        chosen.id,
        by="kim",
        expected_revision=revision,
        notes=telling.notes,
        messages=telling.messages,
        call_off=telling.call_off,
    )


def other(chosen: Plan, name: str) -> Plan:
    return replace(chosen, id=PlanId(name))


def waiting(desk: Desk) -> list[tuple[str, str, datetime]]:
    """Reminders that wait: to whom, about what, when."""
    found = desk.ledger.messages(states=[MessageState.WAITING], kind="notice day-before")
    return [(str(one.message.client_id), one.message.topic, one.due_at) for one in found]


def subjects(letters: list[EmailMessage]) -> list[str]:
    return [str(letter["Subject"]) for letter in letters]


def probed(desk: Desk, status: HostStatus, *host_ids: str) -> None:
    finding = Finding(Verdict.RIGHT if status is HostStatus.RIGHT else Verdict.STALE, "seen", ())
    ids = [HostId(one) for one in host_ids]
    desk.ledger.begin_probes(TZ, ids, by="ann")
    rows = [ProbeRecord(one, status, finding, Stage.FINISHED, "", "", desk.clock.now()) for one in ids]
    desk.ledger.record_probes(TZ, rows, by="ann")


def test_a_dispatch_tells_each_client_once_and_leaves_reminders_waiting(desk: Desk, box: Mailbox) -> None:
    dispatch(desk, plan())
    assert deliver_due(desk.services).sent == 2
    assert sorted(box.receivers) == ["cabinet@moreau.example", "office@dental.example"]
    assert waiting(desk) == [
        ("dental", "visits of dental", local(NEW_YORK, 30, 9)),
        ("dental", "visit v2", local(NEW_YORK, 1, 9, month=11)),
        ("law", "visit v4", local(PARIS, 2, 9, month=11)),
    ]
    assert queue_notices(desk.services, TZ, by="reconciler") == 0
    assert deliver_due(desk.services).tried == 0


def test_a_dispatch_that_fails_tells_nobody(desk: Desk) -> None:
    desk.ledger.save_plan(plan(), by="planner")
    telling = telling_of(desk.services, desk.ledger.campaign(TZ), plan())
    with pytest.raises(Conflict):
        desk.ledger.dispatch(plan().id, by="kim", expected_revision=1, notes=telling.notes, messages=telling.messages)
    assert desk.ledger.messages() == ()
    assert read_told(desk.ledger, TZ).promises == {}


def test_a_move_is_told_to_whom_it_concerns_with_its_reason_and_its_reminder_is_replaced(
    desk: Desk, box: Mailbox
) -> None:
    dispatch(desk, plan())
    deliver_due(desk.services)
    box.letters.clear()
    dispatch(desk, other(shifted("v4", timedelta(days=1)), "P-2"), why="Zoé est malade.")
    assert deliver_due(desk.services).sent == 1
    (letter,) = box.letters
    assert letter["To"] == "cabinet@moreau.example"
    body = letter.get_body(("plain",))
    assert body is not None
    assert "Zoé est malade." in body.get_content()
    calendars = [part.get_content() for part in letter.walk() if part.get_content_type() == "text/calendar"]
    (event,) = icalendar.Calendar.from_ical(calendars[0]).walk("VEVENT")
    assert (int(str(event["sequence"])), str(event["uid"])) == (1, "v4@tz.muster")
    assert ("law", "visit v4", local(PARIS, 3, 9, month=11)) in waiting(desk)
    assert len(waiting(desk)) == 3
    (gone,) = desk.ledger.messages(states=[MessageState.CALLED_OFF])
    assert gone.due_at == local(PARIS, 2, 9, month=11)


def test_a_visit_that_moves_away_and_back_is_told_of_each_time(desk: Desk, box: Mailbox) -> None:
    later = shifted("v4", timedelta(days=1))
    for number, chosen in enumerate((plan(), later, plan(), later, plan())):
        dispatch(desk, other(chosen, f"P-{number}"))
        deliver_due(desk.services)
    told = [letter for letter in box.letters if letter["To"] == "cabinet@moreau.example"]
    assert len(told) == 5
    assert len({str(letter["Message-ID"]) for letter in told}) == 5
    assert waiting(desk).count(("law", "visit v4", local(PARIS, 2, 9, month=11))) == 1
    assert len(waiting(desk)) == 3


def test_what_is_called_off_is_told_and_its_reminder_is_not_sent(desk: Desk, box: Mailbox) -> None:
    dispatch(desk, plan())
    deliver_due(desk.services)
    box.letters.clear()
    dispatch(desk, other(replace(plan(), assignments=plan().assignments[:3]), "P-2"))
    deliver_due(desk.services)
    (letter,) = box.letters
    assert (letter["To"], "annulée" in str(letter["Subject"])) == ("cabinet@moreau.example", True)
    stand_at(desk, local(PARIS, 2, 10, month=11))
    box.letters.clear()
    deliver_due(desk.services)
    assert {str(one["To"]) for one in box.letters} == {"office@dental.example"}


def test_the_reminder_goes_out_on_the_morning_of_the_day_before(desk: Desk, box: Mailbox) -> None:
    dispatch(desk, plan())
    deliver_due(desk.services)
    box.letters.clear()
    stand_at(desk, local(NEW_YORK, 30, 8, 59))
    assert deliver_due(desk.services).tried == 0
    stand_at(desk, local(NEW_YORK, 30, 9))
    queue_notices(desk.services, TZ, by="reconciler")
    assert deliver_due(desk.services).sent == 1
    assert subjects(box.letters) == ["Helpline: tomorrow, Saturday, 31 October 2026"]
    queue_notices(desk.services, TZ, by="reconciler")
    assert deliver_due(desk.services).tried == 0


def test_a_reminder_that_could_not_be_sent_in_time_is_not_sent_on_the_day_itself(desk: Desk) -> None:
    dispatch(desk, plan())
    deliver_due(desk.services)
    stand_at(desk, local(NEW_YORK, 31, 0, 30))
    queue_notices(desk.services, TZ, by="reconciler")
    assert deliver_due(desk.services).tried == 0


def test_afterwards_a_client_learns_once_what_was_done(desk: Desk, box: Mailbox) -> None:
    probed(desk, HostStatus.STALE, *(host.id for host in fleet().hosts))
    dispatch(desk, plan())
    deliver_due(desk.services)
    box.letters.clear()
    stand_at(desk, local(NEW_YORK, 31, 12))
    queue_notices(desk.services, TZ, by="reconciler")
    assert not desk.ledger.messages(kind="notice after"), "nobody has been there"
    probed(desk, HostStatus.RIGHT, "front1")
    for _ in range(3):
        queue_notices(desk.services, TZ, by="reconciler")
        deliver_due(desk.services)
    assert subjects(box.letters).count("Helpline: what we did") == 1


def test_a_client_with_two_addresses_gets_a_letter_at_each(desk: Desk, box: Mailbox) -> None:
    dental, law = fleet().clients
    both = replace(dental, email="office@dental.example; boss@dental.example")
    desk.ledger.save_inventory(replace(fleet(), clients=(both, law)), crew(), by="ann")
    dispatch(desk, plan())
    assert deliver_due(desk.services).sent == 3
    assert len({str(one["Message-ID"]) for one in box.letters}) == 3


def test_a_client_without_an_address_is_told_nothing_and_nothing_breaks(desk: Desk, box: Mailbox) -> None:
    dental, law = fleet().clients
    desk.ledger.save_inventory(replace(fleet(), clients=(dental, replace(law, email=""))), crew(), by="ann")
    dispatch(desk, plan())
    deliver_due(desk.services)
    assert box.receivers == ["office@dental.example"]
    assert {client for client, _, _ in waiting(desk)} == {"dental"}


def test_a_client_whose_letter_was_given_up_is_named(desk: Desk, box: Mailbox) -> None:
    box.refuses["cabinet@moreau.example"] = "550 5.1.1 no such user"
    dispatch(desk, plan())
    assert undelivered(desk.services, TZ) == {}
    deliver_due(desk.services)
    (visit, error), *more = undelivered(desk.services, TZ).items()
    assert (visit, "no such user" in error, more) == ("v4", True, [])
    dispatch(desk, other(shifted("v4", timedelta(days=1)), "P-2"))
    box.refuses.clear()
    deliver_due(desk.services)
    assert undelivered(desk.services, TZ) == {}, "the newer letter arrived"


def last(desk: Desk) -> Queued:
    return desk.ledger.messages()[-1]


def test_a_fresh_address_takes_the_place_of_the_old_one_in_what_waits(desk: Desk) -> None:
    dispatch(desk, plan())
    dental, law = fleet().clients
    moved = replace(law, email="nouveau@moreau.example")
    desk.ledger.save_inventory(replace(fleet(), clients=(dental, moved)), crew(), by="ann")
    queue_notices(desk.services, TZ, by="reconciler")
    assert (last(desk).message.to, last(desk).message.kind) == ("nouveau@moreau.example", "notice day-before")
    assert len(waiting(desk)) == 3


@pytest.mark.parametrize(
    ("now", "last", "looks"),
    [
        (EARLY, None, False),  # no visit has begun
        (local(NEW_YORK, 31, 9, 30), None, False),  # under way, and nothing has changed at its hosts
        (local(NEW_YORK, 31, 12), None, True),  # two visits are over
        (local(NEW_YORK, 31, 12), local(NEW_YORK, 31, 11, 50), False),  # it was looked at since
        (local(NEW_YORK, 31, 12), local(NEW_YORK, 31, 11), True),  # v3 ended at half past eleven
        (local(NEW_YORK, 1, 12, month=11), local(NEW_YORK, 31, 12), True),  # a day later, whatever was left
    ],
)
def test_the_reconciler_looks_when_something_has_happened(now: datetime, last: datetime | None, looks: bool) -> None:  # noqa: FBT001 - a parameter of the test
    duty = None if last is None else Duty(TZ, DutyKind.TELL, RunnerId("r"), last, last, last)
    duties = {} if duty is None else {DutyKind.TELL: duty}
    one = CampaignView(campaign(), fleet(), plan(), {}, duties=duties)
    assert (tell_due(one, View((one,), now), now) is not None) == looks
