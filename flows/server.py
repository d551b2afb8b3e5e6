"""Muster's own Prefect server, for workspaces that have none.

It is started when it is first needed, shared by all processes of the workspace, and ended by its keeper
(``flows.keeper``) once nobody has used it for a while. Every process that uses it holds a shared lock in the server's
home, which the system takes back however the process ends.
"""

import fcntl
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from random import SystemRandom
from typing import IO

import httpx
import psutil

from flows.environment import prepare_environment
from flows.locks import RECORD_FILE, START_LOCK, USERS_LOCK, alone, nobody_holds
from muster.errors import EngineError

START_TIMEOUT_S = 120.0
STOP_TIMEOUT_S = 15.0
ANSWER_TIMEOUT_S = 10.0
API_VARIABLE = "PREFECT_API_URL"
PORTS, PORTS_TRIED = range(20_000, 32_000), 100


def check_configured_server() -> None:
    """Where a server is configured, ask it before anything is begun that would need it.

    An answer of any kind will do: what it refuses afterwards, Prefect's client says.

    Raises:
        EngineError: it does not answer, or what is configured is no address.
    """
    if not (url := os.environ.get(API_VARIABLE)):
        return
    try:
        httpx.get(f"{url}/health", timeout=ANSWER_TIMEOUT_S)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        shown = re.sub(r"(?<=//)[^/@]*@", "", url)
        raise EngineError(
            f"the Prefect server {shown} does not answer ({error})",
            hint=f"start it, or mend {API_VARIABLE}; where that is not set, Muster uses a server of its own",
        ) from None


class OwnServer:
    """The server of one home folder; ``start`` returns at once, ``wait`` when it answers.

    ``idle_s`` is how long its keeper lets it live when nobody uses it.
    """

    def __init__(self, home: Path, *, idle_s: float) -> None:
        self._home = home
        self._idle_s = idle_s
        self._record = home / RECORD_FILE
        self._users: IO[str] | None = None
        self._url = ""

    def start(self) -> None:
        """Begin to use the server: find it, or start it; does not wait until it answers."""
        self._home.mkdir(parents=True, exist_ok=True)
        prepare_environment(self._home)
        with alone(self._home / START_LOCK):
            self._users = (self._home / USERS_LOCK).open("w")
            fcntl.flock(self._users, fcntl.LOCK_SH)
            self._url = self._running() or self._launch()

    def wait(self) -> str:
        """Wait until the server answers; its API address.

        Raises:
            EngineError: when it ends or stays silent past the time-out; names the log.
        """
        end = time.monotonic() + START_TIMEOUT_S
        started_again = False
        while time.monotonic() < end:
            if is_healthy(self._url):
                return self._url
            if not self._running():
                if started_again:
                    break
                started_again = True  # the one that was found has just ended
                with alone(self._home / START_LOCK):
                    self._url = self._running() or self._launch()
            time.sleep(0.1)
        raise EngineError(
            "Prefect's server does not start", hint=f"its log is {self._home / 'server.log'}; or set {API_VARIABLE}"
        )

    def leave(self, *, end_it: bool = False) -> None:
        """Use it no more; ``end_it`` ends it at once where nobody else uses it."""
        if self._users is None:
            return
        with alone(self._home / START_LOCK):
            self._users.close()
            self._users = None
            if end_it and nobody_holds(self._home / USERS_LOCK):
                self._end()

    def find_or_free(self) -> str:
        """The address of the server that others use, and that stays from now on; empty where none runs.

        One that nobody uses is ended, so that whoever asks can start one in its stead and tell it by ``record``.
        """
        self._home.mkdir(parents=True, exist_ok=True)
        prepare_environment(self._home)
        with alone(self._home / START_LOCK):
            if self._running() and nobody_holds(self._home / USERS_LOCK):
                self._end()
            self._users = (self._home / USERS_LOCK).open("w")
            fcntl.flock(self._users, fcntl.LOCK_SH)
            return self._running()

    def address(self) -> str:
        """Where the server is that runs now; empty where none does."""
        return self._running()

    def record(self, pid: int, url: str) -> None:
        """Let every command of the workspace find a server that somebody else has started."""
        with alone(self._home / START_LOCK):
            self._write_record(pid, url)

    def forget(self) -> None:
        """Use it no more, and let nobody find it any more: it is about to end."""
        if self._users is None:
            return
        with alone(self._home / START_LOCK):
            self._record.unlink(missing_ok=True)
            self._users.close()
            self._users = None

    def _running(self) -> str:
        """The address of the server whose keeper is recorded and lives; empty when there is none."""
        try:
            record = json.loads(self._record.read_text(encoding="utf-8"))
            keeper = psutil.Process(record["pid"])
            alive = keeper.status() != psutil.STATUS_ZOMBIE and abs(keeper.create_time() - record["started"]) < 1.0
        except (OSError, ValueError, KeyError, psutil.Error):
            return ""
        return str(record["url"]) if alive else ""

    def _launch(self) -> str:
        port = free_port()
        command = [sys.executable, "-m", "flows.keeper", str(self._home), str(port), str(self._idle_s)]
        environment = {name: value for name, value in os.environ.items() if name != API_VARIABLE}
        with (self._home / "server.log").open("ab") as log:
            keeper = subprocess.Popen(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        keeper.returncode = 0  # it outlives this process on purpose: Popen need not warn of it
        url = f"http://127.0.0.1:{port}/api"
        self._write_record(keeper.pid, url)
        return url

    def _write_record(self, pid: int, url: str) -> None:
        record = {"pid": pid, "started": psutil.Process(pid).create_time(), "url": url}
        temporary = self._record.with_suffix(".new")
        temporary.write_text(json.dumps(record), encoding="utf-8")
        temporary.replace(self._record)

    def _end(self) -> None:
        """End the keeper and the server: they are a process group of their own."""
        if not self._running():
            return
        pid = json.loads(self._record.read_text(encoding="utf-8"))["pid"]
        with suppress(psutil.NoSuchProcess, ProcessLookupError):
            processes = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
            os.killpg(pid, signal.SIGTERM)
            _, left = psutil.wait_procs(processes, STOP_TIMEOUT_S)
            if left:
                os.killpg(pid, signal.SIGKILL)
        self._record.unlink(missing_ok=True)


def free_port() -> int:
    """A port of this machine that nobody listens at now.

    It is below those that Linux gives to outgoing connections (32768 and up): one of them could have it before the
    server does, and whoever asks again and again for a server that is away could be given it, and talk to itself.

    Raises:
        EngineError: there is none.
    """
    for port in SystemRandom().sample(PORTS, PORTS_TRIED):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise EngineError("Prefect's server finds no free port", hint=f"end what listens, or set {API_VARIABLE}")


def is_healthy(url: str) -> bool:
    """Whether a Prefect server answers there."""
    try:
        return httpx.get(f"{url}/health", timeout=2.0).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False
