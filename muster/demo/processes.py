"""The processes of the demo's hosts: started, reaped, and all ended when the demo ends.

A host's service leaves the session that started it, as a real one does. So that none of them is lost, the server
process asks the kernel to become the parent of orphans below it (``PR_SET_CHILD_SUBREAPER``, see prctl(2)).
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

import psutil

_PR_SET_CHILD_SUBREAPER = 36
_KILL_SECONDS = 2.0


class Processes:
    """What runs on the hosts of one server process; safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._commands: set[int] = set()

    @staticmethod
    def adopt_orphans() -> None:
        """Become the parent of every process below this one that loses its own."""
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

    def start(
        self, command: Sequence[str], *, folder: Path, environment: Mapping[str, str]
    ) -> "subprocess.Popen[bytes]":
        """Start a command in a process group of its own, with three pipes; ``ended`` must be called after its wait."""
        with self._lock:
            process = subprocess.Popen(
                command,
                cwd=folder,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
                bufsize=0,
            )
            self._commands.add(process.pid)
        return process

    def ended(self, process: "subprocess.Popen[bytes]") -> None:
        """Forget a command whose exit status was fetched."""
        with self._lock:
            self._commands.discard(process.pid)

    def start_service(self, command: Sequence[str], *, folder: Path, reads: IO[bytes]) -> int:
        """Start a process that nobody waits for and that reads from an open file; its process id.

        A service that opened the power's FIFO itself would wait forever where the power has gone just before.
        """
        with self._lock:
            process = subprocess.Popen(
                command,
                cwd=folder,
                stdin=reads,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        process.returncode = 0  # ours to reap below, and no warning when the object goes
        return process.pid

    def reap_orphans(self) -> None:
        """Fetch the exit status of every ended process that no command's thread is going to fetch."""
        with self._lock, contextlib.suppress(ChildProcessError):
            while ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                if ended.si_pid in self._commands:
                    return
                os.waitpid(ended.si_pid, os.WNOHANG)

    @staticmethod
    def kill_all() -> None:
        """End everything below this process; gives up after two seconds."""
        until = time.monotonic() + _KILL_SECONDS
        while time.monotonic() < until:
            living = [
                child
                for child in psutil.Process().children(recursive=True)
                if child.is_running() and child.status() != psutil.STATUS_ZOMBIE
            ]
            if not living:
                return
            for child in living:
                with contextlib.suppress(psutil.Error):
                    child.kill()
            time.sleep(0.01)


def kill_group(process: "subprocess.Popen[bytes]") -> None:
    """End a command and everything that stayed in its process group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
