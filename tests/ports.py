"""Ports for the servers of tests."""

import errno
import socket
from random import SystemRandom

RANGE = range(20_000, 32_000)
"""Below those that Linux gives to outgoing connections (32768 and up): whoever asks again and again for a server that
is away would otherwise sooner or later be given the server's own port, and talk to itself."""


def free_port() -> int:
    """A port of this machine that nobody listens at now."""
    for port in SystemRandom().sample(RANGE, 100):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
            else:
                return port
    raise RuntimeError("a hundred ports, and every one is taken")
