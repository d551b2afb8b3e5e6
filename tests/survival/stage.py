"""A stage to play accidents on: a demo fleet with a memory, and a workspace for it.

It is built once and then brought back to that state as often as wanted: ``again`` restores the hosts' disks and the
workspace, so that every accident meets the same campaign.
"""

import shutil
import sqlite3
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

import muster.demo.fleet as demo
from muster.demo.cast import Kind
from muster.demo.fleet import DemoFleet
from muster.demo.servers import ServerProcess
from tests.survival.host_log import Session, of_step, read_log
from tests.survival.workplace import Workplace, plain_environment

HOSTS = 20
SEED = 7

STATUS_OF_KIND = {
    Kind.STALE: "verified",
    Kind.RIGHT: "already right",
    Kind.UNAFFECTED: "already right",
    Kind.REFUSING: "unreachable",
    Kind.ONSITE_ONLY: "unreachable",
    Kind.SILENT: "unknown",
    Kind.CHANGED_KEY: "untrusted",
    Kind.FULL_DISK: "failed",
}
"""Where a host of each kind stands at the end of a campaign, by what the demo built into it."""


@dataclass(kw_only=True)
class Stage(Workplace):
    """A fleet that remembers, and the workspace of its campaign."""

    fleet: DemoFleet
    log: Path
    kept: Path = field(init=False)

    def __post_init__(self) -> None:
        self.kept = self.log.with_name("kept")

    def make_ready(self) -> None:
        """Everything up to the dispatch of a plan; the hosts' memory begins after it."""
        self.prepare(self.fleet.files)
        self.log.write_bytes(b"")  # the recorders hold it open

    # what is to be, and what the hosts know
    def expected(self) -> dict[str, int]:
        """The hosts by status at a good end, by how they were built."""
        return dict(Counter(STATUS_OF_KIND[host.kind] for host in self.fleet.hosts))

    def sessions(self) -> list[Session]:
        """What the hosts were made to do since the stage was set."""
        return read_log(self.log)

    def at_work(self, step: str) -> list[Session]:
        """Steps that hosts are carrying out now."""
        return [one for one in of_step(self.sessions(), step) if one.ended_s is None]

    def progress(self) -> int:
        """A number that grows with everything that the ledger or a host writes down; quick to ask."""
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=1)) as connection:
            (revision,) = connection.execute("SELECT max(revision) FROM events").fetchone()
        return int(revision) + self.log.read_bytes().count(b"\n")

    # accidents at the hosts
    def slow_down(self, seconds: float) -> None:
        """A push of a host that needs one takes this long, because the restart of its cron does."""
        for host in self.fleet.of_kind(Kind.STALE):
            script = host.root / "etc/init.d/cron"
            script.write_text(script.read_text().replace("#!/bin/sh\n", f"#!/bin/sh\nsleep {seconds:g}\n", 1))

    def speed_up(self) -> None:
        """Take ``slow_down`` back."""
        for host in self.fleet.of_kind(Kind.STALE):
            script = host.root / "etc/init.d/cron"
            lines = script.read_text().splitlines(keepends=True)
            script.write_text("".join(line for line in lines if not line.startswith("sleep ")))

    # setting the stage
    def keep(self) -> None:
        """Keep the present state as the one that ``again`` returns to."""
        shutil.copytree(self.workspace, self.kept / "workspace", symlinks=True)
        for host in self.fleet.hosts:
            shutil.copytree(host.root, self.kept / "hosts" / host.id, symlinks=True, ignore=_ignore_run)

    def again(self) -> None:
        """Everything as it was when it was kept; commands that still run are killed."""
        self.kill_all()
        shutil.rmtree(self.workspace)
        shutil.copytree(self.kept / "workspace", self.workspace, symlinks=True)
        for host in self.fleet.hosts:
            for entry in host.root.iterdir():
                if entry.name != "run":  # the services that run now keep their process ids there
                    _remove(entry)
            shutil.copytree(self.kept / "hosts" / host.id, host.root, symlinks=True, dirs_exist_ok=True)
        self.log.write_bytes(b"")


Lanes = Callable[[int], list[Stage]]
"""Gives so many stages with campaigns that can be played beside each other; made when they are first asked for."""


@contextmanager
def set_stage(
    folder: Path,
    prefect_api_url: str,
    *,
    hosts: int = HOSTS,
    ledger_url: str = "sqlite:///muster.db",
    recorder: Sequence[str] = (),
    **settings: object,
) -> Iterator[Stage]:
    """A fleet that remembers, and a workspace for it; ``make_ready`` is still to be called.

    Args:
        folder: for everything; made.
        prefect_api_url: the Prefect server that commands use.
        hosts: how many.
        ledger_url: as in ``muster.yml``.
        recorder: further words for the hosts' recorder.
        settings: further lines of ``muster.yml``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "host.log"
    log.touch()
    with patch.object(demo, "ServerProcess", _remembering(log, recorder)):
        fleet = DemoFleet.start(folder / "fleet", hosts=hosts, seed=SEED)
    environment = {**plain_environment(), "PREFECT_API_URL": prefect_api_url}
    stage = Stage(folder / "workspace", environment, ledger_url, fleet=fleet, log=log)
    try:
        stage.write(key=fleet.key, known_hosts=fleet.known_hosts.read_text(), **settings)
        yield stage
    finally:
        stage.kill_all()
        fleet.stop()


def _remembering(log: Path, more: Sequence[str]) -> type[ServerProcess]:
    recorder = (sys.executable, str(Path(__file__).with_name("recorder.py")), str(log), *more, "--")

    class Remembering(ServerProcess):
        def __init__(self, spec_file: Path, sockets: Sequence[int], prefix: Sequence[str] = ()) -> None:
            super().__init__(spec_file, sockets, [*prefix, *recorder])

    return Remembering


def _ignore_run(folder: str, names: list[str]) -> set[str]:
    return {"run"} if "run" in names and (Path(folder) / "etc/hostname").exists() else set()


def _remove(entry: Path) -> None:
    if entry.is_dir() and not entry.is_symlink():
        shutil.rmtree(entry)
    else:
        entry.unlink()
