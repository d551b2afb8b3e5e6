"""Rows of partners and crew."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import TypeVar
from zoneinfo import ZoneInfo

from inventory.formats import BadValue, days, numbers, texts, weekly, zones
from inventory.gather import Gathered, check_references
from inventory.places import read_places
from inventory.rows import Known, TableReader
from inventory.tables import Table
from muster.crew import Absence, Agreement, Engineer, Partner, Shift, Vetting
from muster.ids import ClientId, PartnerId, PersonId

Value = TypeVar("Value")

_NO_SHIFTS: tuple[Shift, ...] = ()
_NO_SKILLS: frozenset[str] = frozenset()
_NO_CLIENTS: tuple[ClientId, ...] = ()


def read_partners(table: Table, gathered: Gathered) -> None:
    """Read a table of partners onto its shelf."""
    reader = TableReader[Partner](table)
    reader.read_ids(gathered.partners.known, gathered.partners.seen)
    names = reader.required("name", texts.parse_text, "")
    emails = reader.column("email", texts.parse_email, default="", keep=lambda old: old.email)
    regions = reader.column("region", texts.parse_text, default="", keep=lambda old: old.region)
    vettings = _vettings(reader)
    agreements = _agreements(reader, gathered)
    for i in reader.good():
        id_ = PartnerId(reader.ids[i])
        gathered.partners.good[id_] = Partner(id_, names[i], emails[i], regions[i], vettings[i], agreements[i])
    gathered.problems += reader.problems


def read_crew(table: Table, gathered: Gathered) -> None:
    """Read a table of people onto its shelf."""
    reader = TableReader[Engineer](table)
    reader.read_ids(gathered.crew.known, gathered.crew.seen)
    names = reader.required("name", texts.parse_text, "")
    timezones = reader.required("timezone", zones.parse_zone, "UTC")
    shifts = reader.required("shifts", _parse_shifts, _NO_SHIFTS)
    skills = reader.column("skills", texts.parse_words, default=_NO_SKILLS, keep=lambda old: old.skills)
    partners = reader.column("partner_id", texts.parse_id, default="", keep=lambda old: old.partner_id or "")
    check_references(reader, "partner_id", partners, gathered.partners)
    emails = reader.column("email", texts.parse_email, default="", keep=lambda old: old.email)
    homes = read_places(reader, "home_latitude", "home_longitude", lambda old: old.home)
    regions = reader.column("region", texts.parse_text, default="", keep=lambda old: old.region)
    rates = reader.column("rate_per_hour", numbers.parse_money, default=6000, keep=lambda o: o.rate_cents_per_hour)
    overtimes = reader.column(
        "overtime_minutes", numbers.parse_day_minutes, default=0, keep=lambda old: old.overtime_minutes_per_day
    )
    factors = reader.column("overtime_factor", numbers.parse_factor, default=1.5, keep=lambda o: o.overtime_factor)
    absences = _absences(reader, timezones)
    languages = reader.column("languages", texts.parse_words, default=_NO_SKILLS, keep=lambda old: old.languages)
    ends = read_places(reader, "end_latitude", "end_longitude", lambda old: old.end)
    legs = reader.column("longest_way_minutes", _parse_minutes, default=None, keep=lambda old: old.longest_leg_minutes)
    travels = reader.column(
        "travel_minutes_per_day", _parse_minutes, default=None, keep=lambda old: old.longest_travel_minutes
    )
    daily = reader.column("hours_per_day", _parse_capacity, default=None, keep=lambda old: old.most_minutes_per_day)
    weekly_ = reader.column("hours_per_week", _parse_capacity, default=None, keep=lambda o: o.most_minutes_per_week)
    clients = reader.column("clients", _parse_clients, default=_NO_CLIENTS, keep=lambda old: old.clients)
    _check_clients(reader, "clients", clients, gathered)
    for i in reader.good():
        id_ = PersonId(reader.ids[i])
        gathered.crew.good[id_] = Engineer(
            id_,
            names[i],
            timezones[i],
            shifts[i],
            skills[i],
            PartnerId(partners[i]) if partners[i] else None,
            emails[i],
            homes[i],
            regions[i],
            rates[i],
            overtimes[i],
            factors[i],
            absences[i],
            languages[i],
            ends[i],
            legs[i],
            travels[i],
            daily[i],
            weekly_[i],
            clients[i],
            old.busy if (old := reader.old[i]) else (),
        )
    gathered.problems += reader.problems


def _parse_shifts(text: str) -> tuple[Shift, ...]:
    return tuple(Shift(span.weekday, span.starts, span.ends) for span in weekly.parse_weekly(text))


def _absences(reader: TableReader[Engineer], timezones: list[str]) -> list[tuple[Absence, ...]]:
    """Read after the zones, because a day off begins at the person's own midnight."""
    absences: list[tuple[Absence, ...]] = []
    for index, text in enumerate(reader.cells("absences")):
        old = reader.old[index]
        absences.append(old.absences if text is None and old is not None else ())
        if text:
            try:
                absences[-1] = days.parse_absences(text, ZoneInfo(timezones[index]))
            except BadValue as error:
                reader.refuse(index, "absences", text, error.wrong, error.right)
    return absences


def _vettings(reader: TableReader[Partner]) -> list[Vetting | None]:
    """Five columns as one judgement; a partner that passed needs who, when and until."""

    def known(take: Callable[[Vetting], Value], default: Value) -> Callable[[Partner], Value]:
        return lambda old: take(old.vetting) if old.vetting else default

    passed = reader.column("vetted", texts.parse_yes, default=False, keep=known(lambda v: v.passed, default=False))
    judges = reader.column("vetted_by", texts.parse_text, default="", keep=known(lambda v: v.judged_by, ""))
    judged = _dates(reader, "vetted_on", lambda old: old.vetting.judged_on if old.vetting else None)
    until = _dates(reader, "vetted_until", lambda old: old.vetting.valid_until if old.vetting else None)
    notes = reader.column("vetting_note", texts.parse_text, default="", keep=known(lambda v: v.note, ""))
    vettings: list[Vetting | None] = []
    for i, (by, on, to) in enumerate(zip(judges, judged, until, strict=True)):
        given = {"vetted_by": by, "vetted_on": on, "vetted_until": to}
        wanted = passed[i] or any(given.values()) or bool(notes[i])
        _require_together(reader, i, given, wanted=wanted, why="the partner was judged")
        _check_order(reader, i, "vetted_until", on, to)
        vettings.append(Vetting(passed[i], by, on, to, notes[i]) if by and on and to else None)
    return vettings


def _agreements(reader: TableReader[Partner], gathered: Gathered) -> list[Agreement | None]:
    """Five columns as one agreement; one that was signed needs its end."""
    signed = _dates(reader, "agreement_signed_on", lambda old: old.agreement.signed_on if old.agreement else None)
    until = _dates(reader, "agreement_until", lambda old: old.agreement.valid_until if old.agreement else None)
    capacities = reader.column("capacity_hours", _parse_capacity, default=None, keep=_known_capacity)
    clients = reader.column("agreement_clients", _parse_clients, default=_NO_CLIENTS, keep=_known_clients)
    fair = reader.column(
        "non_solicitation",
        texts.parse_yes,
        default=True,
        keep=lambda old: old.agreement.non_solicitation if old.agreement else True,
    )
    _check_clients(reader, "agreement_clients", clients, gathered)
    agreements: list[Agreement | None] = []
    for i, (on, to) in enumerate(zip(signed, until, strict=True)):
        wanted = on is not None or to is not None or bool(clients[i]) or capacities[i] is not None
        given = {"agreement_signed_on": on, "agreement_until": to}
        _require_together(reader, i, given, wanted=wanted, why="there is an agreement")
        _check_order(reader, i, "agreement_until", on, to)
        agreements.append(Agreement(on, to, capacities[i], clients[i], fair[i]) if on and to else None)
    return agreements


def _check_clients(
    reader: TableReader[Known], column: str, clients: Sequence[tuple[ClientId, ...]], gathered: Gathered
) -> None:
    """Every client of every list is there."""
    for place in range(max((len(ids) for ids in clients), default=0)):
        nth = [ids[place] if place < len(ids) else "" for ids in clients]
        check_references(reader, column, nth, gathered.clients)


def _require_together(
    reader: TableReader[Partner], index: int, given: Mapping[str, date | str | None], *, wanted: bool, why: str
) -> None:
    for column, value in given.items():
        if wanted and not value and reader.is_good(index):
            reader.refuse(index, column, "", f"is empty although {why}", "give it, or leave all of them empty")


def _check_order(reader: TableReader[Partner], index: int, column: str, first: date | None, last: date | None) -> None:
    if first and last and last < first:
        reader.refuse(index, column, last.isoformat(), f"is before its beginning, {first}", "give a later day")


def _dates(reader: TableReader[Partner], name: str, keep: Callable[[Partner], date | None]) -> list[date | None]:
    return reader.column(name, _parse_date, default=None, keep=keep)


def _parse_date(text: str) -> date | None:
    return days.parse_date(text)


def _parse_minutes(text: str) -> int | None:
    return numbers.parse_day_minutes(text)


def _parse_capacity(text: str) -> int | None:
    return numbers.parse_hours(text)


def _known_capacity(old: Partner) -> int | None:
    return old.agreement.capacity_minutes if old.agreement else None


def _parse_clients(text: str) -> tuple[ClientId, ...]:
    return tuple(ClientId(id_) for id_ in texts.parse_ids(text))


def _known_clients(old: Partner) -> tuple[ClientId, ...]:
    return old.agreement.clients if old.agreement else ()
