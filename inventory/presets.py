"""Which column of an RMM's export is what: the presets, and what a column may be taken for.

The names are the fields that each product's public interface has (no header line of a file that somebody exported was
at hand). A name is compared without case and signs. What a preset does not name is not used, and is said to be so.

A target is ``word.column``, such as ``sites.timezone``; one column may serve several, joined by ``+``; an empty target
says that a column is not used.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from inventory.columns import COLUMNS, Column, squeeze
from inventory.tables import Word
from inventory.words import word_of
from muster.errors import NotFound

NOT_USED = ""
MUSTER = "muster"
OWN = "own"


@dataclass(frozen=True, slots=True)
class Preset:
    """How the export of one product is taken.

    Attributes:
        name: as ``--as`` has it.
        columns: target by the name of a column; an empty target is a column that is known and not used.
        lacks: what the export does not say, in words; it is asked for.
    """

    name: str
    title: str
    columns: Mapping[str, str]
    lacks: str

    @property
    def targets(self) -> Mapping[str, str]:
        """Target by squeezed name."""
        return {squeeze(name): target for name, target in self.columns.items()}


def _preset(name: str, title: str, used: Mapping[str, str], unused: str, lacks: str) -> Preset:
    return Preset(name, title, MappingProxyType({**used, **dict.fromkeys(unused.split(), NOT_USED)}), lacks)


_ALL = (
    _preset(
        "ninjaone",
        "NinjaOne",
        {
            "id": "hosts.id",
            "organizationId": "clients.id",
            "locationId": "sites.id",
            "nodeClass": "hosts.os",
            "systemName": "hosts.name",
            "dnsName": "hosts.address",
            "tags": "hosts.tags",
        },
        "offline displayName lastContact ipAddresses macAddresses publicIP maintenance",
        "names of clients and sites (it has their numbers), time zones",
    ),
    _preset(
        "datto",
        "Datto RMM",
        {
            "Uid": "hosts.id",
            "SiteUid": "sites.id",
            "SiteName": "clients.name+sites.name",
            "Hostname": "hosts.name",
            "DeviceType": "hosts.role",
            "IntIpAddress": "hosts.address",
            "OperatingSystem": "hosts.os",
        },
        "ExtIpAddress LastLoggedInUser Domain",
        "time zones; a site is taken for a client of the same name",
    ),
    _preset(
        "automate",
        "ConnectWise Automate",
        {
            "ComputerName": "hosts.name",
            "Client.Name": "clients.name",
            "Location.Name": "sites.name",
            "OperatingSystemName": "hosts.os",
            "LocalIPAddress": "hosts.address",
            "Type": "hosts.role",
        },
        "DomainName MacAddress RemoteAgentLastContact Status SerialNumber IsRebootNeeded",
        "time zones",
    ),
    _preset(
        "ncentral",
        "N-central",
        {
            "deviceid": "hosts.id",
            "longname": "hosts.name",
            "customerid": "clients.id",
            "customername": "clients.name",
            "sitename": "sites.name",
            "deviceclass": "hosts.os+hosts.role",
            "discoveredname": "hosts.address",
        },
        "uri",
        "time zones; the system is read from the device class",
    ),
    _preset(
        "tactical",
        "Tactical RMM",
        {
            "agent_id": "hosts.id",
            "hostname": "hosts.name",
            "client_name": "clients.name",
            "site_name": "sites.name",
            "monitoring_type": "hosts.role",
            "operating_system": "hosts.os",
            "local_ips": "hosts.address",
        },
        "plat status last_seen public_ip serial_number needs_reboot maintenance_mode",
        "time zones",
    ),
    _preset(
        "intune",
        "Intune",
        {"deviceName": "hosts.name", "operatingSystem": "hosts.os", "osVersion": "hosts.os_version"},
        "serialNumber complianceState lastSyncDateTime userPrincipalName",
        "the client and the site of a machine, time zones, addresses",
    ),
)
PRESETS: Mapping[str, Preset] = MappingProxyType({one.name: one for one in _ALL})
"""By name, in the order in which they are offered."""

ASKED = ("clients.name", "sites.name", "sites.timezone", "hosts.os")
"""What every machine needs and an export may not have."""
OFTEN_ASKED = ("sites.access", "hosts.user", "hosts.credential")
"""What exports never have, and pushing needs unless the settings say it."""


@dataclass(frozen=True, slots=True)
class Taking:
    """How an export is taken.

    Attributes:
        targets: of each of its columns, in order; empty: not used.
        defaults: by target, what stands in for what the export does not say.
        of_client: the same for single clients, by the client's id.
    """

    targets: tuple[str, ...]
    defaults: Mapping[str, str] = field(default_factory=dict)
    of_client: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def taken(self) -> frozenset[str]:
        """Every target that a column serves."""
        return frozenset(one for target in self.targets for one in parts_of(target))

    @property
    def is_combined(self) -> bool:
        """Whether clients, sites and machines stand in the same rows."""
        words = {one.partition(".")[0] for one in self.taken}
        own = words & {Word.CREW, Word.PARTNERS}
        return not own and (Word.HOSTS in words or len(words) > 1) and "hosts.site_id" not in self.taken


def parts_of(target: str) -> tuple[str, ...]:
    """The single targets of a joined one; none of an empty one."""
    return tuple(target.split("+")) if target else ()


def preset_named(name: str) -> Preset:
    """A preset by its name.

    Raises:
        NotFound: there is none of that name.
    """
    if name not in PRESETS:
        raise NotFound(f"there is no preset {name!r}", hint=f"there are {', '.join(PRESETS)}")
    return PRESETS[name]


def targets_by(names: Mapping[str, str], header: Sequence[str]) -> tuple[str, ...]:
    """Of each column its target by ``names`` (squeezed); the second column of a target is not used."""
    found: list[str] = []
    for title in header:
        target = names.get(squeeze(title), NOT_USED)
        there = {one for other in found for one in parts_of(other)}
        found.append(NOT_USED if there.intersection(parts_of(target)) else target)
    return tuple(found)


def muster_targets(title: str, header: Sequence[str]) -> tuple[str, ...]:
    """The columns of one of Muster's own files, by what its name says that it holds; nothing where it says nothing."""
    word = word_of(title, header)
    if word is None:
        return (NOT_USED,) * len(header)
    return targets_by({squeeze(one.name): f"{word}.{one.name}" for one in COLUMNS[word]}, header)


def likely(title: str, header: Sequence[str]) -> tuple[str, int]:
    """The preset that a header fits best, and how many of its names are there.

    ``own`` where fewer than two thirds of the columns are there that a preset uses.

    Nobody is bound by it: it is what a person is asked to confirm.
    """
    there = {squeeze(one) for one in header if one}
    own = sum(target != NOT_USED for target in muster_targets(title, header))
    if own and own >= 0.9 * len(there):
        return MUSTER, own
    used = {one.name: {name for name, target in one.targets.items() if target} for one in PRESETS.values()}
    best = max(used, key=lambda name: (len(there & used[name]) / len(used[name]), len(there & used[name])))
    if 3 * len(there & used[best]) >= 2 * len(used[best]):
        return best, len(there.intersection(PRESETS[best].targets))
    return OWN, 0


def choices() -> tuple[tuple[str, tuple[tuple[str, str, str], ...]], ...]:
    """What a column may be taken for: by word, each target with its label and its meaning."""
    joined = (
        ("clients.name+sites.name", "client and site: name at once", "one site for each client, of the same name"),
        ("hosts.os+hosts.role", "machine: system and role at once", "one column that says both"),
    )
    words = tuple((word.value, tuple(_choice(word, column) for column in COLUMNS[word])) for word in Word)
    return (*words, ("both at once", joined))


def label_of(target: str) -> str:
    """``site: timezone``, for people."""
    return " and ".join(_label(one) for one in parts_of(target))


def check_target(target: str) -> str:
    """A target that there is.

    Raises:
        NotFound: there is none of that name.
    """
    for one in parts_of(target):
        word, _, name = one.partition(".")
        if word not in set(Word) or all(column.name != name for column in COLUMNS[Word(word)]):
            raise NotFound(f"there is no column {one!r}", hint="such as sites.timezone")
    return target


def _choice(word: Word, column: Column) -> tuple[str, str, str]:
    target = f"{word}.{column.name}"
    return target, _label(target), column.meaning


def _label(target: str) -> str:
    word, _, name = target.partition(".")
    return f"{_WORDS.get(word, word.removesuffix('s'))}: {_COLUMNS.get(name, name.replace('_', ' '))}"


_WORDS = {"crew": "person", "hosts": "machine"}
_COLUMNS = {"os": "system", "os_version": "system version", "timezone": "time zone", "client_id": "client's id"}
