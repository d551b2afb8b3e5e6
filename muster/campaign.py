"""A campaign: one fix, one fleet, one deadline, one policy."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from muster.approvals import ApprovalPolicy
from muster.forecasting import ForecastPolicy
from muster.ids import CampaignId, FixName, SiteId
from muster.running import RunningPolicy
from muster.safety import BudgetPolicy, GatePolicy


@dataclass(frozen=True, slots=True)
class WavePolicy:
    """How a campaign is let loose: a canary of every kind, then waves that grow while they are healthy.

    Attributes:
        canary_per_kind: hosts of each kind (family, version, role, site's kind) in the first wave that meets it.
        growth_factor: each wave is at most this many times the one before.
        max_wave_hosts: no wave is larger.
        min_success_rate: verified share (0 to 1) of a wave's touched hosts below which the ramp halts.
        tolerated_failures: a wave with no more hosts lost than this passes whatever the rate: in a small wave one
            host's own trouble is not the fix's.
        min_verified_hosts: hosts that must have been verified, in all waves so far together, before the next one
            begins; where fewer were in them, all of these.
        soak_seconds: how long a wave is watched before the next one begins.
    """

    canary_per_kind: int = 1
    growth_factor: float = 2.0
    max_wave_hosts: int = 500
    min_success_rate: float = 0.9
    tolerated_failures: int = 0
    min_verified_hosts: int = 0
    soak_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class EffortPolicy:
    """What a visit takes before anybody has measured it, and how careful the plan is.

    Attributes:
        remote_minutes_per_host: a person's minutes per host that is pushed remotely.
        onsite_minutes_per_host: minutes per host with hands on the machine.
        setup_minutes: minutes per visit whatever its size.
        percentile: the plan counts on the effort that is not exceeded in this share (0 to 1) of cases.
        max_visit_minutes: longer visits are split.
    """

    remote_minutes_per_host: float = 3.0
    onsite_minutes_per_host: float = 20.0
    setup_minutes: float = 10.0
    percentile: float = 0.8
    max_visit_minutes: int = 240


@dataclass(frozen=True)
class PlanningPolicy:
    """What the company chooses about plans; prices in cents, times in minutes. ``scheduler/policy.py`` says what for.

    Attributes:
        unplaced_cents: of a machine of priority 5 that is left out; each step up to priority 1 costs
            ``priority_factor`` times as much.
        vehicle_cents_per_hour: on top of the person's rate while travelling.
        partner_fixed_cents: the call-out price of a partner's person, per day.
        break_minutes: a break is due on days longer than ``break_after_minutes``; 0 for none. The default is the
            rule of several European countries: half an hour in more than six hours.
        most_minutes_per_week: nobody works (visits and travel) more in an ISO week; the European limit is 48 hours.
        longest_leg_minutes, longest_travel_minutes: limits on one leg, and on the travel of one day; None for no limit.
        fairness_cents_per_hour: what it may cost to move an hour of work from who has much to who has little.
        servers_first: at each site the servers' visits are over before the others begin.
        canary_sites: sites whose visits are done by ``canary_until``, before any other site's may begin.
        canary_until: aware; None where no site goes first.
    """

    unplaced_cents: int = 200_000
    priority_factor: int = 2
    delay_cents_per_day: int = 5
    continuity_cents: int = 500
    change_person_cents: int = 2_000
    change_day_cents: int = 1_000
    fairness_cents_per_hour: int = 50
    vehicle_cents_per_hour: int = 1_500
    partner_fixed_cents: int = 0
    break_minutes: int = 30
    break_after_minutes: int = 360
    most_minutes_per_week: int = 2_880
    longest_leg_minutes: int | None = None
    longest_travel_minutes: int | None = None
    servers_first: bool = False
    canary_sites: tuple[SiteId, ...] = ()
    canary_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Campaign:
    """One fix for one fleet before one deadline.

    Attributes:
        reason: one sentence for clients: why somebody touches their machines.
        deadline: aware; nothing is planned to end after it.
        timezone: IANA name; the zone in which the campaign's own times are told.
        parameters: handed to the fix, such as ``zones`` and ``instants`` for ``tzdata``.
    """

    id: CampaignId
    name: str
    fix: FixName
    deadline: datetime
    timezone: str = "UTC"
    reason: str = ""
    parameters: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    waves: WavePolicy = WavePolicy()
    effort: EffortPolicy = EffortPolicy()
    gates: GatePolicy = field(default_factory=GatePolicy)
    budgets: BudgetPolicy = field(default_factory=BudgetPolicy)
    planning: PlanningPolicy = PlanningPolicy()
    forecast: ForecastPolicy = field(default_factory=ForecastPolicy)
    approvals: ApprovalPolicy = field(default_factory=ApprovalPolicy)
    running: RunningPolicy = field(default_factory=RunningPolicy)
