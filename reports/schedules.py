"""Somebody's schedule as a file: a calendar, a workbook, a page, a PDF."""

from enum import StrEnum

from muster.plan import VisitMode
from reports.invitations import Appointment, calendar
from reports.pages import render
from reports.pdf import pdf_of
from reports.schedule_entries import Entry, Schedule
from reports.tables import Cell, Column, Look, Sheet, workbook


class Format(StrEnum):
    """What a schedule is written as."""

    ICS = "ics"
    XLSX = "xlsx"
    PDF = "pdf"
    HTML = "html"


def schedule_file(schedule: Schedule, form: Format) -> bytes:
    """The content of the file.

    Raises:
        MusterError: PDF is asked for, and nothing here can make it.
    """
    match form:
        case Format.ICS:
            return schedule_ics(schedule)
        case Format.XLSX:
            return schedule_xlsx(schedule)
        case Format.HTML:
            return schedule_html(schedule).encode()
        case Format.PDF:
            return pdf_of(schedule_html(schedule))


def schedule_ics(schedule: Schedule) -> bytes:
    """A calendar with an entry for every visit."""
    entries = (_appointment(schedule, one) for one in schedule.entries)
    return calendar(entries, name=f"{schedule.campaign}: {schedule.whose}", at=schedule.at)


def schedule_xlsx(schedule: Schedule) -> bytes:
    """A workbook: the visits on one sheet, their machines on another, the days on a third."""
    sheets = (_visits(schedule), _machines(schedule), _days(schedule))
    return workbook(sheets, title=f"{schedule.campaign}: {schedule.whose}", created=schedule.at)


def schedule_html(schedule: Schedule) -> str:
    """A page to be read on a telephone and to be printed."""
    return render("schedule.html.j2", {"schedule": schedule, "onsite": VisitMode.ONSITE})


def _appointment(schedule: Schedule, one: Entry) -> Appointment:
    machines = "\n".join(" ".join(part for part in (m.name, m.os, m.role, m.address) if part) for m in one.machines)
    who = f"{one.person}\n" if schedule.several else ""
    return Appointment(
        uid=f"{one.visit_id}-{_plain(one.person)}@{schedule.campaign_id}.muster",
        title=f"{one.client}, {one.site}" + ("" if one.mode is VisitMode.ONSITE else " (remote)"),
        text=f"{who}{one.visit_id}\n{schedule.reason}\n\n{machines}".strip(),
        place=one.address or (one.site if one.mode is VisitMode.ONSITE else ""),
        starts=one.starts,
        ends=one.ends,
    )


def _plain(text: str) -> str:
    return "".join(sign if sign.isalnum() else "-" for sign in text.lower())


def _visits(schedule: Schedule) -> Sheet:
    columns = [
        Column("starts (site's time)", 24, Look.MOMENT),
        Column("ends (site's time)", 24, Look.MOMENT),
        Column("zone", 20),
        Column("person", 20),
        Column("client", 26),
        Column("site", 26),
        Column("address", 34, Look.WRAPPED),
        Column("mode", 10),
        Column("machines", 10, Look.WHOLE),
        Column("minutes", 10, Look.WHOLE),
        Column("travel minutes", 10, Look.WHOLE),
        Column("door", 14),
        Column("visit", 28),
    ]
    return Sheet("visits", columns, [_visit_row(one) for one in schedule.entries], frozen=2)


def _visit_row(one: Entry) -> list[Cell]:
    return [
        one.starts, one.ends, str(one.starts.tzinfo), one.person, one.client, one.site, one.address, one.mode.value,
        len(one.machines), one.minutes, one.travel_minutes, one.door, one.visit_id,
    ]  # fmt: skip


def _machines(schedule: Schedule) -> Sheet:
    columns = [
        Column("machine", 24), Column("system", 20), Column("role", 16), Column("model", 20), Column("address", 18),
        Column("client", 26), Column("site", 26), Column("starts (site's time)", 24, Look.MOMENT), Column("visit", 28),
    ]  # fmt: skip
    rows: list[list[Cell]] = [
        [m.name, m.os, m.role, m.model, m.address, one.client, one.site, one.starts, one.visit_id]
        for one in schedule.entries
        for m in one.machines
    ]
    return Sheet("machines", columns, rows)


def _days(schedule: Schedule) -> Sheet:
    columns = [
        Column("first visit (site's time)", 24, Look.MOMENT), Column("last one ends", 24, Look.MOMENT),
        Column("visits", 10, Look.WHOLE), Column("machines", 10, Look.WHOLE), Column("hours", 10, Look.HOURS),
        Column("travel minutes", 10, Look.WHOLE),
    ]  # fmt: skip
    rows: list[list[Cell]] = [
        [
            day.entries[0].starts,
            max(one.ends for one in day.entries),
            len(day.entries),
            sum(len(one.machines) for one in day.entries),
            sum(one.minutes for one in day.entries) / 60,
            sum(one.travel_minutes for one in day.entries),
        ]
        for day in schedule.days
    ]
    return Sheet("days", columns, rows)
