"""Everything that the reports of a campaign are made from, read from the ledger at one time."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from muster.campaign import Campaign
from muster.crew import Crew
from muster.fleet import Client, Fleet, Host, Site
from muster.ids import CampaignId, ClientId, HostId, VisitId
from muster.outcomes import HostStatus
from muster.plan import Plan
from muster.ports import Ledger
from muster.records import AttemptRow, DispatchedPlan, HostState, Stop, WaveRow
from reports.notes import notes_of, text_of


@dataclass(frozen=True)
class CampaignRecord:
    """A campaign as its ledger tells it.

    Attributes:
        hosts: every host of the campaign as it stands.
        attempts: every attempt, oldest first.
        plan: the plan that binds, else the newest one, else None.
        dispatched: which plan binds, since when and by whom.
        now: aware; the time of the report by the campaign's clock.
        asked_by: who asked for each wave: a person, or the process that pushed where nobody is named.
        started_by: who began each visit.
    """

    campaign: Campaign
    fleet: Fleet
    crew: Crew
    hosts: tuple[HostState, ...]
    attempts: tuple[AttemptRow, ...]
    waves: tuple[WaveRow, ...]
    plan: Plan | None
    dispatched: DispatchedPlan | None
    stop: Stop | None
    now: datetime
    asked_by: Mapping[int, str] = field(default_factory=dict)
    started_by: Mapping[VisitId, str] = field(default_factory=dict)

    @cached_property
    def attempts_of(self) -> dict[HostId, tuple[AttemptRow, ...]]:
        """Attempts by host, oldest first."""
        found: dict[HostId, list[AttemptRow]] = {}
        for attempt in self.attempts:
            found.setdefault(attempt.host_id, []).append(attempt)
        return {host_id: tuple(rows) for host_id, rows in found.items()}

    @property
    def protected(self) -> int:
        """How many hosts will be right when the deadline comes."""
        return sum(state.status.protected for state in self.hosts)

    @property
    def open(self) -> int:
        """How many are not, as far as is known."""
        return len(self.hosts) - self.protected

    def local(self, at: datetime) -> datetime:
        """An instant in the zone in which the campaign's own times are told."""
        return at.astimezone(ZoneInfo(self.campaign.timezone))

    def count(self, status: HostStatus) -> int:
        """How many hosts stand there."""
        return sum(state.status is status for state in self.hosts)

    def host(self, host_id: HostId) -> Host:
        """The machine."""
        return self.fleet.host[host_id]

    def site_of(self, host_id: HostId) -> Site:
        """The place it stands at."""
        return self.fleet.site[self.host(host_id).site_id]

    def client_of(self, host_id: HostId) -> Client:
        """Whose it is."""
        return self.fleet.client[self.site_of(host_id).client_id]

    def zone_of(self, host_id: HostId) -> ZoneInfo:
        """The zone it lives in."""
        return ZoneInfo(self.fleet.timezone_of(self.host(host_id)))

    def for_client(self, client_id: ClientId) -> "CampaignRecord":
        """The same for one client's eyes: its own hosts, without plan, cost and other clients."""
        theirs = {state.host_id for state in self.hosts if self.client_of(state.host_id).id == client_id}
        waves = (replace(w, host_ids=tuple(id_ for id_ in w.host_ids if id_ in theirs)) for w in self.waves)
        return replace(
            self,
            hosts=tuple(state for state in self.hosts if state.host_id in theirs),
            attempts=tuple(attempt for attempt in self.attempts if attempt.host_id in theirs),
            waves=tuple(wave for wave in waves if wave.host_ids),
            plan=None,
            dispatched=None,
        )


WAVES, STARTS = frozenset({"wave opened"}), frozenset({"visit started"})
"""The kinds of events that name who let machines be pushed."""


def read_record(ledger: Ledger, campaign_id: CampaignId, *, now: datetime) -> CampaignRecord:
    """Read a campaign from its ledger.

    Raises:
        NotFound: there is no such campaign.
        LedgerUnavailable: the database cannot be used.
    """
    dispatched = ledger.dispatched(campaign_id)
    plans = ledger.plans(campaign_id)
    plan_id = dispatched.plan_id if dispatched else plans[-1] if plans else None
    return CampaignRecord(
        campaign=ledger.campaign(campaign_id),
        fleet=ledger.fleet(),
        crew=ledger.crew(),
        hosts=ledger.hosts(campaign_id),
        attempts=ledger.attempts(campaign_id),
        waves=ledger.waves(campaign_id),
        plan=ledger.plan(plan_id) if plan_id else None,
        dispatched=dispatched,
        stop=ledger.stopped(campaign_id),
        now=now.astimezone(UTC),
        asked_by={int(text_of(event, "number") or 0): event.by for event in notes_of(ledger, campaign_id, WAVES)},
        started_by={
            VisitId(text_of(event, "key").removeprefix(f"{campaign_id}/")): event.by
            for event in notes_of(ledger, campaign_id, STARTS)
        },
    )
