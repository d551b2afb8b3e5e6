"""Long sums are worked out beside the readers: in one process of their own, at low priority, for all who serve pages.

The planning problem of 10,000 visits takes ten seconds of processor time. Python carries out one thread at a time, so
in a process that serves pages everybody would wait through them; on what processors have left nobody does.

A sum is a function of a module with values that can be pickled: ``work(services, reading, *values)``. It is sent over a
socket in a folder that only the portal's own account may enter. The process opens the workspace when the first sum
comes, so that a small house, whose sums are worked out where they are asked for, pays nothing for it.
"""

import os
import secrets
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path
from typing import Generic, TypeVar, cast

from flows.services import Services, services_of
from muster.errors import MusterError
from muster.wiring import Wired
from portal.known_ledger import knowing
from portal.reading import Reading

T = TypeVar("T")
ADDRESS_VARIABLE, KEY_VARIABLE = "MUSTER_PORTAL_BESIDE", "MUSTER_PORTAL_BESIDE_KEY"
NICE = 10
"""Readers come first: what is left of the processors is enough for sums."""
AGAIN = 20.0
"""What another process asks for within so many times as long as it took is answered with what was worked out."""
LONGEST_S, STARTS_S, POLL_S = 600.0, 60.0, 0.05
MOST_KEPT = 200


@dataclass(frozen=True, slots=True)
class Sum(Generic[T]):
    """Something long to be worked out; equal sums have equal answers as long as the ledger stands still."""

    work: Callable[..., T]
    values: tuple[object, ...] = ()

    def here(self, services: Services, reading: Reading) -> T:
        """Work it out in this process."""
        return self.work(services, reading, *self.values)


@dataclass(frozen=True, slots=True)
class WorkedOut:
    """What came of a sum: a value or an error, and how long it took."""

    value: object
    error: Exception | None
    took_s: float


class NobodyBeside(Exception):
    """The process beside is gone; whoever asks works the sum out alone."""


class Beside:
    """Asks the process beside; safe to share between threads."""

    def __init__(self, address: str, key: bytes) -> None:
        self._address, self._key = address, key

    def work_out(self, wanted: Sum[T], *, anew: bool = False) -> WorkedOut:
        """Have a sum worked out; with ``anew`` also where it was just now.

        Raises:
            NobodyBeside: the process is gone, or does not answer within ten minutes.
        """
        try:
            with self._line() as line:
                line.send((wanted, anew))
                if not line.poll(LONGEST_S):
                    raise NobodyBeside("no answer within ten minutes")
                return cast("WorkedOut", line.recv())
        except (OSError, EOFError) as error:
            raise NobodyBeside(str(error)) from error

    def _line(self) -> Connection:
        """A connection; for a process that has only just begun it is waited."""
        give_up_at = time.monotonic() + STARTS_S
        while True:
            try:
                return Client(self._address, authkey=self._key)
            except FileNotFoundError:
                if not Path(self._address).parent.exists() or time.monotonic() > give_up_at:
                    raise
            time.sleep(POLL_S)


def beside_of_environment() -> Beside | None:
    """The process beside that ``process_beside`` has named; None where there is none."""
    address, key = os.environ.get(ADDRESS_VARIABLE), os.environ.get(KEY_VARIABLE)
    return Beside(address, bytes.fromhex(key)) if address and key else None


@contextmanager
def process_beside(workspace: Path) -> Iterator[None]:
    """Have a process beside this one and all that it starts; it ends with this one, however that ends."""
    context, key = get_context("spawn"), secrets.token_bytes(32)
    theirs, ours = context.Pipe(duplex=False)
    with tempfile.TemporaryDirectory(prefix="muster-portal-") as folder:
        address = str(Path(folder) / "beside")
        arguments = (str(workspace.resolve()), address, key, theirs)
        process = context.Process(target=_serve, args=arguments, name="muster portal beside", daemon=True)
        process.start()
        theirs.close()
        os.environ[ADDRESS_VARIABLE], os.environ[KEY_VARIABLE] = address, key.hex()
        try:
            yield
        finally:
            del os.environ[ADDRESS_VARIABLE], os.environ[KEY_VARIABLE]
            ours.close()
            process.terminate()
            process.join(10)


class Desk:
    """Works sums out, one after another, and keeps the newest answers."""

    def __init__(self, services: Services, reading: Reading) -> None:
        self._services, self._reading = services, reading
        self._turn = threading.Lock()
        self._kept: dict[tuple[Callable[..., object], tuple[object, ...]], tuple[int, float, WorkedOut]] = {}

    def work_out(self, wanted: Sum[T], *, anew: bool) -> WorkedOut:
        """The answer to a sum; the one that is kept where the ledger has not moved, or where that is too soon."""
        key = (wanted.work, wanted.values)
        with self._turn:
            revision = self._reading.refresh()
            known = self._kept.pop(key, None)
            if known is None or self._is_over(known, revision, anew=anew):
                known = (revision, time.monotonic(), self._made(wanted))
            self._kept[key] = known
            while len(self._kept) > MOST_KEPT:
                del self._kept[next(iter(self._kept))]
            return known[2]

    def _is_over(self, known: tuple[int, float, WorkedOut], revision: int, *, anew: bool) -> bool:
        at, made_at, answer = known
        return at != revision and (anew or time.monotonic() - made_at > AGAIN * answer.took_s)

    def _made(self, wanted: Sum[T]) -> WorkedOut:
        begun = time.monotonic()
        value: T | None = None
        error: Exception | None = None
        try:
            value = wanted.here(self._services, self._reading)
        except Exception as found:  # noqa: BLE001 - it is told to whoever asked
            error = found
        return WorkedOut(value, error, time.monotonic() - begun)


def _serve(workspace: str, address: str, key: bytes, parent: Connection) -> None:
    """The process: answer whoever asks, until the parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a terminal; whoever started this ends it
    _step_back()
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    desks: list[Desk] = []
    opening = threading.Lock()

    def desk() -> Desk:
        with opening:
            if not desks:
                services = services_of(workspace)
                reading = Reading(services.ledger, services.clock)
                desks.append(Desk(knowing(services, reading) if isinstance(services, Wired) else services, reading))
            return desks[0]

    with Listener(address, authkey=key) as listener:
        while True:
            with suppress(OSError, EOFError):  # whoever asked has gone already
                line = listener.accept()
                threading.Thread(target=_answer, args=(line, desk), daemon=True).start()


def _step_back() -> None:
    """Work only while nobody else wants the processor.

    A low priority is not enough: somebody who wakes up to serve a page may then have to wait until the sum's turn is
    over, some milliseconds each time, and a page wakes up often. Under ``SCHED_IDLE`` (Linux) a processor with a sum on
    it is taken for one that is free. Threads that the sums start have it from this one.
    """
    os.nice(NICE)
    with suppress(AttributeError, OSError):  # another system than Linux, or one that does not let us
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


def _answer(line: Connection, desk: Callable[[], Desk]) -> None:
    with line, suppress(OSError, EOFError):
        wanted, anew = line.recv()
        try:
            answer = desk().work_out(wanted, anew=anew)
        except MusterError as error:  # the ledger does not answer
            answer = WorkedOut(None, error, 0.0)
        line.send(answer)


def _end_with(parent: Connection) -> None:
    """End when the other end of the pipe is closed, as it is when its process is gone."""
    with suppress(EOFError, OSError):
        parent.recv()
    os._exit(0)
