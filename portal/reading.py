"""What is known, in memory: the fleet, the crew, plans, waves, and where every host stands.

A page must not read 100,000 rows to show twelve. So the rows are read once, and then only those that events have moved:
``refresh`` asks the ledger for its newest revision (one look-up in an index) and reads what moved since. Everybody who
looks shares it; the truth stays in the ledger, and a page that is made after a commit shows that commit.

Whatever is handed out is immutable, or a copy.
"""

import threading
from bisect import bisect_right
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import count, islice
from typing import TypeVar

from ledger.kinds import Kind
from ledger.portal_reads import Moved, hosts_now, moved_since
from muster.campaign import Campaign
from muster.clock import Clock
from muster.crew import Crew
from muster.errors import NotFound
from muster.fleet import Fleet, Site
from muster.ids import CampaignId, ClientId, HostId, PlanId, SiteId, VisitId
from muster.outcomes import HostStatus
from muster.plan import Assignment, Plan
from muster.ports import Ledger
from muster.records import DispatchedPlan, HostState, Stop, WaveRow
from portal.plan_index import PlanIndex, index_of
from portal.standing import F, Standing

T = TypeVar("T")
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
_STEPS = {
    Kind.PROBES_BEGUN,
    Kind.PROBED,
    Kind.PROBE_SET_ASIDE,
    Kind.CLAIMED,
    Kind.LEASES_RENEWED,
    Kind.FINISHED,
    Kind.RESULT_REFUSED,
    Kind.RECOVERED,
}
"""What a push writes hundreds of each second; nothing else is changed by them than where hosts stand."""


@dataclass(frozen=True)
class CampaignNow:
    """One campaign as it stands, its hosts apart."""

    campaign: Campaign
    stop: Stop | None
    dispatched: DispatchedPlan | None
    waves: tuple[WaveRow, ...]
    plan_ids: tuple[PlanId, ...]


class Reading:
    """What is known, as of the newest event that ``refresh`` saw; safe to share between threads."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock
        self._lock = threading.RLock()
        self._refreshing = threading.Lock()
        self._tickets = count(1)
        self._looked = 0
        self._revision = self._besides = self._read_at = 0
        self._newest: dict[str, int] = {}
        self._written: dict[str, int] = {}
        self._fleet: Fleet | None = None
        self._crew: Crew | None = None
        self._campaigns: dict[CampaignId, Campaign] | None = None
        self._now: dict[CampaignId, CampaignNow] = {}
        self._hosts: dict[CampaignId, Standing] = {}
        self._moved_at: dict[CampaignId, int] = {}
        self._plans: OrderedDict[PlanId, Plan] = OrderedDict()
        self._indexes: dict[PlanId, PlanIndex] = {}
        self._sites_of: dict[ClientId, tuple[Site, ...]] | None = None
        self._hosts_of_client: dict[ClientId, tuple[HostId, ...]] | None = None

    # how fresh
    @property
    def revision(self) -> int:
        """The newest event that is in."""
        return self._revision

    @property
    def besides(self) -> int:
        """The newest event that is in and is no mere step of a push: papers, plans, waves, stops, imports."""
        return self._besides

    def newest(self, kinds: Iterable[str]) -> int:
        """The newest event of these kinds that is in; what was made of such events at it still holds."""
        return max(self._newest.get(kind, self._read_at) for kind in kinds)

    def written(self, shelf: str) -> int:
        """The newest event that is in and has written a paper of a shelf."""
        return self._written.get(shelf, self._read_at)

    @property
    def now(self) -> datetime:
        """What time the campaigns believe it is; aware, UTC."""
        return self._clock.now()

    def refresh(self) -> int:
        """Take in whatever was committed up to now; gives the revision.

        Of those who ask at the same time one looks, and whoever asked before it began is served by that, too.
        """
        asked = next(self._tickets)
        with self._refreshing:
            if self._looked < asked:
                self._looked = next(self._tickets)
                self._look()
            return self._revision

    def read_ahead(self) -> None:
        """Read the fleet, the crew, and every campaign with its hosts and the plan that binds."""
        self.refresh()
        _ = self.crew, self.sites_of(ClientId("")), self.hosts_of(ClientId(""))
        for campaign in self.campaigns():
            self.in_order(campaign.id)
            if (plan := self.binding_plan(campaign.id)) is not None:
                self.index(plan)

    def moved_at(self, campaign_id: CampaignId) -> int:
        """The revision of the newest event that is of this campaign; what was made at it still holds."""
        return self._moved_at.get(campaign_id, self._read_at)

    # what there is
    @property
    def fleet(self) -> Fleet:
        """Every client, site and host."""
        with self._lock:
            if self._fleet is None:
                self._fleet = self._ledger.fleet()
            return self._fleet

    def sites_of(self, client_id: ClientId) -> tuple[Site, ...]:
        """The places of one client."""
        with self._lock:
            if self._sites_of is None:
                found: dict[ClientId, list[Site]] = defaultdict(list)
                for site in self.fleet.sites:
                    found[site.client_id].append(site)
                self._sites_of = {client: tuple(sites) for client, sites in found.items()}
            return self._sites_of.get(client_id, ())

    def hosts_of(self, client_id: ClientId) -> tuple[HostId, ...]:
        """The machines of one client, whatever campaign they are in."""
        with self._lock:
            if self._hosts_of_client is None:
                client_of = {site.id: site.client_id for site in self.fleet.sites}
                found: dict[ClientId, list[HostId]] = defaultdict(list)
                for host in self.fleet.hosts:
                    found[client_of[host.site_id]].append(host.id)
                self._hosts_of_client = {client: tuple(ids) for client, ids in found.items()}
            return self._hosts_of_client.get(client_id, ())

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
                    self._indexes.pop(old, None)
            self._plans.move_to_end(plan_id)
            return self._plans[plan_id]

    def binding_plan(self, campaign_id: CampaignId) -> Plan | None:
        """The plan that binds now."""
        dispatched = self.campaign(campaign_id).dispatched
        return None if dispatched is None else self.plan(dispatched.plan_id)

    def assignments(self, plan: Plan) -> Mapping[VisitId, tuple[Assignment, ...]]:
        """Who does each visit of a plan, and when."""
        return self.index(plan).by_visit

    def index(self, plan: Plan) -> PlanIndex:
        """The assignments of a plan by visit, person and client."""
        with self._lock:
            found = self._indexes.get(plan.id)
            if found is None:
                found = self._indexes[plan.id] = index_of(plan)
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

    def first_states(
        self, campaign_id: CampaignId, wanted: Callable[[HostState], bool], *, after: HostId, most: int
    ) -> tuple[HostState, ...]:
        """The first hosts after an id that are wanted, by id, as they stand."""
        found = self._hosts_of(campaign_id)
        with self._lock:
            ids = found.in_order
            coming = (found.states[host_id] for host_id in islice(ids, bisect_right(ids, after), None))
            return tuple(islice(filter(wanted, coming), most))

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

    def in_order(self, campaign_id: CampaignId) -> tuple[HostId, ...]:
        """Every host of a campaign, by id."""
        found = self._hosts_of(campaign_id)
        with self._lock:
            return found.in_order

    def followed(self, campaign_id: CampaignId, key: Hashable, make: Callable[[], F], ask: Callable[[F], T]) -> T:
        """What somebody wants to know of what is counted under a key as hosts move (``portal.standing``).

        Nothing moves meanwhile, so what ``ask`` gives must be a copy or immutable, and quickly made.
        """
        found = self._hosts_of(campaign_id)
        with self._lock:
            return ask(found.follow(key, make))

    # inside
    def _look(self) -> None:
        moved = moved_since(self._ledger, self._revision)
        if moved is None or (moved and self._revision == 0):
            self._forget(self._ledger.revision())
        elif moved:
            self._take_in(moved)

    def _forget(self, revision: int) -> None:
        with self._lock:
            self._fleet = self._crew = self._sites_of = self._hosts_of_client = self._campaigns = None
            self._now.clear()
            self._hosts.clear()
            self._moved_at.clear()
            self._newest.clear()
            self._written.clear()
            self._revision = self._besides = self._read_at = revision

    def _take_in(self, moved: tuple[Moved, ...]) -> None:
        """Read the hosts that have moved, while others still read what was; then let all of it be so at once."""
        hosts: dict[CampaignId, set[HostId]] = defaultdict(set)
        with self._lock:  # whoever reads all hosts at this moment may have begun before these events: wait for them
            known = frozenset(self._hosts)
        for one in moved:
            if one.campaign_id in known and one.host_id is not None and one.kind in _HOST_KINDS:
                hosts[one.campaign_id].add(one.host_id)
        read = [(one, hosts_now(self._ledger, one, sorted(host_ids))) for one, host_ids in hosts.items()]
        with self._lock:
            for campaign_id, states in read:
                if campaign_id in self._hosts:
                    for state in states:
                        self._hosts[campaign_id].put(state)
            for event in moved:
                self._drop(event)
            self._revision = moved[-1].revision

    def _drop(self, event: Moved) -> None:
        """Forget what an event has changed as a whole."""
        self._newest[event.kind] = event.revision
        if event.shelf is not None:
            self._written[event.shelf] = event.revision
        if event.kind not in _STEPS:
            self._besides = event.revision
        if event.kind == Kind.INVENTORY_SAVED:
            self._fleet = self._crew = self._sites_of = self._hosts_of_client = None
            self._hosts.clear()  # a host may have another site now
        if event.campaign_id is None:
            return
        self._moved_at[event.campaign_id] = event.revision
        if event.kind in _CAMPAIGN_KINDS:
            self._campaigns = None
            self._now.pop(event.campaign_id, None)
        if event.kind in _ALL_HOSTS:
            self._hosts.pop(event.campaign_id, None)

    def _hosts_of(self, campaign_id: CampaignId) -> Standing:
        with self._lock:
            found = self._hosts.get(campaign_id)
            if found is None:
                found = self._hosts[campaign_id] = Standing(self._ledger.hosts(campaign_id), self._site_of)
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
