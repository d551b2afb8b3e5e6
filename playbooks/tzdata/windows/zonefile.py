"""The data of the fix: a file of registry rows that names its source, read, checked, and turned into a ``.reg`` file.

::

    source: who says so, and when
    zones:
      - key: British Columbia Standard Time        # name of the registry key
        iana: [America/Vancouver]                  # hosts of these zones are put on it
        replaces: [Pacific Standard Time]          # hosts that stand there are switched over, by the inventory's zone
        display: (UTC-07:00) British Columbia
        standard: British Columbia Standard Time
        daylight: British Columbia Daylight Time
        plain: {bias: 420}
        years:
          2025: {bias: 480, daylight_bias: -60, daylight: Mar 2Sun 02:00, standard: Nov 1Sun 02:00}

``plain`` is the row TZI, ``years`` are the rows of Dynamic DST. A wrong row is caught twice: before anything is pushed,
by comparing every row with the campaign's source of zone rules, and after it by verify, which asks the host.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from importlib.resources.abc import Traversable
from pathlib import Path

import yaml

from muster.errors import FixError
from muster.files import why_unreadable
from playbooks.tzdata.windows.rows import Row, Rules, Turn, shown

DATABASE = r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Time Zones"
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DAYS = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat")
_TURN = re.compile(r"(\w{3}) ([1-4]|last)(\w{3}) (\d\d):(\d\d)(?::(\d\d)(?:\.(\d{3}))?)?")
_KEY = re.compile(r"[A-Za-z0-9 .()+-]{1,128}")
_TEXT = re.compile(r"[\x20-\x7e]*")


@dataclass(frozen=True)
class WindowsZone:
    """One key of the registry's database of zones."""

    key: str
    iana: tuple[str, ...]
    rules: Rules
    replaces: tuple[str, ...] = ()
    display: str = ""
    standard: str = ""
    daylight: str = ""

    def registry_file(self) -> bytes:
        """What ``reg import`` takes."""
        lines = ["Windows Registry Editor Version 5.00", "", f"[{DATABASE}\\{self.key}]"]
        texts = {"Display": self.display, "Std": self.standard, "Dlt": self.daylight}
        lines += [f'"{name}"="{_quoted(text)}"' for name, text in texts.items()]
        lines.append(f'"TZI"={_hexadecimal(self.rules.plain)}')
        if self.rules.years:
            first, last = min(self.rules.years), max(self.rules.years)
            lines += ["", f"[{DATABASE}\\{self.key}\\Dynamic DST]"]
            lines += [f'"FirstEntry"=dword:{first:08x}', f'"LastEntry"=dword:{last:08x}']
            lines += [f'"{year}"={_hexadecimal(row)}' for year, row in sorted(self.rules.years.items())]
        return "".join(f"{line}\r\n" for line in (*lines, "")).encode("ascii")


@dataclass(frozen=True)
class ZoneFile:
    """The file: its zones, and who says that they are right."""

    source: str
    zones: tuple[WindowsZone, ...] = field(default=())

    def zone_of(self, iana: str) -> WindowsZone | None:
        """The key for hosts that live in an IANA zone."""
        return next((zone for zone in self.zones if iana in zone.iana), None)

    def wrong_rows(self, expected: Mapping[tuple[str, datetime], str]) -> tuple[str, ...]:
        """What the rows say otherwise than expected, in sentences; by IANA zone and instant."""
        return tuple(
            f"{zone.key}: at {instant:%Y-%m-%d %H:%MZ} its rows give {said}, {iana} is {wanted}"
            for (iana, instant), wanted in expected.items()
            if (zone := self.zone_of(iana)) and (said := shown(zone.rules.offset(instant))) != wanted
        )


def read_zone_file(path: Path | Traversable) -> ZoneFile:
    """Read and check such a file.

    Raises:
        FixError: it cannot be read, or a key or value in it is wrong; names the place.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        source, zones = content["source"], content["zones"]
        if not str(source or "").strip():
            raise FixError(f"{path}: source: says nothing; name who says that these rows are right")
        return ZoneFile(str(source).strip(), tuple(_zone(path, entry) for entry in zones))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise FixError(f"{path}: cannot be read: {why_unreadable(error)}") from None
    except (KeyError, TypeError, AttributeError) as error:
        raise FixError(f"{path}: is not of the form 'source: ..., zones: [{{key: ..., ...}}]': {error}") from None


def _zone(path: Path | Traversable, entry: Mapping[str, object]) -> WindowsZone:
    key = str(entry["key"])
    place = f"{path}: zones: {key}"
    texts = {name: str(entry.get(name, "")) for name in ("display", "standard", "daylight")}
    if not _KEY.fullmatch(key) or not all(_TEXT.fullmatch(text) for text in texts.values()):
        raise FixError(f"{place}: key, display, standard and daylight take plain ASCII")
    years = entry.get("years") or {}
    if not isinstance(years, dict):
        raise FixError(f"{place}: years: takes lines such as '2026: {{bias: 480}}'")
    made = {int(year): _row(f"{place}: years: {year}", row) for year, row in years.items()}
    if made and sorted(made) != list(range(min(made), max(made) + 1)):
        raise FixError(f"{place}: years: {min(made)} to {max(made)} has gaps; Windows needs a row for every year")
    rules = Rules(_row(f"{place}: plain", entry["plain"]), made)
    iana, replaces = (_words(entry.get(name)) for name in ("iana", "replaces"))
    return WindowsZone(key, iana, rules, replaces, **texts)


def _words(value: object) -> tuple[str, ...]:
    return tuple(str(word) for word in value) if isinstance(value, list) else ()


def _row(place: str, entry: object) -> Row:
    if isinstance(entry, str):
        try:
            return Row.read(entry)
        except ValueError as error:
            raise FixError(f"{place}: {error}") from None
    if not isinstance(entry, dict) or "bias" not in entry:
        raise FixError(f"{place}: takes a row such as {{bias: 480}} or 88 hexadecimal digits")
    biases = [entry.get(name, 0) for name in ("bias", "standard_bias", "daylight_bias")]
    turns = [_turn(place, entry.get(name)) for name in ("standard", "daylight")]
    if not all(isinstance(bias, int) and abs(bias) <= 960 for bias in biases):
        raise FixError(f"{place}: biases are whole minutes between -960 and 960, not {biases}")
    if bool(turns[0].month) != bool(turns[1].month):
        raise FixError(f"{place}: standard and daylight go together")
    return Row(*biases, *turns)


def _turn(place: str, text: object) -> Turn:
    if text is None:
        return Turn()
    match = _TURN.fullmatch(str(text))
    if not match or match[1] not in _MONTHS or match[3] not in _DAYS:
        raise FixError(f"{place}: {text!r} is not a rule such as 'Mar 2Sun 02:00' or 'Oct lastSun 03:00'")
    week = 5 if match[2] == "last" else int(match[2])
    clock = [int(part or 0) for part in match.groups()[3:]]
    return Turn(_MONTHS.index(match[1]) + 1, _DAYS.index(match[3]), week, *clock)


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _hexadecimal(row: Row) -> str:
    return "hex:" + ",".join(f"{byte:02x}" for byte in row.written())
