"""Muster's own Prefect server, for workspaces that have none.

It is started when it is first needed, shared by all processes, and ended by the last one that uses it.

Every process that uses it holds a shared lock on ``users.lock`` in the server's home. Whoever can take that lock
alone on leaving is the last one, and ends the server. After ``kill -9`` of its users the server stays, idle, until
the next process finds it healthy and uses it.
"""

import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import httpx
import psutil

from flows.environment import prepare_environment
from muster.errors import EngineError

START_TIMEOUT_S = 120.0
STOP_TIMEOUT_S = 10.0
API_VARIABLE = "PREFECT_API_URL"


class OwnServer:
    """The server of one home folder; ``start`` returns at once, ``wait`` when it answers."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._record = home / "server.json"
        self._users: IO[str] | None = None
        self._url = ""

    def start(self) -> None:
        """Begin to use the server: find it healthy, or start it; does not wait until it answers."""
        self._home.mkdir(parents=True, exist_ok=True)
        prepare_environment(self._home)
        self._users = (self._home / "users.lock").open("w")
        fcntl.flock(self._users, fcntl.LOCK_SH)
        with _alone(self._home / "start.lock"):
            self._url = self._running() or self._launch()

    def wait(self) -> str:
        """Wait until the server answers; its API address.

        Raises:
            EngineError: when it ends or stays silent past the time-out; names the log.
        """
        end = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < end:
            if _healthy(self._url):
                return self._url
            if not self._running():
                break
            time.sleep(0.1)
        raise EngineError(
            "Prefect's server does not start", hint=f"its log is {self._home / 'server.log'}; or set {API_VARIABLE}"
        )

    def leave(self) -> None:
        """Use it no more; the last user ends it."""
        if self._users is None:
            return
        with _alone(self._home / "start.lock"):
            try:
                fcntl.flock(self._users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                pass
            else:
                self._end()
            self._users.close()
            self._users = None

    def _running(self) -> str:
        """The address of the process that is recorded and lives; empty when there is none."""
        try:
            record = json.loads(self._record.read_text(encoding="utf-8"))
            process = psutil.Process(record["pid"])
            alive = process.status() != psutil.STATUS_ZOMBIE and abs(process.create_time() - record["started"]) < 1.0
        except (OSError, ValueError, KeyError, psutil.Error):
            return ""
        return str(record["url"]) if alive else ""

    def _launch(self) -> str:
        port = _free_port()
        url = f"http://127.0.0.1:{port}/api"
        command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
        environment = {name: value for name, value in os.environ.items() if name != API_VARIABLE}
        with (self._home / "server.log").open("ab") as log:
            process = subprocess.Popen(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        process.returncode = 0  # it may outlive this process, on purpose: Popen need not warn of it
        record = {"pid": process.pid, "started": psutil.Process(process.pid).create_time(), "url": url}
        temporary = self._record.with_suffix(".new")
        temporary.write_text(json.dumps(record), encoding="utf-8")
        temporary.replace(self._record)
        return url

    def _end(self) -> None:
        if not self._running():
            return
        pid = json.loads(self._record.read_text(encoding="utf-8"))["pid"]
        with suppress(psutil.NoSuchProcess, ProcessLookupError):
            process = psutil.Process(pid)
            os.killpg(pid, signal.SIGTERM)
            try:
                process.wait(STOP_TIMEOUT_S)
            except psutil.TimeoutExpired:
                os.killpg(pid, signal.SIGKILL)
        self._record.unlink(missing_ok=True)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _healthy(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health", timeout=2.0).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False
