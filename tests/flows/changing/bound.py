"""A small campaign of four clients whose plan binds and whose clients were told; made once, copied for each test."""

import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from flows.planning import dispatch_plan, make_plan
from flows.services import services_of
from inventory.read import read_files
from muster.cli.workspace import Workspace
from muster.crew import Crew
from muster.fleet import Fleet
from muster.ids import CampaignId, HostId, PersonId, VisitId
from muster.outcomes import Finding, HostStatus, Stage, Verdict
from muster.plan import Plan
from muster.records import ProbeRecord
from muster.wiring import Wired

SPRING = CampaignId("spring")
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


def standing_at(folder: Path, at: datetime) -> None:
    """Set the clock of a workspace; its services are opened anew."""
    shift = (at - datetime.now(UTC)).total_seconds()
    (folder / "muster.yml").write_text(f"solve_seconds: 0.3\nclock_shift_s: {shift:.0f}\ncompany: Clockworks\n")
    services_of.cache_clear()


def build(folder: Path) -> None:
    """The workspace, its plan dispatched."""
    standing_at(folder, NOW)
    (folder / "campaign.yml").write_text(CAMPAIGN)
    for name, text in TABLES.items():
        (folder / f"{name}.csv").write_text(text)
    opened = Workspace(folder)
    services = opened.services
    found = read_files([folder / f"{name}.csv" for name in TABLES], known=Fleet(), known_crew=Crew())
    services.ledger.save_inventory(found.fleet, found.crew, by="test")
    file = opened.campaign_file()
    services.ledger.open_campaign(file.campaign, file.hosts_of(services.ledger.fleet()), by="test")
    answer(services, file.hosts_of(services.ledger.fleet()), HostStatus.UNREACHABLE)
    dispatch_plan(services, make_plan(services, SPRING, seconds=0.5, seed=0).id, by="test")
    opened.close()
    services_of.cache_clear()


def copied(made: Path, folder: Path) -> Path:
    """A copy that stands at ``NOW``."""
    shutil.copytree(made, folder, dirs_exist_ok=True)
    standing_at(folder, NOW)
    return folder


def answer(services: Wired, ids: Sequence[HostId], status: HostStatus) -> None:
    """A probe of hosts, answered now."""
    finding = Finding(Verdict.RIGHT, "it is right", ()) if status is HostStatus.RIGHT else None
    at = services.clock.now()
    services.ledger.begin_probes(SPRING, ids, by="test")
    services.ledger.record_probes(
        SPRING, [ProbeRecord(one, status, finding, Stage.FINISHED, "", "", at) for one in ids], by="test"
    )


def binding(services: Wired) -> Plan:
    """The plan that binds."""
    found = services.ledger.dispatched(SPRING)
    assert found is not None
    return services.ledger.plan(found.plan_id)


def placed(plan: Plan) -> dict[VisitId, tuple[PersonId, datetime, datetime]]:
    """Who is where, from when to when."""
    return {one.visit_id: (one.person_id, one.starts_at, one.ends_at) for one in plan.assignments}
