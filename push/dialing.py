"""One more connection to a host whose order is on its way already, by the way that its first one came."""

import socket
import time
from collections.abc import Callable
from functools import partial
from threading import Event

from muster.errors import Unreachable
from muster.ports import Target
from push.lane import Dialed, Dialer
from push.transport import SLICE_S, Door

Dial = Callable[[float, Callable[[], None]], socket.socket]
"""Opens a connection within so many seconds; the second argument raises when nobody wants it any more."""


def dial_of(target: Target, port: int, dialer: Dialer | None) -> Dial:
    """How this host is connected to: straight, or through its jump hosts and never around them."""
    if not target.jump:
        return straight((target.address, port))
    return partial(_through, target, Door(target.address, port, greets=False), dialer)


def straight(address: tuple[str, int]) -> Dial:
    """The way to a host with no jump host before it."""
    return partial(_straight, address)


def _straight(address: tuple[str, int], limit_s: float, check: Callable[[], None]) -> socket.socket:
    check()
    return socket.create_connection(address, limit_s)


def _through(
    target: Target, door: Door, dialer: Dialer | None, limit_s: float, check: Callable[[], None]
) -> socket.socket:
    """Wait for the jump hosts to connect us.

    Raises:
        Unreachable: they do not.
        TimeoutError: they have not within ``limit_s``.
    """
    if dialer is None:
        raise Unreachable("the jump hosts on its way are not known here")
    found: list[Dialed | Exception] = []
    answered, given_up = Event(), Event()

    def answer(one: Dialed | Exception) -> None:
        found.append(one)
        answered.set()
        if given_up.is_set():
            _let_go(one)

    dialer.dial(target, door, answer=answer, is_wanted=lambda: not given_up.is_set())
    try:
        _await(answered, limit_s, check)
    except BaseException:
        given_up.set()
        for one in found:
            _let_go(one)
        raise
    (one,) = found
    if isinstance(one, Exception):
        raise one
    return one[0]


def _await(answered: Event, limit_s: float, check: Callable[[], None]) -> None:
    ends_at = time.monotonic() + limit_s
    while not answered.wait(max(0.0, min(SLICE_S, ends_at - time.monotonic()))):
        check()
        if time.monotonic() >= ends_at:
            raise TimeoutError


def _let_go(one: Dialed | Exception) -> None:
    if not isinstance(one, Exception):
        one[0].close()
