"""One pool for hosts that are reached in different ways: each target goes over the transport that its row names.

A transport is made when the first of its hosts comes: a fleet without Windows never imports WinRM.
"""

import socket
from collections.abc import Callable, Mapping
from threading import Lock

from muster.errors import Unreachable
from muster.fleet import TransportName
from muster.ports import Order, Pusher, Target
from muster.settings import Settings
from push.credentials import Credentials
from push.pool import Limits, PoolPusher
from push.redact import Redactor
from push.transport import Door, Guard, RawResult, Transport


def fast_pusher(settings: Settings, credentials: Credentials, *, redactor: Redactor) -> Pusher:
    """Scripts over SSH and WinRM, as the settings have it; hosts of both kinds share the threads of one pool."""

    def ssh() -> Transport:
        from push.ssh import ssh_transport

        return ssh_transport(settings, credentials)

    def winrm() -> Transport:
        from push.winrm import winrm_transport

        return winrm_transport(settings, credentials)

    transports = ByTransport({TransportName.SSH: ssh, TransportName.WINRM: winrm})
    return PoolPusher(transports, Limits(settings.parallel_hosts, settings.connect_timeout_s), redactor=redactor)


class ByTransport:
    """A Transport that hands each target to the one it names."""

    def __init__(self, makers: Mapping[TransportName, Callable[[], Transport]]) -> None:
        self._makers = makers
        self._made: dict[TransportName, Transport] = {}
        self._lock = Lock()

    def door(self, target: Target) -> Door | None:
        """Where the target's own transport would knock."""
        return self._of(target).door(target)

    def carry(self, order: Order, guard: Guard, connection: socket.socket | None) -> RawResult:
        """Carry the step over the target's own transport."""
        return self._of(order.target).carry(order, guard, connection)

    def _of(self, target: Target) -> Transport:
        name = target.transport
        if name not in self._makers:
            raise Unreachable("only a person on site can reach it", hint="plan a visit on site")
        with self._lock:
            if name not in self._made:
                self._made[name] = self._makers[name]()
            return self._made[name]
