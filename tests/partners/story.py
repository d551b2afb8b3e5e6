"""The story's company: 60 clients, 400 sites, 12,000 machines, six weeks; drawn with a seed, the same every time."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from muster.ids import CampaignId, HostId
from muster.outcomes import HostStatus
from tests.muster import worlds
from tests.muster.worlds import enrol, services_in

CLOCKS = CampaignId("clocks")
START = datetime(2026, 9, 21, 15, 0, tzinfo=UTC)
"""Monday, 08:00 in Vancouver, six weeks before the change."""

ZONE = "America/Vancouver"
CAMPAIGN = """
id: clocks
name: Vancouver stays on UTC-7
fix: tzdata
deadline: 2026-10-31 18:00
timezone: America/Vancouver
reason: Clocks in British Columbia are not set back any more.
parameters: {instants: ["2026-11-22T12:00:00Z"]}
effort: {remote_minutes_per_host: 4}
"""
HUBS = {"coast": (49.24, -123.05), "island": (48.46, -123.38), "valley": (49.88, -119.48), "north": (53.91, -122.76)}
STANDING = (
    (HostStatus.RIGHT, 4_100),
    (HostStatus.STALE, 6_900),
    (HostStatus.UNREACHABLE, 700),
    (HostStatus.UNSUPPORTED, 300),
)
"""What the first probe finds, as in the story."""

OWN = (("coast", 4), ("island", 1), ("valley", 1), ("north", 1))
PARTNERS = (("northside", "Northside IT", "north", 4), ("okanagan", "Okanagan Systems", "valley", 4))
AREAS = {"northside": "north; coast; island", "okanagan": "valley; coast; island"}
"""Where the community's list says that they work."""


@dataclass(frozen=True)
class Story:
    """Files of the company, as CSV text by name; the hosts by what a probe will find."""

    tables: dict[str, str]
    standing: dict[HostId, HostStatus]


def company(clients: int = 60, sites: int = 400, hosts: int = 12_000, *, prefix: str = "c", seed: int = 2026) -> Story:
    """Clients of very different sizes, their sites around four hubs, four machines in five on Windows."""
    dice = Random(seed)  # noqa: S311 - a story
    client_ids = [f"{prefix}{number:02}" for number in range(1, clients + 1)]
    owners = [*client_ids, *dice.choices(client_ids, weights=[1 / (n + 3) for n in range(clients)], k=sites - clients)]
    site_rows, host_rows, site_of = [], [], []
    for number, client in enumerate(sorted(owners), start=1):
        region = dice.choices(list(HUBS), weights=[45, 15, 18, 22])[0]
        latitude, longitude = HUBS[region]
        site = f"{client}-s{number:03}"
        at = f"{latitude + dice.uniform(-0.15, 0.15):.4f},{longitude + dice.uniform(-0.2, 0.2):.4f}"
        site_rows.append(f"{site},{client},Site {number},{ZONE},{region},{at},Mon-Fri 08:00-18:00")
        site_of.append(site)
    places = [*site_of, *dice.choices(site_of, k=hosts - sites)]
    for number, site in enumerate(places, start=1):
        system = "windows" if dice.random() < 0.8 else "linux"
        host_rows.append(
            f"{prefix}h{number:05},{site},pc{number},10.{number // 65536}.{number // 256 % 256}.{number % 256},{system}"
        )
    ids = [HostId(row.split(",")[0]) for row in host_rows]
    dice.shuffle(ids)
    tables = {
        "clients": _csv(
            "id,name,email", (f"{client},Client {client.upper()},it@{client}.example" for client in client_ids)
        ),
        "sites": _csv("id,client_id,name,timezone,region,latitude,longitude,access", site_rows),
        "hosts": _csv("id,site_id,name,address,os", host_rows),
    }
    return Story(tables, dict(zip(ids, _statuses(hosts), strict=True)))


def crew() -> str:
    """Our seven, each half a day for the campaign, and eight people of two partners."""
    own = [_person(f"{region}{n}", region, "12:30-17:00", 58, "") for region, count in OWN for n in range(1, count + 1)]
    theirs = [
        _person(f"{partner}{n}", region, "08:30-16:30", 70, partner)
        for partner, _, region, count in PARTNERS
        for n in range(1, count + 1)
    ]
    return _csv(
        "id,name,timezone,shifts,skills,rate_per_hour,partner_id,region,home_latitude,home_longitude", [*own, *theirs]
    )


def partners_list() -> str:
    """The list that the community hands out; its last row is no company."""
    rows = [f'{name},ops@{key}.example,"{AREAS[key]}",windows,{key}' for key, name, _, _ in PARTNERS]
    return _csv("Company,Contact Email,Service Area,Expertise,Member ID", [*rows, ",nobody@x.example,,,"])


def _person(name: str, region: str, hours: str, rate: int, partner: str) -> str:
    latitude, longitude = HUBS[region]
    return (
        f"{name},{name.title()},{ZONE},Mon-Fri {hours},linux windows,{rate},{partner},{region},{latitude},{longitude}"
    )


def _statuses(hosts: int) -> list[HostStatus]:
    """As many of each as the story has of 12,000, in proportion."""
    total = sum(count for _, count in STANDING)
    found = [status for status, count in STANDING for _ in range(count * hosts // total)]
    return [*found, *[HostStatus.STALE] * (hosts - len(found))]


def _csv(header: str, rows: Iterable[str]) -> str:
    return "\n".join([header, *rows]) + "\n"


def answer(folder: Path, standing: Mapping[HostId, HostStatus]) -> None:
    """Enrol what the campaign file takes, and let these hosts answer a probe."""
    enrol(folder)
    with services_in(folder) as services:
        worlds.answer(services, standing, CLOCKS)


def right(hosts: Sequence[HostId]) -> dict[HostId, HostStatus]:
    """All of them right."""
    return dict.fromkeys(hosts, HostStatus.RIGHT)


def later(days: float) -> datetime:
    """So many days into the story."""
    return START + timedelta(days=days)
