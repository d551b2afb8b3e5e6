"""What a campaign costs Muster itself: one part of ``benchmarks.campaign``."""

import json
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil

from benchmarks.common import Row, median
from benchmarks.push_stub import push_in, stage
from muster.beside import Wait, beside

LOOK_S = 0.2
KINDS = {
    "benchmarks.push_stub push": "push",
    "flows.keeper": "keeper",
    "prefect server start": "server",
    "uvicorn": "server",
}


@dataclass
class Processes:
    """Peak memory and CPU of each kind of process that a campaign consists of, while the block lasts."""

    peak_mb: dict[str, float] = field(default_factory=dict)
    cpu_s: dict[int, float] = field(default_factory=dict)
    kinds: dict[int, str] = field(default_factory=dict)

    def look(self) -> None:
        """Once."""
        for process in psutil.Process().children(recursive=True):
            try:
                words = " ".join(process.cmdline())
                kind = next((name for mark, name in KINDS.items() if mark in words), "")
                used = process.cpu_times()
                memory_mb = process.memory_info().rss / 2**20
            except psutil.Error:
                continue
            if kind:
                self.kinds[process.pid] = kind
                self.cpu_s[process.pid] = used.user + used.system
                self.peak_mb[kind] = max(self.peak_mb.get(kind, 0.0), memory_mb)

    def cpu_of(self, kind: str) -> float:
        """Seconds of all processes of a kind."""
        return sum(seconds for pid, seconds in self.cpu_s.items() if self.kinds[pid] == kind)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """For the length of the block."""

        def watch(wait: Wait) -> None:
            while not wait(LOOK_S):
                self.look()

        with beside(watch, name="benchmark"):
            yield


def measure_campaigns(sizes: Sequence[int], *, rounds: int) -> list[Row]:
    """A row for each size; medians."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="muster-campaign-") as name:
        for hosts in sizes:
            found = [_one(Path(name) / f"{hosts}-{number}", hosts) for number in range(rounds)]
            figures = {key: median(each[key] for each in found) for key in found[0]}
            rows.append({"who": "muster, stub transport", "case": f"{hosts} hosts", **figures, "rounds": rounds})
            print(f"  {rows[-1]}", file=sys.stderr, flush=True)
    return rows


def _one(folder: Path, hosts: int) -> dict[str, float]:
    folder.mkdir(parents=True)
    stage("plan", folder, hosts)
    seen = Processes()
    runs: dict[str, int] = {}
    asking = threading.Thread(target=_count_runs, args=(folder.parent / "prefect", runs), daemon=True)
    with seen.watched():
        asking.start()
        said, _ = push_in(folder, hosts)
        runs["end"] = 1
    asking.join(10)
    return {
        "done": said["done"],
        "seconds": said["seconds"],
        "cpu_ms_per_host": 1000 * said["cpu_s"] / hosts,
        "with_server_cpu_ms_per_host": 1000 * (said["cpu_s"] + seen.cpu_of("server")) / hosts,
        "task_runs": runs.get("task_runs", 0),
        "push_peak_mb": said["peak_mb"],
        "server_peak_mb": seen.peak_mb.get("server", 0.0),
        "keeper_peak_mb": seen.peak_mb.get("keeper", 0.0),
    }


def _count_runs(home: Path, runs: dict[str, int]) -> None:
    """Ask the server again and again how many task runs it holds, until the campaign is over."""
    while "end" not in runs:
        time.sleep(LOOK_S)
        try:
            url = json.loads((home / "server.json").read_text())["url"]
            runs["task_runs"] = httpx.post(f"{url}/task_runs/count", json={}, timeout=5).json()
        except (OSError, ValueError, httpx.HTTPError):
            continue
