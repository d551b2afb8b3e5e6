"""How a Windows host is entered: scheme, logon, and by which certificate it is known.

The defaults are for a fleet with certificates of the company's own authority: HTTPS on port 5986 with NTLM. What
differs is written into a file of the workspace, by host, by site, or for all::

    default: {logon: ntlm, ca: ca/company.pem}
    sites:
      north: {scheme: http}                      # NTLM and Kerberos encrypt every message themselves
    hosts:
      dc-1: {logon: kerberos, certificate_name: dc-1.corp.example}
      old-till: {check_certificate: false}       # explicit, and said in every report of the host

A host's line wins over its site's, and its site's over the default, key by key.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import yaml

from muster.errors import SettingsError
from muster.files import why_unreadable
from muster.ports import Target

HTTPS_PORT = 5986
HTTP_PORT = 5985


class Logon(StrEnum):
    """How Muster proves to a host who it is."""

    BASIC = "basic"
    NTLM = "ntlm"
    KERBEROS = "kerberos"
    CREDSSP = "credssp"


@dataclass(frozen=True, slots=True)
class WinRmAccess:
    """How one host is entered.

    Attributes:
        scheme: ``https``, or ``http`` with a logon that encrypts messages (all but basic); empty means by the port,
            5985 for HTTP and any other for HTTPS.
        ca: PEM file of the authority that signed the host's certificate; empty means those the system trusts.
        certificate_name: the name in the certificate, where the host is addressed by another.
        certificate_sha256: the one certificate that is taken, whoever signed it, as 64 hex digits.
        check_certificate: False takes any certificate: an explicit act, for one host.
    """

    scheme: str = ""
    logon: Logon = Logon.NTLM
    ca: str = ""
    certificate_name: str = ""
    certificate_sha256: str = ""
    check_certificate: bool = True

    def scheme_for(self, port: int) -> str:
        """``http`` or ``https``."""
        return self.scheme or ("http" if port == HTTP_PORT else "https")

    def port_for(self, port: int) -> int:
        """The port where none is given."""
        return port or (HTTP_PORT if self.scheme == "http" else HTTPS_PORT)


def endpoint(target: Target, access: WinRmAccess) -> str:
    """The address of a host's WS-Management service; IPv6 in brackets, which pywinrm's own pattern refuses."""
    port = access.port_for(target.port)
    host = f"[{target.address}]" if ":" in target.address else target.address
    return f"{access.scheme_for(port)}://{host}:{port}/wsman"


@dataclass(frozen=True)
class AccessBook:
    """Who is entered how: a default, and what differs by site and by host."""

    default: WinRmAccess = WinRmAccess()
    sites: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    hosts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def of(self, target: Target) -> WinRmAccess:
        """How this host is entered."""
        differs = {**self.sites.get(target.site_id, {}), **self.hosts.get(target.host_id, {})}
        return replace(self.default, **differs) if differs else self.default


def read_access(file: Path) -> AccessBook:
    """Read such a file; paths of authorities are taken from its folder.

    Raises:
        SettingsError: it cannot be read, or a key or value in it is wrong.
    """
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SettingsError(f"{file}: cannot be read: {why_unreadable(error)}") from None
    if not isinstance(content, dict) or set(content) - {"default", "sites", "hosts"}:
        raise SettingsError(f"{file}: takes the keys default, sites and hosts")
    return AccessBook(
        WinRmAccess(**_entry(file, "default", content.get("default"))),
        {key: _entry(file, f"sites.{key}", entry) for key, entry in _section(file, content, "sites").items()},
        {key: _entry(file, f"hosts.{key}", entry) for key, entry in _section(file, content, "hosts").items()},
    )


def _section(file: Path, content: Mapping[str, object], name: str) -> dict[str, object]:
    section = content.get(name) or {}
    if not isinstance(section, dict):
        raise SettingsError(f"{file}: {name}: takes one line for each, such as 'dc-1: {{logon: kerberos}}'")
    return {str(key): entry for key, entry in section.items()}


def _entry(file: Path, place: str, entry: object) -> dict[str, Any]:
    if entry is None:
        return {}
    known = {item.name: item.type for item in fields(WinRmAccess)}
    if not isinstance(entry, dict):
        raise SettingsError(f"{file}: {place}: takes keys such as {{logon: ntlm}}, not {entry!r}")
    made: dict[str, Any] = {}
    for key, value in entry.items():
        if key not in known:
            raise SettingsError(f"{file}: {place}.{key}: there is no such key; there are {', '.join(known)}")
        made[key] = _value(file, f"{place}.{key}", key, value)
    return made


def _value(file: Path, place: str, key: str, value: object) -> object:
    match key, value:
        case "check_certificate", bool():
            return value
        case "logon", str() if value in set(Logon):
            return Logon(value)
        case "scheme", "http" | "https":
            return value
        case "ca", str():
            return str((file.parent / Path(value).expanduser()).resolve())
        case "certificate_sha256", str() if len(value.replace(":", "")) == 64:
            return value.replace(":", "").lower()
        case "certificate_name", str():
            return value
    right = {
        "check_certificate": "true or false",
        "logon": f"one of {', '.join(Logon)}",
        "scheme": "http or https",
        "certificate_sha256": "64 hex digits",
    }
    raise SettingsError(f"{file}: {place}: {value!r} is not {right.get(key, 'a text')}")
