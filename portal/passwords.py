"""Passwords: argon2 with the library's own parameters, which follow RFC 9106."""

from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from muster.errors import InputError

SHORTEST = 12
LONGEST = 256
_HASHER = PasswordHasher()


def hash_password(password: str) -> str:
    """What is kept of a password.

    Raises:
        InputError: it is too short or too long. Nothing else is asked of it: length is what guards a password.
    """
    if len(password) < SHORTEST:
        raise InputError(f"the password has fewer than {SHORTEST} characters", hint="several words make a good one")
    if len(password) > LONGEST:
        raise InputError(f"the password has more than {LONGEST} characters")
    return _HASHER.hash(password)


def is_password(kept: str | None, password: str) -> bool:
    """Whether it is the password; takes as long where there is no account, so that nobody can tell by the time."""
    try:
        _HASHER.verify(kept or _nobodys(), password[:LONGEST])
    except (Argon2Error, InvalidHashError):
        return False
    return kept is not None


@lru_cache(maxsize=1)
def _nobodys() -> str:
    return _HASHER.hash("nobody has this password")
