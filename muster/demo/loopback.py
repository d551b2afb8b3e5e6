"""An address of its own in 127.20.0.0/16 for every host, and sockets bound to them, all at one port.

On Linux every address of 127.0.0.0/8 is this machine, for every user, without any set-up; nothing outside can reach it.
"""

import contextlib
import resource
import socket
from collections.abc import Mapping, Sequence

from muster.errors import MusterError

_FIRST_PORT = 2222
_PORTS_TRIED = 40
_OTHER_FILES = 200
_BACKLOG = 128


def bind_all(hosts: Mapping[str, bool]) -> dict[str, socket.socket]:
    """A bound socket for every host, by id, in the order of the hosts.

    Args:
        hosts: whether the host listens; one that does not keeps its port from anybody else, and refuses connections.

    Raises:
        MusterError: no port is free on all addresses.
    """
    _allow_open_files(len(hosts) + _OTHER_FILES)
    reason = ""
    for port in range(_FIRST_PORT, _FIRST_PORT + _PORTS_TRIED):
        with contextlib.ExitStack() as undo:
            try:
                bound = {host: undo.enter_context(socket.socket()) for host in hosts}
                _bind(list(bound.values()), port)
                for host, listens in hosts.items():
                    if listens:
                        bound[host].listen(_BACKLOG)
            except OSError as error:
                reason = error.strerror or str(error)
                continue
            undo.pop_all()
            return bound
    raise MusterError(
        f"No port from {_FIRST_PORT} to {_FIRST_PORT + _PORTS_TRIED - 1} can be had on 127.20.0.0/16: {reason}",
        hint="The demo needs Linux, where every address of 127.0.0.0/8 is this machine. Do other demos still run?",
    )


def _bind(sockets: Sequence[socket.socket], port: int) -> None:
    for number, unbound in enumerate(sockets):
        unbound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        unbound.bind((f"127.20.{number // 250}.{number % 250 + 1}", port))


def _allow_open_files(wanted: int) -> None:
    """Raise this process's soft limit where a large fleet needs more descriptors than it gives."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard), hard))
