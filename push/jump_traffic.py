"""What goes through the session with one jump host: calls that are opened, bytes that are moved, signs of life."""

import os
import selectors
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from threading import Lock

from paramiko.channel import Channel

from muster.errors import Unreachable
from push.failures import ConnectionLost
from push.jump_bridge import Bell, Bridge, socket_pair
from push.lane import Dialed
from push.ssh_session import Session
from push.transport import Stopped

IDLE_S = 30.0
"""How long a session stays when no connection goes through it."""
SIGN_S = 5.0
"""A session that was silent for so long is asked for a sign of life."""
DEAD_S = 20.0
"""A session that was silent for so long is dead."""
STALLED_S = 0.005
TICK_S = 0.5
PROHIBITED = 1
"""A reason of RFC 4254, 5.1; the others are about the host that is wanted."""


@dataclass(eq=False, slots=True)
class Call:
    """One connection that somebody wants; ``broken_by`` makes it a ``push.lane.Line``."""

    address: str
    port: int
    answer: Callable[[Dialed | Exception], None]
    is_wanted: Callable[[], bool]
    broken_by: str = ""


class Traffic:
    """What goes through one session; everything but ``ring`` belongs to the session's thread."""

    def __init__(self, session: Session, name: str, next_call: Callable[[], Call | None]) -> None:
        self._session = session
        self._name = name
        self._next_call = next_call
        self._selector = selectors.DefaultSelector()
        self._eventfd = os.eventfd(0, os.EFD_NONBLOCK)
        self._selector.register(self._eventfd, selectors.EVENT_READ)
        self._closing = Lock()
        self._is_closed = False
        self._rung: deque[Call] = deque()
        self._opening: dict[Call, tuple[Channel, Bell]] = {}
        self._bridges: dict[Call, Bridge] = {}

    def ring(self) -> None:
        """Wake the thread; from any thread, also after the end."""
        with self._closing:
            if not self._is_closed:
                os.eventfd_write(self._eventfd, 1)

    def carry(self, may_end: Callable[[], bool]) -> None:
        """Until nobody needs it any more.

        Raises:
            ConnectionLost: the jump host is gone.
        """
        used_at = signed_at = time.monotonic()
        while True:
            self._begin_calls()
            self._move()
            now = time.monotonic()
            if not self._session.is_active():
                raise ConnectionLost
            if self._opening or self._bridges:
                used_at = now
            elif now > used_at + IDLE_S and may_end():
                return
            silent_s = now - self._session.heard_at
            if silent_s > DEAD_S and (self._opening or self._bridges):
                raise ConnectionLost
            if silent_s > SIGN_S and now > signed_at + SIGN_S:
                signed_at = now
                self._session.ask_for_a_sign()

    def _begin_calls(self) -> None:
        """Ask the jump host for every connection that is wanted."""
        while (call := self._next_call()) is not None:
            if not call.is_wanted():
                call.answer(Stopped())
                continue
            bell = Bell(partial(self._hear, call))
            try:
                self._opening[call] = self._session.open_direct(call.address, call.port, bell), bell
            except Exception as error:  # noqa: BLE001 - it is told to whoever wanted the connection
                call.answer(error)

    def _hear(self, call: Call) -> None:
        """In paramiko's thread: something has happened to this call's channel."""
        self._rung.append(call)
        self.ring()

    def _move(self) -> None:
        """Wait a little until something can be moved, and move it."""
        stalled = [call for call, bridge in self._bridges.items() if bridge.is_stalled]
        wait_s = 0.0 if self._rung else STALLED_S if stalled else TICK_S
        ready: dict[Call, None] = dict.fromkeys(stalled)
        for key, _ in self._selector.select(wait_s):
            if key.data is None:
                os.eventfd_read(self._eventfd)
            else:
                ready[key.data] = None
        while self._rung:
            ready[self._rung.popleft()] = None
        for call in ready:
            if call in self._opening:
                self._opened(call)
            bridge = self._bridges.get(call)
            if bridge is not None and bridge.move():
                self._rung.append(call)
            if bridge is not None and bridge.is_over:
                del self._bridges[call]

    def _opened(self, call: Call) -> None:
        """The jump host has said yes or no."""
        channel, bell = self._opening[call]
        if not self._session.is_active():
            return  # neither: the session is gone, and ``close`` tells everybody
        del self._opening[call]
        refusal = self._session.refusals.pop(channel.get_id(), None)
        if refusal is not None:
            call.answer(refused(*refusal, name=self._name, port=call.port))
        elif not call.is_wanted():
            channel.close()
            call.answer(Stopped())
        else:
            near, theirs = socket_pair()
            self._bridges[call] = Bridge(channel, near, self._selector, bell, data=call)
            theirs.settimeout(0.0)
            call.answer((theirs, call))

    def close(self) -> None:
        """End every connection; where the session is lost, each of them hears of it."""
        for call in self._opening:
            call.answer(Unreachable(f"jump host {self._name} was lost"))
        for call, bridge in self._bridges.items():
            call.broken_by = self._name
            bridge.close()
        with self._closing:
            self._is_closed = True
            os.close(self._eventfd)
        self._selector.close()


def refused(reason: int, words: str, *, name: str, port: int) -> Unreachable:
    """What it means that a jump host did not open a connection; ``words`` are its own."""
    if reason == PROHIBITED:
        return Unreachable(
            f"jump host {name} lets no connection through: {words}",
            hint="its sshd must allow it for this account: AllowTcpForwarding, PermitOpen",
        )
    known = {
        "refused": (f"refused: nothing listens on port {port}", "is its service running, and is this the right port?"),
        "timed out": ("no answer to the connection", "is it switched on, and is the way to it open?"),
        "no route": ("no route to it", "is its network up?"),
        "unreachable": ("no route to it", "is its network up?"),
        "unknown host": ("its name is not known there", "check the address in the fleet file"),
        "not known": ("its name is not known there", "check the address in the fleet file"),
    }
    told = next((meaning for part, meaning in known.items() if part in words.lower()), None)
    cause, hint = told or (f"no connection: {words}", "muster retry tries again")
    return Unreachable(f"{cause} (seen from jump host {name})", hint=hint)
