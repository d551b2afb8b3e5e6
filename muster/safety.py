"""What keeps a campaign from doing harm: which hosts wait for what, and how much may be lost before a person is asked.

Words only: ``push.gates`` and ``push.budgets`` act by them. All local times are those of the site where a host stands.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import lru_cache
from types import MappingProxyType

from muster.fleet import Host, Site
from muster.hours import WeekSpan


@dataclass(frozen=True, slots=True)
class HostMatch:
    """Which hosts a rule is about: a host must match every key that is given; without keys all do.

    Values are compared without case, and ``*`` stands for any text: ``OptiPlex 30*``.
    """

    clients: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    site_kinds: tuple[str, ...] = ()
    os: tuple[str, ...] = ()
    os_versions: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()

    def takes(self, host: Host, site: Site) -> bool:
        """Whether the rule is about this host."""
        return all(test(host, site) for test in _tests(self))

    def given(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """The keys that are given, with their values."""
        return tuple((one.name, values) for one in fields(self) if (values := getattr(self, one.name)))

    def __str__(self) -> str:
        """In words, such as ``roles kiosk or till, sites hq``."""
        return (
            ", ".join(f"{key.replace('_', ' ')} {' or '.join(values)}" for key, values in self.given()) or "all hosts"
        )


@dataclass(frozen=True, slots=True)
class WindowRule:
    """Hours of the week in which these hosts may be touched."""

    hours: tuple[WeekSpan, ...]
    hosts: HostMatch = HostMatch()


@dataclass(frozen=True, slots=True)
class Blackout:
    """A span in which these hosts must not be touched; local times, without a zone, at each site."""

    starts: datetime
    ends: datetime
    reason: str
    hosts: HostMatch = HostMatch()


class Within(StrEnum):
    """Among which hosts an order rule holds."""

    SITE = "site"
    CLIENT = "client"
    CAMPAIGN = "campaign"


@dataclass(frozen=True, slots=True)
class OrderRule:
    """Hosts of ``then`` wait until every host of ``first``, of the same site or client, is through."""

    first: HostMatch
    then: HostMatch
    within: Within = Within.CLIENT


@dataclass(frozen=True, slots=True)
class Hold:
    """A known issue: these hosts wait until a person lifts the hold in the campaign file.

    Attributes:
        until: local time at each site at which the hold ends by itself; None where only a person ends it.
    """

    reason: str
    hosts: HostMatch
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class BackupRule:
    """A backup counts as present when the newest file that matches is young enough.

    Attributes:
        linux, windows: path of the backup or of its program's mark, ``*`` allowed in the last part; a family without
            a path is not asked.
    """

    max_age_hours: float
    linux: str = ""
    windows: str = ""


@dataclass(frozen=True, slots=True)
class Readiness:
    """What a host itself is asked right before it is pushed; without any of these it is not asked.

    Attributes:
        free_disk_mb: room that must be there on the system's disk (``/``, ``%SystemDrive%``), in MiB.
        pending_reboot_holds: whether a host that waits for a restart is left alone.
    """

    free_disk_mb: int = 0
    pending_reboot_holds: bool = False
    backup: BackupRule | None = None

    @property
    def asks(self) -> bool:
        """Whether there is anything to ask."""
        return bool(self.free_disk_mb or self.pending_reboot_holds or self.backup)


@dataclass(frozen=True, slots=True)
class GatePolicy:
    """What must hold before a host is touched.

    Attributes:
        windows: the first rule that is about a host decides; a host of none keeps its site's own hours.
        max_hosts_per_run: hosts that one ``muster run`` may touch; 0 for any number.
        max_failures_per_host: a host that failed so often in a row is not tried again before a person has said why.
    """

    windows: tuple[WindowRule, ...] = ()
    blackouts: tuple[Blackout, ...] = ()
    order: tuple[OrderRule, ...] = ()
    holds: tuple[Hold, ...] = ()
    max_hosts_per_run: int = 0
    max_failures_per_host: int = 3
    readiness: Readiness = Readiness()


def matches_of(gates: GatePolicy) -> Iterator[tuple[str, HostMatch]]:
    """Every rule's hosts, with the place where they stand in a campaign file."""
    for number, window in enumerate(gates.windows):
        yield f"gates.windows.{number}.hosts", window.hosts
    for number, one in enumerate(gates.blackouts):
        yield f"gates.blackouts.{number}.hosts", one.hosts
    for number, rule in enumerate(gates.order):
        yield f"gates.order.{number}.first", rule.first
        yield f"gates.order.{number}.then", rule.then
    for number, hold in enumerate(gates.holds):
        yield f"gates.holds.{number}.hosts", hold.hosts


@dataclass(frozen=True, slots=True)
class Budget:
    """How many hosts may be lost (touched, and now failed or unknown) before nothing new starts.

    Attributes:
        lost_hosts: this many may be lost, one more is a breach; None for any number.
        lost_share: this share (0 to 1) of the hosts that were touched may be lost; None for any.
        after_hosts: the share counts once so many were touched: one of two says nothing.
    """

    lost_hosts: int | None = None
    lost_share: float | None = None
    after_hosts: int = 10


@dataclass(frozen=True, slots=True)
class BudgetPolicy:
    """Error budgets: one for the whole campaign, and one each for every client, OS version and partner."""

    campaign: Budget = Budget()
    per_client: Budget = Budget()
    per_os_version: Budget = Budget()
    per_partner: Budget = Budget()


_VALUES: Mapping[str, Callable[[Host, Site], tuple[str, ...]]] = MappingProxyType(
    {
        "clients": lambda _, site: (site.client_id,),
        "sites": lambda _, site: (site.id,),
        "site_kinds": lambda _, site: (site.kind,),
        "os": lambda host, _: (host.os.value,),
        "os_versions": lambda host, _: (host.os_version,),
        "roles": lambda host, _: (host.role,),
        "models": lambda host, _: (host.model,),
        "tags": lambda host, _: host.tags,
        "ids": lambda host, _: (host.id,),
    }
)


@lru_cache(maxsize=512)
def _tests(match: HostMatch) -> tuple[Callable[[Host, Site], bool], ...]:
    """One test for each key that is given, made once: rules are held against every host of a fleet."""
    return tuple(_test(_VALUES[key], patterns) for key, patterns in match.given())


def _test(values: Callable[[Host, Site], tuple[str, ...]], patterns: tuple[str, ...]) -> Callable[[Host, Site], bool]:
    folded = [pattern.casefold() for pattern in patterns]
    exact = frozenset(folded)
    wild = [pattern for pattern in folded if "*" in pattern or "?" in pattern or "[" in pattern]

    def takes(host: Host, site: Site) -> bool:
        there = [value.casefold() for value in values(host, site)]
        return not exact.isdisjoint(there) or any(fnmatchcase(value, pattern) for pattern in wild for value in there)

    return takes
