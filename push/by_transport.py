"""One pool for hosts that are reached in different ways: each target goes over the transport that its row names.

A transport is made when the first of its hosts comes: a fleet without Windows never imports WinRM.
"""

import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Lock

from muster.errors import Unreachable
from muster.fleet import TransportName
from muster.ports import Order, Pusher, Target
from muster.settings import Settings
from push.credentials import Credentials
from push.lane import Dialed, Dialer
from push.pool import Limits, PoolPusher
from push.redact import Redactor
from push.secrets_refused import FILE_NAME, RefusedPasswords
from push.transport import Door, Guard, RawResult, Transport
from push.winrm_passwords import SHARED as SHARED_GATE


def fast_pusher(settings: Settings, credentials: Credentials, *, redactor: Redactor) -> Pusher:
    """Scripts over SSH and WinRM, as the settings have it; hosts of both kinds share the threads of one pool."""
    remember_refusals(settings)

    def ssh() -> Transport:
        from push.ssh import ssh_transport

        return ssh_transport(settings, credentials)

    def jumps() -> Dialer:
        from push.ssh import ssh_transport

        return ssh_transport(settings, credentials).jumps(settings.connect_timeout_s)

    def winrm() -> Transport:
        from push.winrm import winrm_transport

        return winrm_transport(settings, credentials, dialer=dialer)

    dialer = LateDialer(jumps)
    transports = ByTransport({TransportName.SSH: ssh, TransportName.WINRM: winrm})
    limits = Limits(
        settings.parallel_hosts,
        settings.connect_timeout_s,
        per_site=settings.site_hosts,
        site_bytes_per_s=settings.site_bytes_per_s,
    )
    return PoolPusher(transports, limits, redactor=redactor, dialer=dialer)


def remember_refusals(settings: Settings) -> None:
    """From now on this process knows, and writes down, which passwords were refused in this workspace."""
    SHARED_GATE.memory = RefusedPasswords(settings.path(Path(FILE_NAME)))


class LateDialer:
    """A Dialer that is made when the first host behind a jump host comes."""

    def __init__(self, maker: Callable[[], Dialer]) -> None:
        self._maker = maker
        self._made: Dialer | None = None
        self._lock = Lock()

    def longest_s(self, target: Target) -> float:
        """See ``push.lane.Dialer``."""
        return self._dialer().longest_s(target)

    def dial(
        self,
        target: Target,
        door: Door,
        *,
        answer: Callable[[Dialed | Exception], None],
        is_wanted: Callable[[], bool],
    ) -> None:
        """See ``push.lane.Dialer``."""
        self._dialer().dial(target, door, answer=answer, is_wanted=is_wanted)

    def _dialer(self) -> Dialer:
        with self._lock:
            if self._made is None:
                self._made = self._maker()
            return self._made


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
