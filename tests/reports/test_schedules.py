"""Schedules say what the plan says, at the hour that was promised, and a partner's holds nothing but its own."""

import io
import shutil
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import icalendar
import openpyxl
import pytest

from muster.errors import NotFound
from muster.ids import PartnerId, PersonId
from reports import pdf
from reports.schedule_entries import Schedule, own_entries, partner_entries
from reports.schedules import Format, schedule_file, schedule_html, schedule_ics
from tests.reports.printers import can_print
from tests.reports.scenes import NOW, campaign, crew, fleet, plan


def own(person: str = "kim") -> Schedule:
    entries = own_entries(plan(), fleet(), crew(), PersonId(person))
    whose = crew().engineer[PersonId(person)].name
    return Schedule(whose, campaign().name, campaign().id, campaign().reason, entries, NOW)


def partners(now: datetime = NOW) -> Schedule:
    entries = partner_entries(plan(), fleet(), crew(), PartnerId("isle"), now)
    return Schedule("Island Networks", campaign().name, campaign().id, campaign().reason, entries, now, several=True)


def test_a_calendar_keeps_the_promised_hour_on_both_sides_of_a_clock_change() -> None:
    events = icalendar.Calendar.from_ical(schedule_ics(own())).walk("VEVENT")
    starts = [event.decoded("dtstart") for event in events]
    assert [(at.day, at.hour) for at in starts] == [(31, 9), (2, 9)]
    assert [at.utcoffset() for at in starts] == [timedelta(hours=-4), timedelta(hours=-5)]
    assert [at.astimezone(UTC) for at in starts] == [one.starts_at for one in plan().assignments[:2]]


def test_the_rules_of_the_zone_lie_beside_the_times_for_calendars_that_do_not_know_them() -> None:
    text = schedule_ics(own()).decode()
    made = icalendar.Calendar.from_ical(text)
    (zone,) = made.walk("VTIMEZONE")
    assert zone["TZID"] == "America/New_York"
    assert "DTSTART;TZID=America/New_York:20261102T090000" in text
    assert isinstance(zone, icalendar.Timezone)
    rules = zone.to_tz()
    assert datetime(2026, 10, 31, 9, tzinfo=rules).utcoffset() == timedelta(hours=-4)
    assert datetime(2026, 11, 2, 9, tzinfo=rules).utcoffset() == timedelta(hours=-5)


def test_the_same_schedule_is_the_same_calendar_and_visits_keep_their_ids() -> None:
    assert schedule_ics(own()) == schedule_ics(own())
    uids = [str(event["uid"]) for event in icalendar.Calendar.from_ical(schedule_ics(own())).walk("VEVENT")]
    assert len(set(uids)) == 2


def test_the_workbook_has_one_sheet_for_one_thing_with_real_dates_filters_and_a_frozen_header() -> None:
    book = openpyxl.load_workbook(io.BytesIO(schedule_file(own(), Format.XLSX)))
    assert book.sheetnames == ["visits", "machines", "days"]
    for sheet in book:
        assert sheet.freeze_panes
        assert sheet.auto_filter.ref
    header, *rows = book["visits"].iter_rows(values_only=True)
    starts = [row[header.index("starts (site's time)")] for row in rows]
    assert starts == [datetime(2026, 10, 31, 9), datetime(2026, 11, 2, 9)]  # noqa: DTZ001 - cells have no zone
    assert [row[0] for row in book["machines"].iter_rows(min_row=2, values_only=True)] == [
        "front-01",
        "front-02",
        "front-03",
    ]


@pytest.mark.parametrize("form", [Format.ICS, Format.HTML, Format.XLSX])
def test_a_partners_list_holds_its_own_visits_and_nothing_else(form: Format) -> None:
    mine = schedule_file(partners(), form)
    text = cells(mine) if form is Format.XLSX else mine.decode()
    plain = text.replace("\r\n ", "")
    assert "Mill Road" in plain
    assert "mill-02" in plain
    for foreign in ("Front Street", "front-", "Cabinet", "Moreau", "Rivoli", "Kim", "Zo", "10.1.0", "10.0.0"):
        assert foreign not in plain, f"{foreign} is none of the partner's business"


def cells(content: bytes) -> str:
    book = openpyxl.load_workbook(io.BytesIO(content))
    return "\n".join(str(cell) for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row)


def test_what_a_later_weasyprint_will_want_is_not_said_to_a_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "weasyprint.py").write_text("import warnings\nwarnings.warn('get it', DeprecationWarning)\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "weasyprint", raising=False)
    assert pdf.printer() is pdf.weasy_pdf, "a warning would be an error here"
    monkeypatch.delitem(sys.modules, "weasyprint")


def test_the_page_can_be_had_as_pdf() -> None:
    if not can_print():  # asked here, because to ask takes a second
        pytest.skip("neither Pango nor Chromium is installed")
    assert schedule_file(own(), Format.PDF).startswith(b"%PDF")


def test_a_partner_sees_nothing_before_its_window_opens_or_after_it_has_closed() -> None:
    visit = plan().assignments[2]
    for now in (visit.starts_at - timedelta(hours=49), visit.ends_at + timedelta(hours=13)):
        assert partners(now).entries == ()
        assert "No visit is to be shown now" in schedule_html(partners(now))


def test_a_partners_person_has_no_schedule_of_our_own_kind() -> None:
    with pytest.raises(NotFound, match="no own engineer"):
        own_entries(plan(), fleet(), crew(), PersonId("pat"))


def test_the_page_escapes_what_people_wrote_and_fetches_nothing() -> None:
    text = schedule_html(Schedule("<b>Kim</b>", "x", "x", "", own().entries, NOW))
    assert "<b>Kim</b>" not in text
    for word in ("<script", "src=", "href=", "url("):
        assert word not in text


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("chromium"), reason="Chromium is not installed")
def test_chromium_prints_where_the_other_printer_is_missing() -> None:
    browser = shutil.which("chromium")
    assert browser
    assert pdf.chromium_pdf(schedule_html(own()), browser).startswith(b"%PDF")


def test_rules_of_conduct_lie_with_a_partners_list() -> None:
    made = replace(partners(), conduct=(("What not to share", "Prices & other clients."),))
    assert "What not to share" in schedule_html(made)
    assert "Prices &amp; other clients." in schedule_html(made)
    assert "How we work at a client" not in schedule_html(own())
