"""Credential references, and what they stand for at the moment of use.

A reference is ``scheme:rest``; it may be kept, shown and logged. What it stands for is a ``Login``, which is kept in
this process's memory only, never shows its secret, and makes its secret known to the redactor.

========== =============================================================================================
scheme     stands for
========== =============================================================================================
key:PATH   the private key in a file (OpenSSH or PEM, without a passphrase), with PATH-cert.pub where that is there
env:NAME   the password in an environment variable
agent:     whatever keys the SSH agent holds (``SSH_AUTH_SOCK``); a key with a passphrase belongs there
========== =============================================================================================

More schemes are added by ``Credentials.register``.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from threading import Lock

from muster.errors import SecretError
from push.redact import SHARED, Redactor


@dataclass(frozen=True, slots=True)
class Password:
    """A password."""

    value: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """The text of a private key, the name of where it came from, and its certificate where it has one."""

    text: str = field(repr=False)
    origin: str
    certificate: str = ""


@dataclass(frozen=True, slots=True)
class Agent:
    """The keys of an SSH agent."""


Login = Password | PrivateKey | Agent
Resolver = Callable[[str], Login]
"""Turns what follows the colon into a login; raises SecretError, whose message never holds the secret."""


class Credentials:
    """Resolves references, each once for this process."""

    def __init__(self, redactor: Redactor | None = None, *, folder: Path | None = None) -> None:
        """``folder`` is where relative paths of keys are taken from; the current one when not given."""
        self.redactor = redactor or SHARED
        from_file = partial(_from_file, folder=folder or Path())
        self._resolvers: dict[str, Resolver] = {"key": from_file, "env": _from_environment, "agent": _from_agent}
        self._resolved: dict[str, Login] = {}
        self._lock = Lock()

    def register(self, scheme: str, resolver: Resolver) -> None:
        """Know one more scheme."""
        self._resolvers[scheme] = resolver

    def resolve(self, reference: str) -> Login:
        """What the reference stands for.

        Raises:
            SecretError: it cannot be resolved; the message names the reference.
        """
        with self._lock:
            if reference not in self._resolved:
                login = self._resolve(reference)
                self._make_known(login)
                self._resolved[reference] = login
            return self._resolved[reference]

    def _resolve(self, reference: str) -> Login:
        scheme, colon, rest = reference.partition(":")
        if not colon or scheme not in self._resolvers:
            known = ", ".join(f"{name}:" for name in self._resolvers)
            shown = f"{scheme}:…" if colon else "a credential without a scheme"
            raise SecretError(f"{shown} is not a credential reference", hint=f"a reference begins with one of {known}")
        return self._resolvers[scheme](rest)

    def _make_known(self, login: Login) -> None:
        match login:
            case Password(value):
                self.redactor.add(value)
            case PrivateKey(text):
                self.redactor.add(text)
            case Agent():
                pass

    def __repr__(self) -> str:
        return f"Credentials({', '.join(self._resolvers)})"


def _from_file(rest: str, *, folder: Path) -> PrivateKey:
    path = folder / Path(rest).expanduser()
    certificate = path.with_name(f"{path.name}-cert.pub")
    try:
        text = path.read_text(encoding="ascii")
        return PrivateKey(text, f"key:{rest}", certificate.read_text("ascii") if certificate.exists() else "")
    except FileNotFoundError:
        raise SecretError(
            f"key:{rest}: there is no such file", hint=f"the path is taken from {folder.resolve()}"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not a text file"
        raise SecretError(f"key:{rest}: cannot be read: {reason}") from None


def _from_environment(rest: str) -> Password:
    value = os.environ.get(rest, "")
    if not value:
        raise SecretError(f"env:{rest}: the variable is not set", hint=f"export {rest} before you start Muster")
    return Password(value)


def _from_agent(_rest: str) -> Agent:
    if not os.environ.get("SSH_AUTH_SOCK"):
        raise SecretError("agent: no SSH agent is running here", hint="start one and add a key: ssh-agent, ssh-add")
    return Agent()
