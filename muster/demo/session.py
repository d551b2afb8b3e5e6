"""One command of one host: ``/bin/sh -c``, with the channel as its standard input, output and error."""

import contextlib
import os
import selectors
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path

import paramiko
from paramiko.common import cMSG_CHANNEL_REQUEST

from muster.demo.processes import Processes, kill_group

_CHUNK_BYTES = 65_536
_LOOK_AFTER_CLIENT_S = 0.25
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_NO_SPACE = "trap '' XFSZ; ulimit -f 0; exec /bin/sh -c \"$0\""
_SIGNAL_NAMES = {1: "HUP", 2: "INT", 3: "QUIT", 4: "ILL", 6: "ABRT", 8: "FPE", 9: "KILL", 11: "SEGV", 13: "PIPE",
                 14: "ALRM", 15: "TERM"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Machine:
    """What a command sees of its host.

    Attributes:
        root: the host's directory; commands find it in ``MUSTER_ROOT``.
        writes_fail: every write to a file fails (RLIMIT_FSIZE of 0); the makeshift for a full disk.
    """

    root: Path
    writes_fail: bool = False

    def environment(self) -> dict[str, str]:
        """All that a command inherits."""
        return {"MUSTER_ROOT": str(self.root), "HOME": str(self.root), "PATH": _PATH, "LC_ALL": "C", "SHELL": "/bin/sh"}

    def shell(self, command: str) -> list[str]:
        """The command as sshd would hand it to a login shell."""
        return ["/bin/sh", "-c", _NO_SPACE, command] if self.writes_fail else ["/bin/sh", "-c", command]


def carry_out(command: str, machine: Machine, channel: paramiko.Channel, processes: Processes) -> None:
    """Run a command to its end, or until the client is gone; then close the channel."""
    try:
        process = processes.start(machine.shell(command), folder=machine.root, environment=machine.environment())
    except (OSError, ValueError):  # no process to be had, or a NUL in the command
        _close(channel)
        return
    threading.Thread(target=_feed, args=(channel, process), daemon=True).start()
    try:
        if _relay(process, channel) and _await_end(process, channel):
            _say_how_it_ended(channel, process.returncode)
        else:
            kill_group(process)
            process.wait()
    except (OSError, EOFError, paramiko.SSHException):
        kill_group(process)
        process.wait()
    finally:
        processes.ended(process)
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()
        _close(channel)


def _feed(channel: paramiko.Channel, process: "subprocess.Popen[bytes]") -> None:
    """Client's input to the command's standard input, to its end."""
    pipe = process.stdin
    if pipe is None:
        return
    with contextlib.suppress(OSError, ValueError):
        while chunk := channel.recv(_CHUNK_BYTES):
            view = memoryview(chunk)
            while view:
                view = view[pipe.write(view) or 0 :]
    with contextlib.suppress(OSError):
        pipe.close()


def _relay(process: "subprocess.Popen[bytes]", channel: paramiko.Channel) -> bool:
    """The command's output and errors to the client; True when both came to their end, False when the client went."""
    with selectors.PollSelector() as waiting:
        for pipe, send in ((process.stdout, channel.sendall), (process.stderr, channel.sendall_stderr)):
            if pipe is not None:
                waiting.register(pipe, selectors.EVENT_READ, send)
        while waiting.get_map():
            for key, _ in waiting.select(_LOOK_AFTER_CLIENT_S):
                if chunk := os.read(key.fd, _CHUNK_BYTES):
                    key.data(chunk)
                else:
                    waiting.unregister(key.fileobj)
            if channel.closed:
                return False
    return True


def _await_end(process: "subprocess.Popen[bytes]", channel: paramiko.Channel) -> bool:
    """Wait for a command that has closed its output; False when the client went first."""
    while not channel.closed:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_LOOK_AFTER_CLIENT_S)
            return True
    return False


def _close(channel: paramiko.Channel) -> None:
    with contextlib.suppress(OSError, EOFError, paramiko.SSHException):  # the client was quicker
        channel.close()


def _say_how_it_ended(channel: paramiko.Channel, code: int) -> None:
    if code >= 0:
        channel.send_exit_status(code)
        return
    message = paramiko.Message()
    message.add_byte(cMSG_CHANNEL_REQUEST)
    message.add_int(channel.remote_chanid)
    message.add_string("exit-signal")
    message.add_boolean(False)  # noqa: FBT003 -- the protocol's "want reply"
    message.add_string(_SIGNAL_NAMES.get(-code, f"SIG{-code}@muster"))
    message.add_boolean(False)  # noqa: FBT003 -- "core dumped"
    message.add_string("")
    message.add_string("")
    channel.get_transport()._send_user_message(message)  # type: ignore[attr-defined]  # noqa: SLF001 -- paramiko has send_exit_status, and nothing for signals
