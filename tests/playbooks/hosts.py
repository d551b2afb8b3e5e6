"""Hosts that are folders: any fix's scripts work below them, by MUSTER_ROOT; and orders for hosts of the fleet."""

import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from muster.fleet import OsFamily, TransportName
from muster.ids import HostId, SiteId
from muster.outcomes import StepReport
from muster.ports import Order, PreparedFix, Pusher, Target
from muster.steps import Step, StepName, StepOutput, read_output
from tests.fleet.openssh import Fleet, FleetHost
from tests.playbooks.tzdata.place import Shell


@dataclass(frozen=True)
class Folder:
    """One host below a folder, in the shell that a test chooses."""

    root: Path
    shell: Shell

    def file(self, inside: str) -> Path:
        """A file of the host."""
        return self.root / inside.lstrip("/")

    def write(self, inside: str, text: str) -> Path:
        """Write a file of the host, with the folders that it needs."""
        path = self.file(inside)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def run(self, fix: PreparedFix, name: StepName) -> StepOutput:
        """Carry out a step; it must write nothing to its standard error."""
        process = self.start(made(fix, name))
        said, complained = process.communicate(made(fix, name).payload, timeout=120)
        assert complained == b""
        return read_output(said.decode())

    def start(self, step: Step) -> "subprocess.Popen[bytes]":
        """Begin a step in a process group of its own."""
        return subprocess.Popen(
            [*self.shell.command, "-c", step.script],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={"PATH": self.shell.path, "MUSTER_ROOT": str(self.root), **step.arguments},
            start_new_session=True,
        )

    def tree(self) -> dict[str, str | bytes]:
        """Everything below the root but what Muster keeps: the content of files, the targets of links."""
        return {
            str(path.relative_to(self.root)): str(path.readlink()) if path.is_symlink() else path.read_bytes()
            for path in self.root.rglob("*")
            if (path.is_symlink() or path.is_file()) and not path.is_relative_to(self.root / "var/lib/muster")
        }


def made(fix: PreparedFix, name: StepName) -> Step:
    """A step that the fix must have."""
    step = fix.step(name, OsFamily.LINUX, timezone="Etc/UTC")
    assert step is not None
    return step


def carry(
    pusher: Pusher, fleet: Fleet, hosts: Iterable[FleetHost], fix: PreparedFix, name: StepName
) -> dict[str, StepReport]:
    """One step at every host; the reports by the hosts' names."""
    step = made(fix, name)
    orders = [Order(target_of(fleet, host), step, 150) for host in hosts]
    return {str(report.host_id): report for report in pusher.execute(orders, stop=Event())}


def target_of(fleet: Fleet, host: FleetHost) -> Target:
    """How a host of the fleet is reached."""
    credential = f"key:{fleet.key_file}"
    return Target(HostId(host.name), SiteId("site"), TransportName.SSH, host.address, host.port, "root", credential)


def changed_files(host: FleetHost, *, but: tuple[str, ...] = ()) -> Mapping[str, tuple[int, bytes | str]]:
    """Every file of the host that is not as this machine has it: its rights, and its content or target."""
    upper = host.place.parent / "disk/upper"
    passed_over = ("etc/ssh", "run/", "tmp/", "etc/hostname", *but)
    return {
        inside: (path.lstat().st_mode, str(path.readlink()) if path.is_symlink() else path.read_bytes())
        for path in upper.rglob("*")
        if (path.is_symlink() or path.is_file())
        and not (inside := str(path.relative_to(upper))).startswith(passed_over)
    }
