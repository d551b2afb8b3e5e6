"""Findings tell each client what was seen at it, how many machines, and why it matters; three repairs want a cause."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from muster.errors import NotFound
from muster.ids import ClientId
from muster.outcomes import HostStatus
from reports.ends_of_life import end_of_life
from reports.findings import Seen, findings_of, name_cause, note_finding, read_seen, repairs
from reports.record import read_record
from tests.reports.ledgers import AT, played
from tests.reports.records import MIXED, Story, campaign

ACME = ClientId("c0")


def test_what_hosts_said_and_how_pushes_ended_become_findings_with_counts() -> None:
    record = Story(MIXED).record()
    found = {one.title: one for one in findings_of(Seen(record), ACME)}
    mine = record.for_client(ACME)
    assert found["Full disks"].hosts == mine.count(HostStatus.FAILED)
    assert found["Machines that cannot be reached from afar"].hosts == mine.count(HostStatus.UNREACHABLE)
    assert found["Machines whose identity has changed"].hosts == mine.count(HostStatus.UNTRUSTED)
    assert found["JVM 17 with 2025a (/opt/j) could not be asked: update the JDK"].hosts > 0
    assert all(one.why for one in found.values())


def test_a_clients_findings_hold_no_machine_of_another_client() -> None:
    record = Story(MIXED).record()
    mine = {state.host_id for state in record.for_client(ACME).hosts}
    for one in findings_of(Seen(record), ACME):
        assert set(one.host_ids) <= mine


def test_old_systems_are_told_from_the_day_their_support_has_ended() -> None:
    record = Story([HostStatus.RIGHT] * 2).record()
    old = replace(record.fleet, hosts=tuple(replace(one, os_version="Windows 7 Pro") for one in record.fleet.hosts))
    found = findings_of(Seen(replace(record, fleet=old)), ACME)
    assert [(one.title, one.hosts) for one in found] == [("Windows 7 Pro is out of support", 1)]
    assert "14 January 2020" in found[0].why
    assert findings_of(Seen(record), ACME) == ()


@pytest.mark.parametrize(
    ("system", "ends"),
    [
        ("Debian 10", date(2024, 6, 30)),
        ("Debian GNU/Linux 12 (bookworm)", date(2028, 6, 30)),
        ("Ubuntu 20.04.6 LTS", date(2025, 5, 31)),
        ("Microsoft Windows 10 Pro", date(2025, 10, 14)),
        ("Windows Server 2012 R2 Standard", date(2023, 10, 10)),
        ("Windows 11", None),
        ("", None),
    ],
)
def test_ends_of_life_are_read_from_what_a_host_says(system: str, ends: date | None) -> None:
    assert end_of_life(system) == ends


def test_the_third_repair_of_the_same_fault_is_a_finding_until_its_cause_is_named(tmp_path: Path) -> None:
    ledger = played(tmp_path)
    record = read_record(ledger, campaign().id, now=AT)
    rows = [(campaign().fix, one) for one in ledger.attempts(campaign().id)]
    assert max(count for faults in repairs(rows).values() for count in faults.values()) == 1
    twice, thrice = Seen(record, repairs(rows * 2)), Seen(record, repairs(rows * 3))
    assert not [one for one in findings_of(twice, ACME) if one.needs_cause]
    again = [one for one in findings_of(thrice, ACME) if one.needs_cause]
    assert {one.title for one in again} == {
        "Repaired again and again: the fix tzdata",
        "Repaired again and again: no space left on the device",
    }
    assert findings_of(thrice, ACME)[0].needs_cause, "what wants a cause stands first"

    name_cause(ledger, thrice, again[0].key, "the image is old", by="kim")
    named = replace(thrice, causes=read_seen(ledger, record).causes)
    assert [one.cause for one in findings_of(named, ACME) if one.key == again[0].key] == ["the image is old"]
    with pytest.raises(NotFound, match="no finding"):
        name_cause(ledger, thrice, "F-none", "x", by="kim")
    ledger.close()


def test_what_a_person_saw_is_in_the_list_of_that_client(tmp_path: Path) -> None:
    ledger = played(tmp_path)
    note_finding(
        ledger, campaign().id, ACME, "No lock at the server room", why="Anybody can walk in.", hosts=[], by="kim"
    )
    record = read_record(ledger, campaign().id, now=AT)
    seen = read_seen(ledger, record)
    ledger.close()
    (mine,) = [one for one in findings_of(seen, ACME) if one.by]
    assert (mine.title, mine.by, mine.hosts) == ("No lock at the server room", "kim", 0)
    assert not [one for one in findings_of(seen, ClientId("c1")) if one.by]
