"""A real host goes on with a push whose pusher was killed: the next run waits for it, and does not push beside it."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from muster.demo.zones import FRESH_VERSION, STALE_VERSION, zoneinfo_folder
from tests.fleet.openssh import Fleet, FleetHost, openssh_fleet, why_not
from tests.survival.workplace import ZONE, Workplace, kill, plain_environment

pytestmark = [
    pytest.mark.timeout(900),
    pytest.mark.sshd,
    pytest.mark.skipif(bool(why_not()), reason=why_not()),
]

SLOW_S = 8
FILE = f"/usr/share/zoneinfo/{ZONE}"
SYNC = f"""\
#!/bin/sh
echo begun >>/var/log/sync.log
trap '' HUP PIPE
sleep {SLOW_S}
echo ended >>/var/log/sync.log
"""
"""Every file that the fix puts in its place is flushed to the disk first: here that takes long."""


@dataclass(frozen=True)
class Place:
    """A workspace, and the two real hosts of its campaign, one of them with a slow disk."""

    work: Workplace
    slow: FleetHost
    quick: FleetHost


@pytest.fixture
def place(tmp_path: Path, prefect_api_url: str) -> Iterator[Place]:
    with openssh_fleet(tmp_path, 2) as fleet:
        slow, quick = fleet.hosts
        for host in fleet.hosts:
            host.write(FILE, (zoneinfo_folder(STALE_VERSION) / ZONE).read_bytes())
        slow.write("/usr/bin/sync", SYNC.encode(), mode=0o755)
        environment = {**plain_environment(), "PREFECT_API_URL": prefect_api_url}
        work = Workplace(tmp_path / "workspace", environment)
        work.write(key=fleet.key_file, known_hosts=fleet.known_hosts.read_text())
        work.prepare(write_fleet_files(tmp_path / "fleet", fleet))
        yield Place(work, slow, quick)
        work.kill_all()


def write_fleet_files(folder: Path, fleet: Fleet) -> Path:
    """One client, one site, one engineer, and the hosts."""
    folder.mkdir()
    for name, row in (
        ("clients", {"id": "acme", "name": "Acme", "email": "it@acme.example"}),
        ("sites", {"id": "hq", "client_id": "acme", "name": "HQ", "timezone": ZONE}),
        ("crew", {"id": "mira", "name": "Mira", "timezone": ZONE, "shifts": "Mon-Fri 08:00-16:30", "skills": "linux"}),
    ):
        write_csv(folder / f"{name}.csv", [row])
    write_csv(
        folder / "hosts.csv",
        [
            {"id": host.name, "site_id": "hq", "name": host.name, "address": host.address, "port": str(host.port)}
            | {"os": "linux", "transport": "ssh", "user": "root", "credential": f"key:{fleet.key_file}"}
            for host in fleet.hosts
        ],
    )
    return folder


def write_csv(file: Path, rows: list[dict[str, str]]) -> None:
    with file.open("w", newline="") as opened:
        writer = csv.DictWriter(opened, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def test_a_push_that_outlives_its_pusher_is_waited_for(place: Place) -> None:
    run = place.work.start("run", "--ahead")
    place.work.wait_for(lambda: place.slow.exists("/var/log/sync.log"), run)
    kill(run)
    run.communicate()
    assert place.slow.read("/var/log/sync.log") == b"begun\n", "the host is in the middle of it"

    said = place.work.well("run", "--ahead", "--json")
    assert said.summary == {"verified": 2}
    for host in (place.slow, place.quick):
        assert host.read(FILE) == (zoneinfo_folder(FRESH_VERSION) / ZONE).read_bytes()
        assert not host.exists("/var/lib/muster/tzdata/lock")
    words = place.slow.read("/var/log/sync.log").decode().split()
    assert words == ["begun", "ended"] * (len(words) // 2), "no push began while another one was at work"
