"""The decorator for functions that numba compiles; their machine code is kept on disk beside them."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """Compile on the first call, and keep the result for later processes.

    The compiled code checks no index: ``NUMBA_DISABLE_JIT=1`` runs the same functions as Python, which does.
    """
    return cast(F, numba.njit(cache=True, nogil=True, error_model="numpy")(function))
