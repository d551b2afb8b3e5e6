"""Kinds of host, as far as they take a different time: family, role and version."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from muster.fleet import Host, OsFamily

SERVER_WORDS = ("server", "domain controller", "hypervisor")
RELEASE = re.compile(r"\D*\d+(?:\.\d+)?")
"""A version as far as its release: ``Ubuntu 22.04`` of ``Ubuntu 22.04.3 LTS``."""


@dataclass(frozen=True, slots=True, order=True)
class HostKind:
    """What a host's effort goes by.

    Attributes:
        role: such as ``server``; empty where nobody has said it.
        version: the system's release; empty where nobody has said it.
    """

    family: OsFamily
    role: str = ""
    version: str = ""

    @property
    def words(self) -> str:
        """For people."""
        return " ".join(word for word in (self.family.value, self.role, self.version) if word)


def kind_of(host: Host) -> HostKind:
    """The kind of a host."""
    role = host.role.strip().lower() or ("server" if is_server(host) else "")
    version = host.os_version.strip()
    release = RELEASE.match(version)
    return HostKind(host.os, role, (release.group() if release else version).strip().lower())


def kinds_of(hosts: Iterable[Host]) -> Counter[HostKind]:
    """How many of each kind there are."""
    return Counter(kind_of(host) for host in hosts)


def is_server(host: Host) -> bool:
    """Whether a machine serves others, as far as its role, its system's name or its tags say so."""
    words = f"{host.role} {host.os_version} {' '.join(host.tags)}".lower()
    return any(word in words for word in SERVER_WORDS)
