"""Every error of paramiko, of sockets and of the system means something, at every stage."""

import errno
import importlib
import inspect
import pkgutil
import socket
from collections.abc import Iterator

import paramiko
import pytest
from paramiko.ssh_exception import NoValidConnectionsError

from muster.errors import (
    AuthenticationRefused,
    MusterError,
    OutcomeUnknown,
    PushError,
    SecretError,
    StepFailed,
    Unreachable,
    Untrusted,
)
from muster.outcomes import Ending, Stage
from push.failures import ENDINGS, ConnectionLost, NotSsh, Silent, ending_of, explain, may_try_again
from push.transport import Guard, Stopped, TimeUp
from tests.push.orders import NoStop, an_order

NOT_ABOUT_A_HOST = {
    "ConfigParseError",
    "CouldNotCanonicalize",
    "InvalidHostKey",
    "UnknownKeyType",
    "NeedRekeyException",
}
"""Of ssh_config files and of paramiko's own insides; Muster never lets them come up."""
AFTER_CONNECT = (Stage.BANNER, Stage.HOST_KEY, Stage.AUTHENTICATE, Stage.TRANSFER, Stage.COMMAND, Stage.FINISHED)


def _paramiko_errors() -> Iterator[type[Exception]]:
    for module in pkgutil.iter_modules(paramiko.__path__):
        if module.name in {"_winapi", "win_pageant", "win_openssh"} or module.name.startswith("sftp"):
            continue
        loaded = importlib.import_module(f"paramiko.{module.name}")
        for _, found in inspect.getmembers(loaded, inspect.isclass):
            if issubclass(found, Exception) and found.__module__.startswith("paramiko"):
                yield found


def _made(kind: type[Exception]) -> Exception:
    key = paramiko.ECDSAKey.generate()
    arguments: dict[str, tuple[object, ...]] = {
        "BadAuthenticationType": ("no", ["password"]),
        "PartialAuthentication": (["password"],),
        "ChannelException": (1, "Administratively prohibited"),
        "BadHostKeyException": ("h", key, key),
        "ProxyCommandFailure": ("nc", "1"),
        "NoValidConnectionsError": ({("127.0.0.1", 22): ConnectionRefusedError(errno.ECONNREFUSED, "refused")},),
    }
    return kind(*arguments.get(kind.__name__, ("words",)))


def _errors() -> list[Exception]:
    found = {kind for kind in _paramiko_errors() if kind.__name__ not in NOT_ABOUT_A_HOST}
    ours: list[Exception] = [
        ConnectionLost(),
        NotSsh("HTTP"),
        EOFError(),
        socket.gaierror(-2, "unknown"),
        TimeoutError(),
    ]
    system = [OSError(code, "words") for code in errno.errorcode]
    return [*map(_made, sorted(found, key=lambda kind: kind.__name__)), *ours, *system]


def _guard(stage: Stage, *, touched: bool = False) -> Guard:
    guard = Guard(an_order(), NoStop())
    guard.reached(stage)
    if touched:
        guard.begin()
    return guard


def test_there_are_errors_to_walk() -> None:
    names = {type(error).__name__ for error in _errors()}
    assert {"SSHException", "AuthenticationException", "IncompatiblePeer", "ConnectionResetError"} <= names
    assert len(_errors()) > 100


@pytest.mark.parametrize("stage", list(Stage))
def test_every_error_is_foreseen_at_every_stage(stage: Stage) -> None:
    for error in _errors():
        early = stage in {Stage.NOT_STARTED, Stage.CONNECT}
        if early and not isinstance(error, OSError):
            continue  # there is no SSH before there is a connection
        meant = explain(error, _guard(stage, touched=stage in AFTER_CONNECT[3:]))
        assert "unexpected" not in meant.message, (error, stage)
        assert meant.message
        assert meant.hint
        assert ending_of(meant) in set(Ending)


@pytest.mark.parametrize("stage", AFTER_CONNECT)
def test_a_broken_connection_is_unknown_from_when_the_step_may_have_begun(stage: Stage) -> None:
    for error in (
        EOFError(),
        ConnectionResetError(),
        ConnectionLost(),
        OSError(errno.EPIPE, "x"),
        paramiko.SSHException(),
    ):
        before = explain(error, _guard(stage))
        assert not isinstance(before, OutcomeUnknown), (error, stage)
        assert isinstance(explain(error, _guard(stage, touched=True)), OutcomeUnknown)


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (ConnectionRefusedError(), Unreachable, "refused"),
        (socket.gaierror(-2, "Name or service not known"), Unreachable, "not known"),
        (OSError(errno.EHOSTUNREACH, "No route to host"), Unreachable, "no route"),
        (TimeoutError(), Unreachable, "no answer"),
        (Silent(8.0), Unreachable, "no answer within 8 s"),
        (NoValidConnectionsError({("h", 22): OSError(errno.ENETUNREACH, "x")}), Unreachable, "no route"),
    ],
)
def test_what_keeps_a_connection_from_being_made_is_unreachable(
    error: Exception, kind: type[PushError], words: str
) -> None:
    meant = explain(error, _guard(Stage.CONNECT))
    assert type(meant) is kind
    assert words in meant.message


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (paramiko.AuthenticationException("Authentication failed."), AuthenticationRefused, "does not take"),
        (paramiko.BadAuthenticationType("no", ["publickey"]), AuthenticationRefused, "it takes publickey"),
        (paramiko.PasswordRequiredException("encrypted"), SecretError, "passphrase"),
        (paramiko.ChannelException(1, "Administratively prohibited"), StepFailed, "prohibited"),
        (paramiko.ssh_exception.IncompatiblePeer("no kex"), Unreachable, "no common algorithm"),
        (paramiko.SSHException("Signature verification (ssh-ed25519) failed."), Untrusted, "prove"),
        (KeyError("x"), StepFailed, "unexpected KeyError"),
    ],
)
def test_what_goes_wrong_with_a_login_has_its_own_words(error: Exception, kind: type[MusterError], words: str) -> None:
    meant = explain(error, _guard(Stage.AUTHENTICATE))
    assert type(meant) is kind
    assert words in meant.message


@pytest.mark.parametrize("stage", AFTER_CONNECT[:3])
def test_silence_before_the_step_says_that_nothing_was_touched(stage: Stage) -> None:
    for error in (TimeUp(), Silent(2.0)):
        meant = explain(error, _guard(stage))
        assert type(meant) is OutcomeUnknown
        assert "nothing was touched" in meant.message


@pytest.mark.parametrize(
    ("error", "stage"),
    [
        (paramiko.AuthenticationException("Authentication timeout."), Stage.AUTHENTICATE),
        (paramiko.SSHException("Timeout opening channel."), Stage.TRANSFER),
        (paramiko.SSHException("Key-exchange timed out waiting for key negotiation"), Stage.HOST_KEY),
    ],
)
def test_waits_that_paramiko_gave_up_are_silence_and_no_refusal(error: Exception, stage: Stage) -> None:
    meant = explain(error, _guard(stage))
    assert type(meant) is OutcomeUnknown
    assert "nothing was touched" in meant.message


def test_what_was_cut_off_is_explained_by_why_and_not_by_how() -> None:
    guard = _guard(Stage.COMMAND, touched=True)
    guard.cut_by = Stopped
    assert "stopped" in explain(EOFError(), guard).message
    guard.cut_by = TimeUp
    assert "10 s" in explain(EOFError(), guard).message


def test_a_second_try_is_for_connections_lost_before_the_login_only() -> None:
    lost = (ConnectionLost(), EOFError(), ConnectionResetError(), paramiko.SSHException("Negotiation failed."))
    for error in lost:
        assert may_try_again(error, _guard(Stage.BANNER))
        assert may_try_again(error, _guard(Stage.HOST_KEY))
        assert not may_try_again(error, _guard(Stage.AUTHENTICATE))
        assert not may_try_again(error, _guard(Stage.HOST_KEY, touched=True))
    assert not may_try_again(ConnectionRefusedError(), _guard(Stage.CONNECT))
    assert not may_try_again(paramiko.AuthenticationException(), _guard(Stage.HOST_KEY))
    assert not may_try_again(Silent(1.0), _guard(Stage.BANNER))


def test_every_error_of_a_push_has_an_ending() -> None:
    assert set(PushError.__subclasses__()) <= set(ENDINGS)
