"""A ledger on each database."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ledger.database import Limits
from ledger.guard import Redact, leave
from ledger.open import open_ledger
from ledger.store import SqlLedger
from muster.clock import ManualClock

DATABASES = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
QUICK = Limits(connect_s=30, lock_s=20, statement_s=30, reconnect_s=5)

Open = Callable[..., SqlLedger]


@pytest.fixture(params=DATABASES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a fresh database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/ledger.db"
    address: str = request.getfixturevalue("postgres_url")
    return address


@pytest.fixture
def clock() -> ManualClock:
    """The clock of the record."""
    return ManualClock(datetime(2026, 10, 19, 8, 0, tzinfo=UTC))


@pytest.fixture
def lease_clock() -> ManualClock:
    """The clock by which leases run out; far from the other, as in a demo."""
    return ManualClock(datetime(2027, 3, 1, tzinfo=UTC))


@pytest.fixture
def opened(clock: ManualClock, lease_clock: ManualClock) -> Iterator[Open]:
    """Opens ledgers and closes them at the end."""
    ledgers: list[SqlLedger] = []

    def open_at(url: str, *, create: bool = True, redact: Redact = leave, limits: Limits = QUICK) -> SqlLedger:
        ledger = open_ledger(url, clock=clock, lease_clock=lease_clock, create=create, redact=redact, limits=limits)
        assert isinstance(ledger, SqlLedger)
        ledgers.append(ledger)
        return ledger

    yield open_at
    for ledger in ledgers:
        ledger.close()


@pytest.fixture
def ledger(url: str, opened: Open) -> SqlLedger:
    """A ledger on each database."""
    return opened(url)
