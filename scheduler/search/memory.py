"""Memory that was freed, given back to the system."""

import ctypes
import sys


def give_back() -> None:
    """Have the C library give back what was freed.

    glibc keeps for every thread what it has let go of: after a search of ten thousand visits a hundred megabytes.
    """
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc has it, other C libraries need not
        if trim is not None:
            trim(0)
