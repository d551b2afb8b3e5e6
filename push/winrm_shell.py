"""One shell at one Windows host: commands in it, their output, and its end in every case.

A shell that is left behind counts against the user's quota (30 by default) for two hours, and a command goes on after
its client has gone. So a shell is opened with a short idle time-out, a command that is given up is signalled, and the
shell is deleted whatever happened, over a fresh connection where the old one is of no use any more.
"""

import random
import time
from collections.abc import Callable, Mapping

from winrm.exceptions import WinRMOperationTimeoutError, WSManFaultError

from muster.errors import StepFailed
from push.output import Capture
from push.winrm_wire import Wire

LINE_LIMIT = 8191
"""What cmd takes in one line; over it, some clients report empty output and exit code 0."""
UTF8 = 65001
SEND_BYTES = 65_536
OWN_OUTPUT_BYTES = 400_000
IDLE_S = 300
"""How long a host keeps a shell that nobody touches; its own default is two hours."""
QUOTA_SHELLS = {2150859173, 2150859179, 2150859236, 2150859237, 2150859238}
QUOTA_OPERATIONS = {2150859174, 2150859239, 2150859240, 2150859241}
BACKOFF_S = (0.5, 1.0, 2.0, 4.0)
MOST_ENDED = 8
"""Ended commands that are left to the end of their shell: each costs a message to take away (a shell has 25 places)."""
CLEANING_S = 3.0
"""How long ending a command and its shell may take."""


class StepTimeUp(Exception):
    """A command took longer than it may; it was told to stop."""


class Output:
    """What a command wrote, as bytes, up to a limit far above what our own commands write."""

    def __init__(self) -> None:
        self.stdout = bytearray()
        self.stderr = bytearray()
        self.exit_code: int | None = None

    def add(self, stdout: bytes, stderr: bytes) -> None:
        """Take what came."""
        for kept, data in ((self.stdout, stdout), (self.stderr, stderr)):
            kept.extend(data[: max(0, OWN_OUTPUT_BYTES - len(kept))])


class StepOutput(Output):
    """What a step wrote: the beginning and the end are kept, and what lies between is counted."""

    def __init__(self, limit_bytes: int, told: Callable[["StepOutput"], None]) -> None:
        super().__init__()
        self.out, self.err = Capture(limit_bytes), Capture(limit_bytes)
        self._told = told

    def add(self, stdout: bytes, stderr: bytes) -> None:
        """Take what came, and tell whoever watches."""
        self.out.add(stdout)
        self.err.add(stderr)
        self._told(self)


class WinRmShell:
    """A shell; used by one thread, and closed once.

    Args:
        wire: the connection, already made.
        fresh: makes another connection, for cleaning up where the first has failed.
        check: raises when the order is over; asked between messages.
        remaining_s: seconds that are left of the order.
    """

    def __init__(
        self,
        wire: Wire,
        *,
        fresh: Callable[[], Wire],
        check: Callable[[], None],
        remaining_s: Callable[[], float],
    ) -> None:
        self._wire = wire
        self._fresh = fresh
        self._check = check
        self._remaining_s = remaining_s
        self._id = ""
        self._last_command = ""
        self._ended: list[str] = []
        self._broken = False
        self._environment: dict[str, str] = {}

    def open(self, environment: Mapping[str, str]) -> None:
        """Open it; waits and asks again while the user's quota of shells is used up.

        Raises:
            StepFailed: the quota stayed used up.
        """
        self._environment = dict(environment)
        self._id = self._patiently(self._create, QUOTA_SHELLS, "shells")

    def _create(self) -> str:
        return self._wire.open_shell(
            codepage=UTF8, noprofile=True, env_vars=self._environment, idle_timeout=f"PT{IDLE_S}S"
        )

    def run(
        self, line: str, stdin: bytes | None = None, *, limit_s: float | None = None, into: Output | None = None
    ) -> Output:
        """Carry out one line of cmd and wait for its end.

        Raises:
            ValueError: the line is longer than cmd takes.
            StepTimeUp: it took longer than ``limit_s``; it was told to stop.
        """
        if len(line) > LINE_LIMIT:
            raise ValueError(f"a line of {len(line)} characters; cmd takes {LINE_LIMIT}")
        self._forget_ended()
        try:
            command = self._patiently(lambda: self._begin(line, stdin), QUOTA_OPERATIONS, "operations")
            self._last_command = command
            self._feed(command, stdin)
            return self._collect(command, limit_s, into or Output())
        except BaseException:
            self._broken = True
            raise

    def _begin(self, line: str, stdin: bytes | None) -> str:
        try:
            return self._wire.run_command(self._id, line, console_mode_stdin=stdin is None)
        except WSManFaultError as fault:
            if fault.wsman_fault_code in QUOTA_OPERATIONS:
                self._renew()
            raise

    def _renew(self) -> None:
        """Operations of a shell are given back with the shell only (MS-WSMV, product note 118)."""
        self._wire.close_shell(self._id, close_session=False)
        self._id = ""
        self._ended.clear()
        self._id = self._create()

    def _patiently(self, ask: Callable[[], str], quota: set[int], what: str) -> str:
        for pause_s in (*BACKOFF_S, None):
            try:
                return ask()
            except WSManFaultError as fault:
                code = fault.wsman_fault_code or fault.wmierror_code or 0
                if code not in quota:
                    raise
                if pause_s is None or pause_s > self._remaining_s() / 2:
                    break
                self._pause(pause_s * random.uniform(0.8, 1.2))  # noqa: S311 - spreads hosts, hides nothing
        raise StepFailed(
            f"the host lets this user have no more {what}: its quota is used up; nothing was touched",
            hint="close what is left open there (winrm enumerate shell), or wait until its idle time is over",
        )

    def _pause(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self._check()
            time.sleep(min(0.2, left))

    def _feed(self, command: str, stdin: bytes | None) -> None:
        if stdin is None:
            return
        for start in range(0, max(1, len(stdin)), SEND_BYTES):
            self._check()
            piece = stdin[start : start + SEND_BYTES]
            self._wire.send_command_input(self._id, command, piece, end=start + SEND_BYTES >= len(stdin))

    def _collect(self, command: str, limit_s: float | None, output: Output) -> Output:
        ends_at = time.monotonic() + (limit_s if limit_s is not None else self._remaining_s())
        done = False
        while not done:
            self._check()
            left_s = ends_at - time.monotonic()
            if left_s <= 0:
                raise StepTimeUp
            self._wire.poll(left_s)
            try:
                stdout, stderr, code, done = self._wire.get_command_output_raw(self._id, command)
            except WinRMOperationTimeoutError:
                continue
            output.add(stdout, stderr)
            output.exit_code = code if done else None
        return output

    def _forget_ended(self) -> None:
        """An ended command holds one of the shell's places until it is signalled; a few may, until the shell's end."""
        if self._last_command:
            self._ended.append(self._last_command)
            self._last_command = ""
        if len(self._ended) > MOST_ENDED:
            for command in self._ended:
                self._wire.cleanup_command(self._id, command)
            self._ended.clear()

    def close(self) -> None:
        """End what still runs and delete the shell; troubles here are nobody's outcome, so none is raised."""
        if not self._id:
            return
        try:
            if self._broken:
                self._clean(self._fresh())
            else:
                self._wire.close_shell(self._id, close_session=False)
        except Exception:  # noqa: BLE001, S110 - the host is as it is; its idle time-out ends the shell
            pass
        self._id = ""

    def _clean(self, wire: Wire) -> None:
        try:
            if self._last_command:
                wire.cleanup_command(self._id, self._last_command)
        finally:
            try:
                wire.close_shell(self._id, close_session=False)
            finally:
                wire.close()
