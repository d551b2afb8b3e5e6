"""SSH by paramiko: one connection, one command, script and payload on its standard input.

paramiko's ``Transport`` is used and not its ``SSHClient``: the latter reads the whole known_hosts file for every
connection and offers the slow key exchanges first, which costs four to thirty times as much (docs/push.md has the
figures). A connection is ended in the order ``shutdown``, ``join``, ``close``: without the join a file descriptor can
be reused while paramiko's thread still reads from it.
"""

import socket
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager

from muster.errors import SecretError
from muster.fleet import Become
from muster.ids import SiteId
from muster.ports import Order, Pusher, Target
from muster.settings import Settings
from push.credentials import Credentials
from push.jump import Jumps
from push.known_hosts import USUAL_PORT, KnownHosts, KnownHostsFile, host_pattern
from push.pool import Limits, PoolPusher
from push.redact import SHARED, Redactor
from push.ssh_command import Command, Root
from push.ssh_login import Account, check_host_key, log_in, via_of
from push.ssh_session import SshOptions, open_session
from push.transport import Door, Guard, RawResult
from push.winrm_passwords import SHARED as SHARED_GATE
from push.winrm_passwords import PasswordGate


def ssh_pusher(
    settings: Settings,
    *,
    known_hosts: KnownHosts | None = None,
    credentials: Credentials | None = None,
    redactor: Redactor | None = None,
    sites: Mapping[SiteId, int] | None = None,
    per_site: int = 0,
    become: bool = False,
    gate: PasswordGate | None = None,
) -> Pusher:
    """The fast path, as the settings have it.

    Args:
        settings: key exchange, time-outs, ``parallel_hosts`` and limits are taken from it.
        known_hosts: trusted keys; when not given, those of the settings' file, also those that are added later.
        credentials: resolves references; a fresh one that shares ``redactor`` when not given.
        redactor: removes secrets from every report; the one of this process when not given.
        sites: most hosts of a site at one time, by site.
        per_site: the same for sites that are not named; 0 means no cap.
        become: run steps by sudo where the login name is not root's and neither host nor setting says otherwise.
        gate: keeps refused passwords from being tried again; the one of this process when not given.
    """
    redactor = redactor or SHARED
    credentials = credentials or Credentials(redactor)
    transport = ssh_transport(settings, credentials, known_hosts=known_hosts, become=become, gate=gate)
    limits = Limits(
        settings.parallel_hosts,
        settings.connect_timeout_s,
        sites or {},
        per_site or settings.site_hosts,
        site_bytes_per_s=settings.site_bytes_per_s,
    )
    return PoolPusher(transport, limits, redactor=redactor, dialer=transport.jumps(settings.connect_timeout_s))


def ssh_transport(
    settings: Settings,
    credentials: Credentials,
    *,
    known_hosts: KnownHosts | None = None,
    become: bool = False,
    gate: PasswordGate | None = None,
) -> "SshTransport":
    """SSH as the settings have it; the arguments are those of ``ssh_pusher``."""
    root = Become(settings.become) if settings.become != "none" else Become.SUDO if become else Become.NONE
    options = SshOptions(settings.key_exchange, settings.login_timeout_s, settings.output_limit_bytes, become=root)
    trusted = _always(known_hosts) if known_hosts is not None else KnownHostsFile(settings.path(settings.known_hosts))
    return SshTransport(trusted, credentials, options, gate=gate)


def _always(known_hosts: KnownHosts) -> Callable[[], KnownHosts]:
    return lambda: known_hosts


class SshTransport:
    """A Transport (``push/transport.py``) over paramiko; ``known_hosts`` is asked anew for every host."""

    def __init__(
        self,
        known_hosts: Callable[[], KnownHosts],
        credentials: Credentials,
        options: SshOptions,
        *,
        gate: PasswordGate | None = None,
    ) -> None:
        self._known_hosts = known_hosts
        self._credentials = credentials
        self._options = options
        self._gate = gate or SHARED_GATE

    def jumps(self, connect_timeout_s: float) -> Jumps:
        """What reaches hosts behind jump hosts, which are held to the same trust, logins and gate as the hosts."""
        return Jumps(self._known_hosts, self._credentials, self._options, self._gate, connect_timeout_s)

    def _root(self, order: Order, guard: Guard) -> Root:
        """How the step becomes root, with the password where sudo is marked to ask for one.

        Raises:
            SecretError: its password cannot be had, or doas would have to be given one.
        """
        target = order.target
        become = target.become or self._options.become
        if become is Become.NONE or target.user == "root" or not target.become_credential:
            return Root(become)
        if become is Become.DOAS:
            raise SecretError(
                f"{target.become_credential}: doas takes a password from a terminal only",
                hint="let doas ask for none there (permit nopass), or use sudo",
            )
        password = self._credentials.text(target.become_credential, wait=guard.slice_s)
        place = host_pattern(target.address, target.port or USUAL_PORT, via_of(target.jump))

        def attempt() -> AbstractContextManager[None]:
            account = f"sudo of {target.user}"
            return self._gate.attempt(account, password, place, guard, reference=target.become_credential)

        return Root(become, password, attempt)

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
        via = via_of(target.jump)
        types = known_hosts.key_types(target.address, port, via)
        with open_session(connection, guard, self._options, types) as session:
            check_host_key(session, known_hosts, target.address, port, via)
            account = Account(target.user, target.credential, host_pattern(target.address, port, via), order.purpose)
            log_in(session, account, self._credentials, self._gate, guard)
            return Command(session, order, guard, self._options, self._root(order, guard)).run()
