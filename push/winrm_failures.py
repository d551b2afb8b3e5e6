"""What the errors of pywinrm, pyspnego, http.client and TLS mean at a Windows host, in Muster's own tree."""

import re
import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from winrm.exceptions import WinRMError, WinRMTransportError, WSManFaultError

from muster.errors import AuthenticationRefused, OutcomeUnknown, PushError, StepFailed, Unreachable, Untrusted
from muster.outcomes import Stage
from push.failures import ASK_AGAIN, LOOK_AT_HOST, NOTHING_TOUCHED, TRY_AGAIN, ConnectionLost
from push.transport import Guard, TimeUp
from push.winrm_logons import LogonBroke, LogonNotOffered
from push.winrm_passwords import HINT, NEVER_AGAIN, LogonRefused
from push.winrm_sealing import BadSeal
from push.winrm_shell import StepTimeUp
from push.winrm_wire import AnswerTooLong, SecondConnection

CERTIFICATE_HINT = "name the authority (ca) or the name in the certificate (certificate_name) in winrm.yml"
CHANGED_HINT = "find out why it changed before you trust the new one"
CLOSE_S = 0.2
"""A wait that ended this close to the deadline ended because of it."""
_WANTED = {"basic": "basic", "ntlm": "negotiate", "kerberos": "negotiate", "credssp": "credssp"}
_Kind = TypeVar("_Kind", bound=BaseException)


@dataclass(frozen=True, slots=True)
class Trouble:
    """An error with all that it came from, and where it happened."""

    error: BaseException
    chain: tuple[BaseException, ...]
    guard: Guard
    user: str
    logon: str

    def first(self, kind: type[_Kind]) -> _Kind | None:
        """The first of this kind in the chain."""
        return next((error for error in self.chain if isinstance(error, kind)), None)


def meaning(error: BaseException, guard: Guard, *, user: str, logon: str) -> BaseException:
    """The error to raise in place of ``error``: one of Muster's, or one that ``push/failures.py`` knows by itself."""
    trouble = Trouble(error, tuple(_chain(error)), guard, user, logon)
    for reading in READINGS:
        if meant := reading(trouble):
            return meant
    return error


def _refused(trouble: Trouble) -> PushError | None:
    error = trouble.first(LogonRefused) or trouble.first(LogonNotOffered)
    if error is None:
        return None
    offers = error.offers.lower()
    if offers and _WANTED[trouble.logon] not in offers and "ntlm" not in offers:
        known = sorted({word for word in re.findall(r"[a-z]+", offers) if word in set(_WANTED.values())})
        takes = ", ".join(known) or offers
        return AuthenticationRefused(
            f"it does not take {trouble.logon} logons (it takes {takes})",
            hint="set logon for this host in winrm.yml",
        )
    return AuthenticationRefused(f"it does not take the credential of {trouble.user}: {NEVER_AGAIN}", hint=HINT)


def _untrusted(trouble: Trouble) -> PushError | None:
    if error := trouble.first(ssl.SSLCertVerificationError):
        trouble.guard.reached(Stage.HOST_KEY)
        return Untrusted(f"its certificate is not trusted: {error.verify_message}", hint=CERTIFICATE_HINT)
    said = next((str(error) for error in trouble.chain if "Fingerprints did not match" in str(error)), "")
    if not said:
        return None
    trouble.guard.reached(Stage.HOST_KEY)
    both = re.findall(r'"([0-9a-f]{64})"', said)
    shown = f": expected {both[0]}, it has {both[1]}" if len(both) > 1 else ""
    return Untrusted(f"its certificate is not the one that was trusted{shown}", hint=CHANGED_HINT)


def _fault(trouble: Trouble) -> PushError | None:
    error = trouble.first(WSManFaultError)
    if error is None:
        return None
    words = f"the host says: {_line(error.reason)}"
    if trouble.guard.touched:
        return OutcomeUnknown(words, hint=ASK_AGAIN)
    return StepFailed(f"{words}; {NOTHING_TOUCHED}", hint=TRY_AGAIN)


def _http(trouble: Trouble) -> PushError | None:
    error = trouble.first(WinRMTransportError)
    if error is None:
        return None
    if error.code == 404:
        return StepFailed("there is a web server, but no WinRM, at this port", hint="check the port in the fleet file")
    return _broken(f"its WinRM service answers with HTTP {error.code}", trouble.guard)


def _no_connection(trouble: Trouble) -> BaseException | None:
    """What has one meaning for every transport is left to ``push/failures.py``."""
    return trouble.first(socket.gaierror) or trouble.first(ConnectionRefusedError)


def _step_time_up(trouble: Trouble) -> PushError | None:
    if trouble.first(StepTimeUp) is None:
        return None
    if not trouble.guard.touched:
        return StepFailed(f"the upload did not end in time; {NOTHING_TOUCHED}", hint=LOOK_AT_HOST)
    seconds = f"{trouble.guard.order.step.timeout_s:g} s"
    return OutcomeUnknown(f"the step did not end within {seconds} and was told to stop", hint=ASK_AGAIN)


def _silent(trouble: Trouble) -> BaseException | None:
    if not trouble.first(TimeoutError):
        return None
    guard = trouble.guard
    if guard.remaining_s <= CLOSE_S:
        return TimeUp()
    if guard.touched:
        return OutcomeUnknown("it stopped answering while the step was under way", hint=ASK_AGAIN)
    if guard.stage in {Stage.NOT_STARTED, Stage.CONNECT}:
        return Unreachable("no answer to the connection", hint="is it switched on, and is the way to it open?")
    return OutcomeUnknown(f"it accepted the connection and stopped answering; {NOTHING_TOUCHED}", hint=LOOK_AT_HOST)


def _no_tls(trouble: Trouble) -> PushError | None:
    error = trouble.first(ssl.SSLError)
    if error is None or isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return None
    return Unreachable(
        f"no TLS connection: {_line(str(error))}; {NOTHING_TOUCHED}",
        hint="is this the port of WinRM over HTTPS (5986)? scheme: http in winrm.yml is for 5985",
    )


def _endless(trouble: Trouble) -> PushError | None:
    return _broken("its answer had no end", trouble.guard) if trouble.first(AnswerTooLong) else None


def _unsealed(trouble: Trouble) -> PushError | None:
    error = trouble.first(BadSeal)
    return _broken(f"what it answered cannot be believed ({error})", trouble.guard) if error else None


def _logon_broke_off(trouble: Trouble) -> PushError | None:
    if not isinstance(trouble.error, LogonBroke | WinRMError):
        return None
    return AuthenticationRefused(f"the logon broke off: {_line(str(trouble.error))}", hint=HINT)


def _lost(trouble: Trouble) -> BaseException | None:
    kinds = (ConnectionError, SecondConnection, ssl.SSLError)
    if any(trouble.first(kind) for kind in kinds):
        return ConnectionLost(_line(str(trouble.error)))
    return None


def _no_winrm(trouble: Trouble) -> PushError | None:
    """What pywinrm raises when it reads an answer that is none (StopIteration, ParseError, ...)."""
    if not isinstance(trouble.error, SyntaxError | ValueError | StopIteration | LookupError | AssertionError):
        return None
    return _broken("what answers there does not speak WS-Management", trouble.guard)


READINGS: tuple[Callable[[Trouble], BaseException | None], ...] = (
    _refused,
    _untrusted,
    _fault,
    _http,
    _no_connection,
    _step_time_up,
    _silent,
    _no_tls,
    _endless,
    _unsealed,
    _logon_broke_off,
    _lost,
    _no_winrm,
)
"""Read from the top: the first that has a meaning is meant."""


def _broken(words: str, guard: Guard) -> PushError:
    if guard.touched:
        return OutcomeUnknown(f"{words} while the step was under way", hint=ASK_AGAIN)
    return StepFailed(f"{words}; {NOTHING_TOUCHED}", hint=LOOK_AT_HOST)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and all that it came from."""
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        item = waiting.pop(0)
        if not isinstance(item, BaseException) or id(item) in seen:
            continue
        seen.add(id(item))
        yield item
        waiting += [*item.args, getattr(item, "reason", None), item.__cause__, item.__context__]


def _line(text: str) -> str:
    return " ".join(text.split())[:300]
