"""Days and moments as people type them."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from muster.cli.workspace import Workspace
from muster.errors import InputError

_DAY_LENGTH = len("2026-10-26")


def today(workspace: Workspace) -> date:
    """The day by the campaign's clock, in UTC."""
    return workspace.services.clock.now().date()


def parse_day(text: str) -> date:
    """``2026-10-26`` as a date.

    Raises:
        InputError: it is none.
    """
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError(f"{text!r} is not a date", hint="write year-month-day such as 2026-10-26") from None


def parse_moment(text: str, zone: str, *, last: bool = False) -> datetime:
    """A day or a moment on the clocks of ``zone`` as an instant; of a day its beginning, or its end where ``last``.

    Raises:
        InputError: it is neither.
    """
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        hint = "write it such as 2026-10-26 or 2026-10-26T09:05"
        raise InputError(f"{text!r} is neither a day nor a moment", hint=hint) from None
    if len(text.strip()) <= _DAY_LENGTH:
        at = datetime.combine(at.date() + timedelta(days=last), time())
    return at if at.tzinfo is not None else at.replace(tzinfo=ZoneInfo(zone))
