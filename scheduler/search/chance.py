"""Random numbers of a search: the same on every machine."""

import numpy as np

from scheduler.search.compiled import inlined
from scheduler.search.records import Work


@inlined
def uniform(w: Work) -> float:
    """A random number from 0 up to 1 (xorshift64*)."""
    x = w.random[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    w.random[0] = x
    return float((x * np.uint64(2685821657736338717)) >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@inlined
def below(w: Work, limit: int) -> int:
    """A random whole number from 0 up to ``limit``."""
    return int(uniform(w) * limit)
