"""A throw-away host for `muster fix check`: this machine as it is, and whatever a step writes is in a folder of ours.

Every step runs as root in an overlay of the whole root with its own processes, by the same launcher as over SSH. When
it ends, however it ends, the kernel ends its processes and forgets its mounts; the folder goes with the check. The
network is this machine's: a step that calls other machines really does.
"""

import contextlib
import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from math import ceil
from pathlib import Path

from muster.steps import Step, StepOutput, read_output
from push.launcher import command, split_output, stream

OWN_PLACES = ("var/lib/muster", "tmp", "run", "var/tmp", "var/log", "var/cache", "root/.ansible")
"""What a step may leave behind, and what is no part of how a host stands."""
_ENTER = """\
mount -t overlay overlay -o "lowerdir=/,upperdir=$0/upper,workdir=$0/work" "$0/root" &&
mount --rbind /dev "$0/root/dev" && mount -t proc proc "$0/root/proc" && mount -t tmpfs tmpfs "$0/root/tmp" &&
exec chroot "$0/root" /bin/sh -c "$1"
"""


def why_not() -> str:
    """Why there can be no throw-away host here; empty when there can."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return "needs root: a throw-away host is an overlay of this whole machine"
    if shutil.which("unshare") is None:
        return "needs unshare (package util-linux)"
    with throw_away_host() as host:
        tried = host.shell("true", b"", timeout_s=10)
    words = tried.stderr.decode(errors="replace").strip().splitlines()
    return (
        "" if tried.returncode == 0 else f"this machine gives no overlay: {words[-1] if words else 'no reason given'}"
    )


@dataclass(frozen=True)
class Ran:
    """One step at the throw-away host, ended."""

    output: StepOutput
    exit_code: int
    stderr: str
    in_time: bool = True


@dataclass(frozen=True)
class ThrowAwayHost:
    """The host; ``folder`` holds what was written at it."""

    folder: Path

    def run(self, step: Step) -> Ran:
        """Carry a step out, with its own limit of time."""
        limit_s = ceil(step.timeout_s)
        try:
            done = self.shell(command(limit_s), stream(step), timeout_s=limit_s + 15)
        except subprocess.TimeoutExpired:
            return Ran(StepOutput(), 124, "", in_time=False)
        _, said = split_output(done.stdout.decode("utf-8", "replace"))
        return Ran(read_output(said), done.returncode, done.stderr.decode("utf-8", "replace"), done.returncode != 124)

    def shell(self, line: str, data: bytes, *, timeout_s: float) -> "subprocess.CompletedProcess[bytes]":
        """Run a line of shell as the host's root, with nothing of our environment.

        Raises:
            subprocess.TimeoutExpired: it did not end in time; it has been ended.
        """
        return subprocess.run(
            ["unshare", "--mount", "--pid", "--fork", "--kill-child", "/bin/sh", "-c", _ENTER, str(self.folder), line],
            input=data,
            capture_output=True,
            timeout=timeout_s,
            check=False,
            env={"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root"},
        )

    def differences(self) -> Mapping[str, str]:
        """Every file that is not as this machine has it: its path, and what stands for its content and rights."""
        upper = self.folder / "upper"
        found = {
            f"/{inside}": _identity(path)
            for path in sorted(upper.rglob("*"))
            if not (inside := str(path.relative_to(upper))).startswith(OWN_PLACES) and not _is_folder(path)
        }
        return {name: identity for name, identity in found.items() if identity != _identity(Path(name))}


@contextlib.contextmanager
def throw_away_host() -> Iterator[ThrowAwayHost]:
    """A fresh one, for the length of the block."""
    folder = Path(tempfile.mkdtemp(prefix="muster-host-"))
    try:
        for name in ("upper", "work", "root"):
            (folder / name).mkdir()
        yield ThrowAwayHost(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _identity(path: Path) -> str:
    """The same for files that are the same; ``gone`` for one that was removed."""
    try:
        info = path.lstat()
    except OSError:
        return "gone"
    if stat.S_ISCHR(info.st_mode) and info.st_rdev == 0:
        return "gone"  # an overlay's mark for a file that was removed
    if stat.S_ISLNK(info.st_mode):
        return f"link {path.readlink()}"
    if not stat.S_ISREG(info.st_mode):
        return stat.filemode(info.st_mode)
    return f"{stat.filemode(info.st_mode)} {info.st_uid} {sha256(path.read_bytes()).hexdigest()}"
