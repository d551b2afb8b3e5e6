"""A small campaign of four clients whose plan binds and whose clients were told; made once, copied for each test."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from flows.planning import dispatch_plan, make_plan
from flows.services import services_of
from muster.ids import HostId, PersonId, VisitId
from muster.outcomes import HostStatus
from muster.plan import Plan
from muster.wiring import Wired
from tests.muster import worlds
from tests.muster.worlds import SPRING, bring_in, enrol, services_in, standing_at

NOW = datetime(2027, 3, 1, 15, tzinfo=UTC)
"""Monday, 07:00 in Vancouver."""

CLIENTS = ("acme", "borg", "core", "dana")


def clients_csv(names: Sequence[str]) -> str:
    return "id,name,email\n" + "".join(f"{one},{one.title()},it@{one}.example\n" for one in names)


def sites_csv(names: Sequence[str]) -> str:
    head = "id,client_id,name,timezone,latitude,longitude,access\n"
    return head + "".join(
        f"{one}-hq,{one},Head office,America/Vancouver,49.2{n},-123.1{n},Mon-Fri 08:00-17:00\n"
        for n, one in enumerate(names)
    )


def hosts_csv(names: Sequence[str], each: int = 4, os: str = "linux") -> str:
    head = "id,site_id,name,address,os,transport\n"
    return head + "".join(
        f"{one}{n},{one}-hq,pc{n},127.0.0.{n},{os},none\n" for one in names for n in range(1, each + 1)
    )


TABLES = {
    "clients": clients_csv(CLIENTS),
    "sites": sites_csv(CLIENTS),
    "hosts": hosts_csv(CLIENTS),
    "crew": """id,name,email,timezone,shifts,skills,rate_per_hour,home_latitude,home_longitude
anna,Anna,anna@us.example,America/Vancouver,Mon-Fri 08:00-16:00,linux,60,49.20,-123.10
ben,Ben,ben@us.example,America/Vancouver,Mon-Fri 08:00-16:00,linux,60,49.23,-123.13
cara,Cara,cara@us.example,America/Vancouver,Mon-Fri 08:00-16:00,linux,90,49.23,-123.13
""",
}
CAMPAIGN = """
id: spring
name: Spring
fix: tzdata
deadline: 2027-03-05 18:00
timezone: America/Vancouver
reason: Your clocks must learn the new rules.
parameters: {instants: ["2027-03-14T12:00:00Z"]}
effort: {onsite_minutes_per_host: 20, setup_minutes: 20}
"""


def build(folder: Path) -> None:
    """The workspace, its plan dispatched."""
    standing_at(folder, NOW, solve_seconds=0.3, company="Clockworks")
    bring_in(folder, CAMPAIGN, TABLES)
    ids = enrol(folder)
    with services_in(folder) as services:
        answer(services, ids, HostStatus.UNREACHABLE)
        dispatch_plan(services, make_plan(services, SPRING, seconds=0.5, seed=0).id, by="test")
    services_of.cache_clear()


def answer(services: Wired, ids: Sequence[HostId], status: HostStatus) -> None:
    """A probe of hosts, answered now."""
    worlds.answer(services, dict.fromkeys(ids, status))


def binding(services: Wired) -> Plan:
    """The plan that binds."""
    found = services.ledger.dispatched(SPRING)
    assert found is not None
    return services.ledger.plan(found.plan_id)


def placed(plan: Plan) -> dict[VisitId, tuple[PersonId, datetime, datetime]]:
    """Who is where, from when to when."""
    return {one.visit_id: (one.person_id, one.starts_at, one.ends_at) for one in plan.assignments}
