"""Busy times from iCalendar files: repetition, zones, whole days, what does not count, and what cannot be read."""

from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest

from inventory.calendars import read_calendars
from muster.crew import Absence, Crew, Engineer, Shift
from muster.errors import Problem
from muster.ids import PersonId

NOW = datetime(2026, 10, 19, 15, 0, tzinfo=UTC)
KIM = Engineer(PersonId("kim"), "Kim", "America/Vancouver", (Shift(0, time(8), time(16)),), email="Kim@Example.com")
CREW = Crew((KIM,))


def event(*lines: str, uid: str = "1") -> str:
    return "\r\n".join(["BEGIN:VEVENT", f"UID:{uid}", *lines, "END:VEVENT"])


def calendar(*parts: str) -> str:
    return "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//x//EN", *parts, "END:VCALENDAR", ""])


def read(folder: Path, *parts: str, name: str = "kim.ics") -> tuple[list[tuple[str, str]], tuple[Problem, ...]]:
    """Busy times as short UTC texts, and the problems."""
    file = folder / name
    file.write_text(calendar(*parts), encoding="utf-8")
    found = read_calendars([file], CREW, NOW)
    spans = [span for person in found.people for span in person.busy]
    assert all(span.reason == "calendar" for span in spans), "nothing private is kept"
    return [(f"{s.starts_at:%m-%d %H:%M}", f"{s.ends_at:%m-%d %H:%M}") for s in spans], found.problems


NINE = "DTSTART;TZID=Europe/Berlin:20261020T090000"
TEN = "DTEND;TZID=Europe/Berlin:20261020T100000"


def test_an_entry_is_a_busy_time_in_its_own_zone(tmp_path: Path) -> None:
    assert read(tmp_path, event(NINE, TEN, "SUMMARY:Dentist")) == ([("10-20 07:00", "10-20 08:00")], ())


def test_times_without_a_zone_and_whole_days_are_the_persons_own(tmp_path: Path) -> None:
    spans, problems = read(
        tmp_path,
        event("DTSTART:20261021T090000", "DURATION:PT90M"),
        event("DTSTART;VALUE=DATE:20261023", "DTEND;VALUE=DATE:20261025", uid="2"),
    )
    assert problems == ()
    assert spans == [("10-21 16:00", "10-21 17:30"), ("10-23 07:00", "10-25 07:00")]


def test_a_repeated_entry_stays_at_its_local_time_across_a_clock_change(tmp_path: Path) -> None:
    """Berlin's clocks go back on 25 October."""
    spans, _ = read(tmp_path, event(NINE, TEN, "RRULE:FREQ=WEEKLY;COUNT=3"))
    assert spans == [("10-20 07:00", "10-20 08:00"), ("10-27 08:00", "10-27 09:00"), ("11-03 08:00", "11-03 09:00")]


def test_vancouver_stays_on_summer_time_in_calendars_too(tmp_path: Path) -> None:
    weekly = event("DTSTART;TZID=America/Vancouver:20261026T090000", "DURATION:PT1H", "RRULE:FREQ=WEEKLY;COUNT=2")
    assert read(tmp_path, weekly)[0] == [("10-26 16:00", "10-26 17:00"), ("11-02 16:00", "11-02 17:00")]


def test_exceptions_of_a_repeated_entry_are_taken_out_or_moved(tmp_path: Path) -> None:
    spans, problems = read(
        tmp_path,
        event(NINE, TEN, "RRULE:FREQ=DAILY;COUNT=4", "EXDATE;TZID=Europe/Berlin:20261021T090000"),
        event(
            "RECURRENCE-ID;TZID=Europe/Berlin:20261022T090000",
            "DTSTART;TZID=Europe/Berlin:20261022T140000",
            "DTEND;TZID=Europe/Berlin:20261022T150000",
        ),
        event("RECURRENCE-ID;TZID=Europe/Berlin:20261023T090000", NINE.replace("1020", "1023"), "STATUS:CANCELLED"),
    )
    assert problems == ()
    assert spans == [("10-20 07:00", "10-20 08:00"), ("10-22 12:00", "10-22 13:00")]


@pytest.mark.parametrize(
    "line",
    [
        "STATUS:CANCELLED",
        "TRANSP:TRANSPARENT",
        "X-MICROSOFT-CDO-BUSYSTATUS:FREE",
        "ATTENDEE;PARTSTAT=DECLINED:mailto:kim@example.com",
    ],
)
def test_what_does_not_keep_somebody_busy_is_left_out(tmp_path: Path, line: str) -> None:
    assert read(tmp_path, event(NINE, TEN, line)) == ([], ())


@pytest.mark.parametrize(
    "line", ["STATUS:TENTATIVE", "TRANSP:OPAQUE", "ATTENDEE;PARTSTAT=DECLINED:mailto:sam@example.com"]
)
def test_what_keeps_somebody_busy_is_not(tmp_path: Path, line: str) -> None:
    assert len(read(tmp_path, event(NINE, TEN, line))[0]) == 1


def test_windows_names_of_zones_are_understood(tmp_path: Path) -> None:
    spans, problems = read(tmp_path, event("DTSTART;TZID=W. Europe Standard Time:20261020T090000", "DURATION:PT1H"))
    assert (spans, problems) == ([("10-20 07:00", "10-20 08:00")], ())


def test_a_zone_that_the_file_brings_along_is_used(tmp_path: Path) -> None:
    zone = """BEGIN:VTIMEZONE\r\nTZID:Ours\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETFROM:+0300
TZOFFSETTO:+0300\r\nEND:STANDARD\r\nEND:VTIMEZONE"""
    spans, problems = read(tmp_path, zone, event("DTSTART;TZID=Ours:20261020T090000", "DURATION:PT1H"))
    assert (spans, problems) == ([("10-20 06:00", "10-20 07:00")], ())


def test_free_busy_times_are_read_and_free_ones_are_not(tmp_path: Path) -> None:
    times = """BEGIN:VFREEBUSY\r\nUID:f\r\nFREEBUSY;FBTYPE=BUSY:20261020T160000Z/PT2H
FREEBUSY;FBTYPE=FREE:20261020T190000Z/PT2H\r\nFREEBUSY:20261021T160000Z/20261021T170000Z\r\nEND:VFREEBUSY"""
    assert read(tmp_path, times) == ([("10-20 16:00", "10-20 18:00"), ("10-21 16:00", "10-21 17:00")], ())


def test_what_is_over_is_left_out_and_what_touches_is_joined(tmp_path: Path) -> None:
    spans, _ = read(
        tmp_path,
        event("DTSTART:20261001T090000Z", "DURATION:PT1H"),
        event("DTSTART:20261020T090000Z", "DURATION:PT1H", uid="2"),
        event("DTSTART:20261020T100000Z", "DURATION:PT1H", uid="3"),
        event("DTSTART:20261022T100000Z", uid="4"),
    )
    assert spans == [("10-20 09:00", "10-20 11:00")]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["DTSTART:2026-10-20 nine o'clock"], "DTSTART"),
        (["DTSTART:20261020T090000Z", "RRULE:FREQ=DAYLY"], "RRULE"),
        (["DTSTART:20261020T090000Z", "RRULE:FREQ=SECONDLY"], "more often than once an hour"),
        (["SUMMARY:no beginning"], "has no beginning"),
        (["DTSTART:20261020T090000Z", "no colon here"], "no colon here"),
    ],
)
def test_an_entry_that_cannot_be_read_is_named_by_its_line_and_the_rest_is_read(
    tmp_path: Path, lines: list[str], said: str
) -> None:
    spans, (problem,) = read(tmp_path, event(NINE, TEN), event(*lines, uid="2"))
    assert spans == [("10-20 07:00", "10-20 08:00")]
    assert problem.place == f"{tmp_path / 'kim.ics'} line 9"
    assert said in str(problem)


def test_a_file_that_is_cut_off_or_no_calendar_is_named(tmp_path: Path) -> None:
    for name, text, said in (
        ("kim.ics", "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\n", "line 2: 'VEVENT' has no end"),
        ("kim.ics", "hello", "is not a calendar"),
        ("kimm.ics", calendar(), "did you mean 'kim'"),
    ):
        (tmp_path / name).write_text(text)
        (problem,) = read_calendars([tmp_path / name], CREW, NOW).problems
        assert said in str(problem)
    (tmp_path / "kim.ics").write_bytes(b"\xff\xfe\x00")
    assert "not text in UTF-8" in str(read_calendars([tmp_path / "kim.ics"], CREW, NOW).problems[0])
    assert "is not there" in str(read_calendars([tmp_path / "none" / "kim.ics"], CREW, NOW).problems[0])


def test_a_calendar_may_be_named_by_the_address_and_replaces_the_one_before(tmp_path: Path) -> None:
    old = (Absence(NOW, NOW + timedelta(hours=1), "calendar"),)
    (tmp_path / "kim@example.com.ics").write_text(calendar(event(NINE, TEN)))
    crew = Crew((Engineer(KIM.id, "Kim", KIM.timezone, KIM.shifts, email=KIM.email, busy=old),))
    (person,) = read_calendars([tmp_path], crew, NOW).people
    assert [span.starts_at.hour for span in person.busy] == [7]


def test_an_endless_entry_is_followed_for_400_days_and_no_longer(tmp_path: Path) -> None:
    spans, problems = read(tmp_path, event("DTSTART:20200101T090000Z", "DURATION:PT1H", "RRULE:FREQ=DAILY"))
    assert problems == ()
    assert 399 <= len(spans) <= 401
