"""The columns of every word: names, aliases in other programs' exports, meaning and an example.

``docs/fleet-files.md`` documents each of them, and a test holds it to that.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from inventory.tables import Word


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        meaning: one line for people.
        example: a cell that reads; empty where the column may be left out of an example.
        required: the file must have it, and every row a value in it.
        aliases: names in exports of other programs, the best first; compared without case and signs.
    """

    name: str
    meaning: str
    example: str = ""
    required: bool = False
    aliases: tuple[str, ...] = ()


CLIENTS = (
    Column("id", "the client's own short name or number", "acme", required=True, aliases=("customerid",)),
    Column("name", "as it is written to the client", "Acme Dental", required=True, aliases=("customername", "company")),
    Column("email", "where notices go", "office@acme.example"),
    Column("priority", "1 is served first, 5 last", "2"),
    Column("partners_allowed", "whether subcontractors may be sent there", "yes"),
    Column("preferred", "ids of people who know the client and should come, separated by ;", "kim"),
    Column("excluded", "ids of people who must not be sent there, separated by ;"),
    Column("value_per_host", "what a machine is worth to protect, on top of its priority", "50.00"),
)
SITES = (
    Column("id", "the site's own short name or number", "acme-van", required=True, aliases=("SiteUid", "locationId")),
    Column("client_id", "id of the client; or give client_name", "acme", aliases=("client", "customerid")),
    Column(
        "client_name",
        "name of the client, where there is no client_id",
        aliases=("Client.Name", "customername", "company"),
    ),
    Column("name", "the place", "Vancouver clinic", required=True, aliases=("SiteName", "Location.Name")),
    Column("timezone", "IANA name of where it stands", "America/Vancouver", required=True, aliases=("time zone", "tz")),
    Column("region", "for sums and shortages", "west"),
    Column("address", "where people go", "800 Robson Street, Vancouver"),
    Column("latitude", "degrees, north positive", "49.2820", aliases=("lat",)),
    Column("longitude", "degrees, east positive", "-123.1210", aliases=("lon", "lng", "long")),
    Column("access", "when people may come, local time; empty: at any hour", "Mon-Fri 08:00-17:00; Sat 09:00-12:00"),
    Column("kind", "what sort of place it is; a canary takes a host of each sort", "clinic", aliases=("SiteType",)),
    Column("language", "what who comes must speak; empty: any", "fr"),
    Column("people", "how many come together to a visit on site", "1"),
    Column("not_before", "the first local day on which a visit may be, such as 2026-10-20"),
    Column("not_after", "the last local day on which a visit may be; it counts"),
    Column("jump", "machines to go through, such as ops@gate.example:2222, separated by commas; empty: directly"),
    Column("jump_credential", "their credentials: one for all, or one each separated by ;"),
    Column("max_hosts", "hosts pushed at one time; 0 or empty: the setting site_hosts"),
    Column("bytes_per_s", "bytes a second sent there; 0 or empty: the setting site_bytes_per_s"),
    Column("maintenance", "when its machines may be touched, local time; may run past midnight; empty: at any hour"),
    Column("reach", "the network from which alone its machines are pushed, by a worker there; empty: from home"),
)
HOSTS = (
    Column(
        "id",
        "the machine's own id; without the column it is made from site and name",
        "acme-van-dc1",
        aliases=("host_id", "agent_id", "Uid", "deviceid"),
    ),
    Column(
        "site_id",
        "id of the site; or give client_name and site_name",
        "acme-van",
        aliases=("site", "SiteUid", "locationId"),
    ),
    Column("client_name", "name of the client, to find the site by", aliases=("Client.Name", "customername", "client")),
    Column("site_name", "name of the site, to find it by", aliases=("Location.Name", "SiteName")),
    Column(
        "name",
        "what people call it",
        "DC1",
        required=True,
        aliases=("hostname", "systemName", "ComputerName", "deviceName", "longname", "discoveredname", "displayName"),
    ),
    Column(
        "address",
        "IP address or host name; empty: the name, where it can be one",
        "10.20.0.10",
        aliases=("dnsName", "ip", "ip_address", "IntIpAddress", "LocalIPAddress", "local_ips", "ipAddresses"),
    ),
    Column("port", "0 or empty: the usual port of the transport", "22"),
    Column(
        "os",
        "linux, windows or other, or a system's name",
        "linux",
        aliases=("OperatingSystem", "operating_system", "OperatingSystemName", "plat", "nodeClass"),
    ),
    Column("os_version", "the system's name and version", "Debian 12", aliases=("osVersion",)),
    Column("role", "what it is for", "file server", aliases=("monitoring_type", "deviceclass", "DeviceType")),
    Column("model", "make and model"),
    Column("transport", "ssh, winrm or none; empty: by the system", "ssh"),
    Column("user", "login name; empty: the setting default_user", "root"),
    Column("credential", "a reference, never a secret", "key:~/.ssh/id_ed25519"),
    Column("timezone", "where it differs from the site's", "", aliases=("time zone", "tz")),
    Column("tags", "separated by ;", "pilot; server"),
    Column("become", "none, sudo or doas: how a step becomes root; empty: the setting become"),
    Column("become_credential", "reference to the password that sudo asks for; empty: it asks for none"),
)
PARTNERS = (
    Column("id", "the partner's own short name", "nw", required=True),
    Column("name", "the company", "Northwest IT", required=True, aliases=("company",)),
    Column("email", "where its lists go", "dispatch@nw.example"),
    Column("region", "where it works", "west"),
    Column("vetted", "whether it was judged fit", "yes"),
    Column("vetted_by", "who judged", "Kim Lee"),
    Column("vetted_on", "when", "2026-09-01"),
    Column("vetted_until", "the last day it holds", "2027-08-31"),
    Column("vetting_note", "what to know about it"),
    Column("agreement_signed_on", "when it was signed", "2026-09-02"),
    Column("agreement_until", "the last day it holds", "2027-08-31"),
    Column("capacity_hours", "the most work it covers; empty: no limit", "120"),
    Column("agreement_clients", "the only clients it covers, separated by ;", ""),
    Column("non_solicitation", "no poaching of clients or staff", "yes"),
)
CREW = (
    Column("id", "the person's own short name", "kim", required=True),
    Column("name", "the person", "Kim Lee", required=True),
    Column(
        "timezone",
        "IANA name of where the person works",
        "America/Vancouver",
        required=True,
        aliases=("time zone", "tz"),
    ),
    Column("shifts", "when the person works, local time", "Mon-Fri 08:00-16:30", required=True),
    Column("skills", "separated by spaces", "linux windows"),
    Column("partner_id", "empty: one of our own", "", aliases=("partner",)),
    Column("email", "where the person's days go", "kim@example.com"),
    Column("home_latitude", "where the day begins and ends, degrees", "49.2600"),
    Column("home_longitude", "degrees, east positive", "-123.1139"),
    Column("region", "where the person works", "west"),
    Column("rate_per_hour", "what an hour costs us", "62.50"),
    Column("overtime_minutes", "the most overtime a day", "60"),
    Column("overtime_factor", "what an hour of overtime costs, in hours", "1.5"),
    Column("absences", "days or times off, local time", "2026-10-26..2026-10-30 holiday"),
    Column("languages", "separated by spaces", "en fr"),
    Column("end_latitude", "where the day ends, if not where it began, degrees", "49.2820"),
    Column("end_longitude", "degrees, east positive", "-123.1210"),
    Column("longest_way_minutes", "the longest single way; empty: no limit", "90"),
    Column("travel_minutes_per_day", "the most travel in a day; empty: no limit", "180"),
    Column("hours_per_day", "the most work and travel in a day; empty: no limit", "8"),
    Column("hours_per_week", "the most work and travel in a week; empty: no limit", "40"),
    Column("clients", "ids of the only clients the person is sent to, separated by ;"),
)
COLUMNS: Mapping[Word, tuple[Column, ...]] = MappingProxyType(
    {Word.CLIENTS: CLIENTS, Word.SITES: SITES, Word.HOSTS: HOSTS, Word.PARTNERS: PARTNERS, Word.CREW: CREW}
)


def squeeze(name: str) -> str:
    """A column's name without case, spaces and signs: ``Site ID`` and ``site_id`` are the same."""
    return re.sub(r"[^a-z0-9]", "", name.casefold())


_EXPORTS = """
approvalStatus comment comments complianceState created customerid deviceclass DeviceType discoveredname displayName
dnsName Domain DomainName ExtIpAddress ipAddresses IsRebootNeeded last_seen LastLoggedInUser lastContact
lastSyncDateTime lastUpdate local_ips longname MacAddress macAddresses maintenance maintenance_mode monitoring_type
needs_reboot nodeClass notes offline organizationId osVersion plat public_ip publicIP RemoteAgentLastContact
serial_number SerialNumber SiteUid Status systemName Type uri userPrincipalName
"""
PASSED_OVER = frozenset(squeeze(name) for name in _EXPORTS.split())
"""Columns of RMM exports that Muster has no use for, or has already from a better column; squeezed."""
