"""WinRM on stub hosts: commands per second and client CPU per command, beside plain pywinrm and Ansible.

One part of ``benchmarks.push``. The hosts are WS-Management endpoints (over TLS) in processes of their own, so that
client CPU is the client's alone. Everybody carries out the same command once on every host, from no connection to no
connection, in turn, with as many threads (or forks).
"""

import base64
import json
import multiprocessing
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Event
from typing import Literal

from winrm.protocol import Protocol

from benchmarks.common import Row, median
from muster.fleet import TransportName
from muster.ids import HostId, SiteId
from muster.outcomes import Ending
from muster.ports import Order, Target
from muster.steps import Step, StepName
from push.credentials import Credentials
from push.pool import Limits, PoolPusher
from push.winrm import WinRmTransport
from push.winrm_access import AccessBook, Logon, WinRmAccess, endpoint
from push.winrm_shell import WinRmShell
from push.winrm_wire import Wire, plain_watch
from tests.fleet.winrm_authority import Authority, Certificate
from tests.fleet.winrm_endpoint import WinRmFleet, WinRmHost
from tests.fleet.winrm_shells import Process
from tests.fleet.winrm_stub import StubEngine

USER, PASSWORD, COMMAND = "Administrator", "Correct-Horse-7", "ver"
SERVERS = 2
SCRIPT = "@echo off\necho note\tnothing to do\necho done\tprobe\nexit /b 0\n"


@dataclass(frozen=True, slots=True)
class Fleet:
    """Where the hosts listen, and by which authority they are known."""

    ports: tuple[int, ...]
    ca: str
    logon: Literal["basic", "ntlm"]

    def access(self) -> WinRmAccess:
        """How each is entered."""
        return WinRmAccess(scheme="https", logon=Logon(self.logon), ca=self.ca)

    def target(self, port: int) -> Target:
        """One of them."""
        name = HostId(f"h{port}")
        return Target(name, SiteId("s"), TransportName.WINRM, "127.0.0.1", port, USER, "env:MUSTER_BENCH_WORD")


class EncodedEngine(StubEngine):
    """Takes what Ansible wraps into an encoded PowerShell command for the line of cmd that it is here."""

    def start(self, line: str, environment: Mapping[str, str]) -> Process:
        """Begin a command line."""
        if line.startswith("PowerShell "):
            line = base64.b64decode(line.rsplit(" ", 1)[1]).decode("utf-16-le")
        return super().start(line, environment)


def _serve(count: int, certificate: Certificate, logon: str, pipe: Connection) -> None:
    hosts = [WinRmHost(EncodedEngine(), {USER: PASSWORD}, certificate=certificate, logon=logon) for _ in range(count)]
    with WinRmFleet(*hosts):
        pipe.send([host.port for host in hosts])
        pipe.recv()


@contextmanager
def fleet(count: int, logon: Literal["basic", "ntlm"] = "basic") -> Iterator[Fleet]:
    """So many hosts, in processes of their own."""
    folder = Path(tempfile.mkdtemp(prefix="winrm-bench-"))
    authority = Authority(folder)
    certificate = authority.issue("127.0.0.1")
    context = multiprocessing.get_context("spawn")
    pipes, processes, ports = [], [], []
    for number in range(SERVERS):
        ours, theirs = context.Pipe()
        share = count // SERVERS + (number < count % SERVERS)
        process = context.Process(target=_serve, args=(share, certificate, logon, theirs), daemon=True)
        process.start()
        pipes.append(ours)
        processes.append(process)
    for pipe in pipes:
        ports += pipe.recv()
    yield Fleet(tuple(ports), str(authority.ca), logon)
    for pipe, process in zip(pipes, processes, strict=True):
        pipe.send(None)
        process.join(10)


def muster_command(hosts: Fleet, threads: int, per_host: int) -> int:
    """Muster's wire and shell; the shell is kept where there are several commands."""

    def visit(port: int) -> int:
        watch = plain_watch(60)
        target, access = hosts.target(port), hosts.access()

        def wire() -> Wire:
            return Wire(endpoint(target, access), ("127.0.0.1", port), access, USER, PASSWORD, None, watch)

        made = wire()
        shell = WinRmShell(made, fresh=wire, check=watch.check, remaining_s=watch.remaining_s)
        try:
            shell.open({})
            return sum(b"Windows" in shell.run(COMMAND).stdout for _ in range(per_host))
        finally:
            shell.close()
            made.close()

    return _everywhere(visit, hosts, threads)


def pywinrm_run_cmd(hosts: Fleet, threads: int, per_host: int) -> int:
    """The run_cmd of pywinrm, as people write it."""
    import winrm

    def visit(port: int) -> int:
        session = winrm.Session(
            f"https://127.0.0.1:{port}/wsman", (USER, PASSWORD), transport=hosts.logon, ca_trust_path=hosts.ca
        )
        return sum(b"Windows" in session.run_cmd(COMMAND).std_out for _ in range(per_host))

    return _everywhere(visit, hosts, threads)


def pywinrm_kept(hosts: Fleet, threads: int, per_host: int) -> int:
    """The Protocol of pywinrm with a shell that is kept by hand."""

    def visit(port: int) -> int:
        url = f"https://127.0.0.1:{port}/wsman"
        protocol = Protocol(url, hosts.logon, USER, PASSWORD, ca_trust_path=hosts.ca)
        shell = protocol.open_shell()
        found = 0
        for _ in range(per_host):
            command = protocol.run_command(shell, COMMAND)
            found += b"Windows" in protocol.get_command_output(shell, command)[0]
            protocol.cleanup_command(shell, command)
        protocol.close_shell(shell)
        return found

    return _everywhere(visit, hosts, threads)


def muster_step(hosts: Fleet, threads: int, per_host: int) -> int:
    """A whole step by the pusher: upload, check by hash, run, remove, report."""
    transport = WinRmTransport(Credentials(), AccessBook(hosts.access()))
    pusher = PoolPusher(transport, Limits(threads))
    orders = [Order(hosts.target(port), Step(StepName.PROBE, SCRIPT), 60) for port in hosts.ports] * per_host
    return sum(report.ending is Ending.DONE for report in pusher.execute(orders, stop=Event()))


def ansible_raw(hosts: Fleet, threads: int, per_host: int) -> int:
    """The raw module of Ansible over its winrm connection."""
    del per_host
    folder = Path(tempfile.mkdtemp(prefix="winrm-bench-"))
    variables = {
        "ansible_connection": "winrm",
        "ansible_user": USER,
        "ansible_password": PASSWORD,
        "ansible_winrm_transport": hosts.logon,
        "ansible_winrm_scheme": "https",
        "ansible_winrm_ca_trust_path": hosts.ca,
        "ansible_host": "127.0.0.1",
    }
    entries = {f"h{port}": {"ansible_port": port} for port in hosts.ports}
    inventory = {"all": {"vars": variables, "hosts": entries}}
    (folder / "hosts.json").write_text(json.dumps(inventory))
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8", "ANSIBLE_HOME": str(folder)}
    ansible = str(Path(sys.executable).parent / "ansible")
    command = [ansible, "all", "-i", str(folder / "hosts.json"), "-m", "raw"]
    done = subprocess.run(
        [*command, "-a", COMMAND, "-f", str(threads)], env=environment, capture_output=True, text=True, check=False
    )
    return done.stdout.count("Microsoft Windows [Version")


def _everywhere(visit: Callable[[int], int], hosts: Fleet, threads: int) -> int:
    with ThreadPoolExecutor(threads) as pool:
        return sum(pool.map(visit, hosts.ports))


Contender = tuple[str, str, Callable[[Fleet, int, int], int], int]
CONTENDERS: tuple[Contender, ...] = (
    ("muster", "one command", muster_command, 1),
    ("pywinrm run_cmd", "one command", pywinrm_run_cmd, 1),
    ("ansible raw", "one command", ansible_raw, 1),
    ("muster", "five commands", muster_command, 5),
    ("pywinrm run_cmd", "five commands", pywinrm_run_cmd, 5),
    ("pywinrm kept shell", "five commands", pywinrm_kept, 5),
    ("muster", "whole step", muster_step, 1),
)


PEERS = (
    ("pywinrm run_cmd", "one command"),
    ("ansible raw", "one command"),
    ("pywinrm run_cmd", "five commands"),
    ("pywinrm kept shell", "five commands"),
)


def measure(hosts: Fleet, threads: int, contender: Contender) -> dict[str, float]:
    """One turn of one contender."""
    _, _, action, per_host = contender
    load = os.getloadavg()[0]
    began, cpu_s = time.monotonic(), _cpu_s()
    done = action(hosts, threads, per_host)
    wall_s, used_s = time.monotonic() - began, _cpu_s() - cpu_s
    wanted = len(hosts.ports) * per_host
    assert done == wanted, f"{contender[0]}: {done} of {wanted}"
    figures = {"commands_per_s": done / wall_s, "cpu_ms_per_command": used_s / done * 1000}
    return {**figures, "load_before": load}


def _cpu_s() -> float:
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def measure_winrm(
    count: int, logon: Literal["basic", "ntlm"], *, threads: int, rounds: int
) -> tuple[list[Row], dict[str, float]]:
    """The rows of every contender, medians of so many rounds, and the ratios that the project promises."""
    os.environ["MUSTER_BENCH_WORD"] = PASSWORD
    os.environ.pop("REQUESTS_CA_BUNDLE", None)
    turns: dict[Contender, list[dict[str, float]]] = {contender: [] for contender in CONTENDERS}
    with fleet(count, logon) as hosts:
        for number in range(rounds):
            for contender in CONTENDERS:
                turns[contender].append(measure(hosts, threads, contender))
                print(f"round {number + 1}: {contender[0]}, {contender[1]}", file=sys.stderr, flush=True)
    rows = [_row(contender, found, f"{count} hosts, {logon}") for contender, found in turns.items()]
    return rows, _ratios(rows)


def _row(contender: Contender, found: list[dict[str, float]], where: str) -> Row:
    who, case, _, _ = contender
    figures = {name: median(turn[name] for turn in found) for name in found[0]}
    return {"who": who, "case": f"{where}, {case}", **figures, "rounds": len(found)}


def _ratios(rows: list[Row]) -> dict[str, float]:
    figures = {(str(row["who"]), str(row["case"]).rsplit(", ", 1)[1]): row for row in rows}
    ratios = {}
    for name in ("commands_per_s", "cpu_ms_per_command"):
        for peer, case in PEERS:
            ours, theirs = (float(str(figures[who, case][name])) for who in ("muster", peer))
            ratios[f"{name} muster/{peer}, {case}"] = round(ours / theirs, 2)
    return ratios
