"""Visits as calendar entries, right across a clock change.

Times are local with their zone, and the zone's own rules lie beside them, so that a promised local time is the one that
is shown, also by a calendar that has not heard of the latest clock change.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # only who writes a calendar needs it
    from icalendar import Event, Timezone


@dataclass(frozen=True, slots=True)
class Appointment:
    """One entry of a calendar.

    Attributes:
        uid: the same for as long as it is the same visit, so that a change replaces it.
        starts, ends: aware, in the zone in which they were promised (a ``ZoneInfo``).
        sequence: grows with every change.
        organizer, attendee: e-mail addresses; empty for an entry that nobody is invited to.
        cancelled: it does not take place any more.
    """

    uid: str
    title: str
    text: str
    place: str
    starts: datetime
    ends: datetime
    sequence: int = 0
    organizer: str = ""
    attendee: str = ""
    cancelled: bool = False


def calendar(appointments: Iterable[Appointment], *, name: str, at: datetime, method: str = "PUBLISH") -> bytes:
    """An iCalendar file (RFC 5545); the same appointments give the same bytes."""
    from icalendar import Calendar

    there = list(appointments)
    made = Calendar()
    made.add("prodid", "-//Muster//Visits//EN")
    made.add("version", "2.0")
    made.add("method", method)
    made.add("x-wr-calname", " ".join(name.split()))
    for zone in _zones(there):
        made.add_component(zone)
    for one in there:
        made.add_component(_event(one, at))
    return bytes(made.to_ical())


def _event(one: Appointment, at: datetime) -> "Event":
    from icalendar import Event, vCalAddress, vText

    event = Event()
    event.add("uid", one.uid)
    event.add("sequence", one.sequence)
    event.add("dtstamp", at.astimezone(UTC))
    event.add("dtstart", one.starts)
    event.add("dtend", one.ends)
    event.add("summary", one.title)
    event.add("description", one.text)
    if one.place:
        event.add("location", one.place)
    event.add("status", "CANCELLED" if one.cancelled else "CONFIRMED")
    if one.organizer:
        event["organizer"] = vCalAddress(f"mailto:{one.organizer}")
    if one.attendee:
        attendee = vCalAddress(f"mailto:{one.attendee}")
        attendee.params["ROLE"] = vText("REQ-PARTICIPANT")
        attendee.params["PARTSTAT"] = vText("NEEDS-ACTION")
        event["attendee"] = attendee
    return event


def _zones(appointments: list[Appointment]) -> "list[Timezone]":
    """The rules of every zone that is used, from the year before the first appointment to the one after the last."""
    from icalendar import Timezone

    by_name: dict[str, list[datetime]] = {}
    for one in appointments:
        by_name.setdefault(str(one.starts.tzinfo), []).extend((one.starts, one.ends))
    found = []
    for name, times in sorted(by_name.items()):
        tzinfo = times[0].tzinfo
        if tzinfo is None:
            raise ValueError("an appointment needs a zone")
        if name != "UTC":
            first, last = min(times).year - 1, max(times).year + 2
            found.append(
                Timezone.from_tzinfo(
                    tzinfo,
                    name,
                    first_date=date(first, 1, 1),
                    last_date=date(last, 1, 1),
                )
            )
    return found
