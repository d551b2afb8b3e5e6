"""Credential references, and what they stand for at the moment of use.

A reference is ``scheme:rest``; it may be kept, shown and logged. What it stands for is a ``Login``, which is kept in
this process's memory only, never shows its secret, and makes its secret known to the redactor.

==================== ===================================================================================
scheme               stands for
==================== ===================================================================================
key:PATH             the private key in a file, with PATH-cert.pub where that is there;
                     ``key:PATH?passphrase=REFERENCE`` where it is locked
env:NAME             what an environment variable holds
agent:               whatever keys the SSH agent holds (``SSH_AUTH_SOCK``)
command:WORDS        what a command prints, such as ``command:pass show acme/root``; no shell is involved
vault:FILE#KEY       one value of an Ansible Vault file, or of a YAML file with ``!vault`` values
prefect:BLOCK        a secret block of Prefect, registered by whoever wires Muster together
ca:PATH?principal=…  a fresh key with a certificate for one session, signed by the authority's key in PATH
==================== ===================================================================================

A text is a private key where it looks like one, and a password otherwise. More schemes are added by
``Credentials.register``.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Lock, Thread

from muster.errors import MusterError, SecretError
from push.redact import SHARED, Redactor

COMMAND_TIMEOUT_S = 30.0
FAILED_S = 30.0
"""A reference that could not be resolved is asked again only after this long: a fleet has many hosts with the same."""
QUICK = frozenset({"env", "agent", "key"})
"""Schemes that never make anybody wait."""


@dataclass(frozen=True, slots=True)
class Password:
    """A password."""

    value: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """The text of a private key without a passphrase, where it came from, and its certificate where it has one.

    Attributes:
        once: made for one session; not worth keeping.
    """

    text: str = field(repr=False)
    origin: str
    certificate: str = ""
    once: bool = False


@dataclass(frozen=True, slots=True)
class Agent:
    """The keys of an SSH agent."""


@dataclass(frozen=True, slots=True)
class Authority:
    """A key that signs a fresh one for every session.

    Attributes:
        principal: whom the certificate is for; empty means the login name.
        source: addresses it may be used from, as OpenSSH's ``source-address`` has them; empty means anywhere.
        origin: the reference.
    """

    key: PrivateKey
    principal: str
    source: str
    origin: str


Login = Password | PrivateKey | Agent
Resolver = Callable[[str], Login | Authority]
"""Turns what follows the colon into a login; raises SecretError, whose message never holds the secret."""
Wait = Callable[[], float]
"""How long to wait at once, in seconds; raises when there is nothing to wait for any more."""


@dataclass(frozen=True, slots=True)
class Use:
    """What a login is wanted for; a certificate is made for exactly this.

    Attributes:
        seconds: how long the certificate may be used to log in.
        purpose: what for, in the certificate's key id and so in the host's log.
        forwarding: whether it may open connections to other hosts, as a jump host must.
    """

    user: str = ""
    seconds: float = 300.0
    purpose: str = ""
    forwarding: bool = False


ANY_USE = Use()


class Credentials:
    """Resolves references, each once for this process, whoever asks for it and however many at one time.

    Args:
        redactor: is told every secret.
        folder: where relative paths are taken from; the current one when not given.
        vault_password: reference to the password of Ansible Vault files that name none of their own.
        command_timeout_s: the longest a command that prints a secret may take.
    """

    def __init__(
        self,
        redactor: Redactor | None = None,
        *,
        folder: Path | None = None,
        vault_password: str = "",
        command_timeout_s: float = COMMAND_TIMEOUT_S,
    ) -> None:
        self.redactor = redactor or SHARED
        self.folder = folder or Path()
        self.vault_password = vault_password
        self.command_timeout_s = command_timeout_s
        self._resolvers: dict[str, Resolver] = {
            "key": self._from_file,
            "env": _from_environment,
            "agent": _from_agent,
            "command": self._from_command,
            "vault": self._from_vault,
            "ca": self._from_authority,
        }
        self._known: dict[str, _Entry] = {}
        self._lock = Lock()
        self._asking = threading.local()

    def register(self, scheme: str, resolver: Resolver) -> None:
        """Know one more scheme."""
        self._resolvers[scheme] = resolver

    def resolve(self, reference: str, use: Use = ANY_USE, *, wait: Wait | None = None) -> Login:
        """What the reference stands for.

        Args:
            reference: ``scheme:rest``.
            use: what it is wanted for; matters to certificates only.
            wait: asked while a slow source is waited for; without it the source is waited for to its end.

        Raises:
            SecretError: it cannot be resolved; the message names the reference.
        """
        found = self._find(reference, wait)
        if isinstance(found, Authority):
            from push.certificates import sign_for

            return sign_for(found, use)
        return found

    def text(self, reference: str, *, wait: Wait | None = None) -> str:
        """The password or the text of the key that a reference stands for.

        Raises:
            SecretError: it cannot be resolved, or has no text of its own.
        """
        match self._find(reference, wait):
            case Password(value):
                return value
            case PrivateKey(text):
                return text
        raise SecretError(f"{reference}: this is no password", hint="give a reference such as env:NAME")

    def _find(self, reference: str, wait: Wait | None) -> Login | Authority:
        resolver, rest = self._resolver(reference)
        with self._lock:
            entry = self._known.get(reference)
            mine = entry is None or entry.is_stale()
            if entry is None or mine:
                entry = self._known[reference] = _Entry()
        if not mine:
            self._refuse_circle(reference)
            return entry.wait_for(wait)
        if wait is None or reference.partition(":")[0] in QUICK:
            self._fill(entry, reference, resolver, rest)
        else:
            Thread(
                target=self._fill, args=(entry, reference, resolver, rest), name="muster-secret", daemon=True
            ).start()
        return entry.wait_for(wait)

    def _resolver(self, reference: str) -> tuple[Resolver, str]:
        scheme, colon, rest = reference.partition(":")
        if not colon or scheme not in self._resolvers:
            known = ", ".join(f"{name}:" for name in self._resolvers)
            shown = f"{scheme}:…" if colon else "a credential without a scheme"
            raise SecretError(f"{shown} is not a credential reference", hint=f"a reference begins with one of {known}")
        return self._resolvers[scheme], rest

    def _fill(self, entry: "_Entry", reference: str, resolver: Resolver, rest: str) -> None:
        try:
            with self._asked(reference):
                found = resolver(rest)
            self._make_known(found)
            entry.found = found
        except SecretError as error:
            entry.error = error
        except MusterError as error:
            entry.error = SecretError(f"{reference}: {error.message}", hint=error.hint)
        except Exception as error:  # noqa: BLE001 - what a source of secrets says may hold one: only its kind is told
            entry.error = SecretError(f"{reference}: cannot be resolved ({type(error).__name__})")
        finally:
            entry.ended_at = time.monotonic()
            entry.done.set()

    @contextmanager
    def _asked(self, reference: str) -> Iterator[None]:
        """Remember, in this thread, what is being resolved: one reference may need another."""
        stack: list[str] = self._asking.__dict__.setdefault("stack", [])
        stack.append(reference)
        try:
            yield
        finally:
            stack.pop()

    def _refuse_circle(self, reference: str) -> None:
        if reference in self._asking.__dict__.get("stack", ()):
            raise SecretError(f"{reference}: needs itself to be resolved", hint="break the circle of references")

    def _make_known(self, found: Login | Authority) -> None:
        match found:
            case Password(value):
                self.redactor.add(value)
            case PrivateKey(text):
                self.redactor.add(text)
            case Authority(key):
                self.redactor.add(key.text)
            case Agent():
                pass

    def _from_file(self, rest: str) -> Login:
        from push.secrets_keys import key_from_file

        return key_from_file(rest, folder=self.folder, text_of=self.text)

    def _from_command(self, rest: str) -> Login:
        from push.secrets_command import output_of

        return login_of(output_of(rest, folder=self.folder, timeout_s=self.command_timeout_s), f"command:{rest}")

    def _from_vault(self, rest: str) -> Login:
        from push.secrets_vault import value_of

        found = value_of(rest, folder=self.folder, default_password=self.vault_password, text_of=self.text)
        return login_of(found, f"vault:{rest}")

    def _from_authority(self, rest: str) -> Authority:
        from push.certificates import authority_of

        def key_of(reference: str) -> Login:
            found = self._find(reference, None)
            if isinstance(found, Authority):
                raise SecretError(f"ca:{rest}: an authority cannot be signed by another", hint="name its key itself")
            return found

        return authority_of(rest, key_of)

    def __repr__(self) -> str:
        return f"Credentials({', '.join(self._resolvers)})"


class _Entry:
    """One reference, resolved or under way; ``wait_for`` may be called by many threads."""

    def __init__(self) -> None:
        self.done = Event()
        self.found: Login | Authority | None = None
        self.error: SecretError | None = None
        self.ended_at = 0.0

    def is_stale(self) -> bool:
        """Whether it failed a while ago."""
        return self.error is not None and time.monotonic() > self.ended_at + FAILED_S

    def wait_for(self, wait: Wait | None) -> Login | Authority:
        """What was found.

        Raises:
            SecretError: nothing was.
        """
        while not self.done.wait(wait() if wait else None):
            continue
        if self.found is None:
            error = self.error or SecretError("the credential cannot be resolved")
            raise SecretError(error.message, hint=error.hint)
        return self.found


def login_of(text: str, origin: str) -> Login:
    """A private key where the text looks like one, a password otherwise."""
    if text.lstrip().startswith("-----BEGIN ") and "PRIVATE KEY-----" in text:
        return PrivateKey(text.strip() + "\n", origin)
    return Password(text)


def _from_environment(rest: str) -> Login:
    value = os.environ.get(rest, "")
    if not value:
        raise SecretError(f"env:{rest}: the variable is not set", hint=f"export {rest} before you start Muster")
    return login_of(value, f"env:{rest}")


def _from_agent(_rest: str) -> Agent:
    if not os.environ.get("SSH_AUTH_SOCK"):
        raise SecretError("agent: no SSH agent is running here", hint="start one and add a key: ssh-agent, ssh-add")
    return Agent()
