"""One Prefect server for all tests of flows in one session, and workspaces with a demo fleet behind them."""

import os
from collections.abc import Iterator

import pytest

from flows.environment import tell_prefect
from flows.server import API_VARIABLE, OwnServer


@pytest.fixture(scope="session")
def prefect_api_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server that this session started; set in the environment while the session lasts."""
    before = os.environ.pop(API_VARIABLE, None)
    server = OwnServer(tmp_path_factory.mktemp("prefect"), idle_s=60)
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
