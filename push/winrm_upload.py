"""Bring files to a Windows host through a shell, with what plain cmd has, and believe nothing that was not checked.

The bytes go through the standard input of ``findstr "^"`` into a file, in pieces of 64 KB, and are checked by
``certutil -hashfile``. Where a host has no such programs, or only ones that say 0 and do nothing, the file is read
back and compared here, and ``more`` is tried in place of ``findstr``, 20 rows of 80 columns at a time (Wine's stops
and asks for a key after 24).
What is no text (or has lines that are too long for these programs) goes as base64 and is unpacked by ``certutil``.
"""

import base64
import re
from collections.abc import Iterator
from hashlib import sha256

from muster.errors import StepFailed
from push.winrm_shell import WinRmShell

LINE_LIMIT_BYTES = 4096
"""Half of what ``findstr`` takes from a pipe."""
PAGE_ROWS, ROW_COLUMNS = 20, 80
READ_BACK_LIMIT_BYTES = 200_000
_HEX = re.compile(rb"^[0-9a-fA-F ]{64,95}$", re.MULTILINE)


def as_text(text: str) -> bytes:
    """A script or a text file as Windows wants it: UTF-8, every line ended by CR LF."""
    return "".join(f"{line}\r\n" for line in text.splitlines()).encode()


def upload(shell: WinRmShell, folder: str, name: str, content: bytes) -> None:
    """Make the file ``name`` in ``folder`` (a path for cmd, which may hold %TEMP%), which is made where it is absent.

    Raises:
        StepFailed: it did not arrive as it was sent, whatever was tried.
    """
    if not content:
        shell.run(f'md "{folder}" 2>nul & type nul > "{folder}\\{name}"')
    elif _is_text(content):
        _upload_text(shell, folder, name, content)
    else:
        _upload_packed(shell, folder, name, content)


def remove(shell: WinRmShell, folder: str) -> None:
    """Remove the folder with all that is in it."""
    shell.run(f'rmdir /s /q "{folder}"')


def _is_text(content: bytes) -> bool:
    lines = content.split(b"\r\n")
    odd = re.search(rb"[^\t\x20-\x7e\x80-\xff\r\n]", content)
    return (
        not odd
        and lines[-1] == b""
        and not any(b"\r" in line or b"\n" in line or len(line) > LINE_LIMIT_BYTES for line in lines)
    )


def _upload_text(shell: WinRmShell, folder: str, name: str, content: bytes) -> None:
    path = f"{folder}\\{name}"
    said = shell.run(
        f'md "{folder}" 2>nul & findstr "^" > "{path}" & certutil -hashfile "{path}" SHA256', content
    ).stdout
    arrived = _digest_in(bytes(said))
    if arrived == sha256(content).hexdigest():
        return
    if arrived is None and _read_back(shell, path, content):
        return
    _upload_by_pages(shell, path, content)
    hashed = arrived is not None and _hash_of(shell, path) == sha256(content).hexdigest()
    if not (hashed or _read_back(shell, path, content)):
        raise StepFailed(
            f"{name} did not arrive as it was sent ({len(content)} bytes); nothing was begun",
            hint="is its disk full, or may this account not write to its folder for temporary files?",
        )


def _upload_by_pages(shell: WinRmShell, path: str, content: bytes) -> None:
    for number, page in enumerate(_pages(content)):
        shell.run(f'more {">>" if number else ">"} "{path}"', page)


def _pages(content: bytes) -> Iterator[bytes]:
    page, rows = b"", 0
    for line in content.splitlines(keepends=True):
        needed = 1 + len(line.expandtabs()) // ROW_COLUMNS
        if page and rows + needed > PAGE_ROWS:
            yield page
            page, rows = b"", 0
        page, rows = page + line, rows + needed
    yield page


def _upload_packed(shell: WinRmShell, folder: str, name: str, content: bytes) -> None:
    packed = base64.encodebytes(content).replace(b"\n", b"\r\n")
    _upload_text(shell, folder, f"{name}.b64", packed)
    path = f"{folder}\\{name}"
    shell.run(f'certutil -f -decode "{path}.b64" "{path}"')
    if _hash_of(shell, path) != sha256(content).hexdigest():
        raise StepFailed(
            f"{name} could not be unpacked there: certutil is missing or does not work; nothing was begun",
            hint="a payload of plain text needs no certutil",
        )


def _hash_of(shell: WinRmShell, path: str) -> str | None:
    return _digest_in(bytes(shell.run(f'certutil -hashfile "{path}" SHA256').stdout))


def _digest_in(said: bytes) -> str | None:
    """The digest that certutil printed; older ones print it in pairs with blanks between."""
    for found in _HEX.findall(said.replace(b"\r", b"")):
        digest: bytes = found.replace(b" ", b"")
        if len(digest) == 64:
            return digest.decode().lower()
    return None


def _read_back(shell: WinRmShell, path: str, content: bytes) -> bool:
    if len(content) > READ_BACK_LIMIT_BYTES:
        return False
    return bytes(shell.run(f'type "{path}"').stdout) == content
