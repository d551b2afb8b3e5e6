"""Fixtures for the whole suite: databases."""

from collections.abc import Iterator

import pytest

from tests.postgres import PostgresServer, find_binaries


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A real PostgreSQL, started when the first test asks for it."""
    binaries = find_binaries()
    if binaries is None:
        pytest.skip("PostgreSQL's initdb and postgres were not found on PATH or in /usr/lib/postgresql")
    server = PostgresServer(binaries)
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """The address of a fresh database that already has the ledger's schema; dropped afterwards."""
    name = postgres_server.ledger_database()
    yield postgres_server.url(name)
    postgres_server.drop(name)
