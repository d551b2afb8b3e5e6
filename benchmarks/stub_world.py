"""Campaigns of hosts that are not there: a transport, a fix, and a ledger in which every visit is due.

Used by ``benchmarks.push --stub``, ``benchmarks.campaign --stub``, ``benchmarks.ledger`` and the tests of scale.
"""

import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from muster.campaign import Campaign, WavePolicy
from muster.clock import SystemClock
from muster.crew import Crew
from muster.fleet import Client, Fleet, Host, OsFamily, Site
from muster.ids import CampaignId, ClientId, FixName, HostId, PersonId, PlanId, SiteId, VisitId
from muster.outcomes import Finding, HostStatus, Stage, Verdict
from muster.plan import Assignment, Plan, PlanCost, Visit, VisitMode
from muster.ports import Ledger, Order, Target
from muster.records import ProbeRecord
from muster.steps import Step, StepName, StepOutput
from push.transport import Door, Guard, RawResult

CAMPAIGN, BENCH = CampaignId("stub"), "bench"
CLIENT = ClientId("acme")
HOSTS_OF_SITE = 50
NOTES = "".join(f"note\tline {number} of what a host says about itself\n" for number in range(40))
"""Two kilobytes, as a step with something to tell writes."""
STALE = Finding(Verdict.STALE, "old", ())


class StubTransport:
    """Answers every step at once, as a host on which all goes well."""

    def door(self, target: Target) -> Door | None:
        """There is nothing to knock at."""
        del target
        return None

    def carry(self, order: Order, guard: Guard, connection: socket.socket | None) -> RawResult:
        """What the step would have said."""
        del connection
        guard.begin()
        guard.reached(Stage.FINISHED)
        said = "fact\tstub\tstate\tright\n" if order.step.name is StepName.VERIFY else "changed\tnothing at all\n"
        return RawResult(0, f"{NOTES}{said}done\t{order.step.name}\n", "")


@dataclass(frozen=True)
class StubFix:
    """A fix whose steps are empty; its verify is right where the stub said so."""

    title: str = "stub"

    def step(self, name: StepName, family: OsFamily, *, timezone: str) -> Step | None:
        """The same for every host."""
        del family, timezone
        return Step(name, "true")

    def judge(self, output: StepOutput, *, timezone: str) -> Finding:
        """Right where there is a fact that says so."""
        del timezone
        return Finding(Verdict.RIGHT if output.facts else Verdict.STALE, "stub", output.facts)


@dataclass(frozen=True)
class StubWorld:
    """A fleet, and a plan in which every visit is due.

    Attributes:
        reaches: the reach of some sites, by their number.
        credentials: the credential reference of the hosts of some sites, by their number.
    """

    hosts: int
    now: datetime = field(default_factory=lambda: SystemClock().now())
    waves: WavePolicy = field(default_factory=lambda: WavePolicy(max_wave_hosts=500))
    reaches: Mapping[int, str] = field(default_factory=dict)
    credentials: Mapping[int, str] = field(default_factory=dict)

    @property
    def fleet(self) -> Fleet:
        """One client, sites of ``HOSTS_OF_SITE`` hosts."""
        numbers = range(-(-self.hosts // HOSTS_OF_SITE))
        return Fleet(
            (Client(CLIENT, "Acme"),),
            tuple(
                Site(_site(one), CLIENT, _site(one), "America/Vancouver", reach=self.reaches.get(one, ""))
                for one in numbers
            ),
            tuple(self._host(number) for number in range(self.hosts)),
        )

    def _host(self, number: int) -> Host:
        site = number // HOSTS_OF_SITE
        return Host(
            HostId(f"host-{number:06}"),
            _site(site),
            f"host {number}",
            f"10.0.{number}",
            credential=self.credentials.get(site, ""),
        )

    @property
    def ids(self) -> list[HostId]:
        """Every host."""
        return [HostId(f"host-{number:06}") for number in range(self.hosts)]

    @property
    def campaign(self) -> Campaign:
        """It has a month."""
        return Campaign(CAMPAIGN, BENCH, FixName("stub"), self.now + timedelta(days=30), waves=self.waves)

    def plan(self, revision: int) -> Plan:
        """A visit for each site, all of them by one person, an hour ago."""
        visits = tuple(self._visit(number) for number in range(-(-self.hosts // HOSTS_OF_SITE)))
        hour = timedelta(hours=1)
        placed = tuple(Assignment(one.id, PersonId("ann"), self.now - hour, self.now + hour) for one in visits)
        return Plan(PlanId("plan"), CAMPAIGN, self.now, visits, placed, (), PlanCost(), 0.0, None, 1, revision, BENCH)

    def _visit(self, number: int) -> Visit:
        hosts = tuple(self.ids_of(number))
        last = self.now + timedelta(days=9)
        return Visit(
            VisitId(f"visit {_site(number)}"),
            CLIENT,
            _site(number),
            VisitMode.REMOTE,
            hosts,
            60,
            frozenset(),
            3,
            self.now,
            last,
        )

    def ids_of(self, site: int) -> list[HostId]:
        """The hosts of a site."""
        first = site * HOSTS_OF_SITE
        return [HostId(f"host-{number:06}") for number in range(first, min(self.hosts, first + HOSTS_OF_SITE))]

    def open_in(self, ledger: Ledger) -> None:
        """Fleet and campaign, and probes that found every host stale."""
        ledger.save_inventory(self.fleet, Crew(), by=BENCH)
        ledger.open_campaign(self.campaign, self.ids, by=BENCH)
        ledger.begin_probes(CAMPAIGN, self.ids, by=BENCH)
        probed = [ProbeRecord(each, HostStatus.STALE, STALE, Stage.FINISHED, "", "", self.now) for each in self.ids]
        ledger.record_probes(CAMPAIGN, probed, by=BENCH)

    def dispatch_in(self, ledger: Ledger) -> None:
        """All of it, and a plan that binds."""
        self.open_in(ledger)
        plan = self.plan(ledger.revision())
        ledger.save_plan(plan, by=BENCH)
        ledger.dispatch(plan.id, by=BENCH, expected_revision=ledger.revision())


def _site(number: int) -> SiteId:
    return SiteId(f"site-{number}")
