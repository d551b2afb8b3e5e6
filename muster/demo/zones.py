"""Genuine compiled zone files, stale and fresh, of two pinned releases of the PyPI package ``tzdata``.

Nothing is typed in: the wheels are fetched with the ordinary package client of this environment (its configuration
decides from where), checked against the hashes in ``zones.txt``, and unpacked once per user.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path, PurePosixPath

from muster.errors import InputError, MusterError

STALE_VERSION = "2026.1"
"""The last release that still has British Columbia go back to UTC-8 in November 2026."""
FRESH_VERSION = "2026.5"
"""A release that knows that British Columbia stays on UTC-7 (2026.2 is the first)."""

FETCH_TIMEOUT_S = 120.0
_INSIDE_WHEEL = "tzdata/zoneinfo/"


def zoneinfo_folder(version: str, *, cache: Path | None = None) -> Path:
    """The folder with the compiled zone files of ``tzdata`` of exactly this version, fetched when it is not there yet.

    Any number of processes may ask at once: each unpacks aside, and one rename wins.

    Args:
        version: one that ``zones.txt`` pins, such as ``2026.1``.
        cache: where unpacked releases are kept; by default ``MUSTER_ZONE_CACHE``, else the user's cache folder.

    Raises:
        InputError: the version is not pinned.
        MusterError: it cannot be fetched (no network, or no package client), or its hash is wrong.
    """
    pinned = pinned_requirements()
    if version not in pinned:
        raise InputError(f"tzdata {version} is not pinned; there are {', '.join(sorted(pinned))}")
    kept = (cache or default_cache()) / version
    if not kept.is_dir():
        with _scratch(kept.parent) as scratch:
            _move_into_place(_fetch(version, pinned[version], scratch), kept)
    return kept


def pinned_requirements() -> dict[str, str]:
    """The lines of ``zones.txt`` by version."""
    text = (files("muster.demo") / "zones.txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.startswith("tzdata==")]
    return {line.split()[0].removeprefix("tzdata=="): line for line in lines}


def default_cache(environment: Mapping[str, str] = os.environ) -> Path:
    """``MUSTER_ZONE_CACHE``, else ``muster/zones`` in ``XDG_CACHE_HOME``, else in ``~/.cache``."""
    if chosen := environment.get("MUSTER_ZONE_CACHE"):
        return Path(chosen).expanduser()
    base = environment.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "muster" / "zones"


@contextmanager
def _scratch(beside: Path) -> Iterator[Path]:
    """A folder on the same file system as the cache, so that a rename can end the work."""
    try:
        beside.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=".fetching-", dir=beside))
    except OSError as error:
        raise MusterError(
            f"{beside}: cannot be written: {error.strerror}",
            hint="Set MUSTER_ZONE_CACHE to a folder that you can write to.",
        ) from None
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _fetch(version: str, requirement: str, scratch: Path) -> Path:
    """Fetch one release into ``scratch``; the folder that holds its zone files."""
    wanted = scratch / "wanted.txt"
    wanted.write_text(requirement + "\n", encoding="utf-8")
    if find_spec("pip"):
        _client([sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--retries=1",
                 "--timeout=15", "--no-deps", "--only-binary=:all:", "--require-hashes", f"--dest={scratch}",
                 f"--requirement={wanted}"], version)  # fmt: skip
        (wheel,) = scratch.glob("*.whl")
        return _unpack(wheel, scratch / "zoneinfo")
    _client([_uv(version), "pip", "install", "--quiet", "--no-deps", "--only-binary=:all:", "--require-hashes",
             f"--python={sys.executable}", f"--target={scratch / 'site'}", f"--requirement={wanted}"],
            version)  # fmt: skip
    return _without_code(scratch / "site" / _INSIDE_WHEEL)


def _uv(version: str) -> str:
    beside = Path(sys.executable).with_name("uv")
    found = str(beside) if beside.exists() else shutil.which("uv")
    if found is None:
        raise _cannot_fetch(version, "this environment has neither pip nor uv", "Run `make setup`, and try again.")
    return found


def _client(command: list[str], version: str) -> None:
    """Run the package client; its last line of complaint becomes ours."""
    try:
        ended = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=FETCH_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise _cannot_fetch(version, f"no answer within {FETCH_TIMEOUT_S:.0f} s") from None
    if ended.returncode != 0:
        complaints = [line.strip() for line in ended.stderr.splitlines() if line.strip()]
        errors = [line for line in complaints if "error" in line.lower()] or complaints or ["no reason given"]
        raise _cannot_fetch(version, errors[-1].removeprefix("ERROR: "))


def _cannot_fetch(version: str, why: str, hint: str = "") -> MusterError:
    return MusterError(
        f"The zone files of tzdata {version} cannot be fetched: {why}",
        hint=hint
        or "They come from the package index that pip uses here. Connect, or copy the folder "
        f"{default_cache() / version} from a machine where the demo ran, and try again.",
    )


def _unpack(wheel: Path, into: Path) -> Path:
    """Take the zone files, and nothing else, out of the wheel."""
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            inner = PurePosixPath(name.removeprefix(_INSIDE_WHEEL))
            if not name.startswith(_INSIDE_WHEEL) or name.endswith("/") or ".." in inner.parts or inner.suffix == ".py":
                continue
            target = into / inner
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(archive.read(name))
    return into


def _without_code(folder: Path) -> Path:
    for code in [*folder.rglob("*.py"), *folder.rglob("__pycache__")]:
        if code.is_dir():
            shutil.rmtree(code)
        else:
            code.unlink()
    return folder


def _move_into_place(unpacked: Path, kept: Path) -> None:
    """One rename; when another process was quicker, its copy is as good as ours."""
    try:
        unpacked.rename(kept)
    except OSError:
        if not kept.is_dir():
            raise
