"""The server processes of a demo fleet, as their parent sees them: started, told to begin, ended."""

import contextlib
import json
import selectors
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from muster.demo.sshd import LISTENING, ServerSpec
from muster.errors import MusterError

_BEGIN_SECONDS = 30.0
_STOP_SECONDS = 5.0


class ServerProcess:
    """One process of :mod:`muster.demo.sshd`; it waits for ``begin`` and ends with us, however we end."""

    def __init__(self, spec_file: Path, sockets: Sequence[int], prefix: Sequence[str] = ()) -> None:
        """Start it, so that it may load while the hosts are built.

        Args:
            spec_file: where ``begin`` will put its orders; what it complains about goes into a ``.log`` beside it.
            sockets: the descriptors that it inherits.
            prefix: a command that runs it, such as ``unshare``.
        """
        self._spec_file = spec_file
        with spec_file.with_suffix(".log").open("w", encoding="utf-8") as log:
            self._process = subprocess.Popen(
                [*prefix, sys.executable, "-m", "muster.demo.sshd", str(spec_file)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                pass_fds=sockets,
                start_new_session=True,  # Ctrl-C is for the parent, which then stops us in order
            )

    def begin(self, spec: ServerSpec) -> None:
        """Hand over what is to be served."""
        self._spec_file.write_text(json.dumps(spec), encoding="utf-8")
        if self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):  # it has ended: await_listening will say so
                self._process.stdin.write("begin\n")
                self._process.stdin.flush()

    def await_listening(self) -> None:
        """Wait until it serves.

        Raises:
            MusterError: it ended, or said nothing for thirty seconds.
        """
        said = ""
        if self._process.stdout is not None:
            with selectors.DefaultSelector() as waiting:
                waiting.register(self._process.stdout, selectors.EVENT_READ)
                said = self._process.stdout.readline() if waiting.select(_BEGIN_SECONDS) else ""
        if said.strip() != LISTENING:
            raise MusterError(
                "The demo's SSH servers did not start", hint=f"{self._spec_file.with_suffix('.log')} has their words."
            )

    def hang_up(self) -> None:
        """Let it end; does not wait."""
        if self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()

    def await_end(self, until: float) -> None:
        """Wait for its end until ``until`` (monotonic seconds), then kill it."""
        try:
            self._process.wait(max(0.1, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


def stop_all(servers: Sequence[ServerProcess]) -> None:
    """End all of them; takes five seconds at most."""
    for server in servers:
        server.hang_up()
    until = time.monotonic() + _STOP_SECONDS
    for server in servers:
        server.await_end(until)
