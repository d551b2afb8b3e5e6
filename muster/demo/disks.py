"""The directory that is a host's disk: zone files, ``/etc``, services; and what happens when it is full."""

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from muster.demo.cast import Kind, Part
from muster.demo.keys import KeyPair
from muster.errors import InputError

CANONICAL_ZONES = ("America/Vancouver", "America/Los_Angeles", "America/Edmonton", "Etc/UTC")
ALIASES = {"Canada/Pacific": "America/Vancouver", "US/Pacific": "America/Los_Angeles", "UTC": "Etc/UTC"}
SERVICES = ("cron", "rsyslog")
HOST_KEY = "etc/ssh/ssh_host_ed25519_key"
_FOLDERS = (
    ".", "etc", "etc/init.d", "etc/ssh", "run", "tmp", "var", "var/lib", "var/log",
    "usr", "usr/share", "usr/share/zoneinfo", "usr/share/zoneinfo/America", "usr/share/zoneinfo/Canada",
    "usr/share/zoneinfo/Etc", "usr/share/zoneinfo/US",
)  # fmt: skip
_ZONES = "usr/share/zoneinfo"
_PYTHON_DATA = "usr/lib/python3/dist-packages/tzdata"
_TINY_DISK_BYTES = 512 * 1024

SERVICE_SCRIPT = """\
#!/bin/sh
# The service script of the demo's @NAME@: its process waits for the machine's power to go, and does nothing else.
# Every start is a line in the log, so that one can see that a restart has happened.
pid_file="$MUSTER_ROOT/run/@NAME@.pid"
case "$1" in
  start|stop|restart|force-reload) ;;
  status) kill -0 "$(cat "$pid_file" 2>/dev/null)" 2>/dev/null; exit $? ;;
  *) echo "usage: @NAME@ start|stop|restart|status" >&2; exit 2 ;;
esac
if [ "$1" != start ]; then
  kill "$(cat "$pid_file" 2>/dev/null)" 2>/dev/null
  [ "$1" = stop ] && { rm -f "$pid_file"; exit 0; }
fi
exec 3<>"$MUSTER_ROOT/run/power"  # to open it for both never waits; else cat would, where the power has gone just now
setsid cat <"$MUSTER_ROOT/run/power" >/dev/null 2>&1 3>&- &
exec 3>&-
echo $! >"$pid_file" || exit 1
echo "$(date -u +%Y-%m-%dT%H:%M:%SZ) @NAME@ started, process $!" >>"$MUSTER_ROOT/var/log/@NAME@.log" || exit 1
"""

PYTHON_SCRIPT = """\
#!/bin/sh
# The Python of this demo host: this machine's interpreter, without its packages, with those of the host. Takes
# `python3 -I -c CODE ARGUMENTS`, which is how a probe asks.
[ "$1 $2" = "-I -c" ] || { echo "python3: this host's Python takes -I -c only" >&2; exit 2; }
shift 2
exec '@PYTHON@' -I -S -c "import os, sys
sys.path.insert(0, os.environ['MUSTER_ROOT'] + '/usr/lib/python3/dist-packages')
exec(compile(sys.argv.pop(1), '<string>', 'exec'))" "$@"
"""

_OS_RELEASE: Mapping[str, str] = {
    "Debian 11": 'PRETTY_NAME="Debian GNU/Linux 11 (bullseye)"\nNAME="Debian GNU/Linux"\nVERSION_ID="11"\n'
    'VERSION="11 (bullseye)"\nVERSION_CODENAME=bullseye\nID=debian\n',
    "Debian 12": 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\nVERSION_ID="12"\n'
    'VERSION="12 (bookworm)"\nVERSION_CODENAME=bookworm\nID=debian\n',
    "Ubuntu 24.04": 'PRETTY_NAME="Ubuntu 24.04 LTS"\nNAME="Ubuntu"\nVERSION_ID="24.04"\n'
    'VERSION="24.04 LTS (Noble Numbat)"\nVERSION_CODENAME=noble\nID=ubuntu\nID_LIKE=debian\n',
}


@dataclass(frozen=True, slots=True)
class ZoneSources:
    """Where the compiled zone files come from."""

    stale: Path
    fresh: Path

    def __post_init__(self) -> None:
        for folder in (self.stale, self.fresh):
            missing = [name for name in CANONICAL_ZONES if not (folder / name).is_file()]
            if missing:
                raise InputError(f"{folder}: is not a folder of compiled zone files: {missing[0]} is not there")

    def of(self, kind: Kind) -> Path:
        """What a host of this kind has got."""
        return self.fresh if kind is Kind.RIGHT else self.stale


def build_disk(root: Path, part: Part, sources: ZoneSources, host_key: KeyPair, power: Path) -> None:
    """Lay out a host below ``root``, which must not be there yet, with its services reading from the FIFO ``power``."""
    for folder in _FOLDERS:
        (root / folder).mkdir()
    source = sources.of(part.kind)
    _lay_zones(root / _ZONES, source, part.look.aliases)
    _lay_localtime(root, part)
    if part.look.python_data:
        _lay_python_data(root, sources.stale)
    _lay_services(root, power)
    host_key.write(root / HOST_KEY)
    for name, text in (
        ("etc/timezone", part.site.timezone + "\n"),
        ("etc/hostname", part.id + "\n"),
        ("etc/os-release", _OS_RELEASE[part.os_version]),
    ):
        (root / name).write_text(text, encoding="utf-8")


def _lay_zones(into: Path, source: Path, aliases: str) -> None:
    for name in CANONICAL_ZONES:
        (into / name).write_bytes(_content(source / name))
    for alias, name in ALIASES.items():
        link = into / alias
        match aliases:
            case "symbolic link":
                link.symlink_to(os.path.relpath(into / name, link.parent))
            case "hard link":
                link.hardlink_to(into / name)
            case _:
                link.write_bytes(_content(source / name))


def _lay_localtime(root: Path, part: Part) -> None:
    """A relative link, so that it stays inside the host's directory, or a copy, as installers of old left it."""
    zone, localtime = part.site.timezone, root / "etc/localtime"
    if part.look.localtime == "copy":
        localtime.write_bytes((root / _ZONES / zone).read_bytes())
        return
    aliases = [alias for alias, name in ALIASES.items() if name == zone]
    shown = aliases[0] if part.look.localtime == "link to alias" else zone
    localtime.symlink_to(f"../{_ZONES}/{shown}")


def _lay_python_data(root: Path, source: Path) -> None:
    """The layer that nobody remembers: a Python with a ``tzdata`` package of its own."""
    into = root / _PYTHON_DATA
    version = _content(source / "tzdata.zi").split(b"\n", 1)[0].decode("ascii").rpartition(" ")[2]
    for folder, text in (
        (into, f'IANA_VERSION = "{version}"\n'),
        (into / "zoneinfo", ""),
        (into / "zoneinfo/America", ""),
    ):
        folder.mkdir(parents=True)
        (folder / "__init__.py").write_text(text, encoding="ascii")
    for name in CANONICAL_ZONES:
        if name.startswith("America/"):
            (into / "zoneinfo" / name).write_bytes(_content(source / name))
    python = root / "usr/bin/python3"
    python.parent.mkdir()
    python.write_text(PYTHON_SCRIPT.replace("@PYTHON@", sys.executable), encoding="utf-8")
    python.chmod(0o755)


def _lay_services(root: Path, power: Path) -> None:
    (root / "run/power").symlink_to(power)
    for name in SERVICES:
        script = root / "etc/init.d" / name
        script.write_text(SERVICE_SCRIPT.replace("@NAME@", name), encoding="utf-8")
        script.chmod(0o755)


def pid_file(root: Path, service: str) -> Path:
    """Where a service keeps its process id."""
    return root / "run" / f"{service}.pid"


@cache
def _content(file: Path) -> bytes:
    """A source file, read once for all hosts."""
    return file.read_bytes()


def tiny_disks_are_possible(scratch: Path) -> bool:
    """Whether this user may mount a small file system in a user namespace of its own (many machines allow it)."""
    if shutil.which("unshare") is None:
        return False
    tried = subprocess.run(
        [*in_own_namespace(), "mount", "-t", "tmpfs", "-o", f"size={_TINY_DISK_BYTES}", "tmpfs", str(scratch)],
        capture_output=True,
        timeout=10,
        check=False,
    )
    return tried.returncode == 0


def in_own_namespace() -> list[str]:
    """The start of a command that runs with a user and a mount namespace of its own."""
    return ["unshare", "--user", "--map-root-user", "--mount", "--"]


def move_to_tiny_disk(root: Path) -> None:
    """Mount a small file system over ``root`` and copy what was there onto it; in a namespace of our own only."""
    aside = root.with_name(root.name + ".aside")
    aside.mkdir()
    subprocess.run(["mount", "--bind", str(root), str(aside)], check=True, timeout=10)
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={_TINY_DISK_BYTES}", "tmpfs", str(root)], check=True, timeout=10
    )
    shutil.copytree(aside, root, symlinks=True, dirs_exist_ok=True)
    subprocess.run(["umount", str(aside)], check=True, timeout=10)
    aside.rmdir()


def fill(root: Path) -> None:
    """Write until there is no space left; refuses to do that to anything but a tiny disk."""
    size = os.statvfs(root)
    if size.f_blocks * size.f_frsize > _TINY_DISK_BYTES:
        raise RuntimeError(f"{root} is no tiny disk")
    with (root / "var/log/journal").open("wb", buffering=0) as journal, contextlib.suppress(OSError):
        for _ in range(_TINY_DISK_BYTES // 1024):
            journal.write(b"\0" * 4096)
