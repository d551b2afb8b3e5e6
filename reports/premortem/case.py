"""What the rules of the premortem look at: one campaign as it is planned, read at one time."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from types import MappingProxyType
from zoneinfo import ZoneInfo

from muster.campaign import Campaign
from muster.crew import Crew
from muster.fleet import Fleet, Host, OsFamily, Site
from muster.ids import ClientId, HostId, PartnerId, SiteId, VisitId
from muster.outcomes import HostStatus
from muster.plan import Assignment, Plan, Visit
from muster.ports import Ledger
from muster.records import HostState
from reports.record import CampaignRecord
from scheduler.kinds import is_server

Kind = tuple[str, str, str, str]
"""What makes hosts alike: family, version, role, what sort of place they stand in; as waves have it."""


@dataclass(frozen=True)
class Case:
    """A campaign before it starts.

    Attributes:
        plan: the one that is looked at; None where there is none yet.
        rivals: clients that a partner competes with.
        told: visits that their client has been told of.
        rollback: families that the fix can take back.
        tried: kinds of which a host was verified with this fix, in any campaign.
    """

    campaign: Campaign
    fleet: Fleet
    crew: Crew
    hosts: tuple[HostState, ...]
    plan: Plan | None
    now: datetime
    rivals: Mapping[PartnerId, frozenset[ClientId]] = field(default_factory=lambda: MappingProxyType({}))
    told: frozenset[VisitId] = frozenset()
    rollback: frozenset[OsFamily] = frozenset()
    tried: frozenset[Kind] = frozenset()

    @cached_property
    def todo(self) -> tuple[Host, ...]:
        """Hosts that are not protected yet."""
        return tuple(self.fleet.host[one.host_id] for one in self.hosts if not one.status.protected)

    @cached_property
    def status(self) -> dict[HostId, HostStatus]:
        """Where each host stands."""
        return {one.host_id: one.status for one in self.hosts}

    @cached_property
    def desks(self) -> dict[SiteId, frozenset[HostId]]:
        """The machines at which people sit, by site: all but the servers."""
        found: dict[SiteId, set[HostId]] = {}
        for host in self.fleet.hosts:
            if not is_server(host):
                found.setdefault(host.site_id, set()).add(host.id)
        return {site_id: frozenset(ids) for site_id, ids in found.items()}

    @cached_property
    def assignments(self) -> tuple[Assignment, ...]:
        """What is planned, in order of time."""
        return tuple(sorted(self.plan.assignments, key=lambda one: one.starts_at)) if self.plan else ()

    @cached_property
    def clients(self) -> tuple[ClientId, ...]:
        """Clients with hosts that are not protected yet."""
        return tuple(dict.fromkeys(self.fleet.site[host.site_id].client_id for host in self.todo))

    def visit(self, assignment: Assignment) -> Visit:
        """What is done."""
        if self.plan is None:
            raise ValueError("without a plan nothing is assigned")
        return self.plan.visit[assignment.visit_id]

    def site(self, assignment: Assignment) -> Site:
        """Where."""
        return self.fleet.site[self.visit(assignment).site_id]

    def local(self, at: datetime, site: Site) -> datetime:
        """An instant as a site's clock shows it."""
        return at.astimezone(ZoneInfo(site.timezone))

    def kind(self, host: Host) -> Kind:
        """Its kind."""
        return kind_of(host, self.fleet)


def kind_of(host: Host, fleet: Fleet) -> Kind:
    """What makes hosts alike, for a canary and for experience."""
    return (host.os.value, host.os_version, host.role, fleet.site[host.site_id].kind)


def kind_name(kind: Kind) -> str:
    """A kind in words."""
    return " ".join(part for part in kind if part)


def tried_kinds(ledger: Ledger, campaign: Campaign, fleet: Fleet) -> frozenset[Kind]:
    """Kinds of which a host was verified with this campaign's fix, in any campaign of the ledger."""
    same = [one.id for one in ledger.campaigns() if one.fix == campaign.fix]
    verified = {
        attempt.host_id
        for campaign_id in same
        for attempt in ledger.attempts(campaign_id)
        if attempt.outcome is not None and attempt.outcome.status is HostStatus.VERIFIED
    }
    return frozenset(kind_of(fleet.host[host_id], fleet) for host_id in verified if host_id in fleet.host)


def case_of(
    record: CampaignRecord,
    *,
    plan: Plan | None,
    rivals: Mapping[PartnerId, frozenset[ClientId]],
    told: Iterable[VisitId],
    rollback: Iterable[OsFamily],
    tried: frozenset[Kind],
) -> Case:
    """The case of a campaign's record."""
    return Case(
        campaign=record.campaign,
        fleet=record.fleet,
        crew=record.crew,
        hosts=tuple(one for one in record.hosts if one.host_id in record.fleet.host),
        plan=plan,
        now=record.now,
        rivals=rivals,
        told=frozenset(told),
        rollback=frozenset(rollback),
        tried=tried,
    )
