"""Run one command in a session: give it its input, take its output, see its end."""

import contextlib
import math
import time
from threading import Event

import paramiko
from paramiko.channel import Channel
from paramiko.common import cMSG_CHANNEL_REQUEST
from paramiko.message import Message

from muster.errors import StepFailed
from muster.outcomes import Stage
from muster.ports import Order
from push.failures import ConnectionLost
from push.launcher import command, end_command, split_output, stream
from push.output import Capture
from push.ssh_session import SshOptions
from push.transport import Guard, RawResult, Stopped, TimeUp

CHUNK_BYTES = 262_144
READ_BYTES = 65_536
KEEPALIVE_S = 20
LINGER_S = 2.0
"""How long output is waited for after the command has ended: a service that it restarted may keep the pipe open."""
END_S = 0.8
"""How long the host may take to hear that a step is to end."""
SETTLE_S = 0.3
"""A channel that closes without a word was refused, or its connection is just being lost: this tells which."""
NO_COMMAND = "it let us in, but lets no command be run"
NO_STATUS = -1
"""paramiko's exit status of a channel that was closed without one."""


class _Bell(Event):
    """An event that paramiko's pipes can set, and only we clear."""

    def clear(self) -> None:
        """Not when a pipe is empty: the other one may not be."""

    def rearm(self) -> None:
        """Wait for the next ring."""
        super().clear()


class Command:
    """One step in one session."""

    def __init__(self, session: paramiko.Transport, order: Order, guard: Guard, options: SshOptions) -> None:
        self._session = session
        self._order = order
        self._guard = guard
        self._become = options.become
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
            self._start(channel)
            self._send(channel, stream(self._order.step))
            self._guard.reached(Stage.COMMAND)
            self._wait(channel)
        except (TimeUp, Stopped):
            self._ask_to_end(channel)
            raise
        finally:
            self._drain(channel)
            group, self._guard.stdout = split_output(self._stdout.text())
            self._guard.stderr = self._stderr.text()
            self._guard.step_began = group is not None
        return self._result(channel)

    def _start(self, channel: Channel) -> None:
        """Ask for the command and do not wait for the answer: it comes before any output, and saves a round trip."""
        limit_s = math.floor(min(self._order.step.timeout_s, self._guard.remaining_s))
        self._guard.begin()
        request = _request(channel, "exec", reply=True)
        request.add_string(command(limit_s, become=self._become))
        self._tell(request)

    def _send(self, channel: Channel, data: bytes) -> None:
        rest = memoryview(data)
        while rest and not channel.closed:
            channel.settimeout(self._guard.slice_s())
            try:
                sent = channel.send(bytes(rest[:CHUNK_BYTES]))
            except TimeoutError:
                sent = 0
            except OSError:
                if self._is_over(channel):
                    return
                raise
            rest = rest[sent:]
            self._drain(channel)
        with contextlib.suppress(OSError):
            channel.shutdown_write()

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
            ender.exec_command(end_command(group))
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
        return RawResult(None if status == NO_STATUS else status, said, self._stderr.text(), group is not None, dropped)


def _request(channel: Channel, kind: str, *, reply: bool) -> Message:
    message = Message()
    message.add_byte(cMSG_CHANNEL_REQUEST)
    message.add_int(channel.remote_chanid)
    message.add_string(kind)
    message.add_boolean(reply)
    return message
