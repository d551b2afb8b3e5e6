"""What is known, in memory: the fleet, the crew, plans, waves, and where every host stands.

A page must not read 100,000 rows to show twelve. So the rows are read once, and then only those that events have moved:
``refresh`` asks the ledger for its newest revision (one look-up in an index) and reads what moved since. Everybody who
looks shares it; the truth stays in the ledger, and a page that is made after a commit shows that commit.

Whatever is handed out is immutable, or a copy.
"""

import threading
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ledger.kinds import Kind
from ledger.portal_reads import Moved, hosts_now, moved_since
from muster.campaign import Campaign
from muster.clock import Clock
from muster.crew import Crew
from muster.errors import NotFound
from muster.fleet import Fleet
from muster.ids import CampaignId, HostId, PlanId, SiteId, VisitId
from muster.outcomes import HostStatus
from muster.plan import Assignment, Plan
from muster.ports import Ledger
from muster.records import DispatchedPlan, HostState, Stop, WaveRow

PLANS_KEPT = 8
_CAMPAIGN_KINDS = {
    Kind.CAMPAIGN_OPENED,
    Kind.CAMPAIGN_CHANGED,
    Kind.PLAN_DISPATCHED,
    Kind.PLAN_SAVED,
    Kind.STOPPED,
    Kind.RESUMED,
    Kind.WAVE_OPENED,
    Kind.WAVE_CLOSED,
}
_ALL_HOSTS = {Kind.HOSTS_ENROLLED, Kind.PLAN_DISPATCHED}
_HOST_KINDS = {Kind.PROBED, Kind.CLAIMED, Kind.FINISHED, Kind.RECOVERED, Kind.EXPLAINED}


@dataclass(frozen=True)
class CampaignNow:
    """One campaign as it stands, its hosts apart."""

    campaign: Campaign
    stop: Stop | None
    dispatched: DispatchedPlan | None
    waves: tuple[WaveRow, ...]
    plan_ids: tuple[PlanId, ...]


@dataclass
class _Hosts:
    """Where the hosts of one campaign stand, and how many stand where."""

    states: dict[HostId, HostState]
    by_status: Counter[HostStatus] = field(default_factory=Counter)
    by_site: dict[SiteId, Counter[HostStatus]] = field(default_factory=lambda: defaultdict(Counter))
    by_visit: dict[VisitId, Counter[HostStatus]] = field(default_factory=lambda: defaultdict(Counter))

    def count(self, state: HostState, site_id: SiteId | None, by: int) -> None:
        """Add a host to the counts, or (with -1) take it out."""
        self.by_status[state.status] += by
        if site_id is not None:
            self.by_site[site_id][state.status] += by
        if state.visit_id is not None:
            self.by_visit[state.visit_id][state.status] += by


class Reading:
    """What is known, as of the newest event that ``refresh`` saw; safe to share between threads."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock
        self._lock = threading.RLock()
        self._revision = 0
        self._fleet: Fleet | None = None
        self._crew: Crew | None = None
        self._campaigns: dict[CampaignId, Campaign] | None = None
        self._now: dict[CampaignId, CampaignNow] = {}
        self._hosts: dict[CampaignId, _Hosts] = {}
        self._moved_at: dict[CampaignId, int] = {}
        self._plans: OrderedDict[PlanId, Plan] = OrderedDict()
        self._by_visit: dict[PlanId, dict[VisitId, tuple[Assignment, ...]]] = {}

    # how fresh
    @property
    def revision(self) -> int:
        """The newest event that is in."""
        return self._revision

    @property
    def now(self) -> datetime:
        """What time the campaigns believe it is; aware, UTC."""
        return self._clock.now()

    def refresh(self) -> int:
        """Take in whatever was committed up to now; gives the revision."""
        with self._lock:
            moved = moved_since(self._ledger, self._revision)
            if moved is None or (moved and self._revision == 0):
                self._forget()
                self._revision = self._ledger.revision()
            elif moved:
                self._take_in(moved)
            return self._revision

    def moved_at(self, campaign_id: CampaignId) -> int:
        """The revision of the newest event that is of this campaign; what was made at it still holds."""
        return self._moved_at.get(campaign_id, 0)

    # what there is
    @property
    def fleet(self) -> Fleet:
        """Every client, site and host."""
        with self._lock:
            if self._fleet is None:
                self._fleet = self._ledger.fleet()
            return self._fleet

    @property
    def crew(self) -> Crew:
        """Every engineer and partner."""
        with self._lock:
            if self._crew is None:
                self._crew = self._ledger.crew()
            return self._crew

    # campaigns
    def campaigns(self) -> tuple[Campaign, ...]:
        """All, the newest last."""
        with self._lock:
            if self._campaigns is None:
                self._campaigns = {one.id: one for one in self._ledger.campaigns()}
            return tuple(self._campaigns.values())

    def campaign(self, campaign_id: CampaignId) -> CampaignNow:
        """One, as it stands.

        Raises:
            NotFound: there is none.
        """
        with self._lock:
            found = self._now.get(campaign_id)
            if found is None:
                found = self._now[campaign_id] = self._read_campaign(campaign_id)
            return found

    def plan(self, plan_id: PlanId) -> Plan:
        """One plan; the ones that were wanted last are kept."""
        with self._lock:
            if plan_id not in self._plans:
                self._plans[plan_id] = self._ledger.plan(plan_id)
                while len(self._plans) > PLANS_KEPT:
                    old, _ = self._plans.popitem(last=False)
                    self._by_visit.pop(old, None)
            self._plans.move_to_end(plan_id)
            return self._plans[plan_id]

    def binding_plan(self, campaign_id: CampaignId) -> Plan | None:
        """The plan that binds now."""
        dispatched = self.campaign(campaign_id).dispatched
        return None if dispatched is None else self.plan(dispatched.plan_id)

    def assignments(self, plan: Plan) -> Mapping[VisitId, tuple[Assignment, ...]]:
        """Who does each visit of a plan, and when."""
        with self._lock:
            found = self._by_visit.get(plan.id)
            if found is None:
                lists: dict[VisitId, list[Assignment]] = defaultdict(list)
                for one in plan.assignments:
                    lists[one.visit_id].append(one)
                found = self._by_visit[plan.id] = {visit_id: tuple(some) for visit_id, some in lists.items()}
            return found

    # hosts
    def state(self, campaign_id: CampaignId, host_id: HostId) -> HostState:
        """Where one host stands.

        Raises:
            NotFound: it is not in the campaign.
        """
        found = self._hosts_of(campaign_id).states.get(host_id)
        if found is None:
            raise NotFound(f"host {host_id} is not in campaign {campaign_id}")
        return found

    def states(self, campaign_id: CampaignId, host_ids: Iterable[HostId] | None = None) -> tuple[HostState, ...]:
        """Where hosts stand: these (those of them that are in the campaign), or all."""
        states = self._hosts_of(campaign_id).states
        with self._lock:
            if host_ids is None:
                return tuple(states.values())
            return tuple(states[host_id] for host_id in host_ids if host_id in states)

    def counts(self, campaign_id: CampaignId) -> Counter[HostStatus]:
        """How many hosts of a campaign stand where."""
        found = self._hosts_of(campaign_id)
        with self._lock:
            return +found.by_status

    def counts_by_site(self, campaign_id: CampaignId) -> dict[SiteId, Counter[HostStatus]]:
        """The same for each site that has a host in the campaign."""
        found = self._hosts_of(campaign_id)
        with self._lock:
            return {site_id: +some for site_id, some in found.by_site.items()}

    def counts_of_site(self, campaign_id: CampaignId, site_id: SiteId) -> Counter[HostStatus]:
        """The same for one site."""
        found = self._hosts_of(campaign_id)
        with self._lock:
            return +found.by_site.get(site_id, Counter())

    def counts_of_visit(self, campaign_id: CampaignId, visit_id: VisitId) -> Counter[HostStatus]:
        """The same for one visit of the plan that binds."""
        found = self._hosts_of(campaign_id)
        with self._lock:
            return +found.by_visit.get(visit_id, Counter())

    # inside
    def _forget(self) -> None:
        self._fleet = self._crew = self._campaigns = None
        self._now.clear()
        self._hosts.clear()

    def _take_in(self, moved: tuple[Moved, ...]) -> None:
        hosts: dict[CampaignId, set[HostId]] = defaultdict(set)
        for one in moved:
            if one.kind == Kind.INVENTORY_SAVED:
                self._fleet = self._crew = None
                self._hosts.clear()  # a host may have another site now
            if one.campaign_id is None:
                continue
            self._moved_at[one.campaign_id] = one.revision
            if one.kind in _CAMPAIGN_KINDS:
                self._campaigns = None
                self._now.pop(one.campaign_id, None)
            if one.kind in _ALL_HOSTS:
                self._hosts.pop(one.campaign_id, None)
            elif one.host_id is not None and one.kind in _HOST_KINDS:
                hosts[one.campaign_id].add(one.host_id)
        for campaign_id, host_ids in hosts.items():
            self._move_hosts(campaign_id, host_ids)
        self._revision = moved[-1].revision

    def _move_hosts(self, campaign_id: CampaignId, host_ids: set[HostId]) -> None:
        found = self._hosts.get(campaign_id)
        if found is None:
            return
        for state in hosts_now(self._ledger, campaign_id, sorted(host_ids)):
            site_id = self._site_of(state.host_id)
            before = found.states.get(state.host_id)
            if before is not None:
                found.count(before, site_id, -1)
            found.states[state.host_id] = state
            found.count(state, site_id, 1)

    def _hosts_of(self, campaign_id: CampaignId) -> _Hosts:
        with self._lock:
            found = self._hosts.get(campaign_id)
            if found is None:
                found = _Hosts({state.host_id: state for state in self._ledger.hosts(campaign_id)})
                for state in found.states.values():
                    found.count(state, self._site_of(state.host_id), 1)
                self._hosts[campaign_id] = found
            return found

    def _site_of(self, host_id: HostId) -> SiteId | None:
        host = self.fleet.host.get(host_id)
        return None if host is None else host.site_id

    def _read_campaign(self, campaign_id: CampaignId) -> CampaignNow:
        ledger = self._ledger
        return CampaignNow(
            campaign=ledger.campaign(campaign_id),
            stop=ledger.stopped(campaign_id),
            dispatched=ledger.dispatched(campaign_id),
            waves=ledger.waves(campaign_id),
            plan_ids=ledger.plans(campaign_id),
        )
