"""One connection through a jump host: a channel of its session at one end, an ordinary socket at the other.

Whoever uses the connection gets the other half of the socket pair and need not know that there is a jump host. Bytes
are moved by the jump host's one thread (``push/jump.py``); nothing here waits.
"""

import contextlib
import selectors
import socket
import time
from collections.abc import Callable
from threading import Event

from paramiko.channel import Channel

READ_BYTES = 65_536
SETTLE_S = 0.5
AT_ONCE = 8
"""Pieces that one connection may move before others have their turn."""


class LocalEnd(socket.socket):
    """The half that is given away: it takes settings of TCP as a connection to a host would, and they mean nothing."""

    def setsockopt(self, level: int, *rest: object) -> None:
        """Set what is not TCP's."""
        if level != socket.IPPROTO_TCP:
            super().setsockopt(level, *rest)  # type: ignore[call-overload]  # passed on as it came


def socket_pair() -> tuple[socket.socket, LocalEnd]:
    """Ours, and the one that is given away."""
    near, theirs = socket.socketpair()
    return near, LocalEnd(fileno=theirs.detach())


class Bell(Event):
    """An event of paramiko that tells somebody when it is set."""

    def __init__(self, on_set: Callable[[], None]) -> None:
        super().__init__()
        self._on_set = on_set

    def set(self) -> None:
        """Also tell."""
        super().set()
        self._on_set()


class Bridge:
    """Moves bytes between a channel and a socket, as far as both take them at the moment.

    Attributes:
        far: the channel to the host.
        near: our half of the socket pair; whoever uses the connection has the other one.
        is_stalled: the host takes nothing more for now; ``move`` is to be called again soon.
        is_over: nothing more can come; both ends are closed.
    """

    def __init__(
        self, far: Channel, near: socket.socket, selector: selectors.BaseSelector, bell: Bell, *, data: object
    ) -> None:
        self.far = far
        self.near = near
        self.is_stalled = False
        self.is_over = False
        self._selector = selector
        self._bell = bell
        self._to_near = b""
        self._to_far = b""
        self._watched = 0
        self._said_end = False
        self._cut_at = 0.0
        self._data = data
        near.settimeout(0.0)
        far.settimeout(0.0)
        far.in_buffer.set_event(bell)

    def move(self) -> bool:
        """Move what can be moved; whether there may be more at once."""
        try:
            again = self._outwards() | self._inwards()
        except OSError:  # whoever used it is gone
            self.close()
            return False
        if not self.is_over:
            self._watch()
        return again and not self.is_over

    def close(self) -> None:
        """End both ends."""
        if self.is_over:
            return
        self.is_over = True
        if self._watched:
            self._selector.unregister(self.near)
        self.near.close()
        with contextlib.suppress(OSError, EOFError):
            self.far.close()

    def _inwards(self) -> bool:
        """From the host to whoever uses the connection."""
        for _ in range(AT_ONCE):
            if self._to_near:
                with contextlib.suppress(BlockingIOError):
                    self._to_near = self._to_near[self.near.send(self._to_near) :]
                if self._to_near:
                    return False
            if not self.far.recv_ready():
                self._bell.clear()
                if not self.far.recv_ready():
                    break
            self._to_near = self.far.recv(READ_BYTES)
        else:
            return True
        if not self._said_end and self._has_ended():
            self._said_end = True
            self.near.shutdown(socket.SHUT_WR)
        return False

    def _has_ended(self) -> bool:
        """Whether the host said so; a channel that closes without a word may be a session that is just being lost."""
        if self.far.eof_received or not self.far.closed:
            return bool(self.far.eof_received)
        self._cut_at = self._cut_at or time.monotonic()
        self.is_stalled = time.monotonic() < self._cut_at + SETTLE_S
        return not self.is_stalled

    def _outwards(self) -> bool:
        """From whoever uses the connection to the host."""
        self.is_stalled = False
        for _ in range(AT_ONCE):
            if not self._to_far:
                try:
                    self._to_far = self.near.recv(READ_BYTES)
                except BlockingIOError:
                    return False
                if not self._to_far:
                    self.close()
                    return False
            if self.far.closed:
                self._to_far = b""
                continue
            try:
                self._to_far = self._to_far[self.far.send(self._to_far) :]
            except TimeoutError:
                self.is_stalled = True
                return False
        return True

    def _watch(self) -> None:
        wanted = 0 if self.is_stalled else selectors.EVENT_READ
        wanted |= selectors.EVENT_WRITE if self._to_near else 0
        if wanted == self._watched:
            return
        if not self._watched:
            self._selector.register(self.near, wanted, self._data)
        elif not wanted:
            self._selector.unregister(self.near)
        else:
            self._selector.modify(self.near, wanted, self._data)
        self._watched = wanted
