"""From hosts that need work to visits: grouped by site and mode, split where they are too long, with steady ids."""

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from functools import cached_property
from itertools import pairwise
from types import MappingProxyType

from muster.campaign import PlanningPolicy
from muster.crew import Crew, Engineer
from muster.fleet import Client, Fleet, Host, OsFamily, Site, TransportName
from muster.ids import ClientId, HostId, PersonId, SiteId, VisitId
from muster.outcomes import HostStatus
from muster.plan import Visit, VisitMode
from muster.records import HostState
from muster.safety import GatePolicy
from scheduler.estimate import EffortModel
from scheduler.kinds import is_server, kinds_of
from scheduler.localtime import instant, zone
from scheduler.skills import SPEAKS
from scheduler.touching import touch_rules

ONSITE_STATUSES = frozenset({HostStatus.UNREACHABLE, HostStatus.UNSUPPORTED})
"""Nobody gets at these from afar."""


@dataclass(frozen=True)
class VisitMaker:
    """What visits are made with.

    Attributes:
        earliest, latest: aware; the span of every visit, usually now and the campaign's deadline.
        crew: whoever may be sent; only asked whether one person can do Linux and Windows in one go.
        preferred: people a client knows already; used where the client names none itself.
        everybody: the whole crew: people who serve chosen clients only are excluded elsewhere.
        policy: which sites go first, and whether servers do.
        gates: when machines may be touched; those with other hours have visits of their own.
    """

    fleet: Fleet
    effort: EffortModel
    earliest: datetime
    latest: datetime
    crew: Sequence[Engineer] = ()
    preferred: Mapping[ClientId, tuple[PersonId, ...]] = field(default_factory=lambda: MappingProxyType({}))
    everybody: Crew = field(default_factory=Crew)
    policy: PlanningPolicy = field(default_factory=PlanningPolicy)
    gates: GatePolicy = field(default_factory=GatePolicy)

    def visits(self, states: Iterable[HostState], keep: Iterable[Visit] = ()) -> tuple[Visit, ...]:
        """The visits that the hosts need, in order of their ids.

        A host that stands in a visit of ``keep`` and still needs the same kind of work stays in it, so that a promise
        keeps its id; a kept visit without such hosts is gone. The same input gives the same visits.
        """
        needed = self._needed(states)
        kept = [v for v in (self._kept(visit, needed) for visit in keep) if v is not None]
        settled = {host_id for visit in kept for host_id in visit.host_ids}
        taken = {visit.id for visit in kept}
        made: list[Visit] = []
        for (site_id, mode), hosts in self._grouped(needed, settled).items():
            made += self._of_site(self.fleet.site[site_id], mode, hosts, taken)
        return tuple(sorted(self._in_order([*kept, *made]), key=lambda visit: _natural(visit.id)))

    def _in_order(self, visits: Sequence[Visit]) -> Sequence[Visit]:
        """Where servers go first, the other visits of their site wait for theirs."""
        if not self.policy.servers_first:
            return [replace(visit, after=()) if visit.after else visit for visit in visits]
        servers: dict[SiteId, list[VisitId]] = {}
        for visit in visits:
            if self._only_servers(visit):
                servers.setdefault(visit.site_id, []).append(visit.id)
        return [
            replace(visit, after=() if self._only_servers(visit) else tuple(servers.get(visit.site_id, ())))
            for visit in visits
        ]

    def _only_servers(self, visit: Visit) -> bool:
        return all(is_server(self.fleet.host[host_id]) for host_id in visit.host_ids)

    def _needed(self, states: Iterable[HostState]) -> dict[HostId, VisitMode]:
        """Everything that is not protected yet: a host that nobody has asked counts as needing work."""
        return {
            state.host_id: mode_of(self.fleet.host[state.host_id], state.status)
            for state in states
            if not state.status.protected and state.host_id in self.fleet.host
        }

    def _kept(self, visit: Visit, needed: Mapping[HostId, VisitMode]) -> Visit | None:
        host_ids = tuple(host_id for host_id in visit.host_ids if needed.get(host_id) is visit.mode)
        if not host_ids:
            return None
        hosts = [self.fleet.host[host_id] for host_id in host_ids]
        minutes = self.effort.minutes(visit.mode, kinds_of(hosts))
        now = self._visit(visit.id, self.fleet.site[visit.site_id], visit.mode, hosts)
        return replace(now, effort_minutes=minutes)

    def _grouped(
        self, needed: Mapping[HostId, VisitMode], settled: set[HostId]
    ) -> dict[tuple[SiteId, VisitMode], list[Host]]:
        groups: dict[tuple[SiteId, VisitMode], list[Host]] = {}
        for host_id in sorted(needed.keys() - settled):
            host = self.fleet.host[host_id]
            groups.setdefault((host.site_id, needed[host_id]), []).append(host)
        return dict(sorted(groups.items()))

    def _of_site(self, site: Site, mode: VisitMode, hosts: Sequence[Host], taken: set[VisitId]) -> list[Visit]:
        visits = []
        for apart in self._by_turn(hosts):
            for together in self._alike(site, mode, apart):
                for part in self._split(mode, together):
                    visit_id = _free_id(site, mode, taken)
                    taken.add(visit_id)
                    visits.append(self._visit(visit_id, site, mode, part))
        return visits

    def _by_turn(self, hosts: Sequence[Host]) -> list[list[Host]]:
        """Servers apart from the rest, where they go first."""
        if not self.policy.servers_first:
            return [list(hosts)]
        groups = [[host for host in hosts if is_server(host) is first] for first in (True, False)]
        return [group for group in groups if group]

    def _alike(self, site: Site, mode: VisitMode, hosts: Sequence[Host]) -> Iterator[list[Host]]:
        """Hosts that one person can see to in one go: by skill, and from afar by the hours of their machines."""
        for group in self._by_skill(mode, hosts):
            by_hours: dict[Hashable, list[Host]] = {}
            for host in group:
                key = touch_rules(host, site, self.gates) if mode is VisitMode.REMOTE else None
                by_hours.setdefault(key, []).append(host)
            yield from by_hours.values()

    def _by_skill(self, mode: VisitMode, hosts: Sequence[Host]) -> list[list[Host]]:
        """One group per family; on site all in one where somebody has every skill, because travel is paid once."""
        skills = skills_for(hosts)
        if mode is VisitMode.ONSITE and (len(skills) < 2 or any(skills <= person.skills for person in self.crew)):
            return [sorted(hosts, key=lambda host: (host.os, host.id))]
        return [[host for host in hosts if host.os is family] for family in OsFamily if family in _families(hosts)]

    def _split(self, mode: VisitMode, hosts: Sequence[Host]) -> list[Sequence[Host]]:
        """Parts of nearly equal size, each within the campaign's longest visit where one host alone is."""
        parts = 1
        while parts < len(hosts):
            pieces = _pieces(hosts, parts)
            if all(self.effort.minutes(mode, kinds_of(p)) <= self.effort.policy.max_visit_minutes for p in pieces):
                break
            parts += 1
        return _pieces(hosts, parts)

    def _visit(self, visit_id: VisitId, site: Site, mode: VisitMode, hosts: Sequence[Host]) -> Visit:
        client, onsite = self.fleet.client[site.client_id], mode is VisitMode.ONSITE
        earliest, latest = self._span(site)
        spoken = frozenset({f"{SPEAKS}{site.language}"} if onsite and site.language else ())
        return Visit(
            id=visit_id,
            client_id=client.id,
            site_id=site.id,
            mode=mode,
            host_ids=tuple(host.id for host in hosts),
            effort_minutes=self.effort.minutes(mode, kinds_of(hosts)),
            skills=skills_for(hosts) | spoken,
            priority=client.priority,
            earliest=earliest,
            latest=latest,
            preferred=client.preferred or self.preferred.get(client.id, ()),
            excluded=self._excluded(client),
            people=site.people if onsite else 1,
        )

    def _excluded(self, client: Client) -> tuple[PersonId, ...]:
        """Whom the client does not want, and who serves other clients only."""
        elsewhere = (p.id for p in self.choosy if client.id not in p.clients)
        return tuple(dict.fromkeys((*client.excluded, *elsewhere)))

    @cached_property
    def choosy(self) -> tuple[Engineer, ...]:
        """The people who serve chosen clients only."""
        return tuple(person for person in self.everybody.engineers if person.clients)

    def _span(self, site: Site) -> tuple[datetime, datetime]:
        """From when until when a visit may be: the site's own dates, and whose turn it is."""
        local, until = zone(site.timezone), self.policy.canary_until
        earliest, latest = [self.earliest], [self.latest]
        if site.not_before is not None:
            earliest.append(instant(site.not_before, time(), local))
        if site.not_after is not None:
            latest.append(instant(site.not_after + timedelta(days=1), time(), local))
        if until is not None and until > self.earliest:
            (latest if site.id in self.policy.canary_sites else earliest).append(until)
        return max(earliest), min(latest)


def mode_of(host: Host, status: HostStatus) -> VisitMode:
    """Whether somebody must travel: for what cannot be reached, cannot be fixed from afar, or has no transport."""
    if host.transport is TransportName.NONE or status in ONSITE_STATUSES:
        return VisitMode.ONSITE
    return VisitMode.REMOTE


def skills_for(hosts: Iterable[Host]) -> frozenset[str]:
    """The skills that these hosts ask for; a family that no fix knows asks for none."""
    return frozenset(host.os.value for host in hosts if host.os is not OsFamily.OTHER)


def _families(hosts: Iterable[Host]) -> Counter[OsFamily]:
    return Counter(host.os for host in hosts)


def _pieces(hosts: Sequence[Host], parts: int) -> list[Sequence[Host]]:
    cuts = [len(hosts) * part // parts for part in range(parts + 1)]
    return [hosts[first:last] for first, last in pairwise(cuts)]


def _free_id(site: Site, mode: VisitMode, taken: set[VisitId]) -> VisitId:
    number = 1
    while (visit_id := VisitId(f"V-{site.id}-{mode.value}-{number}")) in taken:
        number += 1
    return visit_id


def _natural(visit_id: VisitId) -> tuple[str, int]:
    stem, _, number = visit_id.rpartition("-")
    return (stem, int(number)) if number.isdigit() else (visit_id, 0)
