"""What every benchmark shares: options, the table for people, the line of JSON, and measured child processes.

``python -m benchmarks.NAME`` prints a table; with ``--json`` its last line is one JSON object::

    {"benchmark": NAME, "machine": {...}, "options": {...}, "rows": [{"who": ..., "case": ..., ...}], "ratios": {...}}
"""

import argparse
import ctypes
import json
import os
import platform
import resource
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

Figure = float | int | str | None
Row = Mapping[str, Figure]
PR_SET_CHILD_SUBREAPER = 36
SAMPLE_S = 0.1


def options_of(name: str, about: str) -> argparse.ArgumentParser:
    """A parser with what every benchmark takes: ``--rounds`` and ``--json``."""
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{name}", description=about)
    parser.add_argument("--rounds", type=int, default=3, help="measurements of each; the median is shown")
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    return parser


def machine() -> dict[str, Figure]:
    """What was measured on."""
    return {
        "cpu": _cpu_name(),
        "cores": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "load_before": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "system": platform.platform(),
    }


def show(
    name: str, options: Mapping[str, Figure], rows: Sequence[Row], ratios: Mapping[str, float], *, as_json: bool
) -> None:
    """Print the table, the ratios, and the JSON where it is wanted."""
    columns = list(dict.fromkeys(key for row in rows for key in row))
    print(table(columns, rows))
    for words, ratio in ratios.items():
        print(f"{words}: {ratio:.2f}")
    if as_json:
        made = {"benchmark": name, "machine": machine(), "options": options, "rows": rows, "ratios": ratios}
        print(json.dumps(made))
    sys.stdout.flush()


def table(columns: Sequence[str], rows: Iterable[Row]) -> str:
    """Rows in columns, numbers to the right."""
    cells = [[_shown(row.get(column)) for column in columns] for row in rows]
    heads = [column.replace("_", " ") for column in columns]
    widths = [max(len(line[place]) for line in [heads, *cells]) for place in range(len(columns))]
    lines = []
    for line in [heads, *cells]:
        padded = [
            cell.ljust(width) if place < 2 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        lines.append("  ".join(padded).rstrip())
    return "\n".join(lines)


def median(figures: Iterable[float]) -> float:
    """The median, rounded to what can be told apart."""
    return round(statistics.median(figures), 3)


@dataclass(frozen=True, slots=True)
class Measured:
    """A child process that has ended.

    Attributes:
        cpu_s: user and system time of it and of all that it started, also of what outlived it.
        peak_rss_mb: the most memory in use at one time by all of them; pages that several share count for each.
    """

    seconds: float
    cpu_s: float
    peak_rss_mb: float
    exit_code: int
    stdout: str
    stderr: str


@dataclass
class _Sampler:
    """Looks at the memory of a process and of all that it started, until told to stop."""

    root: int
    peak_bytes: int = 0
    done: threading.Event = field(default_factory=threading.Event)

    def watch(self) -> None:
        while not self.done.wait(SAMPLE_S):
            self.peak_bytes = max(self.peak_bytes, sum(_rss(pid) for pid in _family(self.root)))


def measure(command: Sequence[str], *, environment: Mapping[str, str], limit_s: float, folder: Path) -> Measured:
    """Run a command and measure it with all that it started; what outlives it is ended and counted too."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)
    before = _children_cpu_s()
    out, err = folder / "stdout", folder / "stderr"
    begun = time.monotonic()
    with out.open("wb") as stdout, err.open("wb") as stderr:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, env=dict(environment), cwd=folder
        )
    sampler = _Sampler(process.pid)
    thread = threading.Thread(target=sampler.watch, daemon=True)
    thread.start()
    try:
        code = process.wait(limit_s)
    except subprocess.TimeoutExpired:
        process.kill()
        code = process.wait()
    seconds = time.monotonic() - begun
    sampler.done.set()
    thread.join()
    _end_orphans(process.pid)
    return Measured(
        seconds,
        _children_cpu_s() - before,
        sampler.peak_bytes / 2**20,
        code,
        out.read_text(errors="replace"),
        err.read_text(errors="replace"),
    )


def _children_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


KEPT: set[int] = set()
"""Children of this process that are not of a measurement, such as a fleet; they are not ended."""


def _end_orphans(_pid: int) -> None:
    """What the command left behind came to us, because we are its subreaper: end it, and have its time counted."""
    until = time.monotonic() + 5
    while time.monotonic() < until:
        left = [child for child in psutil.Process().children() if child.pid not in KEPT]
        if not left:
            return
        for child in left:
            try:
                child.send_signal(signal.SIGTERM)
                os.waitpid(child.pid, os.WNOHANG)
            except (psutil.Error, ChildProcessError):
                continue
        time.sleep(0.02)


def _family(root: int) -> list[int]:
    try:
        return [root, *(child.pid for child in psutil.Process(root).children(recursive=True))]
    except psutil.Error:
        return []


def _rss(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize()
    except (OSError, IndexError):
        return 0


def _shown(figure: Figure) -> str:
    if figure is None:
        return ""
    if isinstance(figure, float):
        return f"{figure:.1f}" if abs(figure) >= 10 else f"{figure:.2f}"
    return str(figure)


def _cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "")
