"""The demo's fleet files, as a company would hand them in: ``docs/fleet-files.md`` names every column."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

from muster.demo.cast import CLIENTS, SITES, VANCOUVER, Kind, Part
from muster.fleet import TransportName

LOGIN = "demo"
"""The hosts take any login name with the demo's key; this one stands in the files."""


class Located(Protocol):
    """A host with its address."""

    @property
    def part(self) -> Part:
        """What it is."""
        ...

    @property
    def address(self) -> str:
        """Empty where only a person can reach it."""
        ...

    @property
    def port(self) -> int:
        """0 where only a person can reach it."""
        ...


PARTNERS = (
    {
        "id": "thompson-it", "name": "Thompson IT Services", "email": "dispatch@thompson-it.example",
        "region": "interior", "vetted": "yes", "vetted_by": "Dana Whitfield", "vetted_on": "2026-08-17",
        "vetted_until": "2027-08-16", "vetting_note": "insured to 2 million, screened, references called",
        "agreement_signed_on": "2026-08-24", "agreement_until": "2027-08-23", "capacity_hours": "60",
        "non_solicitation": "yes",
    },
    {
        "id": "island-networks", "name": "Island Networks", "email": "office@island-networks.example",
        "region": "island", "vetted": "yes", "vetted_by": "Dana Whitfield", "vetted_on": "2025-09-22",
        "vetted_until": "2026-09-30", "vetting_note": "insurance ended on 30 September; renewal not received",
        "agreement_signed_on": "2025-10-01", "agreement_until": "2027-09-30", "capacity_hours": "40",
        "non_solicitation": "yes",
    },
)  # fmt: skip
"""One that was judged and signed, and one whose vetting ended before the demo's 19 October 2026."""

_OWN = {"timezone": VANCOUVER, "shifts": "Mon-Fri 08:00-16:30", "overtime_minutes": "60", "overtime_factor": "1.5"}
_THEIRS = {"timezone": VANCOUVER, "shifts": "Mon-Fri 09:00-17:00"}
CREW = (
    {"id": "mira", "name": "Mira Okafor", **_OWN, "skills": "linux windows", "email": "mira@helpline.example",
     "home_latitude": "49.2606", "home_longitude": "-123.1140", "region": "coast", "rate_per_hour": "68.00"},
    {"id": "jonas", "name": "Jonas Lindqvist", **_OWN, "skills": "linux", "email": "jonas@helpline.example",
     "home_latitude": "49.2488", "home_longitude": "-122.9805", "region": "coast", "rate_per_hour": "61.50",
     "absences": "2026-10-26..2026-10-27 training"},
    {"id": "priya", "name": "Priya Raman", **_OWN, "skills": "linux windows", "email": "priya@helpline.example",
     "home_latitude": "49.8801", "home_longitude": "-119.4436", "region": "interior", "rate_per_hour": "63.00"},
    {"id": "tom", "name": "Tom Beaulieu", **_OWN, "skills": "linux", "email": "tom@helpline.example",
     "home_latitude": "53.8866", "home_longitude": "-122.8121", "region": "north", "rate_per_hour": "59.00"},
    {"id": "ti-ana", "name": "Ana Castillo", **_THEIRS, "skills": "linux windows", "partner_id": "thompson-it",
     "email": "ana@thompson-it.example", "home_latitude": "50.6740", "home_longitude": "-120.3280",
     "region": "interior", "rate_per_hour": "84.00"},
    {"id": "ti-ben", "name": "Ben Achterberg", **_THEIRS, "skills": "linux", "partner_id": "thompson-it",
     "email": "ben@thompson-it.example", "home_latitude": "50.7020", "home_longitude": "-120.3750",
     "region": "interior", "rate_per_hour": "79.00"},
    {"id": "in-lea", "name": "Lea Marchetti", **_THEIRS, "skills": "linux", "partner_id": "island-networks",
     "email": "lea@island-networks.example", "home_latitude": "48.4280", "home_longitude": "-123.3640",
     "region": "island", "rate_per_hour": "75.00"},
)  # fmt: skip


def write_tables(folder: Path, hosts: Sequence[Located], *, key: Path) -> None:
    """Write clients.csv, sites.csv, hosts.csv, crew.csv and partners.csv into ``folder``, which is made.

    ``key`` is the private key that the hosts take; the files hold a reference to it.
    """
    folder.mkdir()
    used = {host.part.site.id for host in hosts}
    sites = [site for site in SITES if site.id in used]
    clients = {site.client_id for site in sites}
    _write(folder / "clients.csv", (
        {"id": client.id, "name": client.name, "email": client.email, "priority": str(client.priority),
         "partners_allowed": "yes" if client.partners_allowed else "no"}
        for client in CLIENTS if client.id in clients
    ))  # fmt: skip
    _write(folder / "sites.csv", (
        {"id": site.id, "client_id": site.client_id, "name": site.name, "timezone": site.timezone,
         "region": site.region, "address": site.address, "latitude": f"{site.latitude:.4f}",
         "longitude": f"{site.longitude:.4f}", "access": site.access}
        for site in sites
    ))  # fmt: skip
    _write(folder / "hosts.csv", (_host_row(host, key) for host in hosts))
    _write(folder / "crew.csv", CREW)
    _write(folder / "partners.csv", PARTNERS)


def _host_row(host: Located, key: Path) -> dict[str, str]:
    """What an inventory would know: nothing of what the demo has in store for the host."""
    part = host.part
    reachable = part.kind is not Kind.ONSITE_ONLY
    return {
        "id": part.id,
        "site_id": part.site.id,
        "name": part.id,
        "address": host.address,
        "port": str(host.port) if reachable else "",
        "os": "linux",
        "os_version": part.os_version,
        "role": part.role,
        "transport": TransportName.SSH if reachable else TransportName.NONE,
        "user": LOGIN if reachable else "",
        "credential": f"key:{key}" if reachable else "",
    }


def _write(file: Path, rows: Iterable[dict[str, str]]) -> None:
    rows = list(rows)
    names = list(dict.fromkeys(name for row in rows for name in row))
    with file.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.DictWriter(opened, names, restval="")
        writer.writeheader()
        writer.writerows(rows)
