"""The ledger's address: what ``${NAME}`` in it means, and how it is shown without its password."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from muster.errors import SettingsError

_REFERENCE = re.compile(r"\$\{([^}]*)\}")
_HINT = "Such as sqlite:///muster.db or postgresql+psycopg://muster:${MUSTER_DB_PASSWORD}@db.example.com/muster."
_DRIVERS = {"sqlite": "sqlite+pysqlite", "postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}


@dataclass(frozen=True, slots=True)
class Address:
    """A checked address; ``repr`` and ``str`` show it without its password."""

    url: URL

    @property
    def is_sqlite(self) -> bool:
        """Whether the ledger is one file."""
        return self.url.get_backend_name() == "sqlite"

    @property
    def password(self) -> str:
        """The password in it, empty where there is none; for hiding it in what others say."""
        return str(self.url.password or "")

    def hide(self, text: str) -> str:
        """``text`` without the password, should a driver repeat it."""
        return text.replace(self.password, "***") if self.password else text

    def __str__(self) -> str:
        if self.is_sqlite:
            return f"{self.url.database}"
        return self.url.set(query={}).render_as_string(hide_password=True)

    def __repr__(self) -> str:
        return f"Address({self})"


def read_address(text: str, environment: Mapping[str, str] | None = None) -> Address:
    """Read an address; ``${NAME}`` becomes the value of that variable, whatever characters it holds.

    References are put in after the address was taken apart, so a password may hold ``@`` and ``/``.

    Raises:
        SettingsError: it cannot be read, names a variable that is not set, or a database that is not supported.
    """
    values = os.environ if environment is None else environment
    names: list[str] = []

    def hold_place(match: re.Match[str]) -> str:
        names.append(match[1])
        return f"MUSTERREF{len(names) - 1}END"

    held = _REFERENCE.sub(hold_place, text)
    missing = [name for name in names if name not in values]
    if missing:
        raise SettingsError(
            f"the ledger's address asks for the environment variable {missing[0]}, which is not set",
            hint=f"Set {missing[0]}, or change ledger_url in muster.yml.",
        )
    if _REFERENCE.fullmatch(text):
        return read_address(values[names[0]], {})
    try:
        url = make_url(held)
    except (ArgumentError, ValueError):
        raise SettingsError("the ledger's address cannot be read", hint=_HINT) from None
    return _supported(_put_in(url, tuple(values[name] for name in names)))


def _put_in(url: URL, values: tuple[str, ...]) -> URL:
    def put(part: str | None) -> str | None:
        if part is None:
            return None
        return re.sub(r"MUSTERREF(\d+)END", lambda match: values[int(match[1])], part)

    return url.set(
        username=put(url.username),
        password=put(None if url.password is None else str(url.password)),
        host=put(url.host),
        database=put(url.database),
        query={key: put(value) if isinstance(value, str) else value for key, value in url.query.items()},  # type: ignore[misc]
    )


def _supported(url: URL) -> Address:
    backend = url.drivername.partition("+")[0]
    driver = _DRIVERS.get(backend)
    if driver is None or url.drivername not in {backend, driver}:
        raise SettingsError(f"the ledger cannot be kept in {url.drivername}", hint=_HINT)
    if backend == "sqlite" and url.database in {None, "", ":memory:"}:
        raise SettingsError("the ledger needs a file: memory does not outlive the process", hint=_HINT)
    return Address(url.set(drivername=driver))
