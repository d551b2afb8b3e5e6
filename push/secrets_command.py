"""Secrets that a command prints: a password manager's own program, such as pass, op, bw or vault.

The command is started as it stands, word by word, without a shell, with nothing on its standard input, in a process
group of its own that is ended when its time is up. What it prints is the secret and is never shown or logged, and
neither is what it says on standard error, which may repeat a secret.
"""

import contextlib
import os
import shlex
import signal
import subprocess
from pathlib import Path

from muster.errors import SecretError

MOST_BYTES = 65_536
BY_HAND = "run it by hand to see why: what it says is not shown, because it may hold the secret"


def output_of(words: str, *, folder: Path, timeout_s: float) -> str:
    """The first line that the command prints, or all of it where that is a private key.

    Args:
        words: the command with its arguments; quotes hold an argument with spaces together.
        folder: where it is started.
        timeout_s: the longest it may take.

    Raises:
        SecretError: it cannot be started, fails, takes too long or prints nothing.
    """
    printed = _run(_split(words), words, folder, timeout_s)
    try:
        text = printed[:MOST_BYTES].decode("utf-8")
    except UnicodeDecodeError:
        raise SecretError(f"command:{words}: what it prints is not text", hint=BY_HAND) from None
    secret = text if text.lstrip().startswith("-----BEGIN ") else text.split("\n", 1)[0].rstrip("\r")
    if not secret:
        raise SecretError(f"command:{words}: it printed nothing", hint=BY_HAND)
    return secret


def _split(words: str) -> list[str]:
    try:
        parts = shlex.split(words)
    except ValueError:
        raise SecretError(f"command:{words}: a quote is not closed", hint="close it") from None
    if not parts:
        raise SecretError("command: names no command", hint="such as command:pass show acme/root")
    return [os.path.expanduser(parts[0]), *parts[1:]]  # noqa: PTH111 - a bare name must stay one, to be found on PATH


def _run(arguments: list[str], words: str, folder: Path, timeout_s: float) -> bytes:
    try:
        process = subprocess.Popen(
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it holds a NUL"
        raise SecretError(
            f"command:{words}: cannot be started: {reason}", hint=f"is {arguments[0]} installed and on PATH?"
        ) from None
    with process:
        try:
            printed, _ = process.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            raise SecretError(
                f"command:{words}: it did not end within {timeout_s:g} s",
                hint="does it ask for something? unlock it first; nobody can answer it here",
            ) from None
    if process.returncode:
        raise SecretError(f"command:{words}: it ended with exit code {process.returncode}", hint=BY_HAND)
    return printed
