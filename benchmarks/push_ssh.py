"""The same fix on the same OpenSSH hosts, by Muster and by others, in turn: one part of ``benchmarks.push``.

A job is a folder with a payload, a description of the hosts and Ansible's inventory; every contestant is a process of
its own that reads it. Afterwards the file is read in every host from outside: only hosts that hold it count as done.
"""

import hashlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from benchmarks.common import KEPT, Figure, Measured, Row, measure, median
from benchmarks.push_peers import BY_NAME, install
from push.ssh_session import FAST_EXCHANGES
from tests.fleet.openssh import Fleet, openssh_fleet

ROOT = Path(__file__).parents[1]
PAYLOAD_BYTES = 100_000
LIMIT_S = 2400.0
SETTLE_S = 0.5
"""Until the last of the fleet's processes have ended, so that their time is counted."""
SCRIPT = f"""\
holds() {{ [ "$(sha256sum < /opt/fix-current 2>/dev/null | cut -c1-64)" = "$MUSTER_SUM" ]; }}
holds && {{ printf 'done\\tapply\\n'; exit 0; }}
new=/opt/fix-$MUSTER_SUM
head -c {PAYLOAD_BYTES} > $new.part && mv $new.part $new || printf 'error\\tthe file could not be written\\n'
ln -s $new /opt/fix-current.part && mv -T /opt/fix-current.part /opt/fix-current || printf 'error\\tno link\\n'
holds || printf 'error\\tit is not the file that was sent\\n'
printf 'changed\\tthe file\\n'
printf 'done\\tapply\\n'
"""
MUSTER = {
    "fast-path": "muster, fast path",
    "with-ledger": "muster, fast path, with ledger",
    "whole-attempt": "muster, apply and fresh probe, with ledger",
    "muster-ansible": "muster, through ansible-runner",
}
SLOW = {"muster-ansible"}
FAST_PATH, WITH_LEDGER = MUSTER["fast-path"], MUSTER["with-ledger"]
ORDER = (
    "fast-path",
    "ssh2-python",
    "with-ledger",
    "parallel-ssh",
    "asyncssh",
    "whole-attempt",
    "pyinfra",
    "ansible-playbook",
    "ansible-runner",
    "muster-ansible",
)


@dataclass
class Bench:
    """One fleet and what was measured on it."""

    fleet: Fleet
    threads: int
    measured: dict[str, list[dict[str, float]]] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)

    def round(self, who: str) -> None:
        """One contestant, once, with a file that no host has yet."""
        with tempfile.TemporaryDirectory(prefix="muster-bench-") as name:
            folder, payload = Path(name), os.urandom(PAYLOAD_BYTES)
            sha256 = hashlib.sha256(payload).hexdigest()
            self._write_job(folder, payload, sha256)
            load, fleet_cpu_s = os.getloadavg()[0], self._fleet_cpu_s()
            command, environment = _command(who, folder), self._environment(folder)
            measured = measure(command, environment=environment, limit_s=LIMIT_S, folder=folder)
            time.sleep(SETTLE_S)
            fleet_cpu_s = self._fleet_cpu_s() - fleet_cpu_s
            done = sum(self._holds(number, sha256) for number in range(len(self.fleet.hosts)))
            self._keep(who, measured, done, load, fleet_cpu_s)

    def _fleet_cpu_s(self) -> float:
        """What all processes of the fleet that have ended took, and its supervisor."""
        return sum(psutil.Process(self.fleet.hosts[0].pid).cpu_times()[:4])

    def _keep(self, who: str, measured: Measured, done: int, load: float, fleet_cpu_s: float) -> None:
        hosts = len(self.fleet.hosts)
        said = _said(who, measured)
        if said is None or done == 0:
            self.notes[who] = f"failed: {(measured.stderr or measured.stdout).strip()[-300:]}"
            return
        seconds = said.get("seconds", measured.seconds)
        cpu_s = said.get("cpu_s") or measured.cpu_s - said.get("cpu_before_s", 0.0)
        self.measured.setdefault(who, []).append(
            {
                "hosts_per_s": done / seconds,
                "client_cpu_ms_per_host": cpu_s * 1000 / hosts,
                "fleet_cpu_ms_per_host": fleet_cpu_s * 1000 / hosts,
                "hosts_per_core_s": done / (cpu_s + fleet_cpu_s),
                "peak_rss_mb": measured.peak_rss_mb,
                "done": done,
                "load_before": load,
            }
        )
        print(f"  {who}: {done} of {hosts} in {seconds:.1f} s", file=sys.stderr, flush=True)
        if done < hosts and measured.stderr.strip():
            print(f"    {measured.stderr.strip()[-1000:]}", file=sys.stderr, flush=True)

    def row(self, who: str) -> Row:
        """The medians of one contestant."""
        case, shown = f"{len(self.fleet.hosts)} hosts", MUSTER.get(who, who)
        rounds = self.measured.get(who, [])
        known = BY_NAME[who].note if who in BY_NAME else ""
        if not rounds:
            return {"who": shown, "case": case, "note": self.notes.get(who, "not measured")}
        figures: dict[str, Figure] = {key: median(each[key] for each in rounds) for key in rounds[0]}
        note = "; ".join(words for words in (known, self.notes.get(who, "")) if words)
        return {"who": shown, "case": case, **figures, "rounds": len(rounds), "note": note}

    def _holds(self, number: int, sha256: str) -> bool:
        try:
            return hashlib.sha256(self.fleet.hosts[number].read("/opt/fix-current")).hexdigest() == sha256
        except OSError:
            return False

    def _write_job(self, folder: Path, payload: bytes, sha256: str) -> None:
        (folder / "payload").write_bytes(payload)
        job = {
            "hosts": [{"id": each.name, "address": each.address, "port": each.port} for each in self.fleet.hosts],
            "key_file": str(self.fleet.key_file),
            "known_hosts": str(self.fleet.known_hosts),
            "payload": str(folder / "payload"),
            "sha256": sha256,
            "script": SCRIPT,
            "threads": self.threads,
        }
        (folder / "job.json").write_text(json.dumps(job))
        variables = {"muster_arguments": {"MUSTER_SUM": sha256, "MUSTER_SOURCE": str(folder / "payload")}}
        (folder / "variables.json").write_text(json.dumps(variables))
        key = f"ansible_user=root ansible_ssh_private_key_file={self.fleet.key_file}"
        hosts = (f"{each.name} ansible_host={each.address} ansible_port={each.port}" for each in self.fleet.hosts)
        (folder / "inventory.ini").write_text("\n".join(f"{host} {key}" for host in hosts) + "\n")

    def _environment(self, folder: Path) -> dict[str, str]:
        exchanges = ",".join(name for name in FAST_EXCHANGES)
        ssh = f"-F none -o ControlMaster=auto -o ControlPersist=60s -o UserKnownHostsFile={self.fleet.known_hosts}"
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.fleet.key_file.parent),
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(ROOT),
            "MUSTER_BENCH_JOB": str(folder / "job.json"),
            "ANSIBLE_HOST_KEY_CHECKING": "True",
            "ANSIBLE_PIPELINING": "True",
            "ANSIBLE_PYTHON_INTERPRETER": "/usr/bin/python3",
            "ANSIBLE_SSH_ARGS": f"{ssh} -o GlobalKnownHostsFile=/dev/null -o KexAlgorithms={exchanges}",
        }


def _command(who: str, folder: Path) -> list[str]:
    if who in BY_NAME:
        return BY_NAME[who].command(folder)
    return [sys.executable, "-m", "benchmarks.push_contestants", who, str(folder / "job.json")]


def _said(who: str, measured: Measured) -> dict[str, float] | None:
    """The contestant's own line; empty for a command, None where there should be one and is not."""
    if who in BY_NAME and BY_NAME[who].is_command:
        return {}
    try:
        said = json.loads(measured.stdout.strip().splitlines()[-1])
    except (ValueError, IndexError):
        return None
    return {key: float(value) for key, value in said.items()}


def measure_ssh(sizes: Sequence[int], chosen: Sequence[str], *, threads: int, rounds: int, slow: int) -> list[Row]:
    """The rows of every contestant on fleets of these sizes, in turn; slow ones take ``slow`` rounds."""
    missing = {who: why for who in chosen if who in BY_NAME and (why := install(BY_NAME[who]))}
    rows: list[Row] = []
    for hosts in sizes:
        with tempfile.TemporaryDirectory(prefix="muster-fleet-") as folder, openssh_fleet(Path(folder), hosts) as fleet:
            KEPT.add(fleet.process.pid)
            bench = Bench(fleet, threads, notes=dict(missing))
            for number in range(rounds):
                print(f"{hosts} hosts, round {number + 1}", file=sys.stderr, flush=True)
                for who in chosen:
                    is_slow = who in SLOW or (who in BY_NAME and BY_NAME[who].slow)
                    if who not in missing and (number < slow or not is_slow):
                        bench.round(who)
            rows += [bench.row(who) for who in chosen]
    return rows


def ssh_ratios(rows: Sequence[Row]) -> dict[str, float]:
    """The ratios that the project promises, by case."""
    by = {(row["who"], row["case"]): row for row in rows}
    wanted = (
        ("hosts_per_s", FAST_PATH, "ansible-runner"),
        ("hosts_per_core_s", FAST_PATH, "ansible-runner"),
        ("hosts_per_s", FAST_PATH, "ansible-playbook"),
        ("hosts_per_s", FAST_PATH, "ssh2-python"),
        ("hosts_per_core_s", FAST_PATH, "ssh2-python"),
        ("hosts_per_s", FAST_PATH, "parallel-ssh"),
        ("hosts_per_s", FAST_PATH, "asyncssh"),
        ("hosts_per_core_s", FAST_PATH, "asyncssh"),
        ("hosts_per_core_s", FAST_PATH, "parallel-ssh"),
        ("hosts_per_s", WITH_LEDGER, "ansible-runner"),
        ("client_cpu_ms_per_host", "ansible-runner", FAST_PATH),
        ("client_cpu_ms_per_host", FAST_PATH, "ssh2-python"),
        ("client_cpu_ms_per_host", WITH_LEDGER, "parallel-ssh"),
        ("hosts_per_s", "ansible-runner", MUSTER["muster-ansible"]),
    )
    ratios = {}
    for case in dict.fromkeys(row["case"] for row in rows):
        for figure, one, other in wanted:
            above, below = by.get((one, case), {}).get(figure), by.get((other, case), {}).get(figure)
            if isinstance(above, float) and isinstance(below, float) and below:
                ratios[f"{figure} {one}/{other}, {case}"] = round(above / below, 2)
    return ratios
