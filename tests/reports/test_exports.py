"""PSA files have the fields that the PSAs know, and every event is one line of the audit log that reads back."""

import csv
import io
import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muster.errors import InputError
from muster.ids import CampaignId, HostId
from muster.outcomes import HostStatus
from muster.records import Event
from reports.audit import AuditFormat, audit_lines, cef_line, json_line
from reports.notes import events_of
from reports.psa import (
    AUTOTASK_TICKET,
    CONNECTWISE_ENTRY,
    CONNECTWISE_TICKET,
    Desk,
    PsaNames,
    PsaSystem,
    psa_tables,
    read_mapping,
    unmapped,
)
from tests.reports.ledgers import played
from tests.reports.notices.test_letters import state
from tests.reports.records import campaign as tz
from tests.reports.scenes import NOW, campaign, crew, fleet, plan

NAMES = PsaNames(companies={"dental": "17", "law": "18"}, people={"kim": "KLee", "zoe": "ZPetit", "pat": "PDoe"})


def desk(*done: str) -> Desk:
    states = {HostId(one): state(one, HostStatus.VERIFIED) for one in done}
    return Desk(campaign().name, campaign().id, campaign().reason, plan(), fleet(), crew(), states, NOW)


def rows(system: PsaSystem, names: PsaNames = NAMES, *done: str) -> list[list[dict[str, str]]]:
    tables = psa_tables(system, desk(*done), names)
    return [list(csv.DictReader(io.StringIO(one.csv().decode("utf-8-sig"), newline=""))) for one in tables]


def test_connectwise_gets_a_ticket_and_an_entry_for_each_visit_that_belong_together() -> None:
    tickets, entries = rows(PsaSystem.CONNECTWISE, NAMES, "front1")
    assert (tuple(tickets[0]), tuple(entries[0])) == (CONNECTWISE_TICKET, CONNECTWISE_ENTRY)
    assert [one["externalXRef"] for one in tickets] == [one["objectId"] for one in entries]
    first = tickets[0]
    assert (first["company"], first["owner"], first["status"], first["budgetHours"]) == (
        "17",
        "KLee",
        "Completed",
        "1.50",
    )
    assert tickets[1]["status"] == "Scheduled"
    assert (entries[0]["dateStart"], entries[0]["dateEnd"]) == ("2026-10-31T13:00:00Z", "2026-10-31T14:30:00Z")
    assert [one["doneFlag"] for one in entries] == ["true", "false", "false", "false"]


def test_autotask_gets_numbers_and_what_is_not_mapped_is_named_and_left_empty() -> None:
    (tickets,) = rows(PsaSystem.AUTOTASK)
    assert tuple(tickets[0]) == AUTOTASK_TICKET
    assert tickets[0]["companyID"] == "17"
    bare = PsaNames(companies={"dental": "17"})
    (tickets,) = rows(PsaSystem.AUTOTASK, bare)
    assert {one["companyID"] for one in tickets} == {"17", ""}
    assert unmapped(PsaSystem.AUTOTASK, desk(), bare) == ("companies: law", "people: kim", "people: pat", "people: zoe")
    assert unmapped(PsaSystem.AUTOTASK, desk(), NAMES) == ()
    assert unmapped(PsaSystem.CONNECTWISE, desk(), PsaNames()) == (), "it takes names"


def test_a_mapping_file_with_a_wrong_key_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "psa.yml"
    assert read_mapping(path) == PsaNames()
    path.write_text("companies: {dental: 17}\npriorities: {1: Urgent}\n")
    assert read_mapping(path).companies == {"dental": "17"}
    path.write_text("compagnies: {dental: 17}\n")
    with pytest.raises(InputError, match="compagnies"):
        read_mapping(path)


def test_every_event_of_a_ledger_is_one_line_that_reads_back(tmp_path: Path) -> None:
    ledger = played(tmp_path)
    ledger.note("a\nnote", by="kim|lee", campaign_id=tz().id, data={"text": "one\ntwo = three | four"})
    events = list(events_of(ledger))
    ledger.close()
    lines = list(audit_lines(events, AuditFormat.JSON))
    assert len(lines) == len(events) == events[-1].revision
    assert not any("\n" in line for line in lines)
    assert [json.loads(line)["revision"] for line in lines] == [event.revision for event in events]
    assert json.loads(lines[-1])["data"]["text"] == "one\ntwo = three | four"
    assert not any("\n" in line for line in audit_lines(events, AuditFormat.CEF))


TEXTS = st.text(max_size=30).filter(lambda text: "\r" not in text)


@given(kind=TEXTS, by=TEXTS, word=TEXTS)
def test_a_line_of_cef_keeps_its_parts_apart_whatever_people_wrote(kind: str, by: str, word: str) -> None:
    event = Event(7, datetime(2026, 11, 1, tzinfo=UTC), CampaignId("c"), HostId("h"), kind, by, {"word": word})
    line = cef_line(event)
    parts = re.split(r"(?<!\\)(?:\\\\)*\|", line, maxsplit=7)
    assert "\n" not in line
    assert parts[0] == "CEF:0"
    assert parts[6] == "3" or kind == "stopped"
    fields = dict(re.findall(r"(\w+)=((?:[^=\\]|\\.)*?)(?= \w+=|$)", parts[7], flags=re.DOTALL))
    assert fields["cn1"] == "7"
    if by.strip() and "=" not in by and "\\" not in by and "\n" not in by:
        assert fields["suser"] == by
    assert json.loads(json_line(event))["by"] == by


def test_a_stop_is_louder_than_a_note() -> None:
    at = datetime(2026, 11, 1, tzinfo=UTC)
    assert "|stopped|7|" in cef_line(Event(1, at, None, None, "stopped", "kim", {}))
    assert "|note|3|" in cef_line(Event(1, at, None, None, "note", "kim", {}))
    assert "rt=1793491200000 " in cef_line(Event(1, at, None, None, "note", "kim", {}))
