"""Writes the tables that ``inventory.read`` reads: what is imported, exported and imported again is the same."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

import xlsxwriter

from inventory.columns import COLUMNS
from inventory.formats.days import format_absences
from inventory.formats.numbers import format_decimal, format_hours, format_money
from inventory.formats.routes import format_jumps, format_references
from inventory.formats.texts import format_labels, format_words, format_yes
from inventory.formats.weekly import WeeklySpan, format_weekly
from inventory.tables import Word
from muster.crew import Crew, Engineer, Partner
from muster.files import write_whole
from muster.fleet import Client, Fleet, Host, Place, Site
from muster.hours import hours_text

Cells = dict[str, str]
"""One row: texts by the name of their column; a column that is not there is empty."""

FileFormat = Literal["csv", "xlsx"]


def table_of(word: Word, fleet: Fleet, crew: Crew) -> tuple[tuple[str, ...], list[list[str]]]:
    """The header and the rows of one word, as text."""
    header = tuple(column.name for column in COLUMNS[word] if column.name not in {"client_name", "site_name"})
    return header, [[cells.get(name, "") for name in header] for cells in _rows(word, fleet, crew)]


def csv_bytes(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """A CSV file in UTF-8 with the mark by which spreadsheets know it."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode("utf-8-sig")


def write_tables(fleet: Fleet, crew: Crew, folder: Path, *, file_format: FileFormat = "csv") -> tuple[Path, ...]:
    """Write ``clients.csv`` and so on, or ``fleet.xlsx`` with a sheet for each word.

    Cells are data as they are held, for another import; files for reading are made by ``reports``, which disarms
    texts that a spreadsheet would take for formulas.

    Returns:
        The files, each written wholly or not at all.
    """
    tables = {word: table_of(word, fleet, crew) for word in Word}
    if file_format == "xlsx":
        contents = {folder / "fleet.xlsx": _workbook(tables)}
    else:
        contents = {folder / f"{word}.csv": csv_bytes(*table) for word, table in tables.items()}
    for path, content in contents.items():
        write_whole(path, content)
    return tuple(contents)


def _rows(word: Word, fleet: Fleet, crew: Crew) -> Iterator[Cells]:
    rows: dict[Word, Callable[[], Iterator[Cells]]] = {
        Word.CLIENTS: lambda: map(_client, fleet.clients),
        Word.SITES: lambda: map(_site, fleet.sites),
        Word.HOSTS: lambda: map(_host, fleet.hosts),
        Word.PARTNERS: lambda: map(_partner, crew.partners),
        Word.CREW: lambda: map(_engineer, crew.engineers),
    }
    return rows[word]()


def _client(client: Client) -> Cells:
    return {
        "id": client.id,
        "name": client.name,
        "email": client.email,
        "priority": str(client.priority),
        "partners_allowed": format_yes(value=client.partners_allowed),
        "preferred": format_labels(client.preferred),
        "excluded": format_labels(client.excluded),
        "value_per_host": format_money(client.value_cents_per_host) if client.value_cents_per_host else "",
    }


def _site(site: Site) -> Cells:
    return {
        "id": site.id,
        "client_id": site.client_id,
        "name": site.name,
        "timezone": site.timezone,
        "region": site.region,
        "address": site.address,
        **_place(site.place, "latitude", "longitude"),
        "access": format_weekly(WeeklySpan(window.weekday, window.opens, window.closes) for window in site.access),
        "kind": site.kind,
        "language": site.language,
        "people": str(site.people) if site.people > 1 else "",
        "not_before": site.not_before.isoformat() if site.not_before else "",
        "not_after": site.not_after.isoformat() if site.not_after else "",
        "jump": format_jumps(site.jump),
        "jump_credential": format_references([jump.credential for jump in site.jump]) if site.jump else "",
        "max_hosts": str(site.max_hosts) if site.max_hosts else "",
        "bytes_per_s": str(site.bytes_per_s) if site.bytes_per_s else "",
        "maintenance": hours_text(site.maintenance),
        "reach": site.reach,
    }


def _host(host: Host) -> Cells:
    return {
        "id": host.id,
        "site_id": host.site_id,
        "name": host.name,
        "address": host.address,
        "port": str(host.port) if host.port else "",
        "os": host.os.value,
        "os_version": host.os_version,
        "role": host.role,
        "model": host.model,
        "transport": host.transport.value,
        "user": host.user,
        "credential": host.credential,
        "timezone": host.timezone,
        "tags": format_labels(host.tags),
        "become": host.become.value,
        "become_credential": host.become_credential,
    }


def _partner(partner: Partner) -> Cells:
    cells = {"id": partner.id, "name": partner.name, "email": partner.email, "region": partner.region}
    if vetting := partner.vetting:
        cells |= {
            "vetted": format_yes(value=vetting.passed),
            "vetted_by": vetting.judged_by,
            "vetted_on": vetting.judged_on.isoformat(),
            "vetted_until": vetting.valid_until.isoformat(),
            "vetting_note": vetting.note,
        }
    if agreement := partner.agreement:
        capacity = agreement.capacity_minutes
        cells |= {
            "agreement_signed_on": agreement.signed_on.isoformat(),
            "agreement_until": agreement.valid_until.isoformat(),
            "capacity_hours": "" if capacity is None else format_hours(capacity),
            "agreement_clients": format_labels(agreement.clients),
            "non_solicitation": format_yes(value=agreement.non_solicitation),
        }
    return cells


def _engineer(person: Engineer) -> Cells:
    return {
        "id": person.id,
        "name": person.name,
        "timezone": person.timezone,
        "shifts": format_weekly(WeeklySpan(shift.weekday, shift.starts, shift.ends) for shift in person.shifts),
        "skills": format_words(person.skills),
        "partner_id": person.partner_id or "",
        "email": person.email,
        **_place(person.home, "home_latitude", "home_longitude"),
        "region": person.region,
        "rate_per_hour": format_money(person.rate_cents_per_hour),
        "overtime_minutes": str(person.overtime_minutes_per_day),
        "overtime_factor": format_decimal(person.overtime_factor),
        "absences": format_absences(person.absences, ZoneInfo(person.timezone)),
        "languages": format_words(person.languages),
        **_place(person.end, "end_latitude", "end_longitude"),
        "longest_way_minutes": _optional(person.longest_leg_minutes, str),
        "travel_minutes_per_day": _optional(person.longest_travel_minutes, str),
        "hours_per_day": _optional(person.most_minutes_per_day, format_hours),
        "hours_per_week": _optional(person.most_minutes_per_week, format_hours),
        "clients": format_labels(person.clients),
    }


def _optional(minutes: int | None, form: Callable[[int], str]) -> str:
    return "" if minutes is None else form(minutes)


def _place(place: Place | None, latitude: str, longitude: str) -> Cells:
    if place is None:
        return {}
    return {latitude: format_decimal(place.latitude), longitude: format_decimal(place.longitude)}


def _workbook(tables: dict[Word, tuple[tuple[str, ...], list[list[str]]]]) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        bold = book.add_format({"bold": True})
        for word, (header, rows) in tables.items():
            sheet = book.add_worksheet(word.value)
            sheet.freeze_panes(1, 0)
            for number, cells in enumerate([header, *rows]):
                for column, text in enumerate(cells):
                    sheet.write_string(number, column, text, None if number else bold)
    return buffer.getvalue()
