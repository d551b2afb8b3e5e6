"""The ways in which a host of the fleet can be broken. Imported by the supervisor too: standard library only."""

from enum import StrEnum

PORT = 2222
"""Every host listens here, on an address of its own."""


class Fault(StrEnum):
    """What is wrong with a host, seen from outside."""

    NONE = "none"
    REFUSING = "refusing"
    """Nothing listens."""
    BLACK_HOLE = "black hole"
    """Packets are dropped: a connection is neither accepted nor refused."""
    TARPIT = "tarpit"
    """Accepts, and never says anything."""
    CLOSES = "closes"
    """Accepts, and closes at once."""
    GARBAGE_BANNER = "garbage banner"
    """Answers, but not in SSH."""
    BANNER_THEN_SILENCE = "banner then silence"
    """Names itself as an SSH server, and says no more."""
    FREEZE = "freeze"
    """A real server that stops reading and writing in the middle of an upload."""
    RESET = "reset"
    """A real server whose connection is reset in the middle of an upload."""
    HANGING_SHELL = "hanging shell"
    """Lets in, but the login shell never gets to the command."""
    NOISY_SHELL = "noisy shell"
    """The login shell prints lines of its own before every command."""
    FULL_DISK = "full disk"
    """Nothing can be written beyond a few kilobytes."""
    CHANGED_KEY = "changed key"
    """The host's key is not the one in known_hosts."""
    UNKNOWN_KEY = "unknown key"
    """known_hosts has no line for the host."""
