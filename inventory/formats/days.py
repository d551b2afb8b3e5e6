"""Dates, and absences such as ``2026-10-26..2026-10-30 holiday``."""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from inventory.formats import BadValue
from inventory.formats.texts import parse_text
from muster.crew import Absence

_DOTTED = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})", re.ASCII)
_STAMP = r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2})?(?:Z|[+-]\d{2}:\d{2})?)?"
_ABSENCE = re.compile(
    rf"(?P<first>{_STAMP})(?:\s*\.\.\s*(?P<last>{_STAMP}))?(?:\s+(?P<reason>\S.*))?", re.DOTALL | re.ASCII
)
_EXAMPLE = "write days such as 2026-10-26..2026-10-30 holiday; 2026-11-02"
_DATE_LENGTH = len("2026-10-26")


def parse_date(text: str) -> date:
    """``2026-10-26``; also ``26.10.2026``, and a spreadsheet's own date. Slashes are ambiguous and refused."""
    dotted = _DOTTED.fullmatch(text)
    day_text = f"{dotted[3]}-{int(dotted[2]):02d}-{int(dotted[1]):02d}" if dotted else text
    try:
        return date.fromisoformat(day_text)
    except ValueError:
        raise BadValue("is not a date", "write year-month-day such as 2026-10-26") from None


def parse_absences(text: str, zone: ZoneInfo) -> tuple[Absence, ...]:
    """Absences separated by ``;``, in the person's zone, sorted; days are whole and inclusive.

    A part is a day or a time (``2026-10-26T13:00``), or two with ``..`` between them, and may end with a reason.
    A time may carry its offset (``2026-11-01T01:30-07:00``), which tells the two hours of a clock change apart.
    """
    parts = [part.strip() for part in text.split(";") if part.strip()]
    if not parts:
        raise BadValue("holds no days", _EXAMPLE)
    return tuple(sorted((_absence(part, zone) for part in parts), key=lambda a: (a.starts_at, a.ends_at, a.reason)))


def format_absences(absences: Iterable[Absence], zone: ZoneInfo) -> str:
    """The absences as ``parse_absences`` reads them: days where they are whole, else times with their offset."""
    return "; ".join(f"{_span_text(a, zone)} {parse_text(a.reason.replace(';', ','))}".strip() for a in absences)


def _absence(part: str, zone: ZoneInfo) -> Absence:
    match = _ABSENCE.fullmatch(part)
    if not match:
        raise BadValue(f"cannot be read at {part!r}", _EXAMPLE)
    first, last = match["first"], match["last"] or match["first"]
    try:
        starts_at = _instant(first, zone)
        ends_at = _instant(last, zone) if len(last) > _DATE_LENGTH else _midnight(_day(last) + timedelta(days=1), zone)
    except (ValueError, OverflowError):
        raise BadValue(f"names no day of the calendar at {part!r}", _EXAMPLE) from None
    if ends_at <= starts_at:
        raise BadValue(f"ends before it starts: {part!r}", _EXAMPLE)
    return Absence(starts_at, ends_at, parse_text(match["reason"] or ""))


def _instant(text: str, zone: ZoneInfo) -> datetime:
    if len(text) <= _DATE_LENGTH:
        return _midnight(_day(text), zone)
    at = datetime.fromisoformat(text)
    return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)


def _day(text: str) -> date:
    return date.fromisoformat(text)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)


def _span_text(absence: Absence, zone: ZoneInfo) -> str:
    starts, ends = absence.starts_at.astimezone(zone), absence.ends_at.astimezone(zone)
    first, last = starts.date(), ends.date() - timedelta(days=1)
    whole = _midnight(first, zone) == absence.starts_at and _midnight(ends.date(), zone) == absence.ends_at
    if not whole or last < first:
        return f"{starts.isoformat()}..{ends.isoformat()}"
    return f"{first}" if first == last else f"{first}..{last}"
