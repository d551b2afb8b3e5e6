"""Exports of the programs that companies have: their names of columns, and sites found by name."""

import pytest

from muster.fleet import OsFamily, TransportName
from tests.inventory.conftest import ReadText

NAMED = "Acme Dental"


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("ComputerName,Client.Name,Location.Name,OperatingSystemName,LocalIPAddress,MacAddress,Status",
         f"APP1,{NAMED},Vancouver clinic,Microsoft Windows Server 2022,10.0.0.5,00:11,Online"),
        ("Uid,SiteName,Hostname,DeviceType,IntIpAddress,ExtIpAddress,OperatingSystem,LastLoggedInUser,Domain",
         "u-1,vancouver CLINIC,APP1,Server,10.0.0.5,1.2.3.4,Microsoft Windows Server 2022,bob,corp"),
        ("agent_id,hostname,client_name,site_name,plat,operating_system,status,local_ips,public_ip,needs_reboot",
         f'x1,APP1,{NAMED},Vancouver clinic,windows,Microsoft Windows Server 2022,up,"10.0.0.5, fe80::1",1.2.3.4,no'),
        ("deviceid,longname,customername,sitename,deviceclass,discoveredname,uri,os,ip",
         f"7,APP1,{NAMED},Vancouver clinic,Server,app1,http://x,Microsoft Windows Server 2022,10.0.0.5"),
        ("id,locationId,nodeClass,systemName,displayName,ipAddresses,offline,os",
         "31,van,WINDOWS_SERVER,APP1,App server,10.0.0.5,false,Microsoft Windows Server 2022"),
    ],
    ids=["ConnectWise Automate", "Datto", "Tactical", "N-central", "NinjaOne"],
)  # fmt: skip
def test_hosts_of_an_export_find_their_site(read_text: ReadText, header: str, row: str) -> None:
    imported = read_text({"Devices export 2026.csv": f"{header}\n{row}\n"})
    assert imported.problems == ()
    (host,) = imported.fleet.hosts
    assert (host.name, host.site_id, host.address) == ("APP1", "van", "10.0.0.5")
    assert (host.os, host.os_version) == (OsFamily.WINDOWS, "Microsoft Windows Server 2022")
    assert host.transport is TransportName.WINRM


def test_without_ids_a_machine_gets_the_same_id_in_every_export(read_text: ReadText) -> None:
    text = f"ComputerName,Client.Name,Location.Name\nAPP1,{NAMED},Burnaby\n"
    assert [host.id for host in read_text({"hosts.csv": text}).fleet.hosts] == ["12/app1"]


def test_a_site_that_nobody_knows_is_named_with_a_near_one(read_text: ReadText) -> None:
    text = f"hostname,client_name,site_name\nA,{NAMED},Vancouver clinik\nB,Acme Dentist,Burnaby\nC,{NAMED},\n"
    imported = read_text({"hosts.csv": text})
    assert imported.fleet.hosts == ()
    assert [(p.place, p.column) for p in imported.problems] == [
        ("hosts.csv line 2", "site_name"),
        ("hosts.csv line 3", "client_name"),
        ("hosts.csv line 4", "site_name"),
    ]
    assert imported.problems[0].right == "add it to sites, or write its id, did you mean 'vancouver clinic'?"
    assert "has 2 sites" in imported.problems[2].wrong


def test_a_name_that_two_sites_have_is_refused_with_their_ids(read_text: ReadText) -> None:
    imported = read_text(
        {
            "sites.csv": "id,client_id,name,timezone\nb2,acme,BURNABY,UTC\n",
            "hosts.csv": "hostname,site_name\nA,Burnaby\n",
        }
    )
    (problem,) = imported.problems
    assert "12 or b2" in problem.right


def test_the_id_12_is_found_where_a_spreadsheet_wrote_12_0(read_text: ReadText) -> None:
    (host,) = read_text({"hosts.csv": "id,site_id,name\n7.0,12.0,h\n"}).fleet.hosts
    assert (host.id, host.site_id) == ("7", "12")


def test_sites_find_their_client_by_name(read_text: ReadText) -> None:
    text = "id,client_name,name,timezone\ns1,acme dental,Main,UTC\ns2,Acme Dentl,Main,UTC\n"
    imported = read_text({"sites.csv": text})
    assert [(site.id, site.client_id) for site in imported.fleet.sites] == [("s1", "acme")]
    assert [(p.place, p.value) for p in imported.problems] == [("sites.csv line 3", "Acme Dentl")]


def test_a_file_is_known_by_its_columns_when_its_name_tells_nothing(read_text: ReadText) -> None:
    text = "id,name,timezone,shifts\nx,X,UTC,Mon 08:00-12:00\n"
    assert [person.id for person in read_text({"export.csv": text}).crew.engineers] == ["x"]


def test_a_file_that_tells_nothing_is_named(read_text: ReadText) -> None:
    (problem,) = read_text({"export.csv": "colour,size\nred,7\n"}).problems
    assert "hosts.csv" in problem.right
