"""``gates:`` and ``budgets:`` of a campaign file: how they are written, and turned into a policy."""

from datetime import date, datetime, time, timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from muster.hours import WeekSpan, parse_hours
from muster.safety import (
    BackupRule,
    Blackout,
    Budget,
    BudgetPolicy,
    GatePolicy,
    Hold,
    HostMatch,
    OrderRule,
    Readiness,
    WindowRule,
    Within,
)

LOCAL_EXAMPLE = "such as 2026-10-29 18:00, or 2026-10-29 for the whole day; each site's own local time"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _hours(text: object) -> tuple[WeekSpan, ...]:
    if not isinstance(text, str):
        raise ValueError("is no text with days and times")  # noqa: TRY004 - pydantic wants it so
    try:
        return parse_hours(text)
    except ValueError as error:
        raise ValueError(str(error).partition("; ")[0]) from None  # the example stands beside it: see RIGHT


def _one_or_more(value: object) -> object:
    """``roles: till`` means ``roles: [till]``; numbers, such as versions, are texts."""
    values = value if isinstance(value, list | tuple) else [value]
    return [str(one) if isinstance(one, int | float) and not isinstance(one, bool) else one for one in values]


def _hold_or_ignore(value: object) -> object:
    return {True: "hold", False: "ignore"}.get(value, value) if isinstance(value, bool) else value


def _local(value: object, *, end: bool) -> datetime:
    """A local time; a date alone is its beginning, or, for an end, the midnight after it."""
    if isinstance(value, str):
        try:
            value = date.fromisoformat(value.strip()) if len(value.strip()) == 10 else datetime.fromisoformat(value)
        except ValueError:
            raise ValueError("is no local time") from None
    if isinstance(value, datetime):
        if value.tzinfo is not None:
            raise ValueError("has a zone, which is to be left out")
        return value
    if isinstance(value, date):
        return datetime.combine(value, time()) + timedelta(days=end)
    raise ValueError("is no local time")


Hours = Annotated[tuple[WeekSpan, ...], BeforeValidator(_hours)]
Texts = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], BeforeValidator(_one_or_more)]
Start = Annotated[datetime, BeforeValidator(lambda value: _local(value, end=False))]
End = Annotated[datetime, BeforeValidator(lambda value: _local(value, end=True))]
Reason = Annotated[str, Field(min_length=3, description="why, for whoever asks at night")]


class MatchSection(_Strict):
    """Which hosts a rule is about: see ``HostMatch``."""

    clients: Texts = ()
    sites: Texts = ()
    site_kinds: Texts = ()
    os: Texts = ()
    os_versions: Texts = ()
    roles: Texts = ()
    models: Texts = ()
    tags: Texts = ()
    ids: Texts = ()

    def match(self) -> HostMatch:
        """As the rest of Muster knows it."""
        return HostMatch(**self.model_dump())


class GivenMatchSection(MatchSection):
    """The same where naming nobody would hold everybody, which is a mistake more often than a wish."""

    @model_validator(mode="after")
    def _names_somebody(self) -> "GivenMatchSection":
        if not self.match().given():
            raise ValueError("names no hosts; give one or more of " + ", ".join(type(self).model_fields))
        return self


class WindowSection(_Strict):
    """One of ``gates.windows``."""

    hours: Hours
    hosts: MatchSection = MatchSection()


class BlackoutSection(_Strict):
    """One of ``gates.blackouts``."""

    starts: Start = Field(alias="from")
    ends: End = Field(alias="to")
    reason: Reason
    hosts: MatchSection = MatchSection()

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> "BlackoutSection":
        if self.ends <= self.starts:
            raise ValueError("'to' is not later than 'from'")
        return self


class OrderSection(_Strict):
    """One of ``gates.order``."""

    first: GivenMatchSection
    then: MatchSection = MatchSection()
    within: Within = Within.CLIENT


class HoldSection(_Strict):
    """One of ``gates.holds``."""

    reason: Reason
    hosts: GivenMatchSection
    until: Start | None = None


class BackupSection(_Strict):
    """``gates.backup``."""

    max_age_hours: float = Field(gt=0)
    linux: Annotated[str, Field(pattern=r"^(/\S.*)?$")] = ""
    windows: Annotated[str, Field(pattern=r"^([A-Za-z]:\\[^\"&|<>^%]*)?$")] = ""

    @model_validator(mode="after")
    def _asks_somebody(self) -> "BackupSection":
        if not self.linux and not self.windows:
            raise ValueError("names no file; give 'linux: /var/backups/*.tar', 'windows: C:\\Backup\\*.vhdx', or both")
        return self


class GatesSection(_Strict):
    """``gates:`` of a campaign file; the meaning of each key is that of ``GatePolicy`` and ``Readiness``."""

    windows: tuple[WindowSection, ...] = ()
    blackouts: tuple[BlackoutSection, ...] = ()
    order: tuple[OrderSection, ...] = ()
    holds: tuple[HoldSection, ...] = ()
    max_hosts_per_run: int = Field(default=0, ge=0)
    max_failures_per_host: int = Field(default=3, ge=1)
    free_disk_mb: int = Field(default=0, ge=0)
    pending_reboot: Annotated[Literal["ignore", "hold"], BeforeValidator(_hold_or_ignore)] = "ignore"
    backup: BackupSection | None = None

    def policy(self) -> GatePolicy:
        """As the rest of Muster knows it."""
        backup = self.backup
        return GatePolicy(
            windows=tuple(WindowRule(one.hours, one.hosts.match()) for one in self.windows),
            blackouts=tuple(Blackout(one.starts, one.ends, one.reason, one.hosts.match()) for one in self.blackouts),
            order=tuple(OrderRule(one.first.match(), one.then.match(), one.within) for one in self.order),
            holds=tuple(Hold(one.reason, one.hosts.match(), one.until) for one in self.holds),
            max_hosts_per_run=self.max_hosts_per_run,
            max_failures_per_host=self.max_failures_per_host,
            readiness=Readiness(
                self.free_disk_mb,
                self.pending_reboot == "hold",
                BackupRule(backup.max_age_hours, backup.linux, backup.windows) if backup else None,
            ),
        )


class BudgetSection(_Strict):
    """One of ``budgets:``; the meaning of each key is that of ``Budget``."""

    lost_hosts: int | None = Field(default=None, ge=0)
    lost_share: float | None = Field(default=None, ge=0, le=1)
    after_hosts: int = Field(default=10, ge=1)

    def budget(self) -> Budget:
        """As the rest of Muster knows it."""
        return Budget(self.lost_hosts, self.lost_share, self.after_hosts)


class BudgetsSection(_Strict):
    """``budgets:`` of a campaign file."""

    campaign: BudgetSection = BudgetSection()
    per_client: BudgetSection = BudgetSection()
    per_os_version: BudgetSection = BudgetSection()
    per_partner: BudgetSection = BudgetSection()

    def policy(self) -> BudgetPolicy:
        """As the rest of Muster knows it."""
        return BudgetPolicy(
            self.campaign.budget(), self.per_client.budget(), self.per_os_version.budget(), self.per_partner.budget()
        )


RIGHT = {
    "hours": "such as Mon-Fri 22:00-04:00; Sat,Sun 00:00-24:00",
    "from": LOCAL_EXAMPLE,
    "to": LOCAL_EXAMPLE,
    "until": LOCAL_EXAMPLE,
    "reason": "a sentence for whoever asks at night",
    "lost_share": "a share such as 0.05",
    "lost_hosts": "a whole number of hosts such as 5",
    "hosts": "such as {roles: [kiosk], sites: [hq]}",
    "first": "such as {roles: [server]}",
    "within": "site, client or campaign",
    "pending_reboot": "hold or ignore",
    "max_hosts_per_run": "a whole number such as 200, or 0 for any number",
    "max_failures_per_host": "a whole number such as 3",
    "free_disk_mb": "a whole number of MiB such as 500",
    "backup": "such as {max_age_hours: 24, linux: /var/backups/*.tar}",
    "linux": "an absolute path such as /var/backups/*.tar",
    "windows": "a list of {hours, hosts}, or in backup a path such as C:\\Backup\\*.vhdx",
}
"""What would be right, by key."""
