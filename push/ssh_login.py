"""Prove to an SSH host that it is the right one, and to it who we are."""

from collections.abc import Sequence
from dataclasses import dataclass

import paramiko
from paramiko.ssh_exception import BadAuthenticationType, PartialAuthentication

from muster.errors import AuthenticationRefused, SecretError
from muster.fleet import Jump
from muster.outcomes import Stage
from push.credentials import Agent, Credentials, Password, PrivateKey, Use
from push.keys import load_private_key
from push.known_hosts import KnownHosts, host_pattern
from push.transport import Guard
from push.winrm_passwords import LogonRefused, PasswordGate

MOST_AGENT_KEYS = 5
"""sshd closes the connection after six refused keys."""


@dataclass(frozen=True, slots=True)
class Account:
    """Whom we log in as, where.

    Attributes:
        place: host and port; a password that is refused is remembered for it.
        purpose: why, for a certificate's key id.
        forwarding: whether connections to other hosts will be opened there.
    """

    user: str
    credential: str
    place: str
    purpose: str = ""
    forwarding: bool = False


def via_of(jumps: Sequence[Jump]) -> str:
    """The last of these jump hosts as known_hosts names it; empty where there is none."""
    return host_pattern(jumps[-1].address, jumps[-1].port) if jumps else ""


def check_host_key(session: paramiko.Transport, known_hosts: KnownHosts, address: str, port: int, via: str) -> None:
    """Return when the key or certificate that the host has proved to hold is trusted.

    Raises:
        Untrusted: it is not.
    """
    key = session.get_remote_server_key()
    certificate = key.public_blob.key_blob if key.public_blob else b""
    known_hosts.check(address, port, key.asbytes(), certificate=certificate, via=via)


def log_in(
    session: paramiko.Transport, account: Account, credentials: Credentials, gate: PasswordGate, guard: Guard
) -> None:
    """Log in with what the account's reference stands for; a refused password is never tried again.

    Raises:
        AuthenticationRefused: the host wants more than one proof, or this password was refused before.
        SecretError: the reference cannot be resolved.
        Exception: of paramiko; ``push/failures.py`` knows what it means.
    """
    guard.reached(Stage.AUTHENTICATE)
    use = Use(account.user, guard.remaining_s, account.purpose, account.forwarding)
    login = credentials.resolve(account.credential, use, wait=guard.slice_s)
    match login:
        case Password(value):
            _by_password(session, account, value, gate, guard)
        case PrivateKey() as key:
            session.auth_publickey(account.user, load_private_key(key))
        case Agent():
            _by_agent(session, account.user)
    if not session.is_authenticated():
        raise AuthenticationRefused("it wants a second proof after the first", hint="give it another account")


def _by_password(session: paramiko.Transport, account: Account, value: str, gate: PasswordGate, guard: Guard) -> None:
    refusal: paramiko.AuthenticationException | None = None
    try:
        with gate.attempt(account.user, value, account.place, guard, reference=account.credential):
            try:
                session.auth_password(account.user, value)
            except paramiko.AuthenticationException as error:
                if not _is_refusal(error, session):
                    raise
                refusal = error
                raise LogonRefused from None
    except LogonRefused:
        if refusal is not None:
            raise refusal from None
        raise


def _is_refusal(error: paramiko.AuthenticationException, session: paramiko.Transport) -> bool:
    """Whether the host said no to this very password, and not to passwords, or nothing at all."""
    told = not isinstance(error, BadAuthenticationType | PartialAuthentication)
    return told and "timeout" not in str(error).lower() and (session.is_active() or "EOF" not in str(error))


def _by_agent(session: paramiko.Transport, user: str) -> None:
    agent = paramiko.Agent()
    try:
        keys = agent.get_keys()
        if not keys:
            raise SecretError("agent: the SSH agent holds no key", hint="add one: ssh-add PATH")
        for key in keys[: MOST_AGENT_KEYS - 1]:
            try:
                session.auth_publickey(user, key)
            except paramiko.AuthenticationException:
                if not session.is_active():
                    raise
            else:
                return
        session.auth_publickey(user, keys[min(len(keys), MOST_AGENT_KEYS) - 1])
    finally:
        agent.close()
