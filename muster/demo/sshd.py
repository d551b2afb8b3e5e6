"""The server half of the demo: one process in which a number of hosts listen, each on its own address.

Started by :mod:`muster.demo.servers` as ``python -m muster.demo.sshd SPEC``. The listening sockets are inherited.
Standard input is the line to life: its first line says that the file ``SPEC`` (JSON) is there, and when it ends,
because the parent stopped us or was killed, everything here ends too.

The protocol is paramiko's, so the hosts are real SSH servers: strict host keys, public keys only, ``exec`` only.
"""

import json
import logging
import os
import selectors
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, TypedDict, cast

import paramiko
from paramiko.common import (
    AUTH_FAILED,
    AUTH_SUCCESSFUL,
    MSG_CHANNEL_REQUEST,
    OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED,
    OPEN_SUCCEEDED,
)

from muster.demo.disks import HOST_KEY, SERVICES, fill, move_to_tiny_disk, pid_file
from muster.demo.processes import Processes
from muster.demo.session import Machine, carry_out

LISTENING = "listening"
"""The line on standard output that says that connections are served."""
_PARENT_CHECK_S = 1.0


class HostSpec(TypedDict):
    """One host as the parent describes it."""

    id: str
    root: str
    socket: int
    speaks: bool
    disk: str
    """``plain``, ``tmpfs`` (a tiny file system, filled to the brim) or ``limit`` (writes fail)."""


class ServerSpec(TypedDict):
    """What one server process is to serve."""

    authorised: list[str]
    power: str
    """A FIFO that we hold open: services of the hosts read from it and end with us, however we end."""
    hosts: list[HostSpec]


class _Gate(paramiko.ServerInterface):
    """Who comes in, and what they may ask for."""

    def __init__(self, machine: Machine, authorised: frozenset[str], processes: Processes) -> None:
        self._machine = machine
        self._authorised = authorised
        self._processes = processes
        self._asked: dict[int, str] = {}

    def get_allowed_auths(self, username: str) -> str:
        """Public keys, nothing else."""
        del username
        return "publickey"

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        """Any login name, with the demo's own key."""
        del username
        return AUTH_SUCCESSFUL if key.get_base64() in self._authorised else AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:
        """Sessions only."""
        del chanid
        return OPEN_SUCCEEDED if kind == "session" else OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        """One command on each channel; it starts after the client was told yes."""
        if channel.chanid in self._asked:
            return False
        self._asked[channel.chanid] = command.decode("utf-8", "surrogateescape")
        return True

    def begin(self, channel: paramiko.Channel) -> None:
        """Start what the channel's client was just promised."""
        if command := self._asked.get(channel.chanid):
            self._asked[channel.chanid] = ""
            threading.Thread(
                target=carry_out, args=(command, self._machine, channel, self._processes), daemon=True
            ).start()


def _answer_then_begin(channel: paramiko.Channel, message: paramiko.Message) -> None:
    """Handle a channel's request, and start its command only after the answer: output must not overtake the yes."""
    channel._handle_request(message)  # type: ignore[attr-defined]  # noqa: SLF001 -- there is no hook after the answer
    gate = channel.get_transport().server_object
    if isinstance(gate, _Gate):
        gate.begin(channel)


class _HostTransport(paramiko.Transport):
    """The server's end of one connection."""

    _channel_handler_table: ClassVar[Mapping[int, Callable[[paramiko.Channel, paramiko.Message], object]]] = {
        **paramiko.Transport._channel_handler_table,  # type: ignore[attr-defined]  # noqa: SLF001 -- see above
        MSG_CHANNEL_REQUEST: _answer_then_begin,
    }


@dataclass(slots=True)
class _Listener:
    """One host of this process."""

    socket: socket.socket
    machine: Machine
    key: paramiko.Ed25519Key
    speaks: bool


class Server:
    """Accepts for all hosts of one process."""

    def __init__(self, spec: ServerSpec) -> None:
        self._authorised = frozenset(line.split()[1] for line in spec["authorised"])
        self._processes = Processes()
        self._silent: list[socket.socket] = []
        self._power = Path(spec["power"])
        self._full = [Path(host["root"]) for host in spec["hosts"] if host["disk"] == "tmpfs"]
        for root in self._full:
            move_to_tiny_disk(root)
        self._listeners = [_listener(host) for host in spec["hosts"]]

    def run(self) -> None:
        """Serve until standard input ends."""
        self._processes.adopt_orphans()
        power = os.open(self._power, os.O_RDWR)
        try:
            if self._full:
                self._start_services()
                for root in self._full:
                    fill(root)
            else:
                threading.Thread(target=self._start_services, daemon=True).start()
            self._accept_until_the_line_ends()
        finally:
            for listener in self._listeners:
                listener.socket.close()
            self._processes.kill_all()
            os.close(power)

    def _accept_until_the_line_ends(self) -> None:
        parent = os.getppid()
        with selectors.DefaultSelector() as waiting:
            waiting.register(sys.stdin, selectors.EVENT_READ)
            for listener in self._listeners:
                listener.socket.settimeout(0)
                waiting.register(listener.socket, selectors.EVENT_READ, listener)
            while os.getppid() == parent:
                for key, _ in waiting.select(_PARENT_CHECK_S):
                    if key.data is None:
                        return
                    self._accept(cast("_Listener", key.data))
                self._processes.reap_orphans()

    def _accept(self, listener: _Listener) -> None:
        try:
            connection, _ = listener.socket.accept()
        except OSError:
            return  # the client went away between its knock and our answer
        if not listener.speaks:
            self._silent.append(connection)
            return
        connection.settimeout(None)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        transport = _HostTransport(connection)
        transport.add_server_key(listener.key)
        gate = _Gate(listener.machine, self._authorised, self._processes)
        transport.start_server(event=threading.Event(), server=gate)

    def _start_services(self) -> None:
        """Bring up what a booted machine runs; each service keeps its process id where its script looks for it."""
        with self._power.open("rb") as power:
            for listener in self._listeners:
                root = listener.machine.root
                for service in SERVICES:
                    pid = self._processes.start_service(["cat"], folder=root, reads=power)
                    pid_file(root, service).write_text(f"{pid}\n", encoding="ascii")


def _listener(host: HostSpec) -> _Listener:
    root = Path(host["root"])
    key = paramiko.Ed25519Key(filename=str(root / HOST_KEY))
    return _Listener(
        socket.socket(fileno=host["socket"]), Machine(root, writes_fail=host["disk"] == "limit"), key, host["speaks"]
    )


def main() -> None:
    """Serve what the file in the first argument says, once the parent says that it is there."""
    if not sys.stdin.readline():
        return
    logging.getLogger("paramiko").addHandler(logging.StreamHandler())
    spec = cast("ServerSpec", json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    server = Server(spec)
    sys.stdout.write(LISTENING + "\n")
    sys.stdout.flush()
    server.run()
    os._exit(0)  # daemon threads of open connections must not hold up the end


if __name__ == "__main__":
    main()
