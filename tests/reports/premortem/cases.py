"""Campaigns to put the rules to."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

from muster.campaign import Campaign, PlanningPolicy
from muster.crew import Absence, Crew, Engineer, Shift
from muster.fleet import Client, Fleet, Host, OsFamily, Site
from muster.ids import CampaignId, ClientId, FixName, HostId, PartnerId, PersonId, PlanId, SiteId, VisitId
from muster.outcomes import HostStatus, Stage
from muster.plan import Assignment, Plan, PlanCost, Reason, Unplaced, Visit, VisitMode
from muster.records import HostState
from muster.safety import BackupRule, GatePolicy, Readiness
from reports.premortem.case import Case, kind_of

NOW = datetime(2026, 10, 19, 15, tzinfo=UTC)
DEADLINE = datetime(2026, 11, 6, 23, tzinfo=UTC)
ZONE = "America/New_York"
SHIFTS = tuple(Shift(day, time(8), time(17)) for day in range(5))
LINUX = frozenset({"linux"})


def engineer(name: str, **more: object) -> Engineer:
    """Somebody who works on weekdays."""
    made = Engineer(PersonId(name.lower()), name, ZONE, SHIFTS, LINUX)
    return replace(made, **more)  # type: ignore[arg-type]


def host(number: int, *, site: str = "hq", **more: object) -> Host:
    """A machine."""
    made = Host(HostId(f"h{number}"), SiteId(site), f"h{number}", f"10.0.0.{number}", os_version="Debian 12")
    return replace(made, **more)  # type: ignore[arg-type]


def visit(number: int, host_ids: tuple[str, ...], **more: object) -> Visit:
    """A visit at the head office."""
    made = Visit(
        VisitId(f"v{number}"),
        ClientId("acme"),
        SiteId("hq"),
        VisitMode.ONSITE,
        tuple(HostId(one) for one in host_ids),
        60,
        LINUX,
        3,
        NOW,
        DEADLINE,
    )
    return replace(made, **more)  # type: ignore[arg-type]


def at(number: int, starts: datetime, *, person: str = "ann", hours: float = 1) -> Assignment:
    """A visit's time."""
    return Assignment(VisitId(f"v{number}"), PersonId(person), starts, starts + timedelta(hours=hours))


def plan_of(visits: tuple[Visit, ...], assignments: tuple[Assignment, ...]) -> Plan:
    """A plan; visits without a time are left out of it."""
    placed = {one.visit_id for one in assignments}
    left = tuple(Unplaced(one.id, (Reason("skills", "nobody", ""),)) for one in visits if one.id not in placed)
    return Plan(PlanId("p"), CampaignId("c"), NOW, visits, assignments, left, PlanCost(), 0, None, 0, 1, "test")


EVENING = datetime(2026, 10, 21, 22, 30, tzinfo=UTC)
"""18:30 in New York, on a Wednesday."""


def good() -> Case:
    """A campaign to which no rule has anything to say."""
    hosts = (host(1), host(2), host(3))
    fleet = Fleet(
        (Client(ClientId("acme"), "Acme", "office@acme.example"),),
        (Site(SiteId("hq"), ClientId("acme"), "Head office", ZONE),),
        hosts,
    )
    gates = GatePolicy(readiness=Readiness(backup=BackupRule(24, "/b/*", "C:\\b\\*")))
    states = tuple(state(one) for one in hosts)
    return Case(
        Campaign(CampaignId("c"), "Winter", FixName("tzdata"), DEADLINE, reason="Clocks change.", gates=gates),
        fleet,
        Crew((engineer("Ann"), engineer("Bob"))),
        states,
        plan_of((visit(1, ("h1", "h2", "h3")),), (at(1, EVENING),)),
        NOW,
        told=frozenset({VisitId("v1")}),
        rollback=frozenset({OsFamily.LINUX, OsFamily.WINDOWS}),
        tried=frozenset(kind_of(one, fleet) for one in hosts),
    )


def state(one: Host, status: HostStatus = HostStatus.STALE) -> HostState:
    """Where a host stands."""
    return HostState(one.id, status, Stage.FINISHED, "", "", 0, 0, 0, None, None, None, None, None, NOW)


def with_hosts(case: Case, *hosts: Host, status: HostStatus = HostStatus.STALE) -> Case:
    """With further machines that need the fix."""
    fleet = replace(case.fleet, hosts=(*case.fleet.hosts, *hosts))
    return replace(case, fleet=fleet, hosts=(*case.hosts, *(state(one, status) for one in hosts)))


def with_client(case: Case, **more: object) -> Case:
    """With another client."""
    (client,) = case.fleet.clients
    return replace(case, fleet=replace(case.fleet, clients=(replace(client, **more),)))  # type: ignore[arg-type]


def with_planning(case: Case, **more: object) -> Case:
    """With another policy."""
    return replace(case, campaign=replace(case.campaign, planning=PlanningPolicy(**more)))  # type: ignore[arg-type]


def away(name: str, first: datetime, days: int) -> Engineer:
    """Somebody who is not there."""
    return engineer(name, absences=(Absence(first, first + timedelta(days=days)),))


def of_partner(name: str, partner: str) -> Engineer:
    """A partner's person."""
    return engineer(name, partner_id=PartnerId(partner))
