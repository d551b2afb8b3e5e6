"""Keeps the parts of ``muster up`` running: children with one log, started again when they die, ended together.

Each part is a process group of its own, so that Ctrl-C at a terminal reaches only the supervisor, which ends the parts
in order. What a supervisor that was killed left behind is written down, and the next one ends it first.
"""

import fcntl
import json
import logging
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Lock, Thread
from typing import IO

import psutil

from muster.errors import InputError

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 30.0
SETTLED_S = 60.0
"""A part that ran for so long begins anew with the shortest pause when it dies."""
LOOK_S = 0.2

Started = Callable[[int], None]


def _nothing(pid: int) -> None:
    del pid


@dataclass(frozen=True, slots=True)
class Part:
    """One child.

    Attributes:
        environment: what it finds in its environment beside ours.
        stop_s: how long it has to end when it is asked to.
        started: told the process id whenever it was started.
        is_ready: asked until it is true before the parts behind it begin.
        is_elsewhere: while this is true somebody else's process does what the part would do, and it is not started.
        is_chatter: lines of its output that are of no use to whoever reads the log, and are left out of it.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    stop_s: float = 10.0
    started: Started = _nothing
    is_ready: Callable[[], bool] = lambda: True
    is_elsewhere: Callable[[], bool] = lambda: False
    is_chatter: Callable[[str], bool] = lambda _: False


class Supervisor:
    """Runs parts until it is told to stop.

    Args:
        parts: in the order in which they begin; they end in the opposite order.
        record: the file in which running children are written down.
        log: where every line of every part goes, with ``extra={"part": NAME}``.
    """

    def __init__(self, parts: Sequence[Part], record: Path, log: logging.Logger) -> None:
        self._parts = tuple(parts)
        self._record = Record(record)
        self._log = log
        self._stop = Event()
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._leaving: dict[str, Event] = {part.name: Event() for part in parts}
        self._threads: dict[str, Thread] = {}

    def stop(self) -> None:
        """End everything; safe in a signal handler."""
        self._stop.set()

    def run(self, ready: Callable[[], None]) -> None:
        """Start the parts, keep them, and end them when it is time; ``ready`` is called once all have begun well."""
        for name in self._record.end_left_behind():
            self._say("up", f"ended {name}, which an earlier muster up had left behind")
        try:
            if all(self._begin(part) for part in self._parts):
                ready()
            self._stop.wait()
        finally:
            self._say("up", "ending")
            for part in reversed(self._parts):
                self._end(part)
            self._record.clear()
            self._say("up", "ended")

    def _begin(self, part: Part) -> bool:
        """Start a part and wait until it is ready; False when it is time to stop before."""
        thread = Thread(target=self._keep, args=(part,), name=f"muster-{part.name}", daemon=True)
        self._threads[part.name] = thread
        thread.start()
        while not self._stop.is_set():
            if part.is_ready():
                return True
            self._stop.wait(LOOK_S)
        return False

    def _keep(self, part: Part) -> None:
        """Run a part again and again until it is to leave."""
        leaving, pause_s = self._leaving[part.name], FIRST_PAUSE_S
        while not leaving.is_set():
            if part.is_elsewhere():
                leaving.wait(1.0)
                continue
            began = time.monotonic()
            code = self._run_once(part)
            if leaving.is_set():
                return
            pause_s = FIRST_PAUSE_S if time.monotonic() - began > SETTLED_S else pause_s
            self._say(part.name, f"{_ending(code)}; it begins again in {pause_s:g} s")
            leaving.wait(pause_s)
            pause_s = min(LONGEST_PAUSE_S, pause_s * 2)

    def _run_once(self, part: Part) -> int:
        try:
            child = subprocess.Popen(
                part.command,
                env={**os.environ, **part.environment},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            self._say(part.name, f"cannot be started: {error}")
            return 1
        self._children[part.name] = child
        self._record.add(part.name, child.pid)
        self._say(part.name, f"process {child.pid} began")
        with suppress(psutil.NoSuchProcess):
            part.started(child.pid)
        reader = Thread(target=self._read, args=(part, child.stdout), daemon=True)
        reader.start()
        code = child.wait()
        _kill_group(child.pid)  # what the child has started and left
        reader.join(5.0)
        return code

    def _read(self, part: Part, lines: IO[bytes] | None) -> None:
        if lines is None:
            return
        with lines:
            for line in lines:
                if (text := line.decode(errors="replace").rstrip()) and not part.is_chatter(text):
                    self._say(part.name, text)

    def _end(self, part: Part) -> None:
        self._leaving[part.name].set()
        thread = self._threads.get(part.name)
        child = self._children.get(part.name)
        if child is not None and child.poll() is None:
            with suppress(ProcessLookupError):
                child.terminate()
            try:
                child.wait(part.stop_s)
            except subprocess.TimeoutExpired:
                self._say(part.name, f"did not end within {part.stop_s:g} s and is killed")
                _kill_group(child.pid)
        if thread is not None:
            thread.join(part.stop_s)

    def _say(self, name: str, text: str) -> None:
        self._log.info(text, extra={"part": name})


class Record:
    """The file that names the children that run, so that those of a killed supervisor are found."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = Lock()
        self._running: dict[str, tuple[int, float]] = {}

    def add(self, name: str, pid: int) -> None:
        """Write down a child that has begun."""
        with self._lock, suppress(psutil.NoSuchProcess):
            self._running[name] = (pid, psutil.Process(pid).create_time())
            temporary = self._file.with_suffix(".new")
            temporary.write_text(json.dumps(self._running), encoding="utf-8")
            temporary.replace(self._file)

    def end_left_behind(self) -> tuple[str, ...]:
        """End the children that an earlier supervisor wrote down and that still run; gives their names."""
        try:
            left = json.loads(self._file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return ()
        found = []
        for name, (pid, started) in left.items():
            with suppress(psutil.Error):
                if abs(psutil.Process(pid).create_time() - started) < 1.0:
                    _kill_group(pid)
                    found.append(str(name))
        return tuple(found)

    def clear(self) -> None:
        """Nothing runs any more."""
        self._file.unlink(missing_ok=True)


@contextmanager
def only_one(lock: Path, what: str) -> Iterator[None]:
    """Hold a lock file for the length of the block.

    Raises:
        InputError: somebody holds it already; the message names its process.
    """
    with lock.open("a+") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            held.seek(0)
            raise InputError(
                f"{what} runs already (process {held.read().strip() or 'unknown'})",
                hint="end that one first (Ctrl-C there, or systemctl stop), or use what it has started",
            ) from None
        held.truncate(0)
        held.write(str(os.getpid()))
        held.flush()
        try:
            yield
        finally:
            held.truncate(0)


def is_held(lock: Path) -> bool:
    """Whether somebody holds a lock file."""
    try:
        with lock.open("r") as held:
            fcntl.flock(held, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def _kill_group(pid: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _ending(code: int) -> str:
    if code < 0:
        with suppress(ValueError):
            return f"died of {signal.Signals(-code).name}"
    return f"ended with {code}"
