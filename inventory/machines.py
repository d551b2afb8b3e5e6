"""Rows of hosts."""

from collections.abc import Iterator

from inventory.formats import BadValue, addresses, credentials, numbers, systems, texts, zones
from inventory.formats.systems import SystemName
from inventory.gather import Gathered, check_references
from inventory.names import find_sites
from inventory.rows import TableReader
from inventory.tables import Table
from muster.fleet import Become, Host, OsFamily, TransportName
from muster.ids import HostId, SiteId

_NO_TAGS: tuple[str, ...] = ()
_USUAL_TRANSPORT = {
    OsFamily.LINUX: TransportName.SSH,
    OsFamily.WINDOWS: TransportName.WINRM,
    OsFamily.OTHER: TransportName.NONE,
}


def read_hosts(table: Table, gathered: Gathered) -> None:
    """Read a table of hosts onto its shelf."""
    reader = TableReader[Host](table)
    sites = find_sites(reader, gathered)
    check_references(reader, "site_id", sites, gathered.sites)
    made = None if reader.has("id") else _made_ids(reader, sites)
    reader.read_ids(gathered.hosts.known, gathered.hosts.seen, made)
    for host in _hosts(reader, sites):
        gathered.hosts.good[host.id] = host
    gathered.problems += reader.problems


def _made_ids(reader: TableReader[Host], sites: list[str]) -> list[str]:
    """``site/name`` in lower case: the same machine gets the same id in the next export."""
    return [
        f"{site}/{texts.parse_text(name)}".lower().replace(",", " ").replace(";", " ") if site and name else ""
        for site, name in zip(sites, reader.cells("name"), strict=True)
    ]


def _hosts(reader: TableReader[Host], sites: list[str]) -> Iterator[Host]:
    names = reader.required("name", texts.parse_text, "")
    systems_ = _systems(reader)
    versions = _versions(reader, systems_)
    transports = _transports(reader, systems_)
    addresses_ = _addresses(reader, names, transports)
    ports = reader.column("port", numbers.parse_port, default=0, keep=lambda old: old.port)
    roles = reader.column("role", texts.parse_text, default="", keep=lambda old: old.role)
    models = reader.column("model", texts.parse_text, default="", keep=lambda old: old.model)
    users = reader.column("user", texts.parse_text, default="", keep=lambda old: old.user)
    references = reader.column("credential", credentials.parse_credential, default="", keep=lambda old: old.credential)
    timezones = reader.column("timezone", zones.parse_zone, default="", keep=lambda old: old.timezone)
    tags = reader.column("tags", texts.parse_labels, default=_NO_TAGS, keep=lambda old: old.tags)
    becomes = reader.column("become", _parse_become, default=Become.SETTING, keep=lambda old: old.become)
    passwords = reader.column(
        "become_credential", credentials.parse_credential, default="", keep=lambda old: old.become_credential
    )
    for i in reader.good():
        yield Host(
            HostId(reader.ids[i]),
            SiteId(sites[i]),
            names[i],
            addresses_[i],
            ports[i],
            systems_[i].family,
            versions[i],
            roles[i],
            models[i],
            transports[i],
            users[i],
            references[i],
            timezones[i],
            tags[i],
            becomes[i],
            passwords[i],
        )


def _systems(reader: TableReader[Host]) -> list[SystemName]:
    return reader.column(
        "os",
        systems.parse_system,
        default=SystemName(OsFamily.LINUX),
        keep=lambda old: SystemName(old.os, old.os_version),
    )


def _versions(reader: TableReader[Host], systems_: list[SystemName]) -> list[str]:
    """Their own column; where it says nothing, what the system's name says, else what is known."""
    versions = reader.column("os_version", texts.parse_text, default="", keep=lambda old: old.os_version)
    return [
        version if told else system.version or version
        for told, version, system in zip(reader.cells("os_version"), versions, systems_, strict=True)
    ]


def _transports(reader: TableReader[Host], systems_: list[SystemName]) -> list[TransportName]:
    """Their own column; where it says nothing, ssh for Linux, winrm for Windows and none for the rest."""
    return [
        transport or _USUAL_TRANSPORT[system.family]
        for transport, system in zip(
            reader.column("transport", _parse_transport, default=None, keep=lambda old: old.transport),
            systems_,
            strict=True,
        )
    ]


def _parse_become(text: str) -> Become:
    word = text.lower()
    if word in {"none", "sudo", "doas"}:
        return Become(word)
    raise BadValue("is no way to become root", "write none, sudo or doas")


def _parse_transport(text: str) -> TransportName | None:
    return texts.parse_choice(text, TransportName)


def _addresses(reader: TableReader[Host], names: list[str], transports: list[TransportName]) -> list[str]:
    """Their own column; where it says nothing and somebody connects, the name, if it can be an address."""
    given = reader.column("address", addresses.parse_address, default="", keep=lambda old: old.address)
    for index, (address, name, transport) in enumerate(zip(given, names, transports, strict=True)):
        if address or transport is TransportName.NONE or not name or not reader.is_good(index):
            continue
        if addresses.is_ip(name) or addresses.is_name(name):
            given[index] = name
        else:
            right = f"write an IP address or a host name, since {name!r} cannot be one, or transport none"
            reader.refuse(index, "address", "", "is empty", right)
    return given
