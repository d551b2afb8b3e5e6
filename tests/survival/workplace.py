"""A workspace and its commands: the real command line, in processes of its own, and the ledger that they wrote."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import URL

from ledger.address import read_address
from ledger.open import open_ledger
from muster.cli.acts import SOME_FAILED
from muster.cli.app import app
from muster.cli.story import CLOCK_STANDS_AT
from muster.clock import SystemClock
from muster.demo.zones import FRESH_VERSION, zoneinfo_folder
from muster.ids import CampaignId
from muster.ports import Ledger
from muster.records import AttemptRow, Event, HostState, WaveRow

CAMPAIGN = CampaignId("c")
MUSTER = Path(sys.executable).with_name("muster")
PATIENCE_S = 240
LOOK_S = 0.005
ZONE = "America/Vancouver"

SETTINGS = """\
ledger_url: "{ledger_url}"
clock_shift_s: {clock_shift_s}
default_credential: "key:{key}"
known_hosts: known_hosts
connect_timeout_s: 4
parallel_hosts: 2       # few at a time, so that an accident finds some done, some at work and some to come
"""

CAMPAIGN_FILE = """\
id: c
name: Vancouver stays on UTC-7
fix: tzdata
deadline: 2026-10-31 18:00
timezone: {zone}
reason: Clocks in British Columbia are not set back any more.
parameters:
  instants: ["2026-11-22T12:00:00Z"]
  source: {source}
  package: never
  look_for: ""
waves:
  growth_factor: 1.5
  min_success_rate: 0.5
  tolerated_failures: 2
"""


@dataclass(frozen=True, slots=True)
class Said:
    """What a command said, and how it ended."""

    code: int
    out: str
    err: str

    def __post_init__(self) -> None:
        """No error may reach a user in any other form than a sentence."""
        assert "Traceback" not in self.out + self.err, f"a traceback reached the user:\n{self.out}\n{self.err}"
        assert "nobody foresaw" not in self.err, f"an error that Muster does not know:\n{self.err}"

    @property
    def summary(self) -> Mapping[str, int]:
        """The hosts by status, from the document that ends ``muster run --json``."""
        document = json.loads(self.out[self.out.index("{") :])
        return dict(document["by_status"])


@dataclass
class Workplace:
    """A workspace folder; ``environment`` is that of its commands."""

    workspace: Path
    environment: Mapping[str, str]
    ledger_url: str = "sqlite:///muster.db"
    _commands: list["subprocess.Popen[str]"] = field(default_factory=list)

    def write(self, *, key: Path, known_hosts: str, **settings: object) -> None:
        """Settings and the campaign file; ``settings`` are further lines of ``muster.yml``."""
        self.workspace.mkdir(parents=True)
        (self.workspace / "known_hosts").write_text(known_hosts)
        shift_s = round((CLOCK_STANDS_AT - datetime.now(UTC)).total_seconds())
        lines = SETTINGS.format(ledger_url=self.ledger_url, clock_shift_s=shift_s, key=key)
        lines += "".join(f"{name}: {value}\n" for name, value in settings.items())
        (self.workspace / "muster.yml").write_text(lines)
        (self.workspace / "campaign.yml").write_text(
            CAMPAIGN_FILE.format(zone=ZONE, source=zoneinfo_folder(FRESH_VERSION))
        )

    def prepare(self, fleet_files: Path) -> None:
        """Import, probe, plan and dispatch, so that a run is what comes next; in this process, to save time."""
        for words in (("import", str(fleet_files)), ("probe",), ("plan", "--seconds", "2"), ("dispatch",)):
            app(["-C", str(self.workspace), *words], standalone_mode=False)

    # commands
    def start(self, *words: str, more: Mapping[str, str] | None = None) -> "subprocess.Popen[str]":
        """Start a command as it would be typed; it is a process group of its own."""
        started = subprocess.Popen(
            [str(MUSTER), "-C", str(self.workspace), *words],
            env={**self.environment, **(more or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._commands.append(started)
        return started

    def end(self, command: "subprocess.Popen[str]") -> Said:
        """Wait for its end."""
        out, err = command.communicate(timeout=PATIENCE_S)
        return Said(command.returncode, out, err)

    def muster(self, *words: str, more: Mapping[str, str] | None = None) -> Said:
        """A command from its start to its end."""
        return self.end(self.start(*words, more=more))

    def well(self, *words: str, more: Mapping[str, str] | None = None) -> Said:
        """A command that must end well; of a run's hosts, some are built to come to no good end."""
        said = self.muster(*words, more=more)
        assert said.code in ({0, SOME_FAILED} if words[0] == "run" else {0}), (
            f"muster {' '.join(words)} ended with {said.code}:\n{said.out}\n{said.err}"
        )
        return said

    def kill_all(self) -> None:
        """End every command that was started here, at once."""
        for command in self._commands:
            if command.poll() is None:
                kill(command)
                command.communicate()
        self._commands.clear()

    def wait_for(self, what: Callable[[], object], command: "subprocess.Popen[str] | None" = None) -> None:
        """Until something holds; ``command`` must not end before."""
        give_up_at = time.monotonic() + PATIENCE_S
        while not what():
            assert time.monotonic() < give_up_at, "it did not come about"
            assert command is None or command.poll() is None, f"the command ended before: {command.communicate()}"
            time.sleep(LOOK_S)

    # the ledger
    @property
    def database(self) -> Path:
        """The file of the ledger, where it is SQLite."""
        return self.workspace / "muster.db"

    def hosts(self) -> tuple[HostState, ...]:
        with closing(self._ledger()) as ledger:
            return ledger.hosts(CAMPAIGN)

    def attempts(self) -> tuple[AttemptRow, ...]:
        with closing(self._ledger()) as ledger:
            return ledger.attempts(CAMPAIGN)

    def waves(self) -> tuple[WaveRow, ...]:
        with closing(self._ledger()) as ledger:
            return ledger.waves(CAMPAIGN)

    def events(self) -> tuple[Event, ...]:
        with closing(self._ledger()) as ledger:
            return ledger.events(campaign_id=CAMPAIGN, limit=100_000)

    def summary(self) -> dict[str, int]:
        """The hosts by status, from the ledger."""
        return dict(Counter(state.status.value for state in self.hosts()))

    def _ledger(self) -> Ledger:
        return open_ledger(self._address, clock=SystemClock())

    @property
    def sqlalchemy_url(self) -> URL:
        """The address of the ledger's database, with its password."""
        return read_address(self._address).url

    @property
    def _address(self) -> str:
        return self.ledger_url.replace("sqlite:///muster.db", f"sqlite:///{self.database}")


def kill(command: "subprocess.Popen[str]") -> None:
    """``kill -9`` of the whole process group."""
    os.killpg(command.pid, signal.SIGKILL)


def plain_environment() -> dict[str, str]:
    """This process's environment without anything that Prefect or Muster would heed."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT", "MUSTER"))}
