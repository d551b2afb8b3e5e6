"""A small dispatched world in a real ledger: what every test of the portal looks at.

Tuesday 20 October 2026, 09:00 in Vancouver (the clock runs on from there). Two clients with two sites each, two
partners with two technicians each, two engineers of our own; six visits:

===== ============ ======= ====== ========== =========================================
visit site         person  of     when       how it stands
===== ============ ======= ====== ========== =========================================
v1    acme-hq      kim     us     today 07   all verified, finished
v2    harbour-port kim     us     today 10   not begun: Kim's next one
v3    harbour-yard omar    us     tomorrow   remote
v4    acme-north   pat     north  today 08   running: verified, failed, unknown
v5    harbour-yard cole    coast  tomorrow   not begun
v6    acme-north   nia     north  in a week  outside the partner's window
===== ============ ======= ====== ========== =========================================
"""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from ledger.portal_store import Account, Session
from muster.campaign import Campaign
from muster.crew import Agreement, Crew, Engineer, Partner, Shift, Vetting
from muster.fleet import AccessWindow, Client, Fleet, Host, OsFamily, Place, Site, TransportName
from muster.ids import (
    CampaignId,
    ClientId,
    FixName,
    HostId,
    PartnerId,
    PersonId,
    PlanId,
    RunnerId,
    SiteId,
    VisitId,
)
from muster.outcomes import Evidence, Finding, HostOutcome, HostStatus, Stage, Verdict
from muster.plan import Assignment, Plan, PlanCost, Reason, Unplaced, Visit, VisitMode
from muster.ports import Ledger
from muster.records import ProbeRecord, WaveState
from muster.settings import Settings
from muster.steps import Fact, StepName
from muster.wiring import Wired
from partners.file import Technician
from partners.papers import FILES, change
from portal.access import Role
from portal.keys import hashed
from tests.partners.make import agreement, good_file

NOW = datetime(2026, 10, 20, 16, 0, tzinfo=UTC)
"""Tuesday, 09:00 in Vancouver."""
VANCOUVER, EDMONTON = "America/Vancouver", "America/Edmonton"
CAMPAIGN = CampaignId("vancouver")
DEADLINE = datetime(2026, 11, 1, 9, tzinfo=UTC)
HOSTS_PER_SITE = 8
PASSWORD = "correct horse battery staple"
BY = "Ana Silva (ana)"

STALE = Finding(
    Verdict.STALE,
    "America/Vancouver at 2026-11-22 12:00Z: -08:00, should be -07:00 (system)",
    (Fact("system", "America/Vancouver 2026-11-22T12:00:00Z", "-0800"),),
    ("JVM 17 with 2025a (/opt/j) could not be asked: update the JDK",),
)
RIGHT = Finding(
    Verdict.RIGHT,
    "America/Vancouver at 2026-11-22 12:00Z: -07:00, as it should be (system)",
    (Fact("system", "America/Vancouver 2026-11-22T12:00:00Z", "-0700"),),
)

ACCOUNTS = (
    Account("ana", "Ana Silva", Role.MANAGER, email="ana@us.example", timezone=VANCOUVER),
    Account("vera", "Vera Auditor", Role.AUDITOR, timezone=VANCOUVER),
    Account("kim", "Kim Lee", Role.ENGINEER, engineer_id="kim", timezone=VANCOUVER),
    Account("omar", "Omar Haddad", Role.ENGINEER, engineer_id="omar", timezone=VANCOUVER),
    Account("nils", "Nils of North", Role.PARTNER_MANAGER, partner_id="north", timezone=VANCOUVER),
    Account("pat", "Pat Roy", Role.PARTNER_TECHNICIAN, partner_id="north", engineer_id="pat", timezone=VANCOUVER),
    Account("cora", "Cora of Coast", Role.PARTNER_MANAGER, partner_id="coast", timezone=VANCOUVER),
    Account("dora", "Dora Acme", Role.CLIENT_CONTACT, client_ids=("acme",), timezone=VANCOUVER),
    Account("hugo", "Hugo Harbour", Role.CLIENT_CONTACT, client_ids=("harbour",), timezone=VANCOUVER),
)
"""Everybody who can log in, with ``PASSWORD``."""

WHO = {
    Role.MANAGER: "ana",
    Role.AUDITOR: "vera",
    Role.ENGINEER: "kim",
    Role.PARTNER_MANAGER: "nils",
    Role.PARTNER_TECHNICIAN: "pat",
    Role.CLIENT_CONTACT: "dora",
}
"""The usual account of each role."""


@dataclass(frozen=True)
class World:
    """The world and how to change it further."""

    services: Wired
    settings: Settings

    @property
    def ledger(self) -> Ledger:
        """Its ledger."""
        return self.services.ledger


def make_world(
    folder: Path, *, ledger_url: str = "sqlite:///muster.db", portal_url: str = "http://127.0.0.1:8080"
) -> World:
    """Build it in a workspace, up to the middle of the second wave."""
    world = open_world(folder, ledger_url=ledger_url, portal_url=portal_url)
    _tables(world.ledger)
    _partners(world)
    _pushed(world.ledger)
    return world


def open_world(
    folder: Path, *, ledger_url: str = "sqlite:///muster.db", portal_url: str = "http://127.0.0.1:8080"
) -> World:
    """A world that was built before (or the empty workspace that ``make_world`` builds it in)."""
    settings = Settings(
        workspace=folder.resolve(),
        ledger_url=ledger_url,
        company="Clockworks IT",
        clock_shift_s=(NOW - datetime.now(UTC)).total_seconds(),
        portal_url=portal_url,
    )
    return World(Wired(settings), settings)


def add_accounts(world: World) -> None:
    """Everybody of ``ACCOUNTS``."""
    from ledger.portal_store import portal_store_of
    from portal.passwords import hash_password

    store, kept = portal_store_of(world.ledger), hash_password(PASSWORD)
    for one in ACCOUNTS:
        store.add_account(replace(one, password_hash=kept, created_at=datetime.now(UTC), created_by="test"))


def log_in(world: World, account_id: str, *, word: str = "") -> str:
    """A session as if somebody had logged in; gives the cookie's value (its token: ``sessions.csrf_of``)."""
    from ledger.portal_store import portal_store_of

    word = word or f"session-of-{account_id}-{datetime.now(UTC).timestamp()}"
    now = datetime.now(UTC)
    session = Session(
        hashed(word), account_id, None, "password", now, now, now + timedelta(hours=9), "127.0.0.1", "test"
    )
    portal_store_of(world.ledger).begin_session(session)
    return word


def hosts_of(site: str) -> tuple[HostId, ...]:
    """The hosts of a site."""
    return tuple(HostId(f"{site}-{number:02}") for number in range(1, HOSTS_PER_SITE + 1))


SITES = ("acme-hq", "acme-north", "harbour-port", "harbour-yard")


def _tables(ledger: Ledger) -> None:
    weekdays = tuple(AccessWindow(day, time(7), time(18)) for day in range(5))
    clients = (
        Client(ClientId("acme"), "Acme Dental", "it@acme.example", priority=1),
        Client(ClientId("harbour"), "Harbour Freight Forwarding", "it@harbour.example"),
    )
    sites = (
        _site("acme-hq", "acme", "Head office", "201 Burrard St, Vancouver", 49.287, -123.117, weekdays),
        _site("acme-north", "acme", "Prince George clinic", "1600 3rd Ave, Prince George", 53.917, -122.749, weekdays),
        _site("harbour-port", "harbour", "Port terminal", "777 Centennial Rd, Vancouver", 49.289, -123.077, weekdays),
        _site("harbour-yard", "harbour", "Edmonton yard", "12 Yard Rd, Edmonton", 53.54, -113.49, weekdays, EDMONTON),
    )
    hosts = tuple(_host(site, number) for site in SITES for number in range(HOSTS_PER_SITE))
    ledger.save_inventory(Fleet(clients, sites, hosts), _crew(), by=BY)
    ledger.open_campaign(_campaign(), [host.id for host in hosts], by=BY)


def _site(
    id_: str,
    client: str,
    name: str,
    address: str,
    north: float,
    east: float,
    open_: tuple[AccessWindow, ...],
    zone: str = VANCOUVER,
) -> Site:
    region = "north" if "north" in id_ else "coast"
    return Site(SiteId(id_), ClientId(client), name, zone, region, address, Place(north, east), open_, "office")


def _host(site: str, number: int) -> Host:
    windows = number % 2 == 0
    name = f"{site}-{number + 1:02}"
    return Host(
        HostId(name),
        SiteId(site),
        f"{'WS' if windows else 'srv'}-{name}",
        f"10.{SITES.index(site)}.0.{number + 1}",
        os=OsFamily.WINDOWS if windows else OsFamily.LINUX,
        os_version="Windows 11" if windows else "Debian 12",
        role="desktop" if windows else "server",
        model="OptiPlex 7010",
        transport=TransportName.WINRM if windows else TransportName.SSH,
        credential="env:HOSTS_KEY",
    )


def _crew() -> Crew:
    shifts = tuple(Shift(day, time(8), time(17)) for day in range(5))
    vetting = Vetting(True, "Kim", date(2026, 9, 1), date(2027, 8, 31))  # noqa: FBT003 - its first field
    signed = Agreement(date(2026, 9, 1), date(2027, 8, 31))

    def person(id_: str, name: str, partner: str | None = None) -> Engineer:
        return Engineer(
            PersonId(id_),
            name,
            VANCOUVER,
            shifts,
            frozenset({"linux", "windows"}),
            PartnerId(partner) if partner else None,
            f"{id_}@{partner or 'us'}.example",
            Place(49.25, -123.1),
            rate_cents_per_hour=7000,
        )

    people = (
        person("kim", "Kim Lee"),
        person("omar", "Omar Haddad"),
        person("pat", "Pat Roy", "north"),
        person("nia", "Nia Bell", "north"),
        person("cole", "Cole Tan", "coast"),
        person("cyd", "Cyd Marsh", "coast"),
    )
    partners = (
        Partner(PartnerId("north"), "North IT", "ops@north.example", "north", vetting, signed),
        Partner(PartnerId("coast"), "Coast Systems", "ops@coast.example", "coast", vetting, signed),
    )
    return Crew(people, partners)


def _campaign() -> Campaign:
    return Campaign(
        CAMPAIGN,
        "Vancouver keeps summer time",
        FixName("tzdata"),
        DEADLINE,
        timezone=VANCOUVER,
        reason="British Columbia stays on UTC-7; machines with old rules would be an hour late from 1 November.",
        parameters={"instants": "2026-11-22T12:00:00Z"},
    )


def _partners(world: World) -> None:
    for partner, name, people in (("north", "North IT", ("pat", "nia")), ("coast", "Coast Systems", ("cole", "cyd"))):
        file = good_file(
            partner,
            name=name,
            agreements=(agreement(id=f"A-{partner}", our_party="Clockworks IT", their_party=name),),
            technicians=tuple(
                Technician(PersonId(one), "Ana Silva", date(2026, 9, 1), date(2027, 8, 31)) for one in people
            ),
        )
        world.services.book.write([change(FILES, file, "partner added")], by=BY)


def _pushed(ledger: Ledger) -> None:
    everybody = [host_id for site in SITES for host_id in hosts_of(site)]
    ledger.begin_probes(CAMPAIGN, everybody, by=BY)
    ledger.record_probes(CAMPAIGN, [_probe(host_id) for host_id in everybody], by=BY)
    plan = make_plan(ledger.revision())
    ledger.save_plan(plan, by=BY)
    ledger.dispatch(plan.id, by=BY, expected_revision=ledger.revision())
    _wave(ledger, hosts_of("acme-hq"), ())
    north = hosts_of("acme-north")[:6]
    troubled = (HostStatus.FAILED, HostStatus.FAILED, HostStatus.UNKNOWN)
    _wave(ledger, north, troubled, close=False)
    ledger.note(
        "visit finished",
        by="Kim Lee (kim)",
        campaign_id=CAMPAIGN,
        visit_id=VisitId("v1"),
        data={
            "visit": "v1",
            "mode": "onsite",
            "hosts": list(hosts_of("acme-hq")),
            "minutes": 85,
            "planned_minutes": 90,
            "travel_minutes": 20,
            "planned_travel_minutes": 20,
            "note": "",
        },
    )


def _probe(host_id: HostId) -> ProbeRecord:
    at = NOW - timedelta(days=2)
    if host_id == hosts_of("harbour-yard")[-1]:
        cause, hint = "refused: nothing listens on port 22", "is its SSH service running?"
        return ProbeRecord(host_id, HostStatus.UNREACHABLE, None, Stage.CONNECT, cause, hint, at)
    if host_id == hosts_of("harbour-port")[-1]:
        return ProbeRecord(host_id, HostStatus.RIGHT, RIGHT, Stage.FINISHED, "", "", at)
    return ProbeRecord(host_id, HostStatus.STALE, STALE, Stage.FINISHED, "", "", at)


def _wave(ledger: Ledger, host_ids: tuple[HostId, ...], last: tuple[HostStatus, ...], *, close: bool = True) -> None:
    """Push a wave: all verified but the last ones, which end as ``last`` says."""
    wave = ledger.open_wave(CAMPAIGN, host_ids, by=BY)
    ends = [HostStatus.VERIFIED] * (len(host_ids) - len(last)) + list(last)
    leases = ledger.claim(
        CAMPAIGN, host_ids, runner_id=RunnerId("desk:1:1"), step=StepName.APPLY, wave=wave.number, lease_s=60
    )
    ledger.finish([(lease, _outcome(end)) for lease, end in zip(leases, ends, strict=True)])
    if close:
        verdict = f"{len(host_ids)} of {len(host_ids)} verified"
        ledger.close_wave(CAMPAIGN, wave.number, WaveState.PASSED, verdict, by=BY)


def _outcome(status: HostStatus) -> HostOutcome:
    causes = {
        HostStatus.FAILED: ("no space left on the device", "free some space, then: muster retry"),
        HostStatus.UNKNOWN: ("the connection broke after the step had begun", "it is probed before it is pushed again"),
    }
    cause, hint = causes.get(status, ("", ""))
    after = RIGHT if status is HostStatus.VERIFIED else None
    stage = Stage.FINISHED if status is HostStatus.VERIFIED else Stage.COMMAND
    evidence = Evidence(STALE, after, ("tzdata 2026.2",) if after else ())
    return HostOutcome(status, stage, cause, hint, evidence, 12.5, NOW - timedelta(minutes=20))


def make_plan(revision: int, plan_id: str = "plan-1") -> Plan:
    """The plan of the six visits (see the module), and a seventh that nobody could be given."""
    today = datetime(2026, 10, 20, tzinfo=UTC)
    north, yard = hosts_of("acme-north"), hosts_of("harbour-yard")
    visits = (
        _visit("v1", "acme", "acme-hq", hosts_of("acme-hq")),
        _visit("v2", "harbour", "harbour-port", hosts_of("harbour-port")[:-1]),
        _visit("v3", "harbour", "harbour-yard", yard[:4], VisitMode.REMOTE),
        _visit("v4", "acme", "acme-north", north[:6]),
        _visit("v5", "harbour", "harbour-yard", yard[4:7]),
        _visit("v6", "acme", "acme-north", north[6:]),
        _visit("v7", "harbour", "harbour-yard", yard[7:]),
    )
    who = (("v1", "kim", 14), ("v2", "kim", 17), ("v3", "omar", 39), ("v4", "pat", 15), ("v5", "cole", 40))
    assignments = tuple(_assignment(visit, person, today + timedelta(hours=hour)) for visit, person, hour in who)
    later = _assignment("v6", "nia", today + timedelta(days=7, hours=16))
    reason = Reason(
        "skills", "nobody who may go to Edmonton is free before the deadline", "two more hours of Omar Haddad"
    )
    return Plan(
        PlanId(plan_id),
        CAMPAIGN,
        NOW - timedelta(days=1),
        visits,
        (*assignments, later),
        (Unplaced(VisitId("v7"), (reason,)),),
        PlanCost(labour_cents=123_450, travel_cents=20_000, partner_cents=63_000),
        objective=1000.0,
        bound=968.0,
        seed=1,
        ledger_revision=revision,
        solver="test",
    )


def _visit(id_: str, client: str, site: str, host_ids: tuple[HostId, ...], mode: VisitMode = VisitMode.ONSITE) -> Visit:
    skills = frozenset({"linux", "windows"})
    starts = datetime(2026, 10, 19, tzinfo=UTC)
    return Visit(VisitId(id_), ClientId(client), SiteId(site), mode, host_ids, 90, skills, 1, starts, DEADLINE)


def _assignment(visit: str, person: str, starts: datetime) -> Assignment:
    return Assignment(VisitId(visit), PersonId(person), starts, starts + timedelta(minutes=90), 20)
