"""The demo's fleet files read without a single problem, and say nothing of what the demo has in store."""

from datetime import date
from pathlib import Path

from inventory.read import Imported, read_files
from muster.crew import Crew
from muster.demo.cast import Kind
from muster.demo.fleet import DemoFleet
from muster.fleet import Fleet, TransportName

DEMO_DAY = date(2026, 10, 19)


def read(fleet: DemoFleet) -> Imported:
    return read_files([fleet.files], known=Fleet(), known_crew=Crew())


def test_every_row_of_the_files_reads(fleet: DemoFleet) -> None:
    imported = read(fleet)
    assert imported.problems == ()
    assert imported.notes == ()
    assert len(imported.fleet.hosts) == len(fleet.hosts)


def test_hosts_are_where_the_demo_serves_them(fleet: DemoFleet) -> None:
    imported = read(fleet).fleet
    for host in fleet.hosts:
        row = imported.host[next(known for known in imported.host if known == host.id)]
        assert imported.site[row.site_id].timezone == host.part.site.timezone
        assert (row.address, row.port) == (host.address, host.port)
        if host.kind is Kind.ONSITE_ONLY:
            assert row.transport is TransportName.NONE
        else:
            assert row.transport is TransportName.SSH
            assert row.credential == f"key:{fleet.key}"


def test_the_files_do_not_give_the_kinds_away(fleet: DemoFleet) -> None:
    rows = [line.split(",") for line in (fleet.files / "hosts.csv").read_text().splitlines()]
    words = {cell for row in rows for cell in row}
    assert not words & {kind.value for kind in Kind}


def test_there_are_four_engineers_and_two_partners_of_whom_one_may_be_sent(fleet: DemoFleet) -> None:
    crew = read(fleet).crew
    assert sum(person.partner_id is None for person in crew.engineers) == 4
    assert sum(person.partner_id == "thompson-it" for person in crew.engineers) == 2
    assert all("linux" in person.skills for person in crew.engineers)
    valid = {
        partner.id: partner.vetting is not None
        and partner.vetting.passed
        and partner.vetting.valid_until >= DEMO_DAY
        and partner.agreement is not None
        and partner.agreement.valid_until >= DEMO_DAY
        for partner in crew.partners
    }
    assert valid == {"thompson-it": True, "island-networks": False}


def test_one_client_does_not_take_partners(tmp_path: Path) -> None:
    with DemoFleet.start(tmp_path, hosts=60) as large:
        clients = read(large).fleet.clients
    assert [client.id for client in clients if not client.partners_allowed] == ["coast-savings"]
    assert len(clients) == 6
