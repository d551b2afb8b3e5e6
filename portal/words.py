"""How values are told on a page: times in a place's zone, numbers with their noun, money, statuses as words."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from muster.outcomes import HostStatus
from muster.words import amount, count

DASH = "\N{EN DASH}"

TONES: Mapping[HostStatus, str] = {
    HostStatus.VERIFIED: "good",
    HostStatus.RIGHT: "good",
    HostStatus.CLAIMED: "busy",
    HostStatus.PENDING: "idle",
    HostStatus.STALE: "warn",
    HostStatus.UNREACHABLE: "warn",
    HostStatus.UNSUPPORTED: "warn",
    HostStatus.ROLLED_BACK: "warn",
    HostStatus.FAILED: "bad",
    HostStatus.UNKNOWN: "bad",
    HostStatus.UNTRUSTED: "bad",
}
"""How a status looks: one of the tones that muster.css knows (good, busy, idle, warn, bad)."""


def local(at: datetime, zone: str) -> datetime:
    """An instant on the clocks of a zone."""
    return at.astimezone(ZoneInfo(zone or "UTC"))


def day(at: datetime, zone: str) -> str:
    """``Mon 19 Oct``."""
    here = local(at, zone)
    return f"{here:%a} {here.day} {here:%b}"


def long_day(at: datetime, zone: str) -> str:
    """``Monday 19 October 2026``."""
    here = local(at, zone)
    return f"{here:%A} {here.day} {here:%B} {here.year}"


def clock(at: datetime, zone: str) -> str:
    """``08:30``."""
    return f"{local(at, zone):%H:%M}"


def span(starts: datetime, ends: datetime, zone: str) -> str:
    """``08:30`` to ``10:00`` with a dash between; over midnight with the day of its end."""
    there = clock(ends, zone) if day(starts, zone) == day(ends, zone) else f"{day(ends, zone)} {clock(ends, zone)}"
    return f"{clock(starts, zone)}{DASH}{there}"


def moment(at: datetime, zone: str) -> str:
    """``Mon 19 Oct 08:30``."""
    return f"{day(at, zone)} {clock(at, zone)}"


def zone_name(at: datetime, zone: str) -> str:
    """What a zone is called at an instant: ``PDT``, or its offset where it has no letters."""
    return f"{local(at, zone):%Z}"


def minutes(number: float) -> str:
    """``1 h 25 min``."""
    whole = round(number)
    hours, rest = divmod(whole, 60)
    parts = [f"{hours:,} h"] if hours else []
    if rest or not hours:
        parts.append(f"{rest} min")
    return " ".join(parts)


def ago(step: timedelta) -> str:
    """How long ago: ``just now``, ``12 min ago``, ``3 days ago``."""
    seconds = step.total_seconds()
    for size, word in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            return f"{count(int(seconds // size), word)} ago"
    return "just now"


def money(cents: int, currency: str) -> str:
    """``EUR 1,234.50``."""
    return f"{currency} {amount(cents)}"


def percent(share: float) -> str:
    """``42 %``; never 100 before it is all, never 0 before it is nothing."""
    whole = round(share * 100)
    if share < 1 and whole == 100:
        whole = 99
    if share > 0 and whole == 0:
        whole = 1
    return f"{whole} %"


def tone(status: str) -> str:
    """The tone of a host's status."""
    return TONES.get(HostStatus(status), "idle")


FILTERS: Mapping[str, Callable[..., object]] = {
    "local": local,
    "day": day,
    "long_day": long_day,
    "clock": clock,
    "moment": moment,
    "zone_name": zone_name,
    "minutes": minutes,
    "ago": ago,
    "count": count,
    "money": money,
    "percent": percent,
    "tone": tone,
}
"""Every filter of the templates."""
