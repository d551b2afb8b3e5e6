"""A small campaign for tests: Vancouver, autumn 2026, two clients, three sites, own people and a partner."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

from muster.campaign import Campaign, EffortPolicy
from muster.crew import Agreement, Crew, Engineer, Partner, Shift, Vetting
from muster.fleet import AccessWindow, Client, Fleet, Host, OsFamily, Place, Site, TransportName
from muster.ids import CampaignId, ClientId, FixName, HostId, PartnerId, PersonId, SiteId
from muster.outcomes import HostStatus, Stage
from muster.records import HostState
from scheduler.build import World
from scheduler.estimate import effort_model

NOW = datetime(2026, 10, 19, 15, 0, tzinfo=UTC)
"""Monday, 08:00 in Vancouver."""

DEADLINE = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)
VANCOUVER = "America/Vancouver"
DAYTIME = tuple(Shift(weekday, time(8), time(16)) for weekday in range(5))
OFFICE_HOURS = tuple(AccessWindow(weekday, time(9), time(17)) for weekday in range(5))


def fleet(hosts_per_site: int = 3) -> Fleet:
    """Two clients; acme has two sites, borg one that lets people in during office hours only."""
    clients = (
        Client(ClientId("acme"), "Acme", priority=1),
        Client(ClientId("borg"), "Borg", priority=3, partners_allowed=False),
    )
    sites = (
        Site(SiteId("acme-hq"), ClientId("acme"), "Head office", VANCOUVER, "west", place=Place(49.28, -123.12)),
        Site(SiteId("acme-lab"), ClientId("acme"), "Lab", VANCOUVER, "west", place=Place(49.17, -123.14)),
        Site(
            SiteId("borg"),
            ClientId("borg"),
            "Borg",
            VANCOUVER,
            "north",
            place=Place(49.32, -123.07),
            access=OFFICE_HOURS,
        ),
    )
    hosts = tuple(host(site, number) for site in sites for number in range(hosts_per_site))
    return Fleet(clients, sites, hosts)


def host(site: Site, number: int) -> Host:
    """Every third machine runs Windows."""
    windows = number % 3 == 2
    return Host(
        HostId(f"{site.id}-{number}"),
        site.id,
        f"{site.id}-{number}",
        f"10.0.0.{number}",
        os=OsFamily.WINDOWS if windows else OsFamily.LINUX,
        transport=TransportName.WINRM if windows else TransportName.SSH,
    )


def engineer(name: str, **changes: object) -> Engineer:
    """Somebody who lives in Vancouver and works nine to five less an hour."""
    person = Engineer(
        PersonId(name.lower()),
        name,
        VANCOUVER,
        DAYTIME,
        frozenset({"linux", "windows"}),
        home=Place(49.25, -123.1),
        region="west",
    )
    return replace(person, **changes)  # type: ignore[arg-type]


def partner(name: str = "north", **changes: object) -> Partner:
    """A partner that was vetted and has signed, for the whole autumn."""
    good = Partner(
        PartnerId(name),
        name.title(),
        vetting=Vetting(passed=True, judged_by="board", judged_on=date(2026, 9, 1), valid_until=date(2026, 12, 31)),
        agreement=Agreement(signed_on=date(2026, 9, 1), valid_until=date(2026, 12, 31)),
    )
    return replace(good, **changes)  # type: ignore[arg-type]


def campaign(**changes: object) -> Campaign:
    """The campaign of the demo."""
    plain = Campaign(CampaignId("vancouver"), "Vancouver", FixName("tzdata"), DEADLINE, effort=EffortPolicy())
    return replace(plain, **changes)  # type: ignore[arg-type]


def states(of: Fleet, status: HostStatus = HostStatus.STALE, **other: HostStatus) -> tuple[HostState, ...]:
    """Every host as it stands; ``other`` by host id with underscores for dashes."""
    return tuple(state(h.id, other.get(h.id.replace("-", "_"), status)) for h in of.hosts)


def state(host_id: HostId, status: HostStatus) -> HostState:
    """One host, not touched yet."""
    return HostState(host_id, status, Stage.FINISHED, "", "", 0, 0, 0, None, None, None, None, None, NOW)


def world(people: Iterable[Engineer] = (), partners: Iterable[Partner] = (), **changes: object) -> World:
    """Everything together; Anna works alone if nobody is named."""
    made = World(
        campaign=campaign(),
        fleet=fleet(),
        crew=Crew(tuple(people) or (engineer("Anna"),), tuple(partners)),
        effort=effort_model(EffortPolicy()),
        now=NOW,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def local(year: int, month: int, day: int, hour: int, minute: int = 0, zone: str = "UTC") -> datetime:
    """An instant by its offset: only ``UTC`` and fixed hours such as ``-7`` are understood, no zone data."""
    hours = 0 if zone == "UTC" else int(zone)
    return datetime(year, month, day, hour, minute, tzinfo=UTC) - timedelta(hours=hours)
