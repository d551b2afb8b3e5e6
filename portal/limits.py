"""How often somebody may try to come in: buckets per name and per address, kept in the database.

A bucket holds some tries and fills again slowly. Kept in the database, they hold over a restart and for several portals
together. Every try counts before the password is looked at; a try that was right gives its name's bucket back.
"""

import math

from starlette.requests import Request

from muster.errors import InputError
from portal.services import portal_of
from portal.sessions import address_of

PER_NAME = (10.0, 1 / 60)
"""Ten tries at once for one name, then one a minute: 1,440 a day are no attack on twelve characters."""
PER_ADDRESS = (60.0, 1 / 5)
"""Sixty for one address (an office behind one router), then one in five seconds."""


class TooOften(InputError):
    """Too many tries; ``wait_s`` says for how long nothing is looked at."""

    def __init__(self, wait_s: float) -> None:
        minutes = max(1, math.ceil(wait_s / 60))
        word = "minute" if minutes == 1 else "minutes"
        super().__init__("too many tries", hint=f"try again in {minutes} {word}")
        self.wait_s = wait_s


def count_try(request: Request, name: str) -> None:
    """Count a try to come in as ``name``.

    Raises:
        TooOften: one of the buckets is empty.
    """
    portal = portal_of(request)
    buckets = {_name_key(name): PER_NAME, f"address {address_of(request)}": PER_ADDRESS}
    wait_s = portal.store.take_try(buckets, portal.clock.now())
    if wait_s > 0:
        raise TooOften(wait_s)


def count_way_in(request: Request, way: str) -> None:
    """Count a try to come in by a way that asks for no name: a link, or the company's own login.

    What is tried there cannot be guessed; counted by address, so that a flood from one does not hold up the others.

    Raises:
        TooOften: the address's bucket is empty.
    """
    portal = portal_of(request)
    wait_s = portal.store.take_try({f"{way} {address_of(request)}": PER_ADDRESS}, portal.clock.now())
    if wait_s > 0:
        raise TooOften(wait_s)


def forgive(request: Request, name: str) -> None:
    """Somebody came in: what was tried under that name before is forgotten."""
    portal_of(request).store.forgive(_name_key(name))


def _name_key(name: str) -> str:
    return f"name {name[:200]}"
