"""The decorator for functions that numba compiles, and the folder in which their machine code is kept.

numba looks at a function's own file to see whether what it has kept is still right, and not at the files of the
functions that were compiled into it. So the folder is named after all of this package's sources that hold compiled
functions or their records, and the versions of numba and Python: other code, another folder. It lies beside the
sources, or in the user's cache, or in the temporary folder: wherever something can be written first;
``NUMBA_CACHE_DIR`` overrules.
"""

import hashlib
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import numba
from numba.core import config
from numba.core.registry import cpu_target

settings: Any = config  # its names come about while it is loaded
F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """Compile on the first call, and keep the result for later processes.

    Such functions must not make arrays: without numba's reference counting they compile several times quicker, and
    run quicker, too. The compiled code checks no index; with ``NUMBA_BOUNDSCHECK=1``, and a ``NUMBA_CACHE_DIR`` of
    its own, it does.
    """
    return _kept(function, _nrt=False)


def inlined(function: F) -> F:
    """The same for functions whose code is to stand wherever they are called.

    A call hands over every field of every array in its tuples, some hundred numbers: more than most of them do.
    """
    return _kept(function, _nrt=False, forceinline=True)


def side_by_side(function: F) -> F:
    """The same for functions that do the same steps with several numbers: the compiler makes one step of them.

    Numba leaves that out where it is not asked for it, and is right for most code: the search takes 1.4 times as long.
    """
    dispatcher: Any = _kept(function, _nrt=False, forceinline=True)
    compile_plainly = getattr(dispatcher, "compile", None)
    if compile_plainly is None:  # NUMBA_DISABLE_JIT
        return function

    def compile_wide(signature: object) -> object:
        before = settings.SLP_VECTORIZE
        settings.SLP_VECTORIZE = 1
        try:
            return compile_plainly(signature)
        finally:
            settings.SLP_VECTORIZE = before

    dispatcher.compile = compile_wide
    wide: F = dispatcher
    return wide


def compiled_with_arrays(function: F) -> F:
    """The same for functions that make arrays."""
    return _kept(function)


def _kept(function: F, **options: bool) -> F:
    njit: Callable[..., Callable[[F], F]] = numba.njit  # its own types do not know all options
    with _kept_in(FOLDER):
        return njit(cache=True, nogil=True, error_model="numpy", **options)(function)


def is_warm() -> bool:
    """Whether a ``warm_up`` of this code has ended on this machine, so that nothing is to be compiled any more."""
    return bool(settings.DISABLE_JIT) or _mark().exists()


def note_warm() -> None:
    """Note that everything has been compiled, for later processes."""
    if FOLDER.is_dir():
        _mark().touch()


def _mark() -> Path:
    """A file for this kind of processor: machine code of another one does not count."""
    processor = repr(cpu_target.target_context.codegen().magic_tuple())
    return FOLDER / f"warm-{hashlib.sha256(processor.encode()).hexdigest()[:12]}"


def _folder() -> Path:
    """Where machine code is kept."""
    here = Path(__file__).parent
    digest = hashlib.sha256(f"{numba.__version__} {sys.version}".encode())
    for source in sorted(here.glob("*.py")):
        text = source.read_bytes()
        if b"@compiled" in text or b"@inlined" in text or source.name in {"records.py", "desk.py"}:
            digest.update(text)
    name = f"numba-{digest.hexdigest()[:12]}"
    if settings.CACHE_DIR:
        return Path(settings.CACHE_DIR) / name
    temporary = Path(tempfile.gettempdir()) / f"muster-{os.getuid()}"
    for base in (here / "__pycache__", _of_user(), temporary):
        if _can_write(base / name):
            return base / name
    return temporary / name


def _of_user() -> Path:
    told = os.environ.get("XDG_CACHE_HOME") or str(Path("~/.cache").expanduser() if "HOME" in os.environ else "")
    return Path(told or tempfile.gettempdir()) / "muster"


def _can_write(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryFile(dir=folder):
            return folder.stat().st_uid == os.getuid()  # not what somebody else has put there
    except OSError:
        return False


@contextmanager
def _kept_in(folder: Path) -> Iterator[None]:
    """Have numba keep a function's code there: it reads where when the function is decorated."""
    before = settings.CACHE_DIR
    settings.CACHE_DIR = str(folder)
    try:
        yield
    finally:
        settings.CACHE_DIR = before


FOLDER = _folder()
