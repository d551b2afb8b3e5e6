"""A fleet of real OpenSSH hosts on this machine, whole or broken on purpose.

::

    with openssh_fleet(tmp_path, 3, faults={1: Fault.TARPIT}) as fleet:
        host = fleet.hosts[0]
        host.write("/etc/thing", b"...")
        assert host.run("cat /etc/thing") == b"..."

Every host is an overlay of this machine's root with accounts ``root`` (key ``fleet.key_file`` or ``fleet.password``),
``fixer`` (not root) and ``expired`` (must change the password), an address of its own in 127.10.0.0/16 and its own
host key. ``fleet.known_hosts`` is a file that knows them all, except where the fault says otherwise.

Needs root, OpenSSH's server, and the right to mount; ``why_not()`` says what is missing. Nothing is left over, even
after a kill: see ``tests/fleet/supervisor.py``.
"""

import base64
import contextlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from tests.fleet.faults import PORT, Fault

SUPERVISOR = Path(__file__).with_name("supervisor.py")
HOSTS_PER_BLOCK = 250
FULL_DISK_BYTES = 32_768


def why_not() -> str:
    """Why there can be no fleet here; empty when there can."""
    if os.geteuid() != 0:
        return "needs root (each host is an overlay of the whole root)"
    if not Path("/usr/sbin/sshd").exists():
        return "needs OpenSSH's server (apt-get install openssh-server)"
    if shutil.which("nsenter") is None:
        return "needs nsenter (apt-get install util-linux)"
    return ""


@dataclass(frozen=True, slots=True)
class KeyPair:
    """An ed25519 key as OpenSSH writes it: ``private`` is the file's text, ``public`` is ``type base64``."""

    private: str
    public: str

    @classmethod
    def new(cls) -> "KeyPair":
        """A fresh pair."""
        key = Ed25519PrivateKey.generate()
        private = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()
        return cls(private, key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode())

    @property
    def public_blob(self) -> bytes:
        """The public half as it goes over the wire."""
        return base64.b64decode(self.public.split()[1])


@dataclass(frozen=True, slots=True)
class FleetHost:
    """One host of the fleet; ``place`` is its root, as it is reached from this process."""

    name: str
    address: str
    fault: Fault
    key: KeyPair
    place: Path
    pid: int
    port: int = PORT

    def path(self, inside: str) -> Path:
        """Where ``inside``, an absolute path in the host, is seen from here; its links are followed in the host."""
        parts = list(PurePosixPath(inside).parts[1:])
        walked: list[str] = []
        for _ in range(200):
            if not parts:
                return self.place.joinpath(*walked)
            part = parts.pop(0)
            if part == "..":
                del walked[-1:]
                continue
            here = self.place.joinpath(*walked, part)
            if not here.is_symlink():
                walked.append(part)
                continue
            link = PurePosixPath(here.readlink())
            parts[:0] = link.parts[1:] if link.is_absolute() else link.parts
            walked = [] if link.is_absolute() else walked
        raise OSError(f"too many links in {inside}")

    def read(self, inside: str) -> bytes:
        """The bytes of a file of the host."""
        return self.path(inside).read_bytes()

    def write(self, inside: str, data: bytes, *, mode: int = 0o644) -> None:
        """Write a file of the host, with the folders that it needs."""
        target = self.path(inside)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        target.chmod(mode)

    def exists(self, inside: str) -> bool:
        """Whether the host has it."""
        return self.path(inside).exists()

    def run(self, command: str, *, check: bool = True, timeout_s: float = 60.0) -> bytes:
        """Run a shell command in the host as its root, past SSH and every fault; its standard output."""
        enter = ["nsenter", "-t", str(self.pid), "-m", "-p", "--", "chroot", str(self._inner_root())]
        done = subprocess.run(
            [*enter, "/bin/sh", "-c", command],
            check=check,
            stdout=subprocess.PIPE,
            timeout=timeout_s,
            env={"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root"},
        )
        return done.stdout

    def commands(self) -> list[str]:
        """The command lines of the processes that are running in this host now, sshd's among them."""
        root = str(self._inner_root())
        found = []
        for process in (self.place.parents[1] / "proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if str((process / "root").readlink()).endswith(root):
                    found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        return found

    def _inner_root(self) -> Path:
        return Path("/").joinpath(*self.place.parts[4:])


@dataclass(slots=True)
class Fleet:
    """The hosts that run now.

    Attributes:
        key_file: a private key that every account of every host takes.
        password: a password that every account of every host takes.
        known_hosts: a file with every host's key, as the faults have it.
    """

    hosts: tuple[FleetHost, ...]
    key_file: Path
    password: str
    known_hosts: Path
    process: "subprocess.Popen[bytes]"

    def break_host(self, host: FleetHost, fault: Fault) -> None:
        """Give a host another fault of those that are about its connection, from now on."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"name": host.name, "fault": fault}).encode() + b"\n")
        self.process.stdin.flush()
        _answer(self.process, "changed")


@contextlib.contextmanager
def openssh_fleet(
    folder: Path,
    count: int,
    *,
    faults: Mapping[int, Fault] | None = None,
    after_bytes: int = 300_000,
    prefix: str = "host",
) -> Iterator[Fleet]:
    """Run ``count`` hosts named ``host-0`` and so on; those in ``faults`` are broken.

    Args:
        folder: for the client's key and known_hosts.
        count: how many hosts.
        faults: what is wrong with the host of this number.
        after_bytes: how much a host that freezes or resets takes in before it does.
        prefix: the first part of the hosts' names.
    """
    faults = faults or {}
    client, password = KeyPair.new(), f"pw-{secrets.token_urlsafe(12)}"
    with _claimed_addresses(count) as addresses:
        keys = [KeyPair.new() for _ in range(count)]
        names = [f"{prefix}-{number}" for number in range(count)]
        specs = [
            {
                "name": names[number],
                "address": addresses[number],
                "fault": faults.get(number, Fault.NONE),
                "after_bytes": str(after_bytes),
                "disk_bytes": str(FULL_DISK_BYTES if faults.get(number) is Fault.FULL_DISK else 0),
                "host_key": keys[number].private,
            }
            for number in range(count)
        ]
        common = {"authorized_keys": client.public + "\n", "password_hash": _hash(password)}
        process, pid = _start({"common": common, "hosts": specs})
        try:
            hosts = tuple(
                FleetHost(
                    names[number],
                    addresses[number],
                    faults.get(number, Fault.NONE),
                    keys[number],
                    Path(f"/proc/{pid}/root/mnt/{names[number]}/root"),
                    pid,
                )
                for number in range(count)
            )
            yield Fleet(hosts, _key_file(folder, client), password, _known_hosts(folder, hosts), process)
        finally:
            _end(process)


def _start(setup: Mapping[str, object]) -> "tuple[subprocess.Popen[bytes], int]":
    process = subprocess.Popen(
        [sys.executable, "-I", "-W", "ignore", str(SUPERVISOR)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdin is not None
    pid = int(str(_answer(process, "pid")))
    process.stdin.write(json.dumps(setup).encode() + b"\n")
    process.stdin.flush()
    _answer(process, "ready")
    return process, pid


def _answer(process: "subprocess.Popen[bytes]", word: str) -> object:
    assert process.stdout is not None
    said = json.loads(process.stdout.readline() or b'{"error": "the supervisor ended"}')
    if "error" in said:
        raise OSError(f"no fleet: {said['error']}")
    return said[word]


def _end(process: "subprocess.Popen[bytes]") -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    with contextlib.suppress(OSError):
        process.stdin.close()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    process.stdout.close()


@contextlib.contextmanager
def _claimed_addresses(count: int) -> Iterator[list[str]]:
    """Addresses in 127.10.0.0/16 that no other fleet on this machine uses; a claim ends with its process."""
    with contextlib.ExitStack() as claims:
        addresses: list[str] = []
        for block in range(256):
            if len(addresses) >= count:
                break
            claim = claims.enter_context(socket.socket(socket.AF_UNIX))
            with contextlib.suppress(OSError):
                claim.bind(f"\0muster-fleet-127.10.{block}")
                addresses += [f"127.10.{block}.{last}" for last in range(1, HOSTS_PER_BLOCK + 1)]
        if len(addresses) < count:
            raise OSError("no fleet: every block of 127.10.0.0/16 is taken")
        yield addresses[:count]


def _key_file(folder: Path, client: KeyPair) -> Path:
    file = folder / "fleet_key"
    file.touch(mode=0o600)
    file.write_text(client.private)
    return file


def _known_hosts(folder: Path, hosts: tuple[FleetHost, ...]) -> Path:
    file = folder / "fleet_known_hosts"
    lines = []
    for host in hosts:
        key = KeyPair.new() if host.fault is Fault.CHANGED_KEY else host.key
        if host.fault is not Fault.UNKNOWN_KEY:
            lines.append(f"[{host.address}]:{host.port} {key.public}\n")
    file.write_text("".join(lines))
    return file


def _hash(password: str) -> str:
    made = subprocess.run(
        ["openssl", "passwd", "-6", "-stdin"], input=password.encode(), stdout=subprocess.PIPE, check=True
    )
    return made.stdout.decode().strip()
