"""Zone rules as Windows keeps them, and the offset that follows from them at an instant. Pure.

A row is the ``REG_TZI_FORMAT`` of Microsoft's documentation: 44 bytes, Bias, StandardBias and DaylightBias as LONG
(minutes west of UTC), then StandardDate and DaylightDate as SYSTEMTIME. A zone has one row ``TZI`` and, where its rules
changed, one row per year in ``Dynamic DST``; years before the first and after the last entry take that entry's row.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

_FORMAT = struct.Struct("<lll8H8H")
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Turn:
    """When clocks are turned, in the local time before: a SYSTEMTIME whose year is 0.

    Attributes:
        month: 1 to 12; 0 means never.
        weekday: 0 is Sunday.
        week: 1 to 4 count from the month's beginning, 5 means the last.
    """

    month: int = 0
    weekday: int = 0
    week: int = 0
    hour: int = 0
    minute: int = 0
    second: int = 0
    millisecond: int = 0

    def in_year(self, year: int) -> datetime:
        """The moment in a year, naive local time."""
        first = date(year, self.month, 1)
        first_weekday = (first.weekday() + 1) % 7
        day = 1 + (self.weekday - first_weekday) % 7 + 7 * (self.week - 1)
        days = (date(year + self.month // 12, self.month % 12 + 1, 1) - first).days
        while day > days:
            day -= 7
        moment = datetime(year, self.month, day, self.hour, self.minute, self.second)  # noqa: DTZ001 - local on purpose
        return moment + timedelta(milliseconds=self.millisecond)


@dataclass(frozen=True, slots=True)
class Row:
    """The rules of a year. Biases are minutes that lead from local time to UTC: 480 for UTC-8."""

    bias: int
    standard_bias: int = 0
    daylight_bias: int = 0
    standard: Turn = Turn()
    daylight: Turn = Turn()

    @classmethod
    def read(cls, hexadecimal: str) -> "Row":
        """Read a row as ``reg query`` prints it.

        Raises:
            ValueError: it is no row.
        """
        try:
            numbers = _FORMAT.unpack(bytes.fromhex(hexadecimal))
        except (ValueError, struct.error):
            raise ValueError(f"{hexadecimal!r} is not a row of 44 bytes in hexadecimal") from None
        standard, daylight = (_turn(numbers[start : start + 8]) for start in (3, 11))
        return cls(numbers[0], numbers[1], numbers[2], standard, daylight)

    def written(self) -> bytes:
        """The 44 bytes."""
        turns = [number for turn in (self.standard, self.daylight) for number in _numbers(turn)]
        return _FORMAT.pack(self.bias, self.standard_bias, self.daylight_bias, *turns)

    def offset(self, instant: datetime, year: int) -> timedelta:
        """What is added to UTC at ``instant`` (aware) by the rules of ``year``."""
        plain = -self.bias * _MINUTE
        if not self.standard.month or not self.daylight.month:
            return plain
        standard, daylight = plain - self.standard_bias * _MINUTE, plain - self.daylight_bias * _MINUTE
        moment = instant.astimezone(UTC).replace(tzinfo=None)
        begins, ends = self.daylight.in_year(year) - standard, self.standard.in_year(year) - daylight
        in_summer = begins <= moment < ends if begins < ends else not ends <= moment < begins
        return daylight if in_summer else standard


def _turn(numbers: tuple[int, ...]) -> Turn:
    year, month, weekday, week, *clock = numbers
    if year or month > 12 or (month and (weekday > 6 or not 1 <= week <= 5)):
        raise ValueError(f"a date of year {year}, month {month}, weekday {weekday}, week {week} is no rule for a year")
    if month and (clock[0] > 23 or clock[1] > 59 or clock[2] > 59 or clock[3] > 999):
        raise ValueError(f"{clock} is no time of day")
    return Turn(month, weekday, week, *clock) if month else Turn()


def _numbers(turn: Turn) -> tuple[int, ...]:
    return (0, turn.month, turn.weekday, turn.week, turn.hour, turn.minute, turn.second, turn.millisecond)


@dataclass(frozen=True)
class Rules:
    """A zone: its plain row and its rows by year."""

    plain: Row
    years: Mapping[int, Row] = field(default_factory=dict)

    def row(self, year: int) -> Row:
        """The row that holds for a year, as ``GetTimeZoneInformationForYear`` chooses it."""
        if not self.years:
            return self.plain
        return self.years[min(max(year, min(self.years)), max(self.years))]

    def offset(self, instant: datetime) -> timedelta:
        """What is added to UTC at ``instant`` (aware); the year is the local one."""
        year = instant.astimezone(UTC).year
        for _ in range(2):
            local = instant.astimezone(UTC).replace(tzinfo=None) + self.row(year).offset(instant, year)
            if local.year == year:
                break
            year = local.year
        return self.row(year).offset(instant, year)


def shown(offset: timedelta) -> str:
    """As ``date +%z`` says it, such as ``-0700``."""
    minutes = int(offset / _MINUTE)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}{abs(minutes) % 60:02d}"
