"""Notes of Ansible's tasks: written while the call goes on, without holding it up, and without secrets."""

import threading
from collections.abc import Sequence
from pathlib import Path

from muster.errors import LedgerUnavailable
from muster.ids import HostId
from muster.records import Note
from muster.steps import StepName
from push.ansible_events import Heard
from push.ansible_notes import TaskNotes
from tests.push.fakes import CAMPAIGN, make_world

HOSTS = {"a": HostId("a"), "b": HostId("b")}


def events() -> list[Heard]:
    return [
        Heard("runner_on_start", "a", "Look"),
        Heard("runner_on_ok", "a", "Look", {"changed": False}, duration_s=0.12345),
        Heard("runner_on_ok", "a", "Write the word hush", {"changed": True}),
        Heard("runner_on_failed", "b", "Refuse", {"msg": "the word is hush"}, ignored=True),
        Heard("runner_on_unreachable", "b", "Look", {"msg": "no route"}),
        Heard("runner_on_ok", "localhost", "Unpack", {"changed": True}),
        Heard("playbook_on_stats"),
    ]


def test_each_task_that_ended_at_a_host_is_one_note_without_its_secrets() -> None:
    written: list[Note] = []
    notes = TaskNotes(written.extend, lambda text: text.replace("hush", "[secret]"), StepName.APPLY, HOSTS)
    notes.begin()
    for event in events():
        notes.hear(event)
    notes.end()
    assert [(note.kind, note.host_id, note.data.get("task")) for note in written] == [
        ("ansible task ok", "a", "Look"),
        ("ansible task changed", "a", "Write the word [secret]"),
        ("ansible task failed", "b", "Refuse"),
        ("ansible host unreachable", "b", "Look"),
    ]
    assert written[0].data == {"step": "apply", "task": "Look", "duration_s": 0.123}
    assert written[2].data["message"] == "the word is [secret]"
    assert written[2].data["ignored"] is True


def test_a_slow_writer_holds_nobody_up_and_gets_many_at_once() -> None:
    may_go_on, sizes = threading.Event(), []

    def slow(notes: Sequence[Note]) -> None:
        sizes.append(len(notes))
        may_go_on.wait(30)

    notes = TaskNotes(slow, str, StepName.APPLY, HOSTS)
    notes.begin()
    for number in range(1500):
        notes.hear(Heard("runner_on_ok", "a", f"Task {number}"))
    may_go_on.set()
    notes.end()
    assert sum(sizes) == 1500
    assert len(sizes) < 20


def test_what_the_ledger_cannot_take_is_dropped_and_counted() -> None:
    def refuse(notes: Sequence[Note]) -> None:
        raise LedgerUnavailable(f"{len(notes)} not written")

    notes = TaskNotes(refuse, str, StepName.APPLY, HOSTS)
    notes.begin()
    notes.hear(Heard("runner_on_ok", "a", "Look"))
    notes.end()
    assert notes.dropped == 1


def test_the_ledger_keeps_them_as_events_that_change_nothing(tmp_path: Path) -> None:
    ledger = make_world(tmp_path, {"a": "old", "b": "old"}).ledger
    before = ledger.hosts(CAMPAIGN)
    wanted = [Note("ansible task ok", HostId(name), {"task": "Look"}) for name in ("a", "b")]
    ledger.note_all(CAMPAIGN, wanted, by="runner")
    kept = [event for event in ledger.events(campaign_id=CAMPAIGN) if event.kind == "ansible task ok"]
    assert [(event.host_id, event.data, event.by) for event in kept] == [
        ("a", {"task": "Look"}, "runner"),
        ("b", {"task": "Look"}, "runner"),
    ]
    assert ledger.hosts(CAMPAIGN) == before
    ledger.close()
