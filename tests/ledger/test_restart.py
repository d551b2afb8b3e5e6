"""A PostgreSQL that is stopped and started while a campaign is under way."""

import threading
import time

import pytest

from ledger.bulk import sending, update_rows
from ledger.database import Limits
from ledger.tables import host_states
from muster.errors import LedgerUnavailable
from muster.outcomes import HostStatus
from tests.ledger.conftest import QUICK, Open
from tests.ledger.make import CAMPAIGN, begin_stale, claim, finish, ids
from tests.postgres import PostgresServer

pytestmark = pytest.mark.postgres


def test_connections_from_before_a_restart_are_replaced(
    postgres_server: PostgresServer, postgres_url: str, opened: Open
) -> None:
    ledger = opened(postgres_url)
    begin_stale(ledger)
    leases = claim(ledger, ids(4))
    postgres_server.stop()
    postgres_server.start()
    assert finish(ledger, leases) == ()
    assert {state.status for state in ledger.hosts(CAMPAIGN)} == {HostStatus.VERIFIED}


def test_a_transaction_that_has_not_begun_waits_for_the_database_to_come_back(
    postgres_server: PostgresServer, postgres_url: str, opened: Open
) -> None:
    ledger = opened(postgres_url, limits=Limits(reconnect_s=120))
    begin_stale(ledger)
    postgres_server.stop()
    back = threading.Timer(1.0, postgres_server.start)
    back.start()
    try:
        assert len(claim(ledger, ids(4))) == 4
    finally:
        back.join()


def test_a_database_that_stays_away_is_unavailable_in_time(
    postgres_server: PostgresServer, postgres_url: str, opened: Open
) -> None:
    ledger = opened(postgres_url, limits=Limits(reconnect_s=0.5))
    begin_stale(ledger)
    postgres_server.stop()
    began = time.monotonic()
    try:
        with pytest.raises(LedgerUnavailable, match="cannot be reached"):
            claim(ledger, ids(4))
        assert 0.5 <= time.monotonic() - began < 60
    finally:
        postgres_server.start()
    assert len(claim(ledger, ids(4))) == 4


def test_a_transaction_that_is_cut_in_the_middle_happened_not_at_all(
    postgres_server: PostgresServer, postgres_url: str, opened: Open
) -> None:
    ledger = opened(postgres_url, limits=QUICK)
    begin_stale(ledger)
    before = ledger.revision()

    def write_and_be_cut() -> None:
        with ledger.database.writing() as connection:
            connection.exec_driver_sql("UPDATE host_states SET status = 'verified'")
            postgres_server.stop()
            postgres_server.start()
            connection.exec_driver_sql("SELECT 1")

    with pytest.raises(LedgerUnavailable):
        write_and_be_cut()
    assert ledger.revision() == before
    assert {state.status for state in ledger.hosts(CAMPAIGN)} == {HostStatus.STALE}


def test_a_batch_that_is_cut_while_it_is_sent_happened_not_at_all(
    postgres_server: PostgresServer, postgres_url: str, opened: Open
) -> None:
    ledger = opened(postgres_url, limits=QUICK)
    begin_stale(ledger)
    before = ledger.revision()

    def send_and_be_cut() -> None:
        with ledger.database.writing() as connection, sending(connection):
            rows = [("verified", CAMPAIGN, host_id) for host_id in ids(4)]
            update_rows(connection, host_states, ("status",), ("campaign_id", "host_id"), rows)
            postgres_server.stop()
            postgres_server.start()

    with pytest.raises(LedgerUnavailable):
        send_and_be_cut()
    assert ledger.revision() == before
    assert {state.status for state in ledger.hosts(CAMPAIGN)} == {HostStatus.STALE}
    assert len(claim(ledger, ids(4))) == 4
