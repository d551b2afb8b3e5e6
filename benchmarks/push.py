"""The same fix on the same OpenSSH hosts, cold, by Muster and by others, in turn.

``python -m benchmarks.push --hosts 50,200`` (as root). The fix is a stand-in of the usual size: look at a checksum,
write 100 KB, swap a link, verify. Every round brings a new file, so that every contestant writes; afterwards the file
is read in every host from outside, and only hosts that hold it count as done.

What the figures mean:

- ``hosts_per_s``: hosts done by the time from the first host to the last. Libraries are measured without starting
  Python; ``ansible-playbook`` is a command, so its start counts (below a second).
- ``client_cpu_ms_per_host``: user and system time of the tool and everything that it starts, between the first host and
  the last (``ansible-playbook``: of the whole command); the fleet's own is not in it.
- ``peak_rss_mb``: all processes of the tool together; pages that forks share count for each.

Muster checks host keys, ``ansible-playbook`` is set to; parallel-ssh has no way to. All offer curve25519 first.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.common import KEPT, Figure, Measured, Row, measure, median, options_of, show
from push.ssh_session import FAST_EXCHANGES
from tests.fleet.openssh import Fleet, openssh_fleet, why_not

HERE = Path(__file__).parent
ROOT = HERE.parent
PEERS = ROOT / ".cache" / "push-peers"
PEER_PACKAGE = "parallel-ssh==2.16.0.post1"
PAYLOAD_BYTES = 100_000
FORKS = 50
LIMIT_S = 1800.0
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
    "ansible-runner": "muster, through ansible-runner",
}
PLAYBOOK, PARALLEL = "ansible-playbook", "parallel-ssh"
ORDER = ("fast-path", "with-ledger", PARALLEL, "whole-attempt", "ansible-runner", PLAYBOOK)


@dataclass
class Bench:
    """One fleet and what was measured on it."""

    fleet: Fleet
    threads: int
    missing: Mapping[str, str]
    measured: dict[str, list[dict[str, float]]] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    number: int = 0

    def round(self, who: str) -> None:
        """One contestant, once."""
        if who in self.missing:
            self.notes[who] = self.missing[who]
            return
        self.number += 1
        with tempfile.TemporaryDirectory(prefix="muster-bench-") as name:
            folder = Path(name)
            payload = os.urandom(PAYLOAD_BYTES)
            sha256 = hashlib.sha256(payload).hexdigest()
            self._write_job(folder, payload, sha256)
            measured = measure(
                self._command(who, folder), environment=self._environment(), limit_s=LIMIT_S, folder=folder
            )
            done = sum(self._holds(number, sha256) for number in range(len(self.fleet.hosts)))
            self._keep(who, measured, done)

    def _keep(self, who: str, measured: Measured, done: int) -> None:
        hosts = len(self.fleet.hosts)
        try:
            said = json.loads(measured.stdout.strip().splitlines()[-1]) if who != PLAYBOOK else {}
        except (ValueError, IndexError):
            said = {}
        if (not said and who != PLAYBOOK) or done == 0:
            self.notes[who] = f"failed: {(measured.stderr or measured.stdout).strip()[-300:]}"
            return
        seconds = float(said.get("seconds", measured.seconds))
        cpu_s = said.get("cpu_s") or measured.cpu_s - float(said.get("cpu_before_s", 0.0))
        self.measured.setdefault(who, []).append(
            {
                "hosts_per_s": done / seconds,
                "client_cpu_ms_per_host": cpu_s * 1000 / hosts,
                "peak_rss_mb": measured.peak_rss_mb,
                "done": done,
            }
        )
        print(f"  {who}: {done} of {hosts} in {seconds:.1f} s", file=sys.stderr, flush=True)

    def row(self, who: str) -> Row:
        """The medians of one contestant."""
        case = f"{len(self.fleet.hosts)} hosts"
        shown = MUSTER.get(who, who)
        rounds = self.measured.get(who, [])
        if not rounds:
            return {"who": shown, "case": case, "note": self.notes.get(who, "not measured")}
        figures: dict[str, Figure] = {key: median(each[key] for each in rounds) for key in rounds[0]}
        return {"who": shown, "case": case, **figures, "rounds": len(rounds), "note": self.notes.get(who, "")}

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

    def _command(self, who: str, folder: Path) -> list[str]:
        if who == PARALLEL:
            return [str(PEERS / "bin/python"), str(HERE / "peers/parallel_ssh.py"), str(folder / "job.json")]
        if who == PLAYBOOK:
            tool = str(Path(sys.executable).with_name("ansible-playbook"))
            extra = ["-e", f"@{folder / 'variables.json'}", str(HERE / "push_fix.yml")]
            return [tool, "-i", str(folder / "inventory.ini"), "-f", str(FORKS), *extra]
        return [sys.executable, "-m", "benchmarks.push_contestants", who, str(folder / "job.json")]

    def _environment(self) -> dict[str, str]:
        exchanges = ",".join(name for name in FAST_EXCHANGES)
        ssh = f"-F none -o ControlMaster=auto -o ControlPersist=60s -o UserKnownHostsFile={self.fleet.known_hosts}"
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.fleet.key_file.parent),
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(ROOT),
            "ANSIBLE_HOST_KEY_CHECKING": "True",
            "ANSIBLE_PIPELINING": "True",
            "ANSIBLE_PYTHON_INTERPRETER": "/usr/bin/python3",
            "ANSIBLE_SSH_ARGS": f"{ssh} -o GlobalKnownHostsFile=/dev/null -o KexAlgorithms={exchanges}",
        }


def install_peers() -> dict[str, str]:
    """Put the peers into an environment of their own; those that cannot be had, and why."""
    if (PEERS / "bin/python").exists() and _imports():
        return {}
    PEERS.parent.mkdir(exist_ok=True)
    steps = ([sys.executable, "-m", "venv", str(PEERS)], [str(PEERS / "bin/pip"), "install", "-q", PEER_PACKAGE])
    for step in steps:
        made = subprocess.run(step, capture_output=True, text=True, check=False)
        if made.returncode != 0:
            shutil.rmtree(PEERS, ignore_errors=True)
            words = made.stderr.strip().splitlines() or ["no reason given"]
            return {PARALLEL: f"could not be installed: {words[-1][:200]}"}
    return {} if _imports() else {PARALLEL: "was installed and cannot be imported"}


def _imports() -> bool:
    test = [str(PEERS / "bin/python"), "-c", "import pssh.clients"]
    return subprocess.run(test, capture_output=True, check=False).returncode == 0


def ratios_of(rows: list[Row]) -> dict[str, float]:
    """The ratios that the project promises, by case."""
    by = {(row["who"], row["case"]): row for row in rows}
    wanted = (
        ("hosts_per_s", MUSTER["fast-path"], PLAYBOOK),
        ("hosts_per_s", MUSTER["with-ledger"], PLAYBOOK),
        ("client_cpu_ms_per_host", MUSTER["with-ledger"], PARALLEL),
        ("hosts_per_s", MUSTER["fast-path"], PARALLEL),
        ("hosts_per_s", PLAYBOOK, MUSTER["ansible-runner"]),
    )
    ratios = {}
    for case in dict.fromkeys(row["case"] for row in rows):
        for figure, one, other in wanted:
            above, below = by.get((one, case), {}).get(figure), by.get((other, case), {}).get(figure)
            if isinstance(above, float) and isinstance(below, float) and below:
                ratios[f"{figure} {one} / {other}, {case}"] = round(above / below, 2)
    return ratios


def main() -> None:
    """Measure, and show."""
    parser = options_of("push", "The same fix on the same OpenSSH hosts, by Muster and by others.")
    parser.add_argument("--hosts", default="50,200", help="sizes of the fleet, with commas between")
    parser.add_argument("--threads", type=int, default=32, help="Muster's parallel hosts")
    parser.add_argument("--only", default=",".join(ORDER), help="contestants, with commas between")
    arguments = parser.parse_args()
    if reason := why_not():
        raise SystemExit(f"benchmarks.push: {reason}")
    chosen = [who for who in ORDER if who in arguments.only.split(",")]
    missing = install_peers() if PARALLEL in chosen else {}
    rows: list[Row] = []
    for hosts in (int(each) for each in arguments.hosts.split(",")):
        with tempfile.TemporaryDirectory(prefix="muster-fleet-") as folder, openssh_fleet(Path(folder), hosts) as fleet:
            KEPT.add(fleet.process.pid)
            bench = Bench(fleet, arguments.threads, missing)
            for number in range(arguments.rounds):
                print(f"{hosts} hosts, round {number + 1}", file=sys.stderr, flush=True)
                for who in chosen:
                    bench.round(who)
            rows += [bench.row(who) for who in chosen]
    options = {"hosts": arguments.hosts, "rounds": arguments.rounds, "threads": arguments.threads, "forks": FORKS}
    show("push", options, rows, ratios_of(rows), as_json=arguments.json)


if __name__ == "__main__":
    main()
