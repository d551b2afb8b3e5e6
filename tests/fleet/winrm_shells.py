"""Shells and commands of one WinRM host of the tests, with the quotas of a real one.

The engine behind them is chosen by the test: ``winrm_stub`` (a small documented set of commands, thousands of hosts)
or ``winrm_wine`` (a real ``cmd`` and a real registry).
"""

import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from tests.fleet.winrm_soap import Request, WsmanFault, operation_timed_out, quota_reached, shell_not_found

RECEIVE_CHUNK_BYTES = 98_304
"""What one Receive carries: it fits, in base64, into the default envelope of 153,600 bytes."""

COMMAND_LINE_LIMIT = 8191
"""What cmd takes; beyond it, it says so on standard error and ends with 1."""


class Process:
    """One command on its way: what it wrote and how it ended; an engine writes, Receive reads."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._stdout = bytearray()
        self._stderr = bytearray()
        self._exit_code: int | None = None

    def write(self, stdout: bytes = b"", stderr: bytes = b"") -> None:
        """Add output."""
        with self._changed:
            self._stdout += stdout
            self._stderr += stderr
            self._changed.notify_all()

    def end(self, exit_code: int) -> None:
        """The command has ended; the first end counts."""
        with self._changed:
            if self._exit_code is None:
                self._exit_code = exit_code
            self._changed.notify_all()

    def feed(self, data: bytes, *, ended: bool) -> None:
        """Bytes for standard input; an engine overrides it where it reads them."""

    def terminate(self) -> None:
        """End it now; an engine overrides it where something is to be killed."""
        self.end(1)

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        with self._changed:
            return self._exit_code is None

    def read(self, timeout_s: float) -> tuple[bytes, bytes, int | None]:
        """What is there, or what comes within ``timeout_s``.

        Raises:
            WsmanFault: nothing came in time.
        """
        with self._changed:
            if not self._changed.wait_for(
                lambda: self._stdout or self._stderr or self._exit_code is not None, timeout_s
            ):
                raise operation_timed_out()
            stdout, stderr = (bytes(part[:RECEIVE_CHUNK_BYTES]) for part in (self._stdout, self._stderr))
            del self._stdout[: len(stdout)], self._stderr[: len(stderr)]
            rest = self._stdout or self._stderr
            return stdout, stderr, None if rest else self._exit_code


class Engine(Protocol):
    """What carries out command lines."""

    def start(self, line: str, environment: Mapping[str, str]) -> Process:
        """Begin a command line of ``cmd``; ``environment`` is the shell's."""
        ...

    def close(self) -> None:
        """End whatever still runs, and give everything back."""
        ...


@dataclass(slots=True)
class Shell:
    """An open shell; ``operations`` counts its commands, which Windows frees only with the shell (MS-WSMV note 118)."""

    environment: Mapping[str, str]
    code_page: str
    idle_timeout_s: float
    touched_at: float
    commands: dict[str, Process] = field(default_factory=dict)
    operations: int = 0


@dataclass(slots=True)
class Counters:
    """What a test asks a host afterwards."""

    requests: dict[str, int] = field(default_factory=dict)
    connections: int = 0
    shells_opened: int = 0
    shells_expired: int = 0
    commands: int = 0
    terminated: int = 0
    most_held: int = 0
    logons_refused: int = 0
    lines: list[str] = field(default_factory=list)
    code_pages: set[str] = field(default_factory=set)


class Shells:
    """The shells of one host's one user."""

    def __init__(self, engine: Engine, *, max_shells: int = 30, max_operations: int = 1500) -> None:
        self.engine = engine
        self.max_shells = max_shells
        self.max_operations = max_operations
        self.counters = Counters()
        self._open: dict[str, Shell] = {}
        self._lock = threading.Lock()

    @property
    def live(self) -> int:
        """How many shells are open."""
        self._expire()
        return len(self._open)

    @property
    def running(self) -> int:
        """How many commands have not ended."""
        with self._lock:
            return sum(process.running for shell in self._open.values() for process in shell.commands.values())

    def create(self, request: Request) -> str:
        """Open a shell, and say its id.

        Raises:
            WsmanFault: the quota of shells is reached.
        """
        self._expire()
        with self._lock:
            if len(self._open) >= self.max_shells:
                raise quota_reached("shells", self.max_shells)
            shell_id = str(uuid.uuid4()).upper()
            code_page = request.options.get("WINRS_CODEPAGE", "437")
            self._open[shell_id] = Shell(dict(request.environment), code_page, request.idle_timeout_s, time.monotonic())
            self.counters.shells_opened += 1
            self.counters.code_pages.add(code_page)
        return shell_id

    def command(self, request: Request) -> str:
        """Start a command line, and say its id.

        Raises:
            WsmanFault: no such shell, or the quota of operations is reached.
        """
        shell = self._shell(request.shell_id)
        with self._lock:
            if sum(each.operations for each in self._open.values()) >= self.max_operations:
                raise quota_reached("operations", self.max_operations)
            shell.operations += 1
            self.counters.commands += 1
            self.counters.lines.append(request.line[:200])
        command_id = str(uuid.uuid4()).upper()
        shell.commands[command_id] = self._start(request.line, shell)
        self.counters.most_held = max(self.counters.most_held, len(shell.commands))
        return command_id

    def _start(self, line: str, shell: Shell) -> Process:
        if len(line) > COMMAND_LINE_LIMIT:
            process = Process()
            process.write(stderr=b"The command line is too long.\r\n")
            process.end(1)
            return process
        return self.engine.start(line, shell.environment)

    def send(self, request: Request) -> None:
        """Bytes for a command's standard input."""
        self._process(request).feed(request.streams, ended=request.ended)

    def receive(self, request: Request) -> tuple[bytes, bytes, int | None]:
        """Output, or the fault that there is none yet."""
        return self._process(request).read(request.operation_timeout_s)

    def signal(self, request: Request) -> None:
        """End a command and forget it."""
        shell = self._shell(request.shell_id)
        process = shell.commands.pop(request.command_id, None)
        if process and process.running:
            self.counters.terminated += 1
            process.terminate()

    def delete(self, request: Request) -> None:
        """Close a shell with all that runs in it."""
        self._shell(request.shell_id)
        with self._lock:
            shell = self._open.pop(request.shell_id)
        for process in shell.commands.values():
            process.terminate()

    def close(self) -> None:
        """Close every shell and the engine."""
        with self._lock:
            shells, self._open = list(self._open.values()), {}
        for shell in shells:
            for process in shell.commands.values():
                process.terminate()
        self.engine.close()

    def _shell(self, shell_id: str) -> Shell:
        with self._lock:
            shell = self._open.get(shell_id)
            if shell is None:
                raise shell_not_found(shell_id)
            shell.touched_at = time.monotonic()
            return shell

    def _process(self, request: Request) -> Process:
        process = self._shell(request.shell_id).commands.get(request.command_id)
        if process is None:
            raise WsmanFault(2150858843, "w:InvalidSelectors", "The command was not found in the shell.")
        return process

    def _expire(self) -> None:
        now = time.monotonic()
        with self._lock:
            old = [key for key, shell in self._open.items() if now - shell.touched_at > shell.idle_timeout_s]
            gone = [self._open.pop(key) for key in old]
            self.counters.shells_expired += len(gone)
        for shell in gone:
            for process in shell.commands.values():
                process.terminate()
