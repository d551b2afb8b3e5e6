"""Fixtures for the whole suite: databases, and one Prefect server."""

import importlib
import os
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.postgres import PostgresServer, find_binaries

settings.register_profile("muster", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("muster")
"""How long an example takes says how busy the machine is, not whether the code is right."""


LONG_FIRST = ("survival", "flows", "playbooks", "push")
"""Folders whose tests take longest, so that no worker is left alone with them at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long."""

    def place(item: pytest.Item) -> int:
        folder = item.path.relative_to(Path(__file__).parent).parts[0]
        return LONG_FIRST.index(folder) if folder in LONG_FIRST else len(LONG_FIRST)

    items.sort(key=place)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Load what property tests run before they do: hypothesis draws from the constants of the modules that are loaded.

    A module that is loaded in the middle of an example changes what is drawn, and hypothesis calls the test flaky.
    """
    if any(hasattr(getattr(item, "obj", None), "hypothesis") for item in session.items):
        for package in ("muster", "inventory", "ledger", "scheduler", "reports"):
            for module in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
                if not module.name.endswith(("__main__", ".env")) and ".migrations" not in module.name:
                    importlib.import_module(module.name)


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


@pytest.fixture(scope="session")
def prefect_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of that server: its database, its log."""
    return tmp_path_factory.mktemp("prefect")


@pytest.fixture(scope="session")
def prefect_api_url(prefect_home: Path) -> Iterator[str]:
    """The address of a server that this session started; set in the environment while the session lasts."""
    from flows.environment import tell_prefect
    from flows.server import API_VARIABLE, OwnServer

    before = os.environ.pop(API_VARIABLE, None)
    server = OwnServer(prefect_home, idle_s=60)
    server.start()
    try:
        url = server.wait()
        os.environ[API_VARIABLE] = url
        tell_prefect()
        yield url
    finally:
        os.environ.pop(API_VARIABLE, None)
        os.environ.pop("PREFECT_HOME", None)
        if before is not None:
            os.environ[API_VARIABLE] = before
        server.leave(end_it=True)
