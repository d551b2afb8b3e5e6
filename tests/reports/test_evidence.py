"""The evidence holds a row for every host of the ledger, readable, disarmed, and with totals that agree."""

import csv
import io
from collections import Counter
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from muster.ids import VisitId
from muster.outcomes import HostStatus
from reports.cells import disarm
from reports.evidence import HEADER, evidence_csv, evidence_rows
from reports.files import write_reports
from reports.folding import unfold
from reports.record import CampaignRecord
from reports.workbook import evidence_xlsx
from tests.reports.records import CAUSES, MIXED, Story


def _sheet(record: CampaignRecord, name: str) -> list[tuple[object, ...]]:
    book = openpyxl.load_workbook(io.BytesIO(evidence_xlsx(record, evidence_rows(record))))
    assert all(cell.data_type in {"s", "n"} for sheet in book for row in sheet for cell in row)
    return list(book[name].iter_rows(values_only=True))


def _csv(record: CampaignRecord) -> list[dict[str, str]]:
    text = evidence_csv(evidence_rows(record)).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_there_is_a_row_for_every_host_and_totals_are_the_ledgers() -> None:
    record = Story(MIXED).record()
    rows = _csv(record)
    assert sorted(row["host_id"] for row in rows) == sorted(state.host_id for state in record.hosts)
    assert Counter(row["status"] for row in rows) == Counter(status.value for status in MIXED)
    assert sum(row["protected"] == "yes" for row in rows) == record.protected == 118
    assert sum(int(row["attempts"]) for row in rows) == len(record.attempts) == 117


def test_the_workbook_has_the_same_rows_and_its_summary_the_same_totals() -> None:
    record = Story(MIXED).record()
    header, *rows = _sheet(record, "evidence")
    assert header == tuple(name.replace("_", " ") for name in HEADER)
    assert [[str(cell) if cell is not None else "" for cell in row] for row in rows] == [
        list(row.values()) for row in _csv(record)
    ]
    summary = {row[0]: row[1] for row in _sheet(record, "summary") if row[0]}
    assert summary["protected"] == "118 of 150 (78 %)"
    assert summary["all hosts"] == 150
    assert {status.value: summary[status.value] for status in set(MIXED)} == {
        status.value: MIXED.count(status) for status in set(MIXED)
    }
    assert summary["Acme Dental"] + summary["Harbour Freight Forwarding"] == 32  # type: ignore[operator]  # cells


def test_a_verified_host_tells_what_was_before_and_after_who_did_it_when_and_how_it_is_known() -> None:
    (row,) = _csv(Story([HostStatus.VERIFIED], client_names=("Acme",)).record())
    assert row["before"].splitlines()[1] == "system: America/Vancouver 2026-11-22T12:00:00Z = -0800"
    assert row["after"].splitlines()[1] == "system: America/Vancouver 2026-11-22T12:00:00Z = -0700"
    assert (row["changed"], row["process"], row["responsible"]) == (
        "replaced America/Vancouver",
        "desk:4711:1",
        "Kim Lee",
    )
    assert (row["when_utc"], row["when_local"]) == ("2026-10-19 15:20:00Z", "2026-10-19 08:20:00 -0700")
    assert row["how_verified"] == (
        "asked again in a new session and compared with the data of the fix tzdata, source tzdata-2026.2"
    )


@pytest.mark.parametrize(
    ("asked", "began", "said"),
    [
        ("Ana Silva (ana)", "Kim Lee (kim)", "Ana Silva (ana)"),
        ("reconciler", "Kim Lee (kim)", "Kim Lee (kim)"),
        ("desk:4711:1", "Kim Lee (kim)", "Kim Lee (kim)"),
        ("other-desk:12:34.56", "", ""),
        ("reconciler", "", ""),
    ],
)
def test_who_pushed_is_the_person_who_asked_for_it_or_began_the_visit(asked: str, began: str, said: str) -> None:
    record = Story([HostStatus.VERIFIED], client_names=("Acme",)).record()
    started = {VisitId("v1"): began} if began else {}
    (row,) = _csv(replace(record, asked_by={1: asked}, started_by=started))
    assert (row["pushed_by"], row["process"]) == (said, "desk:4711:1")


def test_a_host_that_was_right_was_not_pushed_and_has_no_after() -> None:
    (row,) = _csv(Story([HostStatus.RIGHT], client_names=("Acme",)).record())
    assert (row["attempts"], row["after"], row["pushed_by"]) == ("0", "", "")
    assert row["how_verified"].startswith("asked by a probe, nothing was pushed")


@pytest.mark.parametrize("status", [status for status in HostStatus if not status.protected])
def test_a_host_that_is_not_protected_is_not_verified_and_says_what_to_do(status: HostStatus) -> None:
    (row,) = _csv(Story([status], client_names=("Acme",)).record())
    assert (row["protected"], row["how_verified"]) == ("no", "not verified")
    assert row["cause"] == disarm(CAUSES.get(status, ("", ""))[0])
    assert row["what_next"]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", " =", "\N{FULLWIDTH EQUALS SIGN}"])
def test_no_cell_is_taken_for_a_formula(start: str) -> None:
    evil = f"{start}HYPERLINK('http://x')"
    record = Story([HostStatus.FAILED], client_names=(evil,)).record()
    state = replace(record.hosts[0], cause=evil, hint=evil)
    rows = _csv(replace(record, hosts=(state,)))
    assert rows[0]["client"] == rows[0]["cause"] == rows[0]["what_next"] == f"'{evil}"


@given(st.text())
def test_a_disarmed_text_never_begins_like_a_formula_and_keeps_its_words(text: str) -> None:
    safe = disarm(text)
    assert not safe.lstrip().startswith(("=", "+", "-", "@"))
    assert safe.removeprefix("'") in "".join(sign for sign in text if sign in "\n\t\r" or sign.isprintable())


def test_all_reports_are_written_wholly_into_one_folder(tmp_path: Path) -> None:
    record = Story(MIXED).record()
    names = [path.name for path in write_reports(record, tmp_path / "new")]
    assert names == ["tz-summary.html", "tz-evidence.csv", "tz-evidence.xlsx"]
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == sorted(names)


def test_a_file_that_cannot_be_written_leaves_the_old_one_and_no_rubbish(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = Story(MIXED).record()
    (summary, *_) = write_reports(record, tmp_path)
    before = summary.read_bytes()

    def full_disk(self: Path, target: Path) -> Path:
        raise OSError(28, f"no space left on the device: {self} {target}")

    monkeypatch.setattr(Path, "replace", full_disk)
    with pytest.raises(OSError, match="no space"):
        write_reports(Story([HostStatus.FAILED]).record(), tmp_path)
    assert summary.read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 3


def test_one_client_sees_its_own_hosts_only() -> None:
    record = Story(MIXED).record()
    (client, _) = record.fleet.clients
    theirs = record.for_client(client.id)
    assert len(theirs.hosts) == 75
    assert theirs.plan is None
    assert {row["client"] for row in _csv(theirs)} == {client.name}
    assert len(unfold("web[001-150]")) == len(record.hosts)
