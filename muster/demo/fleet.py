"""The demo's fleet: N real SSH servers on this machine's loopback, and the files that describe them to Muster."""

import contextlib
import json
import os
import shutil
import socket
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from muster.demo.cast import Kind, Part, cast_hosts
from muster.demo.disks import ZoneSources, build_disk, in_own_namespace, tiny_disks_are_possible
from muster.demo.keys import KeyPair, known_hosts_line
from muster.demo.loopback import bind_all
from muster.demo.servers import ServerProcess, stop_all
from muster.demo.sshd import HostSpec, ServerSpec
from muster.demo.tables import write_tables
from muster.demo.zones import FRESH_VERSION, STALE_VERSION, zoneinfo_folder
from muster.errors import InputError

MOST_HOSTS = 2000
HOSTS_PER_SERVER = 250
_MANIFEST = "demo-fleet.json"
_BUILDERS = 4
FullDisk = Literal["tmpfs", "limit"]


@dataclass(frozen=True, slots=True)
class DemoHost:
    """One host of the running demo.

    Attributes:
        address: an address of its own in 127.20.0.0/16; empty for one that is on site only.
        port: 0 for one that is on site only.
        root: its disk. Of a full disk this is the state from which it was filled: the tiny file system over it is
            seen by the host alone.
    """

    part: Part
    address: str
    port: int
    root: Path

    @property
    def id(self) -> str:
        """Its id in the fleet files."""
        return self.part.id

    @property
    def kind(self) -> Kind:
        """What it is like."""
        return self.part.kind

    @property
    def listens(self) -> bool:
        """Whether a connection to it is accepted."""
        return self.kind not in {Kind.REFUSING, Kind.ONSITE_ONLY}


class DemoFleet:
    """A fleet that lives until ``stop``, the end of its ``with`` block, or the end of this process, however it ends.

    Attributes:
        folder: everything of the demo is below it.
        hosts: in the order of their ids.
        known_hosts: the host keys that Muster is to trust; that of the changed one is another.
        key: private key that every host takes, for any login name.
        files: folder of clients.csv, sites.csv, hosts.csv, crew.csv and partners.csv.
        full_disk: how a full disk is made: ``tmpfs``, a tiny file system without space (ENOSPC), where the kernel
            lets this user mount one; else ``limit``, where every write of the host's commands fails (EFBIG).
    """

    def __init__(self, folder: Path, hosts: tuple[DemoHost, ...], full_disk: FullDisk) -> None:
        self.folder = folder
        self.hosts = hosts
        self.full_disk = full_disk
        self.known_hosts = folder / "known_hosts"
        self.key = folder / "demo_key"
        self.files = folder / "fleet"
        self._power = folder / "servers" / "power"
        self._servers: list[ServerProcess] = []
        self._refusing: list[socket.socket] = []

    @classmethod
    def start(
        cls,
        folder: Path,
        *,
        hosts: int = 24,
        seed: int = 7,
        stale: Path | None = None,
        fresh: Path | None = None,
        servers: int = 0,
    ) -> "DemoFleet":
        """Build the hosts, write their files and start their servers; returns when all of them answer.

        Args:
            folder: made when it is not there; what an earlier demo fleet left in it is replaced.
            hosts: how many, 1 to 2,000.
            seed: the same seed casts the same hosts.
            stale: compiled zone files that are wrong; by default those of ``STALE_VERSION``, fetched.
            fresh: the ones that are right; by default those of ``FRESH_VERSION``, fetched.
            servers: how many server processes share the hosts; 0 means one for each 250 hosts.

        Raises:
            InputError: the number of hosts, or the folder, is not usable.
            MusterError: the zone files cannot be fetched, no port is free, or a server does not start.
        """
        if not 1 <= hosts <= MOST_HOSTS:
            raise InputError(f"A demo fleet has 1 to {MOST_HOSTS:,} hosts, not {hosts:,}")
        sources = ZoneSources(stale or zoneinfo_folder(STALE_VERSION), fresh or zoneinfo_folder(FRESH_VERSION))
        folder = folder.resolve()
        _make_room(folder)
        parts = cast_hosts(hosts, seed)
        with contextlib.ExitStack() as undo:
            sockets = bind_all({part.id: part.kind is not Kind.REFUSING for part in parts if _has_address(part)})
            fleet = cls(folder, _placed(parts, sockets, folder), _kind_of_full_disk(folder, parts))
            undo.callback(fleet.stop)
            fleet._bring_up(sockets, sources, servers or -(-hosts // HOSTS_PER_SERVER))
            undo.pop_all()
        return fleet

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def of_kind(self, kind: Kind) -> tuple[DemoHost, ...]:
        """The hosts that were built this way."""
        return tuple(host for host in self.hosts if host.kind is kind)

    def host(self, host_id: str) -> DemoHost:
        """One host."""
        return next(host for host in self.hosts if host.id == host_id)

    def stop(self) -> None:
        """End the servers and everything that runs on the hosts; the files stay. Takes five seconds at most."""
        stop_all(self._servers)
        self._servers.clear()
        for held in self._refusing:
            held.close()
        self._refusing.clear()

    def _bring_up(self, sockets: Mapping[str, socket.socket], sources: ZoneSources, servers: int) -> None:
        """Servers load while the hosts are built; then each is told which are its own."""
        with contextlib.ExitStack() as ours:
            for bound in sockets.values():
                ours.callback(bound.close)
            self._power.parent.mkdir()
            os.mkfifo(self._power, 0o600)
            shares = self._shares(servers)
            for number, share in enumerate(shares):
                descriptors = [sockets[host.id].fileno() for host in share]
                prefix = in_own_namespace() if self._has_tiny_disk(share[0]) else ()
                self._servers.append(ServerProcess(self._power.with_name(f"{number}.json"), descriptors, prefix))
            user_key = self._build(sources)
            for server, share in zip(self._servers, shares, strict=True):
                server.begin(self._spec(share, sockets, user_key))
            for server in self._servers:
                server.await_listening()
            self._refusing = [sockets[host.id].dup() for host in self.of_kind(Kind.REFUSING)]

    def _shares(self, servers: int) -> list[list[DemoHost]]:
        """Which hosts are served together; a tiny disk needs a process that has its own view of the file systems."""
        listening = [host for host in self.hosts if host.listens]
        tiny = [host for host in listening if self._has_tiny_disk(host)]
        usual = [host for host in listening if host not in tiny]
        return [share for share in (*(usual[start::servers] for start in range(servers)), tiny) if share]

    def _has_tiny_disk(self, host: DemoHost) -> bool:
        return host.kind is Kind.FULL_DISK and self.full_disk == "tmpfs"

    def _build(self, sources: ZoneSources) -> KeyPair:
        """Everything on disk; returns the key that the hosts take."""
        user_key = KeyPair.make()
        user_key.write(self.key)
        keys = {host.id: KeyPair.make() for host in self.hosts}
        (self.folder / "hosts").mkdir()
        with ThreadPoolExecutor(_BUILDERS) as builders:
            built = [
                builders.submit(build_disk, host.root, host.part, sources, keys[host.id], self._power)
                for host in self.hosts
            ]
            for one in built:
                one.result()
        self.known_hosts.write_text("".join(self._trusted(keys)), encoding="ascii")
        write_tables(self.files, self.hosts, key=self.key)
        return user_key

    def _trusted(self, keys: Mapping[str, KeyPair]) -> list[str]:
        return [
            known_hosts_line(
                host.address,
                host.port,
                KeyPair.make().public if host.kind is Kind.CHANGED_KEY else keys[host.id].public,
            )
            for host in self.hosts
            if host.address
        ]

    def _spec(self, share: Sequence[DemoHost], sockets: Mapping[str, socket.socket], user_key: KeyPair) -> ServerSpec:
        return ServerSpec(
            authorised=[user_key.public],
            power=str(self._power),
            hosts=[
                HostSpec(
                    id=host.id,
                    root=str(host.root),
                    socket=sockets[host.id].fileno(),
                    speaks=host.kind is not Kind.SILENT,
                    disk=self.full_disk if host.kind is Kind.FULL_DISK else "plain",
                )
                for host in share
            ],
        )


def _has_address(part: Part) -> bool:
    return part.kind is not Kind.ONSITE_ONLY


def _make_room(folder: Path) -> None:
    """Take away an earlier demo fleet; never anything else.

    Raises:
        InputError: something is in the way that no demo fleet has made.
    """
    manifest = folder / _MANIFEST
    made = ("hosts", "servers", "fleet", "known_hosts", "demo_key")
    taken = [folder / name for name in made if (folder / name).exists()]
    if taken and not manifest.exists():
        raise InputError(f"{taken[0]} is there, and no demo fleet has made it", hint="Choose another folder.")
    for path in taken:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    folder.mkdir(parents=True, exist_ok=True)
    manifest.write_text(json.dumps({"made by": "muster demo", "made": made}) + "\n", encoding="utf-8")


def _placed(parts: Sequence[Part], sockets: Mapping[str, socket.socket], folder: Path) -> tuple[DemoHost, ...]:
    def place(part: Part) -> DemoHost:
        address, port = sockets[part.id].getsockname() if part.id in sockets else ("", 0)
        return DemoHost(part, address, port, folder / "hosts" / part.id)

    return tuple(place(part) for part in parts)


def _kind_of_full_disk(folder: Path, parts: Sequence[Part]) -> FullDisk:
    wanted = any(part.kind is Kind.FULL_DISK for part in parts)
    return "tmpfs" if wanted and tiny_disks_are_possible(folder) else "limit"
