"""A small company with two clients, a partner and a binding plan: for what is made for people from plans."""

from datetime import UTC, datetime, time, timedelta
from types import MappingProxyType
from zoneinfo import ZoneInfo

from muster.campaign import Campaign
from muster.crew import Crew, Engineer, Partner, Shift
from muster.fleet import AccessWindow, Client, Fleet, Host, OsFamily, Site
from muster.ids import CampaignId, ClientId, FixName, HostId, PartnerId, PersonId, PlanId, SiteId, VisitId
from muster.plan import Assignment, Plan, PlanCost, Visit, VisitMode

NEW_YORK, PARIS = "America/New_York", "Europe/Paris"
NOW = datetime(2026, 10, 30, 12, tzinfo=UTC)
DEADLINE = datetime(2026, 11, 10, 22, tzinfo=UTC)
TZ = CampaignId("tz")
OPEN = tuple(AccessWindow(day, time(9), time(17)) for day in range(6))


def campaign() -> Campaign:
    """Two weeks in autumn, with a clock change in the middle."""
    return Campaign(
        TZ,
        "Clocks that stay right",
        FixName("tzdata"),
        DEADLINE,
        timezone=NEW_YORK,
        reason="Your computers must learn the new rules for summer time, or their clocks will be an hour wrong.",
        parameters=MappingProxyType({}),
    )


def fleet() -> Fleet:
    """A dentist in New York with two places, and a law office in Paris whose people speak French."""
    clients = (
        Client(ClientId("dental"), "Harbour Dental Group", "office@dental.example"),
        Client(ClientId("law"), "Cabinet Moreau", "cabinet@moreau.example"),
    )
    sites = (
        Site(SiteId("front"), ClientId("dental"), "Front Street", NEW_YORK, address="12 Front Street", access=OPEN),
        Site(SiteId("mill"), ClientId("dental"), "Mill Road", NEW_YORK, address="4 Mill Road", access=OPEN),
        Site(SiteId("rivoli"), ClientId("law"), "Rue de Rivoli", PARIS, address="8 rue de Rivoli", language="fr"),
    )
    hosts = tuple(
        Host(HostId(f"{site}{n}"), SiteId(site), f"{site}-{n:02d}", f"10.{place}.0.{n}", role=role, os=family,
             os_version="Windows 11" if family is OsFamily.WINDOWS else "Debian 12")
        for place, site in enumerate(("front", "mill", "rivoli"))
        for n, role, family in ((1, "server", OsFamily.LINUX), (2, "workstation", OsFamily.WINDOWS),
                                (3, "workstation", OsFamily.WINDOWS))
    )  # fmt: skip
    return Fleet(clients, sites, hosts)


def crew() -> Crew:
    """Two of our own, and one of a partner."""
    shifts = tuple(Shift(day, time(8), time(17)) for day in range(6))
    skills = frozenset({"linux", "windows"})
    return Crew(
        (
            Engineer(PersonId("kim"), "Kim Lee", NEW_YORK, shifts, skills, email="kim@us.example"),
            Engineer(PersonId("zoe"), "Zoé Petit", PARIS, shifts, skills, email="zoe@us.example"),
            Engineer(PersonId("pat"), "Pat Doe", NEW_YORK, shifts, skills, PartnerId("isle")),
        ),
        (Partner(PartnerId("isle"), "Island Networks", "work@isle.example"),),
    )


def local(zone: str, day: int, hour: int, minute: int = 0, *, month: int = 10) -> datetime:
    """A local time in autumn 2026, as UTC."""
    return datetime(2026, month, day, hour, minute, tzinfo=ZoneInfo(zone)).astimezone(UTC)


def plan() -> Plan:
    """Kim at Front Street before and after the clock change, Pat at Mill Road, Zoé remotely in Paris."""
    rows = (
        ("v1", "front", VisitMode.ONSITE, ("front1",), "kim", local(NEW_YORK, 31, 9)),
        ("v2", "front", VisitMode.ONSITE, ("front2", "front3"), "kim", local(NEW_YORK, 2, 9, month=11)),
        ("v3", "mill", VisitMode.ONSITE, ("mill1", "mill2", "mill3"), "pat", local(NEW_YORK, 31, 10)),
        ("v4", "rivoli", VisitMode.REMOTE, ("rivoli1", "rivoli2", "rivoli3"), "zoe", local(PARIS, 3, 14, month=11)),
    )
    where = fleet()
    visits = tuple(
        Visit(VisitId(id_), where.site[SiteId(site)].client_id, SiteId(site), mode, tuple(HostId(h) for h in hosts), 90,
              frozenset({"linux"}), 3, NOW, DEADLINE)
        for id_, site, mode, hosts, _, _ in rows
    )  # fmt: skip
    assignments = tuple(
        Assignment(
            VisitId(id_), PersonId(person), at, at + timedelta(minutes=90), 25 if mode is VisitMode.ONSITE else 0
        )
        for id_, _, mode, _, person, at in rows
    )
    return Plan(PlanId("p1"), TZ, NOW, visits, assignments, (), PlanCost(), 0.0, None, 0, 1, "test")
