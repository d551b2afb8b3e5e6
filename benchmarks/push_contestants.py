"""Muster's own ways of carrying the stand-in fix, each run in a process of its own by ``benchmarks.push``.

``python -m benchmarks.push_contestants NAME JOB.json`` prints one line of JSON: seconds, hosts done, the processor time
between the first host and the last (where no other process helps), and that before the first host.
"""

import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from muster.campaign import Campaign
from muster.clock import SystemClock
from muster.crew import Crew
from muster.fleet import Client, Fleet, Host, OsFamily, Site, TransportName
from muster.ids import CampaignId, ClientId, FixName, HostId, RunnerId, SiteId
from muster.outcomes import Ending, Evidence, Finding, HostOutcome, HostStatus, Stage, StepReport, Verdict
from muster.ports import Ledger, Order, Pusher, StopSignal, Target
from muster.records import Lease, ProbeRecord
from muster.settings import Settings
from muster.steps import Step, StepName, StepOutput
from push.attempts import push_batch
from push.context import Context
from push.known_hosts import KnownHosts
from push.orders import Defaults, OrderBook
from push.ssh import ssh_pusher

CAMPAIGN, RUNNER, SITE = CampaignId("bench"), RunnerId("bench:1:0"), SiteId("site")
BATCH_HOSTS, FLUSH_HOSTS = 100, 25
DEADLINE_S = 120.0
ANSIBLE_DEADLINE_S = 1500.0
"""Ansible brings every host to the end of a task before any goes on to the next, so each takes as long as all."""
FORKS = 50
GO_ON: StopSignal = Event()


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be done, as ``benchmarks.push`` wrote it."""

    folder: Path
    hosts: tuple[Target, ...]
    known_hosts: Path
    payload: Path
    sha256: str
    script: str
    threads: int

    @classmethod
    def read(cls, file: Path) -> "Job":
        """Read a job's file."""
        job = json.loads(file.read_text())
        key = f"key:{job['key_file']}"
        hosts = tuple(
            Target(HostId(each["id"]), SITE, TransportName.SSH, each["address"], each["port"], "root", key)
            for each in job["hosts"]
        )
        return cls(
            file.parent,
            hosts,
            Path(job["known_hosts"]),
            Path(job["payload"]),
            job["sha256"],
            job["script"],
            job["threads"],
        )

    @property
    def step(self) -> Step:
        """The fix as one step; the playbook is the same as modules."""
        arguments = {"MUSTER_SUM": self.sha256, "MUSTER_SOURCE": str(self.payload)}
        return Step(StepName.APPLY, self.script, arguments, self.payload.read_bytes(), 60, "push_fix.yml")

    @property
    def orders(self) -> Iterator[Order]:
        """One for each host."""
        step = self.step
        return (Order(target, step, DEADLINE_S) for target in self.hosts)

    def ssh(self) -> Pusher:
        """The fast path."""
        settings = Settings(parallel_hosts=self.threads)
        return ssh_pusher(settings, known_hosts=KnownHosts.read(self.known_hosts))

    def open_ledger(self) -> Ledger:
        """A fresh ledger on SQLite, with every host in need of the fix."""
        from ledger.open import open_ledger  # here: what the fast path does without is not in its memory

        ledger = open_ledger(f"sqlite:///{self.folder / 'bench.db'}", clock=SystemClock())
        ledger.save_inventory(self.fleet, Crew(), by="bench")
        now = SystemClock().now()
        ids = [target.host_id for target in self.hosts]
        ledger.open_campaign(Campaign(CAMPAIGN, "bench", FixName("stand-in"), now), ids, by="bench")
        finding = Finding(Verdict.STALE, "old", ())
        probes = [ProbeRecord(each, HostStatus.STALE, finding, Stage.FINISHED, "", "", now) for each in ids]
        ledger.begin_probes(CAMPAIGN, ids, by=RUNNER)
        ledger.record_probes(CAMPAIGN, probes, by=RUNNER)
        return ledger

    @property
    def fleet(self) -> Fleet:
        """The hosts as the ledger keeps them."""
        return Fleet(
            (Client(ClientId("acme"), "Acme"),),
            (Site(SITE, ClientId("acme"), "HQ", "America/Vancouver"),),
            tuple(
                Host(each.host_id, SITE, each.host_id, each.address, each.port, credential=each.credential)
                for each in self.hosts
            ),
        )


class StandIn:
    """The stand-in fix as a prepared fix: its probe is the same script, which changes nothing where all is well."""

    title = "stand-in"

    def __init__(self, job: Job) -> None:
        self._job = job

    def step(self, name: StepName, family: OsFamily, *, timezone: str) -> Step | None:
        """Apply as it is; verify asks for the checksum alone."""
        del family, timezone
        if name is StepName.APPLY:
            return self._job.step
        script = 'printf "fact\\tfix\\tsha256\\t%s\\n" "$(sha256sum < /opt/fix-current | cut -c1-64)"\n'
        return Step(name, f'{script}printf "done\\t{name}\\n"', timeout_s=60)

    def judge(self, output: StepOutput, *, timezone: str) -> Finding:
        """Right where the checksum is."""
        del timezone
        right = any(fact.value == self._job.sha256 for fact in output.facts)
        return Finding(Verdict.RIGHT if right else Verdict.STALE, "", output.facts)


def fast_path(job: Job) -> Callable[[], int]:
    """One exec for each host, nothing written down."""
    pusher = job.ssh()
    return lambda: _done(pusher.execute(job.orders, stop=GO_ON))


def _done(reports: Iterable[StepReport]) -> int:
    """How many ended well; why the others did not goes to standard error, each cause once."""
    endings = Counter((each.ending is Ending.DONE, f"{each.stage}: {each.cause}") for each in reports)
    for (well, why), hosts in endings.items():
        if not well:
            print(f"{hosts} hosts: {why}", file=sys.stderr)
    return sum(hosts for (well, _), hosts in endings.items() if well)


def with_ledger(job: Job) -> Callable[[], int]:
    """The same, each host claimed before and its outcome written after, in batches."""
    pusher, ledger = job.ssh(), job.open_ledger()

    def run() -> int:
        done = 0
        step = job.step
        targets = {target.host_id: target for target in job.hosts}
        for start in range(0, len(job.hosts), BATCH_HOSTS):
            ids = [target.host_id for target in job.hosts[start : start + BATCH_HOSTS]]
            leases = ledger.claim(CAMPAIGN, ids, runner_id=RUNNER, step=StepName.APPLY, wave=1, lease_s=60)
            by_host = {lease.host_id: lease for lease in leases}
            orders = (Order(targets[lease.host_id], step, DEADLINE_S) for lease in leases)
            ended: list[tuple[Lease, HostOutcome]] = []
            for report in pusher.execute(orders, stop=GO_ON):
                well = report.ending is Ending.DONE
                done += well
                status = HostStatus.VERIFIED if well else HostStatus.FAILED
                evidence = Evidence(None, Finding(Verdict.RIGHT, "", ()), ("the file",))
                outcome = HostOutcome(
                    status, report.stage, report.cause, "", evidence, report.duration_s, report.ended_at
                )
                ended.append((by_host[report.host_id], outcome))
                if len(ended) >= FLUSH_HOSTS:
                    ledger.finish(ended)
                    ended = []
            ledger.finish(ended)
        return done

    return run


def whole_attempt(job: Job) -> Callable[[], int]:
    """What a campaign does: claim, apply, a fresh probe in a new session, outcome and evidence in the ledger."""
    ledger = job.open_ledger()
    book = OrderBook(job.fleet, StandIn(job), Defaults("root", "agent:", DEADLINE_S))
    context = Context(CAMPAIGN, RUNNER, ledger, job.ssh(), book, SystemClock(), GO_ON, 60)

    def run() -> int:
        done = 0
        for start in range(0, len(job.hosts), BATCH_HOSTS):
            ids = [target.host_id for target in job.hosts[start : start + BATCH_HOSTS]]
            result = push_batch(context, ids, wave=1, step=StepName.APPLY)
            done += sum(status is HostStatus.VERIFIED for status in result.ended.values())
        return done

    return run


def by_ansible_runner(job: Job) -> Callable[[], int]:
    """The same fix as modules, by Muster's ansible-runner pusher."""
    from push.ansible import ansible_pusher

    settings = Settings(parallel_hosts=FORKS)
    here = Path(__file__).parent
    pusher = ansible_pusher(settings, known_hosts=job.known_hosts, playbooks=here, python="/usr/bin/python3")
    orders = (Order(order.target, order.step, ANSIBLE_DEADLINE_S) for order in job.orders)
    return lambda: _done(pusher.execute(orders, stop=GO_ON))


CONTESTANTS = {
    "fast-path": fast_path,
    "with-ledger": with_ledger,
    "whole-attempt": whole_attempt,
    "muster-ansible": by_ansible_runner,
}


def main(arguments: Sequence[str]) -> None:
    """Run one contestant."""
    name, file = arguments
    run = CONTESTANTS[name](Job.read(Path(file)))
    cpu_before_s = time.process_time()
    begun = time.monotonic()
    done = run()
    said = {"seconds": time.monotonic() - begun, "done": done}
    own = {} if name == "muster-ansible" else {"cpu_s": time.process_time() - cpu_before_s}
    print(json.dumps({**said, **own, "cpu_before_s": cpu_before_s}))


if __name__ == "__main__":
    main(sys.argv[1:])
