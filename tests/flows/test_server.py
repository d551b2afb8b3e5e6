"""Muster's own Prefect server: shared, found again after kill -9, ended when it is idle."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

IDLE_S = 12.0
"""Longer than two users take to start, also on a busy machine."""
USER = """
import sys
from pathlib import Path
from flows.server import OwnServer
server = OwnServer(Path(sys.argv[1]), idle_s=float(sys.argv[2]))
server.start()
print(server.wait(), flush=True)
sys.stdin.readline()
server.leave()
print("left", flush=True)
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("prefect-home")
    yield folder
    for process in psutil.process_iter(["cmdline", "environ"]):
        environment = process.info["environ"] or {}
        if environment.get("PREFECT_HOME") == str(folder):
            process.kill()


class User:
    """A process that uses the server until it is told to leave."""

    def __init__(self, home: Path) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT")}
        self.process = subprocess.Popen(
            [sys.executable, "-c", USER, str(home), str(IDLE_S)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            text=True,
        )
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip()

    def leave(self) -> None:
        self.process.communicate("\n", timeout=60)

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate(timeout=60)


def answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health", timeout=30).status_code == 200
    except httpx.HTTPError:
        return False


def test_the_server_is_shared_survives_a_killed_user_and_ends_when_nobody_has_used_it_for_a_while(home: Path) -> None:
    killed = User(home)
    assert answers(killed.url)
    killed.kill()
    assert answers(killed.url), "a server outlives a user that was killed"
    first, second = User(home), User(home)
    assert first.url == second.url == killed.url, "and is found again"
    first.leave()
    time.sleep(IDLE_S + 3)
    assert answers(second.url), "somebody still uses it"
    second.leave()
    end = time.monotonic() + IDLE_S + 120
    while answers(second.url) and time.monotonic() < end:
        time.sleep(0.2)
    assert not answers(second.url), "its keeper has ended it"
    assert not (home / "server.json").exists()
