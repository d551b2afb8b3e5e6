"""Carry steps to Windows hosts by WinRM.

One step is one session: a connection, a shell, the script as a batch file in a folder of its own under ``%TEMP%``, one
command, and everything removed again. The script finds its arguments as environment variables, its payload on standard
input and as the file ``payload`` in the current folder. Text is UTF-8 (code page 65001).

The step's command is told to stop (Signal) when its own time or the order's is up, and its shell is deleted, before
this transport says so; that takes 3 seconds at most.
"""

import contextlib
import secrets
import socket
import time
from dataclasses import dataclass, field
from pathlib import Path

from muster.errors import PushError, SecretError, StepFailed
from muster.outcomes import Stage
from muster.ports import Order, Target
from muster.settings import Settings
from push.clixml import plain
from push.credentials import Credentials, Password
from push.dialing import dial_of
from push.lane import Dialer
from push.transport import Door, Guard, RawResult, Stopped, TimeUp
from push.winrm_access import AccessBook, Logon, WinRmAccess, endpoint, read_access
from push.winrm_failures import meaning
from push.winrm_logons import refuse_without_modules
from push.winrm_passwords import SHARED, PasswordGate
from push.winrm_shell import CLEANING_S, StepOutput, WinRmShell
from push.winrm_upload import as_text, remove, upload
from push.winrm_wire import Watch, Wire, plain_watch

SCRIPT = "step.cmd"
PAYLOAD = "payload"
ACCESS_FILE = "winrm.yml"
NO_PASSWORD = frozenset({"", "agent:"})
"""Credentials (the second is the default) with which Kerberos takes the ticket that is there."""


@dataclass(slots=True)
class _Visit:
    """One order on its way."""

    order: Order
    guard: Guard
    access: WinRmAccess
    user: str
    password: str = field(repr=False)
    connection: socket.socket | None
    login_timeout_s: float
    dialer: Dialer | None

    @property
    def address(self) -> tuple[str, int]:
        target = self.order.target
        return target.address, self.access.port_for(target.port)

    def wire(self) -> Wire:
        """The session's one connection."""
        guard = self.guard
        logon_ends_at = time.monotonic() + self.login_timeout_s

        def is_in() -> bool:
            return guard.stage in {Stage.TRANSFER, Stage.COMMAND, Stage.FINISHED}

        def reached(stage: Stage) -> None:
            if not is_in():  # another connection in the middle of a session does not set it back
                guard.reached(stage)

        def remaining_s() -> float:
            if is_in():
                return guard.remaining_s
            return min(guard.remaining_s, max(0.05, logon_ends_at - time.monotonic()))

        watch = Watch(
            remaining_s=remaining_s,
            check=guard.check,
            knocked=lambda: reached(Stage.BANNER),
            entered=lambda: reached(Stage.AUTHENTICATE),
            leash=guard.on_cut,
        )
        connection, self.connection = self.connection, None
        return self._wire(connection, watch)

    def fresh_wire(self) -> Wire:
        """Another, for cleaning up after the first was lost."""
        return self._wire(None, plain_watch(CLEANING_S))

    def _wire(self, connection: socket.socket | None, watch: Watch) -> Wire:
        url = endpoint(self.order.target, self.access)
        dial = dial_of(self.order.target, self.address[1], self.dialer)
        return Wire(url, self.address, self.access, self.user, self.password, connection, watch, dial=dial)


def winrm_transport(
    settings: Settings, credentials: Credentials, *, book: AccessBook | None = None, dialer: Dialer | None = None
) -> "WinRmTransport":
    """WinRM as the settings have it.

    Args:
        settings: time-outs and the limit of output are taken from it.
        credentials: resolves references.
        book: how each host is entered; read from ``winrm.yml`` of the workspace, where it is, when not given.
        dialer: opens the way to hosts behind a jump host.

    Raises:
        SettingsError: ``winrm.yml`` is wrong.
    """
    file = settings.path(Path(ACCESS_FILE))
    if book is None:
        book = read_access(file) if file.exists() else AccessBook()
    return WinRmTransport(
        credentials,
        book,
        default_user=settings.default_user,
        output_limit_bytes=settings.output_limit_bytes,
        login_timeout_s=settings.login_timeout_s,
        dialer=dialer,
    )


class WinRmTransport:
    """WinRM behind the transport port.

    Args:
        credentials: resolves references; WinRM takes passwords only (Kerberos uses the ticket that is there).
        book: how each host is entered.
        default_user: for hosts that name no user.
        login_timeout_s: the longest wait for TLS, logon and a shell together.
        gate: keeps bad passwords from being tried again; one for the process unless a test brings its own.
        dialer: reaches hosts behind jump hosts, where a session needs another connection.
    """

    def __init__(
        self,
        credentials: Credentials,
        book: AccessBook | None = None,
        *,
        default_user: str = "Administrator",
        output_limit_bytes: int = 262_144,
        login_timeout_s: float = 15.0,
        gate: PasswordGate | None = None,
        dialer: Dialer | None = None,
    ) -> None:
        self._credentials = credentials
        self._book = book or AccessBook()
        self._default_user = default_user
        self._output_limit_bytes = output_limit_bytes
        self._login_timeout_s = login_timeout_s
        self._gate = gate or SHARED
        self._dialer = dialer

    def door(self, target: Target) -> Door | None:
        """The WinRM port; the server waits for us to speak."""
        access = self._book.of(target)
        return Door(target.address, access.port_for(target.port), greets=False)

    def carry(self, order: Order, guard: Guard, connection: socket.socket | None) -> RawResult:
        """Carry the step; see the port."""
        try:
            visit = self._visit(order, guard, connection)
        except BaseException:
            if connection is not None:
                connection.close()
            raise
        try:
            return self._carry(visit)
        except (PushError, SecretError, TimeUp, Stopped):
            raise
        except Exception as error:
            raise meaning(error, guard, user=visit.user, logon=visit.access.logon) from error

    def _visit(self, order: Order, guard: Guard, connection: socket.socket | None) -> _Visit:
        target = order.target
        access = self._book.of(target)
        if access.logon is Logon.BASIC and endpoint(target, access).startswith("http:"):
            raise StepFailed(
                "basic logon over HTTP would send the password in the clear; nothing was sent",
                hint="use HTTPS, or logon: ntlm, for this host in winrm.yml",
            )
        refuse_without_modules(access.logon)
        by_ticket = access.logon is Logon.KERBEROS and target.credential in NO_PASSWORD
        password = "" if by_ticket else self._password(target, guard)
        user = target.user or self._default_user
        return _Visit(order, guard, access, user, password, connection, self._login_timeout_s, self._dialer)

    def _password(self, target: Target, guard: Guard) -> str:
        guard.reached(Stage.AUTHENTICATE)
        login = self._credentials.resolve(target.credential, wait=guard.slice_s)
        if not isinstance(login, Password):
            raise SecretError(
                f"{target.credential}: WinRM takes a password, not a key", hint="give a reference such as env:NAME"
            )
        return login.value

    def _carry(self, visit: _Visit) -> RawResult:
        guard = visit.guard
        wire = visit.wire()
        shell = WinRmShell(
            wire,
            fresh=visit.fresh_wire,
            check=guard.check,
            remaining_s=lambda: guard.remaining_s,
        )
        try:
            place = f"{visit.address[0]}:{visit.address[1]}"
            reference = visit.order.target.credential
            with self._gate.attempt(visit.user, visit.password, place, guard, reference=reference):
                shell.open(visit.order.step.arguments)
            return _step(shell, visit, self._output_limit_bytes)
        finally:
            shell.close()
            wire.close()


def _step(shell: WinRmShell, visit: _Visit, output_limit_bytes: int) -> RawResult:
    guard, step = visit.guard, visit.order.step
    guard.reached(Stage.TRANSFER)
    folder = f"%TEMP%\\muster-{secrets.token_hex(6)}"
    upload(shell, folder, SCRIPT, as_text(step.script))
    if step.payload:
        upload(shell, folder, PAYLOAD, step.payload)
    guard.reached(Stage.COMMAND)
    guard.begin()
    source = PAYLOAD if step.payload else "nul"
    output = StepOutput(output_limit_bytes, lambda output: _tell(guard, output))
    shell.run(f'cd /d "{folder}" & .\\{SCRIPT} < {source}', limit_s=_limit_s(visit), into=output)
    _tell(guard, output)
    guard.reached(Stage.FINISHED)
    with contextlib.suppress(Exception):  # what is known of the step outweighs a folder that stays behind
        remove(shell, folder)
    dropped_bytes = output.out.dropped_bytes + output.err.dropped_bytes
    return RawResult(output.exit_code, guard.stdout, guard.stderr, dropped_bytes=dropped_bytes)


def _tell(guard: Guard, output: StepOutput) -> None:
    """What was said so far shows what a step waits for when its time is up."""
    guard.stdout, guard.stderr = output.out.text(), plain(output.err.text())


def _limit_s(visit: _Visit) -> float:
    """The step's own time, or what is left of the order's less the time that ending it takes."""
    left_s = visit.guard.remaining_s
    return min(visit.order.step.timeout_s, max(left_s / 2, left_s - CLEANING_S))
