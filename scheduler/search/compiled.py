"""The decorator for functions that numba compiles; their machine code is kept on disk beside them."""

from collections.abc import Callable
from typing import Any, TypeVar

import numba

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """Compile on the first call, and keep the result for later processes.

    Such functions must not make arrays: without numba's reference counting they compile several times quicker, and
    run quicker, too. The compiled code checks no index; ``NUMBA_DISABLE_JIT=1`` runs the same functions as Python,
    which does.
    """
    njit: Callable[..., Callable[[F], F]] = numba.njit  # its own types do not know _nrt
    return njit(cache=True, nogil=True, error_model="numpy", _nrt=False)(function)


def compiled_with_arrays(function: F) -> F:
    """The same for functions that make arrays."""
    njit: Callable[..., Callable[[F], F]] = numba.njit
    return njit(cache=True, nogil=True, error_model="numpy")(function)
