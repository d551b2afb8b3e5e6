"""Busy times of people from iCalendar files (RFC 5545): what Outlook, Google and other calendars save as ``.ics``.

A file says when somebody is busy: its events (``VEVENT``), repeated ones on each of their days, and its free-busy
times (``VFREEBUSY``). Nothing else of it is kept: no subject, no place, no names.

* Times without a zone and whole days are the person's own local time; times in a zone stay the same local time
  across a clock change. Windows' names of zones are understood.
* Not busy: what is cancelled, what is shown as free (``TRANSPARENT``), and what the person declined.
* Whatever cannot be read is a problem with its line; the rest of the file is taken in.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from difflib import get_close_matches
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from muster.crew import Absence, Crew, Engineer
from muster.errors import Problem
from muster.ids import PersonId

if TYPE_CHECKING:  # it takes a while to load, and only an import of calendars needs it
    import icalendar

AHEAD = timedelta(days=400)
"""Repeated entries are followed so far."""

MOST_BYTES = 20_000_000
MOST_TIMES = 10_000
"""Of one repeated entry; once an hour for 400 days is less."""

TOO_OFTEN = frozenset({"SECONDLY", "MINUTELY"})
REASON = "calendar"
RIGHT = "correct the entry in the calendar program and save the file again"


@dataclass(frozen=True, slots=True)
class Calendars:
    """What the files say.

    Attributes:
        people: everybody whose file was read, with the new busy times instead of those imported before.
        problems: what could not be read; it is not in the busy times.
        until: up to when repeated entries were followed.
    """

    people: tuple[Engineer, ...]
    problems: tuple[Problem, ...]
    until: datetime


@dataclass(frozen=True, slots=True)
class _Entry:
    """One component with the line on which it begins, and its text with the zones that it may name."""

    kind: str
    line: int
    uid: str
    text: str


def read_calendars(paths: Sequence[Path], crew: Crew, now: datetime, person_id: str | None = None) -> Calendars:
    """Read the calendars of people: each file is named like its person's id or e-mail address.

    Args:
        paths: ``.ics`` files, or folders of them.
        crew: who may be meant.
        now: aware; what ended before is left out.
        person_id: whose they all are, whatever the files are called.
    """
    problems: list[Problem] = []
    busy: dict[PersonId, list[Absence]] = {}
    for path in _files(paths, problems):
        person = _person(path, crew, person_id, problems)
        text = _text(path, problems) if person else None
        if person is not None and text is not None:
            spans = _busy(str(path), text, person, now, problems)
            busy.setdefault(person.id, []).extend(spans)
    people = tuple(replace(crew.engineer[who], busy=_joined(spans)) for who, spans in busy.items())
    return Calendars(people, tuple(problems), now + AHEAD)


def _files(paths: Iterable[Path], problems: list[Problem]) -> Iterator[Path]:
    for path in paths:
        found = sorted(path.glob("*.ics")) if path.is_dir() else [path]
        if not path.exists():
            problems.append(
                Problem(str(path), "", "", "is not there", "give the path of a file or of a folder of files")
            )
            continue
        if not found:
            problems.append(Problem(str(path), "", "", "holds no calendar", "give files that end in .ics"))
        yield from found


def _person(path: Path, crew: Crew, person_id: str | None, problems: list[Problem]) -> Engineer | None:
    name = person_id or path.stem
    by_name = {
        **{person.email.lower(): person for person in crew.engineers if person.email},
        **{person.id.lower(): person for person in crew.engineers},
    }
    found = by_name.get(name.lower())
    if found is None:
        near = get_close_matches(name.lower(), list(by_name), n=1)
        guess = f"; did you mean {near[0]!r}?" if near else ""
        right = f"name the file like the person's id or e-mail, or say --person{guess}"
        problems.append(Problem(str(path), "", name, "is nobody of the crew", right))
    return found


def _text(path: Path, problems: list[Problem]) -> str | None:
    try:
        if path.stat().st_size > MOST_BYTES:
            problems.append(Problem(str(path), "", "", "is larger than 20 MB", "save a shorter span of the calendar"))
            return None
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        problems.append(Problem(str(path), "", "", f"cannot be read: {error.strerror}", "see that it is there"))
    except UnicodeDecodeError:
        problems.append(Problem(str(path), "", "", "is not text in UTF-8", "save it as iCalendar (.ics)"))
    return None


def _busy(place: str, text: str, person: Engineer, now: datetime, problems: list[Problem]) -> Iterator[Absence]:
    """The busy times of one file; one entry that cannot be read costs nothing but itself."""
    lines = text.splitlines()
    if not any(line.strip().upper() == "BEGIN:VCALENDAR" for line in lines):
        problems.append(Problem(place, "", "", "is not a calendar", "save it as iCalendar (.ics)"))
        return
    zones, entries = _entries(place, lines, problems)
    series: dict[tuple[str, str], list[_Entry]] = {}
    for entry in entries:
        series.setdefault((entry.kind, entry.uid or f"line {entry.line}"), []).append(entry)
    for together in series.values():
        try:
            yield from _spans(zones, together, person, now)
        except _Refused as refusal:
            where = f"{place} line {together[0].line}"
            problems.append(Problem(where, refusal.column, refusal.value, refusal.wrong, RIGHT))


def _entries(place: str, lines: Sequence[str], problems: list[Problem]) -> tuple[str, list[_Entry]]:
    """The file cut into its zones and its entries, each with its line."""
    zones: list[str] = []
    entries: list[_Entry] = []
    held: list[str] = []
    kind, first = "", 0
    for number, line in enumerate(lines, start=1):
        word = line.strip().upper()
        if not kind and word in {"BEGIN:VEVENT", "BEGIN:VFREEBUSY", "BEGIN:VTIMEZONE"}:
            kind, first, held = word.removeprefix("BEGIN:"), number, []
        if not kind:
            continue
        held.append(line)
        if word == f"END:{kind}":
            if kind == "VTIMEZONE":
                zones += held
            else:
                entries.append(_Entry(kind, first, _uid(held), "\r\n".join(held)))
            kind = ""
    if kind:
        problems.append(Problem(f"{place} line {first}", "", kind, "has no end", "the file is cut off: save it again"))
    return "\r\n".join(zones), entries


def _uid(lines: Sequence[str]) -> str:
    return next((line.partition(":")[2].strip() for line in lines if line.upper().startswith("UID:")), "")


class _Refused(Exception):
    """Why one entry cannot be read."""

    def __init__(self, wrong: str, column: str = "", value: str = "") -> None:
        super().__init__(wrong)
        self.wrong, self.column, self.value = wrong, column, value


def _spans(zones: str, entries: Sequence[_Entry], person: Engineer, now: datetime) -> list[Absence]:
    """The busy times of one entry and its exceptions."""
    import icalendar

    parts = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:muster", zones, *(e.text for e in entries), "END:VCALENDAR", ""]
    try:
        calendar = icalendar.Calendar.from_ical("\r\n".join(part for part in parts if part) + "\r\n")
    except ValueError as error:
        raise _Refused(_sentence(error)) from None
    for component in calendar.walk():
        for column, wrong in component.errors:
            raise _Refused(_sentence(wrong), str(column or ""))
    if entries[0].kind == "VFREEBUSY":
        return [span for component in calendar.walk("VFREEBUSY") for span in _periods(component, person, now)]
    return list(_occurrences(calendar, person, now))


def _occurrences(calendar: "icalendar.Component", person: Engineer, now: datetime) -> Iterator[Absence]:
    import recurring_ical_events

    for event in calendar.walk("VEVENT"):
        if "DTSTART" not in event:
            raise _Refused("has no beginning", "DTSTART")
        for rule in _all(event, "RRULE"):
            frequency = rule.get("FREQ", []) if isinstance(rule, Mapping) else []
            if {str(one).upper() for one in frequency} & TOO_OFTEN:
                raise _Refused("is repeated more often than once an hour", "RRULE")
    until = now + AHEAD
    try:
        found = recurring_ical_events.of(calendar).after(now - timedelta(days=1))
        for number, event in enumerate(islice(found, MOST_TIMES + 1)):
            if number == MOST_TIMES:
                raise _Refused(f"is repeated more than {MOST_TIMES} times", "RRULE")
            starts_at, ends_at = _ends(event, ZoneInfo(person.timezone))
            if starts_at >= until:
                return
            if ends_at > max(starts_at, now) and _keeps_busy(event, person):
                yield Absence(starts_at, ends_at, REASON)
    except (ValueError, OverflowError, ArithmeticError) as error:
        raise _Refused(_sentence(error)) from None


def _ends(event: "icalendar.Component", zone: ZoneInfo) -> tuple[datetime, datetime]:
    return _instant(event.decoded("DTSTART"), zone), _instant(event.decoded("DTEND"), zone)


def _all(component: "icalendar.Component", name: str) -> Sequence[object]:
    """A property that may be there never, once or several times."""
    found: object = component.get(name)
    return [] if found is None else found if isinstance(found, list) else [found]


def _parameter(value: object, name: str) -> str:
    """A parameter of a property, in capitals; empty where it has none."""
    parameters = getattr(value, "params", {})
    return str(parameters.get(name, "")).upper() if isinstance(parameters, Mapping) else ""


def _instant(at: object, zone: tzinfo) -> datetime:
    """A date begins at the person's midnight; a time without a zone is the person's."""
    if not isinstance(at, date):
        raise _Refused("is neither a day nor a time", "", str(at))
    if not isinstance(at, datetime):
        at = datetime.combine(at, time())
    return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)


def _keeps_busy(event: "icalendar.Component", person: Engineer) -> bool:
    if str(event.get("STATUS", "")).upper() == "CANCELLED" or str(event.get("TRANSP", "")).upper() == "TRANSPARENT":
        return False
    if str(event.get("X-MICROSOFT-CDO-BUSYSTATUS", "")).upper() == "FREE":
        return False
    mine = f"mailto:{person.email}".lower() if person.email else None
    declined = (one for one in _all(event, "ATTENDEE") if _parameter(one, "PARTSTAT") == "DECLINED")
    return all(str(one).lower() != mine for one in declined)


def _periods(component: "icalendar.Component", person: Engineer, now: datetime) -> Iterator[Absence]:
    """The times of ``FREEBUSY`` lines, those that say FREE left out."""
    zone = ZoneInfo(person.timezone)
    for line in _all(component, "FREEBUSY"):
        if _parameter(line, "FBTYPE") == "FREE":
            continue
        starts_at, ends_at = _instant(getattr(line, "start", None), zone), _instant(getattr(line, "end", None), zone)
        if ends_at > max(starts_at, now):
            yield Absence(starts_at, ends_at, REASON)


def _joined(spans: Iterable[Absence]) -> tuple[Absence, ...]:
    """In order, joined where they touch."""
    found: list[Absence] = []
    for span in sorted(spans, key=lambda one: (one.starts_at, one.ends_at)):
        if found and span.starts_at <= found[-1].ends_at:
            found[-1] = replace(found[-1], ends_at=max(found[-1].ends_at, span.ends_at))
        else:
            found.append(span)
    return tuple(found)


def _sentence(error: object) -> str:
    """What the library says, as the middle of a sentence and short."""
    words = re.sub(r"\s+", " ", str(error)).strip().rstrip(".")
    words = words if len(words) <= 100 else f"{words[:99]}…"
    return f"cannot be read: {words[:1].lower()}{words[1:]}"
