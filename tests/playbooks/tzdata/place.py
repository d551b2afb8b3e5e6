"""A host that is a folder: the scripts of the fix work below it, by MUSTER_ROOT, in the shell that a test chooses."""

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from muster.fleet import OsFamily
from muster.ports import PreparedFix
from muster.steps import Step, StepName, StepOutput, read_output

VANCOUVER = "America/Vancouver"
WINTER = "2026-11-22T12:00:00Z"
SUMMER = "2026-07-03T12:00:00Z"
LONG_AGO = 946_684_800


@dataclass(frozen=True)
class Shell:
    """A POSIX shell and the only folder its commands come from."""

    command: tuple[str, ...]
    path: str


def dash() -> Shell:
    """Debian's shell with GNU tools."""
    return Shell(("dash",), "/usr/bin:/bin")


def busybox(folder: Path) -> Shell:
    """Busybox's shell with nothing but busybox's applets."""
    program = shutil.which("busybox")
    assert program is not None
    folder.mkdir(parents=True)
    subprocess.run([program, "--install", "-s", str(folder)], check=True)
    return Shell((str(folder / "sh"),), str(folder))


@dataclass(frozen=True)
class Place:
    """One host below a folder."""

    root: Path
    shell: Shell

    def zone(self, name: str = VANCOUVER) -> Path:
        """The file of a zone."""
        return self.root / "usr/share/zoneinfo" / name

    @property
    def localtime(self) -> Path:
        """What local time is read from."""
        return self.root / "etc/localtime"

    @property
    def state(self) -> Path:
        """Where the fix keeps its backups."""
        return self.root / "var/lib/muster/tzdata"

    def lives_in(self, zone: str, *, by: str = "link") -> None:
        """Set its local time, by a link, a copy, or a copy with a name in /etc/timezone."""
        self.localtime.unlink(missing_ok=True)
        if by == "link":
            self.localtime.symlink_to(f"/usr/share/zoneinfo/{zone}")
        else:
            shutil.copyfile(self.zone(zone), self.localtime)
        if by == "named copy":
            (self.root / "etc/timezone").write_text(f"{zone}\n")

    def serves(self, name: str, *, restart: str = 'touch "$MUSTER_ROOT/run/$NAME.pid"') -> None:
        """Have a service run since long ago; ``restart`` is what its init script does."""
        script = self.root / "etc/init.d" / name
        script.parent.mkdir(parents=True, exist_ok=True)
        script.write_text(f"#!/bin/sh\nNAME={name}\n{restart}\n")
        script.chmod(0o755)
        pid_file = self.root / "run" / f"{name}.pid"
        pid_file.parent.mkdir(exist_ok=True)
        pid_file.write_text("1\n")
        os.utime(pid_file, (LONG_AGO, LONG_AGO))

    def run(
        self,
        fix: PreparedFix,
        name: StepName,
        *,
        timezone: str = VANCOUVER,
        environment: Mapping[str, str] | None = None,
        payload: bytes | None = None,
    ) -> StepOutput:
        """Carry out a step; it must write nothing to its standard error."""
        step = fix.step(name, OsFamily.LINUX, timezone=timezone)
        assert step is not None
        process = self.start(step, environment=environment)
        said, complained = process.communicate(step.payload if payload is None else payload, timeout=60)
        assert complained == b""
        return read_output(said.decode())

    def start(self, step: Step, *, environment: Mapping[str, str] | None = None) -> "subprocess.Popen[bytes]":
        """Begin a step in a process group of its own."""
        return subprocess.Popen(
            [*self.shell.command, "-c", step.script],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={"PATH": self.shell.path, "MUSTER_ROOT": str(self.root), **step.arguments, **(environment or {})},
            start_new_session=True,
        )

    def tree(self) -> dict[str, str | bytes]:
        """Everything below the root: the content of files, the targets of links."""
        return {
            str(path.relative_to(self.root)): str(path.readlink()) if path.is_symlink() else path.read_bytes()
            for path in self.root.rglob("*")
            if path.is_symlink() or path.is_file()
        }


def kill(process: "subprocess.Popen[bytes]") -> None:
    """End a step and everything that it started, at once."""
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def make_place(root: Path, stale: Path, shell: Shell) -> Place:
    """A host with stale data that lives in Vancouver, by a link."""
    place = Place(root, shell)
    for name in (VANCOUVER, "Canada/Pacific", "America/Los_Angeles", "Etc/UTC", "America/Edmonton"):
        place.zone(name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(stale / name, place.zone(name))
    (root / "etc").mkdir()
    place.lives_in(VANCOUVER)
    return place
