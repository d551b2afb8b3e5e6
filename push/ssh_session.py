"""Open an SSH session on a connection, up to the host's proved key, and end it without leaving a thread behind."""

import contextlib
import logging
import socket
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from threading import Event
from typing import Literal, cast

import paramiko
from paramiko.channel import Channel
from paramiko.common import cMSG_CHANNEL_OPEN, cMSG_GLOBAL_REQUEST
from paramiko.kex_mlkem import KexMLKEM768X25519
from paramiko.message import Message
from paramiko.packet import Packetizer

from muster.fleet import Become
from muster.outcomes import Stage
from push.failures import ConnectionLost, Silent
from push.transport import Guard

FAST_EXCHANGES = ("ecdh-sha2-nistp256", "curve25519-sha256@libssh.org", "ecdh-sha2-nistp384", "ecdh-sha2-nistp521")
"""P-256 first: OpenSSH leaves it to OpenSSL, and does curve25519 in C of its own, which costs a host 2 ms more."""
POST_QUANTUM_EXCHANGES = ("mlkem768x25519-sha256",)
OLD_EXCHANGES = (
    "diffie-hellman-group16-sha512",
    "diffie-hellman-group14-sha256",
    "diffie-hellman-group-exchange-sha256",
)
QUICK_CIPHERS = ("aes128-gcm@openssh.com", "aes256-gcm@openssh.com")
"""Offered first: with the others paramiko compares a checksum for each packet byte by byte in Python."""
CERTIFICATE_TYPES = (
    "ssh-ed25519-cert-v01@openssh.com",
    "ecdsa-sha2-nistp256-cert-v01@openssh.com",
    "ecdsa-sha2-nistp384-cert-v01@openssh.com",
    "ecdsa-sha2-nistp521-cert-v01@openssh.com",
    "rsa-sha2-512-cert-v01@openssh.com",
    "rsa-sha2-256-cert-v01@openssh.com",
)
PLAIN_TYPES = (
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "rsa-sha2-512",
    "rsa-sha2-256",
)
ALGORITHMS_OF_KEY_TYPE = {"certificate": CERTIFICATE_TYPES, "ssh-rsa": ("rsa-sha2-512", "rsa-sha2-256")}
"""A type in known_hosts and the names by which a host is asked for it; all others are asked for by their own name."""
JOIN_S = 2.0
READ_AHEAD_BYTES = 65_536

_QUIET = "push.ssh.paramiko"
logging.getLogger(_QUIET).disabled = True
"""paramiko logs tracebacks of every lost connection; what they mean is in our reports."""


@dataclass(frozen=True, slots=True)
class SshOptions:
    """How SSH is spoken.

    Attributes:
        key_exchange: see the setting of the same name.
        login_timeout_s: longest wait for key exchange and login together.
        output_limit_bytes: what is kept of standard output, and of standard error; the rest is read and dropped.
        become: how the step becomes root where the login name is not root's and the host says nothing.
    """

    key_exchange: Literal["fast", "post-quantum-first"] = "fast"
    login_timeout_s: float = 15.0
    output_limit_bytes: int = 262_144
    become: Become = Become.NONE

    @property
    def exchanges(self) -> tuple[str, ...]:
        """The key exchanges that are offered, the most wanted first, of those that the library has."""
        if self.key_exchange == "fast":
            return FAST_EXCHANGES
        first = POST_QUANTUM_EXCHANGES if KexMLKEM768X25519.is_available() else ()
        return (*first, *FAST_EXCHANGES, *OLD_EXCHANGES)


class _ReadAhead:
    """A socket that takes what is there at once: paramiko asks for a packet's first bytes, and then for the rest.

    Only paramiko's own thread reads from it.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._ahead = b""

    def recv(self, size: int) -> bytes:
        """At most so many bytes: those that came before, or what comes next."""
        ahead = self._ahead or self._connection.recv(READ_AHEAD_BYTES)
        self._ahead = ahead[size:]
        return ahead[:size]

    def __getattr__(self, name: str) -> object:
        return getattr(self._connection, name)


class _QuietPacketizer(Packetizer):
    """Without paramiko's own handshake timer, which is a thread for each connection: our guard watches.

    Attributes:
        heard_at: when the last packet came (``time.monotonic``).
    """

    heard_at = 0.0

    def start_handshake(self, timeout: float) -> None:
        """No timer."""

    def read_message(self) -> tuple[int, Message]:
        """Also note the time."""
        read: tuple[int, Message] = super().read_message()
        self.heard_at = time.monotonic()
        return read


class Session(paramiko.Transport):
    """paramiko's Transport, which looks less often whether it was closed: its socket is shut down instead.

    It also opens connections to other hosts without making anybody wait for them.

    Attributes:
        refusals: by the number of a channel, in the host's words why it was not opened.
    """

    _active_check_timeout = 1.0

    def __init__(self, connection: socket.socket) -> None:
        super().__init__(cast("socket.socket", _ReadAhead(connection)), packetizer_class=_QuietPacketizer)
        self.refusals: dict[int, tuple[int, str]] = {}

    @property
    def heard_at(self) -> float:
        """When the last packet came (``time.monotonic``)."""
        packetizer = self.packetizer
        return packetizer.heard_at if isinstance(packetizer, _QuietPacketizer) else 0.0

    def open_direct(self, address: str, port: int, answered: Event) -> Channel:
        """Ask the host to connect to another one; ``answered`` is set when it has said yes or no, or is gone."""
        message = Message()
        message.add_byte(cMSG_CHANNEL_OPEN)
        message.add_string("direct-tcpip")
        with self.lock:
            number = self._next_channel()  # type: ignore[attr-defined]  # the stubs leave it out
            channel = Channel(number)
            for part in (number, self.default_window_size, self.default_max_packet_size):
                message.add_int(part)
            message.add_string(address)
            message.add_int(port)
            message.add_string("127.0.0.1")
            message.add_int(0)
            self._channels.put(number, channel)  # type: ignore[attr-defined]  # the stubs leave it out
            self.channel_events[number] = answered
            self.channels_seen[number] = True
            channel._set_transport(self)  # type: ignore[attr-defined]  # noqa: SLF001 - as paramiko's open_channel does
            window, packet = self.default_window_size, self.default_max_packet_size
            channel._set_window(window, packet)  # type: ignore[attr-defined]  # noqa: SLF001 - as above
        self._send_user_message(message)  # type: ignore[attr-defined]  # the stubs leave it out
        return channel

    def ask_for_a_sign(self) -> None:
        """Send something that every host answers, and do not wait for it."""
        message = Message()
        message.add_byte(cMSG_GLOBAL_REQUEST)
        message.add_string("keepalive@openssh.com")
        message.add_boolean(b=True)
        self._send_user_message(message)  # type: ignore[attr-defined]  # the stubs leave it out

    def _parse_channel_open_failure(self, m: Message) -> None:
        """Keep the host's words, which paramiko only logs."""
        number, reason, words = m.get_int(), m.get_int(), m.get_string().decode("utf-8", "replace")
        self.refusals[number] = (reason, words)
        m.rewind()
        super()._parse_channel_open_failure(m)  # type: ignore[misc]  # the stubs leave it out

    def _log(self, level: int, msg: object, *args: object) -> None:
        """Nobody reads that channel, and paramiko would put every line together first."""

    def _filter_algorithm(self, type_: str) -> tuple[str, ...]:
        """Nothing is disabled here, so nothing is to be sifted, sixteen times for each connection."""
        preferred: tuple[str, ...] = getattr(self, f"_preferred_{type_}")
        return tuple(preferred)

    def _parse_debug(self, m: Message) -> None:
        """What servers say for debugging is for nobody here; paramiko would take it apart letter by letter."""


def algorithms_for(key_types: Sequence[str]) -> tuple[str, ...]:
    """The host key algorithms to ask for: those of the keys that are known first, then every other plain one."""
    wanted = [name for each in key_types for name in ALGORITHMS_OF_KEY_TYPE.get(each, (each,))]
    known = {*PLAIN_TYPES, *CERTIFICATE_TYPES}
    return tuple(dict.fromkeys(name for name in (*wanted, *PLAIN_TYPES) if name in known))


@contextlib.contextmanager
def open_session(
    connection: socket.socket, guard: Guard, options: SshOptions, key_types: Sequence[str]
) -> Iterator[Session]:
    """Exchange keys over an open connection; the host has proved to hold the key that it shows, nothing more.

    Args:
        connection: an open socket; it is closed at the end.
        guard: asked in every wait; may cut the connection.
        options: what is offered.
        key_types: types of the keys that are known for this host (``KnownHosts.key_types``).
    """
    guard.on_cut(lambda: connection.shutdown(socket.SHUT_RDWR))
    guard.reached(Stage.HOST_KEY)
    session = Session(connection)
    try:
        session.set_log_channel(_QUIET)
        security = session.get_security_options()
        security.kex = options.exchanges
        security.ciphers = (*QUICK_CIPHERS, *(name for name in security.ciphers if name not in QUICK_CIPHERS))
        security.key_types = algorithms_for(key_types)
        until = time.monotonic() + options.login_timeout_s
        _exchange_keys(session, guard, options.login_timeout_s)
        session.auth_timeout = max(1.0, until - time.monotonic())
        session.channel_timeout = options.login_timeout_s
        yield session
    finally:
        _end(session, connection)


def _exchange_keys(session: paramiko.Transport, guard: Guard, timeout_s: float) -> None:
    done = Event()
    session.start_client(event=done)
    until = time.monotonic() + timeout_s
    while not done.wait(guard.slice_s()):
        if time.monotonic() > until:
            raise Silent(timeout_s)
    if not session.is_active():
        raise session.get_exception() or ConnectionLost()


def _end(session: paramiko.Transport, connection: socket.socket) -> None:
    """In this order, or a descriptor can be reused while paramiko's thread still reads from it."""
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    if session.is_alive():
        session.join(JOIN_S)
    session.close()
    connection.close()
