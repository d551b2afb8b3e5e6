"""Rows of clients and sites."""

import re
from collections.abc import Callable
from datetime import date

from inventory.formats import BadValue, days, numbers, routes, texts, weekly, zones
from inventory.formats.credentials import HIDDEN
from inventory.gather import Gathered, check_references
from inventory.names import find_clients
from inventory.rows import Known, TableReader
from inventory.tables import Table
from muster.fleet import AccessWindow, Client, Jump, Place, Site
from muster.hours import EXAMPLE, WeekSpan, parse_hours
from muster.ids import ClientId, PersonId, SiteId

_NO_HOURS: tuple[WeekSpan, ...] = ()
_AT_ANY_HOUR: tuple[AccessWindow, ...] = ()
_NOBODY: tuple[PersonId, ...] = ()
_DIRECTLY: tuple[Jump, ...] = ()
_NO_REFERENCES: tuple[str, ...] = ()
_ANY_HOUR = frozenset({"always", "any", "any time", "anytime", "24/7", "24x7"})


def read_clients(table: Table, gathered: Gathered) -> None:
    """Read a table of clients onto its shelf."""
    reader = TableReader[Client](table)
    reader.read_ids(gathered.clients.known, gathered.clients.seen)
    names = reader.required("name", texts.parse_text, "")
    emails = reader.column("email", texts.parse_email, default="", keep=lambda old: old.email)
    priorities = reader.column("priority", numbers.parse_priority, default=3, keep=lambda old: old.priority)
    allowed = reader.column("partners_allowed", texts.parse_yes, default=True, keep=lambda old: old.partners_allowed)
    preferred = reader.column("preferred", _parse_people, default=_NOBODY, keep=lambda old: old.preferred)
    excluded = reader.column("excluded", _parse_people, default=_NOBODY, keep=lambda old: old.excluded)
    values = reader.column("value_per_host", numbers.parse_money, default=0, keep=lambda old: old.value_cents_per_host)
    for i in reader.good():
        id_ = ClientId(reader.ids[i])
        gathered.clients.good[id_] = Client(
            id_, names[i], emails[i], priorities[i], allowed[i], preferred[i], excluded[i], values[i]
        )
    gathered.problems += reader.problems


def read_sites(table: Table, gathered: Gathered) -> None:
    """Read a table of sites onto its shelf; the client is named by id or by name."""
    reader = TableReader[Site](table)
    reader.read_ids(gathered.sites.known, gathered.sites.seen)
    clients = find_clients(reader, gathered)
    check_references(reader, "client_id", clients, gathered.clients)
    names = reader.required("name", texts.parse_text, "")
    timezones = reader.required("timezone", zones.parse_zone, "UTC")
    regions = reader.column("region", texts.parse_text, default="", keep=lambda old: old.region)
    addresses = reader.column("address", texts.parse_text, default="", keep=lambda old: old.address)
    places = read_places(reader, "latitude", "longitude", lambda old: old.place)
    access = reader.column("access", _parse_access, default=_AT_ANY_HOUR, keep=lambda old: old.access)
    kinds = reader.column("kind", texts.parse_text, default="", keep=lambda old: old.kind)
    languages = reader.column("language", texts.parse_word, default="", keep=lambda old: old.language)
    people = reader.column("people", numbers.parse_people, default=1, keep=lambda old: old.people)
    firsts = reader.column("not_before", _parse_day, default=None, keep=lambda old: old.not_before)
    lasts = reader.column("not_after", _parse_day, default=None, keep=lambda old: old.not_after)
    jumps = _jumps(reader)
    most = reader.column("max_hosts", numbers.parse_whole, default=0, keep=lambda old: old.max_hosts)
    rates = reader.column("bytes_per_s", routes.parse_rate, default=0, keep=lambda old: old.bytes_per_s)
    hours = reader.column("maintenance", _parse_maintenance, default=_NO_HOURS, keep=lambda old: old.maintenance)
    reaches = reader.column("reach", _parse_reach, default="", keep=lambda old: old.reach)
    for i in reader.good():
        id_, client_id = SiteId(reader.ids[i]), ClientId(clients[i])
        gathered.sites.good[id_] = Site(
            id_,
            client_id,
            names[i],
            timezones[i],
            regions[i],
            addresses[i],
            places[i],
            access[i],
            kinds[i],
            languages[i],
            people[i],
            firsts[i],
            lasts[i],
            jumps[i],
            most[i],
            rates[i],
            hours[i],
            reaches[i],
        )
    gathered.problems += reader.problems


def _jumps(reader: TableReader[Site]) -> list[tuple[Jump, ...]]:
    """The machines of one column with the credentials of another."""
    machines = reader.column("jump", routes.parse_jumps, default=_DIRECTLY, keep=lambda old: old.jump)
    references = reader.column(
        "jump_credential",
        routes.parse_references,
        default=_NO_REFERENCES,
        keep=lambda old: tuple(jump.credential for jump in old.jump),
    )
    given = reader.cells("jump_credential")
    for index, (jumps, their_references) in enumerate(zip(machines, references, strict=True)):
        if not jumps and not given[index]:
            continue  # the way was taken out, and its credentials with it
        try:
            machines[index] = routes.with_references(jumps, their_references)
        except BadValue as refusal:
            if reader.is_good(index):
                reader.refuse(index, "jump_credential", HIDDEN, refusal.wrong, refusal.right)
    return machines


def read_places(
    reader: TableReader[Known], latitude: str, longitude: str, keep: Callable[[Known], Place | None]
) -> list[Place | None]:
    """Two columns as one point; one without the other is refused."""
    norths = reader.column(latitude, numbers.parse_latitude, default=None, keep=lambda old: _north(keep(old)))
    easts = reader.column(longitude, numbers.parse_longitude, default=None, keep=lambda old: _east(keep(old)))
    for index, (north, east) in enumerate(zip(norths, easts, strict=True)):
        if (north is None) != (east is None) and reader.is_good(index):
            lacking, given = (longitude, latitude) if east is None else (latitude, longitude)
            reader.refuse(index, lacking, "", f"is empty while {given} is not", "give both, or neither")
    return [
        None if north is None or east is None else Place(north, east) for north, east in zip(norths, easts, strict=True)
    ]


def _north(place: Place | None) -> float | None:
    return place.latitude if place else None


def _east(place: Place | None) -> float | None:
    return place.longitude if place else None


def _parse_people(text: str) -> tuple[PersonId, ...]:
    return tuple(PersonId(id_) for id_ in texts.parse_ids(text))


def _parse_day(text: str) -> date | None:
    return days.parse_date(text)


def _parse_maintenance(text: str) -> tuple[WeekSpan, ...]:
    if text.lower() in _ANY_HOUR:
        return ()
    try:
        return parse_hours(text)
    except ValueError as error:
        raise BadValue(str(error).partition("; ")[0], EXAMPLE) from None


def _parse_reach(text: str) -> str:
    """A name that is also a queue's: letters, digits, dots, dashes and underscores."""
    if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,60}", text):
        return text
    raise BadValue("is not a reach's name", "letters, digits, dots, dashes and underscores, such as acme")


def _parse_access(text: str) -> tuple[AccessWindow, ...]:
    if text.lower() in _ANY_HOUR:
        return ()
    return tuple(AccessWindow(span.weekday, span.starts, span.ends) for span in weekly.parse_weekly(text))
