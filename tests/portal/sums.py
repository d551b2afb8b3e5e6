"""Sums for tests of ``portal.beside``: in a module of their own, as the other process loads the module of a sum."""

import os

from flows.services import Services
from muster.errors import InputError
from portal.beside import Sum
from portal.reading import Reading


def who_works(_services: Services, reading: Reading) -> tuple[int, int, int]:
    """The process, how it yields to others, and how many campaigns it knows."""
    return os.getpid(), os.nice(0), len(reading.campaigns())


def fails(_services: Services, _reading: Reading, why: str) -> None:
    """Nothing comes of it."""
    raise InputError(why, hint="try another one")


WHO = Sum(who_works)
