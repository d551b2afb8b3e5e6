"""Look for secrets in everything that a campaign leaves behind or shows while it runs."""

import base64
import json
import time
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import Self
from urllib.parse import quote
from urllib.request import Request, urlopen

from sqlalchemy import URL, MetaData, create_engine, select

LOOK_S = 0.01
SAME_PROCESS_S = 0.2
"""A process is looked at again after this long: it may have become another one."""


@dataclass(frozen=True)
class Secrets:
    """Secrets by the name under which a find is reported."""

    values: Mapping[str, str]

    def found_in(self, data: bytes) -> list[str]:
        """The names of the secrets that are in there, as they are or in a usual disguise."""
        return [name for name, value in self.values.items() if any(form in data for form in _forms(value))]


def _forms(secret: str) -> tuple[bytes, ...]:
    plain = secret.encode()
    forms = {plain, quote(secret, safe="").encode(), base64.b64encode(plain), plain.hex().encode()}
    forms.add(json.dumps(secret).strip('"').encode())
    return tuple(forms)


def key_lines(private: str) -> dict[str, str]:
    """The lines of a private key's file that are not its frame, and not only zeros and headers of every key."""
    lines = [line for line in private.splitlines() if line and not line.startswith("-----")]
    return {f"line {number} of the key": line for number, line in enumerate(lines) if number > 0 and len(line) > 20}


def found_in_folder(secrets: Secrets, folder: Path) -> list[str]:
    """A sentence for each file below ``folder`` that holds a secret; workbooks are unpacked."""
    return [
        f"{name} is in {file.relative_to(folder)}"
        for file in sorted(folder.rglob("*"))
        if file.is_file() and not file.is_symlink()
        for data in _contents(file)
        for name in secrets.found_in(data)
    ]


def _contents(file: Path) -> Iterator[bytes]:
    yield file.read_bytes()
    if zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as packed:
            yield from (packed.read(name) for name in packed.namelist())


def found_in_ledger(secrets: Secrets, url: URL) -> list[str]:
    """A sentence for each table of the ledger that holds a secret."""
    return [
        f"{name} is in the table {table}" for table, text in _tables(url) for name in secrets.found_in(text.encode())
    ]


def _tables(url: URL) -> Iterator[tuple[str, str]]:
    engine = create_engine(url)
    try:
        there = MetaData()
        there.reflect(engine)
        assert "events" in there.tables, "this is a ledger"
        with engine.connect() as connection:
            for name, table in there.tables.items():
                yield name, "\n".join(str(tuple(row)) for row in connection.execute(select(table)))
    finally:
        engine.dispose()


def found_in_prefect(secrets: Secrets, api_url: str) -> list[str]:
    """A sentence for each thing that Prefect's API tells a secret about."""
    found: list[str] = []
    for kind in ("flows", "flow_runs", "task_runs", "logs", "artifacts", "variables", "block_documents"):
        answer = _ask(f"{api_url}/{kind}/filter")
        found += [f"{name} is in Prefect's {kind}" for name in secrets.found_in(answer)]
    return found


def parameters_in_prefect(api_url: str) -> list[Mapping[str, object]]:
    """The parameters of every flow run."""
    return [run["parameters"] for run in json.loads(_ask(f"{api_url}/flow_runs/filter"))]


def _ask(url: str) -> bytes:
    request = Request(url, b"{}", {"Content-Type": "application/json"})  # noqa: S310 - our own server
    with urlopen(request, timeout=30) as answer:  # noqa: S310 - our own server
        return bytes(answer.read())


@dataclass
class CommandLines:
    """Every command line that ``ps`` could have shown, of any process of this machine, while the block lasts."""

    seen: set[bytes] = field(default_factory=set)
    _left: Event = field(default_factory=Event)

    def __enter__(self) -> Self:
        self._thread = Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._left.set()
        self._thread.join()

    def found(self, secrets: Secrets) -> list[str]:
        """A sentence for each command line that holds a secret."""
        return [
            f"{name} was in the process list: {line[:60]!r}" for line in self.seen for name in secrets.found_in(line)
        ]

    def _watch(self) -> None:
        known: dict[str, float] = {}
        while not self._left.wait(LOOK_S):
            now = time.monotonic()
            for line in _command_lines(known, now):
                self.seen.add(line)


def _command_lines(known: dict[str, float], now: float) -> Iterable[bytes]:
    """Of processes that are new, or were not looked at for a while."""
    for process in Path("/proc").iterdir():
        if not process.name.isdecimal() or now - known.get(process.name, -9.0) < SAME_PROCESS_S:
            continue
        try:
            line = (process / "cmdline").read_bytes()
        except OSError:
            continue
        known[process.name] = now if line else known.get(process.name, -9.0)
        yield line
