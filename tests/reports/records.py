"""Campaign records to make reports from."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from muster.campaign import Campaign
from muster.crew import Crew, Engineer
from muster.fleet import Client, Fleet, Host, OsFamily, Site
from muster.ids import AttemptId, CampaignId, ClientId, FixName, HostId, PersonId, PlanId, RunnerId, SiteId, VisitId
from muster.outcomes import Evidence, Finding, HostOutcome, HostStatus, Stage, Verdict
from muster.plan import Assignment, Plan, PlanCost, Reason, Unplaced, Visit, VisitMode
from muster.records import AttemptRow, DispatchedPlan, HostState, Stop, WaveRow, WaveState
from muster.steps import Fact, StepName
from reports.record import CampaignRecord

START = datetime(2026, 10, 19, 15, tzinfo=UTC)
DEADLINE = datetime(2026, 11, 1, 9, tzinfo=UTC)
PUSHED = {HostStatus.VERIFIED, HostStatus.FAILED, HostStatus.UNKNOWN, HostStatus.ROLLED_BACK}
CAUSES = {
    HostStatus.FAILED: ("no space left on the device", "free some space, then: muster retry"),
    HostStatus.UNKNOWN: ("it accepted the connection and said nothing within 8 s; nothing was touched", ""),
    HostStatus.UNREACHABLE: ("refused: nothing listens on port 22", "is its SSH service running?"),
    HostStatus.UNTRUSTED: ("its key has changed from SHA256:" + "a" * 43 + " to SHA256:" + "b" * 43, ""),
}
BEFORE = Finding(
    Verdict.STALE,
    "America/Vancouver at 2026-11-22 12:00Z: -08:00, should be -07:00 (system)",
    (Fact("system", "America/Vancouver 2026-11-22T12:00:00Z", "-0800"), Fact("jvm /opt/j", "tzdata", "2025a")),
    ("JVM 17 with 2025a (/opt/j) could not be asked: update the JDK",),
)
AFTER = Finding(
    Verdict.RIGHT,
    "America/Vancouver at 2026-11-22 12:00Z: -07:00, as it should be (system)",
    (Fact("system", "America/Vancouver 2026-11-22T12:00:00Z", "-0700"),),
)


@dataclass
class Story:
    """Hosts one after another, each an hour after the one before."""

    statuses: list[HostStatus]
    client_names: tuple[str, ...] = ("Acme Dental", "Harbour Freight Forwarding")
    host_name: str = "web"
    now: datetime = START + timedelta(days=3)
    stop: Stop | None = None
    states: list[HostState] = field(default_factory=list)
    attempts: list[AttemptRow] = field(default_factory=list)

    def record(self) -> CampaignRecord:
        """The record of it."""
        hosts = [self._host(index, status) for index, status in enumerate(self.statuses)]
        return CampaignRecord(
            campaign=campaign(),
            fleet=Fleet(self._clients(), self._sites(), tuple(hosts)),
            crew=Crew((Engineer(PersonId("kim"), "Kim Lee", "America/Vancouver", ()),)),
            hosts=tuple(self.states),
            attempts=tuple(self.attempts),
            waves=self._waves(),
            plan=plan(),
            dispatched=DispatchedPlan(PlanId("p1"), "Ana", START),
            stop=self.stop,
            now=self.now,
        )

    def _clients(self) -> tuple[Client, ...]:
        return tuple(Client(ClientId(f"c{n}"), name) for n, name in enumerate(self.client_names))

    def _sites(self) -> tuple[Site, ...]:
        names = range(len(self.client_names))
        return tuple(Site(SiteId(f"s{n}"), ClientId(f"c{n}"), "Head office", "America/Vancouver") for n in names)

    def _host(self, index: int, status: HostStatus) -> Host:
        id_ = HostId(f"{self.host_name}{index + 1:03d}")
        at = START + timedelta(minutes=20 * (index + 1))
        cause, hint = CAUSES.get(status, ("", ""))
        pushed = status in PUSHED
        if pushed:
            after = AFTER if status is HostStatus.VERIFIED else None
            evidence = Evidence(BEFORE, after, ("replaced America/Vancouver",) if after else ())
            outcome = HostOutcome(status, Stage.FINISHED, cause, hint, evidence, 1.5, at)
            runner = RunnerId("desk:4711:1")
            self.attempts.append(
                AttemptRow(
                    AttemptId(index), CampaignId("tz"), id_, runner, 1, StepName.APPLY, 1, VisitId("v1"), at, outcome
                )
            )
        finding = AFTER if status.protected else BEFORE if status is not HostStatus.PENDING else None
        self.states.append(
            HostState(
                id_,
                status,
                Stage.FINISHED,
                cause,
                hint,
                int(pushed),
                0,
                1 if pushed else 0,
                VisitId("v1"),
                PersonId("kim"),
                None,
                None,
                finding,
                at,
            )
        )
        site = SiteId(f"s{index % len(self.client_names)}")
        return Host(id_, site, id_, f"10.0.{index >> 8}.{index & 255}", os=OsFamily.LINUX, os_version="Debian 12")

    def _waves(self) -> tuple[WaveRow, ...]:
        pushed = tuple(state.host_id for state in self.states if state.attempts)
        if not pushed:
            return ()
        first = WaveRow(1, WaveState.PASSED, pushed[:1], START, START + timedelta(hours=1), "1 of 1 verified")
        return (first, WaveRow(2, WaveState.OPEN, pushed[1:], START + timedelta(hours=1), None, ""))


def campaign() -> Campaign:
    """Vancouver, autumn 2026."""
    return Campaign(
        CampaignId("tz"),
        "Vancouver keeps summer time",
        FixName("tzdata"),
        DEADLINE,
        reason="British Columbia stays on UTC-7; machines with old rules would be an hour late from 1 November.",
        timezone="America/Vancouver",
        parameters=MappingProxyType({"source": "/srv/zones/tzdata-2026.2"}),
    )


def plan() -> Plan:
    """Two visits placed, one not."""
    visits = tuple(
        Visit(VisitId(f"v{n}"), ClientId("c0"), SiteId("s0"), VisitMode.REMOTE, (), 60, frozenset(), 3, START, DEADLINE)
        for n in (1, 2, 3)
    )
    placed = tuple(Assignment(VisitId(f"v{n}"), PersonId("kim"), START, START + timedelta(hours=1)) for n in (1, 2))
    reason = Reason("skills", "nobody who knows windows is free in week 44", "two more hours of a Windows engineer")
    return Plan(
        id=PlanId("p1"),
        campaign_id=CampaignId("tz"),
        created_at=START,
        visits=visits,
        assignments=placed,
        unplaced=(Unplaced(VisitId("v3"), (reason,)),),
        cost=PlanCost(labour_cents=1234550, travel_cents=20000),
        objective=1000.0,
        bound=968.0,
        seed=1,
        ledger_revision=1,
        solver="test",
    )


MIXED = [
    *[HostStatus.RIGHT] * 8,
    *[HostStatus.VERIFIED] * 110,
    *[HostStatus.STALE] * 14,
    *[HostStatus.UNREACHABLE] * 7,
    *[HostStatus.FAILED] * 4,
    *[HostStatus.UNTRUSTED] * 2,
    *[HostStatus.UNKNOWN] * 3,
    *[HostStatus.UNSUPPORTED] * 2,
]
"""150 hosts, 118 of them protected."""
