"""Muster with hosts that are files: everything but the transport and the fix is the real thing.

Workers find ``open_services`` through the entry point ``muster.services``: ``shadow`` writes the metadata of a package
that stands before the real one on ``PYTHONPATH``. A stub host keeps its state in a file of the folder
``MUSTER_STUB_HOSTS``, and what it was made to do in the file ``log`` there, in the form of
``tests.survival.host_log``.
"""

import itertools
import json
import os
import socket
import time
from datetime import timedelta
from functools import cached_property
from pathlib import Path

import muster.wiring as wired
from benchmarks.stub_world import StubFix
from ledger.open import open_ledger
from muster.clock import ShiftedClock
from muster.ids import HostId
from muster.outcomes import Stage
from muster.ports import Ledger, Order, Pusher, Target
from muster.settings import load_settings
from muster.steps import StepName
from muster.wiring import Wired, ledger_url
from push.credentials import Credentials
from push.pool import Limits, PoolPusher
from push.transport import Door, Guard, RawResult

FOLDER_VARIABLE = "MUSTER_STUB_HOSTS"
SECONDS_VARIABLE = "MUSTER_STUB_SECONDS"
LATER_VARIABLE = "MUSTER_STUB_LATER_S"
NAMES = {StepName.APPLY: "apply", StepName.ROLLBACK: "rollback"}
_numbers = itertools.count(1)


class FileHosts:
    """A Transport whose hosts are files: right once a file says so; what resolves their credentials is asked, too."""

    def __init__(self, folder: Path, credentials: Credentials, seconds: float) -> None:
        self._folder = folder
        self._credentials = credentials
        self._seconds = seconds
        self._log = os.open(folder / "log", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def door(self, target: Target) -> Door | None:
        """There is nothing to knock at."""
        del target
        return None

    def carry(self, order: Order, guard: Guard, connection: socket.socket | None) -> RawResult:
        """Do what the step would, and write it down as the host."""
        del connection
        self._credentials.resolve(order.target.credential)
        session = f"{os.getpid()}.{next(_numbers)}"
        step, host_id = NAMES.get(order.step.name, "probe"), order.target.host_id
        guard.begin()
        self._write("begun", session, host_id, step, "")
        time.sleep(self._seconds)
        said = self._done(host_id, order.step.name)
        self._write("ended", session, host_id, step, said)
        guard.reached(Stage.FINISHED)
        return RawResult(0, said, "")

    def _done(self, host_id: HostId, step: StepName) -> str:
        state = self._folder / host_id
        if step is StepName.APPLY:
            state.write_text("right")
        there = f"fact\tstub\tstate\t{state.read_text()}\n" if state.exists() else ""
        changed = "changed\tits file\n" if step is StepName.APPLY else ""
        return f"{there}{changed}done\t{NAMES.get(step, 'probe')}\n"

    def _write(self, what: str, session: str, host_id: HostId, step: str, said: str) -> None:
        line = {"at_s": time.monotonic(), "host": host_id, "session": session, "what": what, "step": step, "said": said}
        os.write(self._log, json.dumps(line).encode() + b"\n")  # one write, so that lines of several workers stay whole


class StandIn(Wired):
    """The services of a workspace with stub hosts."""

    @cached_property
    def ledger(self) -> Ledger:
        """The real one; leases are judged as if it were so many seconds later."""
        later = timedelta(seconds=float(os.environ.get(LATER_VARIABLE, "0")))
        return open_ledger(ledger_url(self.settings), clock=self.clock, lease_clock=ShiftedClock(later))

    @cached_property
    def pusher(self) -> Pusher:
        """The real pool over hosts that are files."""
        folder, seconds = Path(os.environ[FOLDER_VARIABLE]), float(os.environ.get(SECONDS_VARIABLE, "0"))
        return PoolPusher(FileHosts(folder, self.credentials, seconds), Limits(self.settings.parallel_hosts))


def open_services(workspace: Path) -> StandIn:
    """What flows and commands open in place of ``muster.wiring.open_services``."""
    vars(wired)["prepare_fix"] = lambda *_given, **_named: StubFix()
    return StandIn(load_settings(workspace))


def shadow(folder: Path) -> str:
    """A ``PYTHONPATH`` under which Muster's services are these, in every process that is started with it."""
    metadata = folder / "muster-0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: muster\nVersion: 0\n")
    (metadata / "entry_points.txt").write_text("[muster.services]\ndefault = tests.scale.standin:open_services\n")
    return f"{folder}:{Path(__file__).parents[2]}"
