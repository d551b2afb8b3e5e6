"""Files: written so that nobody ever sees half of one, and why one cannot be read, in a sentence."""

import os
import tempfile
from pathlib import Path

import yaml


def write_whole(path: Path, content: bytes) -> None:
    """Write the file beside its place and move it there: readers see the old one or the new one, wholly.

    Raises:
        OSError: it cannot be written; what was there before is still there.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.chmod(path.stat().st_mode & 0o777 if path.exists() else 0o644)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def why_unreadable(error: OSError | UnicodeDecodeError | yaml.YAMLError) -> str:
    """Why a YAML file cannot be read: the line, and what is wrong with it; none of its text, which may hold secrets."""
    if isinstance(error, OSError):
        return error.strerror or str(error)
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8 text; save it as UTF-8"
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        at = error.problem_mark
        right = "write key: value, and what belongs to a key indented below it with spaces"
        return f"line {at.line + 1}, column {at.column + 1}: {error.problem}; {right}"
    return " ".join(str(error).split())
