"""Clients, sites and hosts: who is served, where, and which machines stand there."""

from dataclasses import dataclass, field
from datetime import date, time
from enum import StrEnum
from functools import cached_property

from muster.hours import WeekSpan
from muster.ids import ClientId, HostId, PersonId, SiteId


class OsFamily(StrEnum):
    """The families a fix has steps for."""

    LINUX = "linux"
    WINDOWS = "windows"
    OTHER = "other"


class TransportName(StrEnum):
    """How a host is reached; ``none`` means only a person on site can reach it."""

    SSH = "ssh"
    WINRM = "winrm"
    NONE = "none"


class Become(StrEnum):
    """How a step becomes root where the login name is not root's."""

    SETTING = ""
    """As the setting ``become`` has it."""
    NONE = "none"
    SUDO = "sudo"
    DOAS = "doas"


@dataclass(frozen=True, slots=True)
class Jump:
    """A machine that is gone through on the way to a site, as OpenSSH's ``ProxyJump`` has it.

    Attributes:
        port: 0 means 22.
        user: empty means the setting ``default_user``.
        credential: a reference; empty means the setting ``default_credential``.
    """

    address: str
    port: int = 0
    user: str = ""
    credential: str = ""

    def __str__(self) -> str:
        user = f"{self.user}@" if self.user else ""
        address = f"[{self.address}]" if ":" in self.address else self.address
        return f"{user}{address}:{self.port}" if self.port else f"{user}{address}"


@dataclass(frozen=True, slots=True)
class Place:
    """A point on the map, in degrees (WGS 84)."""

    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class AccessWindow:
    """When a site lets people in, in the site's local time.

    Attributes:
        weekday: 0 is Monday, 6 Sunday.
        opens: local time.
        closes: local time, later than ``opens``; a window over midnight is two windows.
    """

    weekday: int
    opens: time
    closes: time


@dataclass(frozen=True, slots=True)
class Client:
    """A customer.

    Attributes:
        priority: 1 is served first, 5 last.
        partners_allowed: whether subcontractors may be given this client's sites.
        preferred: people who know the client and should come, where that costs no more than continuity is worth.
        excluded: people who must not be sent there.
        value_cents_per_host: what a machine of this client is worth to protect, on top of what its priority says.
    """

    id: ClientId
    name: str
    email: str = ""
    priority: int = 3
    partners_allowed: bool = True
    preferred: tuple[PersonId, ...] = ()
    excluded: tuple[PersonId, ...] = ()
    value_cents_per_host: int = 0


@dataclass(frozen=True, slots=True)
class Site:
    """One place of a client.

    Attributes:
        timezone: IANA name, such as ``America/Vancouver``; promised times are kept in it.
        region: a short name for sums and shortages, such as ``north``.
        access: when people may come; empty means at any hour.
        kind: what sort of place it is, such as ``clinic`` or ``branch``; free text. A canary takes one host of each.
        language: what who comes must speak, such as ``fr``; empty for any.
        people: how many come together to a visit on site.
        not_before, not_after: local dates between which a visit may be; both count; None for no such limit.
        jump: the machines that its hosts are reached through, the first one first; empty means directly.
        max_hosts: hosts that are pushed at one time; 0 means the setting ``site_hosts``.
        bytes_per_s: bytes a second sent there; 0 means the setting ``site_bytes_per_s``.
        maintenance: hours of the week in which its machines may be touched, local time; empty means at any hour.
        reach: the network from which alone its machines can be reached, such as ``acme``: workers that stand there
            push them (docs/operations.md); empty means from home. Without workers it says nothing.
    """

    id: SiteId
    client_id: ClientId
    name: str
    timezone: str
    region: str = ""
    address: str = ""
    place: Place | None = None
    access: tuple[AccessWindow, ...] = ()
    kind: str = ""
    language: str = ""
    people: int = 1
    not_before: date | None = None
    not_after: date | None = None
    jump: tuple[Jump, ...] = ()
    max_hosts: int = 0
    bytes_per_s: int = 0
    maintenance: tuple[WeekSpan, ...] = ()
    reach: str = ""


@dataclass(frozen=True, slots=True)
class Host:
    """One machine.

    Attributes:
        address: name or IP address; empty where ``transport`` is ``none``.
        port: 0 means the transport's usual port.
        user: the login name; empty means the setting ``default_user``.
        credential: a reference such as ``key:~/.ssh/id_ed25519``, ``env:NAME`` or ``agent:``; never a secret.
        timezone: IANA name when it differs from the site's.
        model: what it is, for known-issue holds; free text.
        become: how a step becomes root there.
        become_credential: a reference to the password that sudo asks for there; empty where it asks for none.
    """

    id: HostId
    site_id: SiteId
    name: str
    address: str
    port: int = 0
    os: OsFamily = OsFamily.LINUX
    os_version: str = ""
    role: str = ""
    model: str = ""
    transport: TransportName = TransportName.SSH
    user: str = ""
    credential: str = ""
    timezone: str = ""
    tags: tuple[str, ...] = ()
    become: Become = Become.SETTING
    become_credential: str = ""


@dataclass(frozen=True)
class Fleet:
    """All clients, sites and hosts, with look-ups by id."""

    clients: tuple[Client, ...] = ()
    sites: tuple[Site, ...] = ()
    hosts: tuple[Host, ...] = field(default=())

    @cached_property
    def client(self) -> dict[ClientId, Client]:
        """Clients by id."""
        return {client.id: client for client in self.clients}

    @cached_property
    def site(self) -> dict[SiteId, Site]:
        """Sites by id."""
        return {site.id: site for site in self.sites}

    @cached_property
    def host(self) -> dict[HostId, Host]:
        """Hosts by id."""
        return {host.id: host for host in self.hosts}

    def timezone_of(self, host: Host) -> str:
        """The IANA zone a host lives in: its own where it has one, else its site's."""
        return host.timezone or self.site[host.site_id].timezone
