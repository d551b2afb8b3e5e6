"""The source of truth: a folder of compiled zone files, what they say, and the payload made of them."""

import re
import struct
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable
from io import BytesIO
from pathlib import Path
from zoneinfo import ZoneInfo

from muster.errors import FixError

MAGIC = b"TZif"
_NAME = re.compile(r"^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*$")
_NO_NAMES_OF_PLACES = {"Factory", "localtime", "posixrules", "posix", "right"}


@dataclass(frozen=True)
class ZoneSource:
    """A folder of compiled zone files; ``name`` is how messages call it."""

    folder: Path | Traversable
    name: str

    def data(self, zone: str) -> bytes:
        """The compiled file of a zone.

        Raises:
            FixError: the source has no such zone, or the file is not a compiled zone file.
        """
        if not _NAME.match(zone):
            raise FixError(f"tzdata: {zone!r} is not the name of a zone; write it as in America/Vancouver")
        try:
            data = self.folder.joinpath(*zone.split("/")).read_bytes()
        except OSError:
            raise FixError(
                f"tzdata: parameters.source: {self.name} does not know the zone {zone!r}",
                hint="Check the spelling (America/Vancouver), or give a newer source.",
            ) from None
        if not data.startswith(MAGIC):
            raise FixError(f"tzdata: parameters.source: {zone} in {self.name} is not a compiled zone file")
        return data

    def offset(self, zone: str, instant: datetime) -> str:
        """The UTC offset at an instant as ``date +%z`` says it, such as ``-0700``."""
        try:
            rules = ZoneInfo.from_file(BytesIO(self.data(zone)), key=zone)
        except (ValueError, IndexError, struct.error) as error:
            raise FixError(f"tzdata: parameters.source: {zone} in {self.name} cannot be read: {error}") from None
        return instant.astimezone(rules).strftime("%z")

    @cached_property
    def version(self) -> str:
        """The tz release, such as ``2026e``; empty where the folder does not say."""
        for file in ("tzdata.zi", "+VERSION"):
            try:
                text = (self.folder / file).read_text(encoding="utf-8")[:100]
            except OSError:
                continue
            if found := re.search(r"\b\d{4}[a-z]+\b", text):
                return found.group()
        return ""

    def aliases(self, zone: str) -> tuple[str, ...]:
        """Other names with the very same data, such as ``Canada/Pacific`` for ``America/Vancouver``."""
        return tuple(sorted(self._names[sha256(self.data(zone)).digest()] - {zone}))

    @cached_property
    def _names(self) -> dict[bytes, set[str]]:
        names: dict[bytes, set[str]] = defaultdict(set)
        folders: list[tuple[str, Path | Traversable]] = [("", self.folder)]
        while folders:
            prefix, folder = folders.pop()
            for entry in folder.iterdir():
                if entry.name in _NO_NAMES_OF_PLACES or not _NAME.match(entry.name):
                    continue
                if entry.is_dir():
                    folders.append((f"{prefix}{entry.name}/", entry))
                elif (data := entry.read_bytes()).startswith(MAGIC):
                    names[sha256(data).digest()].add(prefix + entry.name)
        return names


def open_source(folder: str) -> ZoneSource:
    """The source in a folder; the installed tzdata package where none is named."""
    if folder:
        path = Path(folder).expanduser()
        return ZoneSource(path, str(path))
    return ZoneSource(files("tzdata") / "zoneinfo", "the installed tzdata package")


def pack(source: ZoneSource, zones: tuple[str, ...]) -> bytes:
    """The payload of ``apply.sh``: a header line, a line for each zone, then the files one after another."""
    contents = [(zone, source.data(zone)) for zone in zones]
    table = "".join(f"{zone} {len(data)}\n" for zone, data in contents).encode()
    body = b"".join(data for _, data in contents)
    header_bytes = len(_first_line(0, 0)) + len(table)
    return _first_line(header_bytes, header_bytes + len(body)) + table + body


def _first_line(header_bytes: int, total_bytes: int) -> bytes:
    return f"muster-tzdata 1 {header_bytes:8d} {total_bytes:8d}\n".encode()


def digests(source: ZoneSource, zones: tuple[str, ...]) -> dict[str, str]:
    """SHA-256 of each zone's file, in hex."""
    return {zone: sha256(source.data(zone)).hexdigest() for zone in zones}
