"""Small fleets, findings and outcomes for the tests of the ledger."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time

from ledger.store import SqlLedger
from muster.campaign import Campaign
from muster.crew import Absence, Agreement, Crew, Engineer, Partner, Shift, Vetting
from muster.fleet import AccessWindow, Client, Fleet, Host, OsFamily, Place, Site, TransportName
from muster.ids import CampaignId, ClientId, FixName, HostId, PartnerId, PersonId, PlanId, RunnerId, SiteId, VisitId
from muster.outcomes import Evidence, Finding, HostOutcome, HostStatus, Stage, Verdict
from muster.plan import Assignment, Plan, PlanCost, Reason, Unplaced, Visit, VisitMode
from muster.records import Lease, ProbeRecord
from muster.steps import Fact, StepName

CAMPAIGN = CampaignId("vancouver")
ANN = RunnerId("ann:1:1")
BOB = RunnerId("bob:2:2")
AT = datetime(2026, 10, 19, 8, 30, tzinfo=UTC)
STALE = Finding(Verdict.STALE, "the clock will be an hour off", (Fact("system", "2026-11-02", "-28800"),), ("a JVM",))
RIGHT = Finding(Verdict.RIGHT, "all instants are right", (Fact("system", "2026-11-02", "-25200"),))


def fleet(hosts: int = 4, site: str = "s1") -> Fleet:
    """One client, one site, some hosts ``h0`` and up, with every field in use somewhere."""
    place = Place(49.28, -123.12)
    window = AccessWindow(0, time(8), time(17, 30))
    return Fleet(
        (Client(ClientId("c1"), "Acme", "it@acme.example", priority=1, partners_allowed=False),),
        (Site(SiteId(site), ClientId("c1"), "Head office", "America/Vancouver", "north", "1 Main", place, (window,)),),
        tuple(_host(number, site) for number in range(hosts)),
    )


def _host(number: int, site: str) -> Host:
    return Host(
        HostId(f"h{number}"),
        SiteId(site),
        f"host {number}",
        f"10.0.0.{number % 250}",
        port=2222,
        os=OsFamily.WINDOWS if number % 2 else OsFamily.LINUX,
        os_version="12",
        role="db",
        transport=TransportName.WINRM if number % 2 else TransportName.SSH,
        user="ops",
        credential="env:KEY",
        tags=("a", "b"),
    )


def crew() -> Crew:
    """One of our own people, one of a partner's, with every field in use."""
    shifts = (Shift(0, time(8), time(16)), Shift(1, time(8), time(16)))
    away = Absence(datetime(2026, 10, 20, 7, tzinfo=UTC), datetime(2026, 10, 21, 7, tzinfo=UTC), "ill")
    vetting = Vetting(True, "cto", date(2026, 1, 1), date(2026, 12, 31), "insured")  # noqa: FBT003 - its first field
    agreement = Agreement(date(2026, 2, 1), date(2027, 1, 31), 6000, (ClientId("c1"),))
    return Crew(
        (
            Engineer(PersonId("e1"), "Eve", "America/Vancouver", shifts, frozenset({"linux"}), absences=(away,)),
            Engineer(PersonId("e2"), "Pat", "UTC", shifts, partner_id=PartnerId("p1"), home=Place(1.5, 2.5)),
        ),
        (Partner(PartnerId("p1"), "Helpers", "ops@helpers.example", "north", vetting, agreement),),
    )


def campaign(fix: str = "tzdata", reason: str = "the clocks change") -> Campaign:
    """A campaign with parameters."""
    return Campaign(
        CAMPAIGN,
        "Vancouver 2026",
        FixName(fix),
        datetime(2026, 11, 1, 9, tzinfo=UTC),
        reason=reason,
        parameters={"zones": "America/Vancouver"},
    )


def ids(count: int) -> list[HostId]:
    """``h0`` and up."""
    return [HostId(f"h{number}") for number in range(count)]


def begin(ledger: SqlLedger, hosts: int = 4) -> list[HostId]:
    """An inventory and a campaign with all of it, nothing asked yet."""
    ledger.save_inventory(fleet(hosts), crew(), by="ann")
    ledger.open_campaign(campaign(), ids(hosts), by="ann")
    return ids(hosts)


def begin_stale(ledger: SqlLedger, hosts: int = 4) -> list[HostId]:
    """The same, and every host was probed and needs the fix."""
    begin(ledger, hosts)
    probe(ledger, ids(hosts))
    return ids(hosts)


def probe(
    ledger: SqlLedger,
    host_ids: Sequence[HostId],
    finding: Finding | None = STALE,
    status: HostStatus = HostStatus.STALE,
) -> None:
    """Ask hosts and write what was found."""
    ledger.begin_probes(CAMPAIGN, host_ids, by="ann")
    answer(ledger, host_ids, finding, status)


def answer(
    ledger: SqlLedger,
    host_ids: Sequence[HostId],
    finding: Finding | None = STALE,
    status: HostStatus = HostStatus.STALE,
) -> None:
    """Write what was found, to questions asked before."""
    stage = Stage.CONNECT if finding is None else Stage.FINISHED
    cause = "refused" if finding is None else ""
    records = [ProbeRecord(host_id, status, finding, stage, cause, "", AT) for host_id in host_ids]
    ledger.record_probes(CAMPAIGN, records, by="ann")


def claim(
    ledger: SqlLedger,
    host_ids: Sequence[HostId],
    runner_id: RunnerId = ANN,
    step: StepName = StepName.APPLY,
    lease_s: float = 60.0,
) -> tuple[Lease, ...]:
    """Claim hosts for wave 1."""
    return ledger.claim(CAMPAIGN, host_ids, runner_id=runner_id, step=step, wave=1, lease_s=lease_s)


def outcome(status: HostStatus = HostStatus.VERIFIED, stage: Stage = Stage.FINISHED, cause: str = "") -> HostOutcome:
    """The end of an attempt; the proof is there when it was verified."""
    after = RIGHT if status is HostStatus.VERIFIED else None
    return HostOutcome(status, stage, cause, "", Evidence(STALE, after, ("tzdata 2026.2",)), 12.5, AT)


def finish(ledger: SqlLedger, leases: Sequence[Lease], end: HostOutcome | None = None) -> tuple[Lease, ...]:
    """End attempts; verified by default."""
    return ledger.finish([(lease, end or outcome()) for lease in leases])


def plan(plan_id: str = "plan-1", hosts: int = 4, revision: int = 0) -> Plan:
    """Two visits: the first half of the hosts is placed with ``e1``, the rest with nobody."""
    half = hosts // 2
    visits = tuple(
        Visit(
            VisitId(name),
            ClientId("c1"),
            SiteId("s1"),
            VisitMode.REMOTE,
            tuple(ids(hosts)[part]),
            30,
            frozenset({"linux"}),
            1,
            AT,
            datetime(2026, 11, 1, tzinfo=UTC),
        )
        for name, part in (("v1", slice(0, half)), ("v2", slice(half, None)))
    )
    assignment = Assignment(VisitId("v1"), PersonId("e1"), AT, datetime(2026, 10, 19, 9, tzinfo=UTC), 15)
    unplaced = Unplaced(VisitId("v2"), (Reason("skills", "nobody knows Windows", "train Eve"),))
    return Plan(
        PlanId(plan_id),
        CAMPAIGN,
        AT,
        visits,
        (assignment,),
        (unplaced,),
        PlanCost(labour_cents=6000),
        objective=12.25,
        bound=None,
        seed=7,
        ledger_revision=revision,
        solver="none",
    )
