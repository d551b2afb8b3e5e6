"""Hosts that could not be reached wait in a queue, and are asked again when they answer a knock on their door."""

import socket
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field

from muster.fleet import Fleet, Host, TransportName
from muster.ids import HostId
from muster.outcomes import HostStatus
from muster.records import HostState

USUAL_PORTS = {TransportName.SSH: (22,), TransportName.WINRM: (5986, 5985)}
KNOCK_TIMEOUT_S = 3.0
KNOCKS_AT_ONCE = 256
"""Almost all of a knock is waiting: seven hundred silent hosts take nine seconds."""


def offline_hosts(fleet: Fleet, states: Iterable[HostState]) -> tuple[Host, ...]:
    """The hosts that could not be reached and might be one day: not those that only a person on site can reach."""
    hosts = (fleet.host[state.host_id] for state in states if state.status is HostStatus.UNREACHABLE)
    return tuple(host for host in hosts if host.transport is not TransportName.NONE)


def answers(host: Host, fleet: Fleet) -> bool:
    """Whether something listens at a host's door. One behind a jump host is believed to: no knock reaches it."""
    if fleet.site[host.site_id].jump:
        return True
    ports = (host.port,) if host.port else USUAL_PORTS[host.transport]
    return any(_listens(host.address, port) for port in ports)


def _listens(address: str, port: int) -> bool:
    with suppress(OSError), socket.create_connection((address, port), timeout=KNOCK_TIMEOUT_S):
        return True
    return False


@dataclass(slots=True)
class Doors:
    """Which doors to knock at, and when again: after each knock a host is left alone for twice as long.

    Attributes:
        first_s, longest_s: how long a host is left alone after its first knock, and at most.
    """

    fleet: Fleet
    first_s: float = 30.0
    longest_s: float = 900.0
    _next: dict[HostId, float] = field(default_factory=dict)
    _pause: dict[HostId, float] = field(default_factory=dict)

    def knock(self, hosts: Sequence[Host]) -> tuple[HostId, ...]:
        """Knock at the doors that are due; gives the hosts that answer."""
        now = time.monotonic()
        due = [host for host in hosts if self._next.get(host.id, 0.0) <= now]
        if not due:
            return ()
        for host in due:
            self._pause[host.id] = min(self.longest_s, self._pause.get(host.id, self.first_s / 2) * 2)
            self._next[host.id] = now + self._pause[host.id]
        with ThreadPoolExecutor(min(KNOCKS_AT_ONCE, len(due)), thread_name_prefix="muster-knock") as threads:
            heard = list(threads.map(lambda host: answers(host, self.fleet), due))
        return tuple(host.id for host, there in zip(due, heard, strict=True) if there)

    def forget(self, host_id: HostId) -> None:
        """Begin anew with a host that was reached."""
        self._next.pop(host_id, None)
        self._pause.pop(host_id, None)
