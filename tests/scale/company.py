"""A company of several machines on one: a Prefect server, a ledger on PostgreSQL, workers, each its own process."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx
import psutil
import yaml

from benchmarks.stub_world import CAMPAIGN, StubWorld
from flows.environment import QUIET_AND_QUICK
from ledger.open import open_ledger
from muster.clock import SystemClock
from muster.ports import Ledger
from tests.scale.standin import FOLDER_VARIABLE, SECONDS_VARIABLE, shadow
from tests.survival.host_log import Session, read_log
from tests.survival.workplace import MUSTER, Said, plain_environment

PATIENCE_S = 600.0
LOOK_S = 0.1
ANSWERS_S = 120.0


@dataclass
class PrefectServer:
    """A Prefect server of our own, which can be taken away and started anew at the same address."""

    home: Path
    port: int
    database_url: str = ""
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        """Its API."""
        return f"http://127.0.0.1:{self.port}/api"

    def start(self) -> None:
        """Start it and wait until it answers."""
        self.home.mkdir(parents=True, exist_ok=True)
        environment = {**plain_environment(), **QUIET_AND_QUICK, "PREFECT_HOME": str(self.home)}
        if self.database_url:
            environment["PREFECT_API_DATABASE_CONNECTION_URL"] = self.database_url
        command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(self.port)]
        with (self.home / "server.log").open("ab") as log:
            self.process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
        wait_for(self.answers, "Prefect's server does not answer", limit_s=ANSWERS_S)

    def answers(self) -> bool:
        """Whether it is there."""
        try:
            return httpx.get(f"{self.url}/health", timeout=2).status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False

    def kill(self) -> None:
        """Take it away at once."""
        if self.process is not None:
            kill_family(self.process)


@dataclass
class Company:
    """A campaign, the machines that push it, and what the hosts remember."""

    folder: Path
    api_url: str
    ledger_url: str
    world: StubWorld
    seconds: float = 0.0
    settings: Mapping[str, object] = field(default_factory=dict)
    _processes: list["subprocess.Popen[str]"] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Write the workspace and dispatch the plan."""
        self.workspace = self.folder / "workspace"
        self.hosts_folder = self.folder / "hosts"
        for folder in (self.workspace, self.hosts_folder):
            folder.mkdir(parents=True)
        self.python_path = shadow(self.folder / "shadow")
        self.write_settings(self.workspace)
        with closing(self.ledger()) as ledger:
            self.world.dispatch_in(ledger)

    def write_settings(self, workspace: Path, **more: object) -> None:
        """The settings of one machine's copy of the workspace."""
        lines: dict[str, object] = {
            "ledger_url": self.ledger_url,
            "engine": "workers",
            "default_credential": "env:HOME_KEY",
        }
        lines |= {"parallel_hosts": 16, "lease_s": 10, **self.settings, **more}
        (workspace / "muster.yml").write_text(yaml.safe_dump(lines))

    @property
    def environment(self) -> dict[str, str]:
        """Of every process of ours."""
        return {
            **plain_environment(),
            "PREFECT_API_URL": self.api_url,
            "PREFECT_HOME": str(self.folder / "prefect"),
            "PYTHONPATH": self.python_path,
            FOLDER_VARIABLE: str(self.hosts_folder),
            SECONDS_VARIABLE: str(self.seconds),
            "HOME_KEY": "key of the house",
        }

    def start(self, *words: str, workspace: Path | None = None, **more: str) -> "subprocess.Popen[str]":
        """Start a command of Muster's in a session of its own, its words in a file."""
        command = [str(MUSTER), "-C", str(workspace or self.workspace), *words]
        said = (self.folder / f"said-{len(self._processes)}").open("w+")
        started = subprocess.Popen(
            command,
            env={**self.environment, **more},
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            text=True,
            start_new_session=True,
        )
        vars(started)["said"] = said
        self._processes.append(started)
        return started

    def end(self, process: "subprocess.Popen[str]", limit_s: float = PATIENCE_S) -> Said:
        """Wait for its end."""
        process.wait(limit_s)
        return Said(process.returncode, self.said(process), "")

    def said(self, process: "subprocess.Popen[str]") -> str:
        """What it has said so far."""
        return Path(vars(process)["said"].name).read_text()

    def close(self) -> None:
        """End everything that was started here, at once."""
        for process in self._processes:
            kill_family(process)
            vars(process)["said"].close()

    def ledger(self) -> Ledger:
        """The ledger, opened anew."""
        return open_ledger(self.ledger_url, clock=SystemClock())

    def standing(self) -> dict[str, int]:
        """How many hosts stand how."""
        with closing(self.ledger()) as ledger:
            states = ledger.hosts(CAMPAIGN)
        return {one: sum(state.status.value == one for state in states) for one in {s.status.value for s in states}}

    def sessions(self) -> list[Session]:
        """What the hosts remember; a step whose process was killed ended with it."""
        seen = read_log(self.hosts_folder / "log")
        return [one if one.ended_s is not None else replace(one, ended_s=one.begun_s + self.seconds) for one in seen]

    def pushed(self) -> int:
        """How many pushes hosts have begun; quick to ask."""
        log = self.hosts_folder / "log"
        return log.read_bytes().count(b'"step": "apply", "said": ""') if log.exists() else 0


def wait_for(what: Callable[[], object], words: str, *, limit_s: float = PATIENCE_S) -> None:
    """Until something holds."""
    give_up_at = time.monotonic() + limit_s
    while not what():
        assert time.monotonic() < give_up_at, words
        time.sleep(LOOK_S)


def kill_family(process: "subprocess.Popen[str] | subprocess.Popen[bytes]") -> None:
    """``kill -9`` of a process and of all that it started, as when its machine loses power."""
    try:
        family = [*psutil.Process(process.pid).children(recursive=True), psutil.Process(process.pid)]
    except psutil.NoSuchProcess:
        family = []
    for one in family:
        try:
            os.kill(one.pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    process.wait()
