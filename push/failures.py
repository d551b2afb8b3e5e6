"""What an exception means: which ending, in which words, and what to do about it.

The same exception means different things at different stages: a reset before the login has touched nothing, a reset
after the step may have begun leaves its outcome unknown. So every mapping takes the stage that was reached.
"""

import errno
import socket
import time
from collections.abc import Callable

import paramiko
from paramiko.ber import BERException
from paramiko.ssh_exception import (
    AuthenticationException,
    BadAuthenticationType,
    BadHostKeyException,
    ChannelException,
    IncompatiblePeer,
    MessageOrderError,
    NoValidConnectionsError,
    PartialAuthentication,
    PasswordRequiredException,
)

from muster.errors import (
    AuthenticationRefused,
    MusterError,
    NotStarted,
    OutcomeUnknown,
    PushError,
    SecretError,
    StepFailed,
    Unreachable,
    Untrusted,
)
from muster.outcomes import Ending, Stage
from push.transport import Guard, Stopped, TimeUp

ENDINGS: dict[type[MusterError], Ending] = {
    Unreachable: Ending.UNREACHABLE,
    Untrusted: Ending.UNTRUSTED,
    AuthenticationRefused: Ending.FAILED,
    StepFailed: Ending.FAILED,
    OutcomeUnknown: Ending.UNKNOWN,
    NotStarted: Ending.NOT_STARTED,
    SecretError: Ending.FAILED,
}
"""Every subclass of PushError, and SecretError."""

NOTHING_TOUCHED = "nothing was touched"
ASK_AGAIN = "muster probe asks the host how it stands now"
LOOK_AT_HOST = "look whether the host is well: it accepts connections and does not serve them"
TRY_AGAIN = "muster retry tries again"

SILENCE = {
    Stage.BANNER: "it accepted the connection and said nothing",
    Stage.HOST_KEY: "it named itself as an SSH server and then fell silent",
    Stage.AUTHENTICATE: "it fell silent during the login",
    Stage.TRANSFER: "it stopped taking data in the middle of the transfer",
    Stage.COMMAND: "the step did not end",
    Stage.FINISHED: "the step ended, but the host did not close it",
}
NO_BEGINNING = "it let us in and fell silent: its login shell did not get to the step, or the line broke"
LOST = {
    Stage.BANNER: "it accepted the connection and closed it without a word",
    Stage.HOST_KEY: "it closed the connection before the login",
    Stage.AUTHENTICATE: "it closed the connection during the login",
    Stage.TRANSFER: "the connection was lost in the middle of the transfer",
    Stage.COMMAND: "the connection was lost while the step was under way",
    Stage.FINISHED: "the connection was lost before the step said how it ended",
}
NO_ROUTE = {errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ENETDOWN, errno.EADDRNOTAVAIL}


class ConnectionLost(Exception):
    """The other side closed or reset the connection."""


class Silent(Exception):
    """No answer, or no greeting, within its first argument in seconds: sooner than the order's whole deadline."""


class NotSsh(Exception):
    """What answers is not an SSH server; carries the beginning of what it said."""


def explain(error: BaseException, guard: Guard) -> PushError | SecretError:
    """The error of Muster's own tree that says what ``error`` means at the stage that the guard has seen."""
    if guard.cut_by is TimeUp or isinstance(error, TimeUp):
        return _silent(guard, guard.order.deadline_s)
    if guard.cut_by is Stopped or isinstance(error, Stopped):
        return _stopped(guard)
    if isinstance(error, Silent):
        return _silent(guard, float(error.args[0]))
    if isinstance(error, PushError | SecretError):
        return error
    early = guard.stage in {Stage.NOT_STARTED, Stage.CONNECT}
    meanings = NOT_CONNECTED if early else MEANINGS
    return next((meaning for kinds, meaning in meanings if isinstance(error, kinds)), _unforeseen)(error, guard)


def ending_of(error: PushError | SecretError) -> Ending:
    """How a step ended that raised ``error``."""
    for kind in type(error).__mro__:
        if kind in ENDINGS:
            return ENDINGS[kind]
    return Ending.UNKNOWN


def may_try_again(error: BaseException, guard: Guard) -> bool:
    """Whether one more attempt can do no harm: the connection was lost before the login was begun.

    A busy server closes connections at random before the login (``MaxStartups``). A login is never tried twice: a
    wrong password tried often locks the account.
    """
    early = guard.stage in {Stage.BANNER, Stage.HOST_KEY} and not guard.touched and guard.cut_by is None
    lost = isinstance(error, ConnectionLost | EOFError | ConnectionError) or str(error) == "Negotiation failed."
    return early and lost


def _silent(guard: Guard, seconds_waited: float) -> PushError:
    seconds = f"{seconds_waited:.3g} s"
    if guard.stage in {Stage.NOT_STARTED, Stage.CONNECT}:
        return Unreachable(f"no answer within {seconds}", hint="is it switched on, and is the way to it open?")
    said = SILENCE[guard.stage] if guard.step_began else NO_BEGINNING
    if guard.touched:
        return OutcomeUnknown(f"{said} within {seconds}", hint=ASK_AGAIN)
    return OutcomeUnknown(f"{said} within {seconds}; {NOTHING_TOUCHED}", hint=LOOK_AT_HOST)


def _stopped(guard: Guard) -> PushError:
    if guard.touched:
        return OutcomeUnknown("stopped in the middle of the step", hint=ASK_AGAIN)
    return NotStarted("stopped before it was touched")


def _no_name(_error: BaseException, guard: Guard) -> PushError:
    return Unreachable(
        f"the name {guard.order.target.address} is not known here", hint="check the address in the fleet file"
    )


def _refused(_error: BaseException, guard: Guard) -> PushError:
    port = guard.order.target.port
    cause = f"refused: nothing listens on port {port}" if port else "refused: nothing listens there"
    return Unreachable(cause, hint="is its SSH or WinRM service running, and is this the right port?")


def _no_connection(error: BaseException, guard: Guard) -> PushError:
    if isinstance(error, NoValidConnectionsError):
        return _no_connection(next(iter(error.errors.values())), guard)
    if isinstance(error, TimeoutError):
        return Unreachable("no answer to the connection", hint="is it switched on, and is the way to it open?")
    if isinstance(error, OSError) and error.errno in NO_ROUTE:
        return Unreachable("no route to it", hint="is its network, or the VPN to it, up?")
    return Unreachable(f"no connection: {_words(error)}", hint=TRY_AGAIN)


def _lost(_error: BaseException, guard: Guard) -> PushError:
    said = LOST[guard.stage]
    if guard.touched:
        return OutcomeUnknown(said, hint=ASK_AGAIN)
    if guard.stage is Stage.AUTHENTICATE:
        return AuthenticationRefused(said, hint="its log says why; too many failed logins are a common reason")
    return Unreachable(
        f"{said}; {NOTHING_TOUCHED}", hint="a busy or walled-off SSH service does this; muster retry tries again"
    )


def _not_ssh(error: BaseException, _guard: Guard) -> PushError:
    said = f" (it says {error})" if str(error) else ""
    return Unreachable(f"what answers there is not an SSH server{said}", hint="check the port in the fleet file")


def _refused_login(error: BaseException, guard: Guard) -> PushError:
    if _is_timeout(error):
        return _silent(guard, time.monotonic() - guard.began_at)
    if "EOF" in str(error) or "shut down" in str(error):
        return _lost(error, guard)
    user = guard.order.target.user or "the user"
    return AuthenticationRefused(
        f"it does not take the credential of {user}", hint="check user and credential of this host in the fleet file"
    )


def _wrong_method(error: BaseException, guard: Guard) -> PushError:
    allowed = ", ".join(error.allowed_types) if isinstance(error, BadAuthenticationType) else ""
    user = guard.order.target.user or "the user"
    return AuthenticationRefused(
        f"it does not let {user} log in this way; it takes {allowed or 'nothing that it names'}",
        hint="give the host a credential of a kind that it takes",
    )


def _second_factor(error: BaseException, _guard: Guard) -> PushError:
    wanted = ", ".join(error.allowed_types) if isinstance(error, PartialAuthentication) else ""
    return AuthenticationRefused(
        f"it wants a second proof after the first ({wanted})", hint="give Muster an account without a second factor"
    )


def _locked_key(_error: BaseException, guard: Guard) -> SecretError:
    return SecretError(
        f"{guard.order.target.credential}: the key is protected by a passphrase", hint="add it to an SSH agent: agent:"
    )


def _untrusted(error: BaseException, _guard: Guard) -> PushError:
    return Untrusted(
        f"the host could not prove who it is: {_words(error)}", hint="find out who answers at this address"
    )


def _incompatible(error: BaseException, _guard: Guard) -> PushError:
    return Unreachable(
        f"no common algorithm with its SSH server: {_words(error)}",
        hint="its SSH server may be very old; the setting key_exchange: post-quantum-first offers more kinds",
    )


def _no_channel(error: BaseException, _guard: Guard) -> PushError:
    words = error.text if isinstance(error, ChannelException) else _words(error)
    return StepFailed(f"it let us in, but lets no command be run: {words}", hint="check what this account may do there")


def _ssh_trouble(error: BaseException, guard: Guard) -> PushError:
    words = _words(error)
    if _is_timeout(error):
        return _silent(guard, time.monotonic() - guard.began_at)
    if "ignature verification" in words:
        return _untrusted(error, guard)
    if guard.touched:
        return OutcomeUnknown(f"{LOST[guard.stage]}: {words}", hint=ASK_AGAIN)
    if guard.stage is Stage.AUTHENTICATE:
        return AuthenticationRefused(f"the login broke off: {words}", hint=TRY_AGAIN)
    if guard.stage is Stage.BANNER or "banner" in words or "protocol version" in words:
        return _not_ssh(Exception(words), guard)
    return Unreachable(f"the SSH connection broke off: {words}; {NOTHING_TOUCHED}", hint=TRY_AGAIN)


def _unforeseen(error: BaseException, guard: Guard) -> PushError:
    """Something that nobody thought of, most likely a mistake in Muster; said as such."""
    words = f"unexpected {type(error).__name__}: {_words(error)}"
    if guard.touched:
        return OutcomeUnknown(words, hint=ASK_AGAIN)
    return StepFailed(f"{words}; {NOTHING_TOUCHED}", hint="please report this")


def _is_timeout(error: BaseException) -> bool:
    """Paramiko has no class of its own for waits that it gave up."""
    return "timeout" in str(error).lower() or "timed out" in str(error)


def _words(error: BaseException) -> str:
    """One line of what an exception says."""
    said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join(said.split())[:300] or type(error).__name__


Kinds = type[BaseException] | tuple[type[BaseException], ...]
Meaning = Callable[[BaseException, Guard], PushError | SecretError]
NOT_CONNECTED: tuple[tuple[Kinds, Meaning], ...] = (
    (socket.gaierror, _no_name),
    (ConnectionRefusedError, _refused),
    (OSError, _no_connection),
)
"""What errors mean before there is a connection. Read from the top: the first that fits is meant."""
MEANINGS: tuple[tuple[Kinds, Meaning], ...] = (
    (ConnectionLost, _lost),
    (NotSsh, _not_ssh),
    (PasswordRequiredException, _locked_key),
    (BadAuthenticationType, _wrong_method),
    (PartialAuthentication, _second_factor),
    (AuthenticationException, _refused_login),
    ((BadHostKeyException, MessageOrderError), _untrusted),
    (IncompatiblePeer, _incompatible),
    (ChannelException, _no_channel),
    ((EOFError, ConnectionError), _lost),
    ((paramiko.SSHException, BERException), _ssh_trouble),
    (OSError, _lost),
)
"""What they mean once there is one."""
