"""The evidence as a workbook: a summary, and a row for every host with filters, widths and colours by status."""

import io
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from muster.files import write_whole
from muster.outcomes import HostStatus
from reports.cells import disarm
from reports.evidence import HEADER, EvidenceRow, cells
from reports.grouping import RANK
from reports.record import CampaignRecord
from reports.words import days_left, moment, share

_COLOURS = {
    HostStatus.VERIFIED: "#D5EBDD",
    HostStatus.RIGHT: "#E4F1E8",
    HostStatus.FAILED: "#F7D4CF",
    HostStatus.UNKNOWN: "#FBE3C8",
    HostStatus.UNTRUSTED: "#F7D4CF",
    HostStatus.UNREACHABLE: "#FBE3C8",
    HostStatus.UNSUPPORTED: "#EADCF3",
    HostStatus.ROLLED_BACK: "#EADCF3",
    HostStatus.STALE: "#FDF3C7",
    HostStatus.CLAIMED: "#DCE9F7",
    HostStatus.PENDING: "#ECECEC",
}
"""Light, so that the status is read as a word; the colour is beside it."""
_WIDTHS = {
    "client": 20, "site": 20, "host": 18, "host_id": 18, "address": 18, "os": 18, "status": 14, "before": 50,
    "after": 50, "changed": 36, "pushed_by": 20, "process": 20, "responsible": 18, "when_utc": 21, "when_local": 26,
    "how_verified": 36, "cause": 36, "what_next": 36, "also": 40,
}  # fmt: skip
_USUAL_WIDTH = 10


def evidence_xlsx(record: CampaignRecord, rows: Sequence[EvidenceRow]) -> bytes:
    """The workbook; no cell of it is a formula or a link."""
    buffer = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(buffer, options) as book:
        # a file that is written twice from the same record is the same file
        book.set_properties({"title": f"{record.campaign.name}: evidence", "created": record.now.replace(tzinfo=None)})
        _summary(book, record)
        _evidence(book, rows)
    return buffer.getvalue()


def write_evidence_xlsx(record: CampaignRecord, rows: Sequence[EvidenceRow], path: Path) -> Path:
    """Write the workbook, wholly or not at all."""
    write_whole(path, evidence_xlsx(record, rows))
    return path


def _summary(book: Workbook, record: CampaignRecord) -> None:
    sheet = book.add_worksheet("summary")
    title, bold = book.add_format({"bold": True, "font_size": 14}), book.add_format({"bold": True})
    sheet.set_column(0, 0, 30)
    sheet.set_column(1, 1, 16)
    sheet.set_column(2, 2, 60)
    sheet.write_string(0, 0, disarm(record.campaign.name), title)
    facts = [
        ("as of", moment(record.local(record.now))),
        ("deadline", f"{moment(record.local(record.campaign.deadline))}, {days_left(record)}"),
        ("protected", share(record.protected, len(record.hosts))),
    ]
    for number, (label, text) in enumerate(facts, start=1):
        sheet.write_string(number, 0, label, bold)
        sheet.write_string(number, 1, text)
    at = _counts(sheet, 6, ("status", "hosts"), bold, [(status.value, record.count(status)) for status in RANK])
    sheet.write_string(at, 0, "all hosts", bold)
    sheet.write_number(at, 1, len(record.hosts), bold)
    _counts(sheet, at + 2, ("client", "not yet protected"), bold, _open_by_client(record))


def _counts(sheet: Worksheet, at: int, header: tuple[str, str], bold: Format, counts: Sequence[tuple[str, int]]) -> int:
    """Write a small table and say which row is the next one."""
    sheet.write_row(at, 0, header, bold)
    for number, (label, count) in enumerate(counts, start=at + 1):
        sheet.write_string(number, 0, disarm(label))
        sheet.write_number(number, 1, count)
    return at + 1 + len(counts)


def _open_by_client(record: CampaignRecord) -> list[tuple[str, int]]:
    names = {record.client_of(state.host_id).name for state in record.hosts}
    counts = Counter(record.client_of(state.host_id).name for state in record.hosts if not state.status.protected)
    return [(name, counts[name]) for name in sorted(names)]


def _evidence(book: Workbook, rows: Sequence[EvidenceRow]) -> None:
    sheet = book.add_worksheet("evidence")
    header = book.add_format({"bold": True, "bg_color": "#22313F", "font_color": "#FFFFFF", "valign": "top"})
    plain = book.add_format({"valign": "top", "text_wrap": True})
    coloured = {
        status.value: book.add_format({"valign": "top", "bold": True, "bg_color": colour})
        for status, colour in _COLOURS.items()
    }
    for column, name in enumerate(HEADER):
        sheet.set_column(column, column, _WIDTHS.get(name, _USUAL_WIDTH))
        sheet.write_string(0, column, name.replace("_", " "), header)
    for number, row in enumerate(rows, start=1):
        for column, value in enumerate(cells(row)):
            shape = coloured[row.status] if HEADER[column] == "status" else plain
            if isinstance(value, int):
                sheet.write_number(number, column, value, shape)
            else:
                sheet.write_string(number, column, value, shape)
    sheet.freeze_panes(1, HEADER.index("host") + 1)
    sheet.autofilter(0, 0, len(rows), len(HEADER) - 1)
    sheet.set_landscape()
    sheet.repeat_rows(0)
    sheet.fit_to_pages(1, 0)
