"""SSH by paramiko: one connection, one command, script and payload on its standard input.

paramiko's ``Transport`` is used and not its ``SSHClient``: the latter reads the whole known_hosts file for every
connection and offers the slow key exchanges first, which costs four to thirty times as much (docs/push.md has the
figures). A connection is ended in the order ``shutdown``, ``join``, ``close``: without the join a file descriptor can
be reused while paramiko's thread still reads from it.
"""

import socket
from collections.abc import Callable, Mapping

import paramiko

from muster.errors import AuthenticationRefused, SecretError
from muster.ids import SiteId
from muster.outcomes import Stage
from muster.ports import Order, Pusher, Target
from muster.settings import Settings
from push.credentials import Agent, Credentials, Password, PrivateKey
from push.keys import load_private_key
from push.known_hosts import USUAL_PORT, KnownHosts, KnownHostsFile
from push.pool import Limits, PoolPusher
from push.redact import SHARED, Redactor
from push.ssh_command import Command
from push.ssh_session import SshOptions, open_session
from push.transport import Door, Guard, RawResult

MOST_AGENT_KEYS = 5
"""sshd closes the connection after six refused keys."""


def ssh_pusher(
    settings: Settings,
    *,
    known_hosts: KnownHosts | None = None,
    credentials: Credentials | None = None,
    redactor: Redactor | None = None,
    sites: Mapping[SiteId, int] | None = None,
    per_site: int = 0,
    become: bool = False,
) -> Pusher:
    """The fast path, as the settings have it.

    Args:
        settings: key exchange, time-outs, ``parallel_hosts`` and limits are taken from it.
        known_hosts: trusted keys; when not given, those of the settings' file, also those that are added later.
        credentials: resolves references; a fresh one that shares ``redactor`` when not given.
        redactor: removes secrets from every report; the one of this process when not given.
        sites: most hosts of a site at one time, by site.
        per_site: the same for sites that are not named; 0 means no cap.
        become: run steps by ``sudo -n`` where the login name is not root's.
    """
    redactor = redactor or SHARED
    transport = ssh_transport(settings, credentials or Credentials(redactor), known_hosts=known_hosts, become=become)
    limits = Limits(settings.parallel_hosts, settings.connect_timeout_s, sites or {}, per_site)
    return PoolPusher(transport, limits, redactor=redactor)


def ssh_transport(
    settings: Settings, credentials: Credentials, *, known_hosts: KnownHosts | None = None, become: bool = False
) -> "SshTransport":
    """SSH as the settings have it; the arguments are those of ``ssh_pusher``."""
    options = SshOptions(settings.key_exchange, settings.login_timeout_s, settings.output_limit_bytes, become=become)
    trusted = _always(known_hosts) if known_hosts is not None else KnownHostsFile(settings.path(settings.known_hosts))
    return SshTransport(trusted, credentials, options)


def _always(known_hosts: KnownHosts) -> Callable[[], KnownHosts]:
    return lambda: known_hosts


class SshTransport:
    """A Transport (``push/transport.py``) over paramiko; ``known_hosts`` is asked anew for every host."""

    def __init__(self, known_hosts: Callable[[], KnownHosts], credentials: Credentials, options: SshOptions) -> None:
        self._known_hosts = known_hosts
        self._credentials = credentials
        self._options = options

    def door(self, target: Target) -> Door:
        """SSH servers speak first, at port 22 unless the target names another."""
        return Door(target.address, target.port or USUAL_PORT, greets=True)

    def carry(self, order: Order, guard: Guard, connection: socket.socket | None) -> RawResult:
        """Log in, run the step, bring back what it said."""
        if connection is None:
            raise ValueError("SSH begins with an open connection")
        target = order.target
        port = target.port or USUAL_PORT
        known_hosts = self._known_hosts()
        types = known_hosts.key_types(target.address, port)
        with open_session(connection, guard, self._options, types) as session:
            key = session.get_remote_server_key()
            certificate = key.public_blob.key_blob if key.public_blob else b""
            known_hosts.check(target.address, port, key.asbytes(), certificate=certificate)
            guard.reached(Stage.AUTHENTICATE)
            self._log_in(session, target)
            if not session.is_authenticated():
                raise AuthenticationRefused("it wants a second proof after the first", hint="give it another account")
            return Command(session, order, guard, self._options).run()

    def _log_in(self, session: paramiko.Transport, target: Target) -> None:
        match self._credentials.resolve(target.credential):
            case Password(value):
                session.auth_password(target.user, value)
            case PrivateKey() as key:
                session.auth_publickey(target.user, load_private_key(key))
            case Agent():
                _log_in_by_agent(session, target)


def _log_in_by_agent(session: paramiko.Transport, target: Target) -> None:
    agent = paramiko.Agent()
    try:
        keys = agent.get_keys()
        if not keys:
            raise SecretError("agent: the SSH agent holds no key", hint="add one: ssh-add PATH")
        for key in keys[: MOST_AGENT_KEYS - 1]:
            try:
                session.auth_publickey(target.user, key)
            except paramiko.AuthenticationException:
                if not session.is_active():
                    raise
            else:
                return
        session.auth_publickey(target.user, keys[min(len(keys), MOST_AGENT_KEYS) - 1])
    finally:
        agent.close()
