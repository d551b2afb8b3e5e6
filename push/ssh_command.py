"""Run one command in a session: give it its input, take its output, see its end."""

import contextlib
import math
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from threading import Event

import paramiko
from paramiko.channel import Channel
from paramiko.common import cMSG_CHANNEL_REQUEST
from paramiko.message import Message

from muster.errors import AuthenticationRefused, StepFailed
from muster.fleet import Become
from muster.outcomes import Stage
from muster.ports import Order
from push.failures import ConnectionLost
from push.launcher import PROMPT, READY, command, end_command, split_output, stream
from push.output import Capture
from push.ssh_session import SshOptions
from push.transport import SLICE_S, Guard, RawResult, Stopped, TimeUp
from push.winrm_passwords import LogonRefused

CHUNK_BYTES = 262_144
READ_BYTES = 65_536
KEEPALIVE_S = 20
LINGER_S = 2.0
"""How long output is waited for after the command has ended: a service that it restarted may keep the pipe open."""
END_S = 1.3
"""How long the host may take to hear that a step is to end; the pool cuts the connection a moment later."""
SETTLE_S = 0.3
"""A channel that closes without a word was refused, or its connection is just being lost: this tells which."""
NO_COMMAND = "it let us in, but lets no command be run"
NO_STATUS = -1
"""paramiko's exit status of a channel that was closed without one."""


@dataclass(frozen=True, slots=True)
class Root:
    """How a step becomes root.

    Attributes:
        password: what sudo is told if it asks; empty where it must not ask.
        attempt: around telling it; keeps a refused password from being tried again.
    """

    become: Become = Become.NONE
    password: str = field(default="", repr=False)
    attempt: Callable[[], AbstractContextManager[None]] = nullcontext


class _Bell(Event):
    """An event that paramiko's pipes can set, and only we clear."""

    def clear(self) -> None:
        """Not when a pipe is empty: the other one may not be."""

    def rearm(self) -> None:
        """Wait for the next ring."""
        super().clear()


class Command:
    """One step in one session."""

    def __init__(
        self, session: paramiko.Transport, order: Order, guard: Guard, options: SshOptions, root: Root | None = None
    ) -> None:
        self._session = session
        self._order = order
        self._guard = guard
        self._root = root or Root(order.target.become or options.become)
        self._stdout = Capture(options.output_limit_bytes)
        self._stderr = Capture(options.output_limit_bytes)
        self._bell = _Bell()

    def run(self) -> RawResult:
        """Run it to its end.

        Raises:
            StepFailed: the host lets no command be run.
            Exception: the connection broke; ``push/failures.py`` knows what that means.
        """
        self._guard.reached(Stage.TRANSFER)
        channel = self._session.open_session()
        channel.in_buffer.set_event(self._bell)
        channel.in_stderr_buffer.set_event(self._bell)
        self._session.set_keepalive(KEEPALIVE_S)
        try:
            data = stream(self._order.step)
            self._start(channel, len(data))
            if self._root.password:
                self._become_root(channel)
            self._send(channel, data)
            self._guard.reached(Stage.COMMAND)
            self._wait(channel)
        except (TimeUp, Stopped):
            self._ask_to_end(channel)
            raise
        finally:
            self._drain(channel)
            group, self._guard.stdout = split_output(self._stdout.text())
            self._guard.stderr = self._said()
            self._guard.step_began = group is not None
        return self._result(channel)

    def _start(self, channel: Channel, size_bytes: int) -> None:
        """Ask for the command and do not wait for the answer: it comes before any output, and saves a round trip."""
        pace = self._guard.pace
        own_s = self._order.step.timeout_s + (2 * pace.seconds_for(size_bytes) if pace else 0.0)
        limit_s = math.floor(min(own_s, self._guard.remaining_s))
        self._guard.begin()
        request = _request(channel, "exec", reply=True)
        request.add_string(command(limit_s, become=self._root.become, asks=bool(self._root.password)))
        self._tell(request)

    def _become_root(self, channel: Channel) -> None:
        """Tell sudo the password if it asks, once; sent only then, so that it can never be read as part of the step.

        Raises:
            StepFailed: sudo does not take it, or refused it before.
        """
        try:
            with contextlib.ExitStack() as attempts:
                self._tell_password(channel, attempts)
        except LogonRefused:
            self._guard.reached(Stage.COMMAND)
            raise StepFailed(
                f"sudo on the host does not take the password of {self._order.target.user}",
                hint=f"correct {self._order.target.become_credential}, then muster retry",
            ) from None
        except AuthenticationRefused as error:
            self._guard.reached(Stage.COMMAND)
            raise StepFailed(error.message, hint=error.hint) from None

    def _tell_password(self, channel: Channel, attempts: contextlib.ExitStack) -> None:
        told = False
        while READY not in self._stdout.text() and not self._is_over(channel):
            said = self._stderr.text()
            if PROMPT in said and not told:
                attempts.enter_context(self._root.attempt())
                channel.settimeout(self._guard.slice_s(END_S))
                channel.sendall(f"{self._root.password}\n".encode())
                told = True
            elif said.count(PROMPT) > 1:
                raise LogonRefused
            self._bell.wait(self._guard.slice_s())
            self._bell.rearm()
            self._drain(channel)
        if "incorrect password" in self._stderr.text():
            raise LogonRefused

    def _send(self, channel: Channel, data: bytes) -> None:
        rest = memoryview(data)
        while rest and not channel.closed:
            size = self._allowed(channel, len(rest))
            channel.settimeout(self._guard.slice_s())
            try:
                sent = channel.send(bytes(rest[:size]))
            except TimeoutError:
                sent = 0
            except OSError:
                if self._is_over(channel):
                    return
                raise
            if self._guard.pace is not None:
                self._guard.pace.line.give_back(size - sent)
            rest = rest[sent:]
            self._drain(channel)
        with contextlib.suppress(OSError):
            channel.shutdown_write()

    def _allowed(self, channel: Channel, rest_bytes: int) -> int:
        """How much may be sent now; waits where the site's line has a cap that is used up."""
        pace, most = self._guard.pace, min(rest_bytes, CHUNK_BYTES)
        if pace is None:
            return most
        while not (allowed := pace.take(most)) and not channel.closed:
            with pace.lend():
                self._bell.wait(self._guard.slice_s(min(SLICE_S, pace.nap_s(most))))
                self._bell.rearm()
            self._drain(channel)
        return allowed

    def _wait(self, channel: Channel) -> None:
        ended_at = None
        while not self._is_over(channel):
            if ended_at is None and channel.exit_status_ready():
                ended_at = time.monotonic()
            if ended_at is not None and time.monotonic() > ended_at + LINGER_S:
                return
            self._bell.wait(self._guard.slice_s())
            self._bell.rearm()
            if self._drain(channel):
                ended_at = None

    def _is_over(self, channel: Channel) -> bool:
        return channel.closed or (bool(channel.eof_received) and channel.exit_status_ready())

    def _drain(self, channel: Channel) -> bool:
        """Take all output that has come; whether there was any."""
        some = False
        while channel.recv_ready():
            self._stdout.add(channel.recv(READ_BYTES))
            some = True
        while channel.recv_stderr_ready():
            self._stderr.add(channel.recv_stderr(READ_BYTES))
            some = True
        return some

    def _ask_to_end(self, channel: Channel) -> None:
        """End the step on the host: a connection that is merely closed leaves it running.

        A signal request would be the protocol's way, but OpenSSH refuses it for root. Where the line is dead, the
        host's own ``timeout`` ends the step.
        """
        self._drain(channel)
        group, _ = split_output(self._stdout.text())
        until = time.monotonic() + END_S
        with contextlib.suppress(OSError, EOFError, paramiko.SSHException):
            if group is None:
                request = _request(channel, "signal", reply=False)
                request.add_string("TERM")
                self._tell(request)
                return
            ender = self._session.open_session(timeout=END_S)
            ender.exec_command(end_command(group, become=self._root.become))
            while not ender.closed and time.monotonic() < until:
                time.sleep(0.02)

    def _tell(self, request: Message) -> None:
        """Send what paramiko has no call for: a request whose answer is not waited for, a signal."""
        self._session._send_user_message(request)  # type: ignore[attr-defined]  # noqa: SLF001 - see above

    def _result(self, channel: Channel) -> RawResult:
        status = channel.exit_status
        if status == NO_STATUS and not channel.eof_received:
            self._session.join(SETTLE_S)
            if not self._session.is_active():
                raise ConnectionLost
            if not channel.event_ready:
                raise StepFailed(NO_COMMAND, hint="check what this account may do there")
        group, said = split_output(self._stdout.text())
        dropped = self._stdout.dropped_bytes + self._stderr.dropped_bytes
        return RawResult(None if status == NO_STATUS else status, said, self._said(), group is not None, dropped)

    def _said(self) -> str:
        """Standard error, without sudo's question, which was answered."""
        return self._stderr.text().replace(PROMPT, "") if self._root.password else self._stderr.text()


def _request(channel: Channel, kind: str, *, reply: bool) -> Message:
    message = Message()
    message.add_byte(cMSG_CHANNEL_REQUEST)
    message.add_int(channel.remote_chanid)
    message.add_string(kind)
    message.add_boolean(reply)
    return message
