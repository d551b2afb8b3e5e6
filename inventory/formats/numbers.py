"""Numbers with their units: ports, degrees, money, hours."""

import re
from decimal import Decimal, InvalidOperation

from inventory.formats import BadValue

_MONEY = re.compile(
    r"(?:EUR|USD|CAD|GBP|CHF|[€$£])?\s*(\d+)(?:[.,](\d{1,2}))?\s*(?:EUR|USD|CAD|GBP|CHF|[€$£])?",
    re.IGNORECASE | re.ASCII,
)
_CLOCK_HOURS = re.compile(r"(\d+):([0-5]\d)", re.ASCII)
_WHOLE = re.compile(r"(\d+)(?:\.0)?", re.ASCII)


def parse_whole(text: str, *, least: int = 0, most: int = 1_000_000) -> int:
    """A whole number in a range; ``3.0`` from a spreadsheet is 3."""
    match = _WHOLE.fullmatch(text)
    if match and least <= (number := int(match[1])) <= most:
        return number
    raise BadValue("is not a whole number in range", f"write a whole number from {least} to {most}")


def parse_port(text: str) -> int:
    """A TCP port, 1 to 65535; 0 stands for the transport's usual port."""
    return parse_whole(text, least=0, most=65535)


def parse_priority(text: str) -> int:
    """1 is served first, 5 last."""
    return parse_whole(text, least=1, most=5)


def parse_people(text: str) -> int:
    """How many people come together."""
    return parse_whole(text, least=1, most=20)


def parse_decimal(text: str, *, least: float, most: float, what: str, example: str) -> float:
    """A number with a point (or one comma, as in ``49,28``), in a range."""
    try:
        number = float(Decimal(text.replace(",", ".") if text.count(",") == 1 and "." not in text else text))
    except InvalidOperation:
        raise BadValue(f"is not {what}", f"write a number such as {example}") from None
    if not least <= number <= most:
        raise BadValue(f"is out of range for {what}", f"write a number from {least:g} to {most:g}, such as {example}")
    return number


def parse_latitude(text: str) -> float:
    """Degrees, north positive."""
    return parse_decimal(text, least=-90, most=90, what="a latitude in degrees", example="49.2827")


def parse_longitude(text: str) -> float:
    """Degrees, east positive."""
    return parse_decimal(text, least=-180, most=180, what="a longitude in degrees", example="-123.1207")


def parse_factor(text: str) -> float:
    """What an hour of overtime costs as a multiple of the rate."""
    return parse_decimal(text, least=1, most=10, what="a factor", example="1.5")


def format_decimal(number: float) -> str:
    """The shortest text that reads as the same number."""
    return repr(number).removesuffix(".0")


def parse_money(text: str) -> int:
    """Money as cents: ``62.50``, ``62,50``, ``62`` or ``€ 62.50``; no thousands separators, which are ambiguous."""
    amount = _MONEY.fullmatch(text)
    if not amount:
        raise BadValue("is not an amount of money", "write it without thousands separators, such as 62.50")
    whole, cents = amount.groups()
    return int(whole) * 100 + int((cents or "").ljust(2, "0"))


def format_money(cents: int) -> str:
    """``6250`` cents as ``62.50``."""
    return f"{cents // 100}.{cents % 100:02d}"


def parse_hours(text: str) -> int:
    """Hours as minutes: ``120``, ``7.5`` or ``7:30``; it must come to whole minutes."""
    clock = _CLOCK_HOURS.fullmatch(text)
    if clock:
        return int(clock[1]) * 60 + int(clock[2])
    hours = parse_decimal(text, least=0, most=1_000_000, what="a number of hours", example="120 or 7:30")
    minutes = hours * 60
    if abs(minutes - round(minutes)) > 1e-6:
        raise BadValue("does not come to whole minutes", "write hours such as 7.5, or hours and minutes such as 7:20")
    return round(minutes)


def format_hours(minutes: int) -> str:
    """``450`` minutes as ``7.5``, ``440`` as ``7:20``."""
    whole, rest = divmod(minutes, 60)
    quarters = {0: "", 15: ".25", 30: ".5", 45: ".75"}
    return f"{whole}{quarters[rest]}" if rest in quarters else f"{whole}:{rest:02d}"


def parse_day_minutes(text: str) -> int:
    """Minutes within a day."""
    return parse_whole(text, least=0, most=24 * 60)
