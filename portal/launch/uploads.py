"""The files that are sent: what is refused, and how the others are kept and read again."""

import zipfile
from functools import lru_cache
from pathlib import Path

from inventory.formats.credentials import REFUSED_RIGHT, names_secret
from inventory.presets_read import KINDS, read_exports
from inventory.presets_tables import Export
from muster.errors import InputError
from muster.files import write_whole
from portal.launch.state import Part

MOST_BYTES = 20 * 1024 * 1024
MOST_UNPACKED_BYTES = 400 * 1024 * 1024
"""A workbook is packed: this much of it is unpacked at most."""
MOST_ROWS = 200_000
MOST_COLUMNS = 200


def take_in(folder: Path, number: int, name: str, data: bytes) -> tuple[Part, ...]:
    """Keep a file, and give its tables.

    Raises:
        InputError: it is too large, of another kind, empty, broken, or holds secrets; nothing of it is kept.
    """
    title = name.replace("\\", "/").rpartition("/")[2].strip()[:120] or "file"
    ending = Path(title).suffix.lower()
    _refuse(title, ending, data)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{number}{ending}"
    write_whole(path, data)
    try:
        return _parts(path, title, number)
    except InputError:
        path.unlink(missing_ok=True)
        raise


def tables_in(path: Path, title: str) -> tuple[Export, ...]:
    """The tables of a file that is kept; read once for as long as the file stays as it is.

    Raises:
        InputError: it is not there any more, or cannot be read.
    """
    try:
        age = path.stat().st_mtime_ns
    except OSError:
        raise InputError(f"{title} is not there any more", hint="send it again") from None
    return _read(path, title, age)


def _refuse(title: str, ending: str, data: bytes) -> None:
    if ending == ".xls":
        raise InputError(f"{title} is an old workbook", hint="open it and save it as .xlsx or as 'CSV UTF-8'")
    if ending not in KINDS:
        raise InputError(f"{title} is no table that is read here", hint="send a CSV file or a workbook (.xlsx)")
    if not data:
        raise InputError(f"{title} is empty", hint="export it again")
    if len(data) > MOST_BYTES:
        limit = MOST_BYTES // 1024 // 1024
        raise InputError(f"{title} is larger than {limit} MiB", hint="export fewer columns, or one client at a time")


def _parts(path: Path, title: str, number: int) -> tuple[Part, ...]:
    if path.suffix in {".xlsx", ".xlsm"}:
        _refuse_bomb(path, title)
    tables = tables_in(path, title)
    for one in tables:
        if secret := next((name for name in one.columns if names_secret(name)), ""):
            raise InputError(f"{one.source}: the column {secret} holds secrets; nothing was kept", hint=REFUSED_RIGHT)
        if not one.rows:
            raise InputError(f"{one.source} has a line of names and no rows", hint="export it with its rows")
        if len(one.rows) > MOST_ROWS or len(one.columns) > MOST_COLUMNS:
            raise InputError(f"{one.source} has too many rows or columns", hint="export one client at a time")
    return tuple(
        Part(f"{number}-{sheet}", path.name, sheet, one.source, len(one.rows)) for sheet, one in enumerate(tables)
    )


def _refuse_bomb(path: Path, title: str) -> None:
    try:
        with zipfile.ZipFile(path) as book:
            size = sum(one.file_size for one in book.infolist())
    except zipfile.BadZipFile:
        hint = "open it and save it as .xlsx or as 'CSV UTF-8'; one with a password cannot be read"
        raise InputError(f"{title} is not a workbook that can be read", hint=hint) from None
    if size > MOST_UNPACKED_BYTES:
        raise InputError(f"{title} is far larger than it looks", hint="save it as 'CSV UTF-8'")


@lru_cache(maxsize=8)
def _read(path: Path, title: str, age: int) -> tuple[Export, ...]:
    del age
    tables, problems, _ = read_exports(path, title)
    if problems:
        first = problems[0]
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise InputError(f"{first.place} {first.wrong}{more}", hint=first.right)
    return tuple(tables)
