"""The demo's story: Vancouver, autumn 2026, from the fleet file to the evidence, by the commands a manager would type.

From 2026-11-01 ``America/Vancouver`` stays on UTC-7 all year. Zone data older than 2026.2 does not know it. The
demo's clock stands at 2026-10-19, twelve days before the change.
"""

import os
import shutil
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

from flows.server import API_VARIABLE, OwnServer
from muster.cli.output import console, say
from muster.demo.fleet import DemoFleet
from muster.demo.zones import FRESH_VERSION, STALE_VERSION, zoneinfo_folder
from muster.errors import InputError, MusterError

CLOCK_STANDS_AT = datetime(2026, 10, 19, 15, 0, tzinfo=UTC)
"""Monday, 08:00 in Vancouver."""

IDLE_S = 60.0

MARK = ".muster-demo"
"""Lies in a folder that a demo made, so that only such a folder is ever replaced."""

CAMPAIGN = """\
id: vancouver-2026
name: Vancouver stays on UTC-7
fix: tzdata
deadline: 2026-10-31 18:00        # local time, the evening before the change
timezone: America/Vancouver
reason: >-
  From 1 November 2026 clocks in British Columbia are not set back any more. Machines that do not know it would be
  an hour wrong.
parameters:
  instants: ["2026-11-22T12:00:00Z", "2027-07-01T12:00:00Z"]
  source: {source}
  package: never                  # the demo's hosts have no package manager of their own
  look_for: ""                    # nor a JVM: the machine's own would be asked
waves:
  canary_per_kind: 1
  growth_factor: 2
  min_success_rate: 0.75
  tolerated_failures: 1           # one full disk must not halt a fleet of this size
"""

SETTINGS = """\
clock_shift_s: {shift:.0f}        # the demo's clock stands at {start:%Y-%m-%d}
default_user: demo
default_credential: "key:demo_key"
known_hosts: known_hosts
connect_timeout_s: 4
prefect_home: .prefect
"""

Command = Callable[[Sequence[str]], object]


def tell(folder: Path, *, hosts: int, seed: int, keep: bool) -> None:
    """Run the whole campaign and end on where its evidence is; ``keep`` leaves the hosts on until Ctrl-C.

    Raises:
        MusterError: something that the demo needs is not to be had; its sentence says what.
    """
    begun = time.monotonic()
    folder = folder.resolve()
    _make_room(folder)
    say(f"Vancouver, autumn 2026: the clocks of {hosts} machines, twelve days before the change", style="bold")
    server = OwnServer(folder / ".prefect", idle_s=IDLE_S)
    if API_VARIABLE not in os.environ:
        server.start()  # takes some seconds; meanwhile the fleet is built, and the commands find it running
    try:
        with DemoFleet.start(folder, hosts=hosts, seed=seed) as fleet:
            write_workspace(folder)
            say(
                f"{hosts} hosts in {folder}: real SSH servers on 127.20.x.y, the stale ones with tzdata {STALE_VERSION}"
            )
            _campaign(folder, sorted(path.name for path in fleet.files.glob("*.csv")))
            seconds = time.monotonic() - begun
            say(f"\nThe whole demo took {seconds:.0f} s. Its workspace stays: cd {folder} && muster status")
            if keep:
                _wait_for_interrupt()
    finally:
        server.leave(end_it=True)


def _wait_for_interrupt() -> None:
    say("The hosts stay on until you press Ctrl-C. Try in another terminal: muster retry, muster rollback --wave 1")
    try:
        Event().wait()
    except KeyboardInterrupt:
        say("the hosts are off")


def _campaign(folder: Path, files: Sequence[str]) -> None:
    step = _Teller(folder)
    step("Who and what is there", "import", *(f"fleet/{name}" for name in files))
    step("Ask every host what offset it will really have after the change", "probe")
    step("What it takes", "estimate")
    step("Who can do it before the date", "capacity")
    step("A plan, with what could not be placed and why", "plan")
    step("Make it binding", "dispatch")
    step("Push, wave after wave; every host is asked again in a new session", "run", "--ahead")
    step("How it stands: failures first, equal ones together, each with what to do", "status")
    step("The evidence", "report")


class _Teller:
    """Shows a command as it would be typed, and carries it out in this process."""

    def __init__(self, folder: Path) -> None:
        from muster.cli.app import app

        self._command: Command = lambda words: app(["-C", str(folder), *words], standalone_mode=False)
        self._number = 0

    def __call__(self, title: str, *words: str) -> None:
        self._number += 1
        console.print(f"\n[bold]{self._number}. {title}[/]\n[cyan]$ muster {' '.join(words)}[/]")
        self._command(words)


def _make_room(folder: Path) -> None:
    if folder.exists() and any(folder.iterdir()) and not (folder / MARK).exists():
        raise InputError(f"{folder} is there and was not made by a demo", hint="muster demo --folder ANOTHER")
    try:
        shutil.rmtree(folder, ignore_errors=False) if folder.exists() else None
        folder.mkdir(parents=True)
        (folder / MARK).touch()
    except OSError as error:
        raise MusterError(f"{folder} cannot be made: {error.strerror}", hint="muster demo --folder ANOTHER") from None


def write_workspace(folder: Path) -> None:
    """Settings and campaign of the demo; its clock stands at ``CLOCK_STANDS_AT`` now, and runs on from there."""
    shift = (CLOCK_STANDS_AT - datetime.now(UTC)).total_seconds()
    (folder / "muster.yml").write_text(SETTINGS.format(shift=shift, start=CLOCK_STANDS_AT), encoding="utf-8")
    (folder / "campaign.yml").write_text(CAMPAIGN.format(source=zoneinfo_folder(FRESH_VERSION)), encoding="utf-8")
