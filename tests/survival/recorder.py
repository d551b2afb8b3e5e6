"""The hosts' own memory: a demo server that writes down which steps each of its hosts was made to carry out.

Started as ``python recorder.py LOG [OPTIONS] -- python -m muster.demo.sshd SPEC``: it runs that very server, and hands
each command on to it. Every line of LOG is one JSON object (see ``tests.survival.host_log``). What Muster believes
plays no part in it, and a killed Muster cannot take a line back.

With ``--password-in NAME`` the hosts also take the password in that environment variable, and those that are named by
``--echo-at`` repeat it wherever a host can say something: a host that is not to be trusted with it does just that.
"""

import argparse
import itertools
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import paramiko
from paramiko.common import AUTH_FAILED, AUTH_SUCCESSFUL

from muster.demo import sshd
from muster.demo.processes import Processes
from muster.demo.session import Machine
from muster.demo.session import carry_out as carry_out_there

BEGUN = b"muster\tbegun"
KEPT_BYTES = 200_000
ECHO = (
    "note\tthe password is {0}\n"
    "changed\tset the password to {0}\n"
    "fact\tsystem\tpassword\t{0}\n"
    "fact\tpassword {0}\tversion\t1\n"
    "you said {0}\n"
)

_numbers = itertools.count(1)


class _Overheard:
    """A channel that is listened to; everything else is the channel's."""

    def __init__(self, channel: paramiko.Channel, write: Callable[[str, str, str], None], echo: bytes) -> None:
        self._channel = channel
        self._write = write
        self._echo = echo
        self._heard = b""
        self.said = b""
        self.step = ""

    def recv(self, size: int) -> bytes:
        """What the client sends: script, arguments, payload."""
        data = self._channel.recv(size)
        self._heard = (self._heard + data)[:KEPT_BYTES]
        return data

    def sendall(self, data: bytes) -> None:
        """What the host answers; one of its first lines says that the script has arrived and is carried out now."""
        self._say(data)
        if not self.step and BEGUN in self.said:
            self.step = _step_of(self._heard)
            self._write("begun", self.step, "")
            if self._echo:
                self._say(self._echo)
                self._channel.sendall_stderr(self._echo)

    def _say(self, data: bytes) -> None:
        self.said = (self.said + data)[:KEPT_BYTES]
        self._channel.sendall(data)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - the channel's own
        return getattr(self._channel, name)


def _step_of(script: bytes) -> str:
    for step in ("apply", "rollback"):
        if f"\nstep={step}\n".encode() in script:
            return step
    return "probe"


def record(log: Path, *, password: str, echo_at: str) -> None:
    """From now on, whatever this server's hosts are made to carry out is written to ``log``."""
    file = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def carry_out(command: str, machine: Machine, channel: paramiko.Channel, processes: Processes) -> None:
        session = f"{os.getpid()}.{next(_numbers)}"

        def write(what: str, step: str, said: str) -> None:
            line = {"at_s": time.monotonic(), "host": machine.root.name, "session": session}
            line |= {"what": what, "step": step, "said": said}
            os.write(file, json.dumps(line).encode() + b"\n")  # one write, so that lines of several servers stay whole

        echo = ECHO.format(password) if machine.root.name == echo_at else ""
        heard: Any = _Overheard(channel, write, echo.encode())
        try:
            carry_out_there(command, machine, heard, processes)
        finally:
            if heard.step:
                write("ended", heard.step, heard.said.decode(errors="replace"))

    vars(sshd)["carry_out"] = carry_out


def take_password(password: str) -> None:
    """From now on, this server's hosts let in whoever says the password, too."""

    class Gate(sshd._Gate):
        def get_allowed_auths(self, username: str) -> str:
            del username
            return "publickey,password"

        def check_auth_password(self, username: str, password_said: str) -> int:
            del username
            return AUTH_SUCCESSFUL if password_said == password else AUTH_FAILED

    vars(sshd)["_Gate"] = Gate


def main() -> None:
    """Be a demo server with a memory."""
    parser = argparse.ArgumentParser()
    parser.add_argument("log", type=Path)
    parser.add_argument("--password-in", default="")
    parser.add_argument("--echo-at", default="")
    mine, theirs = sys.argv[1 : sys.argv.index("--")], sys.argv[sys.argv.index("--") + 1 :]
    options = parser.parse_args(mine)
    password = os.environ[options.password_in] if options.password_in else ""
    record(options.log, password=password, echo_at=options.echo_at)
    if password:
        take_password(password)
    sys.argv = theirs[2:]  # as python -m would have it
    sshd.main()


if __name__ == "__main__":
    main()
