"""Example files for a new workspace: one for every word, two rows each, and they import as they stand."""

from collections.abc import Mapping
from types import MappingProxyType

from inventory.columns import COLUMNS
from inventory.tables import Word
from inventory.write import csv_bytes

_SECOND_ROWS: Mapping[Word, Mapping[str, str]] = MappingProxyType(
    {
        Word.CLIENTS: {
            "id": "harbour",
            "name": "Harbour Freight Forwarding",
            "email": "it@harbour.example",
            "priority": "3",
            "partners_allowed": "no",
        },
        Word.SITES: {
            "id": "harbour-hq",
            "client_id": "harbour",
            "name": "Head office",
            "timezone": "America/Vancouver",
            "region": "west",
            "address": "12 Water Street, Vancouver",
            "latitude": "49.2845",
            "longitude": "-123.1115",
        },
        Word.HOSTS: {
            "id": "harbour-hq-app1",
            "site_id": "harbour-hq",
            "name": "APP1",
            "address": "10.30.0.11",
            "os": "windows",
            "os_version": "Windows Server 2022",
            "role": "application server",
            "transport": "winrm",
            "user": "muster",
            "credential": "env:HARBOUR_PASSWORD",
        },
        Word.PARTNERS: {"id": "isle", "name": "Island Networks", "email": "work@isle.example", "region": "island"},
        Word.CREW: {
            "id": "sam",
            "name": "Sam Roy",
            "timezone": "America/Vancouver",
            "shifts": "Mon-Thu 07:00-17:00",
            "skills": "linux",
            "partner_id": "nw",
            "email": "sam@nw.example",
            "rate_per_hour": "70.00",
        },
    }
)
_LEFT_OUT = frozenset({"client_name", "site_name"})


def template_rows(word: Word) -> tuple[tuple[str, ...], list[list[str]]]:
    """The header and two example rows of a word."""
    columns = [column for column in COLUMNS[word] if column.name not in _LEFT_OUT]
    second = _SECOND_ROWS[word]
    rows = [[column.example for column in columns], [second.get(column.name, "") for column in columns]]
    return tuple(column.name for column in columns), rows


def templates() -> dict[str, bytes]:
    """File name and content of every template, such as ``clients.csv``."""
    return {f"{word}.csv": csv_bytes(*template_rows(word)) for word in Word}
