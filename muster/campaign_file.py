"""The campaign file: what a manager writes, checked as a whole, turned into a ``Campaign``.

Times in it are local: ``deadline: 2026-10-31 18:00`` with ``timezone: America/Vancouver``. Everything wrong is named
at once, by its key.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, get_args
from zoneinfo import ZoneInfo, available_timezones

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, field_validator, model_validator

from muster.campaign import Campaign, EffortPolicy, PlanningPolicy, WavePolicy
from muster.errors import CampaignFileError, Problem
from muster.files import why_unreadable
from muster.fleet import Fleet, Host
from muster.forecasting import ForecastSection
from muster.ids import CampaignId, FixName, HostId
from muster.running_file import RIGHT_RUNNING, ApprovalsSection, RunningSection
from muster.safety import matches_of
from muster.safety_file import RIGHT, BudgetsSection, GatesSection

Share = Annotated[float, Field(ge=0, le=1)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class WavesSection(_Strict):
    """``waves:`` of a campaign file; the meaning of each key is that of ``WavePolicy``."""

    canary_per_kind: int = Field(default=1, ge=1)
    growth_factor: float = Field(default=2.0, ge=1)
    max_wave_hosts: int = Field(default=500, ge=1)
    min_success_rate: Share = 0.9
    tolerated_failures: int = Field(default=0, ge=0)
    min_verified_hosts: int = Field(default=0, ge=0)
    soak_seconds: float = Field(default=0, ge=0)


class EffortSection(_Strict):
    """``effort:`` of a campaign file; the meaning of each key is that of ``EffortPolicy``."""

    remote_minutes_per_host: float = Field(default=3.0, gt=0)
    onsite_minutes_per_host: float = Field(default=20.0, gt=0)
    setup_minutes: float = Field(default=10.0, ge=0)
    percentile: float = Field(default=0.8, gt=0, lt=1)
    max_visit_minutes: int = Field(default=240, ge=15)


class PlanningSection(_Strict):
    """``planning:`` of a campaign file; the meaning of each key is that of ``PlanningPolicy``."""

    unplaced_cents: int = Field(default=200_000, ge=0)
    priority_factor: int = Field(default=2, ge=1, le=10)
    delay_cents_per_day: int = Field(default=5, ge=0)
    continuity_cents: int = Field(default=500, ge=0)
    change_person_cents: int = Field(default=2_000, ge=0)
    change_day_cents: int = Field(default=1_000, ge=0)
    fairness_cents_per_hour: int = Field(default=50, ge=0)
    vehicle_cents_per_hour: int = Field(default=1_500, ge=0)
    partner_fixed_cents: int = Field(default=0, ge=0)
    break_minutes: int = Field(default=30, ge=0, le=240)
    break_after_minutes: int = Field(default=360, ge=60)
    most_minutes_per_week: int = Field(default=2_880, ge=60, le=10_080)
    longest_leg_minutes: int | None = Field(default=None, ge=0)
    longest_travel_minutes: int | None = Field(default=None, ge=0)
    servers_first: bool = False
    canary_sites: tuple[str, ...] = ()
    canary_until: datetime | None = None

    @model_validator(mode="after")
    def _canary_is_whole(self) -> "PlanningSection":
        if bool(self.canary_sites) != (self.canary_until is not None):
            raise ValueError("canary_sites and canary_until belong together")
        return self


class HostsSection(_Strict):
    """``hosts:`` of a campaign file: a host must match every key that is given; an empty section takes all."""

    clients: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    os: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()


class CampaignSections(_Strict):
    """A campaign file as it is written."""

    id: Name
    name: str = Field(min_length=1)
    fix: Name
    deadline: datetime
    timezone: str
    reason: str = ""
    parameters: dict[str, str] = Field(default_factory=dict)
    hosts: HostsSection = HostsSection()
    waves: WavesSection = WavesSection()
    effort: EffortSection = EffortSection()
    planning: PlanningSection = PlanningSection()
    forecast: ForecastSection = ForecastSection()
    gates: GatesSection = GatesSection()
    budgets: BudgetsSection = BudgetsSection()
    approvals: ApprovalsSection = ApprovalsSection()
    running: RunningSection = RunningSection()

    @field_validator("timezone")
    @classmethod
    def _zone_exists(cls, zone: str) -> str:
        if zone not in available_timezones():
            near = get_close_matches(zone, available_timezones(), n=1)
            raise ValueError(f"is no IANA zone{f'; did you mean {near[0]!r}?' if near else ''}")
        return zone


@dataclass(frozen=True, slots=True)
class CampaignFile:
    """A campaign file that was read: the campaign, and which hosts it takes."""

    path: Path
    campaign: Campaign
    selection: HostsSection

    def hosts_of(self, fleet: Fleet) -> tuple[HostId, ...]:
        """The hosts of the fleet that belong to the campaign.

        Raises:
            CampaignFileError: a client, site or host that is named is not in the fleet, or nothing matches.
        """
        problems = tuple(self._unknown(fleet))
        if problems:
            raise CampaignFileError(
                f"{self.path}: hosts: names what the fleet does not hold", problems, hint="muster import it first"
            )
        chosen = tuple(host.id for host in fleet.hosts if self._takes(host, fleet))
        if not chosen:
            raise CampaignFileError(
                f"{self.path}: no host of the fleet belongs to this campaign",
                hint="muster import the fleet first, or widen 'hosts:'",
            )
        return chosen

    def _takes(self, host: Host, fleet: Fleet) -> bool:
        wanted = self.selection
        return (
            (not wanted.clients or fleet.site[host.site_id].client_id in wanted.clients)
            and (not wanted.sites or host.site_id in wanted.sites)
            and (not wanted.os or host.os.value in wanted.os)
            and (not wanted.roles or host.role in wanted.roles)
            and (not wanted.tags or not set(wanted.tags).isdisjoint(host.tags))
            and (not wanted.ids or host.id in wanted.ids)
        )

    def _unknown(self, fleet: Fleet) -> list[Problem]:
        there: dict[str, tuple[tuple[str, ...], set[str]]] = {
            "clients": (self.selection.clients, set(fleet.client)),
            "sites": (self.selection.sites, set(fleet.site)),
            "ids": (self.selection.ids, set(fleet.host)),
        }
        problems = [
            Problem(str(self.path), f"hosts.{key}", name, "is not in the fleet", _near(name, known))
            for key, (names, known) in there.items()
            for name in names
            if name not in known
        ]
        problems += [
            Problem(str(self.path), "planning.canary_sites", name, "is not in the fleet", _near(name, set(fleet.site)))
            for name in self.campaign.planning.canary_sites
            if name not in fleet.site
        ]
        folded = {key: {name.casefold() for name in known} for key, (_, known) in there.items()}
        return problems + [
            Problem(str(self.path), f"{place}.{key}", name, "is not in the fleet", _near(name, there[key][1]))
            for place, match in matches_of(self.campaign.gates)
            for key, names in match.given()
            for name in names
            if key in folded and "*" not in name and name.casefold() not in folded[key]
        ]


def read_campaign_file(path: Path) -> CampaignFile:
    """Read and check a campaign file.

    Raises:
        CampaignFileError: it cannot be read, or keys are wrong; ``problems`` names every one of them.
    """
    try:
        text = path.read_text(encoding="utf-8")
        values = yaml.safe_load(text)
    except FileNotFoundError:
        raise CampaignFileError(f"{path}: there is no such file", hint="muster init writes one to start from") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise CampaignFileError(f"{path}: cannot be read: {why_unreadable(error)}") from None
    if not isinstance(values, dict):
        raise CampaignFileError(f"{path}: holds no lines of the form 'key: value'")
    try:
        sections = CampaignSections.model_validate(_text_parameters(values))
    except ValidationError as error:
        raise CampaignFileError(f"{path}: does not hold together", _problems(path, error)) from None
    return CampaignFile(path, _campaign(sections), sections.hosts)


def _campaign(sections: CampaignSections) -> Campaign:
    zone = ZoneInfo(sections.timezone)
    return Campaign(
        id=CampaignId(sections.id),
        name=sections.name,
        fix=FixName(sections.fix),
        deadline=_aware(sections.deadline, zone),
        timezone=sections.timezone,
        reason=sections.reason,
        parameters=MappingProxyType(dict(sections.parameters)),
        waves=TypeAdapter(WavePolicy).validate_python(sections.waves.model_dump()),
        effort=TypeAdapter(EffortPolicy).validate_python(sections.effort.model_dump()),
        gates=sections.gates.policy(),
        budgets=sections.budgets.policy(),
        planning=_planning(sections.planning, zone),
        forecast=sections.forecast.policy(),
        approvals=sections.approvals.policy(),
        running=sections.running.policy(),
    )


def _planning(section: PlanningSection, zone: ZoneInfo) -> PlanningPolicy:
    until = section.canary_until
    values = {**section.model_dump(), "canary_until": _aware(until, zone) if until else None}
    return TypeAdapter(PlanningPolicy).validate_python(values)


def _aware(local: datetime, zone: ZoneInfo) -> datetime:
    return (local if local.tzinfo else local.replace(tzinfo=zone)).astimezone(UTC)


def _text_parameters(values: Mapping[str, object]) -> dict[str, object]:
    """YAML reads ``instants: 2026-11-22`` as a date and ``port: 22`` as a number; a fix reads its own text."""
    changed = dict(values)
    parameters = changed.get("parameters")
    if isinstance(parameters, dict):
        changed["parameters"] = {str(key): _as_text(value) for key, value in parameters.items()}
    return changed


def _as_text(value: object) -> str:
    if isinstance(value, list):
        return " ".join(_as_text(one) for one in value)
    if isinstance(value, datetime):
        return value.isoformat()
    return "" if value is None else str(value)


def _problems(path: Path, error: ValidationError) -> tuple[Problem, ...]:
    return tuple(
        Problem(
            place=str(path),
            column=".".join(str(part) for part in one["loc"]),
            value="" if one["type"] == "missing" or isinstance(one["input"], dict) else str(one["input"]),
            wrong=_sentence(one["msg"], one["type"]),
            right=_right(one["loc"], one["type"]),
        )
        for one in error.errors()
    )


def _sentence(message: str, kind: str) -> str:
    if kind in {"extra_forbidden", "missing"}:
        return "is no key here" if kind == "extra_forbidden" else "is missing"
    text = message.removeprefix("Value error, ")
    return text[:1].lower() + text[1:]


def _right(loc: Sequence[int | str], kind: str) -> str:
    key = str(loc[-1])
    if kind == "extra_forbidden":
        known = _keys_beside(loc)
        near = get_close_matches(key, known, n=1)
        return f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}"
    examples = {
        "id": "lower-case letters, digits, '-', such as vancouver-2026",
        "deadline": "such as 2026-10-31 18:00",
        "timezone": "such as America/Vancouver",
        "fix": "such as tzdata (muster fix list)",
    }
    return examples.get(key) or {**RIGHT, **RIGHT_RUNNING}.get(key, "see docs/campaign-file.md")


def _keys_beside(loc: Sequence[int | str]) -> tuple[str, ...]:
    """Every key of the section in which a key stands, as the file has them."""
    section: type[BaseModel] = CampaignSections
    for part in loc[:-1]:
        fields = {field.alias or name: field for name, field in section.model_fields.items()}
        kind = fields[part].annotation if part in fields else None
        inner = (one for one in (kind, *get_args(kind)) if isinstance(one, type) and issubclass(one, BaseModel))
        section = next(inner, section)
    return tuple(field.alias or name for name, field in section.model_fields.items())


def _near(name: str, known: set[str]) -> str:
    near = get_close_matches(name, known, n=1)
    return f"did you mean {near[0]!r}?" if near else f"there are {', '.join(sorted(known)[:8]) or 'none yet'}"
