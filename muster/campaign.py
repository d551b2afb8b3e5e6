"""A campaign: one fix, one fleet, one deadline, one policy."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from muster.ids import CampaignId, FixName


@dataclass(frozen=True, slots=True)
class WavePolicy:
    """How a campaign is let loose: a canary of every kind, then waves that grow while they are healthy.

    Attributes:
        canary_per_kind: hosts of each kind (family, version, role) in the first wave.
        growth_factor: each wave is at most this many times the one before.
        max_wave_hosts: no wave is larger.
        min_success_rate: verified share (0 to 1) of a wave's touched hosts below which the ramp halts.
        tolerated_failures: a wave with no more hosts lost than this passes whatever the rate: in a small wave one
            host's own trouble is not the fix's.
        soak_seconds: how long a wave is watched before the next one begins.
    """

    canary_per_kind: int = 1
    growth_factor: float = 2.0
    max_wave_hosts: int = 500
    min_success_rate: float = 0.9
    tolerated_failures: int = 0
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
